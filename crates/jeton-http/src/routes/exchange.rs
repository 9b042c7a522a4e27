//! `POST /exchange`: an API token for an access token.

use http::StatusCode;
use serde_json::json;

use super::{Failure, Request};
use crate::{
    Answer, Gate, Refusal,
    problem::json_answer,
    wire::{self, Accepts, Fields},
};

pub(super) async fn exchange(gate: &Gate, request: &Request) -> Result<Answer, Failure> {
    let token = gate.bearer(request)?.ok_or(Refusal::NoCredentials)?;
    let fields = Fields::read(&request.headers, &request.body, Accepts::JsonFormOrNothing)?;
    let wanted = wire::exchange(fields, gate.facts(request))?;
    let exchanged = gate.authority().exchange(token, &wanted).await?;
    Ok(json_answer(
        StatusCode::OK,
        &json!({
            "access_token": exchanged.access_token.expose(),
            "token_type": "Bearer",
            "expires_in": exchanged.expires_in.as_secs(),
            "expires_at": exchanged.expires_at,
            "scope": exchanged.scope(),
            "token_id": exchanged.token_id,
        }),
    ))
}
