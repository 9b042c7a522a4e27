//! An authority with a few users, and an app that asks for all sorts of rights.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::{
    Error, HttpResponse,
    body::{MessageBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::header::HeaderMap,
    test::TestRequest,
};
use bytes::Bytes;
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, RecordId, SigningKey,
    StaticDirectory, SystemRandom,
    rights::{RoleMap, TOKEN_ADMIN},
};
use jeton_actix::{Gate, Refusal};
use jeton_http::Realm;
use serde_json::Value;

pub(crate) const REALM: &str = "demo";

pub(crate) struct House {
    pub(crate) authority: Authority,
    /// How often a handler ran.
    pub(crate) handled: Arc<AtomicUsize>,
}

impl House {
    pub(crate) async fn new() -> Self {
        let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
        let directory = StaticDirectory::new()
            .with("alice", Account::active().with_role("reader"))
            .with("root", Account::active().with_role(TOKEN_ADMIN));
        let authority = Authority::builder("https://app.example/auth")
            .store(Arc::new(MemoryStore::new()))
            .directory(Arc::new(directory))
            .role_map(RoleMap::default().with("writer", ["reports:write"]))
            .api_keys([key()])
            .access_keys([key()])
            .build()
            .await
            .unwrap();
        Self { authority, handled: Arc::default() }
    }

    pub(crate) fn gate(&self) -> Gate {
        Gate::new(self.authority.clone()).realm(REALM)
    }

    /// An API token, and the id of its record.
    pub(crate) async fn api_token(&self, request: Generate) -> (String, RecordId) {
        let generated = self.authority.generate(&setup(), request).await.unwrap();
        (generated.api_token.expose().to_owned(), generated.record.id)
    }

    pub(crate) async fn exchange(&self, api_token: &str) -> String {
        let exchanged = self.authority.exchange(api_token, &Exchange::default()).await.unwrap();
        exchanged.access_token.expose().to_owned()
    }

    /// An access token of that user, and the id of its record.
    pub(crate) async fn access_token(&self, subject: &str) -> (String, RecordId) {
        let name = format!("of {subject}, {}", self.authority.cut_off_count());
        let (api_token, id) = self.api_token(Generate::new(name).with_subject(subject)).await;
        (self.exchange(&api_token).await, id)
    }

    /// A handler that counts.
    pub(crate) fn counting(&self) -> impl Fn() -> std::future::Ready<HttpResponse> + Clone + 'static {
        let handled = self.handled.clone();
        move || {
            handled.fetch_add(1, Ordering::SeqCst);
            std::future::ready(HttpResponse::Ok().body("done"))
        }
    }

    pub(crate) fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }
}

pub(crate) fn setup() -> Caller {
    Caller::system("setup")
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

pub(crate) trait Bearer {
    fn bearer(self, token: &str) -> Self;
}

impl Bearer for TestRequest {
    fn bearer(self, token: &str) -> Self {
        self.insert_header(("Authorization", format!("Bearer {token}")))
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// That it is the answer to that refusal: the same status, the same headers, the same body.
    #[track_caller]
    pub(crate) fn is(&self, refusal: &Refusal) {
        let answer = refusal.answer(&Realm::new(REALM));
        assert_eq!(self.status, answer.status().as_u16(), "{refusal:?}");
        assert_eq!(self.body, answer.body(), "{refusal:?}");
        let mut sent: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let mut expected: Vec<_> =
            answer.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        sent.sort_unstable();
        expected.sort_unstable();
        assert_eq!(sent, expected, "{refusal:?}");
    }
}

pub(crate) async fn send<S, B, R>(app: &S, request: R) -> Reply
where
    S: Service<R, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    // An error, too, is what the server would make of it.
    let response = match app.call(request).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (response, body) = response.into_parts();
    let headers = response.headers().clone();
    Reply { status: response.status().as_u16(), headers, body: to_bytes(body).await.ok().unwrap() }
}
