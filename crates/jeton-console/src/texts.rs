//! Every text of the pages, in one place, so that a host can translate them.

macro_rules! texts {
    ($($name:ident = $english:literal;)*) => {
        /// The texts of the pages. A word in braces is replaced by a value.
        ///
        /// ```
        /// use jeton_console::Texts;
        ///
        /// let german = Texts { sign_in: "Anmelden", sign_out: "Abmelden", ..Texts::english() };
        /// assert_eq!(german.cancel, "Cancel");
        /// ```
        #[derive(Clone, Copy, Debug)]
        pub struct Texts {
            $(#[doc = $english] pub $name: &'static str,)*
        }

        impl Texts {
            /// English.
            pub const fn english() -> Self {
                Self { $($name: $english,)* }
            }
        }
    };
}

texts! {
    language = "en"; title = "API tokens"; skip = "Skip to the content"; navigation = "Pages";
    nav_tokens = "Tokens"; nav_account = "My account"; nav_audit = "Audit"; nav_keys = "Keys";
    signed_in_as = "Signed in as"; session_ends = "Session ends"; sign_in = "Sign in";
    sign_out = "Sign out"; continue_as = "Continue as {name}"; cancel = "Cancel"; back = "Back";
    done = "Done"; none = "None"; all = "All"; any = "Any"; never = "Never"; yes = "Yes"; no = "No";
    required = "required"; optional = "optional";

    sign_in_title = "Sign in";
    sign_in_lead = "Sign in with an API token of yours. It is exchanged for a short session; the token itself is not kept.";
    sign_in_token = "API token";
    sign_in_hint = "What you may do here is what this token may do. Revoking the token ends the session at once.";
    sign_in_kept = "What you typed is kept: it is there again when you have signed in.";
    sign_in_ended = "Your session has ended. Sign in again to go on.";
    sign_in_refused = "This token is not accepted: {why}."; sign_in_empty = "Paste an API token.";
    sign_in_insecure = "Signing in takes HTTPS. Over plain HTTP a session could be read on the way, so it works on this machine alone.";
    sign_in_large = "This token holds too many rights for a session in a cookie. Use one that is narrowed to fewer roles or scopes.";
    signed_out = "You have signed out.";

    tokens_title = "API tokens"; tokens_lead = "Every program that calls the API has a token here.";
    tokens_caption = "API tokens, with their state, end and last use";
    tokens_none = "There is no API token yet";
    tokens_none_lead = "Generate the first one for a program that shall call the API.";
    tokens_no_match = "No token matches";
    tokens_no_match_lead = "Nothing has this name with these filters."; filters_clear = "Clear all filters";
    generate_new = "Generate new token"; filter = "Filter"; filter_name = "Name contains";
    filter_state = "State"; filter_kind = "Kind"; filter_role = "Role"; filter_subject = "User";
    filter_more = "More filters"; filter_ends = "Expires within"; filter_unused = "Unused for";
    filter_apply = "Apply"; days = "{n} days"; never_used = "Never used"; sort_by = "Sort by";
    sort_newest = "Newest first"; sort_oldest = "Oldest first"; sort_name = "Name";
    sort_end = "Next to expire"; sort_used = "Last used"; sort_unused = "Longest unused";
    counters = "At a glance"; counter_active = "Active"; counter_soon = "Expire within 30 days";
    counter_unused = "Unused for 90 days"; counter_expired = "Expired"; column_select = "Select";
    column_name = "Name"; column_state = "State"; column_user = "User"; column_roles = "Roles";
    column_ends = "Expires"; column_used = "Last used"; column_created = "Created";
    select_token = "Select {name}"; select_all = "Select all on this page";
    selected_disable = "Disable selected"; selected_revoke = "Revoke selected"; page_first = "First page";
    page_next = "Next page"; paging = "Pages of the list"; page_count = "{n} on this page";

    state_active = "Active"; state_disabled = "Disabled"; state_revoked = "Revoked";
    state_expired = "Expired"; state_not_yet_valid = "Not yet valid"; ends_soon = "Expires soon";
    kind_service = "Service"; kind_personal = "Personal"; no_user = "No user";
    acts_alone = "None: acts for itself"; default_role = "default";

    details_close = "All tokens"; details_access = "API access information"; details_lifetime = "Lifetime";
    details_use = "Last use"; details_history = "History";
    details_history_none = "Nothing was written down about this token.";
    details_history_all = "All entries in the audit log"; details_danger = "End this token";
    field_id = "ID"; field_tenant = "Tenant"; field_user = "User"; field_kind = "Kind";
    field_roles = "Roles"; field_scopes = "Scopes"; field_groups = "Groups"; field_audiences = "Audiences";
    field_networks = "Networks"; field_generation = "Generation";
    field_previous = "Old credential accepted until"; field_key = "Signed with key";
    field_fingerprint = "Fingerprint (SHA-256)"; field_created = "Created"; field_begins = "Valid from";
    field_ends = "Expires"; field_used = "Last used"; field_address = "From address";
    field_agent = "By program"; field_count = "Uses"; field_pair = "Key and secret";
    every_right = "All of the user's"; every_network = "Anywhere"; by = "by {name}";

    action_edit = "Edit"; action_rotate = "Rotate"; action_cancel_rotation = "Cancel rotation";
    action_disable = "Disable"; action_enable = "Enable"; action_revoke = "Revoke";
    action_delete = "Delete"; action_reveal = "Show token"; action_copy_from = "Generate one like this";
    copy_name = "{name} (copy)"; bulk_submit_disable = "Disable them"; bulk_submit_revoke = "Revoke them";
    action_leaked = "I think it leaked";

    generate_title = "Generate an API token";
    generate_lead = "The token is shown once, on the next page. It is stored nowhere.";
    generate_submit = "Generate token"; edit_title = "Edit “{name}”"; edit_submit = "Save changes";
    errors_title = "Nothing was saved yet"; form_what = "What it is for"; form_name = "Name";
    form_name_hint = "A unique name that tells which program uses it."; form_description = "Description";
    form_kind = "Kind"; form_kind_service = "Service: for a program";
    form_kind_personal = "Personal: for the user itself"; form_who = "Whom it acts as"; form_user = "User";
    form_user_hint = "The token has this user's rights, narrowed by what is chosen below. Leave it empty for a program of its own.";
    form_tenant = "Tenant"; form_rights = "What it may do";
    form_rights_hint = "For a user's token, nothing chosen means everything that the user may.";
    form_roles = "Roles"; form_roles_default = "Every token without a user has the role “{role}” too.";
    form_roles_more = "Other roles, one in a line"; form_scopes = "Scopes";
    form_scopes_more = "Other scopes, one in a line"; form_groups = "Groups, one in a line";
    form_audiences = "Audiences"; form_audiences_hint = "Nothing chosen means all.";
    form_when = "How long it lives"; form_expires = "Expires"; form_keep = "As it is: {when}";
    form_days = "{n} days"; form_until = "until {date}"; form_custom = "On a date";
    form_date = "Last day (UTC)"; form_never_hint = "works until somebody ends it";
    form_will = "Will expire on {date}.";
    form_will_never = "Will never expire. A token that leaks works until somebody notices.";
    form_begins = "Valid from (UTC), at once if left empty"; form_where = "Where from";
    form_networks = "Networks, one in a line";
    form_networks_hint = "As 192.0.2.0/24 or 2001:db8::/32. Nothing means anywhere.";
    form_pair = "Give out a key and a secret too";
    form_pair_hint = "For programs that sign in with client credentials.";
    form_date_needed = "Choose the last day."; form_network_wrong = "“{text}” is no network.";
    form_changed = "Somebody has changed this token meanwhile. Look at what you want, and save again.";
    form_not_held = "You cannot give more than you hold: choose fewer rights, an earlier end, or your own user.";
    name_taken = "Another token has this name.";

    shown_title = "Your new token"; shown_again_title = "The token of “{name}”";
    shown_lead = "Copy it now, and keep it in a safe place.";
    shown_warning = "This is the only time that it is shown. It is stored nowhere, and nobody can show it to you again.";
    shown_again_warning = "Whoever has this text can do what the token may do. That it was shown is in the audit log.";
    shown_token = "API token"; shown_key = "Key"; shown_secret = "Secret"; shown_try = "Try it";
    shown_try_lead = "Exchange it for an access token, and call with that. Put the token in the place of {place}.";
    shown_ends = "It expires on {date}."; shown_endless = "It never expires.";
    shown_grace = "The old token is accepted until {date}."; shown_guard_title = "You have not copied it";
    shown_guard = "Once you leave this page, it is gone. You would have to make a new one.";
    shown_guard_stay = "Stay here"; shown_guard_leave = "Leave without it"; copy = "Copy";
    copied = "Copied"; copy_failed = "Not copied. It is selected: copy it with the keyboard.";

    confirm_used = "It was used {when}. To confirm, type its name:";
    confirm_used_bulk = "Some of them were used in the last 7 days. To confirm, type their number:";
    confirm_name = "Name of the token"; confirm_number = "Number of tokens";
    confirm_wrong = "That is not the name. Nothing was done.";
    confirm_number_wrong = "That is not the number. Nothing was done.";
    confirm_reason = "Reason, for the audit log"; disable_title = "Disable “{name}”?";
    disable_what = "Every program that uses this token stops working at once, and so do the access tokens made from it. It can be enabled again.";
    enable_title = "Enable “{name}”?";
    enable_what = "Programs that hold this token can exchange it again. Access tokens from before stay refused.";
    revoke_title = "Revoke “{name}”?";
    revoke_what = "Every program that shares this token stops working at once, and so do the access tokens made from it. This cannot be undone.";
    delete_title = "Delete “{name}”?";
    delete_what = "The token is revoked, and every program that shares it stops working at once. It disappears from this list; its history stays in the audit log. This cannot be undone.";
    reveal_title = "Show the token of “{name}”?";
    reveal_what = "The token appears on the next page. Look out for who sees your screen. It is written into the audit log.";
    leaked_title = "Did “{name}” leak?";
    leaked_what = "The token is revoked at once: every program that uses it stops working. It is written into the audit log, and those who look after the system are told. This cannot be undone.";
    leaked_submit = "It leaked: revoke it"; cancel_rotation_title = "Cancel the rotation of “{name}”?";
    cancel_rotation_what = "The new token is refused for ever, and the old one goes on. It is possible until the new one is used.";
    cancel_rotation_submit = "Refuse the new token"; rotate_title = "Rotate “{name}”";
    rotate_what = "There will be a new token with the same name and rights. With a grace, programs that hold the old one go on until it is over. Without one, they stop working at once.";
    rotate_grace = "The old token works on for"; rotate_grace_none = "Not at all: it stops at once";
    rotate_hour = "1 hour"; rotate_day = "1 day"; rotate_week = "7 days"; rotate_month = "30 days";
    rotate_confirm = "It was used {when}. To stop the old token at once, type its name:";
    rotate_submit = "Make the new token"; bulk_disable_title = "Disable the selected tokens ({n})?";
    bulk_revoke_title = "Revoke the selected tokens ({n})?";
    bulk_disable_what = "Every program that uses one of these tokens stops working at once. They can be enabled again.";
    bulk_revoke_what = "Every program that shares one of these tokens stops working at once, and so do the access tokens made from them. This cannot be undone.";
    bulk_none = "No token was selected."; bulk_done = "{n} done."; bulk_failed = "{name}: {why}";
    bulk_result = "What was done";

    flash_edited = "The changes are saved."; flash_disabled = "The token is disabled.";
    flash_enabled = "The token is enabled."; flash_revoked = "The token is revoked.";
    flash_deleted = "The token is deleted.";
    flash_cancelled = "The rotation is cancelled. The old token goes on.";
    flash_leaked = "The token is revoked, and those who look after the system are told.";
    flash_rotated = "There is a new key."; flash_retired = "The key is retired. What it signed is refused.";

    account_title = "My account"; account_lead = "Your personal API token";
    account_what = "It stands for you: whatever a program does with it is done in your name.";
    account_none = "You have no personal token";
    account_none_lead = "Generate one for a program that shall act in your name.";
    account_generate = "Generate a token"; account_replace = "Replace"; account_copy = "Show and copy";
    account_safe_title = "Keep it safe"; account_safe = "Keep your token where only you can read it.";
    account_share = "Do not share it with anyone. If a program needs a token, give it one of its own.";
    account_support = "Our support never asks for it. Whoever does is a fraud.";
    account_lost = "If you lost it, or think that somebody has seen it, say so at once: it is revoked, and we are told.";
    account_name = "Personal token of {name}"; account_past = "Earlier tokens";

    audit_title = "Audit log"; audit_lead = "Who did what to which token, the newest first.";
    audit_caption = "Entries of the audit log"; audit_when = "When"; audit_what = "What"; audit_who = "Who";
    audit_token = "Token"; audit_where = "From"; audit_why = "Why"; audit_since = "Since (UTC)";
    audit_none = "Nothing is written down yet"; audit_no_match = "No entry matches"; nobody = "unknown";

    keys_title = "Keys";
    keys_lead = "Keys sign the tokens. A ring holds one that signs, and those whose signatures are still accepted.";
    keys_api = "API tokens"; keys_access = "Access tokens"; keys_secret = "Key and secret";
    keys_kid = "Key"; keys_algorithm = "Algorithm"; keys_since = "Signs from"; keys_rotate = "Rotate now";
    keys_retire = "Retire"; key_next = "Next"; key_signing = "Signing"; key_verifying = "Verifying";
    key_retired = "Retired"; keys_rotate_title = "Rotate the ring “{name}”?";
    keys_rotate_what = "The ring gets a new key. What older keys signed is accepted as before.";
    keys_retire_title = "Retire the key “{name}”?";
    keys_retire_what = "Everything that this key signed is refused at once, on every node. It is for a key that others have got hold of. This cannot be undone.";
    keys_given = "These keys were given by the app, which looks after them.";

    error_not_found = "There is no such page";
    error_not_found_what = "It may have been deleted, or it is not yours to see.";
    error_denied = "You may not do this"; error_denied_scope = "It takes the scope {scope}.";
    error_cross_site = "This did not come from a page of the app";
    error_cross_site_what = "Nothing was done. Open the page here, and send the form again.";
    error_unavailable = "Something does not answer";
    error_unavailable_what = "Nothing is lost. Try again in a moment."; error_busy = "Too many attempts";
    error_busy_what = "Wait {n} seconds, and try again."; error_conflict = "That is not possible now";
    error_stopped = "No tokens are generated now"; error_method = "This page cannot be asked that way";
    error_too_large = "That is too much text"; error_broken = "The form broke off on its way";

    minutes_ago = "{n} min ago"; hours_ago = "{n} h ago"; day_ago = "1 day ago"; days_ago = "{n} days ago";
    in_minutes = "in {n} min"; in_hours = "in {n} h"; in_day = "in 1 day"; in_days = "in {n} days";
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";

    scope_tokens_read = "see all tokens"; scope_tokens_write = "generate, edit and end tokens";
    scope_tokens_grant = "give rights that one does not hold, and to others";
    scope_tokens_audit = "read the audit log"; scope_tokens_reveal = "see a token again";
    scope_tokens_self = "look after one's own personal tokens";
    scope_audiences_write = "change who is in a named audience";
    scope_keys_write = "rotate and retire keys";
}

/// The text with values in the place of the words in braces.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((word, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(values.iter().find(|(name, _)| *name == word).map_or("", |(_, value)| value));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_taken_for_a_word_in_braces() {
        assert_eq!(fill("“{name}” of {n}", &[("name", "{n}"), ("n", "2")]), "“{n}” of 2");
        assert_eq!(fill("a { b", &[]), "a { b");
    }
}
