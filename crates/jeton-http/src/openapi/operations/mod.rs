//! What each path does, for the document.

mod oauth;
mod others;
mod tokens;

use super::{
    failures::{BEARER, Failures, MANAGED},
    operation::{Operation, Who},
};
use crate::{
    Endpoint, WellKnown, routes,
    wire::{self, Shape as _},
};

const REVOKED: Failures = &[(409, "token_revoked")];
const RENAMED: Failures = &[(409, "name_taken")];
const TOO_MANY: Failures = &[(409, "too_many_tokens")];
const EXTENDED: Failures = &[(409, "rotate_to_extend")];
const IN_GRACE: Failures = &[(409, "rotation_in_progress")];
const TOO_LARGE: Failures = &[(409, "token_too_large")];

impl Endpoint {
    /// What that method does there.
    pub(super) fn operation(self, method: &str) -> Operation {
        if let Some(all) = self.for_all() {
            let own = all.operation(method).of_own();
            // Where a user has one token, to generate another one is to rotate it.
            return if self == Self::MyTokens && method == "POST" { own.fails(IN_GRACE) } else { own };
        }
        let operation = match (self, method) {
            (Self::Exchange, _) => others::exchange(),
            (Self::Tokens, "POST") => tokens::generate(),
            (Self::Tokens, _) => tokens::list(),
            (Self::Bulk, _) => tokens::bulk(),
            (Self::Token, "PATCH") => tokens::edit(),
            (Self::Token, "DELETE") => tokens::delete(),
            (Self::Token, _) => tokens::find(),
            (Self::Own, _) => tokens::own("getOwnToken", "The token behind the caller"),
            (Self::RevokeOwn, _) => {
                tokens::own("revokeOwnToken", "Revoke the token behind the caller").body(&wire::REASON)
            }
            (Self::RotateOwn, _) => tokens::rotate_own(),
            (Self::Disable, _) => tokens::stand("disableToken", "Disable a token").fails(REVOKED),
            (Self::Enable, _) => {
                tokens::stand("enableToken", "Enable a token").fails(REVOKED).fails(TOO_LARGE).fails(TOO_MANY)
            }
            (Self::Revoke, _) => tokens::stand("revokeToken", "Revoke a token")
                .about("For ever. To do it again changes nothing."),
            (Self::Rotate, _) => tokens::rotate(),
            (Self::CancelRotation, _) => tokens::stand("cancelTokenRotation", "Cancel a rotation")
                .about("The new credential dies, the old one goes on: before the new one was used.")
                .fails(&[(409, "rotation_not_cancellable"), (409, "token_revoked")])
                .fails(TOO_LARGE),
            (Self::Reveal, _) => tokens::reveal(),
            (Self::Audiences, _) => others::audiences(),
            (Self::Audience, "PUT") => others::put_audience(),
            (Self::Audience, _) => others::audience(),
            (Self::Audit, _) => others::audit(),
            (Self::Keys, _) => others::keys(),
            (Self::RotateKeys, _) => others::rotate_keys(),
            (Self::RetireKey, _) => others::retire_key(),
            (Self::OauthToken, _) => oauth::token_endpoint(),
            (Self::Introspect, _) => oauth::introspection(),
            (Self::OauthRevoke, _) => oauth::revocation(),
            (Self::Jwks, _) => oauth::jwks(),
            (Self::CutOffs, _) => oauth::cut_offs(),
            _ => oauth::openapi(),
        };
        match self.parameter() {
            Some(name) => operation.at(name),
            None => operation,
        }
    }
}

impl WellKnown {
    /// What stands there.
    pub(super) fn operation(self) -> Operation {
        let document = |id, summary| Operation::new("documents", id, summary, Who::Anybody);
        match self {
            Self::AuthorizationServer => document("getIssuer", "The metadata of the issuer")
                .about("RFC 8414.")
                .answers_as(200, "The metadata.", "application/json", routes::Issuer::schema())
                .cacheable(),
            Self::ProtectedResource => document("getResource", "The metadata of the app")
                .about("RFC 9728.")
                .answers_as(200, "The metadata.", "application/json", routes::Resource::schema())
                .cacheable(),
        }
    }
}

fn managed(tag: &'static str, id: &str, summary: &'static str, scope: &'static str) -> Operation {
    Operation::new(tag, id, summary, Who::Scope(scope)).fails(BEARER).fails(MANAGED)
}
