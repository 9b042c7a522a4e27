use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jeton::{Caller, Event, Notice, Reveal, Sink, SinkError, Standing};

use crate::house::{house, house_with};

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Event>>>);

#[async_trait]
impl Sink for Told {
    async fn take(&self, notice: &Notice) -> Result<(), SinkError> {
        self.0.lock().unwrap().push(notice.event);
        Ok(())
    }
}

#[tokio::test]
async fn a_user_generates_copies_and_replaces_its_own_token() {
    let house = house_with(|builder| builder.reveal(Reveal::Again).personal_limit(1)).await;
    let alice = house.host("alice", None);
    let page =
        alice.get("/me").await.is(200).has("You have no personal token").has("Our support never asks for it");
    drop(page.lacks("/tokens\"").lacks("/audit").lacks("/keys"));
    let form = alice.get("/me/new").await.is(200).lacks("id=\"user\"").lacks("id=\"tenant\"");
    assert_eq!(form.value("name"), "Personal token of alice");
    let fields = [("name", "Personal token of alice"), ("expires", "30")];
    let first = alice.post("/me/new", &fields).await.is(200).value("api-token");
    let page = alice.get("/me").await.is(200).has("Show and copy").has("Last used").lacks(&first);
    let text = page.text();
    let id = text
        .split('"')
        .find_map(|part| part.strip_prefix("/auth/console/me/")?.strip_suffix("/reveal"))
        .unwrap();
    // The existing one.
    let again = alice.post(&format!("/me/{id}/reveal"), &[]).await.is(200).value("api-token");
    assert_eq!(again, first);
    // With one alone, generating another one replaces it.
    let second = alice.post("/me/new", &fields).await.is(200).value("api-token");
    assert_ne!(second, first);
    house.anybody().post("/sign-in", &[("api_token", &first)]).await.is(403);
    let replaced = alice.post(&format!("/me/{id}/rotate"), &[("grace", "0"), ("expires", "90")]).await;
    assert_ne!(replaced.is(200).value("api-token"), second);
    alice.get(&format!("/me/{id}/edit")).await.is(200).lacks("id=\"user\"");
    let fields = [("name", "mine"), ("expires", "keep"), ("version", "3")];
    alice.post(&format!("/me/{id}/edit"), &fields).await.leads_to(&format!("/me/{id}?done=edit"));
    let record = house.authority.find(&Caller::system("x"), id.parse().unwrap()).await.unwrap();
    assert_eq!((record.name.as_str(), record.grant.subject.as_deref()), ("mine", Some("alice")));
}

#[tokio::test]
async fn a_leak_is_revoked_written_down_and_told() {
    let told = Told::default();
    let sink = Arc::new(told.clone());
    let house = house_with(|builder| builder.sink(sink)).await;
    let alice = house.host("alice", None);
    let token =
        alice.post("/me/new", &[("name", "mine"), ("expires", "30")]).await.is(200).value("api-token");
    house.exchange(&token).await;
    house.authority.flush().await.unwrap();
    let page = alice.get("/me").await.text();
    let path = page.split('"').find(|part| part.ends_with("/leaked")).unwrap();
    let path = path.strip_prefix("/auth/console").unwrap();
    alice.get(path).await.is(200).has("The token is revoked at once");
    // Every second counts: no name is asked for.
    alice.post(path, &[("reason", "on a slide")]).await.leads_to("/me?done=leaked");
    alice.get("/me?done=leaked").await.has("those who look after the system are told").has("Earlier tokens");
    let id = path.split('/').nth(2).unwrap();
    let record = house.authority.find(&Caller::system("x"), id.parse().unwrap()).await.unwrap();
    assert_eq!(record.standing, Standing::Revoked);
    let root = house.host("root", None);
    root.get(&format!("/audit?token={id}&action=report_leak")).await.is(200).has("on a slide").has("alice");
    root.get(&format!("/audit?token={id}&action=revoke")).await.is(200).has("on a slide");
    // Notices are handed on in the background.
    for _ in 0..1000 {
        if told.0.lock().unwrap().len() == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut events = told.0.lock().unwrap().clone();
    events.sort_by_key(|event| *event != Event::Leaked);
    assert_eq!(events, [Event::Leaked, Event::Revoked]);
}

#[tokio::test]
async fn an_admin_may_say_that_any_token_leaked() {
    let house = house().await;
    let made = house.named("one").await.record.id;
    let root = house.host("root", None);
    root.post(&format!("/tokens/{made}/leaked"), &[]).await.leads_to(&format!("/tokens/{made}?done=leaked"));
    root.get(&format!("/tokens/{made}")).await.has("<span class=\"tag\">report_leak</span>");
}
