//! Claims of both kinds of token, each of every wrong form, signed with the right key.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::common::{API, ISSUER, World, child, keys::payload, seconds, service, world};
use jeton::{AuthenticateError, Authority, Exchange, ExchangeError, Rejection};
use serde_json::{Value, json};

/// Each as a form, and as the value in JSON; none is that the claim is missing.
const FORMS: [(&str, &str); 20] = [
    ("missing", ""),
    ("null", "null"),
    ("a truth value", "true"),
    ("a text", r#""1""#),
    ("empty", r#""""#),
    ("an object", "{}"),
    ("an object of numbers", r#"{"0":1}"#),
    ("an empty array", "[]"),
    ("an array of a number", "[1]"),
    ("an array of mixed types", r#"["a",1]"#),
    ("an array of null", "[null]"),
    ("a small number", "7"),
    ("negative", "-1"),
    ("fractional", "1.5"),
    ("a whole number written as fractional", "1.0"),
    ("an exponent", "1e19"),
    ("no number that is", "1e400"),
    ("the largest of 63 bits", "9223372036854775807"),
    ("the largest of 64 bits", "18446744073709551615"),
    ("beyond 64 bits", "18446744073709551616"),
];

/// The claims with that one replaced, by JSON that need not be representable.
fn with(claims: &Value, name: &str, raw: &str) -> String {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    let rest = claims.to_string();
    let rest = rest.strip_prefix('{').unwrap();
    if raw.is_empty() { format!("{{{rest}") } else { format!(r#"{{"{name}":{raw},{rest}"#) }
}

/// An access token that holds every claim there is.
async fn access_claims(world: &World, authority: &Authority) -> Value {
    let token = service(authority, "CI").await;
    let mut claims = payload(&child(authority, &token).await);
    for (name, value) in [
        ("roles", json!(["writer"])),
        ("groups", json!(["staff"])),
        ("tenant", json!("acme")),
        ("networks", json!(["10.0.0.0/8"])),
    ] {
        claims[name] = value;
    }
    let token = world.access_key.craft(&world.access_key.header("at+jwt"), &claims.to_string());
    assert!(authority.authenticate(&token).is_ok(), "else the refusals below prove nothing");
    claims
}

#[tokio::test]
async fn every_claim_of_an_access_token_is_of_its_form() {
    let (world, authority) = world().await;
    let good = access_claims(&world, &authority).await;
    let judge = |payload: &str| {
        let token = world.access_key.craft(&world.access_key.header("at+jwt"), payload);
        crate::common::refusal(authority.authenticate(&token))
    };
    let names: Vec<_> = good.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 13, "{names:?}");
    for name in &names {
        for (form, raw) in FORMS {
            let expected = match (name.as_str(), form) {
                // What may be left out, or hold nothing.
                ("tenant" | "roles" | "groups" | "networks", "missing") => None,
                ("roles" | "groups" | "networks", "an empty array") => None,
                ("scope", "empty") => None,
                // Of the right type, and wrong.
                ("iss", "a text" | "empty") => Some(Rejection::Issuer),
                ("aud", "a text" | "empty" | "an empty array") => Some(Rejection::Audience),
                ("exp", "a small number") => Some(Rejection::Expired),
                // Of the right type, and nothing that could be known to be wrong.
                ("sub" | "jti" | "scope" | "tenant", "a text") => None,
                ("epoch", "a small number" | "the largest of 63 bits" | "the largest of 64 bits") => None,
                _ => Some(Rejection::Invalid),
            };
            assert_eq!(judge(&with(&good, name, raw)), expected, "{name} is {form}");
        }
    }
    for (name, raw, rejection) in [
        ("iss", format!(r#"["{ISSUER}"]"#), Rejection::Invalid),
        ("iss", format!(r#""{ISSUER}/""#), Rejection::Issuer),
        ("iss", format!(r#""{}""#, &ISSUER[..ISSUER.len() - 1]), Rejection::Issuer),
        ("aud", r#""https://app.example""#.into(), Rejection::Audience),
        ("aud", format!(r#""{}""#, API.to_uppercase()), Rejection::Audience),
        ("aud", format!(r#"["{API}",1]"#), Rejection::Invalid),
        ("client_id", r#""somebody""#.into(), Rejection::Invalid),
        ("exp", "0".into(), Rejection::Expired),
        ("iat", "253402207201".into(), Rejection::Invalid),
        ("scope", r#""a\"b""#.into(), Rejection::Invalid),
        ("networks", r#"["everywhere"]"#.into(), Rejection::Invalid),
        ("admin", "true".into(), Rejection::Invalid),
        ("nbf", "0".into(), Rejection::Invalid),
        ("cnf", r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#.into(), Rejection::Invalid),
    ] {
        assert_eq!(judge(&with(&good, name, &raw)), Some(rejection), "{name}: {raw}");
    }
}

#[tokio::test]
async fn the_payload_is_one_object() {
    let (world, authority) = world().await;
    let good = access_claims(&world, &authority).await;
    let text = good.to_string();
    let body = text.trim_start_matches('{').trim_end_matches('}');
    let values: Vec<_> = good.as_object().unwrap().values().cloned().collect();
    for payload in [
        format!(r#"{{{body},"roles":["admin"]}}"#),
        format!(r#"{{{body},"exp":{}}}"#, good["exp"]),
        format!(r#"{{{body},"sub":"root"}}"#),
        format!(r#"{{{body},"\u0073ub":"root"}}"#),
        Value::from(values).to_string(),
        format!("[{text}]"),
        format!(" {text}"),
        format!("{text}{text}"),
        format!("{text} x"),
        format!("{{{body},}}"),
        with(&good, "roles", &"[".repeat(4_000)),
        with(&good, "roles", &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000))),
        with(&good, "sub", r#""\ud800""#),
        "null".into(),
        "{}".into(),
        "\u{feff}{}".into(),
    ] {
        let token = world.access_key.craft(&world.access_key.header("at+jwt"), &payload);
        assert_eq!(
            authority.authenticate(&token).unwrap_err().rejection(),
            Some(Rejection::Invalid),
            "{payload}"
        );
    }
}

/// The end of an access token is bound to its beginning, whoever holds the key.
#[tokio::test]
async fn no_access_token_lives_longer_than_can_be_set() {
    let world = World::new();
    let authority = world.start(world.builder().access_ttl(seconds(86_400))).await;
    let token = service(&authority, "CI").await;
    let longest = child(&authority, &token).await;
    assert!(authority.authenticate(&longest).is_ok());
    let good = payload(&longest);
    let (iat, exp) = (good["iat"].as_i64().unwrap(), good["exp"].as_i64().unwrap());
    assert_eq!(exp - iat, 86_400);
    for (name, raw, rejection) in [
        ("exp", exp + 1, Some(Rejection::Invalid)),
        ("exp", 253_402_207_200, Some(Rejection::Invalid)),
        ("iat", iat - 1, Some(Rejection::Invalid)),
        ("iat", 0, Some(Rejection::Invalid)),
        ("exp", exp - 1, None),
        ("iat", iat + 1, None),
        ("iat", exp, Some(Rejection::NotYetValid)),
        ("exp", iat, None),
    ] {
        let claims = with(&good, name, &raw.to_string());
        let token = world.access_key.craft(&world.access_key.header("at+jwt"), &claims);
        assert_eq!(crate::common::refusal(authority.authenticate(&token)), rejection, "{name} {raw}");
    }
}

#[tokio::test]
async fn every_claim_of_an_api_token_is_of_its_form() {
    let (world, authority) = world().await;
    let token = service(&authority, "CI").await;
    let good = payload(token.api_token.expose());
    let names: Vec<_> = good.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 7, "{names:?}");
    // What is well formed, and not byte by byte the token that was given out.
    let superseded = Rejection::Superseded;
    for name in &names {
        for (form, raw) in FORMS {
            let expected = match (name.as_str(), form) {
                ("exp", "missing") => superseded,
                ("iss", "a text" | "empty") => Rejection::Issuer,
                ("aud", "a text" | "empty") => Rejection::Audience,
                ("jti", "a text" | "empty") => superseded,
                ("iat" | "nbf", "a small number" | "negative" | "the largest of 63 bits") => superseded,
                // An end outside of all times is none.
                ("exp", "a small number") => superseded,
                _ => Rejection::Invalid,
            };
            refused(&world, &authority, &with(&good, name, raw), expected, &format!("{name} is {form}"))
                .await;
        }
    }
    for (name, raw, rejection) in [
        ("sub", r#""no id""#.to_owned(), Rejection::Invalid),
        ("aud", format!(r#"["{ISSUER}/exchange"]"#), Rejection::Invalid),
        ("aud", format!(r#""{ISSUER}""#), Rejection::Audience),
        ("aud", format!(r#""{API}""#), Rejection::Audience),
        ("iss", format!(r#""{ISSUER}/""#), Rejection::Issuer),
        ("scope", r#""admin""#.into(), Rejection::Invalid),
        ("roles", r#"["admin"]"#.into(), Rejection::Invalid),
        ("epoch", "0".into(), Rejection::Invalid),
    ] {
        refused(&world, &authority, &with(&good, name, &raw), rejection, name).await;
    }
    for (name, value) in good.as_object().unwrap() {
        let twice = good.to_string().replacen('{', &format!(r#"{{"{name}":{value},"#), 1);
        refused(&world, &authority, &twice, Rejection::Invalid, &format!("{name} twice")).await;
    }
}

/// Refused at both doors for API tokens; without a question to the store, unless the claims are well formed.
async fn refused(world: &World, authority: &Authority, payload: &str, rejection: Rejection, what: &str) {
    let token = world.api_key.craft(&world.api_key.header("api+jwt"), payload);
    let asked = world.store.calls();
    let exchange = authority.exchange(&token, &Exchange::default()).await;
    assert!(
        matches!(exchange, Err(ExchangeError::Rejected(found)) if found == rejection),
        "{what}: {exchange:?}"
    );
    let direct = authority.authenticate_api_token(&token, jeton::OriginRef::default()).await;
    assert!(
        matches!(direct, Err(AuthenticateError::Rejected(found)) if found == rejection),
        "{what}: {direct:?}"
    );
    assert_eq!(authority.authenticate(&token).unwrap_err().rejection(), Some(Rejection::Invalid), "{what}");
    assert_eq!(world.store.calls() == asked, rejection != Rejection::Superseded, "{what} asked the store");
}
