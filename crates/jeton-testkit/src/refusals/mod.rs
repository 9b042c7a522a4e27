//! The one table of refusals as a suite: what every adapter answers, byte for byte.
//!
//! An adapter's test implements [`App`]: it mounts the routes of a [`Plan`], and sends requests to them. An adapter
//! with several ways to ask (a layer, an extractor) implements it once for each way.
//! [`refusal_table!`](crate::refusal_table) and [`mounted_refusals!`](crate::mounted_refusals) make the tests.
//!
//! What is expected is written down here and not computed by `jeton-http`: the suite is a second opinion.

mod app;
mod expected;
mod house;
mod rule;

use std::future::Future;

pub use self::{
    app::{App, Handler, Plan, Route, SESSION, session_of},
    rule::{Rule, requirements},
};

/// The cases, for the macros. Each panics if its rows of the table do not hold.
#[doc(hidden)]
#[allow(missing_docs, reason = "the name of a case is what it promises")]
pub mod cases {
    mod direct;
    mod exchange;
    mod headers;
    mod management;
    mod methods;
    mod networks;
    mod optional;
    mod rights;
    mod sessions;
    mod tokens;

    pub use self::{
        direct::*, exchange::*, headers::*, management::*, methods::*, networks::*, optional::*, rights::*,
        sessions::*, tokens::*,
    };
}

/// Makes one test per part of the table of refusals, for the routes of a host that are behind jeton.
///
/// It takes a type that implements [`App`]. With several of them, each goes into a module of its own.
///
/// ```
/// use std::{collections::HashMap, convert::Infallible};
///
/// use bytes::Bytes;
/// use http::{Method, Request, Response};
/// use jeton_http::{Context, Gate, Head, Passage, PeerAddress, Refusal};
/// use jeton_testkit::refusals::{App, Plan, Route};
///
/// /// An adapter for no framework at all: it finds the route, asks the gate, then the rule.
/// struct Plain(HashMap<&'static str, Route>);
///
/// struct Parts<'a>(&'a Request<Bytes>);
///
/// impl Head for Parts<'_> {
///     fn method(&self) -> &str {
///         self.0.method().as_str()
///     }
///     fn query(&self) -> Option<&str> {
///         self.0.uri().query()
///     }
///     fn header(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
///         self.0.headers().get_all(name).iter().map(http::HeaderValue::as_bytes)
///     }
///     fn peer(&self) -> Option<std::net::IpAddr> {
///         self.0.extensions().get::<PeerAddress>().map(|peer| peer.0)
///     }
/// }
///
/// async fn answer(route: &Route, request: &Request<Bytes>) -> Result<String, Refusal> {
///     let gate = route.gate.as_ref().ok_or(Refusal::MissingLayer("Plain"))?;
///     let context = match gate.admit(&Parts(request)) {
///         Passage::Decided(decided) => decided?,
///         Passage::Waiting(waiting) => waiting.await?,
///         Passage::Preflight => return Ok(String::new()),
///     };
///     if let Some(rule) = route.rule {
///         context.authorized(&rule.policy())?;
///     }
///     Ok(route.handler.run(context.principal()))
/// }
///
/// impl App for Plain {
///     const LAYER: &'static str = "Plain";
///
///     async fn mount(plan: &Plan) -> Self {
///         Self(plan.routes().into_iter().map(|route| (route.path, route)).collect())
///     }
///
///     async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
///         let route = &self.0[request.uri().path()];
///         let answer = match answer(route, &request).await {
///             Ok(body) => Response::new(Bytes::from(body)),
///             Err(refusal) => {
///                 let realm = route.gate.as_ref().map(|gate| gate.realm_of().clone());
///                 refusal.answer(&realm.unwrap_or_default())
///             }
///         };
///         if request.method() == Method::HEAD { answer.map(|_| Bytes::new()) } else { answer }
///     }
/// }
///
/// jeton_testkit::refusal_table!(Plain);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! refusal_table {
    ($app:path) => {
        $crate::refusal_table! { @cases $app:
            without_credentials_nobody_passes
            a_good_token_passes_however_the_scheme_is_written
            malformed_headers_are_bad_requests
            several_headers_are_a_bad_request
            a_token_in_the_query_is_never_taken
            a_token_over_the_limit_is_a_bad_request
            what_was_not_signed_here_is_invalid
            an_api_token_is_no_access_token
            another_issuer_and_another_audience
            a_token_ends_at_its_end
            a_token_from_the_future_is_not_yet_valid
            whatever_ends_a_token_ends_its_children
            fewer_rights_end_the_children
            the_children_of_a_suspended_subject_are_refused
            a_missing_scope_is_named
            other_denials_have_a_code_and_no_challenge
            who_may_passes
            a_named_audience_obeys_at_once
            a_token_bound_to_networks_is_used_there_alone
            forwarded_addresses_are_believed_from_trusted_proxies_alone
            a_rule_about_networks
            optional_is_absent_without_credentials_alone
            a_missing_layer_is_named
            a_direct_route_accepts_both_kinds
            a_direct_token_is_refused_by_the_same_table
            a_direct_token_of_a_subject_who_is_not_there
            a_direct_token_of_another_issuer_or_audience
            an_outage_is_no_refusal
            every_method_is_refused_alike
        }
    };
    (@cases $app:path: $($case:ident)*) => {$(
        #[test]
        fn $case() {
            $crate::refusals::run($crate::refusals::cases::$case::<$app>());
        }
    )*};
}

/// Makes one test per part of the table of refusals, for the routes of jeton that an adapter mounts at `/auth`, as
/// [`refusal_table!`](crate::refusal_table) does for those of a host.
#[macro_export]
macro_rules! mounted_refusals {
    ($app:path) => {
        $crate::refusal_table! { @cases $app:
            management_asks_for_an_access_token
            a_token_rotates_itself_with_itself_alone
            management_asks_for_scopes
            management_from_other_networks_is_denied
            management_during_an_outage_is_no_refusal
            an_exchange_asks_for_an_api_token
            an_exchange_refuses_by_the_same_table
            an_exchange_from_other_networks_is_denied
            an_exchange_during_an_outage_is_no_refusal
            methods_that_are_not_served_are_told
            head_is_get_without_a_body
            a_session_is_a_caller_of_the_management_routes
            a_bearer_wins_over_a_session
            a_session_changes_nothing_from_elsewhere
            a_session_changes_things_from_the_app
            a_session_of_nobody_is_denied
            a_session_during_an_outage_is_no_refusal
            a_session_sees_its_tenant_alone
            a_session_opens_nothing_else
        }
    };
}

/// Runs a case on a runtime of its own, with one thread, so that apps need not be `Send`.
#[doc(hidden)]
pub fn run(case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, case);
}
