//! Policies that have a type.

use super::Policy;

/// A policy that has a type, so that a handler can name it in its arguments. [`requirement!`](crate::requirement)
/// makes one.
pub trait Requirement: Send + Sync + 'static {
    /// The policy.
    fn policy() -> &'static Policy;
}

/// Makes a type for a policy, which `jeton_axum::Require` and `jeton_actix::Require` take.
///
/// ```
/// use jeton::policy::{Requirement, role, scope};
///
/// jeton::requirement! {
///     /// Who may read reports.
///     pub struct Reader = role("reader").or(scope("reports:read"));
/// }
/// assert_eq!(Reader::policy().to_string(), "role(reader) or scope(reports:read)");
/// ```
#[macro_export]
macro_rules! requirement {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident = $policy:expr;) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug)]
        $visibility struct $name;

        impl $crate::policy::Requirement for $name {
            fn policy() -> &'static $crate::policy::Policy {
                static POLICY: ::std::sync::LazyLock<$crate::policy::Policy> =
                    ::std::sync::LazyLock::new(|| $policy);
                &POLICY
            }
        }
    };
}
