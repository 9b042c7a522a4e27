//! What HTTP means for *jeton*, once for every framework.
//!
//! The bearer of a request, the challenge and the problem of a refusal, the wire form of records, and the routes that
//! generate, exchange and manage tokens: plain functions and one service over `http` 1.x with bodies in memory. The
//! adapters (`jeton-axum`, `jeton-actix`) only mount them.

mod address;
mod bearer;
mod body;
mod challenge;
mod context;
mod gate;
mod head;
mod issuer;
mod openapi;
mod pages;
mod problem;
mod refusal;
mod routes;
mod rules;
mod session;
mod wire;

pub use body::{BODY_LIMIT, Body, BodyChunks, read_body};
pub use challenge::Realm;
pub use context::Context;
pub use gate::{Gate, Passage};
pub use head::{Head, PeerAddress};
pub use openapi::{OpenapiConflict, PathItems, merge_openapi, path_items};
pub use pages::Pages;
pub use problem::{Answer, Problem, method_not_allowed};
pub use refusal::Refusal;
pub use routes::{Endpoint, Request, Routes, WellKnown};
pub use rules::RouteRule;
pub use session::HostSession;
