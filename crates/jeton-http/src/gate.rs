//! What stands before a route: from the head of a request to who makes it.

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use ipnet::IpNet;
use jeton::{
    Authority, Principal, TokenKind,
    policy::{Denial, Facts, Policy},
};

use crate::{
    Realm, Refusal,
    address::client_address,
    bearer::{Bearer, query_has_token},
};

/// The head of a request, whichever version of the `http` crate its framework is on.
pub trait Head {
    /// The method.
    fn method(&self) -> &str;
    /// The query, as it was sent.
    fn query(&self) -> Option<&str>;
    /// The values of all headers of that lower-case name, in their order.
    fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]>;
    /// The address of the other end of the connection.
    fn peer(&self) -> Option<IpAddr>;
}

/// The address of the other end of the connection, for frameworks that put it into the extensions of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// How requests are authenticated: against which authority, with which kinds of token, and from which addresses.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    authority: Authority,
    realm: Realm,
    optional: bool,
    api_tokens: bool,
    preflight: bool,
    proxies: Vec<IpNet>,
    origins: Vec<String>,
}

impl From<Authority> for Gate {
    fn from(authority: Authority) -> Self {
        Self::new(authority)
    }
}

/// Who makes a request: put into its extensions by the layer or middleware, and read by all that authorize.
#[derive(Clone, Debug)]
pub struct Context {
    principal: Option<Principal>,
    facts: Facts,
    realm: Realm,
}

impl Context {
    /// The principal; none if the request came without credentials and the route allows that.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// What is known about the request beside who makes it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The realm in which refusals are told.
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// The principal, or the refusal of a request without credentials.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoCredentials`].
    pub fn authenticated(&self) -> Result<&Principal, Refusal> {
        self.principal().ok_or(Refusal::NoCredentials)
    }

    /// The principal, if the policy lets it pass.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoCredentials`] or [`Refusal::Denied`].
    pub fn authorized(&self, policy: &Policy) -> Result<&Principal, Refusal> {
        let principal = self.authenticated()?;
        policy.check(principal, &self.facts).map_err(Refusal::Denied)?;
        Ok(principal)
    }
}

/// What a gate says of a request.
pub enum Passage {
    /// It is a CORS preflight, which the gate was told to let through: without any context.
    Preflight,
    /// It passes, or not.
    Decided(Result<Context, Refusal>),
    /// The store must be asked.
    Waiting(Pin<Box<dyn Future<Output = Result<Context, Refusal>> + Send>>),
}

impl Gate {
    /// A gate that asks for an access token of that authority.
    pub fn new(authority: Authority) -> Self {
        Self(Arc::new(Settings {
            authority,
            realm: Realm::default(),
            optional: false,
            api_tokens: false,
            preflight: false,
            proxies: Vec::new(),
            origins: Vec::new(),
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Named like that in challenges; `api` unless told otherwise.
    #[must_use]
    pub fn realm(self, name: &str) -> Self {
        self.with(|settings| settings.realm = Realm::new(name))
    }

    /// Lets requests without credentials pass, without a principal. Bad credentials are refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.with(|settings| settings.optional = true)
    }

    /// Accepts API tokens as bearers too. The store and the directory are asked about each.
    #[must_use]
    pub fn accepting_api_tokens(self) -> Self {
        self.with(|settings| settings.api_tokens = true)
    }

    /// Lets CORS preflights through (`OPTIONS` with `Origin` and `Access-Control-Request-Method`), without a context.
    /// Not needed where the host's CORS layer stands outside, as it should.
    #[must_use]
    pub fn with_preflight(self) -> Self {
        self.with(|settings| settings.preflight = true)
    }

    /// Believes `X-Forwarded-For` as far as it was written by proxies in these networks; nobody unless told.
    #[must_use]
    pub fn trusting_proxies(self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.with(|settings| settings.proxies = networks.into_iter().collect())
    }

    /// Lets pages of these origins (`https://admin.example`) change things by a session of the host, beside those of
    /// the app's own origin.
    #[must_use]
    pub fn allowing_origins<S: Into<String>>(self, origins: impl IntoIterator<Item = S>) -> Self {
        self.with(|settings| settings.origins = origins.into_iter().map(Into::into).collect())
    }

    /// The authority behind it.
    pub fn authority(&self) -> &Authority {
        &self.0.authority
    }

    /// The realm of its challenges.
    pub fn realm_of(&self) -> &Realm {
        &self.0.realm
    }

    /// What is known about a request beside who makes it.
    pub fn facts(&self, head: &impl Head) -> Facts {
        let forwarded_for = head.header("x-forwarded-for");
        self.0.authority.facts(client_address(head.peer(), forwarded_for, &self.0.proxies))
    }

    /// Who makes the request. Access tokens are decided at once; only API tokens, where they are accepted, wait.
    pub fn admit(&self, head: &impl Head) -> Passage {
        if self.0.preflight && is_preflight(head) {
            return Passage::Preflight;
        }
        let token = match self.bearer(head) {
            Ok(Some(token)) => token,
            Ok(None) if self.0.optional => return Passage::Decided(Ok(self.context(head))),
            Ok(None) => return Passage::Decided(Err(Refusal::NoCredentials)),
            Err(refusal) => return Passage::Decided(Err(refusal)),
        };
        if self.0.api_tokens && TokenKind::claimed_by(token) == Some(TokenKind::ApiToken) {
            let (gate, token, context) = (self.clone(), token.to_owned(), self.context(head));
            return Passage::Waiting(Box::pin(async move {
                let principal = gate.authority().authenticate_api_token(&token).await?;
                context.with_principal(principal, gate.authority())
            }));
        }
        let principal = self.authority().authenticate(token).map_err(Refusal::from);
        Passage::Decided(
            principal.and_then(|principal| self.context(head).with_principal(principal, self.authority())),
        )
    }

    /// Whether a page of that origin may change things by a session of the host.
    pub(crate) fn allows_origin(&self, origin: &[u8]) -> bool {
        self.0.origins.iter().any(|allowed| allowed.as_bytes() == origin)
    }

    /// The bearer token of a request; none if it has none.
    pub(crate) fn bearer<'a>(&self, head: &'a impl Head) -> Result<Option<&'a str>, Refusal> {
        match Bearer::parse(head.header("authorization")) {
            Bearer::Absent => Ok(None),
            Bearer::Malformed => Err(Refusal::Malformed),
            Bearer::Token(_) if query_has_token(head.query()) => Err(Refusal::Malformed),
            Bearer::Token(token) => Ok(Some(token)),
        }
    }

    /// Without a principal yet.
    fn context(&self, head: &impl Head) -> Context {
        Context { principal: None, facts: self.facts(head), realm: self.0.realm.clone() }
    }
}

impl Context {
    fn with_principal(self, principal: Principal, authority: &Authority) -> Result<Self, Refusal> {
        if principal.admits(self.facts.address) {
            authority.used(&principal, &self.facts);
            Ok(Self { principal: Some(principal), ..self })
        } else {
            Err(Refusal::Denied(Denial::Network))
        }
    }
}

fn is_preflight(head: &impl Head) -> bool {
    head.method() == "OPTIONS"
        && head.header("origin").next().is_some()
        && head.header("access-control-request-method").next().is_some()
}
