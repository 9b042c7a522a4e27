//! Who looks at a page.

use jeton::{AuthenticateError, Caller, ManageError, Origin, Timestamp};
use jeton_http::Request;

use crate::console::Settings;

/// Who looks at a page, as far as it is known.
pub(crate) enum Visitor {
    /// Nobody yet.
    Nobody,
    /// The cookie holds what is accepted no more.
    Ended,
    /// By an API token, until then.
    Token(Caller, Option<Timestamp>),
    /// By a session of the app.
    Host(Caller),
    /// Nobody could tell, or nobody is heard now.
    Unknown(ManageError),
}

/// The cookie wins over the session of the app, and a bad one never falls back to it.
pub(crate) async fn of(console: &Settings, request: &Request) -> Visitor {
    let origin = console.gate.origin(request);
    let kept = Origin::from(origin);
    let token = console.cookie.and_then(|cookie| cookie.value(&request.headers));
    if let Some(token) = token {
        return match console.authority().authenticate_from(token, origin) {
            Ok(principal) => {
                let ends_at = principal.expires_at();
                Visitor::Token(Caller::from(principal).from_origin(kept), ends_at)
            }
            Err(AuthenticateError::Rejected(_)) => Visitor::Ended,
            Err(error) => Visitor::Unknown(error.into()),
        };
    }
    let Some(session) = &request.session else { return Visitor::Nobody };
    let caller = console.authority().caller_of_session(&session.subject, session.tenant.as_deref()).await;
    match caller {
        Ok(caller) => Visitor::Host(caller.from_origin(kept)),
        Err(error) => Visitor::Unknown(error),
    }
}

impl Visitor {
    pub(crate) fn caller(&self) -> Option<&Caller> {
        match self {
            Self::Token(caller, _) | Self::Host(caller) => Some(caller),
            _ => None,
        }
    }
}
