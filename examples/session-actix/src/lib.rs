//! An app with sessions of its own, in actix-web with actix-session, whose users manage API tokens with them.

use std::sync::Arc;

use actix_session::{Session, SessionExt as _, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::MessageBody,
    cookie::{Key, SameSite},
    dev::{ServiceRequest, ServiceResponse},
    error::{ErrorInternalServerError, ErrorServiceUnavailable},
    middleware::{Next, from_fn},
    web,
};
use jeton::{
    Account, Algorithm, Authority, MemoryStore, SigningKey, StaticDirectory, SystemRandom,
    rights::TOKEN_ADMIN,
};
use jeton_actix::{HostSession, Routes};

const USER: &str = "user";

/// The sessions, in cookies that the key seals: the middleware around the whole app.
pub fn sessions(key: &Key) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
        .cookie_same_site(SameSite::Strict)
        .cookie_secure(false)
        .build()
}

/// The login, and the routes of jeton inside of the sessions.
pub fn routes(config: &mut web::ServiceConfig, routes: impl Into<Routes>) {
    let tokens = web::scope("/auth").wrap(from_fn(host_session)).service(jeton_actix::routes(routes));
    config.route("/login", web::post().to(login)).service(tokens);
}

#[derive(serde::Deserialize)]
struct Login {
    user: String,
}

/// A real app asks for more than a name.
async fn login(session: Session, login: web::Form<Login>) -> Result<HttpResponse, Error> {
    session.renew();
    session.insert(USER, &login.user).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Tells jeton who is logged in. A session that cannot be read is no reason to take somebody for nobody.
async fn host_session(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let user = request.get_session().get::<String>(USER).map_err(ErrorServiceUnavailable)?;
    if let Some(subject) = user {
        request.extensions_mut().insert(HostSession { subject, tenant: None });
    }
    next.call(request).await
}

/// An authority that knows a reader and an admin, and forgets its tokens with the process.
///
/// # Errors
///
/// If it cannot be built.
pub async fn authority() -> Result<Authority, Box<dyn std::error::Error>> {
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
