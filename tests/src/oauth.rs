//! A client that speaks OAuth.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::{Answer, App, Made, encoded};

/// Somebody with a key and a secret.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// The token whose they are.
    pub made: Made,
    /// The `client_id`.
    pub key: String,
    /// The `client_secret`.
    pub secret: String,
}

impl OauthClient {
    /// A new one, of a token with these fields.
    pub async fn new(app: &App, mut fields: Value) -> Self {
        fields["key_and_secret"] = json!(true);
        let answer = app.admin().await.post("/auth/tokens", fields).await.is(201).json();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { made: Made::of(&answer), key: text("key"), secret: text("secret") }
    }

    /// What stands in `Authorization` (RFC 6749 §2.3.1).
    pub fn basic(&self) -> String {
        basic(&self.key, &self.secret)
    }

    /// The two parameters of the body.
    pub fn in_body(&self) -> [(&str, &str); 2] {
        [("client_id", &self.key), ("client_secret", &self.secret)]
    }

    /// A JWT with that header and these claims, under the secret.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        sign(self.secret.as_bytes(), header, claims)
    }
}

/// HTTP Basic, both parts form-encoded.
fn basic(key: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(key), encoded(secret))))
}

/// A JWT with HMAC-SHA256, whatever its header says.
fn sign(secret: &[u8], header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

impl Answer {
    /// Checks that it is an OAuth error of that status and that name (RFC 6749 §5.2), and nothing more.
    #[track_caller]
    pub fn oauth_error(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:#?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:#?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:#?}");
        let body = self.json();
        let mut members: Vec<_> = body.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["error", "error_description"], "{self:#?}");
        assert_eq!(body["error"], error, "{self:#?}");
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(body["error_description"].as_str().unwrap().bytes().all(allowed), "{self:#?}");
    }
}
