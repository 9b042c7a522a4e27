//! `/keys`: the rings, without any private part; rotating and retiring.

use http::StatusCode;
use jeton::{KeyInfo, Ring};
use serde_json::{Value, json};

use super::{Endpoint, Failure, Request};
use crate::{
    Answer, Problem,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, Accepts, Fields},
};

pub(super) async fn respond(
    gate: &IssuerGate,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let authority = gate.authority();
    if endpoint == Endpoint::Keys {
        let keys = authority.keys(&caller).await?;
        let items: Vec<_> = keys.iter().map(show).collect();
        return Ok(json_answer(StatusCode::OK, &json!({"items": items, "next_cursor": null})));
    }
    let fields = Fields::read(&request.headers, &request.body, Accepts::JsonOrNothing)?;
    let key = if endpoint == Endpoint::RotateKeys {
        authority.rotate_keys(&caller, wire::ring(fields)?.unwrap_or(Ring::Access)).await?
    } else {
        let kid = request.parameter.as_deref().ok_or_else(Problem::not_found)?;
        let caller = caller.with_reason(wire::reason(fields)?);
        authority.retire_key(&caller, kid).await?
    };
    Ok(json_answer(StatusCode::OK, &show(&key)))
}

fn show(key: &KeyInfo) -> Value {
    json!({
        "kid": key.kid,
        "ring": key.ring.as_str(),
        "algorithm": key.algorithm.as_str(),
        "state": key.state.as_str(),
        "created_at": key.created_at,
        "signs_from": key.signs_from,
        "retired_at": key.retired_at,
    })
}
