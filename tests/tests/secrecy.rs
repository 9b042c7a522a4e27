//! A token is in the one answer that gives it out, and nowhere else.

use std::fs;

use base64::Engine as _;
use end_to_end::{Answer, Framework, Setup, on_both, raw};
use serde_json::json;

on_both!(a_token_is_only_in_its_answer);

async fn a_token_is_only_in_its_answer(framework: Framework) {
    let setup = Setup::new(framework).env("RUST_LOG", "trace").env("JETON_ACCESS_TTL", 60);
    let mut app = setup.start().await;
    let admin = app.admin().await;
    let admin_token = app.admin_token.clone().unwrap();

    let (mut tokens, mut answers) = (vec![admin_token.clone(), admin.token().to_owned()], Vec::new());
    for (number, fields) in [
        json!({"subject": "alice"}),
        json!({"subject": "bob", "expires_in_days": 3}),
        json!({"scopes": ["reports:write"]}),
        json!({"networks": ["10.0.0.0/8"]}),
    ]
    .into_iter()
    .enumerate()
    {
        let made = app.generate(fields).await;
        answers.extend(misuse(&app, &made.api_token).await);
        if number != 3 {
            let child = app.exchange(&made.api_token).await;
            for path in ["/whoami", "/reports", "/external", "/direct", "/auth/tokens"] {
                answers.push(child.get(path).await);
            }
            answers.push(child.post_empty("/reports").await);
            answers.extend(misuse(&app, child.token()).await);
            tokens.push(child.token().to_owned());
        }
        answers.push(admin.get(&made.path()).await.is(200));
        answers.push(admin.get("/auth/tokens").await.is(200));
        answers.push(admin.patch(&made.path(), json!({"description": "for the report"})).await.is(200));
        for action in ["disable", "enable", "revoke"] {
            answers.push(admin.post_empty(&made.action(action)).await.is(200));
            answers.extend(misuse(&app, &made.api_token).await);
        }
        answers.push(admin.delete(&made.path()).await.is(204));
        answers.extend(misuse(&app, &made.api_token).await);
        tokens.push(made.api_token);
    }

    let scan = |place: &str, bytes: &[u8]| {
        for token in &tokens {
            for (part, needle) in parts(token) {
                let at = bytes.windows(needle.len()).position(|window| window == needle);
                let before = at.map(|at| bytes[at.saturating_sub(200)..at].escape_ascii().to_string());
                assert_eq!(before, None, "{place} holds the {part} of a token, after this text");
            }
        }
    };
    for answer in &answers {
        let headers = format!("{:?}", answer.headers);
        scan("an answer", &[headers.as_bytes(), &answer.body].concat());
    }
    let mut files = 0;
    let mut scan_files = || {
        for entry in fs::read_dir(setup.data()).unwrap() {
            let path = entry.unwrap().path();
            scan(&path.display().to_string(), &fs::read(&path).unwrap());
            files += 1;
        }
    };
    // With the journal, and after it was written back.
    scan_files();
    assert!(app.terminate().await.success());
    scan_files();
    assert!(files >= 3, "there are {files} files");

    let logged = app.stderr();
    assert!(
        logged.contains("DEBUG") && logged.contains("action=\"generate\""),
        "nothing was logged at that level"
    );
    scan("the log", logged.as_bytes());
    let printed = app.stdout();
    let line = format!("admin-token: {admin_token}\n");
    assert_eq!(printed.matches(&line).count(), 1, "{printed}");
    scan("the standard output", printed.replace(&line, "").as_bytes());
}

/// The token in places where it does not belong, and in pieces.
async fn misuse(app: &end_to_end::App, token: &str) -> Vec<Answer> {
    let anon = app.anon();
    let with = |method, path: &str, header: String| {
        anon.request(method, path).header("authorization", header).send()
    };
    let cut = &token[..token.len() - 2];
    let path = format!("/auth/tokens/{token}");
    let mut answers = vec![
        with("GET", "/whoami", format!("Bearer {cut}")).await,
        with("GET", "/whoami", format!("Bearer {token}x")).await,
        with("GET", "/whoami", format!("Bearer {token},")).await,
        with("GET", "/whoami", format!("Bearer {token} {token}")).await,
        with("GET", "/whoami", format!("Basic {token}")).await,
        with("GET", "/whoami", token.to_owned()).await,
        with("GET", "/direct", format!("Bearer {cut}")).await,
        with("GET", &format!("/whoami?access_token={token}"), format!("Bearer {token}")).await,
        with("POST", "/auth/exchange", format!("Bearer {cut}")).await,
        anon.get(&format!("/whoami?access_token={token}")).await,
        anon.get(&format!("/nothing/{token}")).await,
        anon.get(&path).await,
        anon.post("/auth/exchange", json!({"scope": token, token: token})).await,
    ];
    // By somebody who may see what is wrong with the request.
    let admin = app.admin().await;
    answers.push(admin.get(&path).await);
    answers.push(admin.post_empty(&format!("{path}/revoke")).await);
    for query in ["cursor", "sort", "limit", "state", "expires_before"] {
        answers.push(admin.get(&format!("/auth/tokens?{query}={token}")).await);
    }
    for field in ["kind", "subject", "expires_at", "not_before", "networks", "audiences", "scopes"] {
        answers.push(admin.post("/auth/tokens", json!({"name": "", field: token})).await);
        answers.push(admin.post("/auth/tokens", json!({"name": "", field: [token]})).await);
    }
    answers.push(
        admin
            .request("PATCH", &path)
            .header("if-match", format!("\"{token}\""))
            .json(&json!({}))
            .send()
            .await,
    );
    let broken =
        format!("GET /whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nbad header\r\n\r\n");
    answers.push(raw(app.address(), broken.as_bytes()).await);
    for answer in &answers {
        assert!(answer.status >= 400 || answer.text().contains("\"items\""), "{answer:?}");
    }
    answers
}

/// What must not be found: the token, and the parts of it that only it has, also as the bytes that they stand for.
pub(crate) fn parts(token: &str) -> [(&'static str, Vec<u8>); 4] {
    let mut parts = token.split('.').skip(1);
    let (payload, signature) = (parts.next().unwrap(), parts.next().unwrap());
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();
    [
        ("whole", token.into()),
        ("payload", payload.into()),
        ("signature", signature.into()),
        ("bytes of the signature", decoded),
    ]
}
