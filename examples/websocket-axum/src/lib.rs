//! An app with a WebSocket that ends with the token that opened it, in axum.

use std::time::Duration;

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    response::Response,
    routing::get,
};
use jeton::Principal;
use jeton_axum::{Authenticated, Gate, authenticate};

/// How long the last frame may take: who does not read goes without it.
const LAST_FRAME: Duration = Duration::from_secs(1);

/// `GET /echo`, a WebSocket for whoever has an access token.
pub fn router(gate: impl Into<Gate>) -> Router {
    Router::new().route("/echo", get(open)).layer(authenticate(gate))
}

async fn open(who: Authenticated, upgrade: WebSocketUpgrade) -> Response {
    let principal = who.principal().clone();
    upgrade.on_upgrade(async move |socket| serve(socket, &principal).await)
}

/// Serves until the client goes, or until its token ends: also while a message waits to be read by the client.
async fn serve(mut socket: WebSocket, principal: &Principal) {
    tokio::select! {
        () = echo(&mut socket) => return,
        () = principal.ended() => {}
    }
    let close = CloseFrame { code: close_code::POLICY, reason: "the token has ended".into() };
    let _ = tokio::time::timeout(LAST_FRAME, socket.send(Message::Close(Some(close)))).await;
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        // Pings are answered by axum.
        if let Message::Text(text) = message
            && socket.send(Message::Text(text)).await.is_err()
        {
            return;
        }
    }
}
