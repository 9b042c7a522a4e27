//! An app with sessions of its own, in axum with tower-sessions, whose users manage API tokens with them.

use std::{error::Error, sync::Arc};

use axum::{
    Form, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::post,
};
use http::StatusCode;
use jeton::{
    Account, Algorithm, Authority, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
    rights::TOKEN_ADMIN,
};
use jeton_axum::{HostSession, Routes};
use tower_sessions::{MemoryStore as Sessions, Session, SessionManagerLayer, cookie::SameSite};

const USER: &str = "user";

/// The app: its login, its sessions, and the routes of jeton inside of them.
pub fn router(routes: impl Into<Routes>) -> Router {
    let sessions =
        SessionManagerLayer::new(Sessions::default()).with_same_site(SameSite::Strict).with_secure(false);
    Router::new()
        .route("/login", post(login))
        .nest("/auth", jeton_axum::router(routes))
        .layer(from_fn(host_session))
        .layer(sessions)
}

#[derive(serde::Deserialize)]
struct Login {
    user: String,
}

/// A real app asks for more than a name.
async fn login(session: Session, Form(login): Form<Login>) -> Result<StatusCode, StatusCode> {
    // A new id, so that nobody can prepare a session for somebody else.
    session.cycle_id().await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    session.insert(USER, login.user).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tells jeton who is logged in. A session store that does not answer is no reason to take somebody for nobody.
async fn host_session(session: Session, mut request: Request, next: Next) -> Response {
    match session.get::<String>(USER).await {
        Ok(Some(subject)) => {
            request.extensions_mut().insert(HostSession { subject, tenant: None });
        }
        Ok(None) => {}
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
    next.run(request).await
}

/// An authority that knows a reader and an admin, and forgets its tokens with the process.
///
/// # Errors
///
/// If it cannot be built.
pub async fn authority() -> Result<Authority, Box<dyn Error>> {
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
