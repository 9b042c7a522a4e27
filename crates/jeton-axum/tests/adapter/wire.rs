//! Over a real socket: what the server makes of the answers, and the address of the client.

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, routing::get};
use jeton::{Caller, Exchange, Generate};
use jeton_axum::{Gate, authenticate, router};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::house::authority;

async fn serve(gate: Gate) -> SocketAddr {
    let app = Router::new()
        .route("/", get(async || "in"))
        .layer(authenticate(gate.clone()))
        .nest("/auth", router(gate))
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

/// What comes back until the other side closes.
async fn ask(address: SocketAddr, method: &str, path: &str, lines: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.split("\r\n\r\n").next()?.lines();
    let mut named = lines.filter_map(|line| line.split_once(": "));
    named.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn head_announces_the_length_and_sends_nothing() {
    let address = serve(authority().await.into()).await;
    for path in ["/", "/auth/tokens", "/auth/.well-known/jwks.json"] {
        let (full, head) = (ask(address, "GET", path, "").await, ask(address, "HEAD", path, "").await);
        assert_eq!(full.lines().next(), head.lines().next(), "{path}");
        assert_eq!(header(&full, "content-length").unwrap(), body(&full).len().to_string(), "{path}");
        assert_eq!(header(&full, "content-length"), header(&head, "content-length"), "{path}");
        assert_eq!(header(&full, "www-authenticate"), header(&head, "www-authenticate"), "{path}");
        assert_eq!(body(&head), "", "{path}");
    }
}

#[tokio::test]
async fn nothing_is_announced_with_204() {
    let address = serve(authority().await.into()).await;
    let answer = ask(address, "OPTIONS", "/auth/tokens", "").await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_eq!(header(&answer, "allow"), Some("GET, HEAD, POST"));
    for absent in ["content-length", "transfer-encoding", "content-type"] {
        assert_eq!(header(&answer, absent), None, "RFC 9110 §8.6, {absent}");
    }
}

#[tokio::test]
async fn two_headers_are_two() {
    let address = serve(authority().await.into()).await;
    for lines in
        ["Authorization: Bearer a\r\nAuthorization: Bearer a\r\n", "Authorization: Bearer a, Bearer a\r\n"]
    {
        for (method, path) in [("GET", "/"), ("GET", "/auth/tokens"), ("POST", "/auth/exchange")] {
            let answer = ask(address, method, path, lines).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
            assert!(answer.contains("error=\"invalid_request\""), "{path}: {answer}");
        }
    }
}

/// The address is that of the connection, and of a header only where a proxy is trusted.
#[tokio::test]
async fn the_address_is_that_of_the_connection() {
    let authority = authority().await;
    let bound_to = async |network: &str| {
        let mut request = Generate::new(network).with_subject("root");
        request.networks = vec![network.parse().unwrap()];
        let generated = authority.generate(&Caller::system("test"), request).await.unwrap();
        let origin =
            jeton::Origin { address: network.split('/').next().unwrap().parse().ok(), user_agent: None };
        let wanted = Exchange { origin, ..Exchange::default() };
        let exchanged = authority.exchange(generated.api_token.expose(), &wanted).await.unwrap();
        format!("Authorization: Bearer {}\r\n", exchanged.access_token.expose())
    };
    let (here, there) = (bound_to("127.0.0.0/8").await, bound_to("10.0.0.0/8").await);
    let plain = serve(authority.clone().into()).await;
    let trusting = Gate::new(authority.clone()).trusting_proxies(["127.0.0.0/8".parse().unwrap()]);
    let behind_proxy = serve(trusting).await;
    let through = |lines: &str| format!("{lines}X-Forwarded-For: 10.1.1.1\r\n");
    for (address, lines, status) in [
        (plain, here.clone(), "200"),
        (plain, there.clone(), "403"),
        (plain, through(&there), "403"),
        (plain, through(&here), "200"),
        (behind_proxy, through(&there), "200"),
        (behind_proxy, through(&here), "403"),
        (behind_proxy, there.clone(), "403"),
    ] {
        for path in ["/", "/auth/tokens"] {
            let answer = ask(address, "GET", path, &lines).await;
            assert_eq!(answer.split(' ').nth(1), Some(status), "{path}: {answer}");
        }
    }
}
