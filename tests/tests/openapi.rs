//! `GET /openapi.json`, and that every route answers as it says. The client of these tests compares every answer with
//! the document, here as in all other tests; what is here is that each operation is asked for in each way.

use std::collections::BTreeSet;

use end_to_end::{Actor, App, Framework, Local, LocalApp, Request, on_both};
use jeton::{Account, Generate, Reveal};
use serde_json::{Value, json};

on_both!(
    it_is_served_to_everybody_and_may_be_kept,
    the_documents_at_the_root_are_as_it_says,
    every_operation_succeeds_as_it_says,
    every_operation_fails_as_it_says,
);

/// What is in no answer to a good request.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

struct Operation {
    id: String,
    method: String,
    path: String,
    value: Value,
}

async fn operations(actor: &Actor) -> Vec<Operation> {
    let document = actor.get("/auth/openapi.json").await.is(200).json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().iter();
        for (method, value) in methods.filter(|_| item.get("servers").is_none()) {
            let id = value["operationId"].as_str().unwrap().to_owned();
            let (method, path) = (method.to_uppercase(), format!("/auth{path}"));
            found.push(Operation { id, method, path, value: value.clone() });
        }
    }
    found
}

impl Operation {
    /// A request for it, about that.
    fn about(&self, actor: &Actor, parameter: &str) -> Request {
        let (start, end) = (self.path.find('{'), self.path.find('}'));
        let path = match (start, end) {
            (Some(start), Some(end)) => {
                format!("{}{parameter}{}", &self.path[..start], &self.path[end + 1..])
            }
            _ => self.path.clone(),
        };
        actor.request(&self.method, &path)
    }

    fn takes(&self, media_type: &str) -> bool {
        self.value["requestBody"]["content"].get(media_type).is_some()
    }

    /// Whether there is a way to authenticate for it, by that scheme.
    fn by(&self, scheme: &str) -> bool {
        self.value["security"].as_array().unwrap().iter().any(|way| way.get(scheme).is_some())
    }

    /// Whether it asks for nothing, or says who asks otherwise.
    fn needs_bearer(&self) -> bool {
        (self.by("accessToken") || self.by("apiToken")) && !self.by("keyAndSecret")
    }
}

async fn it_is_served_to_everybody_and_may_be_kept(framework: Framework) {
    let app = App::start(framework).await;
    let anon = app.anon();
    let answer = anon.get("/auth/openapi.json").await.is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let document = answer.json();
    assert_eq!((&document["openapi"], &document["servers"]), (&json!("3.1.0"), &json!([{"url": "/auth"}])));
    let head = anon.request("HEAD", "/auth/openapi.json").send().await.is(200);
    assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()));
    assert!(head.body.is_empty());
    anon.post_empty("/auth/openapi.json").await.problem(405, "method_not_allowed");
    assert_eq!(anon.get("/auth/openapi.json").await.body, answer.body, "it stays the same");
}

async fn the_documents_at_the_root_are_as_it_says(framework: Framework) {
    let app = App::start(framework).await;
    let document = app.anon().get("/auth/openapi.json").await.is(200).json();
    let at_root =
        document["paths"].as_object().unwrap().iter().filter(|(_, item)| item.get("servers").is_some());
    let mut count = 0;
    for (path, item) in at_root {
        assert_eq!(item["servers"], json!([{"url": "/"}]));
        let response = &item["get"]["responses"]["200"];
        let answer = app.anon().get(path).await.is(200);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let name = response["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        let mut schema = document.pointer(name.trim_start_matches('#')).unwrap().clone();
        schema["additionalProperties"] = json!(false);
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&answer.json()), "{path}: {answer:?}");
        count += 1;
    }
    assert_eq!(count, 2);
}

async fn app(framework: Framework) -> LocalApp {
    let local = Local::new(framework).user("alice", Account::active().with_scope("tokens:self"));
    local.authority(|builder| builder.reveal(Reveal::Again).personal_limit(100)).start().await
}

async fn every_operation_succeeds_as_it_says(framework: Framework) {
    let app = app(framework).await;
    let admin = app.admin().await;
    let mut left: BTreeSet<_> = BTreeSet::new();
    for operation in operations(&app.anon()).await {
        let own = operation.id.contains("My");
        // A token, or a key, that nothing was done to.
        let made =
            json!({"name": operation.id, "kind": "personal", "subject": "root", "key_and_secret": true});
        let made = admin.post("/auth/tokens", made).await.is(201).json();
        let id = made["token"]["id"].as_str().unwrap();
        let api_token = made["api_token"].as_str().unwrap();
        let under = if own { "/auth/me/tokens" } else { "/auth/tokens" };
        let keys = admin.get("/auth/keys").await.is(200).json();
        let of_api = keys["items"].as_array().unwrap().iter().find(|key| key["ring"] == "api").unwrap();
        let about = match operation.path.as_str() {
            "/auth/audiences/{name}" => "external",
            "/auth/keys/{kid}/retire" => of_api["kid"].as_str().unwrap(),
            _ => id,
        };
        let mut form = vec![("token", api_token)];
        match operation.id.as_str() {
            "enableToken" | "enableMyToken" => {
                admin.post_empty(&format!("{under}/{id}/disable")).await.is(200);
            }
            "cancelTokenRotation" | "cancelMyTokenRotation" => {
                let grace = json!({"grace_seconds": 3600});
                admin.post(&format!("{under}/{id}/rotate"), grace).await.is(200);
            }
            "getAudience" => {
                admin.request("PUT", "/auth/audiences/external").json(&json!({})).send().await.is(200);
            }
            // It ends every other token too: it comes last.
            "retireKey" => {
                left.insert(operation.id.clone());
                continue;
            }
            "issueAccessToken" => {
                let secret = ["key", "secret"].map(|name| made[name].as_str().unwrap());
                form = vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", secret[0]),
                    ("client_secret", secret[1]),
                ];
            }
            _ => {}
        }
        let api = app.bearer(api_token);
        let actor = match operation.id.as_str() {
            "issueAccessToken" => app.anon(),
            _ if operation.by("apiToken") => api,
            id if id.contains("OwnToken") => app.exchange(api_token).await,
            _ => admin.clone(),
        };
        let request = operation.about(&actor, about);
        let request = if operation.takes("application/json") {
            let mut body = operation.value["requestBody"]["content"]["application/json"]["example"].clone();
            match operation.id.as_str() {
                "exchangeToken" => body = json!({"scope": "tokens:read"}),
                "generateToken" | "generateMyToken" => body["name"] = json!(format!("{} anew", operation.id)),
                "editToken" | "editMyToken" => body = json!({"description": "edited"}),
                _ => {}
            }
            body.as_object_mut().unwrap().remove("subject");
            if body.get("ids").is_some() {
                body["ids"] = json!([id]);
            }
            request.json(&body)
        } else if operation.takes("application/x-www-form-urlencoded") {
            request.form(&form)
        } else {
            request
        };
        let answer = request.send().await;
        assert!(answer.status < 300, "{}: {answer:#?}", operation.id);
    }
    assert_eq!(left, BTreeSet::from(["retireKey".to_owned()]));
    let keys = admin.get("/auth/keys").await.is(200).json();
    let api = keys["items"].as_array().unwrap().iter().find(|key| key["ring"] == "api").unwrap();
    admin.post_empty(&format!("/auth/keys/{}/retire", api["kid"].as_str().unwrap())).await.is(200);
}

async fn every_operation_fails_as_it_says(framework: Framework) {
    let app = app(framework).await;
    let admin = app.admin().await;
    let nothing = app.exchange(&app.made(Generate::new("nothing")).await).await;
    let (login, another_site) =
        (app.login("root").await, app.login("root").await.with_header("sec-fetch-site", "none"));
    let mut codes = BTreeSet::new();
    for operation in operations(&app.anon()).await {
        let told = &operation.id;
        let send = async |actor: &Actor| operation.about(actor, NOBODY).send().await;
        let mut note = |answer: end_to_end::Answer, statuses: &[u16]| {
            assert!(statuses.contains(&answer.status), "{told}: {answer:#?}");
            if answer.status >= 400 && !operation.path.contains("/oauth2/") {
                codes.insert(answer.json()["code"].as_str().unwrap().to_owned());
            }
        };
        if operation.needs_bearer() {
            note(send(&app.anon()).await, &[401]);
            note(send(&app.bearer("a.b.c")).await, &[401]);
            note(send(&app.bearer(&"x".repeat(9000))).await, &[400]);
            // A token of the other kind.
            let other = if operation.by("apiToken") {
                admin.clone()
            } else {
                app.bearer(&app.made(Generate::new(told.as_str())).await)
            };
            note(send(&other).await, &[401]);
        }
        if operation.by("hostSession") {
            let write = operation.method != "GET";
            note(
                operation.about(&another_site, NOBODY).send().await,
                if write { &[403] } else { &[200, 404] },
            );
            note(send(&login).await, &[200, 404, 400, 415]);
            note(
                send(&nothing).await,
                if operation.takes("application/json") { &[400, 403, 415] } else { &[403] },
            );
        }
        let api_token = app.made(Generate::new(format!("{told} too"))).await;
        let actor = if operation.by("apiToken") { app.bearer(&api_token) } else { admin.clone() };
        if operation.takes("application/json") {
            let typed = |kind: &str, body: String| {
                operation.about(&actor, NOBODY).header("content-type", kind).body(body).send()
            };
            note(typed("text/plain", "{}".to_owned()).await, &[415]);
            note(typed("application/json", "{".to_owned()).await, &[400]);
            note(typed("application/json", "{\"made_up\":1}".to_owned()).await, &[400]);
            note(typed("application/json", " ".repeat(70_000)).await, &[413]);
        }
        if operation.takes("application/x-www-form-urlencoded") {
            note(operation.about(&app.anon(), NOBODY).send().await, &[400, 401]);
            note(operation.about(&app.anon(), NOBODY).form(&[("made_up", "1")]).send().await, &[400, 401]);
        }
        if operation.path.contains("{id}") && operation.method != "PATCH" {
            note(send(&admin).await, &[404]);
        }
        let path = operation.path.replace("{id}", NOBODY).replace("{name}", "x").replace("{kid}", "x");
        note(admin.request("BREW", &path).send().await, &[405]);
        note(admin.request("OPTIONS", &path).send().await, &[204]);
    }
    for code in [
        "no_credentials",
        "invalid_token",
        "invalid_request",
        "insufficient_scope",
        "cross_site",
        "not_found",
        "unsupported_media_type",
        "invalid_json",
        "body_too_large",
        "method_not_allowed",
    ] {
        assert!(codes.contains(code), "{code} is not in {codes:?}");
    }
}
