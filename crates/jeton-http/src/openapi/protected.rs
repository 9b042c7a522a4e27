//! Routes of the host, with what each asks for and how it refuses.

use serde_json::{Map, Value, json};

use super::failures::problems;
use crate::{Gate, RouteRule};

/// Path items by their paths: what stands in `paths` of an OpenAPI document.
pub type PathItems = Map<String, Value>;

/// The path items of these routes, as they stand in `paths` of a document: each with the scopes that it needs, with
/// its policy in words, and with the refusals that its policy and its gate can give. The handler's own answers are the
/// host's to describe; until it does, `200` stands for them.
///
/// They refer to the components of the document of the routes: [`merge_openapi`](crate::merge_openapi) brings both
/// together. `Protected::path_items` of the adapters calls this.
pub fn path_items(gate: &Gate, rules: &[RouteRule]) -> PathItems {
    let mut items = Map::new();
    for rule in rules {
        let (path, parameters) = template(&rule.path);
        let item = items.entry(path).or_insert_with(|| json!({}));
        if !parameters.is_empty() {
            item["parameters"] = json!(parameters);
        }
        item[rule.method.to_ascii_lowercase()] = operation(gate, rule);
    }
    items
}

fn operation(gate: &Gate, rule: &RouteRule) -> Value {
    let scopes = rule.policy.scopes();
    let mut security = vec![json!({"accessToken": scopes})];
    if gate.accepts_api_tokens() {
        security.push(json!({"apiToken": scopes}));
    }
    if gate.is_optional() {
        security.push(json!({}));
    }
    let denials = rule.policy.denials().into_iter().map(|code| (403, code));
    let refusals = [
        (400, "invalid_request"),
        (401, "no_credentials"),
        (401, "invalid_token"),
        // Of the token itself, which may be restricted to networks.
        (403, "network_denied"),
        (429, "too_many_requests"),
        (503, "unavailable"),
    ];
    let mut responses = problems(refusals.into_iter().chain(denials));
    responses.insert("200".to_owned(), json!({"description": "The answer of the app."}));
    json!({
        "description": format!("Asks for: {}.", rule.policy),
        "security": security,
        "responses": responses,
    })
}

/// The path as OpenAPI writes it, and its parameters. axum writes `{*rest}` for all that follows, actix-web `{id:\d+}`
/// for a pattern.
fn template(path: &str) -> (String, Vec<Value>) {
    let (mut text, mut parameters, mut left) = (String::new(), Vec::new(), path);
    while let Some((before, after)) = left.split_once('{') {
        let Some(end) = closing(after) else { break };
        let name = after[..end].split(':').next().unwrap_or_default().trim_start_matches('*');
        text = text + before + "{" + name + "}";
        parameters.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        left = &after[end + 1..];
    }
    (text + left, parameters)
}

/// Where the brace closes that was open before; a pattern may hold some of its own.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_the_document_does() {
        for (path, expected, names) in [
            ("/reports", "/reports", vec![]),
            ("/reports/{id}/of/{owner}", "/reports/{id}/of/{owner}", vec!["id", "owner"]),
            ("/files/{*rest}", "/files/{rest}", vec!["rest"]),
            (r"/years/{year:\d{4}}/{name:.*}", "/years/{year}/{name}", vec!["year", "name"]),
        ] {
            let (text, parameters) = template(path);
            assert_eq!(text, expected);
            assert_eq!(parameters.iter().map(|found| &found["name"]).collect::<Vec<_>>(), names);
        }
    }
}
