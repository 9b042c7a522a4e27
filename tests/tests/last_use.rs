//! The last use of a token is shown, and no request waits for it.

use std::time::Duration;

use end_to_end::{App, Framework, Setup, on_both};
use serde_json::{Value, json};

on_both!(a_call_counts_for_the_token, a_use_just_before_the_end_is_kept);

async fn a_call_counts_for_the_token(framework: Framework) {
    let app = App::start(framework).await;
    let made = app.generate(json!({"subject": "alice"})).await;
    assert_eq!((&made.record["last_used_at"], &made.record["last_used_ip"]), (&Value::Null, &Value::Null));
    app.exchange(&made.api_token).await.get("/whoami").await.is(200);
    let admin = app.admin().await;
    let shown = async {
        loop {
            let answer = admin.get(&made.path()).await.is(200);
            let record = answer.json();
            if !record["last_used_at"].is_null() {
                assert_eq!(answer.header("etag"), Some("\"1\""), "a use is no change");
                return record;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let record = tokio::time::timeout(Duration::from_secs(60), shown).await.expect("the use is never shown");
    assert_eq!(record["last_used_ip"], "127.0.0.1");
    let unused = app.generate(json!({})).await;
    let never = admin.list("last_used_before=2000-01-01T00:00:00Z").await;
    let ids: Vec<_> = never.iter().filter_map(|record| record["id"].as_str()).collect();
    assert!(ids.contains(&unused.id.as_str()) && !ids.contains(&made.id.as_str()), "{ids:?}");
}

async fn a_use_just_before_the_end_is_kept(framework: Framework) {
    let setup = Setup::new(framework).env("JETON_ISSUER", "http://app.example/auth");
    let mut app = setup.start().await;
    let admin_token = app.admin_token.clone().unwrap();
    let made = app.generate(json!({})).await;
    app.exchange(&made.api_token).await;
    assert!(app.terminate().await.success());
    let app = setup.start().await;
    let record = app.exchange(&admin_token).await.get(&made.path()).await.is(200).json();
    assert_eq!(record["last_used_ip"], "127.0.0.1");
}
