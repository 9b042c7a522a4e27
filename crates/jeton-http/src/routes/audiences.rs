//! `/audiences`: who may call a route that asks for a named audience.

use http::{Method, StatusCode};
use jeton::NamedAudience;
use serde_json::{Value, json};

use super::{
    Failure, Request,
    condition::{single_version, tagged},
};
use crate::{
    Answer,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, Accepts, Fields},
};

pub(super) async fn respond(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let authority = gate.authority();
    let Some(name) = request.parameter.as_deref() else {
        let audiences = authority.audiences(&caller).await?;
        let items: Vec<_> = audiences.iter().map(show).collect();
        return Ok(json_answer(StatusCode::OK, &json!({"items": items, "next_cursor": null})));
    };
    let audience = if request.method == Method::PUT {
        let fields = Fields::read(&request.headers, &request.body, Accepts::Json)?;
        let wanted = wire::audience(fields, name)?;
        let if_match = single_version(&request.headers, || async {
            Ok::<_, Failure>(authority.audience(&caller, name).await?.version)
        });
        authority.put_audience(&caller, wanted, if_match.await?).await?
    } else {
        authority.audience(&caller, name).await?
    };
    Ok(tagged(StatusCode::OK, &show(&audience), audience.version))
}

fn show(audience: &NamedAudience) -> Value {
    json!({
        "name": audience.name,
        "subjects": audience.subjects,
        "groups": audience.groups,
        "roles": audience.roles,
    })
}
