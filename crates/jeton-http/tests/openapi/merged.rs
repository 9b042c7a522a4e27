//! The document of a host, with its own protected routes and ours.

use jeton::policy::{Policy, anybody, role, scope};
use jeton_http::{Gate, RouteRule, merge_openapi, path_items};
use serde_json::{Value, json};

use crate::house::{House, operations};

fn rule(method: &'static str, path: &str, policy: Policy) -> RouteRule {
    RouteRule { method, path: path.to_owned(), policy }
}

fn rules() -> Vec<RouteRule> {
    vec![
        rule("GET", "/whoami", anybody()),
        rule("GET", "/reports/{id}", role("reader")),
        rule("POST", "/reports/{id}", scope("reports:write").and(role("writer"))),
    ]
}

async fn merged(house: &House, gate: &Gate) -> Value {
    let host = json!({
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": path_items(gate, &rules()),
    });
    merge_openapi(host, &house.routes.openapi()).unwrap()
}

#[tokio::test]
async fn a_host_has_its_routes_and_ours_in_one_document() {
    let house = House::new().await;
    let document = merged(&house, &Gate::new(house.routes.authority().unwrap().clone())).await;
    let schema: Value = serde_json::from_str(include_str!("schema.json")).unwrap();
    let errors: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let ours = operations(&house.routes.openapi()).len();
    assert_eq!(operations(&document).len(), ours + 3);
    for path in ["/whoami", "/auth/tokens/{id}", "/.well-known/oauth-authorization-server/auth"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    assert_eq!(document["info"]["title"], "Shop");
    assert_eq!(document.get("servers"), None, "the host says where it is");
}

#[tokio::test]
async fn a_protected_route_says_what_it_asks_for_and_how_it_refuses() {
    let house = House::new().await;
    let gate = Gate::new(house.routes.authority().unwrap().clone());
    let items = Value::Object(path_items(&gate, &rules()));
    let post = &items["/reports/{id}"]["post"];
    assert_eq!(post["security"], json!([{"accessToken": ["reports:write"]}]));
    assert_eq!(post["description"], "Asks for: scope(reports:write) and role(writer).");
    let codes = |operation: &Value, status: &str| {
        let schema = &operation["responses"][status]["content"]["application/problem+json"]["schema"];
        schema["properties"]["code"]["enum"].clone()
    };
    assert_eq!(codes(post, "403"), json!(["insufficient_scope", "network_denied", "role_denied"]));
    assert_eq!(codes(&items["/whoami"]["get"], "403"), json!(["network_denied"]));
    assert_eq!(codes(post, "401"), json!(["invalid_token", "no_credentials"]));
    assert_eq!(items["/reports/{id}"]["parameters"][0]["name"], "id");

    let open = Value::Object(path_items(&gate.accepting_api_tokens().optional(), &rules()));
    assert_eq!(open["/whoami"]["get"]["security"], json!([{"accessToken": []}, {"apiToken": []}, {}]));
}
