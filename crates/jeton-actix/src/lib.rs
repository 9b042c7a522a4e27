//! *jeton* for actix-web: middleware, extractors and the token routes.
//!
//! What HTTP means is said once, in `jeton-http`. This crate converts requests and answers at the door (actix-web is
//! on another version of the `http` crate) and mounts; it decides nothing of its own.
//!
//! # The paved path
//!
//! ```
//! # use std::sync::Arc;
//! # use jeton::{Account, Algorithm, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory, SystemRandom};
//! use actix_web::{App, HttpServer, get, web};
//! use jeton::{Authority, policy::role};
//! use jeton_actix::{Authenticate, Authenticated, Authorize};
//!
//! #[get("/whoami")]
//! async fn whoami(principal: Authenticated) -> String {
//!     principal.subject().unwrap_or("a service").to_owned()
//! }
//!
//! # #[actix_web::main]
//! # async fn main() {
//! # let authority = Authority::builder("https://app.example/auth")
//! #     .store(Arc::new(MemoryStore::new()))
//! #     .directory(Arc::new(StaticDirectory::new().with("alice", Account::active().with_role("reader"))))
//! #     .api_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
//! #     .access_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
//! #     .build()
//! #     .await
//! #     .unwrap();
//! # let handle = authority.clone();
//! let app = move || {
//!     let reports = web::resource("/reports")
//!         .wrap(Authorize::new(role("reader")))
//!         .route(web::get().to(|| async { "all of them" }));
//!     App::new()
//!         .service(jeton_actix::scope("/auth", authority.clone()))
//!         .service(web::scope("").wrap(Authenticate::new(authority.clone())).service(whoami).service(reports))
//! };
//! // HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
//! # let _ = HttpServer::new(app.clone());
//! # use actix_web::test::{TestRequest, call_service, init_service};
//! # let app = init_service(app()).await;
//! # let made = handle.generate(&Caller::system("setup"), Generate::new("CI").with_subject("alice")).await.unwrap();
//! # let exchange = TestRequest::post().uri("/auth/exchange").insert_header(("Authorization", format!("Bearer {}", made.api_token.expose())));
//! # assert_eq!(call_service(&app, exchange.to_request()).await.status(), 200);
//! # let access = handle.exchange(made.api_token.expose(), &Exchange::default()).await.unwrap().access_token;
//! # for path in ["/whoami", "/reports"] {
//! #     assert_eq!(call_service(&app, TestRequest::get().uri(path).to_request()).await.status(), 401);
//! #     let bearer = ("Authorization", format!("Bearer {}", access.expose()));
//! #     assert_eq!(call_service(&app, TestRequest::get().uri(path).insert_header(bearer).to_request()).await.status(), 200);
//! # }
//! # }
//! ```
//!
//! # In which order
//!
//! actix-web runs the `wrap` that was registered last first. So [`Authorize`] stands before [`Authenticate`] where
//! both wrap one thing; the other way round every request is a 500 that names the missing middleware. A CORS
//! middleware of the host belongs outside both, which means registered after them.
//!
//! The token routes authenticate by themselves, and `POST /exchange` takes an API token: mount them beside what
//! [`Authenticate`] wraps, never inside.

mod authenticate;
mod authorize;
mod convert;
mod extract;
mod future;
mod mount;
mod protected;
mod refused;

pub use jeton_http::{
    Answer, Context, Endpoint, Gate, HostSession, PathItems, Refusal, RouteRule, Routes, merge_openapi,
};

pub use authenticate::{Authenticate, AuthenticateMiddleware};
pub use authorize::{Authorize, AuthorizeMiddleware};
pub use convert::response;
pub use extract::{Authenticated, MaybeAuthenticated, Require};
pub use mount::{endpoint, routes, scope, well_known};
pub use protected::Protected;
pub use refused::Refused;
