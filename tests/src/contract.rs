//! Every answer against the OpenAPI document of the app that gives it: what is not documented is not answered.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
};

use http::{HeaderMap, Method};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Answer;

/// Where the routes are mounted, in all apps here.
pub(crate) const MOUNT: &str = "/auth";

/// Headers that mean something, and are documented where they are sent.
const HEADERS: [&str; 8] = [
    "api-token-expiration",
    "cache-control",
    "etag",
    "location",
    "pragma",
    "retry-after",
    "www-authenticate",
    "allow",
];

/// The document, and what was made of it.
pub(crate) struct Contract {
    document: Value,
    validators: Mutex<BTreeMap<String, &'static Validator>>,
}

static CONTRACT: OnceLock<Contract> = OnceLock::new();

/// What was asked.
pub(crate) struct Asked {
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: bytes::Bytes,
}

impl Asked {
    /// Of a request to the routes; nothing of another one.
    pub(crate) fn of(request: &http::Request<bytes::Bytes>) -> Option<Self> {
        let path = request.uri().path().strip_prefix(MOUNT)?.to_owned();
        Some(Self {
            method: request.method().clone(),
            path,
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: request.headers().clone(),
            body: request.body().clone(),
        })
    }
}

impl Contract {
    /// The one of all apps, once it is known.
    pub(crate) fn known() -> Option<&'static Self> {
        CONTRACT.get()
    }

    /// Learns it from the document that an app serves.
    pub(crate) fn learn(document: &[u8]) -> &'static Self {
        let mut document: Value = serde_json::from_slice(document).unwrap();
        // Clients pass over what they do not know; here, whatever is not documented is a mistake.
        for (_, schema) in document["components"]["schemas"].as_object_mut().unwrap() {
            if schema.get("additionalProperties").is_none() {
                schema["additionalProperties"] = json!(false);
            }
        }
        CONTRACT.get_or_init(|| Self { document, validators: Mutex::default() })
    }

    /// Panics unless the document has such an answer to such a request.
    #[track_caller]
    pub(crate) fn check(&self, asked: &Asked, answer: &Answer) {
        let Some((path, item)) = self.item(&asked.path) else { return };
        let told = format!("{} {path} answers {answer:#?}", asked.method);
        let method = if asked.method == Method::HEAD { Method::GET } else { asked.method.clone() };
        let Some(operation) = item.get(method.as_str().to_ascii_lowercase()) else {
            return not_served(&asked.method, item, answer, &told);
        };
        let Some(response) = operation["responses"].get(answer.status.to_string()) else {
            panic!("a status that is not documented: {told}");
        };
        headers(response, answer, &told);
        let place = format!("{} {path} {}", method, answer.status);
        if asked.method != Method::HEAD {
            self.body(response, answer, &place, &told);
        }
        if answer.status < 300 {
            self.request(operation, asked, &place);
        }
    }

    /// The path item of that path: of several, the one with the fewest parameters.
    fn item(&self, path: &str) -> Option<(&str, &Value)> {
        let steps: Vec<_> = path.split('/').collect();
        let matches = |template: &str| {
            let template: Vec<_> = template.split('/').collect();
            template.len() == steps.len()
                && template
                    .iter()
                    .zip(&steps)
                    .all(|(own, step)| own == step || (own.starts_with('{') && !step.is_empty()))
        };
        let paths = self.document["paths"].as_object().unwrap().iter();
        let found = paths.filter(|(template, item)| item.get("servers").is_none() && matches(template));
        found
            .min_by_key(|(template, _)| template.matches('{').count())
            .map(|(path, item)| (path.as_str(), item))
    }

    #[track_caller]
    fn body(&self, response: &Value, answer: &Answer, place: &str, told: &str) {
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "a body that is not documented: {told}");
            return;
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let Some(content) = content.get(kind) else { panic!("a type that is not documented: {told}") };
        let body = if kind.ends_with("json") {
            serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{error}: {told}"))
        } else {
            json!(answer.text())
        };
        let errors = self.errors(place, &content["schema"], &body);
        assert!(errors.is_empty(), "a body that is not as documented: {errors:#?}: {told}");
    }

    /// What was done was asked for as the document says.
    #[track_caller]
    fn request(&self, operation: &Value, asked: &Asked, place: &str) {
        let parameters = || operation["parameters"].as_array().into_iter().flatten();
        for pair in asked.query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap_or_default();
            let known = parameters().any(|known| known["in"] == "query" && known["name"] == name);
            assert!(known, "{place} takes the parameter {name}, which is not documented");
        }
        let kind = asked.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().to_ascii_lowercase();
        let json = ["application/json", "application/merge-patch+json"].contains(&kind.as_str());
        if let Ok(body) = serde_json::from_slice::<Value>(&asked.body)
            && json
        {
            let content = &operation["requestBody"]["content"][&kind];
            assert!(!content.is_null(), "{place} takes {kind}, which is not documented");
            let errors = self.errors(&format!("{place} {kind}"), &content["schema"], &body);
            assert!(errors.is_empty(), "{place} takes {body}, which is not documented: {errors:#?}");
        }
    }

    fn errors(&self, place: &str, schema: &Value, value: &Value) -> Vec<String> {
        let validator = *self.validators.lock().unwrap().entry(place.to_owned()).or_insert_with(|| {
            let mut schema = schema.clone();
            schema["components"] = self.document["components"].clone();
            let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
            Box::leak(Box::new(validator))
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// A method that is not there is 405, or 204 if it is `OPTIONS`, with those that are there.
#[track_caller]
fn not_served(method: &Method, item: &Value, answer: &Answer, told: &str) {
    let status = if *method == Method::OPTIONS { 204 } else { 405 };
    assert_eq!(answer.status, status, "a method that is not documented: {told}");
    let mut allowed: Vec<_> =
        answer.header("allow").unwrap_or_default().split(", ").map(str::to_lowercase).collect();
    allowed.retain(|method| method != "head");
    allowed.sort();
    let mut methods: Vec<_> =
        item.as_object().unwrap().keys().filter(|name| *name != "parameters").cloned().collect();
    methods.sort();
    assert!(allowed == methods, "other methods than are documented: {told}");
}

#[track_caller]
fn headers(response: &Value, answer: &Answer, told: &str) {
    let empty = serde_json::Map::new();
    let documented = response["headers"].as_object().unwrap_or(&empty);
    for (name, header) in documented {
        let value = answer.header(&name.to_lowercase());
        assert!(value.is_some() || header["required"] != true, "{name} is missing: {told}");
        let schema = &header["schema"];
        let right = value.is_none_or(|value| match (&schema["const"], schema["type"].as_str()) {
            (Value::String(only), _) => value == only,
            (_, Some("integer")) => {
                value.parse::<u64>().is_ok_and(|number| Some(number) >= schema["minimum"].as_u64())
            }
            _ => !value.is_empty(),
        });
        assert!(right, "{name} is not as documented: {told}");
    }
    for name in HEADERS {
        let known = documented.keys().any(|known| known.eq_ignore_ascii_case(name));
        // axum's own routes tell their methods also in the answers of layers around them.
        assert!(
            known || name == "allow" || answer.header(name).is_none(),
            "{name} is not documented: {told}"
        );
    }
}
