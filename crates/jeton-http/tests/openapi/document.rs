//! The document by itself: valid, whole, and each example as its schema says.

use std::collections::BTreeSet;

use http::Method;
use jeton_http::{Endpoint, WellKnown};
use serde_json::{Value, json};

use crate::house::{House, operations, rooted};

/// See the README beside it.
const OAS_31: &str = include_str!("schema.json");

#[tokio::test]
async fn it_is_an_openapi_document() {
    let schema: Value = serde_json::from_str(OAS_31).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for issuer in ["https://app.example/auth", "https://app.example", "http://127.0.0.1:3000/a/b"] {
        let document = House::at(issuer).await.routes.openapi();
        let errors: Vec<_> = validator
            .iter_errors(&document)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    assert!(!validator.is_valid(&json!({"openapi": "3.0.0", "info": {}})), "the validator says no too");
}

#[tokio::test]
async fn every_path_and_method_is_in_it_and_nothing_else() {
    let house = House::new().await;
    let document = house.routes.openapi();
    let mut expected = BTreeSet::new();
    for endpoint in Endpoint::ALL {
        for method in endpoint.methods().iter().filter(|method| **method != "HEAD") {
            expected.insert((endpoint.path().to_owned(), method.to_ascii_lowercase()));
        }
    }
    for document in WellKnown::ALL {
        expected.insert((house.routes.well_known_path(document), "get".to_owned()));
    }
    let found = operations(&document);
    assert_eq!(
        found.iter().map(|(path, method, _)| (path.clone(), method.clone())).collect::<BTreeSet<_>>(),
        expected
    );
    let ids: BTreeSet<_> =
        found.iter().map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), found.len(), "each operation has a name of its own");
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).map(Value::to_string).collect();
    let used: BTreeSet<_> = found.iter().map(|(.., operation)| operation["tags"][0].to_string()).collect();
    assert_eq!(tags, used);
}

/// A stable contract: whoever makes a client from it calls these names.
#[tokio::test]
async fn the_names_of_operations_stay() {
    let document = House::new().await.routes.openapi();
    let ids: BTreeSet<_> =
        operations(&document).iter().map(|(.., found)| found["operationId"].to_string()).collect();
    let ids: Vec<_> = ids.iter().map(|id| id.trim_matches('"')).collect();
    assert_eq!(
        ids,
        [
            "cancelMyTokenRotation",
            "cancelTokenRotation",
            "changeTokens",
            "deleteMyToken",
            "deleteToken",
            "disableMyToken",
            "disableToken",
            "editMyToken",
            "editToken",
            "enableMyToken",
            "enableToken",
            "exchangeToken",
            "generateMyToken",
            "generateToken",
            "getAudience",
            "getCutOffs",
            "getIssuer",
            "getJwks",
            "getMyToken",
            "getOpenapi",
            "getOwnToken",
            "getResource",
            "getToken",
            "introspectToken",
            "issueAccessToken",
            "listAudiences",
            "listAuditEntries",
            "listKeys",
            "listMyTokens",
            "listTokens",
            "putAudience",
            "retireKey",
            "revealMyToken",
            "revealToken",
            "revokeAnyToken",
            "revokeMyToken",
            "revokeOwnToken",
            "revokeToken",
            "rotateKeys",
            "rotateMyToken",
            "rotateOwnToken",
            "rotateToken",
        ]
    );
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_schema_is_one() {
    let document = House::new().await.routes.openapi();
    let mut references = BTreeSet::new();
    collect(&document, "$ref", &mut references);
    for reference in &references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        jsonschema::validator_for(&rooted(&document, schema))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(references.contains(&format!("#/components/schemas/{name}")), "nobody refers to {name}");
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{name}.{member} is not explained");
        }
    }
    let mut schemes = BTreeSet::new();
    for (.., operation) in operations(&document) {
        for requirement in operation["security"].as_array().unwrap() {
            schemes.extend(requirement.as_object().unwrap().keys().cloned());
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let explained =
                parameter["description"].is_string() || parameter["schema"]["description"].is_string();
            assert!(explained, "{parameter}");
        }
    }
    let known: BTreeSet<_> =
        document["components"]["securitySchemes"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(schemes, known);
}

fn collect(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name).and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_example_is_as_its_schema_says() {
    let document = House::new().await.routes.openapi();
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        let bodies = operation.get("requestBody").into_iter();
        let answers = operation["responses"].as_object().unwrap().values();
        for (kind, content) in bodies.chain(answers).filter_map(|body| body["content"].as_object()).flatten()
        {
            let validator = jsonschema::options().should_validate_formats(true);
            let validator = validator.build(&rooted(&document, &content["schema"])).unwrap();
            let example =
                content.get("example").unwrap_or_else(|| panic!("{method} {path} {kind} has no example"));
            let errors: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{method} {path} {kind}: {errors:#?} in {example:#}");
            count += 1;
        }
    }
    assert!(count > 150, "{count}");
    for (.., schema) in document["components"]["schemas"].as_object().unwrap() {
        for (member, schema) in schema["properties"].as_object().into_iter().flatten() {
            let validator = jsonschema::validator_for(&rooted(&document, schema)).unwrap();
            for example in schema["examples"].as_array().into_iter().flatten() {
                assert!(validator.is_valid(example), "{member}: {example}");
            }
        }
    }
}

#[tokio::test]
async fn it_is_served_and_may_be_kept() {
    let house = House::new().await;
    let (status, body) = house.send(Endpoint::Openapi, "GET", "", None).await;
    assert_eq!((status, &body), (200, &house.routes.openapi()));
    assert_eq!(body["servers"], json!([{"url": "/auth"}]));
    assert_eq!(House::at("https://app.example").await.routes.openapi()["servers"], json!([{"url": "/"}]));
    let request = jeton_http::Request {
        method: Method::GET,
        query: None,
        headers: http::HeaderMap::new(),
        parameter: None,
        peer: None,
        session: None,
        body: jeton_http::Body::Complete(bytes()),
    };
    let answer = house.routes.respond(Endpoint::Openapi, request).await;
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    assert_eq!(answer.headers()["content-type"], "application/json");
}

fn bytes() -> bytes::Bytes {
    bytes::Bytes::new()
}
