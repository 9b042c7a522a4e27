//! Two documents in one.

use serde_json::{Map, Value, json};

/// Two documents say different things under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenapiConflict {
    /// What both have: a JSON pointer (RFC 6901) into the document, as `/components/schemas/Problem`.
    pub pointer: String,
}

impl std::fmt::Display for OpenapiConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "both documents have {}, and not the same", self.pointer)
    }
}

impl std::error::Error for OpenapiConflict {}

/// The document of the host with all of the other one in it: paths, components and tags.
///
/// The paths of the other one are put under its server, which for the routes of *jeton* is their mount path: so
/// `/tokens` of what is mounted at `/auth` becomes `/auth/tokens`. Those of the host stay as they are. What the host
/// says of itself (`info`, `servers`, `security`) stays too.
///
/// ```
/// use jeton_http::merge_openapi;
/// use serde_json::json;
///
/// let host = json!({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {"/cart": {}}});
/// let other = json!({"openapi": "3.1.0", "servers": [{"url": "/auth"}], "paths": {"/tokens": {}}});
/// let merged = merge_openapi(host, &other)?;
/// assert_eq!(merged["paths"], json!({"/cart": {}, "/auth/tokens": {}}));
/// # Ok::<(), jeton_http::OpenapiConflict>(())
/// ```
///
/// # Errors
///
/// If both have an operation, a component or a tag of one name, and not the same.
pub fn merge_openapi(mut host: Value, other: &Value) -> Result<Value, OpenapiConflict> {
    if !host.is_object() {
        host = json!({});
    }
    let empty = Map::new();
    let members = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    for (path, item) in members(&other["paths"]) {
        let mut item = members(&item);
        let own = item.remove("servers");
        let server = own.as_ref().unwrap_or(&other["servers"])[0]["url"].as_str().unwrap_or_default();
        let path = format!("{}{path}", path_of(server));
        for (method, operation) in &item {
            add(&mut host, &["paths", &path], method, operation)?;
        }
        if item.is_empty() {
            add(&mut host, &["paths"], &path, &json!({}))?;
        }
    }
    for (kind, components) in members(&other["components"]) {
        for (name, component) in members(&components) {
            add(&mut host, &["components", &kind], &name, &component)?;
        }
    }
    add_tags(&mut host, &other["tags"])?;
    Ok(host)
}

/// Puts a member into the object at that place, which is made if it is not there.
fn add(host: &mut Value, place: &[&str], name: &str, value: &Value) -> Result<(), OpenapiConflict> {
    let mut at = host;
    for step in place {
        if !at[*step].is_object() {
            at[*step] = json!({});
        }
        at = &mut at[*step];
    }
    match at.get(name) {
        Some(found) if found != value => {
            let steps = place.iter().chain([&name]).map(|step| step.replace('~', "~0").replace('/', "~1"));
            Err(OpenapiConflict { pointer: steps.fold(String::new(), |pointer, step| pointer + "/" + &step) })
        }
        Some(_) => Ok(()),
        None => {
            at[name] = value.clone();
            Ok(())
        }
    }
}

fn add_tags(host: &mut Value, tags: &Value) -> Result<(), OpenapiConflict> {
    for tag in tags.as_array().into_iter().flatten() {
        let known = host["tags"].as_array().into_iter().flatten().find(|known| known["name"] == tag["name"]);
        match known {
            Some(known) if known == tag => {}
            Some(_) => {
                let name = tag["name"].as_str().unwrap_or_default();
                return Err(OpenapiConflict { pointer: format!("/tags/{name}") });
            }
            None => match host["tags"].as_array_mut() {
                Some(known) => known.push(tag.clone()),
                None => host["tags"] = json!([tag]),
            },
        }
    }
    Ok(())
}

/// The path of a server's URL, which may be no more than that.
fn path_of(url: &str) -> &str {
    let path = if url.contains("://") { crate::routes::path_of(url) } else { url };
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_stands_once_and_what_differs_is_told() {
        let schema =
            |kind| json!({"components": {"schemas": {"A/B": {"type": kind}}}, "tags": [{"name": "x"}]});
        let merged = merge_openapi(schema("string"), &schema("string")).unwrap();
        assert_eq!(merged, schema("string"));
        let told = merge_openapi(schema("string"), &schema("integer")).unwrap_err();
        assert_eq!(told.pointer, "/components/schemas/A~1B");
        let described = json!({"tags": [{"name": "x", "description": "y"}]});
        assert_eq!(merge_openapi(schema("string"), &described).unwrap_err().pointer, "/tags/x");
    }

    #[test]
    fn methods_of_one_path_come_together() {
        let of = |method: &str| json!({"servers": [{"url": "https://a.example/v1/"}], "paths": {"/x": {method: {}}}});
        let host = json!({"paths": {"/v1/x": {"get": {}}}});
        assert_eq!(
            merge_openapi(host.clone(), &of("post")).unwrap()["paths"]["/v1/x"],
            json!({"get": {}, "post": {}})
        );
        let other = json!({"paths": {"/v1/x": {"get": {"summary": "other"}}}});
        assert_eq!(merge_openapi(host, &other).unwrap_err().pointer, "/paths/~1v1~1x/get");
    }
}
