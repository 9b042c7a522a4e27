//! The list of an app's routes and what each asks for.

use std::fmt;

use jeton::policy::Policy;

/// A route that was registered with what it asks for.
#[derive(Clone, Debug)]
pub struct RouteRule {
    /// The method.
    pub method: &'static str,
    /// The path, as it was registered.
    pub path: String,
    /// What it asks for.
    pub policy: Policy,
}

impl fmt::Display for RouteRule {
    /// As a line of a log or of a page: method, path, policy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.policy)
    }
}
