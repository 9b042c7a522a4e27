//! The app that all targets send to: in memory, at a time that stands still, with keys that the targets hold too.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, Method};
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    Timestamp,
};
use jeton_http::{Answer, Body, Endpoint, Gate, Request, Routes};
use jeton_testkit::{FakeClock, SeededRandom};
use tokio::runtime::{Builder, Runtime};

/// The app, and tokens for it.
pub struct App {
    runtime: Runtime,
    pub authority: Authority,
    pub gate: Gate,
    pub routes: Routes,
    pub api_token: String,
    /// An access token of an admin.
    pub access_token: String,
    /// The id of its record.
    pub token_id: String,
    /// The id of another token, which may be edited: an edit of the admin's own could end it.
    pub other_id: String,
}

/// The secrets of both rings.
pub const API_SECRET: [u8; 64] = [1; 64];
pub const ACCESS_SECRET: [u8; 64] = [2; 64];

impl App {
    pub fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let key = |secret: &[u8], kid| SigningKey::from_secret(Algorithm::Hs256, secret, kid).unwrap();
        let noon = Timestamp::from_unix_seconds(1_800_000_000).unwrap();
        let directory = StaticDirectory::new()
            .with("root", Account::active().with_role("token-admin"))
            .with("alice", Account::active().with_role("reader"));
        let builder = Authority::builder("https://app.example/auth")
            .store(Arc::new(MemoryStore::new()))
            .directory(Arc::new(directory))
            .clock(Arc::new(FakeClock::at(noon)))
            .random(Arc::new(SeededRandom::new(1)))
            .api_keys([key(&API_SECRET, "api")])
            .access_keys([key(&ACCESS_SECRET, "access")]);
        let authority = runtime.block_on(builder.build()).unwrap();
        let made = Generate::new("root").with_subject("root");
        let made = runtime.block_on(authority.generate(&Caller::system("fuzz"), made)).unwrap();
        let api_token = made.api_token.expose().to_owned();
        let child = runtime.block_on(authority.exchange(&api_token, &Exchange::default())).unwrap();
        let other = Generate::new("other").with_subject("alice");
        let other = runtime.block_on(authority.generate(&Caller::system("fuzz"), other)).unwrap();
        let gate = Gate::new(authority.clone()).accepting_api_tokens();
        Self {
            runtime,
            routes: Routes::new(gate.clone()),
            gate,
            authority,
            api_token,
            access_token: child.access_token.expose().to_owned(),
            token_id: made.record.id.to_string(),
            other_id: other.record.id.to_string(),
        }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The answer, which is one to a client: no fault of ours, and without a token in it but where one is given out.
    pub fn send(&self, endpoint: Endpoint, request: Request) -> Answer {
        let answer = self.wait(self.routes.respond(endpoint, request));
        let status = answer.status().as_u16();
        assert!(status < 500, "{endpoint:?}: {status}");
        for token in [&self.api_token, &self.access_token] {
            let body: &[u8] = answer.body();
            assert!(!body.windows(token.len()).any(|window| window == token.as_bytes()), "a token is told");
        }
        answer
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

/// A request with that bearer.
pub fn request(method: Method, bearer: &str, kind: &'static str, body: &[u8]) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {bearer}")).unwrap());
    headers.insert("content-type", HeaderValue::from_static(kind));
    let body = Body::Complete(body.to_vec().into());
    Request { method, query: None, headers, parameter: None, peer: None, session: None, body }
}

/// Any header and any payload, well signed.
pub fn craft(secret: &[u8], header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}
