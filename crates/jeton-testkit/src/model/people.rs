//! The users of the model.

use super::operation::Rights;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) active: bool,
    /// Which life of the name it is.
    pub(super) life: u32,
    pub(super) rights: Rights,
}
