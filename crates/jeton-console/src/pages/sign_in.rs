//! Signing in with an API token, and out again.

use askama::Template;
use http::{HeaderValue, StatusCode, header};
use jeton::{Exchange, ExchangeError, ManageError};
use jeton_http::{Answer, Body};

use super::done;
use crate::{
    cookie::MAX_VALUE,
    failure::Failure,
    form::Form,
    frame::{Frame, html},
    page::{Page, see_other},
    texts::fill,
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    f: Frame<'a>,
    /// Where to go on.
    next: String,
    /// Whether a form was sent, which is kept.
    kept: bool,
    ended: bool,
    done: Option<&'static str>,
    problem: Option<String>,
    /// Whether signing in works here at all.
    possible: bool,
    /// The user whom the app knows.
    host: Option<String>,
}

/// The page in the place of one that takes a visitor who is known.
pub(crate) fn ask(page: &Page<'_>, next: String) -> Answer {
    let mut answer = show(page, StatusCode::UNAUTHORIZED, next, None);
    // RFC 9110 §11.6.1
    answer
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"console\""));
    answer
}

fn show(page: &Page<'_>, status: StatusCode, next: String, problem: Option<String>) -> Answer {
    let ended = matches!(page.visitor, Visitor::Ended);
    let asked = page.below.trim_end_matches('/') == "/sign-in";
    let mut answer = html(
        status,
        &SignInPage {
            f: Frame::new(page, page.texts().sign_in_title, ""),
            next,
            kept: page.takes_form()
                && !asked
                && matches!(&page.request.body, Body::Complete(body) if !body.is_empty()),
            ended: ended && problem.is_none(),
            done: done(page),
            problem,
            possible: page.console.cookie.is_some(),
            host: page.request.session.as_ref().map(|session| session.subject.clone()),
        },
    );
    if ended {
        clear(page, &mut answer);
    }
    answer
}

pub(crate) async fn respond(page: &Page<'_>) -> Result<Answer, Failure> {
    if !page.takes_form() {
        let next = Form::of_query(page.request).text("next").to_owned();
        return Ok(show(page, StatusCode::OK, next, None));
    }
    let form = page.form()?;
    let t = page.texts();
    let next = form.text("next").to_owned();
    let refuse = |status, text: String| Ok(show(page, status, next.clone(), Some(text)));
    let Some(cookie) = page.console.cookie else {
        return refuse(StatusCode::FORBIDDEN, t.sign_in_insecure.to_owned());
    };
    let token = form.text("api_token");
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    if token.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, t.sign_in_empty.to_owned());
    }
    let origin = page.console.gate.origin(page.request).into();
    let wanted = Exchange { origin, ..Exchange::default() };
    let exchanged = match page.authority().exchange(token, &wanted).await {
        Ok(exchanged) => exchanged,
        Err(ExchangeError::TooMany(after)) => return Err(ManageError::TooMany(after).into()),
        Err(ExchangeError::Unavailable(cause)) => return Err(ManageError::Unavailable(cause).into()),
        Err(refused) => {
            let why = fill(t.sign_in_refused, &[("why", &refused.to_string())]);
            return refuse(StatusCode::FORBIDDEN, why);
        }
    };
    let session = exchanged.access_token.expose();
    if session.len() > MAX_VALUE {
        return refuse(StatusCode::FORBIDDEN, t.sign_in_large.to_owned());
    }
    let mut answer = see_other(&within(page, &next));
    set(&mut answer, &cookie.set(session, exchanged.expires_in.as_secs()));
    Ok(answer)
}

/// Signs out, if a form asked for it: the access token is refused from then on, whoever may have a copy of it.
pub(crate) async fn end(page: &Page<'_>) -> Result<Answer, Failure> {
    if !page.takes_form() {
        return Ok(see_other(&page.link("/")));
    }
    let token = page.console.cookie.and_then(|cookie| cookie.value(&page.request.headers));
    if let (Some(token), Visitor::Token(..)) = (token, page.visitor) {
        let origin = page.console.gate.origin(page.request).into();
        page.authority().revoke_token(token, &origin).await.map_err(ManageError::from)?;
    }
    let mut answer = see_other(&page.link("/sign-in?done=signed-out"));
    clear(page, &mut answer);
    Ok(answer)
}

/// That path if it is one of the console, or else its first page: nobody is sent away.
fn within(page: &Page<'_>, next: &str) -> String {
    let below = next.strip_prefix(&page.console.base).filter(|below| below.starts_with('/'));
    below.map_or_else(|| page.link("/"), |below| page.link(below))
}

fn clear(page: &Page<'_>, answer: &mut Answer) {
    if let Some(cookie) = page.console.cookie {
        set(answer, &cookie.clear());
    }
}

fn set(answer: &mut Answer, cookie: &str) {
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
