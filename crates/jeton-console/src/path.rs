//! Which page a path names.

use jeton::RecordId;

/// Whose tokens a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// All that the visitor may see.
    All,
    /// The visitor's own personal ones.
    Mine,
}

impl Area {
    /// Where its pages are, below the console.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::All => "/tokens",
            Self::Mine => "/me",
        }
    }
}

/// What is done to one token, behind a page that asks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Disable,
    Enable,
    Revoke,
    Delete,
    Leaked,
    CancelRotation,
    Reveal,
}

impl Action {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Revoke => "revoke",
            Self::Delete => "delete",
            Self::Leaked => "leaked",
            Self::CancelRotation => "cancel-rotation",
            Self::Reveal => "reveal",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Disable,
            Self::Enable,
            Self::Revoke,
            Self::Delete,
            Self::Leaked,
            Self::CancelRotation,
            Self::Reveal,
        ];
        all.into_iter().find(|action| action.word() == word)
    }
}

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Home,
    SignIn,
    SignOut,
    Tokens,
    Bulk,
    Account,
    Generate(Area),
    Details(Area, RecordId),
    Edit(Area, RecordId),
    Rotate(Area, RecordId),
    Act(Area, RecordId, Action),
    Audit,
    Keys,
    RotateKeys,
    RetireKey,
    /// Users for a picker.
    Users,
}

impl Path {
    /// The page of a path below the console.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.trim_end_matches('/').split('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        Some(match parts {
            [Some(""), None, ..] => Self::Home,
            [Some("sign-in"), None, ..] => Self::SignIn,
            [Some("sign-out"), None, ..] => Self::SignOut,
            [Some("tokens"), None, ..] => Self::Tokens,
            [Some("tokens"), Some("bulk"), None, ..] => Self::Bulk,
            [Some("me"), None, ..] => Self::Account,
            [Some("audit"), None, ..] => Self::Audit,
            [Some("users"), None, ..] => Self::Users,
            [Some("keys"), None, ..] => Self::Keys,
            [Some("keys"), Some("rotate"), None, _] => Self::RotateKeys,
            [Some("keys"), Some("retire"), None, _] => Self::RetireKey,
            [Some(area @ ("tokens" | "me")), Some(token), action, None] => {
                let area = if area == "me" { Area::Mine } else { Area::All };
                Self::of_token(area, token, action)?
            }
            _ => return None,
        })
    }

    fn of_token(area: Area, token: &str, action: Option<&str>) -> Option<Self> {
        if token == "new" {
            return action.is_none().then_some(Self::Generate(area));
        }
        // A malformed id names nothing.
        let id = token.parse().ok()?;
        Some(match action {
            None => Self::Details(area, id),
            Some("edit") => Self::Edit(area, id),
            Some("rotate") => Self::Rotate(area, id),
            Some(word) => Self::Act(area, id, Action::parse(word)?),
        })
    }

    /// Whether it takes forms; all pages can be looked at.
    pub(crate) const fn takes_forms(self) -> bool {
        !matches!(
            self,
            Self::Home
                | Self::Tokens
                | Self::Account
                | Self::Details(..)
                | Self::Audit
                | Self::Keys
                | Self::Users
        )
    }
}
