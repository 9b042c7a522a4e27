//! A resource server in actix-web.

use std::process::ExitCode;

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data, Json},
};
use jeton::{
    Verifier,
    policy::{anybody, audience, role},
};
use jeton_actix::{Authenticated, Protected};
use resource_server::Server;
use serde_json::Value;

#[actix_web::main]
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
    let (gate, verifier) = (server.gate, server.verifier);
    let app = move || {
        let protected = Protected::new(gate.clone())
            .get("/whoami", anybody(), whoami)
            .get("/reports", role("reader"), async || Json(resource_server::reports()))
            .get("/external", audience("external"), whoami);
        App::new()
            .app_data(Data::new(verifier.clone()))
            .service(protected)
            .service(web::resource("/health/ready").get(ready))
    };
    println!("listening: {}", server.url);
    HttpServer::new(app).listen(server.listener)?.run().await
}

async fn whoami(who: Authenticated) -> Json<Value> {
    Json(resource_server::whoami(&who))
}

async fn ready(verifier: Data<Verifier>) -> HttpResponse {
    let (ready, body) = resource_server::health(&verifier);
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}
