//! *jeton* for tower: [`AuthenticateLayer`] finds out who makes a request, [`AuthorizeLayer`] asks whether it may.
//!
//! Authenticate once for a whole app, authorize per route; the principal lies in the request's extensions as
//! [`jeton_http::Context`]. A host's CORS layer goes outside of these.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::{convert::Infallible, sync::Arc};
//! use bytes::Bytes;
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use jeton::{
//!     Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
//!     policy::role,
//! };
//! use jeton_tower::{AuthenticateLayer, AuthorizeLayer};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # let authority = Authority::builder("https://app.example/auth")
//! #     .store(Arc::new(MemoryStore::new()))
//! #     .directory(Arc::new(StaticDirectory::new()))
//! #     .api_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
//! #     .access_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
//! #     .build().await.unwrap();
//! let mut app = ServiceBuilder::new()
//!     .layer(AuthenticateLayer::new(authority.clone()))
//!     .layer(AuthorizeLayer::new(role("reader")))
//!     .service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("report"))));
//!
//! let bare = Request::new(Full::default());
//! assert_eq!(app.ready().await.unwrap().call(bare).await.unwrap().status(), StatusCode::UNAUTHORIZED);
//!
//! let me = Caller::system("setup");
//! let generated = authority.generate(&me, Generate::new("CI").with_role("reader")).await.unwrap();
//! let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
//! let bearer = format!("Bearer {}", exchanged.access_token.expose());
//! let request = Request::builder().header("authorization", bearer).body(Full::default()).unwrap();
//! assert_eq!(app.ready().await.unwrap().call(request).await.unwrap().status(), StatusCode::OK);
//! # });
//! ```

mod authenticate;
mod authorize;
mod head;

pub use authenticate::{Authenticate, AuthenticateFuture, AuthenticateLayer};
pub use authorize::{Authorize, AuthorizeFuture, AuthorizeLayer};
pub use head::PeerOf;
pub use jeton_http::{Context, Gate, PeerAddress, Refusal};
