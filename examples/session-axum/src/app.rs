//! The app: its login, its sessions, and the routes of jeton inside of them.

use axum::{
    Form, Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::post,
};
use http::StatusCode;
use jeton::Authority;
use jeton_axum::HostSession;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite};

const USER: &str = "user";

pub(crate) fn router(authority: Authority) -> Router {
    let sessions =
        SessionManagerLayer::new(MemoryStore::default()).with_same_site(SameSite::Strict).with_secure(false);
    Router::new()
        .route("/login", post(login))
        .nest("/auth", jeton_axum::router(authority))
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
