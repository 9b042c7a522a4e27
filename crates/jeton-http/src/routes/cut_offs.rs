//! The cut-offs, signed, for those who verify access tokens elsewhere.

use bytes::Bytes;

use super::{Failure, Request, condition::published};
use crate::{Answer, Refusal, issuer::IssuerGate};

/// How long others may keep them, in seconds: by that much a revocation may reach a verifier later.
const CACHE: &str = "public, max-age=5";

pub(super) async fn cut_offs(gate: &IssuerGate, request: &Request) -> Result<Answer, Failure> {
    let document = gate.authority().signed_cut_offs().await.map_err(Refusal::Unavailable)?;
    Ok(published(request, document.tag(), "application/jwt", CACHE, || {
        Bytes::copy_from_slice(document.as_str().as_bytes())
    }))
}
