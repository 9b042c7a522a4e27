//! Tokens in the wrong place, and tokens that nobody but an attacker would write.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{
    API, LEEWAY, SKEW, TTL, World, child,
    keys::{encode, payload, sign_with},
    service, world,
};
use aws_lc_rs::hmac;
use jeton::{
    Algorithm, AuthenticateError, Authority, Exchange, ExchangeError, Generated, Rejection, SigningKey,
};

/// What the three doors say: `authenticate`, `exchange`, `authenticate_api_token`. `None` is an open one.
async fn doors(authority: &Authority, token: &str) -> [Option<Rejection>; 3] {
    let exchange = match authority.exchange(token, &Exchange::default()).await {
        Ok(_) => None,
        Err(ExchangeError::Rejected(rejection)) => Some(rejection),
        Err(other) => unreachable!("{other}"),
    };
    let direct = match authority.authenticate_api_token(token, jeton::OriginRef::default()).await {
        Ok(_) => None,
        Err(AuthenticateError::Rejected(rejection)) => Some(rejection),
        Err(other) => unreachable!("{other}"),
    };
    [crate::common::refusal(authority.authenticate(token)), exchange, direct]
}

/// Refused at every door, in one word; what is no bearer at all is told so where bearers are taken.
fn everywhere(token: &str) -> [Option<Rejection>; 3] {
    let invalid = Rejection::Invalid;
    [crate::common::as_bearer(token, invalid), invalid, invalid].map(Some)
}

/// Refused everywhere, in one word, without a question to anybody.
async fn invalid(world: &World, authority: &Authority, token: &str, what: &str) {
    let asked = (world.store.calls(), world.people.calls());
    assert_eq!(doors(authority, token).await, everywhere(token), "{what}");
    assert_eq!((world.store.calls(), world.people.calls()), asked, "{what} asked somebody");
}

struct Scene {
    world: World,
    authority: Authority,
    token: Generated,
    access_token: String,
}

async fn scene() -> Scene {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let access_token = child(&authority, &token).await;
    Scene { world, authority, token, access_token }
}

impl Scene {
    fn api_payload(&self) -> String {
        payload(self.token.api_token.expose()).to_string()
    }

    fn access_payload(&self) -> String {
        payload(&self.access_token).to_string()
    }
}

#[tokio::test]
async fn each_kind_opens_its_own_doors_alone() {
    let Scene { authority, token, access_token, .. } = scene().await;
    let wrong = Some(Rejection::Invalid);
    assert_eq!(doors(&authority, token.api_token.expose()).await, [wrong, None, None]);
    assert_eq!(doors(&authority, &access_token).await, [None, wrong, wrong]);
    // What is told to verifiers elsewhere is signed by the key of access tokens, and is none.
    let cut_offs = authority.signed_cut_offs().await.unwrap();
    assert_eq!(doors(&authority, cut_offs.as_str()).await, [wrong; 3]);
    // Nor does having been accepted elsewhere help.
    assert_eq!(doors(&authority, token.api_token.expose()).await, [wrong, None, None]);
}

#[tokio::test]
async fn crafted_as_the_library_does_they_are_good() {
    let scene = scene().await;
    let Scene { world, authority, .. } = &scene;
    let token = world.access_key.craft(&world.access_key.header("at+jwt"), &scene.access_payload());
    assert!(authority.authenticate(&token).is_ok(), "else the refusals below prove nothing");
    let token =
        world.access_key.craft(&world.access_key.header("application/AT+JWT"), &scene.access_payload());
    assert!(authority.authenticate(&token).is_ok(), "RFC 9068 §4");
    // A blank more: it is another token, well signed, and not the one given out.
    let payload = scene.api_payload().replacen('{', "{ ", 1);
    let token = world.api_key.craft(&world.api_key.header("api+jwt"), &payload);
    let superseded = Some(Rejection::Superseded);
    assert_eq!(doors(authority, &token).await, [Some(Rejection::Invalid), superseded, superseded]);
}

#[tokio::test]
async fn headers_that_are_not_ours_are_invalid() {
    let scene = scene().await;
    let Scene { world, authority, .. } = &scene;
    let (api, access) = (&world.api_key, &world.access_key);
    for (key, other, typ, payload) in
        [(access, api, "at+jwt", scene.access_payload()), (api, access, "api+jwt", scene.api_payload())]
    {
        let kid = &key.kid;
        let with = |more: &str| format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{kid}",{more}}}"#);
        let headers = [
            key.header("JWT"),
            key.header(""),
            key.header("jwt"),
            key.header("dpop+jwt"),
            key.header("cut-offs+jwt"),
            key.header("application/cut-offs+jwt"),
            key.header(if typ == "at+jwt" { "api+jwt" } else { "at+jwt" }),
            format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
            format!(r#"{{"typ":"{typ}","kid":"{kid}"}}"#),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA"}}"#),
            format!(r#"{{"typ":null,"alg":"EdDSA","kid":"{kid}"}}"#),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":["{kid}"]}}"#),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{}"}}"#, other.kid),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"nobody"}}"#),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"../../dev/null"}}"#),
            format!(r#"{{"typ":"{typ}","alg":"EdDSA","kid":"{kid}\u0000"}}"#),
            with(r#""crit":["exp"]"#),
            with(r#""crit":[]"#),
            with(r#""crit":["b64"],"b64":false"#),
            with(r#""b64":true"#),
            with(r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#),
            with(r#""jku":"https://attacker.example/jwks""#),
            with(r#""x5c":["AAAA"]"#),
            with(r#""x5u":"https://attacker.example""#),
            with(r#""zip":"DEF""#),
            with(r#""enc":"A128GCM""#),
            with(r#""cty":"JWT""#),
            with(&format!(r#""kid":"{kid}""#)),
            with(r#""alg":"EdDSA""#),
            with(&format!(r#""typ":"{typ}""#)),
            format!(r#"["{typ}","EdDSA","{kid}"]"#),
            format!(r#" {}"#, key.header(typ)),
            format!(r#"{}{}"#, key.header(typ), key.header(typ)),
            String::from("null"),
            String::from("{}"),
        ];
        for header in headers {
            invalid(world, authority, &key.craft(&header, &payload), &header).await;
        }
        for alg in [
            "none", "None", "NONE", "nOnE", "", "eddsa", "Ed25519", "HS256", "HS512", "RS256", "ES256",
            "PS256",
        ] {
            let header = format!(r#"{{"typ":"{typ}","alg":"{alg}","kid":"{kid}"}}"#);
            invalid(world, authority, &key.craft(&header, &payload), &header).await;
            let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
            invalid(world, authority, &format!("{signed}."), &header).await;
            invalid(world, authority, &signed, &header).await;
        }
        // Signed by the key of the other ring, under either name.
        for header in [key.header(typ), other.header(typ)] {
            invalid(world, authority, &other.craft(&header, &payload), &header).await;
        }
        invalid(world, authority, &key.craft(&other.header(typ), &payload), "the name of the other").await;
        // Signed by nobody.
        for signature in [vec![], vec![0], vec![0; 64], vec![255; 64], vec![0; 63], vec![0; 65]] {
            let token = sign_with(&key.header(typ), &payload, |_| signature.clone());
            invalid(world, authority, &token, "a made-up signature").await;
        }
    }
}

#[tokio::test]
async fn every_single_changed_character_is_noticed() {
    let Scene { world, authority, token, access_token } = &scene().await;
    for text in [token.api_token.expose(), access_token] {
        for place in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            invalid(world, authority, &changed, &format!("place {place}")).await;
        }
        for odd in [
            format!("{text}A"),
            format!(" {text}"),
            format!("{text}\n"),
            format!("{text}="),
            text.to_uppercase(),
        ] {
            invalid(world, authority, &odd, "around it").await;
        }
    }
}

#[tokio::test]
async fn one_secret_serves_one_algorithm() {
    let world = World::new();
    let secret = [9; 64];
    let key = || SigningKey::from_secret(Algorithm::Hs512, &secret, "k1").unwrap();
    let authority = world.start(world.builder().access_keys([key()])).await;
    let token = service(&authority, "CI").await;
    let access_token = child(&authority, &token).await;
    assert!(authority.authenticate(&access_token).is_ok());
    let claims = payload(&access_token).to_string();
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let header = r#"{"typ":"at+jwt","alg":"HS256","kid":"k1"}"#;
    let forged = sign_with(header, &claims, |message| hmac::sign(&mac, message).as_ref().to_vec());
    invalid(&world, &authority, &forged, header).await;
    assert!(authority.jwks().keys.is_empty(), "a secret is never published");

    let again = SigningKey::from_secret(Algorithm::Hs512, &secret, "k2").unwrap();
    let built = world.builder().access_keys([key()]).api_keys([again]).build().await;
    assert!(matches!(built, Err(jeton::BuildError::Keys)), "one secret, two names, two rings");
}

#[tokio::test]
async fn another_issuer_with_the_same_keys_is_another_issuer() {
    let Scene { world, authority, .. } = &scene().await;
    let builder = jeton::Authority::builder("https://other.example")
        .store(world.store.clone())
        .directory(world.people.clone())
        .clock(world.clock.clone())
        .api_keys([world.api_key.signing()])
        .access_keys([world.access_key.signing()])
        .audience(API);
    let other = builder.build().await.unwrap();
    let token = service(&other, "theirs").await;
    let access_token = child(&other, &token).await;
    let asked = world.store.count(crate::common::Call::Find);
    let (issuer, invalid) = (Some(Rejection::Issuer), Some(Rejection::Invalid));
    assert_eq!(doors(authority, token.api_token.expose()).await, [invalid, issuer, issuer]);
    assert_eq!(doors(authority, &access_token).await, [issuer, invalid, invalid]);
    assert_eq!(world.store.count(crate::common::Call::Find), asked);
}

#[tokio::test]
async fn the_end_is_outside_and_the_future_is_not_now() {
    let Scene { world, authority, access_token, .. } = &scene().await;
    world.clock.pass(TTL + LEEWAY - 1);
    assert!(authority.authenticate(access_token).is_ok(), "the last second of the leeway");
    world.clock.pass(1);
    assert_eq!(authority.authenticate(access_token).unwrap_err().rejection(), Some(Rejection::Expired));

    let strict = world.start(world.builder().leeway(crate::common::seconds(0))).await;
    let token = service(&strict, "strict").await;
    let access_token = child(&strict, &token).await;
    world.clock.pass(TTL - 1);
    assert!(strict.authenticate(&access_token).is_ok());
    world.clock.pass(1);
    assert_eq!(
        strict.authenticate(&access_token).unwrap_err().rejection(),
        Some(Rejection::Expired),
        "RFC 7519 §4.1.4: on or after"
    );

    let access_token = child(&strict, &token).await;
    world.clock.set_wall_by(-i64::try_from(SKEW).unwrap());
    assert!(strict.authenticate(&access_token).is_ok());
    world.clock.set_wall_by(-1);
    assert_eq!(strict.authenticate(&access_token).unwrap_err().rejection(), Some(Rejection::NotYetValid));
}

#[tokio::test]
async fn an_api_token_has_a_beginning_and_an_end() {
    let (world, authority) = world().await;
    let mut request = jeton::Generate::new("CI").with_expiry(jeton::Expiry::At(world.clock.at(200)));
    request.not_before = Some(world.clock.at(100));
    let token = crate::common::generate(&authority, request).await;
    let text = token.api_token.expose();
    let both = |rejection| [Some(Rejection::Invalid), rejection, rejection];
    world.clock.pass(99);
    assert_eq!(doors(&authority, text).await, both(Some(Rejection::NotYetValid)));
    world.clock.pass(1);
    assert_eq!(doors(&authority, text).await, both(None));
    world.clock.pass(99);
    assert_eq!(doors(&authority, text).await, both(None));
    world.clock.pass(1);
    assert_eq!(doors(&authority, text).await, both(Some(Rejection::Expired)));
}

#[tokio::test]
async fn long_input_is_refused_before_it_is_looked_at() {
    let Scene { world, authority, .. } = &scene().await;
    let asked = world.store.calls();
    for text in [".".repeat(1_000_000), "A".repeat(8_193), "eyJ.".repeat(2_049), "é".repeat(5_000)] {
        assert_eq!(doors(authority, &text).await, [Some(Rejection::TooLong); 3]);
    }
    for text in
        [".".repeat(8_192), "A".repeat(8_192), "..".into(), String::new(), "\0".into(), "é.é.é".into()]
    {
        assert_eq!(doors(authority, &text).await, everywhere(&text));
    }
    assert_eq!(world.store.calls(), asked);
}

#[tokio::test]
async fn a_deep_or_wide_header_is_refused() {
    let Scene { world, authority, .. } = &scene().await;
    for header in ["[".repeat(3_000), "{\"a\":".repeat(80), format!("{{{}}}", r#""a":1,"#.repeat(60))] {
        let token = world.access_key.craft(&header, "{}");
        invalid(world, authority, &token, "a deep or wide header").await;
    }
}
