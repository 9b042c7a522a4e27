//! Routes that are open without credentials, and routes on which a layer was forgotten.

use crate::refusals::{
    App,
    expected::{Expected, INVALID},
    house::{Ask as _, House, get},
};

pub async fn optional_is_absent_without_credentials_alone<A: App>() {
    let house = House::<A>::new().await;
    let alice = house.child_for("alice").await;
    house.lets_pass(get("/optional"), "nobody").await;
    house.lets_pass(get("/optional").header("authorization", "Basic YTpi"), "nobody").await;
    house.lets_pass(get("/optional").bearer(&alice), "alice").await;
    house.refuses(get("/optional").bearer("bad"), &Expected::invalid_token(INVALID)).await;
    // What asks for somebody is not open, whatever the gate lets in.
    for path in ["/optional/any", "/optional/role"] {
        house.refuses(get(path), &Expected::no_credentials()).await;
        house.refuses(get(path).bearer("bad"), &Expected::invalid_token(INVALID)).await;
    }
    house.lets_pass(get("/optional/any").bearer(&alice), "alice").await;
}

pub async fn a_missing_layer_is_named<A: App>() {
    let house = House::<A>::new().await;
    let bob = house.child_for("bob").await;
    for path in ["/bare", "/bare/role"] {
        for request in [get(path), get(path).bearer(&bob), get(path).bearer("bad")] {
            house.refuses(request, &Expected::layer_missing(A::LAYER)).await;
        }
    }
}
