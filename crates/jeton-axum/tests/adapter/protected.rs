//! Routes that are registered with what they ask for.

use axum::Router;
use http::{Method, StatusCode};
use jeton::{
    Authority,
    policy::{anybody, role, scope},
};
use jeton_axum::{Authenticated, Protected};

use crate::house::{access_token, ask, authority, code, header};

fn protected(authority: &Authority) -> Protected {
    Protected::new(authority.clone())
        .get("/whoami", anybody(), async |who: Authenticated| who.subject().unwrap().to_owned())
        .get("/reports", role("reader"), async || "all of them")
        .post("/reports", scope("reports:write"), async || "stored")
        .put("/reports/{id}", anybody(), async || "put")
        .patch("/reports/{id}", anybody(), async || "patched")
        .delete("/reports/{id}", role("writer"), async || "gone")
}

#[tokio::test]
async fn every_route_is_in_the_list() {
    let lines: Vec<_> = protected(&authority().await).rules().iter().map(ToString::to_string).collect();
    let expected = [
        "GET /whoami anybody",
        "GET /reports role(reader)",
        "POST /reports scope(reports:write)",
        "PUT /reports/{id} anybody",
        "PATCH /reports/{id} anybody",
        "DELETE /reports/{id} role(writer)",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn each_method_asks_for_its_own() {
    let authority = authority().await;
    let alice = access_token(&authority, "alice").await;
    let app = Router::new().merge(protected(&authority));
    for (method, path, status) in [
        (Method::GET, "/whoami", 200),
        (Method::HEAD, "/whoami", 200),
        (Method::GET, "/reports", 200),
        (Method::HEAD, "/reports", 200),
        (Method::POST, "/reports", 403),
        (Method::PUT, "/reports/1", 200),
        (Method::PATCH, "/reports/1", 200),
        (Method::DELETE, "/reports/1", 403),
    ] {
        let answer = ask(&app, method.clone(), path, &alice).await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert_eq!(answer.body().is_empty(), method == Method::HEAD, "{method} {path}");
        assert_eq!(ask(&app, method, path, "").await.status(), 401);
    }
}

#[tokio::test]
async fn other_methods_are_told_to_who_may_in() {
    let authority = authority().await;
    let alice = access_token(&authority, "alice").await;
    // Under a path of its own too.
    let app = Router::new().merge(protected(&authority)).nest("/v2", protected(&authority).into());
    for (path, allow) in [
        ("/whoami", "GET, HEAD"),
        ("/reports", "GET, HEAD, POST"),
        ("/reports/1", "PUT, PATCH, DELETE"),
        ("/v2/reports", "GET, HEAD, POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            if allow.split(", ").any(|served| served == method) {
                continue;
            }
            let method: Method = method.parse().unwrap();
            let answer = ask(&app, method.clone(), path, &alice).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(header(&answer, "allow"), Some(allow), "{method} {path}");
            if method != Method::HEAD {
                assert_eq!(code(&answer), "method_not_allowed");
            }
            let refused = ask(&app, method, path, "").await;
            assert_eq!((refused.status(), header(&refused, "allow")), (StatusCode::UNAUTHORIZED, None));
        }
        let options = ask(&app, Method::OPTIONS, path, &alice).await;
        assert_eq!((options.status(), header(&options, "allow")), (StatusCode::NO_CONTENT, Some(allow)));
        let refused = ask(&app, Method::OPTIONS, path, "").await;
        assert_eq!((refused.status(), header(&refused, "allow")), (StatusCode::UNAUTHORIZED, None));
    }
    assert_eq!(ask(&app, Method::GET, "/nowhere", &alice).await.status(), 404);
}
