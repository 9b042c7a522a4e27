//! An example of whatever a schema describes, put together from the examples of its parts.

use serde_json::{Map, Value, json};

/// An example of that schema, in which references are looked up.
pub(super) fn example(schema: &Value, schemas: &Map<String, Value>) -> Value {
    if let Some(first) = schema["examples"].get(0) {
        return first.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return schemas.get(name).map_or(Value::Null, |found| example(found, schemas));
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            members.map(|(name, member)| (name.clone(), example(member, schemas))).collect()
        }
        Some("array") => json!([example(&schema["items"], schemas)]),
        Some("integer") => json!(0),
        Some("boolean") => json!(true),
        Some("string") => json!("…"),
        _ => Value::Null,
    }
}
