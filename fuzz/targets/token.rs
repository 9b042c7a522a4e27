//! The text of a token; or header and payload, signed with the right key; or a JWK Set.
#![no_main]

use std::sync::LazyLock;

use fuzz::{ACCESS_SECRET, API_SECRET, App, craft};
use jeton::{Exchange, VerifyingKeys};
use libfuzzer_sys::fuzz_target;

static APP: LazyLock<App> = LazyLock::new(App::new);

const ACCESS: &[u8] = br#"{"typ":"at+jwt","alg":"HS256","kid":"access"}"#;
const API: &[u8] = br#"{"typ":"api+jwt","alg":"HS256","kid":"api"}"#;

fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else { return };
    match mode % 5 {
        0 => {
            let Ok(token) = std::str::from_utf8(data) else { return };
            if APP.authority.authenticate(token).is_ok() {
                assert_eq!(token, APP.access_token);
            }
            if APP.wait(APP.authority.exchange(token, &Exchange::default())).is_ok() {
                assert_eq!(token, APP.api_token);
            }
        }
        1 => {
            if let Ok(principal) = APP.authority.authenticate(&craft(&ACCESS_SECRET, ACCESS, data)) {
                assert_eq!(data.first(), Some(&b'{'));
                assert!(principal.expires_at().is_some());
            }
        }
        2 => {
            let token = craft(&API_SECRET, API, data);
            if APP.wait(APP.authority.exchange(&token, &Exchange::default())).is_ok() {
                assert_eq!(token, APP.api_token);
            }
        }
        3 => {
            let payload = APP.access_token.split('.').nth(1).map(str::as_bytes).unwrap_or_default();
            let token = craft(&ACCESS_SECRET, data, payload);
            // The payload is encoded twice, so that no header makes it good.
            assert!(APP.authority.authenticate(&token).is_err());
        }
        _ => {
            if let Ok(keys) = VerifyingKeys::from_jwks(data) {
                assert!(keys.kids().count() > 0);
            }
        }
    }
});
