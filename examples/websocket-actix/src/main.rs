//! Serves the app, with a token for `alice`.

use std::{error::Error, sync::Arc};

use actix_web::{App, HttpServer};
use jeton::{Account, Authority, Caller, Generate, MasterKey, MemoryStore, StaticDirectory, SystemRandom};

#[actix_web::main]
#[expect(clippy::print_stdout, reason = "the token is for whoever starts the program")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = Arc::new(MemoryStore::new());
    let authority = Authority::builder("http://127.0.0.1:3004/auth")
        .store(store.clone())
        .managed_keys(store, MasterKey::generate(&SystemRandom)?)
        .directory(Arc::new(StaticDirectory::new().with("alice", Account::active())))
        .build()
        .await?;
    let token = Generate::new("WebSocket").with_subject("alice");
    let token = authority.generate(&Caller::system("setup"), token).await?;
    println!("API token: {}", token.api_token.expose());

    let app = move || {
        let authority = authority.clone();
        App::new()
            .service(jeton_actix::scope("/auth", authority.clone()))
            .configure(|config| websocket_actix::routes(config, authority))
    };
    HttpServer::new(app).bind("127.0.0.1:3004")?.run().await?;
    Ok(())
}
