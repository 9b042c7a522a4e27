//! Routes that are registered with what they ask for.

use actix_web::{
    App,
    http::Method,
    test::{TestRequest, init_service},
    web,
};
use jeton::policy::{anybody, role, scope};
use jeton_actix::{Authenticated, Protected};

use crate::house::{Bearer as _, House, get, send};

fn protected(house: &House) -> Protected {
    Protected::new(house.gate())
        .get("/whoami", anybody(), async |who: Authenticated| who.subject().unwrap().to_owned())
        .get("/reports", role("reader"), async || "all of them")
        .post("/reports", scope("reports:write"), async || "stored")
        .put("/reports/{id}", anybody(), async || "put")
        .patch("/reports/{id}", anybody(), async || "patched")
        .delete("/reports/{id}", role("writer"), async || "gone")
}

fn with(method: Method, path: &str) -> TestRequest {
    TestRequest::with_uri(path).method(method)
}

#[actix_web::test]
async fn every_route_is_in_the_list() {
    let house = House::new().await;
    let lines: Vec<_> = protected(&house).rules().iter().map(ToString::to_string).collect();
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

#[actix_web::test]
async fn each_method_asks_for_its_own() {
    let house = House::new().await;
    let app = init_service(App::new().service(protected(&house))).await;
    let (alice, _) = house.access_token("alice").await;
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
        let request = with(method.clone(), path).bearer(&alice).to_request();
        assert_eq!(send(&app, request).await.status, status, "{method} {path}");
        assert_eq!(send(&app, with(method, path).to_request()).await.status, 401);
    }
}

#[actix_web::test]
async fn other_methods_are_told_to_who_may_in() {
    let house = House::new().await;
    // Under a path of its own too.
    let v2 = web::scope("/v2").service(protected(&house));
    let app = init_service(App::new().service(protected(&house)).service(v2)).await;
    let (alice, _) = house.access_token("alice").await;
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
            let reply = send(&app, with(method.clone(), path).bearer(&alice).to_request()).await;
            assert_eq!((reply.status, reply.header("Allow")), (405, Some(allow)), "{method} {path}");
            if method == Method::HEAD {
                assert_eq!(reply.body.len(), 0);
            } else {
                assert_eq!(reply.json()["code"], "method_not_allowed");
            }
            let refused = send(&app, with(method, path).to_request()).await;
            assert_eq!((refused.status, refused.header("Allow")), (401, None));
        }
        let options = send(&app, with(Method::OPTIONS, path).bearer(&alice).to_request()).await;
        assert_eq!((options.status, options.header("Allow"), options.body.len()), (204, Some(allow), 0));
        assert_eq!(send(&app, with(Method::OPTIONS, path).to_request()).await.status, 401);
    }
    assert_eq!(send(&app, get("/nowhere").bearer(&alice).to_request()).await.status, 404);
}
