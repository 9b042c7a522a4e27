//! Tokens that may be used from some networks only.

use actix_web::{
    App,
    test::{TestRequest, init_service},
    web,
};
use ipnet::IpNet;
use jeton::{Exchange, Generate, policy::Denial, policy::Facts};
use jeton_actix::{Authenticate, Authenticated, Refusal};

use crate::house::{Bearer as _, House, get, send};

async fn address(who: Authenticated) -> String {
    format!("{:?}", who.facts().address)
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

struct Tokens {
    api: String,
    access: String,
}

async fn restricted(house: &House) -> Tokens {
    let mut request = Generate::new("from 10/8");
    request.networks = vec![net("10.0.0.0/8")];
    let (api, _) = house.api_token(request).await;
    let facts = Facts::from_address("10.1.2.3".parse().ok());
    let wanted = Exchange { facts, ..Exchange::default() };
    let access = house.authority.exchange(&api, &wanted).await.unwrap().access_token.expose().to_owned();
    Tokens { api, access }
}

fn from(peer: &str, path: &str) -> TestRequest {
    get(path).peer_addr(format!("{peer}:4711").parse().unwrap())
}

#[actix_web::test]
async fn the_peer_counts_and_no_header() {
    let house = House::new().await;
    let tokens = restricted(&house).await;
    let gate = house.gate();
    let app = init_service(
        App::new().service(web::resource("/").get(address).wrap(Authenticate::from(gate.clone()))).service(
            web::resource("/direct").get(address).wrap(Authenticate::from(gate.accepting_api_tokens())),
        ),
    )
    .await;
    let denied = Refusal::Denied(Denial::Network);
    for (path, token) in [("/", &tokens.access), ("/direct", &tokens.api)] {
        let reply = send(&app, from("10.9.9.9", path).bearer(token).to_request()).await;
        assert_eq!((reply.status, &*reply.body), (200, &b"Some(10.9.9.9)"[..]));
        let mapped = get(path).peer_addr("[::ffff:10.9.9.9]:1".parse().unwrap()).bearer(token);
        assert_eq!(send(&app, mapped.to_request()).await.status, 200);
        send(&app, from("192.0.2.1", path).bearer(token).to_request()).await.is(&denied);
        send(&app, get(path).bearer(token).to_request()).await.is(&denied);
        let forged = from("192.0.2.1", path).bearer(token).insert_header(("X-Forwarded-For", "10.1.1.1"));
        send(&app, forged.insert_header(("Forwarded", "for=10.1.1.1")).to_request()).await.is(&denied);
    }
}

#[actix_web::test]
async fn a_trusted_proxy_is_believed() {
    let house = House::new().await;
    let tokens = restricted(&house).await;
    let gate = house.gate().trusting_proxies([net("192.0.2.0/24")]);
    let app = init_service(
        App::new()
            .service(web::resource("/").get(address).wrap(Authenticate::from(gate.clone())))
            .service(jeton_actix::scope("/auth", gate)),
    )
    .await;
    let through = |request: TestRequest, hops: &[&str]| {
        hops.iter().fold(request, |request, hop| request.append_header(("X-Forwarded-For", *hop)))
    };
    let denied = Refusal::Denied(Denial::Network);
    let proxied = || from("192.0.2.1", "/").bearer(&tokens.access);
    let reply = send(&app, through(proxied(), &["203.0.113.9, 10.1.1.1"]).to_request()).await;
    assert_eq!((reply.status, &*reply.body), (200, &b"Some(10.1.1.1)"[..]));
    let reply = send(&app, through(proxied(), &["203.0.113.9", "10.1.1.1", "192.0.2.7"]).to_request()).await;
    assert_eq!(reply.status, 200, "several headers are one list");
    send(&app, through(proxied(), &["10.1.1.1, 203.0.113.9"]).to_request()).await.is(&denied);
    send(&app, through(proxied(), &["10.1.1.1", "unknown"]).to_request()).await.is(&denied);
    let elsewhere = from("198.51.100.1", "/").bearer(&tokens.access);
    send(&app, through(elsewhere, &["10.1.1.1"]).to_request()).await.is(&denied);

    let exchange = |peer: &str| {
        TestRequest::post()
            .uri("/auth/exchange")
            .peer_addr(format!("{peer}:1").parse().unwrap())
            .bearer(&tokens.api)
    };
    assert_eq!(send(&app, through(exchange("192.0.2.1"), &["10.1.1.1"]).to_request()).await.status, 200);
    assert_eq!(send(&app, exchange("10.1.1.1").to_request()).await.status, 200);
    send(&app, through(exchange("203.0.113.1"), &["10.1.1.1"]).to_request()).await.is(&denied);
}
