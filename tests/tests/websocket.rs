//! A WebSocket is closed when the token that opened it ends, and not before.

use std::time::Duration;

use end_to_end::{Framework, Local, LocalApp, on_both};
use futures_util::{SinkExt as _, StreamExt as _};
use jeton::{Account, Timestamp};
use jeton_testkit::FakeClock;
use serde_json::json;
use tokio::{net::TcpStream, time::Instant};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

on_both!(it_ends_when_the_token_is_revoked, it_ends_when_the_token_expires, it_asks_for_a_token);

/// It takes a second at most; machines that are busy with other tests are given another one.
const SOON: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TcpStream>;

async fn open(app: &LocalApp, token: &str) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/echo", app.address()).into_client_request().unwrap();
    if !token.is_empty() {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let stream = TcpStream::connect(app.address()).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// It is open, and answers.
async fn echoes(socket: &mut Socket) {
    socket.send(Message::text("are you there?")).await.unwrap();
    let answer = tokio::time::timeout(SOON, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(answer, Message::text("are you there?"));
}

/// It says nothing for so long.
async fn stays_open(socket: &mut Socket, span: Duration) {
    let said = tokio::time::timeout(span, socket.next()).await;
    assert!(said.is_err(), "it should stay open: {said:?}");
}

/// It is closed with the reason, and the connection is given up; and how long that took from then on.
async fn is_closed(socket: &mut Socket, since: Instant) -> Duration {
    let frame = tokio::time::timeout(SOON, socket.next()).await.expect("it is not closed in time");
    let took = since.elapsed();
    let close = CloseFrame { code: CloseCode::Policy, reason: "the token has ended".into() };
    assert_eq!(frame.unwrap().unwrap(), Message::Close(Some(close)));
    let rest = tokio::time::timeout(SOON, socket.next()).await.expect("the connection stays open");
    assert!(!matches!(rest, Some(Ok(_))), "{rest:?}");
    took
}

async fn it_ends_when_the_token_is_revoked(framework: Framework) {
    let app = Local::new(framework).user("alice", Account::active()).start().await;
    let admin = app.admin().await;
    let revoke = async |action: &str| {
        let made =
            admin.post("/auth/tokens", json!({"name": action, "subject": "alice"})).await.is(201).json();
        let token = app.exchange(made["api_token"].as_str().unwrap()).await.token().to_owned();
        let other = app.as_user("alice").await.token().to_owned();
        let (mut socket, mut other) = (open(&app, &token).await.unwrap(), open(&app, &other).await.unwrap());
        echoes(&mut socket).await;
        stays_open(&mut socket, Duration::from_millis(200)).await;
        // What takes nothing away closes nothing.
        let path = format!("/auth/tokens/{}", made["token"]["id"].as_str().unwrap());
        admin.patch(&path, json!({"description": "an open socket"})).await.is(200);
        echoes(&mut socket).await;

        let asked = Instant::now();
        match action {
            "delete" => admin.delete(&path).await.is(204),
            "narrow" => admin.patch(&path, json!({"roles": ["reader"]})).await.is(200),
            action => admin.post_empty(&format!("{path}/{action}")).await.is(200),
        };
        let took = is_closed(&mut socket, asked).await;
        eprintln!("{framework:?}: closed {took:?} after {action} was asked for");
        echoes(&mut other).await;
        assert_eq!(open(&app, &token).await.err(), Some(401));
    };
    for action in ["revoke", "disable", "delete", "narrow"] {
        revoke(action).await;
    }
}

async fn it_ends_when_the_token_expires(framework: Framework) {
    let clock = FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap());
    let app = Local::new(framework).user("alice", Account::active()).clock(&clock).start().await;
    let token = app.as_user("alice").await.token().to_owned();
    let mut socket = open(&app, &token).await.unwrap();
    echoes(&mut socket).await;
    clock.advance(Duration::from_secs(299));
    // Longer than it looks away.
    stays_open(&mut socket, Duration::from_millis(1500)).await;
    echoes(&mut socket).await;
    clock.advance(Duration::from_secs(1));
    is_closed(&mut socket, Instant::now()).await;
    assert_eq!(open(&app, &token).await.err(), Some(401));
}

async fn it_asks_for_a_token(framework: Framework) {
    let app = Local::new(framework).start().await;
    assert_eq!(open(&app, "").await.err(), Some(401));
    assert_eq!(open(&app, "a.b.c").await.err(), Some(401));
    let api_token = app.made(jeton::Generate::new("machine")).await;
    assert_eq!(open(&app, &api_token).await.err(), Some(401));
    // The client says goodbye by itself.
    let mut socket = open(&app, app.exchange(&api_token).await.token()).await.unwrap();
    echoes(&mut socket).await;
    socket.close(None).await.unwrap();
    let answer = tokio::time::timeout(SOON, socket.next()).await.unwrap();
    assert!(matches!(answer, Some(Ok(Message::Close(_))) | None), "{answer:?}");
}
