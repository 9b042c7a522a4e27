//! Over a real socket: lengths, bodies that break off, connections that go on.

use std::net::SocketAddr;

use actix_web::{App, HttpServer, web};
use jeton_actix::Authenticate;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::house::House;

async fn serve(house: &House) -> SocketAddr {
    let gate = house.gate();
    let server = HttpServer::new(move || {
        App::new()
            .service(jeton_actix::scope("/auth", gate.clone()))
            .service(web::resource("/").get(|| async { "in" }).wrap(Authenticate::from(gate.clone())))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

/// What comes back until the other side closes, `Connection: close` being asked for.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let lines = answer.split("\r\n\r\n").next()?.lines();
    lines
        .filter_map(|line| line.split_once(": "))
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

#[actix_web::test]
async fn head_announces_the_length_and_sends_nothing() {
    let house = House::new().await;
    let address = serve(&house).await;
    for path in ["/auth/.well-known/jwks.json", "/auth/tokens", "/"] {
        let ask = async |method: &str| {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            exchange(address, request.as_bytes()).await
        };
        let (full, head) = (ask("GET").await, ask("HEAD").await);
        assert_eq!(full.lines().next(), head.lines().next());
        assert_eq!(header(&full, "content-length").unwrap(), body(&full).len().to_string());
        assert_eq!(header(&full, "content-length"), header(&head, "content-length"));
        assert_eq!(body(&head), "");
    }
}

/// Several requests sent ahead: each answer must be told from the next one.
#[actix_web::test]
async fn head_leaves_the_connection_usable() {
    let house = House::new().await;
    let address = serve(&house).await;
    let ask = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let last = "OPTIONS /auth/tokens HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for path in ["/auth/.well-known/jwks.json", "/auth/tokens", "/"] {
        let requests =
            [ask("HEAD", path), ask("HEAD", path), ask("GET", path), ask("HEAD", path), last.to_owned()];
        let mut left = &*exchange(address, requests.concat().as_bytes()).await;
        let mut lengths = Vec::new();
        for method in ["HEAD", "HEAD", "GET", "HEAD"] {
            let length: usize = header(left, "content-length").unwrap().parse().unwrap();
            lengths.push(length);
            left = &body(left)[if method == "GET" { length } else { 0 }..];
            assert!(left.starts_with("HTTP/1.1 "), "{method} {path}: {left}");
        }
        assert!(lengths.iter().all(|length| *length == lengths[0] && *length > 0));
        assert!(left.starts_with("HTTP/1.1 204 "), "{left}");
        assert_eq!((header(left, "content-length"), header(left, "transfer-encoding")), (None, None));
        assert_eq!(body(left), "", "RFC 9110 §8.6");
    }
}

#[actix_web::test]
async fn long_bodies_are_answered_and_not_read() {
    let house = House::new().await;
    let (admin, _) = house.access_token("root").await;
    let address = serve(&house).await;
    let start = format!(
        "POST /auth/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n"
    );
    let announced = format!("{start}Content-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    let answer = exchange(address, announced.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(body(&answer).contains("body_too_large"));
    // Nobody says how long it is.
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let chunked = format!("{start}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(17));
    let answer = exchange(address, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let chunked = format!("{start}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(16));
    let answer = exchange(address, chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && body(&answer).contains("invalid_json"), "{answer}");
}

#[actix_web::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let house = House::new().await;
    let (admin, _) = house.access_token("root").await;
    let address = serve(&house).await;
    let request = format!(
        "POST /auth/tokens HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"name\": \"half\"}}"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains(" 201 "));
    let list = format!(
        "GET /auth/tokens?name=half HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\nConnection: close\r\n\r\n"
    );
    assert!(body(&exchange(address, list.as_bytes()).await).contains("\"items\":[]"));
}

#[actix_web::test]
async fn two_headers_on_the_wire() {
    let house = House::new().await;
    let (token, _) = house.access_token("alice").await;
    let address = serve(&house).await;
    let line = format!("Authorization: Bearer {token}\r\n");
    for (lines, status) in [(line.clone(), "200"), (format!("{line}{line}"), "400"), (String::new(), "401")] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\n{lines}Connection: close\r\n\r\n");
        let answer = exchange(address, request.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
}
