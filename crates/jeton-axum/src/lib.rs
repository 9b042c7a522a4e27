//! *jeton* for axum: [`router`] serves the routes, [`authenticate`] and [`authorize`] protect yours, and
//! [`Authenticated`] hands the principal to a handler.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use axum::{Router, body::Body, routing::get};
//! use http::{Request, StatusCode};
//! use jeton::{
//!     Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
//!     policy::role,
//! };
//! use jeton_axum::{Authenticated, authenticate, authorize, router};
//! use tower::ServiceExt;
//!
//! # let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
//! let authority = Authority::builder("https://app.example/auth")
//!     .store(Arc::new(MemoryStore::new()))
//!     .directory(Arc::new(StaticDirectory::new().with("alice", Account::active().with_role("reader"))))
//!     .api_keys([key()])
//!     .access_keys([key()])
//!     .build()
//!     .await
//!     .unwrap();
//!
//! async fn report(who: Authenticated) -> String {
//!     format!("report for {}", who.subject().unwrap_or("nobody"))
//! }
//!
//! let app = Router::new()
//!     .route("/reports", get(report).layer(authorize(role("reader"))))
//!     .layer(authenticate(authority.clone()))
//!     .nest("/auth", router(authority.clone()));
//!
//! let request = Request::get("/reports").body(Body::empty()).unwrap();
//! assert_eq!(app.clone().oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
//!
//! let setup = Caller::system("setup");
//! let generated = authority.generate(&setup, Generate::new("CI").with_subject("alice")).await.unwrap();
//! let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
//! let bearer = format!("Bearer {}", exchanged.access_token.expose());
//! let request = Request::get("/reports").header("authorization", bearer).body(Body::empty()).unwrap();
//! assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
//! # });
//! ```

mod extract;
mod protected;
mod router;

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Extensions;
use jeton::policy::Policy;

pub use extract::{Authenticated, Refused, Require};
pub use jeton_http::{
    Answer, Context, Endpoint, Gate, HostSession, Pages, PathItems, PeerAddress, Refusal, RouteRule, Routes,
    merge_openapi,
};
pub use jeton_tower::{AuthenticateLayer, AuthorizeLayer};
pub use protected::Protected;
pub use router::{endpoint, pages, router, well_known};

/// The layer that finds out who makes a request. Takes an authority, or a [`Gate`] where more is to be set.
///
/// The address of a client is known if the app is served with `into_make_service_with_connect_info::<SocketAddr>()`.
///
/// On each route of a router by `.layer()`; or once around all of it, which costs less:
///
/// ```
/// use axum::{Router, body::Body, extract::Request, routing::get};
/// use jeton_axum::{Gate, authenticate};
/// use tower::{Layer, ServiceExt};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let jwks = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1",
/// #     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// # let keys = jeton::VerifyingKeys::from_jwks(jwks).unwrap();
/// # let verifier = jeton::Verifier::builder("https://app.example/auth").audience("reports").keys(keys).build().unwrap();
/// let routes = Router::new().route("/reports", get(async || "all of them"));
/// let on_each = routes.clone().layer(authenticate(Gate::from(verifier.clone())));
/// let around = authenticate(Gate::from(verifier)).layer(routes);
///
/// let request = || Request::get("/reports").body(Body::empty()).unwrap();
/// assert_eq!(on_each.oneshot(request()).await.unwrap().status(), 401);
/// assert_eq!(around.oneshot(request()).await.unwrap().status(), 401);
/// # });
/// ```
pub fn authenticate(gate: impl Into<Gate>) -> AuthenticateLayer {
    AuthenticateLayer::from(gate.into()).peer_of(peer_of)
}

/// The layer that asks whether the principal may. It stands inside of [`authenticate`].
pub fn authorize(policy: Policy) -> AuthorizeLayer {
    AuthorizeLayer::new(policy)
}

fn peer_of(extensions: &Extensions) -> Option<IpAddr> {
    let connection = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    connection.or_else(|| extensions.get::<PeerAddress>().map(|peer| peer.0))
}
