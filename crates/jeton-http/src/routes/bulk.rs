//! `/tokens/bulk`: the same for many records, each for itself.

use http::StatusCode;
use jeton::{ManageError, rights::scopes};

use super::{Failure, Request};
use crate::{
    Answer,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, BulkAction, object},
};

object! {
    /// What came of each.
    BulkResults as "BulkResults" { results: Vec<BulkResult> }
}

object! {
    /// What came of one.
    BulkResult as "BulkResult" { id: String, status: u16 }
}

pub(super) async fn bulk(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let caller = caller(gate, request).await?;
    let bulk = wire::BULK.read(&request.headers, &request.body)?.ok_or_else(wire::missing)?;
    // Also if none of the ids names anything.
    caller.require(scopes::TOKENS_WRITE)?;
    let authority = gate.authority();
    let mut results = Vec::with_capacity(bulk.ids.len());
    for text in bulk.ids {
        let done = match (text.parse(), bulk.action) {
            (Ok(id), BulkAction::Disable) => authority.disable(&caller, id).await.map(drop),
            (Ok(id), BulkAction::Revoke) => authority.revoke(&caller, id).await.map(drop),
            (Ok(id), BulkAction::Delete) => authority.delete(&caller, id).await,
            (Err(_), _) => Err(ManageError::NotFound),
        };
        let status = match done {
            Ok(()) => bulk.action.status(),
            Err(error) => Failure::from(error).answer(gate.realm_of()).status(),
        };
        results.push(BulkResult { id: text, status: status.as_u16() });
    }
    Ok(json_answer(StatusCode::OK, &BulkResults { results }))
}
