//! The known classes of attacks on JWS, each signed with a key that fits, so that the refusal is for the right reason.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::{Duration, Instant};

use crate::common::{
    World, child,
    keys::{encode, payload, sign_with},
    service,
    signers::Signer,
};
use aws_lc_rs::hmac;
use jeton::{Algorithm, AuthenticateError, Authority, Exchange, ExchangeError, Rejection};

/// A world whose access tokens are signed by the first of five keys, one of each algorithm, and verified by each.
struct Scene {
    world: World,
    authority: Authority,
    signers: Vec<Signer>,
    /// Claims that are good.
    claims: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        let signers: Vec<_> = Algorithm::ALL.into_iter().map(Signer::new).collect();
        let authority = world.start(world.builder().access_keys(signers.iter().map(Signer::signing))).await;
        let token = service(&authority, "CI").await;
        let claims = payload(&child(&authority, &token).await).to_string();
        for signer in &signers {
            let token = signer.craft(&signer.header("at+jwt"), &claims);
            assert!(
                authority.authenticate(&token).is_ok(),
                "else no refusal proves anything: {}",
                signer.algorithm
            );
        }
        Self { world, authority, signers, claims }
    }

    fn signer(&self, algorithm: Algorithm) -> &Signer {
        self.signers.iter().find(|signer| signer.algorithm == algorithm).unwrap()
    }

    /// Refused at every door in that one word, which holds nothing of the input, and nobody was asked.
    async fn refused_as(&self, token: &str, rejection: Rejection, what: &str) {
        let asked = (self.world.store.calls(), self.world.people.calls());
        let bearer = crate::common::as_bearer(token, rejection);
        assert_eq!(self.authority.authenticate(token).unwrap_err().rejection(), Some(bearer), "{what}");
        let exchange = self.authority.exchange(token, &Exchange::default()).await;
        assert!(matches!(exchange, Err(ExchangeError::Rejected(found)) if found == rejection), "{what}");
        let direct = self.authority.authenticate_api_token(token, jeton::OriginRef::default()).await;
        assert!(matches!(direct, Err(AuthenticateError::Rejected(found)) if found == rejection), "{what}");
        assert_eq!((self.world.store.calls(), self.world.people.calls()), asked, "{what} asked somebody");
    }

    async fn refused(&self, token: &str, what: &str) {
        self.refused_as(token, Rejection::Invalid, what).await;
    }
}

/// CVE-2015-9235 and its kin: the token says that it needs no signature.
#[tokio::test]
async fn no_signature_is_no_signature() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        let algorithm = signer.algorithm;
        for alg in ["none", "None", "nOnE", "NONE", "none ", "\\u006eone", "", "null"] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, signer.kid);
            let signed = format!("{}.{}", encode(header.as_bytes()), encode(scene.claims.as_bytes()));
            for end in ["", ".", ".AA", "..", ".."] {
                scene.refused(&format!("{signed}{end}"), &format!("{algorithm} {alg:?} {end:?}")).await;
            }
            scene
                .refused(&signer.craft(&header, &scene.claims), &format!("{algorithm} {alg:?}, well signed"))
                .await;
        }
        let good = signer.craft(&signer.header("at+jwt"), &scene.claims);
        let signed = good.rsplit_once('.').unwrap().0;
        for end in ["", ".", "..", ".=", ". "] {
            scene.refused(&format!("{signed}{end}"), &format!("{algorithm} {end:?}")).await;
        }
    }
}

/// CVE-2015-9235, CVE-2026-34950: what everybody knows of a key, taken for a secret.
#[tokio::test]
async fn what_is_public_is_no_secret() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        for (index, secret) in signer.public_forms().iter().enumerate() {
            for (alg, hash) in
                [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
            {
                let mac = hmac::Key::new(hash, secret);
                // Under its own name, and under those of the real secrets.
                for named in [signer, scene.signer(Algorithm::Hs256), scene.signer(Algorithm::Hs512)] {
                    for alg in [alg, signer.algorithm.as_str()] {
                        let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, named.kid);
                        let tag = |message: &[u8]| hmac::sign(&mac, message).as_ref().to_vec();
                        let token = sign_with(&header, &scene.claims, tag);
                        scene.refused(&token, &format!("{} {index} {header}", signer.algorithm)).await;
                    }
                }
            }
        }
    }
}

/// CVE-2026-48523: header and key are both of a kind that is allowed, and not of the same one.
#[tokio::test]
async fn a_key_serves_its_one_algorithm() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        for other in scene.signers.iter().filter(|other| other.algorithm != signer.algorithm) {
            // By this key under its own name, as the other algorithm; by this key under the other's name, as either.
            for (alg, kid) in [
                (other.algorithm, &signer.kid),
                (other.algorithm, &other.kid),
                (signer.algorithm, &other.kid),
            ] {
                let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{kid}"}}"#);
                let token = signer.craft(&header, &scene.claims);
                scene.refused(&token, &format!("{} {header}", signer.algorithm)).await;
            }
        }
        for alg in [
            "RS384", "RS512", "PS256", "ES384", "ES512", "ES256K", "Ed25519", "HS384", "rs256", "RS256 ",
            "dir",
        ] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"{}"}}"#, signer.kid);
            scene.refused(&signer.craft(&header, &scene.claims), &header).await;
        }
    }
}

/// CVE-2018-0114, CVE-2026-27962: the attacker's key comes with the token that it signed.
#[tokio::test]
async fn a_key_in_the_token_is_no_key() {
    let scene = Scene::new().await;
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let attacker = Signer::new(algorithm);
        let jwk = serde_json::to_string(attacker.signing().public().unwrap()).unwrap();
        let certificate = encode(&attacker.public_forms()[6]);
        for kid in [&attacker.kid, &scene.signer(algorithm).kid] {
            for member in [
                format!(r#""jwk":{jwk}"#),
                format!(r#""x5c":["{certificate}"]"#),
                r#""jku":"https://attacker.example/jwks.json""#.into(),
                r#""jku":"http://127.0.0.1/auth/.well-known/jwks.json""#.into(),
                r#""x5u":"https://attacker.example/key.pem""#.into(),
                r#""x5u":"file:///dev/zero""#.into(),
            ] {
                let base = format!(r#""typ":"at+jwt","alg":"{algorithm}""#);
                for header in [
                    format!(r#"{{{base},"kid":"{kid}",{member}}}"#),
                    format!(r#"{{{member},{base},"kid":"{kid}"}}"#),
                    format!(r#"{{{base},{member}}}"#),
                ] {
                    scene.refused(&attacker.craft(&header, &scene.claims), &header).await;
                    // Nor does it help if the signature is good.
                    scene.refused(&scene.signer(algorithm).craft(&header, &scene.claims), &header).await;
                }
            }
            let plain = format!(r#"{{"typ":"at+jwt","alg":"{algorithm}","kid":"{kid}"}}"#);
            scene.refused(&attacker.craft(&plain, &scene.claims), "a stranger's key").await;
        }
    }
}

/// CVE-2025-59420, CVE-2026-32597, CVE-2026-35042, and what changes the meaning of a token without `crit`; RFC 7797;
/// CVE-2024-28180 and CVE-2023-51774: compression and costly derivations.
#[tokio::test]
async fn a_header_asks_for_nothing() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        for member in [
            r#""crit":["x"]"#,
            r#""crit":["x"],"x":true"#,
            r#""crit":[]"#,
            r#""crit":null"#,
            r#""crit":"exp""#,
            r#""crit":["exp"]"#,
            r#""crit":["exp","exp"],"exp":1"#,
            r#""crit":["alg"]"#,
            r#""crit":["b64"],"b64":false"#,
            r#""crit":["b64"]"#,
            r#""b64":false"#,
            r#""b64":true"#,
            r#""zip":"DEF""#,
            r#""enc":"A256GCM""#,
            r#""p2c":2147483647,"p2s":"AAAA""#,
            r#""epk":{"kty":"EC"}"#,
            r#""cty":"JWT""#,
            r#""nonce":"a""#,
            r#""iss":"https://app.example/auth""#,
            r#""":"""#,
        ] {
            let header = signer.header("at+jwt");
            let header = format!("{},{member}}}", header.strip_suffix('}').unwrap());
            scene.refused(&signer.craft(&header, &scene.claims), &header).await;
        }
    }
    // The payload as it is, as `b64` would have it (CVE-2026-48525).
    let signer = &scene.signers[0];
    let header = encode(signer.header("at+jwt").as_bytes());
    let signed = format!("{header}.{}", scene.claims);
    let token = format!("{signed}.{}", encode(&signer.signature(signed.as_bytes())));
    scene.refused(&token, "a payload that is not encoded").await;
}

/// CVE-2022-21449: numbers that every equation holds for.
#[tokio::test]
async fn a_made_up_signature_is_none() {
    let scene = Scene::new().await;
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
    let one = [&[0; 31][..], &[1]].concat();
    let zero = vec![0; 32];
    let mut signatures =
        vec![Vec::new(), vec![0], vec![0; 63], vec![0; 65], vec![0; 256], vec![0xff; 256], vec![0; 1024]];
    signatures.extend([32, 64].map(|length| vec![0; length]));
    for r in [&zero, &one, &order] {
        signatures.extend([&zero, &one, &order].map(|s| [&r[..], s].concat()));
    }
    // DER where two numbers of a fixed length belong, and the longest that is looked at.
    signatures.extend([vec![0x30, 6, 2, 1, 0, 2, 1, 0], vec![1; 1025], vec![1; 5000]]);
    for signer in &scene.signers {
        for signature in &signatures {
            let token = sign_with(&signer.header("at+jwt"), &scene.claims, |_| signature.clone());
            scene.refused(&token, &format!("{} {signature:?}", signer.algorithm)).await;
        }
        let signed = signer.craft(&signer.header("at+jwt"), &scene.claims);
        let (message, signature) = signed.rsplit_once('.').unwrap();
        for other in [
            format!("{signature}A"),
            format!("{signature}AA"),
            format!("AA{signature}"),
            format!("{signature}="),
        ] {
            scene
                .refused(&format!("{message}.{other}"), &format!("{} with more of it", signer.algorithm))
                .await;
        }
    }
}

/// CVE-2022-39227: one text, in the JSON serialization to one reader and in the compact one to another. And five parts,
/// which are no JWS at all.
#[tokio::test]
async fn one_form_alone() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        let good = signer.craft(&signer.header("at+jwt"), &scene.claims);
        let [header, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
        let evil = encode(scene.claims.replace("CI", "root").as_bytes());
        for token in [
            format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#),
            format!(
                r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
            ),
            format!(
                r#"{{" {header}.{evil}.":"","payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#
            ),
            format!("{{{good}}}"),
            format!("\"{good}\""),
            format!("[{good}]"),
            format!("{good}.{payload}"),
            format!("{header}.{header}.{payload}.{payload}.{signature}"),
            format!("{header}..{payload}.{signature}.{signature}"),
            format!("{header}.{payload}..{signature}"),
            format!(".{good}"),
            format!("{good}."),
            format!("{good}\0"),
            format!("{good},{good}"),
            format!("{good} {good}"),
            format!("{header}\n.{payload}.{signature}"),
            format!("{header}.{payload}.{signature}\r\n"),
            good.replace('.', "%2e"),
            good.replace('.', "\u{ff0e}"),
        ] {
            scene.refused(&token, &token).await;
        }
    }
}

/// A `kid` is a name in a map and nothing else, whatever it looks like.
#[tokio::test]
async fn a_key_id_is_only_a_name() {
    let scene = Scene::new().await;
    for signer in &scene.signers {
        let kid = &signer.kid;
        let escaped: String = kid.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for named in [
            r#""""#.to_owned(),
            r#""../../../../dev/null""#.into(),
            r#""/proc/sys/kernel/randomize_va_space""#.into(),
            r#""' OR '1'='1""#.into(),
            r#""x' UNION SELECT 'AAAA' --""#.into(),
            r#""*)(uid=*))(|(uid=*""#.into(),
            r#""$(id)""#.into(),
            r#""http://169.254.169.254/""#.into(),
            format!(r#""{kid}\u0000""#),
            format!(r#""\u0000{kid}""#),
            format!(r#"" {kid}""#),
            format!(r#""{kid} ""#),
            format!(r#""{kid}\n""#),
            format!(r#""{kid}/../{kid}""#),
            format!(r#""\u202e{kid}""#),
            format!(r#""{}""#, kid.to_uppercase() + "x"),
            format!(r#"["{kid}"]"#),
            format!(r#"{{"kid":"{kid}"}}"#),
            "0".into(),
            "true".into(),
            "null".into(),
            r#""\ud800""#.into(),
            format!(r#""{}""#, "k".repeat(400)),
            // Written otherwise than by us: not worth an allocation.
            format!(r#""{escaped}""#),
        ] {
            let header = format!(r#"{{"typ":"at+jwt","alg":"{}","kid":{named}}}"#, signer.algorithm);
            scene.refused(&signer.craft(&header, &scene.claims), &header).await;
        }
        let header = [
            br#"{"typ":"at+jwt","alg":""#.as_slice(),
            signer.algorithm.as_str().as_bytes(),
            b"\",\"kid\":\"\xff\xfe\"}",
        ]
        .concat();
        let signed = format!("{}.{}", encode(&header), encode(scene.claims.as_bytes()));
        let token = format!("{signed}.{}", encode(&signer.signature(signed.as_bytes())));
        scene.refused(&token, "a kid that is no UTF-8").await;
    }
}

/// CVE-2025-27144, CVE-2025-30204, CVE-2025-22868: input that costs more than it should.
#[tokio::test]
async fn nothing_takes_long() {
    let scene = Scene::new().await;
    let signer = scene.signer(Algorithm::EdDsa);
    let members = |count: usize| {
        let members: String = (0..count).map(|number| format!(r#""m{number}":0,"#)).collect();
        signer.header("at+jwt").replacen('{', &format!("{{{members}"), 1)
    };
    let name = signer.header("at+jwt").replace(&signer.kid, &"k".repeat(1_000_000));
    for (what, token, rejection) in [
        ("a megabyte of dots", ".".repeat(1_000_000), Rejection::TooLong),
        ("8 KiB of dots", ".".repeat(8_192), Rejection::Invalid),
        ("200 000 members", signer.craft(&members(200_000), &scene.claims), Rejection::TooLong),
        ("500 members", signer.craft(&members(500), "{}"), Rejection::Invalid),
        (
            "a header of 8 MiB",
            signer.craft(&format!("{{\"a\":\"{}\"}}", "a".repeat(8 << 20)), "{}"),
            Rejection::TooLong,
        ),
        ("a deep header", signer.craft(&"[".repeat(5_000), "{}"), Rejection::Invalid),
        ("a deep header within the limit", signer.craft(&"{\"a\":".repeat(70), "{}"), Rejection::Invalid),
        ("a deep payload", signer.craft(&signer.header("at+jwt"), &"[".repeat(5_000)), Rejection::Invalid),
        (
            "a deep claim",
            signer.craft(&signer.header("at+jwt"), &format!("{{\"roles\":{}", "[".repeat(5_000))),
            Rejection::Invalid,
        ),
        (
            "a long number",
            signer.craft(&signer.header("at+jwt"), &format!("{{\"exp\":{}}}", "9".repeat(5_000))),
            Rejection::Invalid,
        ),
        ("a kid of a megabyte", signer.craft(&name, &scene.claims), Rejection::TooLong),
        ("a megabyte of letters", "é".repeat(500_000), Rejection::TooLong),
    ] {
        scene.refused_as(&token, rejection, what).await;
        // The best of a few: another process may have been let in between.
        let took = (0..5).map(|_| measure(|| scene.authority.authenticate(&token))).min().unwrap();
        assert!(took < Duration::from_millis(10), "{what} took {took:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn measure<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}
