//! An app with sessions of its own, whose admins manage API tokens with them.

mod app;

use std::sync::Arc;

use jeton::{
    Account, Algorithm, Authority, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
    rights::TOKEN_ADMIN,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3001").await?;
    axum::serve(listener, app::router(authority().await?)).await?;
    Ok(())
}

async fn authority() -> Result<Authority, Box<dyn std::error::Error>> {
    let users = StaticDirectory::new()
        .with("alice", Account::active().with_role("reader"))
        .with("root", Account::active().with_role(TOKEN_ADMIN));
    let authority = Authority::builder("http://127.0.0.1:3001/auth")
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
