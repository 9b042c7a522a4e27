//! The extractors, in what the table does not say.

use axum::{Extension, Router, extract::State, routing::get};
use http::{Method, StatusCode};
use jeton::policy::{anybody, role, scope};
use jeton_axum::{Authenticated, Context, Gate, Require, authenticate, authorize};

use crate::house::{access_token, ask, authority, code};

jeton::requirement! { struct Reader = role("reader"); }

async fn strict(who: Authenticated) -> String {
    assert_eq!(who.context().principal(), Some(who.principal()));
    assert_eq!(who.facts().address, None);
    who.subject().unwrap_or("a service").to_owned()
}

async fn maybe(who: Option<Authenticated>) -> String {
    who.map_or("nobody".to_owned(), |who| who.subject().unwrap_or("a service").to_owned())
}

async fn why(who: Authenticated) -> String {
    let refused = who.authorized(&scope("reports:write")).unwrap_err();
    format!("{:?}", refused.refusal())
}

/// Beside other extractors, and with a state.
async fn reader(
    State(state): State<u8>,
    who: Require<Reader>,
    Extension(context): Extension<Context>,
) -> String {
    assert_eq!(context.principal(), Some(who.principal()));
    format!("{state} {}", who.subject().unwrap())
}

fn app() -> Router<u8> {
    Router::new()
        .route("/strict", get(strict))
        .route("/maybe", get(maybe))
        .route("/why", get(why))
        .route("/reader", get(reader))
}

#[tokio::test]
async fn they_hand_over_the_principal() {
    let authority = authority().await;
    let alice = access_token(&authority, "alice").await;
    let app = app().layer(authenticate(Gate::new(authority).optional())).with_state(7);
    for (path, bearer, body) in [
        ("/strict", &*alice, "alice"),
        ("/maybe", &alice, "alice"),
        ("/maybe", "", "nobody"),
        ("/reader", &alice, "7 alice"),
        ("/why", &alice, r#"Denied(Scope({"reports:write"}))"#),
    ] {
        let answer = ask(&app, Method::GET, path, bearer).await;
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, body.as_bytes()), "{path}");
    }
    for path in ["/strict", "/reader"] {
        assert_eq!(code(&ask(&app, Method::GET, path, "").await), "no_credentials");
    }
}

#[tokio::test]
async fn without_the_layer_none_of_them_guesses() {
    let app = app().with_state(7);
    for path in ["/strict", "/maybe", "/why", "/reader"] {
        let answer = ask(&app, Method::GET, path, "").await;
        assert_eq!((answer.status(), &*code(&answer)), (StatusCode::INTERNAL_SERVER_ERROR, "layer_missing"));
    }
}

/// In axum the layer that was added last stands outside.
#[tokio::test]
async fn the_wrong_order_is_a_missing_layer() {
    let authority = authority().await;
    let alice = access_token(&authority, "alice").await;
    let inside = Router::new().route("/", get(async || "never")).layer(authenticate(authority));
    let app = inside.layer(authorize(anybody()));
    assert_eq!(code(&ask(&app, Method::GET, "/", &alice).await), "layer_missing");
}

/// Who may not in learns nothing about which paths there are.
#[tokio::test]
async fn a_layer_around_the_app_guards_what_is_not_there_too() {
    let authority = authority().await;
    let alice = access_token(&authority, "alice").await;
    let inside = Router::new().route("/", get(async || "in")).fallback(async || StatusCode::NOT_FOUND);
    let app = inside.layer(authenticate(authority));
    assert_eq!(ask(&app, Method::GET, "/nowhere", "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, Method::GET, "/nowhere", &alice).await.status(), StatusCode::NOT_FOUND);
}
