//! A resource server in axum.

use std::{net::SocketAddr, process::ExitCode};

use axum::{Json, Router, extract::State, routing::get};
use http::StatusCode;
use jeton::{
    Verifier,
    policy::{anybody, audience, role},
};
use jeton_axum::{Authenticated, Protected};
use resource_server::Server;
use serde_json::Value;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program talks to whoever starts it")]
async fn main() -> ExitCode {
    resource_server::log_to_stderr();
    let server = match resource_server::start() {
        Ok(server) => server,
        Err(error) => {
            eprintln!("error: {}", error.report());
            return ExitCode::FAILURE;
        }
    };
    match serve(server).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program talks to whoever starts it")]
async fn serve(server: Server) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(server.listener)?;
    let protected = Protected::new(server.gate)
        .get("/whoami", anybody(), whoami)
        .get("/reports", role("reader"), async || Json(resource_server::reports()))
        .get("/external", audience("external"), whoami);
    let app = Router::new().merge(protected).route("/health/ready", get(ready)).with_state(server.verifier);
    println!("listening: {}", server.url);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn whoami(who: Authenticated) -> Json<Value> {
    Json(resource_server::whoami(&who))
}

async fn ready(State(verifier): State<Verifier>) -> (StatusCode, Json<Value>) {
    let (ready, body) = resource_server::health(&verifier);
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}
