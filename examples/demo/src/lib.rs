//! What both quickstarts share, without any framework: the settings, the store, the users and the first token.

mod answers;
mod end;
mod settings;
mod start;

pub use answers::{health, no_such_route, not_allowed, reports, stored, whoami};
pub use end::asked_to_end;
pub use settings::{Settings, SettingsError};
pub use start::{Demo, StartError, log_rules, log_to_stderr, start};

/// Where the quickstarts mount the routes.
pub const MOUNT: &str = "/auth";

/// Where they mount the web pages.
pub const CONSOLE: &str = "/auth/console";
