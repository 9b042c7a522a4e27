//! An app with a WebSocket that ends with the token that opened it, in actix-web.

use std::time::Duration;

use actix_web::{Error, HttpRequest, HttpResponse, web};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use jeton::Principal;
use jeton_actix::{Authenticate, Authenticated, Gate};

/// How long the last frame may take: who does not read goes without it.
const LAST_FRAME: Duration = Duration::from_secs(1);

/// `GET /echo`, a WebSocket for whoever has an access token.
pub fn routes(config: &mut web::ServiceConfig, gate: impl Into<Gate>) {
    let gate = Authenticate::from(gate.into());
    config.service(web::resource("/echo").route(web::get().to(open)).wrap(gate));
}

async fn open(request: HttpRequest, body: web::Payload, who: Authenticated) -> Result<HttpResponse, Error> {
    let (response, session, messages) = actix_ws::handle(&request, body)?;
    let principal = who.principal().clone();
    actix_web::rt::spawn(async move { serve(session, messages, &principal).await });
    Ok(response)
}

/// Serves until the client goes, or until its token ends: also while a message waits to be read by the client.
async fn serve(session: Session, messages: MessageStream, principal: &Principal) {
    tokio::select! {
        () = echo(session.clone(), messages) => return,
        () = principal.ended() => {}
    }
    let reason = CloseReason { code: CloseCode::Policy, description: Some("the token has ended".to_owned()) };
    let _ = tokio::time::timeout(LAST_FRAME, session.close(Some(reason))).await;
}

async fn echo(mut session: Session, mut messages: MessageStream) {
    while let Some(Ok(message)) = messages.recv().await {
        let sent = match message {
            Message::Text(text) => session.text(text).await,
            Message::Ping(bytes) => session.pong(&bytes).await,
            Message::Close(reason) => return drop(session.close(reason).await),
            _ => Ok(()),
        };
        if sent.is_err() {
            return;
        }
    }
}
