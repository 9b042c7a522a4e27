use std::time::Duration;

use jeton::{Caller, Generate, Reveal, Standing};

use crate::house::{House, house, house_with};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

async fn standing(house: &House, id: jeton::RecordId) -> Standing {
    house.authority.find(&Caller::system("x"), id).await.unwrap().standing
}

#[tokio::test]
async fn what_ends_a_token_says_what_follows_and_asks_first() {
    let house = house().await;
    let id = house.named("one").await.record.id;
    let root = house.signed_in("root").await;
    for (deed, text, after) in [
        ("disable", "can be enabled again", Standing::Disabled),
        ("enable", "Access tokens from before stay refused", Standing::Active),
        ("revoke", "This cannot be undone", Standing::Revoked),
    ] {
        root.get(&format!("/tokens/{id}/{deed}")).await.is(200).has(text);
        let reason = [("reason", "we were told")];
        root.post(&format!("/tokens/{id}/{deed}"), &reason)
            .await
            .leads_to(&format!("/tokens/{id}?done={deed}"));
        assert_eq!(standing(&house, id).await, after, "{deed}");
    }
    let details = root
        .get(&format!("/tokens/{id}"))
        .await
        .is(200)
        .has("we were told")
        .has("<span class=\"tag\">revoke</span>");
    drop(details.lacks("/enable").lacks("/rotate").lacks("/edit").has("/delete"));
    root.post(&format!("/tokens/{id}/enable"), &[]).await.is(409).has("revoked for ever");
    root.post(&format!("/tokens/{id}/delete"), &[]).await.leads_to("/tokens?done=delete");
    root.get(&format!("/tokens/{id}")).await.is(404);
    root.get("/tokens?done=delete&state=revoked")
        .await
        .is(200)
        .has("The token is deleted.")
        .has("No token matches");
}

#[tokio::test]
async fn what_is_in_use_is_ended_by_its_name() {
    let house = house().await;
    let made = house.named("in use").await;
    house.exchange(made.api_token.expose()).await;
    house.authority.flush().await.unwrap();
    let id = made.record.id;
    let root = house.signed_in("root").await;
    for deed in ["revoke", "delete"] {
        root.get(&format!("/tokens/{id}/{deed}"))
            .await
            .is(200)
            .has("It was used 0 min ago. To confirm, type its name:");
        for wrong in ["", "In use", "in use 2"] {
            let fields = [("confirm", wrong), ("reason", "typed")];
            let asked =
                root.post(&format!("/tokens/{id}/{deed}"), &fields).await.is(422).has("Nothing was done");
            assert_eq!(asked.value("reason"), "typed");
        }
    }
    let fields = [("grace", "0"), ("expires", "keep")];
    root.post(&format!("/tokens/{id}/rotate"), &fields).await.is(422).has("Nothing was done").lacks("eyJ");
    root.post(&format!("/tokens/{id}/disable"), &[]).await.is(303);
    root.post(&format!("/tokens/{id}/revoke"), &[("confirm", "in use")]).await.is(303);
    assert_eq!(standing(&house, id).await, Standing::Revoked);
    // A week later nobody would notice.
    let other = house.named("was in use").await;
    house.exchange(other.api_token.expose()).await;
    house.authority.flush().await.unwrap();
    house.clock.advance(WEEK);
    let root = house.signed_in("root").await;
    root.post(&format!("/tokens/{}/revoke", other.record.id), &[]).await.is(303);
}

#[tokio::test]
async fn a_rotation_shows_the_new_token_and_can_be_cancelled() {
    let house = house().await;
    let made = house.named("one").await;
    let id = made.record.id;
    let root = house.signed_in("root").await;
    root.get(&format!("/tokens/{id}/rotate"))
        .await
        .is(200)
        .has("value=\"86400\" checked")
        .has("value=\"keep\"");
    root.get(&format!("/tokens/{id}")).await.lacks("cancel-rotation");
    let fields = [("grace", "3600"), ("expires", "90")];
    let shown = root
        .post(&format!("/tokens/{id}/rotate"), &fields)
        .await
        .is(200)
        .has("The old token is accepted until");
    let new = shown.value("api-token");
    assert_ne!(new, made.api_token.expose());
    root.post(&format!("/tokens/{id}/rotate"), &fields).await.is(422).has("is being rotated").lacks("eyJ");
    root.get(&format!("/tokens/{id}")).await.has("cancel-rotation").has("Old credential accepted until");
    root.get(&format!("/tokens/{id}/cancel-rotation")).await.is(200).has("The new token is refused for ever");
    root.post(&format!("/tokens/{id}/cancel-rotation"), &[])
        .await
        .leads_to(&format!("/tokens/{id}?done=cancel-rotation"));
    house.exchange(made.api_token.expose()).await;
    house.anybody().post("/sign-in", &[("api_token", &new)]).await.is(403).has("superseded");
    root.post(&format!("/tokens/{id}/cancel-rotation"), &[]).await.is(409);
    // Without a grace, and with another end.
    let idle = house.named("idle").await;
    let path = format!("/tokens/{}/rotate", idle.record.id);
    root.post(&path, &[("grace", "x"), ("expires", "date")]).await.is(422).has("Choose the last day.");
    root.post(&path, &[("grace", "0"), ("expires", "never")]).await.is(200).has("It never expires.");
    house.anybody().post("/sign-in", &[("api_token", idle.api_token.expose())]).await.is(403);
}

#[tokio::test]
async fn a_token_is_shown_again_only_where_that_is_allowed() {
    let once = house().await;
    let made = once.named("one").await;
    let root = once.signed_in("root").await;
    let path = format!("/tokens/{}", made.record.id);
    root.get(&path).await.is(200).lacks("Show token");
    root.post(&format!("{path}/reveal"), &[]).await.is(403).has("shown once here").lacks("eyJ");

    let again = house_with(|builder| builder.reveal(Reveal::Again)).await;
    let made = again.named("one").await;
    let root = again.signed_in("root").await;
    let path = format!("/tokens/{}", made.record.id);
    root.get(&path).await.has("Show token");
    root.get(&format!("{path}/reveal")).await.is(200).has("It is written into the audit log").lacks("eyJ");
    let shown = root.post(&format!("{path}/reveal"), &[]).await.is(200).lacks("only time").lacks("data-once");
    assert_eq!(shown.value("api-token"), made.api_token.expose());
    root.get("/audit?action=reveal").await.is(200).has(&made.record.id.to_string());
    again.authority.revoke(&Caller::system("x"), made.record.id).await.unwrap();
    root.get(&path).await.lacks("Show token");
    root.post(&format!("{path}/reveal"), &[]).await.is(409).lacks("eyJ");
}

#[tokio::test]
async fn many_are_ended_at_once() {
    let house = house().await;
    let mut ids = Vec::new();
    for name in ["job-1", "job-2", "job-3"] {
        ids.push(house.named(name).await);
    }
    let [one, two, three] = [0, 1, 2].map(|at| ids[at].record.id.to_string());
    let root = house.signed_in("root").await;
    let ask = root
        .get(&format!("/tokens/bulk?action=disable&id={one}&id={two}&id={one}&id=nonsense"))
        .await
        .is(200);
    drop(ask.has("Disable the selected tokens (2)?").has("<li>job-1<").has("<li>job-2<").lacks("job-3"));
    let fields = [("action", "disable"), ("id", one.as_str()), ("id", &two)];
    root.post("/tokens/bulk", &fields).await.is(200).has("2 done.");
    for (at, expected) in [(0, Standing::Disabled), (1, Standing::Disabled), (2, Standing::Active)] {
        assert_eq!(standing(&house, ids[at].record.id).await, expected);
    }
    house.exchange(ids[2].api_token.expose()).await;
    house.authority.flush().await.unwrap();
    let fields = [("action", "revoke"), ("id", one.as_str()), ("id", &three)];
    root.post("/tokens/bulk", &fields).await.is(422).has("That is not the number. Nothing was done.");
    assert_eq!(standing(&house, ids[0].record.id).await, Standing::Disabled);
    let fields = [("action", "revoke"), ("id", one.as_str()), ("id", &three), ("confirm", "2")];
    root.post("/tokens/bulk", &fields).await.is(200).has("2 done.");
    assert_eq!(standing(&house, ids[2].record.id).await, Standing::Revoked);
    // Revoked is for ever, also for those who disable.
    let fields = [("action", "disable"), ("id", one.as_str()), ("id", &two)];
    root.post("/tokens/bulk", &fields).await.is(200).has("1 done.").has("job-1: ");
    root.get("/tokens/bulk?action=revoke").await.is(200).has("No token was selected.");
}

#[tokio::test]
async fn who_may_only_read_is_offered_nothing_else() {
    let house = house().await;
    let id = house.named("one").await.record.id;
    let mut request = Generate::new("reader").with_subject("root");
    request.scopes = ["tokens:read".to_owned()].into();
    let reader = house.with_token(request).await;
    let list =
        reader.get("/tokens").await.is(200).lacks("/tokens/new").lacks("type=\"checkbox\"").lacks("/bulk");
    drop(list.lacks("/audit").lacks("/keys").lacks("/me\""));
    let details = reader.get(&format!("/tokens/{id}")).await.is(200);
    for deed in ["edit", "rotate", "disable", "revoke", "delete", "reveal"] {
        assert!(!details.text().contains(&format!("{id}/{deed}")), "{deed}");
        reader.get(&format!("/tokens/{id}/{deed}")).await.is(403);
        reader.post(&format!("/tokens/{id}/{deed}"), &[("confirm", "one")]).await.is(403);
    }
    drop(details.lacks("History"));
    for path in ["/tokens/new", "/tokens/bulk", "/audit", "/keys", "/me"] {
        reader.get(path).await.is(403).has("It takes the scope");
    }
    assert_eq!(standing(&house, id).await, Standing::Active);
}

#[tokio::test]
async fn an_outage_is_told_as_one_and_nothing_is_generated_while_it_is_stopped() {
    let house = house().await;
    let root = house.signed_in("root").await;
    house.authority.stop_generating("We move house until noon.");
    let fields = [("name", "typed"), ("expires", "30")];
    let shown = root.post("/tokens/new", &fields).await.is(422).has("We move house until noon.");
    assert_eq!(shown.value("name"), "typed");
}
