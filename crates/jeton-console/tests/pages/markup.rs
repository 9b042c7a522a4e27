use jeton::{Generate, LastUse};

use crate::house::house;

const MARKUP: &str = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";

#[tokio::test]
async fn no_stored_text_becomes_markup() {
    let house = house().await;
    let mut request = Generate::new(MARKUP).with_role(MARKUP);
    request.description = MARKUP.to_owned();
    request.tenant = Some(MARKUP.to_owned());
    request.groups = [MARKUP.to_owned()].into();
    let made = house.generate(request).await;
    // By a program that calls itself so.
    let agent = jeton::Origin::new(None, Some(MARKUP));
    let exchange = jeton::Exchange { origin: agent, ..jeton::Exchange::default() };
    house.authority.exchange(made.api_token.expose(), &exchange).await.unwrap();
    house.authority.flush().await.unwrap();
    let found = house.authority.find(&jeton::Caller::system("x"), made.record.id).await.unwrap();
    assert_eq!(found.last_use, LastUse { user_agent: Some(MARKUP.to_owned()), ..found.last_use.clone() });

    let root = house.signed_in("root").await;
    let reason = [("reason", MARKUP)];
    root.post(&format!("/tokens/{}/disable", made.record.id), &reason).await.is(303);
    for path in [
        "/tokens".to_owned(),
        format!("/tokens/{}", made.record.id),
        format!("/tokens/{}/edit", made.record.id),
        format!("/tokens/{}/rotate", made.record.id),
        format!("/tokens/{}/revoke", made.record.id),
        format!("/tokens/new?from={}", made.record.id),
        format!("/tokens/bulk?action=revoke&id={}", made.record.id),
        "/audit".to_owned(),
    ] {
        let shown = root.get(&path).await.is(200);
        assert!(!shown.text().contains("<img") && !shown.text().contains("<script>"), "{path}");
        if path != "/audit" {
            shown.has("&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#62;&#60;script&#62;");
        }
    }
    root.get(&format!("/tokens/{}", made.record.id)).await.has("<dd>&#60;img src=x");
}

#[tokio::test]
async fn no_text_of_a_query_becomes_markup() {
    let house = house().await;
    let root = house.signed_in("root").await;
    let query: String = form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    for path in [
        "/tokens?name=",
        "/tokens?state=",
        "/tokens?role=",
        "/tokens?done=",
        "/tokens?cursor=",
        "/tokens/new?name=",
        "/tokens/new?description=",
        "/tokens/new?roles=",
        "/tokens/new?expires=",
        "/tokens/new?networks=",
        "/tokens/new?expires_on=",
        "/audit?actor=",
        "/audit?token=",
        "/audit?since=",
        "/sign-in?next=",
        "/users?text=",
        "/sign-in?done=",
    ] {
        let shown = root.get(&format!("{path}{query}")).await.is(200);
        assert!(!shown.text().contains("<img") && !shown.text().contains("<script>"), "{path}");
    }
}
