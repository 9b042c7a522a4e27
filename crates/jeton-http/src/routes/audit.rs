//! `GET /audit`: who did what to which token, the newest first.

use http::StatusCode;

use super::{Failure, Request};
use crate::{
    Answer,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, ShownEntry},
};

list! {
    /// A page of the audit log.
    AuditPage<'a> as "AuditPage" of ShownEntry<'a>
}

pub(super) async fn respond(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let query = wire::AUDIT.read(request.query.as_deref())?;
    let page = gate.authority().audit(&caller, query.filter, query.before, query.limit).await?;
    let items = page.rows.iter().map(wire::audit_row).collect();
    let next_cursor = page.next.map(|seq| seq.to_string());
    Ok(json_answer(StatusCode::OK, &AuditPage { items, next_cursor }))
}
