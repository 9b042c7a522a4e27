//! The bodies of requests.

use std::time::Duration;

use http::StatusCode;
use ipnet::IpNet;
use jeton::{Edit, Expiry, Generate, Kind, MAX_LIST, Names, Ring, Rotate};
use serde_json::{Value, json};

use super::{Accepts, Fields, Input, Shape, Text, words};
use crate::Problem;

/// How many records one request may change.
const MAX_BULK: usize = 200;

/// A new token.
pub(crate) const GENERATE: Input<Generate> = Input {
    component: "GenerateToken",
    accepts: Accepts::Json,
    fields: generate,
    example: || json!({"name": "Nightly report", "subject": "alice", "expires_in_days": 30}),
};

/// What shall be otherwise.
pub(crate) const EDIT: Input<Edit> = Input {
    component: "EditToken",
    accepts: Accepts::Json,
    fields: edit,
    example: || json!({"name": "Weekly report", "scopes": ["reports:read"], "description": null}),
};

/// What an exchange asks for.
pub(crate) const EXCHANGE: Input<Narrower> = Input {
    component: "ExchangeToken",
    accepts: Accepts::JsonFormOrNothing,
    fields: narrower,
    example: || json!({"scope": "reports:read"}),
};

/// Who shall be in a named audience.
pub(crate) const AUDIENCE: Input<Members> = Input {
    component: "AudienceMembers",
    accepts: Accepts::Json,
    fields: members,
    example: || json!({"subjects": ["ExternalApp"], "roles": ["reader"]}),
};

/// A rotation by the token itself.
pub(crate) const ROTATE_OWN: Input<Option<Duration>> = Input {
    component: "RotateOwnToken",
    accepts: Accepts::JsonOrNothing,
    fields: grace,
    example: || json!({"grace_seconds": 3600}),
};

/// A rotation.
pub(crate) const ROTATE: Input<Rotate> = Input {
    component: "RotateToken",
    accepts: Accepts::JsonOrNothing,
    fields: rotate,
    example: || json!({"grace_seconds": 86400, "expires_in_days": 90}),
};

/// The same for many.
pub(crate) const BULK: Input<Option<Bulk>> = Input {
    component: "BulkChange",
    accepts: Accepts::Json,
    fields: bulk,
    example: || json!({"action": "disable", "ids": ["01a2093e-5268-74ab-9412-96915a90a9fe"]}),
};

/// Which ring gets a new key.
pub(crate) const RING: Input<Option<Ring>> = Input {
    component: "RotateKeys",
    accepts: Accepts::JsonOrNothing,
    fields: |fields| fields.parsed("ring"),
    example: || json!({"ring": "access"}),
};

/// Why something is done.
pub(crate) const REASON: Input<Option<String>> = Input {
    component: "Reason",
    accepts: Accepts::JsonOrNothing,
    fields: reason,
    example: || json!({"reason": "it was found in a log"}),
};

/// A body in which there can be nothing.
pub(crate) const NOTHING: Input<()> =
    Input { component: "Nothing", accepts: Accepts::JsonOrNothing, fields: |_| (), example: || json!({}) };

fn generate(fields: &mut Fields) -> Generate {
    let name = fields.string("name");
    if name.is_none() {
        fields.needed("name");
    }
    let mut request = Generate::new(name.unwrap_or_default());
    request.description = fields.string("description").unwrap_or_default();
    request.kind = fields.parsed("kind").unwrap_or(Kind::Service);
    request.subject = fields.string("subject");
    request.tenant = fields.string("tenant");
    request.groups = fields.names("groups").unwrap_or_default();
    request.roles = fields.names("roles").unwrap_or_default();
    request.scopes = fields.names("scopes").unwrap_or_default();
    request.audiences = fields.names("audiences").unwrap_or_default();
    request.networks = networks(fields).unwrap_or_default();
    request.not_before = fields.parsed("not_before");
    request.expiry = expiry(fields).unwrap_or_default();
    request.key_and_secret = fields.truth("key_and_secret").unwrap_or_default();
    request
}

/// A patch (RFC 7396): what is left out stays, `null` takes away.
fn edit(fields: &mut Fields) -> Edit {
    Edit {
        name: fields.string("name"),
        description: fields.string("description"),
        subject: if fields.take_null("subject") { Some(None) } else { fields.string("subject").map(Some) },
        groups: fields.names("groups"),
        roles: fields.names("roles"),
        scopes: fields.names("scopes"),
        audiences: fields.names("audiences"),
        networks: networks(fields),
        expiry: if fields.take_null("expires_at") { Some(Expiry::Never) } else { expiry(fields) },
    }
}

/// The narrower rights that an exchange asks for. Empty values count as left out.
#[derive(Debug)]
pub(crate) struct Narrower {
    pub(crate) scope: String,
    pub(crate) audience: Option<String>,
}

fn narrower(fields: &mut Fields) -> Narrower {
    Narrower {
        scope: fields.string("scope").unwrap_or_default(),
        audience: fields.string("audience").filter(|audience| !audience.is_empty()),
    }
}

/// Who is in a named audience; whoever is left out is not in it.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) subjects: Names,
    pub(crate) groups: Names,
    pub(crate) roles: Names,
}

fn members(fields: &mut Fields) -> Members {
    Members {
        subjects: fields.members("subjects").unwrap_or_default(),
        groups: fields.members("groups").unwrap_or_default(),
        roles: fields.members("roles").unwrap_or_default(),
    }
}

/// How long the old credential is accepted beside the new one.
fn grace(fields: &mut Fields) -> Option<Duration> {
    fields.whole_number("grace_seconds").map(|seconds| Duration::from_secs(seconds.into()))
}

fn rotate(fields: &mut Fields) -> Rotate {
    Rotate { grace: grace(fields).unwrap_or_default(), expiry: expiry(fields) }
}

/// What is done to many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkAction {
    Disable,
    Revoke,
    Delete,
}

impl Shape for BulkAction {
    fn schema() -> Value {
        words(["disable", "revoke", "delete"])
    }
}

impl Text for BulkAction {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            "revoke" => Self::Revoke,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    fn wrong() -> String {
        "must be disable, revoke or delete".to_owned()
    }
}

impl BulkAction {
    /// What the same gives for one record.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Disable | Self::Revoke => StatusCode::OK,
            Self::Delete => StatusCode::NO_CONTENT,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Bulk {
    pub(crate) action: BulkAction,
    pub(crate) ids: Vec<String>,
}

/// None if something is missing, which was told.
fn bulk(fields: &mut Fields) -> Option<Bulk> {
    let action = fields.parsed("action");
    let ids = fields.strings("ids", MAX_BULK);
    if action.is_none() {
        fields.needed("action");
    }
    if ids.is_none() {
        fields.needed("ids");
    }
    Some(Bulk { action: action?, ids: ids? })
}

/// Why somebody disables, enables or revokes.
fn reason(fields: &mut Fields) -> Option<String> {
    let reason = fields.string("reason");
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 1000) {
        fields.fail("reason", "must have at most 1000 characters");
    }
    reason
}

/// At most one of the three ways to say when a token ends.
fn expiry(fields: &mut Fields) -> Option<Expiry> {
    let in_days = fields.whole_number("expires_in_days").map(Expiry::InDays);
    let at = fields.parsed("expires_at").map(Expiry::At);
    let never = fields.flag("never_expires").then_some(Expiry::Never);
    let given = [("expires_in_days", in_days), ("expires_at", at), ("never_expires", never)];
    let mut given = given.into_iter().filter_map(|(name, expiry)| expiry.map(|expiry| (name, expiry)));
    let first = given.next();
    for (name, _) in given {
        fields.fail(name, "only one of expires_in_days, expires_at and never_expires may be given");
    }
    first.map(|(_, expiry)| expiry)
}

fn networks(fields: &mut Fields) -> Option<Vec<IpNet>> {
    fields.array("networks", MAX_LIST)
}

/// What the table says is missing, where the fields are there that it says are needed.
pub(crate) fn missing() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_request", "action and ids are needed")
}
