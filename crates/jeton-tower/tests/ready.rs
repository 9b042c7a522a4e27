//! No service is called that did not say that it is ready, and no readiness is lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response};
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    policy::{anybody, role},
};
use jeton_testkit::UnreliableDirectory;
use jeton_tower::{Authenticate, AuthenticateLayer, Authorize, AuthorizeLayer, Gate};
use tower::{
    Layer as _, Service, ServiceBuilder, ServiceExt as _, buffer::Buffer, limit::ConcurrencyLimitLayer,
    service_fn,
};

/// Each clone must be polled ready before each of its calls, which takes two attempts.
#[derive(Default)]
struct Probe {
    asked: bool,
    ready: bool,
    called: Arc<AtomicUsize>,
}

impl Clone for Probe {
    /// Readiness belongs to the one that was asked.
    fn clone(&self) -> Self {
        Self { asked: false, ready: false, called: self.called.clone() }
    }
}

impl<B> Service<Request<B>> for Probe {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Bytes>, Infallible>>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if !std::mem::replace(&mut self.asked, true) {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(self.ready, "called unready");
        (self.ready, self.asked) = (false, false);
        self.called.fetch_add(1, Ordering::SeqCst);
        ready(Ok(Response::new(Bytes::new())))
    }
}

struct House {
    authority: Authority,
    people: UnreliableDirectory<StaticDirectory>,
    api_token: String,
    access_token: String,
}

async fn house() -> House {
    let people = UnreliableDirectory::new(StaticDirectory::new().with("alice", Account::active()));
    let key = |kid: &str, byte| SigningKey::from_secret(Algorithm::Hs256, &[byte; 32], kid).unwrap();
    let authority = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(people.clone()))
        .api_keys([key("api", 1)])
        .access_keys([key("access", 2)])
        .build()
        .await
        .unwrap();
    let request = Generate::new("CI").with_subject("alice");
    let generated = authority.generate(&Caller::system("test"), request).await.unwrap();
    let api_token = generated.api_token.expose().to_owned();
    let exchanged = authority.exchange(&api_token, &Exchange::default()).await.unwrap();
    let access_token = exchanged.access_token.expose().to_owned();
    House { authority, people, api_token, access_token }
}

impl House {
    fn layer(&self) -> AuthenticateLayer {
        Gate::new(self.authority.clone()).accepting_api_tokens().into()
    }
}

fn bearer(token: &str) -> Request<Bytes> {
    Request::get("/").header("authorization", format!("Bearer {token}")).body(Bytes::new()).unwrap()
}

/// Polls ready, then calls, as the contract of a service asks.
async fn call<S>(service: &mut S, request: Request<Bytes>) -> u16
where
    S: Service<Request<Bytes>, Response = Response<Bytes>>,
    S::Error: std::fmt::Debug,
{
    poll_fn(|task| service.poll_ready(task)).await.unwrap();
    service.call(request).await.unwrap().status().as_u16()
}

fn stack(house: &House, probe: Probe) -> Authenticate<Authorize<Probe>> {
    house.layer().layer(AuthorizeLayer::new(anybody()).layer(probe))
}

#[tokio::test]
async fn the_clone_that_was_polled_ready_is_the_one_called() {
    let house = house().await;
    let probe = Probe::default();
    let mut service = stack(&house, probe.clone());
    for _ in 0..3 {
        assert_eq!(call(&mut service, bearer(&house.access_token)).await, 200);
        assert_eq!(call(&mut service, bearer(&house.api_token)).await, 200);
        assert_eq!(call(&mut service, bearer("bad")).await, 401);
    }
    assert_eq!(probe.called.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn while_one_waits_for_the_directory_others_go_on() {
    let house = house().await;
    let probe = Probe::default();
    let mut service = stack(&house, probe.clone());
    house.people.hangs();
    poll_fn(|task| Service::<Request<Bytes>>::poll_ready(&mut service, task)).await.unwrap();
    let mut waiting = Box::pin(service.call(bearer(&house.api_token)));
    assert!(poll_fn(|task| Poll::Ready(waiting.as_mut().poll(task).is_pending())).await);
    assert_eq!(call(&mut service, bearer(&house.access_token)).await, 200);
    drop(waiting);
    house.people.is_up();
    assert_eq!(call(&mut service, bearer(&house.api_token)).await, 200);
    assert_eq!(probe.called.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn behind_a_concurrency_limit_of_one() {
    let house = house().await;
    let probe = Probe::default();
    let mut outside = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(house.layer())
        .layer(AuthorizeLayer::new(anybody()))
        .service(probe.clone());
    let mut inside = ServiceBuilder::new()
        .layer(house.layer())
        .layer(AuthorizeLayer::new(anybody()))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(probe.clone());
    // A permit that is kept by nobody would stop the second round.
    let rounds = async {
        for _ in 0..3 {
            for (token, status) in [(&*house.access_token, 200), (&house.api_token, 200), ("bad", 401)] {
                assert_eq!(call(&mut outside, bearer(token)).await, status);
                assert_eq!(call(&mut inside, bearer(token)).await, status);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), rounds).await.unwrap();
    assert_eq!(probe.called.load(Ordering::SeqCst), 12);
}

#[tokio::test]
async fn requests_in_parallel_through_one_permit() {
    let house = house().await;
    let probe = Probe::default();
    let service = ServiceBuilder::new()
        .layer(house.layer())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(probe.clone());
    let requests = (0..32).map(|number| {
        let token = if number % 2 == 0 { &house.api_token } else { &house.access_token };
        tokio::spawn(service.clone().oneshot(bearer(token)))
    });
    let all = async {
        for request in requests.collect::<Vec<_>>() {
            assert_eq!(request.await.unwrap().unwrap().status(), 200);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    assert_eq!(probe.called.load(Ordering::SeqCst), 32);
}

#[tokio::test]
async fn behind_a_buffer_and_around_one() {
    let house = house().await;
    let probe = Probe::default();
    let mut outside = Buffer::new(stack(&house, probe.clone()), 4);
    let mut inside = house.layer().layer(Buffer::new(probe.clone(), 4));
    for _ in 0..3 {
        for (token, status) in [(&*house.access_token, 200), (&house.api_token, 200), ("bad", 401)] {
            assert_eq!(call(&mut outside, bearer(token)).await, status);
            assert_eq!(call(&mut inside, bearer(token)).await, status);
        }
    }
    assert_eq!(probe.called.load(Ordering::SeqCst), 12);
}

fn preflight(method: Method) -> Request<Bytes> {
    Request::builder()
        .method(method)
        .header("origin", "https://other.example")
        .header("access-control-request-method", "GET")
        .body(Bytes::new())
        .unwrap()
}

#[tokio::test]
async fn preflights_pass_only_if_told() {
    let house = house().await;
    let answers = service_fn(|request: Request<Bytes>| {
        assert!(request.extensions().get::<jeton_http::Context>().is_none(), "a preflight is nobody's");
        ready(Ok::<_, Infallible>(Response::new(Bytes::new())))
    });
    let mut closed = AuthenticateLayer::new(house.authority.clone()).layer(answers);
    assert_eq!(call(&mut closed, preflight(Method::OPTIONS)).await, 401);
    let open = AuthenticateLayer::new(house.authority.clone()).with_preflight();
    let mut service = open.clone().layer(answers);
    assert_eq!(call(&mut service, preflight(Method::OPTIONS)).await, 200);
    for method in [Method::GET, Method::POST, Method::DELETE] {
        assert_eq!(call(&mut service, preflight(method)).await, 401);
    }
    for missing in ["origin", "access-control-request-method"] {
        let mut request = preflight(Method::OPTIONS);
        request.headers_mut().remove(missing);
        assert_eq!(call(&mut service, request).await, 401, "without {missing}");
    }
    // Nobody is authorized by one.
    let mut guarded = open.layer(AuthorizeLayer::new(role("reader")).layer(answers));
    assert_eq!(call(&mut guarded, preflight(Method::OPTIONS)).await, 500);
}
