//! An app with sessions of its own, whose admins manage API tokens with them.

mod app;

use std::sync::Arc;

use actix_web::{App, HttpServer, cookie::Key};
use jeton::{
    Account, Algorithm, Authority, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
    rights::TOKEN_ADMIN,
};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (authority, key) = (authority().await?, Key::generate());
    let app = move || {
        let authority = authority.clone();
        App::new().wrap(app::sessions(&key)).configure(|config| app::routes(config, authority))
    };
    HttpServer::new(app).bind("127.0.0.1:3002")?.run().await?;
    Ok(())
}

async fn authority() -> Result<Authority, Box<dyn std::error::Error>> {
    let users = StaticDirectory::new()
        .with("alice", Account::active().with_role("reader"))
        .with("root", Account::active().with_role(TOKEN_ADMIN));
    let authority = Authority::builder("http://127.0.0.1:3002/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(users))
        .api_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom)?])
        .access_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom)?])
        .build()
        .await?;
    Ok(authority)
}

#[cfg(test)]
mod tests;
