//! The bodies of requests.

use std::time::Duration;

use http::StatusCode;
use ipnet::IpNet;
use jeton::{
    Edit, Exchange, Expiry, Generate, Kind, MAX_LIST, NamedAudience, Origin, Ring, Rotate, Timestamp,
};

use super::Fields;
use crate::Problem;

/// How many records one request may change.
const MAX_BULK: usize = 200;

const TIME: &str = "must be an RFC 3339 time";
const NETWORK: &str = "must be a network in CIDR notation, without bits beyond its prefix";

pub(crate) fn generate(mut fields: Fields) -> Result<Generate, Problem> {
    let name = fields.string("name").unwrap_or_default();
    let mut request = Generate::new(name);
    request.description = fields.string("description").unwrap_or_default();
    request.kind = fields.parsed("kind", "must be service or personal", Kind::parse).unwrap_or(Kind::Service);
    request.subject = fields.string("subject");
    request.tenant = fields.string("tenant");
    request.groups = fields.names("groups").unwrap_or_default();
    request.roles = fields.names("roles").unwrap_or_default();
    request.scopes = fields.names("scopes").unwrap_or_default();
    request.audiences = fields.names("audiences").unwrap_or_default();
    request.networks = networks(&mut fields).unwrap_or_default();
    request.not_before = fields.parsed("not_before", TIME, time);
    request.expiry = expiry(&mut fields).unwrap_or_default();
    request.key_and_secret = fields.truth("key_and_secret").unwrap_or_default();
    fields.finish()?;
    Ok(request)
}

/// A patch (RFC 7396): what is left out stays, `null` takes away.
pub(crate) fn edit(mut fields: Fields) -> Result<Edit, Problem> {
    let edit = Edit {
        name: fields.string("name"),
        description: fields.string("description"),
        subject: if fields.take_null("subject") { Some(None) } else { fields.string("subject").map(Some) },
        groups: fields.names("groups"),
        roles: fields.names("roles"),
        scopes: fields.names("scopes"),
        audiences: fields.names("audiences"),
        networks: networks(&mut fields),
        expiry: if fields.take_null("expires_at") { Some(Expiry::Never) } else { expiry(&mut fields) },
    };
    fields.finish()?;
    Ok(edit)
}

/// What an exchange asks for. Empty values count as left out.
pub(crate) fn exchange(mut fields: Fields, origin: Origin) -> Result<Exchange, Problem> {
    let scope = fields.string("scope").unwrap_or_default();
    let audience = fields.string("audience").filter(|audience| !audience.is_empty());
    fields.finish()?;
    let request = Exchange { audience, origin, ..Exchange::default() };
    request.with_scope_parameter(&scope).map_err(|error| Problem::fields(vec![error]))
}

/// Who shall be in a named audience; whoever is left out is not in it.
pub(crate) fn audience(mut fields: Fields, name: &str) -> Result<NamedAudience, Problem> {
    let mut audience = NamedAudience::new(name);
    audience.subjects = fields.members("subjects").unwrap_or_default();
    audience.groups = fields.members("groups").unwrap_or_default();
    audience.roles = fields.members("roles").unwrap_or_default();
    fields.finish()?;
    Ok(audience)
}

/// How long the old credential is accepted beside the new one.
pub(crate) fn grace(mut fields: Fields, default: Duration) -> Result<Duration, Problem> {
    let grace = grace_seconds(&mut fields).unwrap_or(default);
    fields.finish()?;
    Ok(grace)
}

pub(crate) fn rotate(mut fields: Fields) -> Result<Rotate, Problem> {
    let grace = grace_seconds(&mut fields).unwrap_or_default();
    let expiry = expiry(&mut fields);
    fields.finish()?;
    Ok(Rotate { grace, expiry })
}

fn grace_seconds(fields: &mut Fields) -> Option<Duration> {
    fields.whole_number("grace_seconds").map(|seconds| Duration::from_secs(seconds.into()))
}

/// What is done to many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BulkAction {
    Disable,
    Revoke,
    Delete,
}

impl BulkAction {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            "revoke" => Self::Revoke,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

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

pub(crate) fn bulk(mut fields: Fields) -> Result<Bulk, Problem> {
    let action = fields.parsed("action", "must be disable, revoke or delete", BulkAction::parse);
    let ids = fields.array("ids", MAX_BULK, "must be a string", |text| Some(text.to_owned()));
    if action.is_none() {
        fields.needed("action");
    }
    if ids.is_none() {
        fields.needed("ids");
    }
    fields.finish()?;
    let missing = || Problem::new(StatusCode::BAD_REQUEST, "invalid_request", "action and ids are needed");
    Ok(Bulk { action: action.ok_or_else(missing)?, ids: ids.ok_or_else(missing)? })
}

/// Which ring gets a new key.
pub(crate) fn ring(mut fields: Fields) -> Result<Option<Ring>, Problem> {
    let ring = fields.parsed("ring", "must be access, api or secret", Ring::parse);
    fields.finish()?;
    Ok(ring)
}

/// Why somebody disables, enables or revokes.
pub(crate) fn reason(mut fields: Fields) -> Result<Option<String>, Problem> {
    let reason = fields.string("reason");
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > 1000) {
        fields.fail("reason", "must have at most 1000 characters");
    }
    fields.finish()?;
    Ok(reason)
}

/// At most one of the three ways to say when a token ends.
fn expiry(fields: &mut Fields) -> Option<Expiry> {
    let in_days = fields.whole_number("expires_in_days").map(Expiry::InDays);
    let at = fields.parsed("expires_at", TIME, time).map(Expiry::At);
    let never = match fields.truth("never_expires") {
        Some(false) => {
            fields.fail("never_expires", "must be true or left out");
            None
        }
        never => never.map(|_| Expiry::Never),
    };
    let given = [("expires_in_days", in_days), ("expires_at", at), ("never_expires", never)];
    let mut given = given.into_iter().filter_map(|(name, expiry)| expiry.map(|expiry| (name, expiry)));
    let first = given.next();
    for (name, _) in given {
        fields.fail(name, "only one of expires_in_days, expires_at and never_expires may be given");
    }
    first.map(|(_, expiry)| expiry)
}

fn networks(fields: &mut Fields) -> Option<Vec<IpNet>> {
    // An address with bits beyond the prefix is more often a slip than a network.
    fields.array("networks", MAX_LIST, NETWORK, |text| {
        text.parse::<IpNet>().ok().filter(|net| net.trunc() == *net)
    })
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
