//! What an operation came to, in the words of the model.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jeton::{Authority, Exchange, ExchangeError, Generated, KeyAndSecret, ManageError, Origin};
use sha2::Sha256;

use super::{
    operation::Proof,
    system::{System, admin, user},
};

/// What an operation came to.
pub(super) struct Found {
    pub(super) word: String,
    pub(super) token: Option<Generated>,
    pub(super) child: Option<String>,
}

impl Found {
    pub(super) fn word(word: impl Into<String>) -> Self {
        Self { word: word.into(), token: None, child: None }
    }

    pub(super) fn done() -> Self {
        Self::word("done")
    }
}

/// What a management call came to.
pub(super) fn managed<T>(answer: Result<T, ManageError>, found: impl FnOnce(T) -> Found) -> Found {
    match answer {
        Ok(answer) => found(answer),
        Err(ManageError::Invalid(_)) => Found::word("invalid"),
        Err(ManageError::NotFound) => Found::word("not_found"),
        Err(ManageError::Conflict(conflict)) => Found::word(format!("{conflict:?}")),
        Err(ManageError::Denied(_)) => Found::word("denied"),
        Err(ManageError::Rejected(rejection)) => Found::word(rejection.code()),
        Err(error) => Found::word(format!("{error:?}")),
    }
}

/// That token was made.
pub(super) fn made(token: Generated) -> Found {
    Found { token: Some(token), ..Found::done() }
}

impl System {
    pub(super) async fn exchange(
        &self,
        node: &Authority,
        token: usize,
        proof: Proof,
        narrowed: bool,
    ) -> Found {
        let scopes = narrowed.then(|| ["reports:read".to_owned()].into());
        let request = Exchange { scopes, ..Exchange::default() };
        let (text, secret) = &self.tokens[token];
        let answer = match (proof, secret) {
            (Proof::Token, _) => node.exchange(text, &request).await,
            (Proof::Secret, Some(pair)) => {
                node.exchange_secret(&pair.key, pair.secret.expose(), &request).await
            }
            (Proof::Signature(number), Some(pair)) => {
                let signature = self.sign(pair, &user(number));
                node.exchange_signature(&signature, &request).await
            }
            (_, None) => return Found::word("no secret"),
        };
        match answer {
            Ok(exchanged) => {
                Found { child: Some(exchanged.access_token.expose().to_owned()), ..Found::done() }
            }
            Err(ExchangeError::Rejected(rejection)) => Found::word(rejection.code()),
            Err(ExchangeError::Denied(_)) => Found::word("denied"),
            Err(ExchangeError::InvalidScope) => Found::word("invalid_scope"),
            Err(error) => Found::word(format!("{error:?}")),
        }
    }

    fn sign(&self, pair: &KeyAndSecret, user: &str) -> String {
        let moment = self.now();
        let mut mac = Hmac::<Sha256>::new_from_slice(pair.secret.expose().as_bytes()).unwrap();
        mac.update(format!("{}{moment}{user}", pair.key).as_bytes());
        let hash: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("tkn_{}_{moment}_{user}_{hash}", pair.key)
    }

    pub(super) async fn reveal(&self, node: &Authority, record: usize) -> Found {
        managed(node.reveal(&admin(), self.records[record]).await, |shown| {
            // Which one it must be is looked at with everything else: it is one that was given out.
            let known = self.tokens.iter().any(|(text, _)| text == shown.expose());
            if known { Found::done() } else { Found::word("another token") }
        })
    }

    pub(super) async fn give_up(&self, node: &Authority, token: &str) -> Found {
        match node.revoke_token(token, &Origin::default()).await {
            Ok(()) => Found::done(),
            Err(error) => Found::word(format!("{error:?}")),
        }
    }
}
