//! JOSE libraries of other languages verify our access tokens through our JWK Set, and we verify what they sign with
//! the same key.
//!
//! These tests alone link jeton: no program gives its private keys away.

use std::{
    io::Write as _,
    process::{Command, Stdio},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use end_to_end::{App, Framework, metadata, on_both, root};
use jeton::{
    Account, Algorithm, Authority, Caller, Exchange, Generate, MemoryStore, SigningKey, StaticDirectory,
    SystemRandom,
};
use serde_json::{Value, json};

on_both!(they_verify_by_the_url_of_the_keys);

const ISSUER: &str = "https://app.example/auth";

/// PyJWT, and the package jose of Node.
#[derive(Clone, Copy, Debug)]
enum Language {
    Python,
    JavaScript,
}

impl Language {
    const ALL: [Self; 2] = [Self::Python, Self::JavaScript];

    /// What the library makes of the tokens, and what it signs.
    fn ask(self, verify: &[Value], sign: &[Value]) -> (Vec<Value>, Vec<String>) {
        let folder = metadata().target_directory.join("languages");
        assert!(folder.join("installed").exists(), "the libraries are installed by tests/tools");
        let scripts = root().join("tests/languages");
        let mut command = match self {
            Self::Python => {
                let mut python = Command::new(folder.join("python/bin/python"));
                python.arg(scripts.join("check.py"));
                python
            }
            Self::JavaScript => {
                // A module looks for its packages beside itself.
                let script = folder.join("check.js");
                std::fs::copy(scripts.join("check.js"), &script).unwrap();
                let mut node = Command::new("node");
                node.arg(script);
                node
            }
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let asked = json!({"verify": verify, "sign": sign}).to_string();
        child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{self:?}: {}", done.status);
        let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
        let signed = answer["signed"].as_array().unwrap();
        let signed = signed.iter().map(|token| token.as_str().unwrap().to_owned()).collect();
        (answer["verified"].as_array().unwrap().clone(), signed)
    }
}

fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The same token with another signature.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let last = signature.len() - 1;
    signature[last] ^= 1;
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn each_side_verifies_what_the_other_signs() {
    for (algorithm, pem) in [
        (Algorithm::Rs256, Some(include_str!("../languages/keys/rsa.pem"))),
        (Algorithm::Es256, Some(include_str!("../languages/keys/p256.pem"))),
        (Algorithm::EdDsa, Some(include_str!("../languages/keys/ed25519.pem"))),
        (Algorithm::Hs256, None),
        (Algorithm::Hs512, None),
    ] {
        let secret = [7; 64];
        let key = match pem {
            Some(pem) => SigningKey::from_pem(algorithm, pem.as_bytes()).unwrap(),
            None => SigningKey::from_secret(algorithm, &secret, "shared").unwrap(),
        };
        let kid = key.kid().to_owned();
        let authority = Authority::builder(ISSUER)
            .store(Arc::new(MemoryStore::new()))
            .directory(Arc::new(StaticDirectory::new().with("alice", Account::active().with_role("reader"))))
            .api_keys([SigningKey::generate(Algorithm::EdDsa, &SystemRandom).unwrap()])
            .access_keys([key])
            .build()
            .await
            .unwrap();
        let request = Generate::new("CI").with_subject("alice");
        let made = authority.generate(&Caller::system("test"), request).await.unwrap();
        let exchanged = authority.exchange(made.api_token.expose(), &Exchange::default()).await.unwrap();
        let ours = exchanged.access_token.expose();
        let claims = claims(ours);

        let secret = URL_SAFE_NO_PAD.encode(secret);
        let job = |token: &str| {
            let mut job = json!({"alg": algorithm.as_str(), "token": token, "issuer": ISSUER, "audience": claims["aud"]});
            match pem {
                Some(_) => job["jwks"] = json!(authority.jwks()),
                None => job["secret"] = json!(secret),
            }
            job
        };
        let mut sign = json!({"alg": algorithm.as_str(), "kid": kid, "claims": claims});
        match pem {
            Some(pem) => sign["pem"] = json!(pem),
            None => sign["secret"] = json!(secret),
        }
        for language in Language::ALL {
            let (verified, signed) =
                language.ask(&[job(ours), job(&tampered(ours))], std::slice::from_ref(&sign));
            assert_eq!(verified, [claims.clone(), Value::Null], "{language:?} {algorithm}");
            let principal = authority.authenticate(&signed[0]).unwrap();
            assert_eq!(principal.subject(), Some("alice"), "{language:?} {algorithm}");
            assert!(authority.authenticate(&tampered(&signed[0])).is_err(), "{language:?} {algorithm}");
        }
    }
}

async fn they_verify_by_the_url_of_the_keys(framework: Framework) {
    let app = App::start(framework).await;
    let alice = app.user("alice").await;
    let url = format!("{}/auth/.well-known/jwks.json", app.url);
    let job = |token: &str| {
        let issuer = format!("{}/auth", app.url);
        json!({"alg": "EdDSA", "token": token, "url": url, "issuer": issuer, "audience": app.url})
    };
    for language in Language::ALL {
        let jobs = [job(alice.token()), job(&tampered(alice.token()))];
        let (verified, _) = tokio::task::block_in_place(|| language.ask(&jobs, &[]));
        assert_eq!(verified, [claims(alice.token()), Value::Null], "{language:?}");
    }
}
