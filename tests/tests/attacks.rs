//! Known attacks on tokens through every route that takes one: refused alike, without a word of what was sent.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use end_to_end::{App, Framework, on_both, raw};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::aws_lc};
use serde_json::{Value, json};

on_both!(forged_tokens_are_refused_alike, what_is_too_long_costs_nothing);

/// The key of RFC 8410 §10.3, which everybody has.
const ATTACKER: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
const ATTACKER_X: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";

fn craft(header: &Value, payload: &[u8], alg: Algorithm, key: &EncodingKey) -> String {
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload));
    let signer = (aws_lc::DEFAULT_PROVIDER.signer_factory)(&alg, key).unwrap();
    let signature = signer.try_sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Every one signed by somebody, with what the attacker can have.
async fn forged(app: &App) -> Vec<(&'static str, String)> {
    let good = app.user("root").await.token().to_owned();
    let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let kid =
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()["kid"].clone();
    let jwks = app.anon().get("/auth/.well-known/jwks.json").await.is(200);
    let jwk = jwks.json()["keys"][0].clone();
    let attacker =
        EncodingKey::from_ed_der(&base64::engine::general_purpose::STANDARD.decode(ATTACKER).unwrap());
    let by_attacker = |header: Value| craft(&header, &claims, Algorithm::EdDSA, &attacker);
    let own = json!({"kty": "OKP", "crv": "Ed25519", "x": ATTACKER_X});
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let secrets = [jwks.body.to_vec(), jwk.to_string().into_bytes(), x, Vec::new()];
    let hs = json!({"typ": "at+jwt", "alg": "HS256", "kid": kid});
    let unsigned = |alg: &str| {
        let header = json!({"typ": "at+jwt", "alg": alg, "kid": kid}).to_string();
        format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header))
    };
    let mut tokens = vec![
        ("alg none", unsigned("none")),
        ("alg nOnE", unsigned("nOnE")),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("a signature of zeros", format!("{header}.{payload}.{}", "A".repeat(86))),
        ("five parts", format!("{header}..{payload}.{payload}.{signature}")),
        ("a stranger's key", by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid}))),
        ("a jwk", by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "jwk": own}))),
        ("a jwk alone", by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "jwk": own}))),
        (
            "a jku",
            by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "jku": "http://127.0.0.1:1/"})),
        ),
        ("a crit", by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": kid, "crit": ["exp"]}))),
        ("a path", by_attacker(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "../../../../dev/null"}))),
        ("a script", by_attacker(json!({"typ": "at+jwt", "alg": "<script>", "kid": "<script>"}))),
        (
            "a broken header",
            by_attacker(json!({"typ": "\"\r\n<script>", "alg": "\u{202e}", "kid": ["<script>"]})),
        ),
        ("dots", ".".repeat(8_000)),
        ("many members", by_attacker((0..400).map(|n| (n.to_string(), Value::from(n))).collect())),
    ];
    tokens.extend(secrets.iter().map(|secret| {
        ("a public key as a secret", craft(&hs, &claims, Algorithm::HS256, &EncodingKey::from_secret(secret)))
    }));
    tokens
}

const ROUTES: [(&str, &str); 6] = [
    ("GET", "/whoami"),
    ("GET", "/reports"),
    ("GET", "/direct"),
    ("POST", "/auth/exchange"),
    ("GET", "/auth/tokens"),
    ("POST", "/auth/tokens/x/revoke"),
];

async fn forged_tokens_are_refused_alike(framework: Framework) {
    let app = App::start(framework).await;
    for (what, token) in forged(&app).await {
        for (method, path) in ROUTES {
            let answer = app.bearer(&token).request(method, path).send().await;
            assert_eq!(answer.status, 401, "{what}, {method} {path}: {answer:?}");
            answer.invalid_token("the token is invalid");
            let told = format!("{:?} {}", answer.headers, answer.text());
            for word in ["<script", "EdDSA", "HS256", "crit", "jwk", "dev/null", &token] {
                assert!(!told.contains(word), "{what}, {method} {path}: {word}");
            }
        }
    }
    app.user("alice").await.get("/reports").await.is(200);
}

/// Tokens far over the limit of tokens, and headers over that of the server: refused, and the next one is served.
async fn what_is_too_long_costs_nothing(framework: Framework) {
    let app = App::start(framework).await;
    for token in [".".repeat(60_000), "a".repeat(60_000), "eyJ.".repeat(15_000)] {
        for (method, path) in ROUTES {
            app.bearer(&token).request(method, path).send().await.problem(400, "invalid_request");
        }
    }
    let head = format!(
        "GET /whoami HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        app.address(),
        ".".repeat(1_000_000)
    );
    let answer = raw(app.address(), head.as_bytes()).await;
    assert!([400, 431].contains(&answer.status), "{answer:?}");
    app.user("alice").await.get("/reports").await.is(200);
}
