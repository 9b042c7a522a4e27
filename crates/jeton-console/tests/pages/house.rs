//! A console over a store in memory, with a clock that is set by hand, and those who look at it.

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use jeton::{
    Account, Algorithm, Authority, AuthorityBuilder, Caller, Clock, Exchange, Generate, Generated,
    MemoryStore, SigningKey, StaticDirectory, SystemRandom, Timestamp,
    rights::{RoleMap, TOKEN_ADMIN, scopes},
};
use jeton_console::Console;
use jeton_http::{Answer, Body, HostSession, Pages as _, Request};
use jeton_testkit::FakeClock;

pub(crate) const COOKIE: &str = "__Host-jeton-console";
pub(crate) const BASE: &str = "/auth/console";

pub(crate) struct House {
    pub(crate) authority: Authority,
    pub(crate) console: Console,
    pub(crate) clock: FakeClock,
    pub(crate) people: StaticDirectory,
}

pub(crate) async fn house() -> House {
    house_with(|builder| builder).await
}

pub(crate) async fn house_with(set: impl FnOnce(AuthorityBuilder) -> AuthorityBuilder) -> House {
    let clock = FakeClock::at(Timestamp::from_unix_seconds(1_790_000_000).unwrap());
    let people = StaticDirectory::new()
        .with("root", Account::active().with_role(TOKEN_ADMIN))
        .with("alice", Account::active().with_role("reader").with_scope(scopes::TOKENS_SELF))
        .with("bob", Account::active().with_scope(scopes::TOKENS_SELF));
    let key = || SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap();
    let builder = Authority::builder("https://app.example/auth")
        .store(Arc::new(MemoryStore::new()))
        .directory(Arc::new(people.clone()))
        .directory_search(Arc::new(people.clone()))
        .role_map(RoleMap::default().with("reader", ["reports:read"]))
        .api_keys([key()])
        .access_keys([key()])
        .clock(Arc::new(clock.clone()));
    let authority = set(builder).build().await.unwrap();
    House { console: Console::new(authority.clone()), authority, clock, people }
}

impl House {
    pub(crate) async fn generate(&self, request: Generate) -> Generated {
        self.authority.generate(&Caller::system("setup"), request).await.unwrap()
    }

    pub(crate) async fn named(&self, name: &str) -> Generated {
        self.generate(Generate::new(name)).await
    }

    pub(crate) async fn exchange(&self, api_token: &str) -> String {
        let exchanged = self.authority.exchange(api_token, &Exchange::default()).await.unwrap();
        exchanged.access_token.expose().to_owned()
    }

    /// Somebody with a session got by an API token for that user.
    pub(crate) async fn signed_in(&self, subject: &str) -> Visitor<'_> {
        let name = format!("session of {subject} {}", self.clock.monotonic().as_nanos());
        self.with_token(Generate::new(name).with_subject(subject)).await
    }

    /// Somebody with a session got by such a token.
    pub(crate) async fn with_token(&self, request: Generate) -> Visitor<'_> {
        let made = self.generate(request).await;
        let session = self.exchange(made.api_token.expose()).await;
        self.anybody().header("cookie", &format!("{COOKIE}={session}"))
    }

    /// Somebody with a session of the app.
    pub(crate) fn host(&self, subject: &str, tenant: Option<&str>) -> Visitor<'_> {
        let session = HostSession { subject: subject.to_owned(), tenant: tenant.map(str::to_owned) };
        Visitor { session: Some(session), ..self.anybody() }
    }

    /// A browser that has no session, on a page of the app.
    pub(crate) fn anybody(&self) -> Visitor<'_> {
        let visitor = Visitor { house: self, headers: HeaderMap::new(), session: None };
        visitor.header("sec-fetch-site", "same-origin")
    }
}

#[derive(Clone)]
pub(crate) struct Visitor<'a> {
    house: &'a House,
    headers: HeaderMap,
    session: Option<HostSession>,
}

impl Visitor<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn with_session(mut self, subject: &str) -> Self {
        self.session = Some(HostSession { subject: subject.to_owned(), tenant: None });
        self
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Body) -> Shown {
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let request = Request {
            method,
            query: query.map(str::to_owned),
            headers: self.headers.clone(),
            parameter: None,
            peer: Some("192.0.2.1".parse().unwrap()),
            session: self.session.clone(),
            body,
        };
        Shown(self.house.console.respond(path, request).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Shown {
        self.ask(Method::GET, path, Body::Complete("".into())).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.ask(Method::POST, path, Body::Complete(form.finish().into())).await
    }
}

pub(crate) struct Shown(pub(crate) Answer);

impl Shown {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status(), status, "{}", self.text());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.body().to_vec()).unwrap()
    }

    pub(crate) fn has(self, part: &str) -> Self {
        assert!(self.text().contains(part), "no {part:?} in {}", self.text());
        self
    }

    pub(crate) fn lacks(self, part: &str) -> Self {
        assert!(!self.text().contains(part), "{part:?} in {}", self.text());
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.0.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The redirect to that path of the console.
    pub(crate) fn leads_to(self, below: &str) -> Self {
        assert_eq!(
            (self.status(), self.header("location")),
            (303, format!("{BASE}{below}").as_str()),
            "{}",
            self.text()
        );
        self
    }

    pub(crate) fn cookie(&self) -> &str {
        self.header(header::SET_COOKIE.as_str())
    }

    /// The value of the field of that id.
    pub(crate) fn value(&self, id: &str) -> String {
        let text = self.text();
        let field = text.split('<').find(|tag| tag.contains(&format!(" id=\"{id}\""))).unwrap();
        field.split_once(" value=\"").unwrap().1.split('"').next().unwrap().to_owned()
    }
}
