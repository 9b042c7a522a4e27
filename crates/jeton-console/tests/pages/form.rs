use jeton::{Caller, Filter, Generate, Record, Sort};

use crate::house::{House, house};

async fn only(house: &House, name: &str) -> Record {
    let filter = Filter { name: Some(name.to_owned()), ..Filter::default() };
    let page = house.authority.list(&Caller::system("x"), filter, Sort::default(), None, 2).await.unwrap();
    assert_eq!(page.records.len(), 1, "{name}");
    page.records.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_generated_token_is_in_the_answer_and_nowhere_else() {
    let house = house().await;
    let root = house.signed_in("root").await;
    root.get("/tokens/new")
        .await
        .is(200)
        .has("30 days")
        .has("until 21 Oct 2026")
        .has("value=\"30\" data-until=\"21 Oct 2026\" checked");
    let fields = [
        ("name", "Nightly"),
        ("description", "reports\r\nby night"),
        ("kind", "service"),
        ("user", "alice"),
        ("roles", "reader"),
        ("scopes_more", "x:y\r\nz"),
        ("groups", "a b\nc"),
        ("networks", "192.0.2.0/24\n2001:db8::1"),
        ("expires", "date"),
        ("expires_on", "2026-12-24"),
    ];
    let shown = root.post("/tokens/new", &fields).await.is(200).has("This is the only time that it is shown");
    let token = shown.value("api-token");
    assert_eq!(shown.text().matches(&token).count(), 1);
    assert_eq!(shown.header("location"), "");
    drop(shown.has("It expires on 24 Dec 2026, 23:59 UTC.").has("https://app.example/auth/exchange"));
    let record = only(&house, "Nightly").await;
    assert_eq!(record.description, "reports\nby night");
    let grant = &record.grant;
    assert_eq!((grant.subject.as_deref(), grant.roles.len(), grant.scopes.len()), (Some("alice"), 1, 2));
    assert!(grant.groups.contains("a b") && grant.groups.contains("c"));
    assert_eq!(grant.networks.len(), 2);
    assert_eq!(grant.expires_at.unwrap().to_string(), "2026-12-24T23:59:59Z");
    for path in ["/tokens".to_owned(), format!("/tokens/{}", record.id), "/audit".to_owned()] {
        root.get(&path).await.is(200).lacks(&token);
    }
    assert_eq!(only(&house, "Nightly").await.credential.fingerprint, record.credential.fingerprint);
}

#[tokio::test]
async fn each_end_that_can_be_chosen_is_the_one_that_is_set() {
    let house = house().await;
    let root = house.signed_in("root").await;
    for (expires, end) in [
        ("7", Some("2026-09-28")),
        ("60", Some("2026-11-20")),
        ("90", Some("2026-12-20")),
        ("365", Some("2027-09-21")),
        ("never", None),
    ] {
        let fields = [("name", expires), ("expires", expires)];
        root.post("/tokens/new", &fields).await.is(200);
        let filter = Filter { name: Some(expires.to_owned()), ..Filter::default() };
        let page =
            house.authority.list(&Caller::system("x"), filter, Sort::default(), None, 9).await.unwrap();
        let record = page.records.iter().find(|record| record.name == expires).unwrap();
        let day = record.grant.expires_at.map(|end| end.to_string()[..10].to_owned());
        assert_eq!(day.as_deref(), end);
    }
}

#[tokio::test]
async fn errors_stand_at_their_fields_and_nothing_typed_is_lost() {
    let house = house().await;
    house.named("taken").await;
    let root = house.signed_in("root").await;
    let typed = [
        ("name", "taken"),
        ("description", "kept <b>text</b>"),
        ("kind", "personal"),
        ("user", "ghost"),
        ("tenant", "south"),
        ("groups", "one\ntwo"),
        ("roles", "reader"),
        ("roles_more", "special"),
        ("scopes", "tokens:read"),
        ("scopes_more", "x y"),
        ("networks", "192.0.2.0/24\nnonsense\n10.0.0.1/8"),
        ("begins", "2026-10-01"),
        ("expires", "date"),
        ("expires_on", ""),
        ("key_and_secret", "true"),
    ];
    let shown = root.post("/tokens/new", &typed).await.is(422);
    for part in [
        "“nonsense” is no network.",
        "“10.0.0.1/8” is no network.",
        "Choose the last day.",
        "id=\"networks_error\"",
        "href=\"#networks\"",
        "kept &#60;b&#62;text&#60;/b&#62;",
        "value=\"ghost\"",
        "value=\"south\"",
        "one\ntwo",
        "value=\"personal\" checked",
        "name=\"roles\" value=\"reader\" checked",
        "name=\"scopes\" value=\"tokens:read\" checked",
        "special",
        "x y",
        "value=\"2026-10-01\"",
        "value=\"date\" data-until=\"\" checked",
    ] {
        assert!(shown.text().contains(part), "no {part} in {}", shown.text());
    }
    for (fields, part) in [
        ([("name", ""), ("user", ""), ("expires", "30")], "id=\"name_error\""),
        ([("name", "taken"), ("user", ""), ("expires", "30")], "Another token has this name."),
        ([("name", "a"), ("user", "ghost"), ("expires", "30")], "is no active user"),
        ([("name", "a"), ("user", ""), ("expires", "x")], "id=\"expires_error\""),
        ([("name", "a"), ("scopes_more", "a\"b"), ("expires", "30")], "id=\"scopes_more_error\""),
        ([("name", "a"), ("key_and_secret", "true"), ("expires", "30")], "is not set up here"),
    ] {
        root.post("/tokens/new", &fields).await.is(422).has(part).lacks("eyJ");
    }
}

#[tokio::test]
async fn a_form_is_filled_from_an_address_or_from_a_token() {
    let house = house().await;
    let root = house.signed_in("root").await;
    let form = root
        .get("/tokens/new?name=CI&user=alice&expires=90&roles=reader&roles=other&networks=192.0.2.0/24")
        .await;
    assert_eq!((form.value("name"), form.value("user")), ("CI".to_owned(), "alice".to_owned()));
    drop(
        form.has("value=\"reader\" checked")
            .has("other</textarea>")
            .has("192.0.2.0/24</textarea>")
            .has("value=\"90\" data-until=\"20 Dec 2026\" checked"),
    );
    let made = house
        .generate(Generate::new("first").with_subject("alice").with_role("reader").with_scope("q"))
        .await;
    let form = root.get(&format!("/tokens/new?from={}", made.record.id)).await.is(200);
    assert_eq!((form.value("name"), form.value("user")), ("first (copy)".to_owned(), "alice".to_owned()));
    drop(
        form.has("value=\"reader\" checked")
            .has("q</textarea>")
            .has("value=\"30\" data-until=\"21 Oct 2026\" checked"),
    );
    root.get("/users?text=AL").await.is(200).has("<option value=\"alice\">alice</option>").lacks("bob");
}

#[tokio::test]
async fn an_edit_changes_what_was_changed_and_notices_others() {
    let house = house().await;
    let made = house.generate(Generate::new("one").with_subject("alice").with_role("reader")).await.record;
    let root = house.signed_in("root").await;
    let path = format!("/tokens/{}/edit", made.id);
    let form = root.get(&path).await.is(200).has("As it is: 21 Oct 2026").has("value=\"reader\" checked");
    assert_eq!(form.value("user"), "alice");
    let fields =
        [("name", "two"), ("user", "alice"), ("roles", "reader"), ("expires", "keep"), ("version", "1")];
    root.post(&path, &fields).await.leads_to(&format!("/tokens/{}?done=edit", made.id));
    root.get(&format!("/tokens/{}?done=edit", made.id))
        .await
        .has("The changes are saved.")
        .has("<h1>two</h1>");
    let record = only(&house, "two").await;
    assert_eq!((&record.grant, record.version), (&made.grant, 2));
    // Somebody else was faster; saving it again is meant.
    let fields =
        [("name", "three"), ("user", "alice"), ("roles", "reader"), ("expires", "keep"), ("version", "1")];
    let shown = root.post(&path, &fields).await.is(422).has("Somebody has changed this token meanwhile");
    assert_eq!(shown.value("name"), "three");
    assert!(shown.text().contains("name=\"version\" value=\"2\""));
    for (expires, text) in [("never", "rotate it to extend it"), ("365", "rotate it to extend it")] {
        let fields = [("name", "two"), ("user", "alice"), ("expires", expires), ("version", "2")];
        root.post(&path, &fields).await.is(422).has(text);
    }
    let fields = [("name", "two"), ("user", "alice"), ("expires", "7"), ("version", "")];
    root.post(&path, &fields).await.is(422);
}
