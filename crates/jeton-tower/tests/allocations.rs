//! What the layers allocate for a request whose token is known: what an insert into its extensions does, and no more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{
    convert::Infallible,
    future::{Future as _, Ready, ready},
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use allocation_counter::measure;
use bytes::Bytes;
use http::{Request, Response};
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    Timestamp,
    policy::{group, role, subject},
};
use jeton_testkit::FakeClock;
use jeton_tower::{AuthenticateLayer, AuthorizeLayer, PeerAddress};
use tower::{Layer as _, Service, service_fn};

const REQUESTS: u64 = 100;

async fn layers() -> (AuthenticateLayer, String) {
    let account = Account::active().with_role("reader").with_group("sales");
    let key = |kid: &str, byte| SigningKey::from_secret(Algorithm::Hs256, &[byte; 32], kid).unwrap();
    let authority = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(StaticDirectory::new().with("alice", account)))
        .api_keys([key("api", 1)])
        .access_keys([key("access", 2)])
        // The first use of each minute is written down.
        .clock(Arc::new(FakeClock::at(Timestamp::MIN)))
        .build()
        .await
        .unwrap();
    let request = Generate::new("CI").with_subject("alice");
    let generated = authority.generate(&Caller::system("test"), request).await.unwrap();
    let exchanged = authority.exchange(generated.api_token.expose(), &Exchange::default()).await.unwrap();
    (AuthenticateLayer::new(authority), format!("Bearer {}", exchanged.access_token.expose()))
}

/// How often the service allocates for a request, whose extensions have nothing in them or something.
fn allocations<S>(mut service: S, bearer: &str, with_peer: bool) -> u64
where
    S: Service<Request<()>, Response = Response<Bytes>, Error = Infallible>,
{
    let request = || {
        let mut request = Request::get("/reports?page=1")
            .header("authorization", bearer)
            .header("user-agent", "curl/8")
            .body(())
            .unwrap();
        if with_peer {
            request.extensions_mut().insert(PeerAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        }
        request
    };
    let mut serve = |request| {
        let mut task = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut task).is_ready());
        match pin!(service.call(request)).poll(&mut task) {
            Poll::Ready(Ok(answer)) => assert_eq!(answer.status(), 200),
            Poll::Pending => panic!("a known token waits for nothing"),
        }
    };
    // Whatever is made once has been made then.
    (0..3).for_each(|_| serve(request()));
    let requests: Vec<_> = (0..REQUESTS).map(|_| request()).collect();
    let count = measure(|| requests.into_iter().for_each(&mut serve)).count_total;
    assert_eq!(count % REQUESTS, 0, "each costs the same");
    count / REQUESTS
}

fn handler(_: Request<()>) -> Ready<Result<Response<Bytes>, Infallible>> {
    ready(Ok(Response::new(Bytes::new())))
}

#[tokio::test]
async fn a_known_token_allocates_what_an_insert_does() {
    let (authenticate, bearer) = layers().await;
    let policy = role("reader").and(group("sales")).and(subject("bob").or(subject("alice")));
    let authorize = AuthorizeLayer::new(policy);
    for with_peer in [false, true] {
        let bare = allocations(service_fn(handler), &bearer, with_peer);
        let insert = service_fn(|mut request: Request<()>| {
            request.extensions_mut().insert([0_u64; 2]);
            handler(request)
        });
        let insert = allocations(insert, &bearer, with_peer);
        assert!(bare == 0 && insert > 0, "the measure does count");
        let authenticated = authenticate.layer(service_fn(handler));
        assert_eq!(allocations(authenticated, &bearer, with_peer), insert);
        let both = authenticate.layer(authorize.layer(service_fn(handler)));
        assert_eq!(allocations(both, &bearer, with_peer), insert);
    }
}
