//! What stands around the content of every page.

use askama::Template;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jeton::rights::scopes;
use jeton_http::Answer;

use crate::{
    Texts,
    page::Page,
    time::{Moment, moment},
    visitor::Visitor,
};

/// A link to another page.
pub(crate) struct Link {
    pub(crate) href: String,
    pub(crate) label: &'static str,
    pub(crate) current: bool,
}

/// What stands around the content of a page.
pub(crate) struct Frame<'a> {
    pub(crate) t: &'a Texts,
    /// What all paths begin with.
    pub(crate) base: &'a str,
    /// The name of the whole.
    pub(crate) product: &'a str,
    /// The name of this page.
    pub(crate) title: String,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) links: Vec<Link>,
    pub(crate) name: Option<String>,
    /// When the session ends; none of a session of the host.
    pub(crate) ends: Option<Moment>,
    /// Whether there is a session that can be ended here.
    pub(crate) signs_out: bool,
}

impl<'a> Frame<'a> {
    /// `here` is the path that all pages of this kind begin with.
    pub(crate) fn new(page: &Page<'a>, title: impl Into<String>, here: &str) -> Self {
        let (console, t) = (page.console, &page.console.texts);
        let base = console.base.as_str();
        let caller = page.visitor.caller();
        let link = |path: &str, label| Link { href: format!("{base}{path}"), label, current: path == here };
        let mut links = Vec::new();
        if let Some(caller) = caller {
            let may = |scope| caller.require(scope).is_ok();
            if may(scopes::TOKENS_READ) {
                links.push(link("/tokens", t.nav_tokens));
            }
            if caller.clone().personal().is_ok() {
                links.push(link("/me", t.nav_account));
            }
            if may(scopes::TOKENS_AUDIT) {
                links.push(link("/audit", t.nav_audit));
            }
            if may(scopes::KEYS_WRITE) && caller.tenant().is_none() {
                links.push(link("/keys", t.nav_keys));
            }
        }
        let now = console.authority().now();
        let ends = match page.visitor {
            Visitor::Token(_, at) => at.map(|at| moment(at, now, t)),
            _ => None,
        };
        Self {
            t,
            base,
            product: console.title.as_deref().unwrap_or(t.title),
            title: title.into(),
            style: format!("{base}{}", console.style.path),
            script: format!("{base}{}", console.script.path),
            links,
            name: caller.map(jeton::Caller::name),
            ends,
            signs_out: matches!(page.visitor, Visitor::Token(..)),
        }
    }
}

/// Nothing of other origins, nothing inline, in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page as an answer that nobody keeps, frames or guesses at.
pub(crate) fn html(status: StatusCode, template: &impl Template) -> Answer {
    let mut answer = match template.render() {
        Ok(text) => Answer::new(text.into()),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page could not be rendered");
            let mut answer = Answer::default();
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return answer;
        }
    };
    *answer.status_mut() = status;
    let type_of = HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, type_of);
    protect(&mut answer);
    answer
}

/// The headers of all that is no asset.
pub(crate) fn protect(answer: &mut Answer) {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}
