//! What others find out by themselves: the metadata of the issuer and of the app.

use end_to_end::{App, Framework, Setup, on_both};
use serde_json::json;

on_both!(both_documents_stand_at_the_origin, they_follow_the_path_of_the_issuer);

const ISSUER: &str = "/.well-known/oauth-authorization-server/auth";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

async fn both_documents_stand_at_the_origin(framework: Framework) {
    let app = App::start(framework).await;
    let issuer = format!("{}/auth", app.url);
    for path in [ISSUER, RESOURCE] {
        let answer = app.anon().get(path).await.is(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let head = app.anon().request("HEAD", path).send().await.is(200);
        assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()));
        assert!(head.body.is_empty());
        for method in ["POST", "PUT", "DELETE"] {
            let refused = app.anon().request(method, path).send().await;
            refused.problem(405, "method_not_allowed");
            assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        }
        let document = answer.json();
        for (name, value) in document.as_object().unwrap() {
            assert!(!value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()), "{name}");
        }
    }

    let resource = app.anon().get(RESOURCE).await.json();
    assert_eq!(resource["resource"], app.url);
    assert_eq!(resource["authorization_servers"], json!([issuer]));
    assert_eq!(resource["bearer_methods_supported"], json!(["header"]));

    let document = app.anon().get(ISSUER).await.json();
    assert_eq!(document["issuer"], issuer);
    assert!(document["response_types_supported"].is_array());
    // Each place that it names is there, and is what it says.
    let path = |name: &str| document[name].as_str().unwrap().strip_prefix(&app.url).unwrap().to_owned();
    for name in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
        app.anon().post_form(&path(name), &[("a", "b")]).await.oauth_error(
            if name == "introspection_endpoint" { 401 } else { 400 },
            if name == "introspection_endpoint" { "invalid_client" } else { "invalid_request" },
        );
        for method in document[format!("{name}_auth_methods_supported")].as_array().unwrap() {
            let known = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"];
            assert!(known.contains(&method.as_str().unwrap()), "{name}: {method}");
        }
        assert_eq!(document[format!("{name}_auth_signing_alg_values_supported")], json!(["HS256"]));
    }
    app.anon().get(&path("jwks_uri")).await.is(200);
    for grant in document["grant_types_supported"].as_array().unwrap() {
        let fields = [("grant_type", grant.as_str().unwrap())];
        let answer = app.anon().post_form(&path("token_endpoint"), &fields).await;
        assert_ne!(answer.json()["error"], "unsupported_grant_type");
    }
}

async fn they_follow_the_path_of_the_issuer(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_ISSUER", "https://app.example/tenant/one/auth");
    let app = setup.start().await;
    let document =
        app.anon().get("/.well-known/oauth-authorization-server/tenant/one/auth").await.is(200).json();
    assert_eq!(document["issuer"], "https://app.example/tenant/one/auth");
    assert_eq!(document["token_endpoint"], "https://app.example/tenant/one/auth/oauth2/token");
    let document = app.anon().get("/.well-known/oauth-protected-resource/tenant/one").await.is(200).json();
    assert_eq!(document["resource"], "https://app.example/tenant/one");
    app.anon().get(ISSUER).await.is(404);
    app.anon().get(RESOURCE).await.is(404);
}
