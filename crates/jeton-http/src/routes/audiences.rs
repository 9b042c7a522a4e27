//! `/audiences`: who may call a route that asks for a named audience.

use http::{Method, StatusCode};
use jeton::{NamedAudience, Names};

use super::{
    Failure, Request,
    condition::{single_version, tagged},
};
use crate::{
    Answer,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, object},
};

object! {
    /// An audience and who is in it.
    ShownAudience<'a> as "Audience" {
        name: &'a str,
        subjects: &'a Names,
        groups: &'a Names,
        roles: &'a Names,
    }
}

list! {
    /// All audiences.
    AudienceList<'a> as "AudienceList" of ShownAudience<'a>
}

pub(super) async fn respond(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let authority = gate.authority();
    let Some(name) = request.parameter.as_deref() else {
        let audiences = authority.audiences(&caller).await?;
        let items = audiences.iter().map(show).collect();
        return Ok(json_answer(StatusCode::OK, &AudienceList { items, next_cursor: None }));
    };
    let audience = if request.method == Method::PUT {
        let members = wire::AUDIENCE.read(&request.headers, &request.body)?;
        let mut wanted = NamedAudience::new(name);
        (wanted.subjects, wanted.groups, wanted.roles) = (members.subjects, members.groups, members.roles);
        let if_match = single_version(&request.headers, || async {
            Ok::<_, Failure>(authority.audience(&caller, name).await?.version)
        });
        authority.put_audience(&caller, wanted, if_match.await?).await?
    } else {
        authority.audience(&caller, name).await?
    };
    Ok(tagged(StatusCode::OK, &show(&audience), audience.version))
}

fn show(audience: &NamedAudience) -> ShownAudience<'_> {
    ShownAudience {
        name: &audience.name,
        subjects: &audience.subjects,
        groups: &audience.groups,
        roles: &audience.roles,
    }
}
