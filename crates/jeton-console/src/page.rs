//! One request for a page: who asks, for what, and in which console.

use http::{HeaderValue, Method, StatusCode, header};
use jeton::{Authority, Caller, Timestamp};
use jeton_http::{Answer, Request};

use crate::{
    Texts,
    console::Settings,
    failure::Failure,
    form::Form,
    frame::protect,
    pages,
    path::{Area, Path},
    visitor::Visitor,
};

/// One request for a page.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    pub(crate) console: &'a Settings,
    pub(crate) request: &'a Request,
    pub(crate) visitor: &'a Visitor,
    /// The path below the console.
    pub(crate) below: &'a str,
}

impl<'a> Page<'a> {
    pub(crate) fn texts(&self) -> &'a Texts {
        &self.console.texts
    }

    pub(crate) fn authority(&self) -> &'a Authority {
        self.console.authority()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.authority().now()
    }

    /// Its path, as browsers ask for it.
    pub(crate) fn path(&self) -> String {
        self.link(self.below)
    }

    /// A path below the console, as browsers ask for it.
    pub(crate) fn link(&self, below: &str) -> String {
        format!("{}{below}", self.console.base)
    }

    pub(crate) fn takes_form(&self) -> bool {
        self.request.method == Method::POST
    }

    /// Who asks, as far as tokens of that area go.
    pub(crate) fn caller(&self, area: Area) -> Result<Caller, Failure> {
        let caller = self.visitor.caller().ok_or(Failure::SignIn)?.clone();
        match area {
            Area::All => Ok(caller),
            Area::Mine => Ok(caller.personal()?),
        }
    }

    /// The form that was sent.
    pub(crate) fn form(&self) -> Result<Form, Failure> {
        Form::of_body(self.request)
    }

    pub(crate) async fn answer(&self, path: Path) -> Result<Answer, Failure> {
        let methods: &[&str] = if path.takes_forms() { &["GET", "HEAD", "POST"] } else { &["GET", "HEAD"] };
        if !methods.contains(&self.request.method.as_str()) {
            return Err(Failure::Method(methods));
        }
        if self.takes_form() && !self.console.gate.is_asked_by_the_app(self.request) {
            return Err(Failure::CrossSite);
        }
        match path {
            Path::SignIn => return pages::sign_in::respond(self).await,
            Path::SignOut => return pages::sign_in::end(self).await,
            _ => {}
        }
        match self.visitor {
            Visitor::Nobody | Visitor::Ended => return Err(Failure::SignIn),
            Visitor::Unknown(error) => return Err(error.clone().into()),
            Visitor::Token(..) | Visitor::Host(_) => {}
        }
        match path {
            Path::Tokens => pages::list::respond(self).await,
            Path::Bulk => pages::bulk::respond(self).await,
            Path::Account => pages::account::respond(self).await,
            Path::Generate(area) => pages::generate::respond(self, area).await,
            Path::Details(area, id) => pages::details::respond(self, area, id).await,
            Path::Edit(area, id) => pages::edit::respond(self, area, id).await,
            Path::Rotate(area, id) => pages::rotate::respond(self, area, id).await,
            Path::Act(area, id, action) => pages::act::respond(self, area, id, action).await,
            Path::Audit => pages::audit::respond(self).await,
            Path::Keys | Path::RotateKeys | Path::RetireKey => pages::keys::respond(self, path).await,
            Path::Users => pages::users::respond(self).await,
            Path::Home | Path::SignIn | Path::SignOut => Ok(self.home()),
        }
    }

    /// The first page that the visitor may see.
    fn home(&self) -> Answer {
        let sees_all = |caller: &Caller| caller.require(jeton::rights::scopes::TOKENS_READ).is_ok();
        let below = if self.visitor.caller().is_some_and(sees_all) { "/tokens" } else { "/me" };
        see_other(&self.link(below))
    }
}

/// 303 (RFC 9110 §15.4.4): go there, and ask for it.
pub(crate) fn see_other(location: &str) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SEE_OTHER;
    protect(&mut answer);
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}
