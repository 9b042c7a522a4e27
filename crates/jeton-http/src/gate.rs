//! What stands before a route: from the head of a request to who makes it.

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use http::HeaderName;
use ipnet::IpNet;
use jeton::{Authority, Origin, OriginRef, Principal, TokenKind, Verifier, policy::Facts};

use crate::{
    Context, Head, Realm, Refusal,
    address::client_address,
    bearer::{Bearer, query_has_token},
};

/// How requests are authenticated: against which authority, or by which verifier alone; with which kinds of token, and
/// from which addresses.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Settings>);

#[derive(Clone, Debug)]
struct Settings {
    behind: Behind,
    /// Those of every request but its address.
    facts: Facts,
    realm: Realm,
    optional: bool,
    api_tokens: bool,
    preflight: bool,
    proxies: Vec<IpNet>,
    origins: Vec<String>,
    bare_tokens: bool,
    signature_header: Option<HeaderName>,
}

/// Who judges tokens.
#[derive(Clone, Debug)]
enum Behind {
    Authority(Authority),
    /// Where tokens are verified and not made: the issuer is elsewhere.
    Verifier(Verifier),
}

impl From<Authority> for Gate {
    fn from(authority: Authority) -> Self {
        Self::new(authority)
    }
}

/// A gate of a resource server, which has no authority: it accepts access tokens alone, knows no named audience, so that
/// nobody is in any, and no routes of jeton can be mounted with it.
impl From<Verifier> for Gate {
    fn from(verifier: Verifier) -> Self {
        Self::before(Behind::Verifier(verifier))
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
        Self::before(Behind::Authority(authority))
    }

    fn before(behind: Behind) -> Self {
        let facts = match &behind {
            Behind::Authority(authority) => authority.facts(None),
            Behind::Verifier(_) => Facts::default(),
        };
        Self(Arc::new(Settings {
            behind,
            facts,
            realm: Realm::default(),
            optional: false,
            api_tokens: false,
            preflight: false,
            proxies: Vec::new(),
            origins: Vec::new(),
            bare_tokens: false,
            signature_header: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Named like that in challenges; `api` unless told otherwise.
    #[must_use]
    pub fn realm(self, name: &str) -> Self {
        self.with(|settings| settings.realm = settings.realm.renamed(name))
    }

    /// Says in each challenge where the metadata of the protected app are (RFC 9728 §5.1), so that a client can find the
    /// issuer by itself; nothing is said unless told. [`WellKnown::ProtectedResource`](crate::WellKnown) is the document.
    #[must_use]
    pub fn resource_metadata(self, url: &str) -> Self {
        self.with(|settings| settings.realm = settings.realm.with_resource_metadata(url))
    }

    /// Lets requests without credentials pass, without a principal. Bad credentials are refused all the same.
    #[must_use]
    pub fn optional(self) -> Self {
        self.with(|settings| settings.optional = true)
    }

    /// Accepts API tokens as bearers too. The store and the directory are asked about each: a gate without an authority
    /// goes on to refuse them.
    #[must_use]
    pub fn accepting_api_tokens(self) -> Self {
        self.with(|settings| settings.api_tokens = true)
    }

    /// Accepts an `Authorization` that is a token and nothing else, without the word `Bearer`, for clients that cannot
    /// send it (against RFC 6750 §2.1). Nothing else changes.
    #[must_use]
    pub fn accepting_bare_tokens(self) -> Self {
        self.with(|settings| settings.bare_tokens = true)
    }

    /// Takes a signature by a secret from that header at `/exchange`, in the place of a bearer. The authority must
    /// [accept](jeton::Signatures) them too.
    #[must_use]
    pub fn signature_header(self, name: HeaderName) -> Self {
        self.with(|settings| settings.signature_header = Some(name))
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

    /// The authority behind it; none where there is a verifier alone.
    pub fn authority(&self) -> Option<&Authority> {
        match &self.0.behind {
            Behind::Authority(authority) => Some(authority),
            Behind::Verifier(_) => None,
        }
    }

    /// What verifies access tokens behind it.
    pub fn verifier(&self) -> &Verifier {
        match &self.0.behind {
            Behind::Authority(authority) => authority.verifier(),
            Behind::Verifier(verifier) => verifier,
        }
    }

    /// The realm of its challenges.
    pub fn realm_of(&self) -> &Realm {
        &self.0.realm
    }

    /// Where a request comes from.
    pub fn origin<'a>(&self, head: &'a impl Head) -> OriginRef<'a> {
        let proxies = &self.0.proxies;
        let address = if proxies.is_empty() {
            head.peer().map(|peer| peer.to_canonical())
        } else {
            client_address(head.peer(), head.header("x-forwarded-for"), proxies)
        };
        OriginRef {
            address,
            user_agent: head.header("user-agent").next().and_then(|agent| std::str::from_utf8(agent).ok()),
        }
    }

    /// Who makes the request. Access tokens are decided at once; only API tokens, where they are accepted, wait.
    pub fn admit(&self, head: &impl Head) -> Passage {
        if self.0.preflight && is_preflight(head) {
            return Passage::Preflight;
        }
        // Its form is judged where it is not known yet: one that is known has a good one.
        let token = match self.token(head, |bearer| bearer) {
            Ok(Some(token)) => token,
            Ok(None) if self.0.optional => {
                return Passage::Decided(Ok(self.context(self.origin(head).address, None)));
            }
            Ok(None) => return Passage::Decided(Err(Refusal::NoCredentials)),
            Err(refusal) => return Passage::Decided(Err(refusal)),
        };
        let origin = self.origin(head);
        if let Behind::Authority(authority) = &self.0.behind
            && self.0.api_tokens
            && !authority.verifier().remembers(token)
            && TokenKind::claimed_by(token) == Some(TokenKind::ApiToken)
        {
            let (gate, authority, token) = (self.clone(), authority.clone(), token.to_owned());
            let origin = Origin::from(origin);
            return Passage::Waiting(Box::pin(async move {
                let principal = authority.authenticate_api_token(&token, origin.borrowed()).await?;
                Ok(gate.context(origin.address, Some(principal)))
            }));
        }
        let address = origin.address;
        let principal = match &self.0.behind {
            Behind::Authority(authority) => authority.authenticate_from(token, origin),
            Behind::Verifier(verifier) => verifier.authenticate_from(token, origin),
        };
        Passage::Decided(match principal {
            Ok(principal) => Ok(self.context(address, Some(principal))),
            Err(error) => Err(error.into()),
        })
    }

    /// Whether a page of that origin may change things by a session of the host.
    pub(crate) fn allows_origin(&self, origin: &[u8]) -> bool {
        self.0.origins.iter().any(|allowed| allowed.as_bytes() == origin)
    }

    /// Whether API tokens are bearers too.
    pub(crate) fn accepts_api_tokens(&self) -> bool {
        self.0.api_tokens
    }

    /// Whether requests without credentials pass.
    pub(crate) fn is_optional(&self) -> bool {
        self.0.optional
    }

    /// The header that may hold a signature at the exchange.
    pub(crate) fn signature_header_of(&self) -> Option<&HeaderName> {
        self.0.signature_header.as_ref()
    }

    /// The bearer token of a request; none if it has none.
    pub(crate) fn bearer<'a>(&self, head: &'a impl Head) -> Result<Option<&'a str>, Refusal> {
        self.token(head, Bearer::checked)
    }

    fn token<'a>(
        &self,
        head: &'a impl Head,
        check: impl FnOnce(Bearer<'a>) -> Bearer<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        match check(Bearer::parse(head.header("authorization"), self.0.bare_tokens)) {
            Bearer::Absent => Ok(None),
            Bearer::Malformed => Err(Refusal::Malformed),
            Bearer::Token(_) if query_has_token(head.query()) => Err(Refusal::Malformed),
            Bearer::Token(token) => Ok(Some(token)),
        }
    }

    fn context(&self, address: Option<IpAddr>, principal: Option<Principal>) -> Context {
        Context::new(self.clone(), address, principal)
    }

    /// What is known about a request from there.
    pub(crate) fn facts(&self, address: Option<IpAddr>) -> Facts {
        let mut facts = self.0.facts.clone();
        facts.address = address;
        facts
    }
}

fn is_preflight(head: &impl Head) -> bool {
    head.method() == "OPTIONS"
        && head.header("origin").next().is_some()
        && head.header("access-control-request-method").next().is_some()
}
