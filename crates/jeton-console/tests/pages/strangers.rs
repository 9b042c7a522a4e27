use jeton::{Caller, Generate, Kind, RecordId, Standing};

use crate::house::{House, Visitor, house, house_with};

const DEEDS: [&str; 9] =
    ["edit", "rotate", "disable", "enable", "revoke", "delete", "leaked", "reveal", "cancel-rotation"];

/// The token is not there for the visitor, whatever is typed into addresses and forms.
async fn is_unknown_to(visitor: &Visitor<'_>, area: &str, id: RecordId, name: &str) {
    visitor.get(&format!("{area}/{id}")).await.is(404).lacks(name);
    visitor.get(&format!("{area}/new?from={id}")).await.is(404).lacks(name);
    for deed in DEEDS {
        let path = format!("{area}/{id}/{deed}");
        visitor.get(&path).await.is(404).lacks(name);
        let fields = [("confirm", name), ("name", "mine"), ("version", "1"), ("grace", "3600")];
        visitor.post(&path, &fields).await.is(404).lacks(name).lacks("eyJ");
    }
}

async fn is_untouched(house: &House, id: RecordId) {
    let found = house.authority.find(&Caller::system("x"), id).await.unwrap();
    assert_eq!((found.version, found.standing, found.credential.generation), (1, Standing::Active, 1));
}

#[tokio::test]
async fn a_token_of_another_tenant_is_not_there() {
    let house = house_with(|builder| builder.reveal(jeton::Reveal::Again)).await;
    let theirs = house.generate(Generate::new("of the south").with_tenant("south")).await.record.id;
    house.generate(Generate::new("of the north").with_tenant("north")).await;
    let admin = Generate::new("north admin").with_subject("root").with_tenant("north");
    for north in [house.with_token(admin).await, house.host("root", Some("north"))] {
        is_unknown_to(&north, "/tokens", theirs, "of the south").await;
        let list = north.get("/tokens").await.is(200).has("of the north").lacks("of the south");
        drop(list.lacks("id=\"tenant\""));
        north.get("/tokens?name=south").await.is(200).has("No token matches");
        let fields = [("action", "revoke"), ("id", &theirs.to_string())];
        north.post("/tokens/bulk", &fields).await.is(200).has("No token was selected").lacks("of the south");
        north.get("/audit").await.is(200).lacks("of the south").lacks(&theirs.to_string());
        north.get("/keys").await.is(403);
        // A tenant that is typed into the form is refused.
        let fields = [("name", "forged"), ("tenant", "south"), ("expires", "30")];
        north.post("/tokens/new", &fields).await.is(422).lacks("eyJ");
    }
    is_untouched(&house, theirs).await;
}

#[tokio::test]
async fn a_personal_token_of_another_user_is_not_there() {
    let house = house_with(|builder| builder.reveal(jeton::Reveal::Again)).await;
    let mut request = Generate::new("of bob").with_subject("bob");
    request.kind = Kind::Personal;
    let bobs = house.generate(request).await.record.id;
    let service = house.generate(Generate::new("for alice").with_subject("alice")).await.record.id;
    for alice in [house.signed_in("alice").await, house.host("alice", None)] {
        is_unknown_to(&alice, "/me", bobs, "of bob").await;
        is_unknown_to(&alice, "/me", service, "for alice").await;
        alice.get("/me").await.is(200).lacks("of bob").lacks("for alice");
        // The pages of the admin are closed.
        for path in ["/tokens", "/tokens/new", "/tokens/bulk", "/audit", "/keys"] {
            alice.get(path).await.is(403).lacks("of bob");
        }
        alice.get(&format!("/tokens/{bobs}")).await.is(403).lacks("of bob");
        for deed in DEEDS {
            alice.post(&format!("/tokens/{bobs}/{deed}"), &[("confirm", "of bob")]).await.is(403);
        }
        // Nor does a user that is typed into the form help.
        let fields = [("name", "forged"), ("user", "bob"), ("expires", "30")];
        alice.post("/me/new", &fields).await.is(422).lacks("eyJ");
        alice.get("/users?text=o").await.is(200).lacks("bob");
    }
    is_untouched(&house, bobs).await;
    is_untouched(&house, service).await;
}

#[tokio::test]
async fn nobody_gives_more_than_it_holds() {
    let house = house().await;
    let mut admin = Generate::new("small admin").with_subject("root");
    admin.scopes = ["tokens:read", "tokens:write"].map(str::to_owned).into();
    let small = house.with_token(admin).await;
    let form = small.get("/tokens/new").await.is(200).lacks("value=\"keys:write\"").lacks("roles_more");
    drop(form.has("value=\"tokens:write\""));
    for fields in [
        [("name", "a"), ("scopes", "keys:write"), ("expires", "30")],
        [("name", "a"), ("user", "alice"), ("expires", "30")],
        [("name", "a"), ("roles_more", "token-admin"), ("expires", "30")],
    ] {
        small
            .post("/tokens/new", &fields)
            .await
            .is(422)
            .has("You cannot give more than you hold")
            .lacks("eyJ");
    }
}
