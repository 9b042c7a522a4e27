//! What is documented of requests, and what is read: each field that is told is taken, each other one refused, and
//! each that is needed is needed.

use jeton_http::Endpoint;
use serde_json::{Map, Value, json};

use crate::house::{House, operations};

/// The operations with a JSON body that is read field by field: the endpoint, the method and the schema.
fn with_fields(document: &Value) -> Vec<(Endpoint, String, Map<String, Value>, Value)> {
    let mut found = Vec::new();
    for (path, method, operation) in operations(document) {
        let Some(content) = operation["requestBody"]["content"].get("application/json") else { continue };
        let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path).unwrap();
        let pointer = content["schema"]["$ref"].as_str().unwrap().trim_start_matches('#').to_owned();
        let schema = document.pointer(&pointer).unwrap();
        assert_eq!(schema["additionalProperties"], json!(false), "{path}");
        let fields = schema["properties"].as_object().unwrap().clone();
        found.push((endpoint, method.to_uppercase(), fields, schema["required"].clone()));
    }
    found
}

/// Which fields an answer says are wrong.
fn pointers(body: &Value) -> Vec<String> {
    let errors = body["errors"].as_array().into_iter().flatten();
    errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

/// A value of the wrong type.
fn wrong(schema: &Value) -> Value {
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap();
    if kind == "object" || kind == "boolean" { json!("x") } else { json!({"x": 1}) }
}

#[tokio::test]
async fn each_documented_field_is_read_and_no_other() {
    let house = House::new().await;
    let document = house.routes.openapi();
    let operations = with_fields(&document);
    assert!(operations.len() > 20, "{}", operations.len());
    for (endpoint, method, fields, needed) in operations {
        let needed: Vec<_> =
            needed.as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for (name, schema) in &fields {
            // With a value of the wrong type, so that nothing comes of it.
            let mut body = needed_fields(&fields, &needed);
            body.insert(name.clone(), wrong(schema));
            let (status, answer) = house.send(endpoint, &method, "", Some(&Value::Object(body))).await;
            assert_eq!(status, 400, "{method} {} {name}: {answer}", endpoint.path());
            assert!(
                pointers(&answer).contains(&format!("/{name}")),
                "{method} {} {name}: {answer}",
                endpoint.path()
            );
            let detail = answer["errors"][0]["detail"].as_str().unwrap();
            assert_ne!(detail, "is no field of this request", "{name} is documented");
        }
        let mut body = needed_fields(&fields, &needed);
        body.insert("made_up".to_owned(), json!(1));
        let (status, answer) = house.send(endpoint, &method, "", Some(&Value::Object(body))).await;
        assert_eq!(
            (status, pointers(&answer)),
            (400, vec!["/made_up".to_owned()]),
            "{method} {}",
            endpoint.path()
        );
        // What any request has, and this one does not.
        for name in
            ["name", "subject", "roles", "reason", "ids", "ring", "grace_seconds", "scope", "subjects"]
        {
            if fields.contains_key(name) {
                continue;
            }
            let mut body = needed_fields(&fields, &needed);
            body.insert(name.to_owned(), json!(1));
            let (status, answer) = house.send(endpoint, &method, "", Some(&Value::Object(body))).await;
            assert_eq!(
                (status, pointers(&answer)),
                (400, vec![format!("/{name}")]),
                "{method} {}",
                endpoint.path()
            );
            assert_eq!(answer["errors"][0]["detail"], "is no field of this request");
        }
    }
}

fn needed_fields(fields: &Map<String, Value>, needed: &[&str]) -> Map<String, Value> {
    needed.iter().map(|name| ((*name).to_owned(), fields[*name]["examples"][0].clone())).collect()
}

#[tokio::test]
async fn each_field_that_is_needed_is_needed() {
    let house = House::new().await;
    let mut count = 0;
    for (endpoint, method, fields, needed) in with_fields(&house.routes.openapi()) {
        let needed: Vec<_> =
            needed.as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for missing in &needed {
            for value in [None, Some(Value::Null)] {
                let mut body = needed_fields(&fields, &needed);
                body.remove(*missing);
                body.extend(value.map(|null| ((*missing).to_owned(), null)));
                let (status, answer) = house.send(endpoint, &method, "", Some(&Value::Object(body))).await;
                assert_eq!(
                    (status, pointers(&answer)),
                    (400, vec![format!("/{missing}")]),
                    "{}",
                    endpoint.path()
                );
                count += 1;
            }
        }
        // What is not needed can be `null`, which is the same as left out.
        for (name, schema) in fields.iter().filter(|(name, _)| !needed.contains(&name.as_str())) {
            assert!(schema["type"].as_array().unwrap().contains(&json!("null")), "{name}");
        }
    }
    assert_eq!(count, 8, "name, twice; action and ids");
}

#[tokio::test]
async fn every_example_of_a_request_is_taken() {
    let document = House::new().await.routes.openapi();
    for (path, method, operation) in operations(&document) {
        let Some(content) = operation["requestBody"]["content"].get("application/json") else { continue };
        let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path).unwrap();
        // A house for each: some of them end what others need.
        let house = House::new().await;
        let (status, answer) =
            house.send(endpoint, &method.to_uppercase(), "", Some(&content["example"])).await;
        // The exchange asks for a scope, which is nobody's here.
        let taken = status != 400 || answer["code"] == "invalid_scope";
        assert!(taken, "{method} {path}: {answer}");
        assert!(status < 500, "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn each_documented_parameter_is_read_and_no_other() {
    let house = House::new().await;
    let mut count = 0;
    for (path, method, operation) in operations(&house.routes.openapi()) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let queried: Vec<_> = parameters.filter(|parameter| parameter["in"] == "query").collect();
        let Some(endpoint) = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == path) else {
            continue;
        };
        for parameter in &queried {
            let name = parameter["name"].as_str().unwrap();
            // Twice is wrong, and told of whoever is known; so is what is not known, once.
            let (status, answer) =
                house.send(endpoint, &method.to_uppercase(), &format!("{name}="), None).await;
            assert_eq!(status, 200, "{path} {name}: {answer}");
            for word in parameter["schema"]["enum"].as_array().into_iter().flatten() {
                let word = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
                let query = format!("{name}={word}");
                let (status, answer) = house.send(endpoint, &method.to_uppercase(), &query, None).await;
                assert_eq!(status, 200, "{path} {query}: {answer}");
            }
            count += 1;
        }
        if !queried.is_empty() {
            let (status, answer) = house.send(endpoint, &method.to_uppercase(), "made_up=", None).await;
            assert_eq!((status, pointers(&answer)), (400, vec!["/made_up".to_owned()]));
        }
    }
    assert_eq!(count, 2 * 12 + 6);
}
