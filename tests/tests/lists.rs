//! `GET /tokens`: pages, filters, orders.

use end_to_end::{App, Framework, on_both};
use serde_json::{Value, json};

on_both!(pages_are_stable_under_inserts, filters, orders);

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn pages_are_stable_under_inserts(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for number in 0..25 {
        app.generate(json!({"name": format!("page {number:02}")})).await;
    }
    for sort in ["-created_at", "created_at", "name", "-name", "expires_at", "-expires_at", "last_used_at"] {
        let before = names(&admin.list(&format!("sort={sort}&name=page")).await).join(",");
        let (mut seen, mut cursor, mut round) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("/auth/tokens?limit=4&name=page&sort={sort}&cursor={cursor}");
            let page = admin.get(&path).await.is(200).json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 4);
            seen.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            // New ones at both ends, and one that goes.
            let ends = [format!("page - {sort} {round}"), format!("page z {sort} {round}")];
            let days = if round % 2 == 0 { 1 } else { 1000 };
            let new = ends.map(|name| json!({"name": name, "expires_in_days": days}));
            for fields in new {
                app.generate(fields).await;
            }
            round += 1;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
            assert!(round < 100, "the list does not end");
        }
        let old: Vec<_> = seen.iter().filter(|name| name.starts_with("page ") && name.len() == 7).collect();
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "{sort}: something was shown twice");
        assert_eq!(old.len(), 25, "{sort}: something was left out");
        let before: Vec<_> = before.split(',').filter(|name| name.len() == 7).collect();
        assert_eq!(old, before, "{sort}: the order changed");
        for item in
            admin.list("name=page").await.iter().filter(|item| item["name"].as_str().unwrap().len() > 7)
        {
            admin.delete(&format!("/auth/tokens/{}", item["id"].as_str().unwrap())).await.is(204);
        }
    }
    // Fifty, unless told otherwise; the last page says that it is.
    let page = admin.get("/auth/tokens").await.is(200).json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next_cursor"]), (26, &Value::Null));
    let page = admin.get("/auth/tokens?limit=26").await.is(200).json();
    assert_eq!(page["next_cursor"], Value::Null);
    for number in 0..30 {
        app.generate(json!({"name": format!("more {number}")})).await;
    }
    let page = admin.get("/auth/tokens").await.is(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.json()["items"].as_array().unwrap().len(), 50);
    assert!(page.json()["next_cursor"].is_string());
}

async fn filters(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    let alice = app.generate(json!({"name": "Alice's", "subject": "alice", "expires_in_days": 2})).await;
    let bob = app
        .generate(json!({"name": "of bob", "subject": "bob", "kind": "personal", "roles": ["reader"]}))
        .await;
    app.generate(json!({"name": "100%_of ACME", "tenant": "acme", "never_expires": true})).await;
    app.generate(json!({"name": "later", "not_before": "2998-01-01T00:00:00Z", "never_expires": true})).await;
    let gone = app.generate(json!({"name": "gone"})).await;
    admin.delete(&gone.path()).await.is(204);
    admin.post_empty(&alice.action("disable")).await.is(200);
    admin.post_empty(&bob.action("revoke")).await.is(200);
    let in_ten_days = "expires_before=2999-01-01T00:00:00Z";
    for (query, expected) in [
        ("", &["100%_of ACME", "Alice's", "admin", "later", "of bob"][..]),
        ("name=OF", &["100%_of ACME", "of bob"]),
        ("name=acme", &["100%_of ACME"]),
        ("name=%25", &["100%_of ACME"]),
        ("name=_", &["100%_of ACME"]),
        ("name=%27", &["Alice's"]),
        ("name=nothing", &[]),
        ("subject=alice", &["Alice's"]),
        ("subject=Alice", &[]),
        ("tenant=acme", &["100%_of ACME"]),
        ("state=active", &["100%_of ACME", "admin"]),
        ("state=disabled", &["Alice's"]),
        ("state=revoked", &["of bob"]),
        ("state=not_yet_valid", &["later"]),
        ("state=expired", &[]),
        ("kind=personal", &["of bob"]),
        ("role=reader", &["of bob"]),
        ("role=external-application", &["100%_of ACME", "later"]),
        (in_ten_days, &["Alice's", "of bob"]),
        ("expires_before=2001-01-01T00:00:00Z", &[]),
        ("kind=service&state=active&tenant=acme", &["100%_of ACME"]),
        ("subject=alice&state=active", &[]),
    ] {
        let items = admin.list(query).await;
        let mut found = names(&items);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
}

async fn orders(framework: Framework) {
    let app = App::start(framework).await;
    let admin = app.admin().await;
    for (name, expiry) in [
        ("b", json!({"expires_in_days": 3})),
        ("C", json!({"expires_in_days": 1})),
        ("a", json!({"never_expires": true})),
    ] {
        let mut fields = expiry;
        fields["name"] = json!(name);
        // Times are whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
        app.generate(fields).await;
    }
    for (sort, expected) in [
        ("", &["a", "C", "b", "admin"][..]),
        ("-created_at", &["a", "C", "b", "admin"]),
        ("created_at", &["admin", "b", "C", "a"]),
        ("name", &["a", "admin", "b", "C"]),
        ("-name", &["C", "b", "admin", "a"]),
        ("expires_at", &["C", "b"]),
    ] {
        let items = admin.list(&format!("sort={sort}")).await;
        assert_eq!(names(&items)[..expected.len()], *expected, "{sort}");
    }
}
