//! The app: its login, its sessions, and the routes of jeton inside of them.

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
use jeton::Authority;
use jeton_actix::HostSession;

const USER: &str = "user";

pub(crate) fn sessions(key: &Key) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), key.clone())
        .cookie_same_site(SameSite::Strict)
        .cookie_secure(false)
        .build()
}

pub(crate) fn routes(config: &mut web::ServiceConfig, authority: Authority) {
    let tokens = web::scope("/auth").wrap(from_fn(host_session)).service(jeton_actix::routes(authority));
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
