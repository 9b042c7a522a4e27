//! The form of an exchange.
#![no_main]

use std::sync::LazyLock;

use fuzz::{App, request};
use http::Method;
use jeton_http::Endpoint;
use libfuzzer_sys::fuzz_target;

static APP: LazyLock<App> = LazyLock::new(App::new);

fuzz_target!(|data: &[u8]| {
    let kind = "application/x-www-form-urlencoded";
    let answer = APP.send(Endpoint::Exchange, request(Method::POST, &APP.api_token, kind, data));
    assert!([200, 400].contains(&answer.status().as_u16()), "{answer:?}");
});
