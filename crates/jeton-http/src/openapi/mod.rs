//! The OpenAPI 3.1 document: of the routes here, and of what a host protects with them.
//!
//! Fields, parameters and members are not written down here: they come from what reads and answers
//! ([`wire`](crate::wire)). What stands here is what each operation is for, who may, and how it fails.

mod example;
mod failures;
mod glossary;
mod merge;
mod operation;
mod operations;
mod protected;

pub(crate) use glossary::explained;
pub use merge::{OpenapiConflict, merge_openapi};
pub use protected::{PathItems, path_items};

use serde_json::{Map, Value, json};

use self::operation::Operation;
use crate::{
    Endpoint, Gate, Routes, WellKnown,
    problem::{ShownError, ShownProblem},
    routes::{self, path_of},
    wire::{ShownEntry, ShownRecord},
};

/// The tags, and what is behind each.
const TAGS: [(&str, &str); 9] = [
    ("exchange", "An API token for an access token."),
    ("tokens", "API tokens, for who may manage them."),
    ("me", "The personal tokens of the caller."),
    ("own", "The token behind the caller."),
    ("audiences", "Who may call a route that asks for a named audience."),
    ("keys", "What signs."),
    ("audit", "Who did what to which token."),
    ("oauth2", "For clients that speak OAuth."),
    ("documents", "What everybody may read."),
];

/// The document of these routes.
pub(crate) fn document(routes: &Routes) -> Value {
    let gate = routes.gate();
    let mut schemas: Map<String, Value> =
        answers().into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut paths = Map::new();
    let mut add = |path: &str, item: &mut Map<String, Value>, method: &str, operation: Operation| {
        item.insert(method.to_ascii_lowercase(), operation.to_value());
        schemas.extend(operation.components.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
        paths.insert(path.to_owned(), Value::Object(item.clone()));
    };
    for endpoint in Endpoint::ALL {
        let mut item = Map::new();
        // `HEAD` is `GET` without a body (RFC 9110 §9.3.2).
        for method in endpoint.methods().iter().filter(|method| **method != "HEAD") {
            let operation = endpoint.operation(method);
            let signed = gate.signature_header_of().filter(|_| endpoint == Endpoint::Exchange);
            let operation = if signed.is_some() { operation.or_by("signature") } else { operation };
            add(endpoint.path(), &mut item, method, operation);
        }
    }
    for document in WellKnown::ALL {
        // At the root, wherever the routes are.
        let mut item = Map::from_iter([("servers".to_owned(), json!([{"url": "/"}]))]);
        add(&routes.well_known_path(document), &mut item, "get", document.operation());
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "API tokens",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": mount_path(gate)}],
        "tags": TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": security_schemes(gate)},
    });
    add_examples(&mut document);
    document
}

const ABOUT: &str = "An API token lives long and is exchanged for access tokens, which live minutes and carry the \
rights. Errors are problem details (RFC 9457) with a stable `code`; the OAuth endpoints answer errors in the shape of \
RFC 6749 §5.2. `HEAD` is answered wherever `GET` is; every other method is 405 with the ones that are there in \
`Allow`, and `OPTIONS` tells them too.";

fn mount_path(gate: &Gate) -> &str {
    match path_of(gate.verifier().issuer()) {
        "" => "/",
        path => path,
    }
}

/// The schemas of all that is answered with.
fn answers() -> Vec<(&'static str, Value)> {
    vec![
        ShownRecord::component(),
        ShownEntry::component(),
        ShownProblem::component(),
        ShownError::component(),
        routes::ShownToken::component(),
        routes::TokenPage::component(),
        routes::Revealed::component(),
        routes::BulkResults::component(),
        routes::BulkResult::component(),
        routes::ShownAccessToken::component(),
        routes::ShownAudience::component(),
        routes::AudienceList::component(),
        routes::AuditPage::component(),
        routes::ShownKey::component(),
        routes::KeyList::component(),
        routes::Issued::component(),
        routes::ShownIntrospection::component(),
        routes::Nothing::component(),
        routes::ShownOauthError::component(),
        routes::Issuer::component(),
        routes::Resource::component(),
    ]
}

fn security_schemes(gate: &Gate) -> Value {
    let bearer = |description: &str| json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description});
    let mut schemes = json!({
        "accessToken": bearer("An access token, from `POST /exchange`. What is listed are the scopes that it needs."),
        "apiToken": bearer("An API token, for the exchange and for its own rotation."),
        "keyAndSecret": {
            "type": "http",
            "scheme": "basic",
            "description": "A key and its secret, both form-encoded (RFC 6749 §2.3.1).",
        },
        "hostSession": {
            "type": "apiKey",
            "in": "cookie",
            "name": "session",
            "description": "A session of the app itself, by whatever cookie it has. What changes something needs \
                            `Sec-Fetch-Site: same-origin` or an `Origin` that is allowed.",
        },
    });
    if let Some(name) = gate.signature_header_of() {
        schemes["signature"] = json!({
            "type": "apiKey",
            "in": "header",
            "name": name.as_str(),
            "description": "A signature by a secret, in the place of an API token.",
        });
    }
    schemes
}

/// An example to each answer that has none.
fn add_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].as_object().cloned().unwrap_or_default();
    let items =
        document["paths"].as_object_mut().into_iter().flatten().filter_map(|(_, item)| item.as_object_mut());
    let responses =
        items.flatten().filter_map(|(_, operation)| operation.get_mut("responses")?.as_object_mut());
    let contents =
        responses.flatten().filter_map(|(_, response)| response.get_mut("content")?.as_object_mut());
    for (_, content) in contents.flatten() {
        if content.get("example").is_none() {
            content["example"] = example::example(&content["schema"], &schemas);
        }
    }
}
