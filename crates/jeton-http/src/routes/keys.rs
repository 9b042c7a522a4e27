//! `/keys`: the rings, without any private part; rotating and retiring.

use http::StatusCode;
use jeton::{Algorithm, KeyInfo, KeyState, Ring, Timestamp};

use super::{Endpoint, Failure, Request};
use crate::{
    Answer, Problem,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, Word, object},
};

object! {
    /// A key, without any private part.
    ShownKey<'a> as "Key" {
        kid: &'a str,
        ring: Word<Ring>,
        algorithm: Word<Algorithm>,
        state: Word<KeyState>,
        created_at: Option<Timestamp>,
        signs_from: Option<Timestamp>,
        retired_at: Option<Timestamp>,
    }
}

list! {
    /// All keys.
    KeyList<'a> as "KeyList" of ShownKey<'a>
}

pub(super) async fn respond(
    gate: &IssuerGate,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let authority = gate.authority();
    if endpoint == Endpoint::Keys {
        let keys = authority.keys(&caller).await?;
        let items = keys.iter().map(show).collect();
        return Ok(json_answer(StatusCode::OK, &KeyList { items, next_cursor: None }));
    }
    let (headers, body) = (&request.headers, &request.body);
    let key = if endpoint == Endpoint::RotateKeys {
        let ring = wire::RING.read(headers, body)?;
        authority.rotate_keys(&caller, ring.unwrap_or(Ring::Access)).await?
    } else {
        let kid = request.parameter.as_deref().ok_or_else(Problem::not_found)?;
        let caller = caller.with_reason(wire::REASON.read(headers, body)?);
        authority.retire_key(&caller, kid).await?
    };
    Ok(json_answer(StatusCode::OK, &show(&key)))
}

fn show(key: &KeyInfo) -> ShownKey<'_> {
    ShownKey {
        kid: &key.kid,
        ring: key.ring.into(),
        algorithm: key.algorithm.into(),
        state: key.state.into(),
        created_at: key.created_at,
        signs_from: key.signs_from,
        retired_at: key.retired_at,
    }
}
