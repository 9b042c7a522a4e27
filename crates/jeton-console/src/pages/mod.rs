//! The pages, one to a file.

pub(crate) mod account;
pub(crate) mod act;
pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod details;
pub(crate) mod edit;
mod filters;
pub(crate) mod generate;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod rotate;
mod row;
mod shown;
pub(crate) mod sign_in;
pub(crate) mod users;
mod values;

/// What a page tells about what was just done: a word in the query, which stands for one of our texts and for no other.
fn done(page: &crate::page::Page<'_>) -> Option<&'static str> {
    let t = page.texts();
    Some(match crate::form::Form::of_query(page.request).text("done") {
        "edit" => t.flash_edited,
        "disable" => t.flash_disabled,
        "enable" => t.flash_enabled,
        "revoke" => t.flash_revoked,
        "delete" => t.flash_deleted,
        "leaked" => t.flash_leaked,
        "cancel-rotation" => t.flash_cancelled,
        "rotated" => t.flash_rotated,
        "retired" => t.flash_retired,
        "signed-out" => t.signed_out,
        _ => return None,
    })
}
