//! Good tokens that do not suffice.

use jeton::{Generate, NamedAudience};

use crate::refusals::{
    App,
    expected::Expected,
    house::{Ask as _, House, get, system},
};

pub async fn a_missing_scope_is_named<A: App>() {
    let house = House::<A>::new().await;
    let alice = house.child_for("alice").await;
    let service = house.child(&house.token(Generate::new("nothing")).await).await;
    house.refuses(get("/scope").bearer(&alice), &Expected::insufficient_scope("reports:write")).await;
    house.refuses(get("/scopes").bearer(&alice), &Expected::insufficient_scope("reports:write")).await;
    let both = Expected::insufficient_scope("reports:read reports:write");
    house.refuses(get("/scopes").bearer(&service), &both).await;
}

pub async fn other_denials_have_a_code_and_no_challenge<A: App>() {
    let house = House::<A>::new().await;
    let alice = house.child_for("alice").await;
    for (path, code) in [
        ("/role", "role_denied"),
        ("/subject", "subject_denied"),
        ("/group", "group_denied"),
        ("/tenant", "tenant_denied"),
        ("/network", "network_denied"),
        ("/audience", "audience_denied"),
        ("/nobody", "rule_denied"),
        ("/direct/role", "role_denied"),
        ("/optional/role", "role_denied"),
    ] {
        house.refuses(get(path).bearer(&alice), &Expected::denied(code)).await;
    }
}

pub async fn who_may_passes<A: App>() {
    let house = House::<A>::new().await;
    let bob = house.child_for("bob").await;
    for path in ["/any", "/role", "/scope", "/scopes", "/group", "/direct/role", "/optional/role"] {
        house.lets_pass(get(path).bearer(&bob), "bob").await;
    }
    let external = house.child_for("ExternalApp").await;
    house.lets_pass(get("/subject").bearer(&external), "ExternalApp").await;
    let acme = house.token(Generate::new("acme").with_tenant("acme")).await;
    house.lets_pass(get("/tenant").bearer(&house.child(&acme).await), "a service").await;
}

pub async fn a_named_audience_obeys_at_once<A: App>() {
    let house = House::<A>::new().await;
    let (external, alice) = (house.child_for("ExternalApp").await, house.child_for("alice").await);
    let denied = Expected::denied("audience_denied");
    let put = async |audience| house.authority.put_audience(&system(), audience, None).await.unwrap();
    house.refuses(get("/audience").bearer(&external), &denied).await;
    put(NamedAudience::new("reports.export").with_subject("ExternalApp")).await;
    house.lets_pass(get("/audience").bearer(&external), "ExternalApp").await;
    house.refuses(get("/audience").bearer(&alice), &denied).await;
    put(NamedAudience::new("reports.export").with_subject("alice")).await;
    house.refuses(get("/audience").bearer(&external), &denied).await;
    house.lets_pass(get("/audience").bearer(&alice), "alice").await;
}
