//! Who makes requests.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

use crate::{
    Answer,
    contract::{Asked, Contract, MOUNT},
};

type Client = HyperClient<HttpConnector, Full<Bytes>>;

/// Somebody with a bearer token, or without one.
#[derive(Clone, Debug)]
pub struct Actor {
    client: Client,
    url: String,
    bearer: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Actor {
    /// Nobody, at the app with that URL.
    pub(crate) fn anonymous(url: &str) -> Self {
        let client = HyperClient::builder(TokioExecutor::new()).build_http();
        Self { client, url: url.to_owned(), bearer: None, headers: Vec::new() }
    }

    /// Whoever holds that token.
    pub fn with_bearer(&self, token: &str) -> Self {
        Self { bearer: Some(token.to_owned()), ..self.clone() }
    }

    /// The same, with that header in each request.
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// That header of each request.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The token that it sends.
    pub fn token(&self) -> &str {
        self.bearer.as_deref().unwrap()
    }

    /// A request, to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let mut request = http::Request::new(Bytes::new());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = format!("{}{path}", self.url).parse().unwrap();
        let request = Request { client: self.client.clone(), request };
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        match &self.bearer {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send().await
    }

    /// `POST` without a body.
    pub async fn post_empty(&self, path: &str) -> Answer {
        self.request("POST", path).send().await
    }

    /// `POST` with a form.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.request("POST", path).form(fields).send().await
    }

    /// `PATCH` with JSON.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path).json(&body).send().await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send().await
    }

    /// All records of the list with that query, page by page.
    pub async fn list(&self, query: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("/auth/tokens?{query}&cursor={cursor}")).await.is(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => return items,
            }
        }
    }
}

/// A request that was not sent yet.
#[derive(Debug)]
#[must_use]
pub struct Request {
    client: Client,
    request: http::Request<Bytes>,
}

impl Request {
    /// One more header.
    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.request.headers_mut().append(HeaderName::from_static(name), value);
        self
    }

    /// That body, whatever it is.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// That body, and its type.
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// That form, in that order, and its type.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = fields.collect::<Vec<_>>().join("&");
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// The answer.
    pub async fn send(self) -> Answer {
        self.try_send().await.unwrap_or_else(|| panic!("the app does not answer"))
    }

    /// The answer; none if the connection breaks. One of the routes of jeton is as their document says, or this panics.
    pub async fn try_send(self) -> Option<Answer> {
        let Self { client, request } = self;
        let asked = Asked::of(&request);
        let origin = request.uri().clone().into_parts();
        let answer = ask(&client, request).await?;
        let Some(asked) = asked else { return Some(answer) };
        let contract = match Contract::known() {
            Some(contract) => contract,
            None => {
                let mut document = http::Request::new(Bytes::new());
                let mut uri = origin;
                uri.path_and_query = Some(format!("{MOUNT}/openapi.json").parse().unwrap());
                *document.uri_mut() = uri.try_into().unwrap();
                Contract::learn(&ask(&client, document).await?.is(200).body)
            }
        };
        contract.check(&asked, &answer);
        Some(answer)
    }
}

async fn ask(client: &Client, request: http::Request<Bytes>) -> Option<Answer> {
    let mut request = request.map(Full::new);
    // Frameworks are asked as by curl, which always names itself.
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("end-to-end"));
    let (parts, body) = client.request(request).await.ok()?.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Percent-encoded, all of it but letters and digits.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| {
        if byte.is_ascii_alphanumeric() {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            format!("{text}%{byte:02X}")
        }
    })
}
