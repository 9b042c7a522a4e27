//! An app with the authority behind it, its users, its clock, and what can fail.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, request::Builder};
use jeton::{
    Account, Algorithm, Authority, AuthorityBuilder, Caller, Exchange, Generate, MemoryStore, RecordId,
    SigningKey, StaticDirectory, rights::RoleMap, rights::TOKEN_ADMIN,
};
use jeton_http::{Gate, PeerAddress};

use super::{
    app::{App, Handler, Plan, SESSION},
    expected::{Expected, REALM},
};
use crate::{FakeClock, UnreliableDirectory, UnreliableStore};

const ISSUER: &str = "https://app.example/auth";
/// An audience for which access tokens may be got, and that is not this app.
pub(super) const FOREIGN: &str = "https://other.example";

/// Everything that a case needs.
pub(super) struct House<A> {
    pub(super) app: A,
    pub(super) authority: Authority,
    pub(super) clock: FakeClock,
    pub(super) store: UnreliableStore<MemoryStore>,
    pub(super) people: UnreliableDirectory<StaticDirectory>,
    handler: Handler,
}

/// An API token and the id of its record.
pub(super) struct Token {
    pub(super) text: String,
    pub(super) id: RecordId,
}

pub(super) fn system() -> Caller {
    Caller::system("suite")
}

pub(super) fn get(path: &str) -> Builder {
    Request::get(path)
}

pub(super) fn post(path: &str) -> Builder {
    Request::post(path)
}

/// What the cases put onto requests.
pub(super) trait Ask {
    fn bearer(self, token: &str) -> Self;
    fn session(self, session: &str) -> Self;
    fn from(self, address: &str) -> Self;
    fn json(self, json: &str) -> Request<Bytes>;
}

impl Ask for Builder {
    fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    fn session(self, session: &str) -> Self {
        self.header(SESSION, session)
    }

    fn from(self, address: &str) -> Self {
        self.extension(PeerAddress(address.parse::<IpAddr>().unwrap()))
    }

    fn json(self, json: &str) -> Request<Bytes> {
        let typed = self.header("content-type", "application/json");
        typed.body(Bytes::from(json.to_owned())).unwrap()
    }
}

/// A request, or one that is still without a body.
pub(super) trait IntoRequest {
    fn into_request(self) -> Request<Bytes>;
}

impl IntoRequest for Builder {
    fn into_request(self) -> Request<Bytes> {
        self.body(Bytes::new()).unwrap()
    }
}

impl IntoRequest for Request<Bytes> {
    fn into_request(self) -> Request<Bytes> {
        self
    }
}

/// An authority under that name with keys of that seed. Two of one seed trust each other's signatures.
fn builder(issuer: &str, seed: u8, clock: &FakeClock) -> AuthorityBuilder {
    let key = |kid: &str, byte| SigningKey::from_secret(Algorithm::Hs256, &[byte; 32], kid).unwrap();
    Authority::builder(issuer)
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(people()))
        .role_map(RoleMap::default().with("writer", ["reports:write"]).with("reader", ["reports:read"]))
        .foreign_audience(FOREIGN)
        .api_keys([key("api", seed)])
        .access_keys([key("access", seed + 1)])
        .directory_timeout(Duration::from_millis(20))
        .clock(Arc::new(clock.clone()))
}

fn people() -> StaticDirectory {
    StaticDirectory::new()
        .with("alice", Account::active().with_role("reader").with_group("guests"))
        .with("bob", Account::active().with_role("reader").with_role("writer").with_group("staff"))
        .with("ExternalApp", Account::active())
        .with("root", Account::active().with_role(TOKEN_ADMIN))
}

impl<A: App> House<A> {
    pub(super) async fn new() -> Self {
        let clock = FakeClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let store = UnreliableStore::new(MemoryStore::new());
        let people = UnreliableDirectory::new(people());
        let builder =
            builder(ISSUER, 1, &clock).store(Arc::new(store.clone())).directory(Arc::new(people.clone()));
        let authority = builder.build().await.unwrap();
        let handler = Handler::default();
        let plan = Plan::new(Gate::new(authority.clone()).realm(REALM), handler.clone());
        Self { app: A::mount(&plan).await, authority, clock, store, people, handler }
    }

    /// Another authority with the same keys and another name.
    pub(super) async fn other_issuer(&self) -> Authority {
        builder("https://other.example/auth", 1, &self.clock).build().await.unwrap()
    }

    /// Another authority with the same keys, the same name, and records of its own.
    pub(super) async fn other_store(&self) -> Authority {
        builder(ISSUER, 1, &self.clock).build().await.unwrap()
    }

    /// Another authority of the same name, with keys of its own.
    pub(super) async fn other_keys(&self) -> Authority {
        builder(ISSUER, 101, &self.clock).build().await.unwrap()
    }

    pub(super) async fn token(&self, request: Generate) -> Token {
        token_of(&self.authority, request).await
    }

    pub(super) async fn token_for(&self, subject: &str) -> Token {
        self.token(Generate::new(format!("for {subject}")).with_subject(subject)).await
    }

    pub(super) async fn child(&self, token: &Token) -> String {
        child_of(&self.authority, &token.text, Exchange::default()).await
    }

    /// An access token of that user.
    pub(super) async fn child_for(&self, subject: &str) -> String {
        self.child(&self.token_for(subject).await).await
    }

    /// An API token that may be used from 10.0.0.0/8 alone, and an access token of it.
    pub(super) async fn bound_to_network(&self) -> (Token, String) {
        let mut request = Generate::new("from 10/8").with_subject("root");
        request.networks = vec!["10.0.0.0/8".parse().unwrap()];
        let token = self.token(request).await;
        let origin = jeton::Origin { address: "10.1.2.3".parse().ok(), user_agent: None };
        let child = child_of(&self.authority, &token.text, Exchange { origin, ..Exchange::default() }).await;
        (token, child)
    }

    pub(super) fn pass_seconds(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(super) async fn send(&self, request: impl IntoRequest) -> Response<Bytes> {
        self.app.send(request.into_request()).await
    }

    /// That the request is answered by that row, and reaches no handler.
    pub(super) async fn refuses(&self, request: impl IntoRequest, expected: &Expected) {
        let request = request.into_request();
        let what = format!("{} {}, {expected:?}", request.method(), request.uri());
        let (is_head, runs) = (request.method() == Method::HEAD, self.handler.runs());
        let answer = self.app.send(request).await;
        if is_head {
            expected.check_headers_only(&answer, &what);
        } else {
            expected.check(&answer, &what);
        }
        assert_eq!(self.handler.runs(), runs, "{what}: it reached the handler");
    }

    /// That the request reaches the handler, once, and as whom.
    pub(super) async fn lets_pass(&self, request: impl IntoRequest, name: &str) {
        let request = request.into_request();
        let what = format!("{} {} as {name}", request.method(), request.uri());
        let runs = self.handler.runs();
        let answer = self.app.send(request).await;
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, name.as_bytes()), "{what}");
        assert!(!answer.headers().contains_key("www-authenticate"), "{what}: a challenge");
        assert_eq!(self.handler.runs(), runs + 1, "{what}: how often the handler ran");
    }
}

pub(super) async fn token_of(authority: &Authority, request: Generate) -> Token {
    let generated = authority.generate(&system(), request).await.unwrap();
    Token { text: generated.api_token.expose().to_owned(), id: generated.record.id }
}

pub(super) async fn child_of(authority: &Authority, api_token: &str, exchange: Exchange) -> String {
    authority.exchange(api_token, &exchange).await.unwrap().access_token.expose().to_owned()
}

/// The token with its signature spoilt.
pub(super) fn spoilt(token: &str) -> String {
    let start = token.rfind('.').unwrap() + 1;
    let other = if token[start..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &token[..start], &token[start + 1..])
}
