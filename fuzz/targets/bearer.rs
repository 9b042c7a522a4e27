//! The headers `Authorization` of a request, one to a line, and its query, which comes first.
#![no_main]

use std::sync::LazyLock;

use fuzz::{App, request};
use http::{HeaderValue, Method};
use jeton_http::Passage;
use libfuzzer_sys::fuzz_target;

static APP: LazyLock<App> = LazyLock::new(App::new);

fuzz_target!(|data: &[u8]| {
    let mut request = request(Method::GET, "none", "text/plain", b"");
    request.headers.remove("authorization");
    let mut lines = data.split(|byte| *byte == b'\n');
    request.query = lines.next().and_then(|query| String::from_utf8(query.to_vec()).ok());
    for line in lines {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        request.headers.append("authorization", value);
    }
    let decided = match APP.gate.admit(&request) {
        Passage::Decided(decided) => decided,
        Passage::Waiting(waiting) => APP.wait(waiting),
        Passage::Preflight => return,
    };
    let Ok(context) = decided else { return };
    // Who is let in has sent one of the two tokens, alone.
    let mut values = request.headers.get_all("authorization").iter();
    let (Some(value), None) = (values.next(), values.next()) else { panic!("two headers were let in") };
    let value = value.to_str().unwrap();
    assert!(value.ends_with(&APP.access_token) || value.ends_with(&APP.api_token), "{value}");
    assert!(context.principal().is_some());
});
