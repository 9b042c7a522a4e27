//! A candidate: an app with one route, which is called in process or served over a socket.

use std::{net::TcpListener, time::Duration};

use futures_util::future::LocalBoxFuture;
use tokio::runtime::Handle;

use crate::walk::{Bearer, Walk};

/// An app that answers `GET /` with `ok`.
pub(crate) trait App {
    /// The status of one answer.
    fn status<'a>(&'a mut self, bearer: &'a Bearer) -> LocalBoxFuture<'a, u16>;

    /// How long so many requests took, one after the other.
    fn round<'a>(&'a mut self, walk: Walk<'a>, calls: u32) -> LocalBoxFuture<'a, Duration>;

    /// Serves it with that runtime, or with one of its own whose threads run on that core.
    fn serve(&self, listener: TcpListener, runtime: &Handle, core: usize);
}

/// What a candidate is to the comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The handler and nothing else; the others of its framework are compared with it.
    Bare,
    /// For scale; neither a peer nor jeton.
    Scale,
    /// What users would pick instead.
    Peer,
    /// jeton as the docs mount it; what peers add is divided by what this one adds.
    Jeton,
    /// Other ways to mount it.
    Variant,
}

/// The frameworks. Each has a bare handler of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// The current one.
    Axum,
    /// What jwt-authorizer is on.
    Axum07,
    /// actix-web.
    Actix,
}

/// An app with its name.
pub(crate) struct Candidate {
    /// As the tables call it.
    pub(crate) name: &'static str,
    /// What it is built with.
    pub(crate) framework: Framework,
    /// What it is here for.
    pub(crate) role: Role,
    /// The app.
    pub(crate) app: Box<dyn App>,
}

impl Candidate {
    /// Whether it looks at tokens.
    pub(crate) fn verifies(&self) -> bool {
        !matches!(self.role, Role::Bare | Role::Scale)
    }
}
