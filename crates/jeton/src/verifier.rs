//! The verifying half: from the text of an access token to a [`Principal`].

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use crate::{
    AuthenticateError, Clock, Introspection, Names, OriginRef, Principal, RecordId, Rejection, SourceError,
    Timestamp, Unavailable, VerifierBuilder, VerifierStatus,
    cutoff::CutOffs,
    jose::TokenType,
    policy::Denial,
    principal::Watch,
    reading::payload_of,
    remote::{self, Remote, Tasks},
    ring::CurrentKeys,
    tokens::parse,
    verified::{Found, VerifiedTokens},
};

/// Verifies access tokens without store, directory or waiting. Cheap to clone, and all clones are one.
///
/// An [`Authority`](crate::Authority) has one inside; elsewhere one is [built](Verifier::builder) from the public keys of
/// the issuer.
///
/// ```
/// use jeton::{Verifier, VerifyingKeys};
///
/// let jwks = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k1",
///     "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// let verifier = Verifier::builder("https://app.example/auth")
///     .audience("https://reports.example")
///     .keys(VerifyingKeys::from_jwks(jwks)?)
///     .build()?;
/// assert!(verifier.verify("nonsense").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier(pub(crate) Arc<Parts>);

/// Whom a good token belongs to, and when that was found.
type Judged = (Principal, Timestamp);

pub(crate) struct Parts {
    pub(crate) issuer: String,
    pub(crate) audiences: Names,
    pub(crate) keys: CurrentKeys,
    pub(crate) cut_offs: CutOffs,
    pub(crate) verified: VerifiedTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leeway: Duration,
    pub(crate) clock_skew: Duration,
    /// What is read in the background, where there is no authority.
    pub(crate) remote: Option<Arc<Remote>>,
    pub(crate) tasks: OnceLock<Tasks>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.0.issuer)
            .field("audiences", &self.0.audiences)
            .finish_non_exhaustive()
    }
}

impl Parts {
    /// What changes from one moment to the next. The time is taken last, and given.
    fn check_now(&self, principal: &Principal) -> Result<Timestamp, Rejection> {
        self.cut_offs.check(principal)?;
        let now = self.clock.now();
        if principal.issued_at() > now.saturating_add(self.clock_skew) {
            return Err(Rejection::NotYetValid);
        }
        if principal.expires_at().is_some_and(|end| now >= end.saturating_add(self.leeway)) {
            return Err(Rejection::Expired);
        }
        Ok(now)
    }
}

impl Verifier {
    /// Begins a verifier that holds no private key and no store, of the tokens of that issuer (`iss`).
    pub fn builder(issuer: impl Into<String>) -> VerifierBuilder {
        VerifierBuilder::new(issuer.into())
    }

    /// The principal of an access token (RFC 9068 §4), or why it is refused. Where the request comes from is not looked
    /// at; [`authenticate_from`](Self::authenticate_from) does that.
    ///
    /// The order matters: form, key and signature before any claim is read; then issuer and audience; then the
    /// cut-off, and the expiry last, so that a pause in between cannot let a token slip past a pruned cut-off. Of a
    /// token that was accepted a moment ago only cut-off and expiry are judged anew.
    ///
    /// # Errors
    ///
    /// If the token is refused; and [`AuthenticateError::Unavailable`] if keys or cut-offs of the issuer were not read
    /// yet, or not for too long. A token of a key that is not known is refused at once, while the keys are read.
    pub fn verify(&self, token: &str) -> Result<Principal, AuthenticateError> {
        if let Err(unavailable) = self.ready() {
            // What is no token at all is none whatever the issuer would say.
            parse(token, TokenType::Access)?;
            return Err(unavailable.into());
        }
        self.verify_naming(token).map_err(|(_, rejection)| rejection.into())
    }

    /// The same for a token that comes from there: within its networks.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), and if the token may not be used from there.
    pub fn authenticate_from(
        &self,
        token: &str,
        origin: OriginRef<'_>,
    ) -> Result<Principal, AuthenticateError> {
        let principal = self.verify(token)?;
        if principal.admits(origin.address) {
            Ok(principal)
        } else {
            Err(AuthenticateError::Denied(Denial::Network))
        }
    }

    /// Whether that very token was found good before, so that it is an access token. Whether it is accepted now, it does
    /// not say.
    pub fn remembers(&self, token: &str) -> bool {
        self.0.verified.find(token, self.0.keys.version()).is_some()
    }

    /// Whether it can judge tokens now. For readiness.
    ///
    /// # Errors
    ///
    /// If keys or cut-offs of the issuer were not read yet, or not for too long.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.0.remote.as_ref().map_or(Ok(()), |remote| remote.ready(self.0.clock.monotonic()))
    }

    /// What it knows of its issuer, and since when.
    pub fn status(&self) -> VerifierStatus {
        let (now, remote) = (self.0.clock.monotonic(), self.0.remote.as_ref());
        VerifierStatus {
            kids: self.0.keys.kids(),
            cut_offs: self.0.cut_offs.len(),
            keys_age: remote.and_then(|remote| remote.keys_age(now)),
            cut_offs_age: remote.and_then(|remote| remote.cut_offs_age(now)),
            failing: remote.is_some_and(|remote| remote.is_failing()),
        }
    }

    /// Reads now what is read in the background anyway: keys and cut-offs of the issuer. For programs that would rather
    /// not start than wait, and for tests. With given keys there is nothing to do.
    ///
    /// # Errors
    ///
    /// If the source does not answer, or says what cannot be used. What was read before goes on to count.
    pub async fn refresh(&self) -> Result<(), SourceError> {
        let Some(remote) = &self.0.remote else { return Ok(()) };
        remote::read_all(&self.0, remote).await
    }

    /// The same, and the record of a token that is refused though we signed it.
    pub(crate) fn verify_naming(&self, token: &str) -> Result<Principal, (Option<RecordId>, Rejection)> {
        let judged = match self.recall(token) {
            Some(principal) => self.judge(principal),
            None => self.verify_anew(token),
        };
        judged.map(|(principal, _)| principal)
    }

    /// Who has that token, if it was found good before. Whether it still counts is to be judged.
    pub(crate) fn recall(&self, token: &str) -> Option<Principal> {
        let principal = self.known(token);
        self.0.verified.count(principal.is_some());
        principal
    }

    fn known(&self, token: &str) -> Option<Principal> {
        let keys_version = self.0.keys.version();
        match self.0.verified.find(token, keys_version)? {
            Found::Whole(principal) => Some(principal),
            // It was read without an error before.
            Found::Signed => self.said(token, payload_of(token)?, keys_version).ok(),
        }
    }

    /// Whether what was found good counts now, and which time that is.
    pub(crate) fn judge(&self, principal: Principal) -> Result<Judged, (Option<RecordId>, Rejection)> {
        match self.0.check_now(&principal) {
            Ok(now) => Ok((principal, now)),
            Err(rejection) => Err((Some(principal.token_id()), rejection)),
        }
    }

    /// The same for a token that was not found good before.
    pub(crate) fn verify_anew(&self, token: &str) -> Result<Judged, (Option<RecordId>, Rejection)> {
        let principal = self.read(token).map_err(|rejection| (None, rejection))?;
        let judged = self.judge(principal)?;
        self.0.verified.remember(token, &judged.0);
        Ok(judged)
    }

    /// What an access token says that is accepted now, and when it was issued.
    pub(crate) fn verified(&self, token: &str) -> Result<Introspection, Rejection> {
        let principal = self.read(token)?;
        self.0.check_now(&principal)?;
        Ok(Introspection { issued_at: principal.issued_at(), principal })
    }

    pub(crate) fn downgrade(&self) -> Watch {
        Watch::new(Arc::downgrade(&self.0))
    }

    /// The issuer whose tokens it accepts.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The audiences of which a token must name one.
    pub fn audiences(&self) -> &Names {
        &self.0.audiences
    }
}
