//! The routes in memory, and who asks them.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use jeton::{
    Account, Authority, Caller, Exchange, Generate, MasterKey, MemoryStore, Reveal, StaticDirectory,
    SystemRandom,
};
use jeton_http::{Body, Endpoint, Gate, Request, Routes};
use serde_json::Value;

pub(crate) struct House {
    pub(crate) routes: Routes,
    pub(crate) api_token: String,
    access_token: String,
    pub(crate) id: String,
}

impl House {
    pub(crate) async fn at(issuer: &str) -> Self {
        let store = Arc::new(MemoryStore::new());
        let root = Account::active().with_role("token-admin");
        let authority = Authority::builder(issuer)
            .store(store.clone())
            .managed_keys(store, MasterKey::generate(&SystemRandom).unwrap())
            .directory(Arc::new(StaticDirectory::new().with("root", root).with("alice", Account::active())))
            .reveal(Reveal::Again)
            .build()
            .await
            .unwrap();
        let made = Generate::new("first").with_subject("root");
        let made = authority.generate(&Caller::system("test"), made).await.unwrap();
        let api_token = made.api_token.expose().to_owned();
        let child = authority.exchange(&api_token, &Exchange::default()).await.unwrap();
        let made = Generate::new("another").with_subject("root");
        let other = authority.generate(&Caller::system("test"), made).await.unwrap();
        Self {
            routes: Routes::new(Gate::new(authority)),
            api_token,
            access_token: child.access_token.expose().to_owned(),
            id: other.record.id.to_string(),
        }
    }

    pub(crate) async fn new() -> Self {
        Self::at("https://app.example/auth").await
    }

    /// The status and the body of the answer.
    pub(crate) async fn send(
        &self,
        endpoint: Endpoint,
        method: &str,
        query: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let takes_api_token = [Endpoint::Exchange, Endpoint::RotateOwn].contains(&endpoint);
        let token = if takes_api_token { &self.api_token } else { &self.access_token };
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let request = Request {
            method: method.parse::<Method>().unwrap(),
            query: Some(query.to_owned()),
            headers,
            parameter: endpoint.parameter().map(|name| match name {
                "id" => self.id.clone(),
                name => name.to_owned(),
            }),
            peer: None,
            session: None,
            body: Body::Complete(body.map(ToString::to_string).unwrap_or_default().into()),
        };
        let answer = self.routes.respond(endpoint, request).await;
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or_default())
    }
}

/// Every operation of the document: path, method, and what stands there.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let of = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        let methods =
            item.into_iter().filter(|(name, _)| !["servers", "parameters"].contains(&name.as_str()));
        methods.map(|(method, found)| (path.clone(), method, found)).collect::<Vec<_>>()
    };
    items.flat_map(of).collect()
}

/// A schema in which references into the document are found.
pub(crate) fn rooted(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    schema
}
