use std::time::Duration;

use jeton::{Caller, Expiry, Generate, Kind};

use crate::house::{house, house_with};

fn names(text: &str) -> Vec<String> {
    let rows = text.split("<th scope=\"row\"><a href=\"").skip(1);
    rows.map(|row| row.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn tokens_are_found_by_name_and_by_each_filter() {
    let house = house().await;
    let setup = Caller::system("setup");
    let ending = Generate::new("ends soon").with_expiry(Expiry::InDays(5));
    house.generate(ending).await;
    house.generate(Generate::new("endless").with_role("reader").with_expiry(Expiry::Never)).await;
    let disabled = house.named("Disabled one").await.record.id;
    house.authority.disable(&setup, disabled).await.unwrap();
    let mut mine = Generate::new("of alice").with_subject("alice");
    mine.kind = Kind::Personal;
    house.generate(mine).await;
    let used = house.named("used").await;
    house.exchange(used.api_token.expose()).await;
    house.authority.flush().await.unwrap();
    let root = house.host("root", None);
    for (query, found) in [
        ("sort=name", vec!["Disabled one", "endless", "ends soon", "of alice", "used"]),
        ("name=ENd&sort=name", vec!["endless", "ends soon"]),
        ("state=disabled", vec!["Disabled one"]),
        ("kind=personal", vec!["of alice"]),
        ("user=alice", vec!["of alice"]),
        ("role=reader", vec!["endless"]),
        ("ends=7", vec!["ends soon"]),
        ("unused=never&sort=name", vec!["Disabled one", "endless", "ends soon", "of alice"]),
        ("sort=expires_at&name=end", vec!["ends soon", "endless"]),
        ("sort=-last_used_at", vec!["used"]),
        ("name=nothing", vec![]),
        ("state=nonsense&kind=x&sort=y&ends=z&unused=w&name=used", vec!["used"]),
    ] {
        let shown = root.get(&format!("/tokens?{query}")).await.is(200);
        let names = names(&shown.text());
        assert_eq!(names[..found.len()], found, "{query}");
        assert!(query == "sort=-last_used_at" || names.len() == found.len(), "{query}: {names:?}");
    }
    let shown = root.get("/tokens").await.is(200);
    drop(
        shown
            .has("<strong>4</strong> <span>Active")
            .has("<strong>1</strong> <span>Expire within")
            .has("badge soon")
            .has("Never used"),
    );
    root.get("/tokens?name=nothing").await.has("No token matches").has("Clear all filters");
    house.clock.advance(Duration::from_secs(40 * 86_400));
    root.get("/tokens?unused=30&name=used").await.has(">used</a>");
    root.get("/tokens?state=expired").await.has("ends soon").has("badge expired");
}

#[tokio::test]
async fn a_long_list_is_paged_and_filters_stay() {
    let house = house().await;
    for number in 0..105 {
        house.named(&format!("token {number:03}")).await;
    }
    let root = house.host("root", None);
    let (mut path, mut seen) = ("/tokens?sort=name&name=token".to_owned(), Vec::new());
    for page in 0..3 {
        let shown = root.get(&path).await.is(200);
        assert!(shown.text().len() < 80_000, "{}", shown.text().len());
        seen.extend(names(&shown.text()));
        let text = shown.text();
        assert_eq!(text.contains("First page"), page > 0);
        let next = text.split('<').find(|tag| tag.contains("rel=\"next\""));
        assert_eq!(next.is_some(), page < 2);
        if let Some(next) = next {
            let href = next.split('"').find(|part| part.contains("cursor=")).unwrap().replace("&#38;", "&");
            path = href.strip_prefix("/auth/console").unwrap().to_owned();
        }
    }
    let expected: Vec<_> = (0..105).map(|number| format!("token {number:03}")).collect();
    assert_eq!(seen, expected);
    root.get("/tokens").await.has("<strong>100+</strong> <span>Active");
}

#[tokio::test]
async fn an_empty_store_says_what_to_do() {
    let house = house().await;
    house
        .host("root", None)
        .get("/tokens")
        .await
        .is(200)
        .has("There is no API token yet")
        .has("href=\"/auth/console/tokens/new\"");
    house.host("root", None).get("/audit").await.is(200).has("Nothing is written down yet");
    house.host("root", None).get("/audit?actor=x").await.is(200).has("No entry matches");
}

#[tokio::test]
async fn details_show_all_that_is_known() {
    let house = house_with(|builder| builder.default_role("All external applications")).await;
    let mut request = Generate::new("Jenkins").with_role("reader").with_scope("x:y").with_tenant("south");
    request.description = "builds".to_owned();
    request.networks = vec!["192.0.2.0/24".parse().unwrap()];
    let made = house.generate(request).await;
    let agent = jeton::Origin::new(Some("192.0.2.7".parse().unwrap()), Some("Jenkins/2"));
    let exchange = jeton::Exchange { origin: agent, ..jeton::Exchange::default() };
    house.authority.exchange(made.api_token.expose(), &exchange).await.unwrap();
    house.authority.flush().await.unwrap();
    house.named("Cloud").await;
    let root = house.host("root", None);
    let path = format!("/tokens/{}?name=j", made.record.id);
    let text = root.get(&path).await.is(200).text();
    let fingerprint = made.record.credential.fingerprint.to_string();
    for part in [
        "API access information",
        "All external applications (default)",
        ">reader</span>",
        ">x:y</span>",
        "south",
        "builds",
        "192.0.2.0/24",
        "192.0.2.7",
        "Jenkins/2",
        "by setup",
        &fingerprint,
        &made.record.credential.key_id,
        "<span class=\"tag\">generate</span>",
        "<span class=\"tag\">exchange</span>",
        "aria-current=\"true\"",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(!text.contains(made.api_token.expose()) && !text.contains("<span>Cloud</span>"));
}

#[tokio::test]
async fn the_audit_log_is_found_by_each_filter() {
    let house = house().await;
    let id = house.named("one").await.record.id;
    house.named("two").await;
    let root = house.signed_in("root").await;
    root.post(&format!("/tokens/{id}/disable"), &[("reason", "too loud")]).await.is(303);
    let rows = |text: &str| text.matches("<tr><td").count();
    let all = root.get("/audit").await.is(200).has("too loud").has("root");
    assert!(rows(&all.text()) >= 4);
    for (query, count) in [
        (format!("token={id}"), 2),
        ("action=disable".to_owned(), 1),
        ("actor=nobody".to_owned(), 0),
        (format!("token={id}&actor=root"), 1),
        ("since=2999-01-01".to_owned(), 0),
        ("since=2026-01-01&action=disable".to_owned(), 1),
    ] {
        assert_eq!(rows(&root.get(&format!("/audit?{query}")).await.is(200).text()), count, "{query}");
    }
    for number in 0..60 {
        house.named(&format!("n{number}")).await;
    }
    let text = root.get("/audit?action=generate").await.is(200).text();
    assert_eq!(rows(&text), 50);
    let next = text.split('"').find(|part| part.contains("before=")).unwrap().replace("&#38;", "&");
    let text = root.get(next.strip_prefix("/auth/console").unwrap()).await.is(200).text();
    assert_eq!(rows(&text), 13, "62 and that of the visitor");
}
