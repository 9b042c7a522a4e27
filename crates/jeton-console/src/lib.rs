//! The console of *jeton*: web pages on which admins look after API tokens, and users after their own.
//!
//! HTML is rendered here, with one small script and one style sheet beside it; everything can be done without the
//! script. The pages ask the [`Authority`](jeton::Authority) itself, as the caller who looks at them: what a caller may
//! not do by the routes, it may not do here either. They are [`Pages`](jeton_http::Pages), which `jeton-axum` and
//! `jeton-actix` mount.
//!
//! Who looks is the user of a [`HostSession`](jeton_http::HostSession), or whoever signs in with an API token: that is
//! exchanged for an access token, which is kept in a cookie and in nothing else. So the session is as short as an access
//! token, and is over at once when the API token is revoked.

mod accent;
mod asset;
mod console;
mod cookie;
mod failure;
mod form;
mod frame;
mod page;
mod pages;
mod path;
mod texts;
mod time;
mod visitor;

pub use accent::{Accent, InvalidAccent};
pub use console::Console;
pub use texts::Texts;
