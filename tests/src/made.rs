//! What was generated.

use serde_json::Value;

/// A generated token.
#[derive(Clone, Debug)]
pub struct Made {
    /// The id of its record.
    pub id: String,
    /// The record.
    pub record: Value,
    /// The token.
    pub api_token: String,
}

impl Made {
    /// The one that an answer shows.
    pub fn of(answer: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&answer["token"]["id"]),
            api_token: text(&answer["api_token"]),
            record: answer["token"].clone(),
        }
    }

    /// The path of its record.
    pub fn path(&self) -> String {
        format!("/auth/tokens/{}", self.id)
    }

    /// The path of something that is done to it.
    pub fn action(&self, action: &str) -> String {
        format!("/auth/tokens/{}/{action}", self.id)
    }
}
