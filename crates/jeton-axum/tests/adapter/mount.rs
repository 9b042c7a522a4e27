//! Where and how the routes of jeton are mounted.

use std::pin::Pin;

use axum::{Router, body::Body, extract::DefaultBodyLimit, routing::get};
use http::{Method, Request, StatusCode};
use jeton_axum::{Answer, Authenticated, Gate, HostSession, Pages, Routes, authenticate, pages, router};
use serde_json::{Value, json};
use tower::Layer as _;

use crate::house::{access_token, ask, authority, code, header, send};

#[tokio::test]
async fn nested_merged_and_with_a_state() {
    let authority = authority().await;
    let app: Router = Router::<u8>::new()
        .route("/", get(async || "home"))
        .nest("/auth", router(authority.clone()))
        .nest("/v2/auth", router(Gate::new(authority.clone())))
        .merge(router(Routes::new(Gate::new(authority.clone()))))
        .with_state(7);
    let root = access_token(&authority, "root").await;
    for path in ["/auth/tokens", "/v2/auth/tokens", "/tokens"] {
        assert_eq!(ask(&app, Method::GET, path, &root).await.status(), StatusCode::OK, "{path}");
        let unknown = ask(&app, Method::GET, &format!("{path}/no-id"), &root).await;
        assert_eq!((unknown.status(), &*code(&unknown)), (StatusCode::NOT_FOUND, "not_found"));
    }
    assert_eq!(ask(&app, Method::GET, "/auth/nothing", &root).await.status(), StatusCode::NOT_FOUND);
}

/// Around a whole router or on each of its routes, what is there and what is not: both refuse the same.
#[tokio::test]
async fn around_a_whole_router() {
    let authority = authority().await;
    let routes =
        Router::new().route("/reports", get(async |who: Authenticated| who.subject().unwrap().to_owned()));
    let around = authenticate(authority.clone()).layer(routes.clone());
    let alone = Router::new().fallback_service(around.clone());
    let beside = Router::new().nest("/auth", router(authority.clone())).fallback_service(around);
    let inside = routes.layer(authenticate(authority.clone()));
    let alice = access_token(&authority, "alice").await;
    for app in [&alone, &beside, &inside] {
        let answer = ask(app, Method::GET, "/reports", &alice).await;
        assert_eq!((answer.status(), &answer.body()[..]), (StatusCode::OK, &b"alice"[..]));
        assert_eq!(ask(app, Method::GET, "/reports", "").await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(ask(app, Method::GET, "/reports", "bad").await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(ask(app, Method::GET, "/nothing", &alice).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(ask(app, Method::GET, "/nothing", "").await.status(), StatusCode::UNAUTHORIZED);
    }
    let exchange = ask(&beside, Method::POST, "/auth/exchange", "").await;
    assert_eq!(&*code(&exchange), "no_credentials", "it answers by itself");
    let root = access_token(&authority, "root").await;
    assert_eq!(ask(&beside, Method::GET, "/auth/tokens", &root).await.status(), StatusCode::OK);
}

/// The parameter is the one of the route, decoded, whatever the host's own path has.
#[tokio::test]
async fn parameters_of_the_host_are_not_taken() {
    let authority = authority().await;
    let app: Router = Router::new().nest("/{id}/{name}", router(authority.clone()));
    let root = access_token(&authority, "root").await;
    let request = Request::put("/a/b/audiences/reports%2Eexport")
        .header("authorization", format!("Bearer {root}"))
        .header("content-type", "application/json")
        .body(Body::from(r#"{"subjects": ["alice"]}"#));
    let answer = send(&app, request.unwrap()).await;
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!((answer.status(), &body["name"]), (StatusCode::OK, &json!("reports.export")), "{body}");
}

#[tokio::test]
async fn bodies_are_limited_by_the_contract_and_not_by_the_host() {
    let authority = authority().await;
    let app: Router = Router::new().nest("/auth", router(authority.clone())).layer(DefaultBodyLimit::max(10));
    let root = access_token(&authority, "root").await;
    let generate = |body: Body| {
        let request = Request::post("/auth/tokens").header("authorization", format!("Bearer {root}"));
        request.header("content-type", "application/json").body(body).unwrap()
    };
    let small = send(&app, generate(Body::from(r#"{"name": "more than ten bytes"}"#))).await;
    assert_eq!(small.status(), StatusCode::CREATED);
    assert!(header(&small, "location").unwrap().starts_with("/auth/tokens/"));
    let long = send(&app, generate(Body::from("x".repeat(64 * 1024 + 1)))).await;
    assert_eq!((long.status(), &*code(&long)), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    let fits = send(&app, generate(Body::from("x".repeat(64 * 1024)))).await;
    assert_eq!((fits.status(), &*code(&fits)), (StatusCode::BAD_REQUEST, "invalid_json"));
}

/// A layer of ours around them is one too many, and refuses as it would elsewhere.
#[tokio::test]
async fn a_layer_around_them_wants_an_access_token_for_the_exchange() {
    let authority = authority().await;
    let app: Router =
        Router::new().nest("/auth", router(authority.clone())).layer(authenticate(authority.clone()));
    assert_eq!(code(&ask(&app, Method::POST, "/auth/exchange", "").await), "no_credentials");
}

/// Pages that tell what they were asked for.
#[derive(Clone)]
struct Echo;

impl Pages for Echo {
    fn respond<'a>(
        &'a self,
        path: &'a str,
        request: jeton_http::Request,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(async move {
            let user = request.session.map(|session| session.subject);
            Answer::new(format!("{} {path} {:?} {user:?}", request.method, request.query).into())
        })
    }
}

#[tokio::test]
async fn pages_get_every_path_below_their_own() {
    let authority = authority().await;
    let merged: Router = Router::new()
        .merge(pages("/auth/console", Echo))
        .nest("/auth", router(authority.clone()))
        .fallback(async || StatusCode::IM_A_TEAPOT);
    let nested: Router = Router::new().nest("/auth", router(authority).merge(pages("/console/", Echo)));
    for app in [&merged, &nested] {
        for (method, path, expected) in [
            (Method::GET, "/auth/console", "GET  None None"),
            (Method::GET, "/auth/console/", "GET / None None"),
            (Method::POST, "/auth/console/a/b%20c?d=e", "POST /a/b c Some(\"d=e\") None"),
            (Method::DELETE, "/auth/console/a/", "DELETE /a/ None None"),
        ] {
            let answer = ask(app, method, path, "").await;
            assert_eq!(
                (answer.status(), answer.body().as_ref()),
                (StatusCode::OK, expected.as_bytes()),
                "{path}"
            );
        }
        let head = ask(app, Method::HEAD, "/auth/console/a", "").await;
        assert_eq!((head.body().len(), header(&head, "content-length")), (0, Some("17")));
        let beside = ask(app, Method::GET, "/auth/consoles", "").await;
        assert!([404, 418].contains(&beside.status().as_u16()));
        let session = HostSession { subject: "alice".to_owned(), tenant: None };
        let request = Request::get("/auth/console/me").extension(session).body(Body::empty()).unwrap();
        assert_eq!(send(app, request).await.body().as_ref(), b"GET /me None Some(\"alice\")");
    }
    let alone: Router = pages("/", Echo);
    assert_eq!(ask(&alone, Method::GET, "/", "").await.body().as_ref(), b"GET / None None");
    assert_eq!(ask(&alone, Method::GET, "/x", "").await.body().as_ref(), b"GET /x None None");
}
