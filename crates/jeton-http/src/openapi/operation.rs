//! One operation of the document: what it takes, what it answers, and who may.

use std::collections::BTreeMap;

use jeton::rights::scopes;
use serde_json::{Map, Value, json};

use super::{
    explained,
    failures::{BODY, Failures, header, no_store, oauth_errors, problems},
};
use crate::{
    routes::Parameters,
    wire::{Accepts, Input, Query, Shape},
};

/// An operation, put together step by step.
pub(super) struct Operation {
    id: String,
    tag: &'static str,
    summary: &'static str,
    description: String,
    security: Vec<Value>,
    parameters: Vec<Value>,
    body: Option<Value>,
    answer: (String, Value),
    /// Whether a client may say which one it has.
    is_published: bool,
    failures: Vec<(u16, &'static str)>,
    oauth_failures: BTreeMap<String, Value>,
    /// The schemas that it brings along.
    pub(super) components: Vec<(&'static str, Value)>,
}

/// Whoever may, by which of the security schemes, with which scopes.
#[derive(Clone, Copy)]
pub(super) enum Who {
    /// Everybody.
    Anybody,
    /// Who holds the API token.
    ApiToken,
    /// Who has an access token, whatever its scopes.
    AccessToken,
    /// Who has this scope: by an access token, or by a session of the host.
    Scope(&'static str),
    /// A user by a session of the host, or an access token with this scope.
    Session(&'static str),
    /// An OAuth client, which may as well send its credentials in the body.
    Client,
    /// An OAuth client, or an access token.
    ClientOrAccessToken,
}

impl Who {
    fn security(self) -> Vec<Value> {
        match self {
            Self::Anybody => Vec::new(),
            Self::ApiToken => vec![json!({"apiToken": []})],
            Self::AccessToken => vec![json!({"accessToken": []})],
            Self::Scope(scope) => vec![json!({"accessToken": [scope]}), json!({"hostSession": [scope]})],
            Self::Session(scope) => vec![json!({"accessToken": [scope]}), json!({"hostSession": []})],
            Self::Client => vec![json!({"keyAndSecret": []}), json!({})],
            Self::ClientOrAccessToken => {
                vec![json!({"keyAndSecret": []}), json!({"accessToken": []}), json!({})]
            }
        }
    }
}

impl Operation {
    pub(super) fn new(tag: &'static str, id: &str, summary: &'static str, who: Who) -> Self {
        Self {
            id: id.to_owned(),
            tag,
            summary,
            description: String::new(),
            security: who.security(),
            parameters: Vec::new(),
            body: None,
            answer: ("204".to_owned(), json!({"description": "Done."})),
            is_published: false,
            failures: Vec::new(),
            oauth_failures: BTreeMap::new(),
            components: Vec::new(),
        }
    }

    pub(super) fn about(self, text: &str) -> Self {
        Self { description: text.to_owned(), ..self }
    }

    /// One more way to authenticate.
    pub(super) fn or_by(mut self, scheme: &str) -> Self {
        self.security.push(json!({scheme: []}));
        self
    }

    /// The same, for the caller's own personal tokens.
    pub(super) fn of_own(self) -> Self {
        let security = Who::Session(scopes::TOKENS_SELF).security();
        Self { id: self.id.replace("Token", "MyToken"), tag: "me", security, ..self }
    }

    /// A parameter of the path.
    pub(super) fn at(mut self, name: &str) -> Self {
        let schema = explained("path", name, json!({"type": "string"}));
        self.parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        self
    }

    pub(super) fn query<T>(mut self, query: &Query<T>) -> Self {
        self.parameters.extend(query.described().into_iter().map(|member| {
            let schema = explained("query", member.name, member.schema);
            json!({
                "name": member.name,
                "in": "query",
                "required": member.needed,
                "description": schema["description"],
                "schema": schema,
            })
        }));
        self.fails(&[(400, "invalid_request")])
    }

    /// `If-Match`, with the version that is meant.
    pub(super) fn if_match(mut self, failures: Failures) -> Self {
        self.parameters.push(json!({
            "name": "If-Match",
            "in": "header",
            "required": false,
            "description": "The `ETag` of the version that is meant.",
            "schema": {"type": "string", "examples": ["\"3\""]},
        }));
        self.fails(failures)
    }

    pub(super) fn body<T>(mut self, input: &Input<T>) -> Self {
        let (name, schema) = input.component();
        let content = json!({
            "schema": {"$ref": format!("#/components/schemas/{name}")},
            "example": (input.example)(),
        });
        let mut types = Map::from_iter([("application/json".to_owned(), content.clone())]);
        match input.accepts {
            Accepts::JsonFormOrNothing => {
                types.insert("application/x-www-form-urlencoded".to_owned(), content);
            }
            Accepts::Json | Accepts::JsonOrNothing => {}
        }
        self.body = Some(json!({"required": input.accepts == Accepts::Json, "content": types}));
        self.components.push((name, schema));
        self.fails(BODY)
    }

    /// The same body under another media type.
    pub(super) fn takes_as(mut self, media_type: &str) -> Self {
        if let Some(types) = self.body.as_mut().and_then(|body| body["content"].as_object_mut())
            && let Some(content) = types.get("application/json").cloned()
        {
            types.insert(media_type.to_owned(), content);
        }
        self
    }

    /// A form of an OAuth endpoint, and how that fails.
    pub(super) fn form(mut self, form: &Parameters, failures: Failures) -> Self {
        let (name, schema) = form.component();
        self.body = Some(json!({
            "required": true,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"$ref": format!("#/components/schemas/{name}")},
                    "example": (form.example)(),
                },
            },
        }));
        self.components.push((name, schema));
        self.oauth_failures = oauth_errors(failures);
        self
    }

    /// It is answered with that, in JSON that no cache may keep.
    pub(super) fn answers<T: Shape>(self, status: u16, description: &str) -> Self {
        self.answers_as(status, description, "application/json", T::schema())
            .with("Cache-Control", no_store())
    }

    pub(super) fn answers_as(
        mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: Value,
    ) -> Self {
        let content = json!({media_type: {"schema": schema}});
        self.answer =
            (status.to_string(), json!({"description": description, "headers": {}, "content": content}));
        self
    }

    /// A header of the answer.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.answer.1["headers"][name] = value;
        self
    }

    /// The version of what is shown.
    pub(super) fn tagged(self) -> Self {
        let schema = json!({"type": "string", "examples": ["\"3\""]});
        self.with("ETag", header("The version.", true, schema))
    }

    /// A document that may be kept.
    pub(super) fn cacheable(self) -> Self {
        let schema = json!({"type": "string", "examples": ["public, max-age=300"]});
        self.with("Cache-Control", header("For how long it may be kept.", true, schema))
    }

    /// One with a tag, so that nobody is sent what it has.
    pub(super) fn published(mut self) -> Self {
        self.parameters.push(json!({
            "name": "If-None-Match",
            "in": "header",
            "required": false,
            "description": "The `ETag` of what the client has.",
            "schema": {"type": "string", "examples": ["\"3\""]},
        }));
        Self { is_published: true, ..self.cacheable().tagged() }
    }

    pub(super) fn fails(mut self, failures: Failures) -> Self {
        self.failures.extend(failures);
        self
    }

    /// The operation as it stands in the document.
    pub(super) fn to_value(&self) -> Value {
        let mut responses = problems(self.failures.iter().copied());
        responses.extend(self.oauth_failures.clone());
        responses.insert(self.answer.0.clone(), self.answer.1.clone());
        if self.is_published {
            let headers = &self.answer.1["headers"];
            let same = json!({"description": "It is the one that the client has.", "headers": headers});
            responses.insert("304".to_owned(), same);
        }
        let mut value = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "security": self.security,
            "responses": responses,
        });
        if !self.description.is_empty() {
            value["description"] = json!(self.description);
        }
        if !self.parameters.is_empty() {
            value["parameters"] = json!(self.parameters);
        }
        if let Some(body) = &self.body {
            value["requestBody"] = body.clone();
        }
        value
    }
}
