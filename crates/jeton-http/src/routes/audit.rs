//! `GET /audit`: who did what to which token, the newest first.

use http::StatusCode;
use serde_json::json;

use super::{Failure, Request};
use crate::{Answer, issuer::IssuerGate, problem::json_answer, session::caller, wire};

pub(super) async fn respond(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let query = wire::audit_query(request.query.as_deref())?;
    let page = gate.authority().audit(&caller, query.filter, query.before, query.limit).await?;
    let items: Vec<_> = page.rows.iter().map(wire::audit_row).collect();
    let next = page.next.map(|seq| seq.to_string());
    Ok(json_answer(StatusCode::OK, &json!({"items": items, "next_cursor": next})))
}
