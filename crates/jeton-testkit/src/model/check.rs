//! Whether both nodes say what the model says, of everything that was ever made.

use jeton::{AuthenticateError, Authority, Caller, Principal, State};

use super::{
    grant::Given,
    lives::Model,
    operation::Proof,
    record::Standing,
    system::{System, user},
};

/// The node that did it says so at once, the other one when it has read the change log.
pub(super) async fn all(model: &Model, system: &System, second: bool) -> Result<(), String> {
    node(model, system, system.node(second)).await?;
    let other = system.node(!second);
    other.sync().await.map_err(|error| format!("{error:?}"))?;
    node(model, system, other).await.map_err(|what| format!("on the other node: {what}"))?;
    if model.now == system.now() { Ok(()) } else { Err("the clocks differ".to_owned()) }
}

async fn node(model: &Model, system: &System, node: &Authority) -> Result<(), String> {
    for place in 0..model.records.len() {
        record(model, system, node, place).await?;
    }
    for place in 0..model.tokens.len() {
        token(model, system, node, place).await?;
    }
    for place in 0..model.children.len() {
        child(model, system, node, place)?;
    }
    Ok(())
}

fn admin() -> Caller {
    Caller::system("model")
}

async fn record(model: &Model, system: &System, node: &Authority, place: usize) -> Result<(), String> {
    let expected = &model.records[place];
    let found = node.find(&admin(), system.records[place]).await.ok();
    if expected.standing == Standing::Deleted {
        return if found.is_none() { Ok(()) } else { Err(format!("record {place} is there")) };
    }
    let found = found.ok_or_else(|| format!("record {place} is not there"))?;
    let state = match expected.refusal(model.now) {
        None => State::Active,
        Some("revoked") => State::Revoked,
        Some("expired") => State::Expired,
        Some("disabled") => State::Disabled,
        Some(_) => State::NotYetValid,
    };
    let now = node.now();
    let grace = expected.grace(model.now).is_some();
    let end = found.grant.expires_at.map(jeton::Timestamp::unix_seconds);
    let subject = expected.subject.map(user);
    let same = found.state(now) == state
        && found.grace(now).is_some() == grace
        && end == expected.end
        && found.grant.subject == subject
        && found.has_secret == expected.secret;
    if same { Ok(()) } else { Err(format!("record {place} is {found:?} and not {expected:?}")) }
}

fn is_given(principal: &Principal, given: &Given) -> bool {
    principal.subject() == given.subject.map(user).as_deref()
        && principal.roles() == given.roles
        && principal.scopes() == given.scopes
        && principal.groups().is_empty()
}

async fn token(model: &Model, system: &System, node: &Authority, place: usize) -> Result<(), String> {
    let expected = model.accepted(place, Proof::Token);
    let found = node.introspect(&admin(), &system.tokens[place].0).await;
    let found = found.map_err(|error| format!("token {place}: {error:?}"))?;
    match (expected, found) {
        (Err(_), None) => Ok(()),
        (Ok(accepted), Some(found)) => {
            let end = found.principal.expires_at().map(jeton::Timestamp::unix_seconds);
            let same = is_given(&found.principal, &accepted.given) && end == accepted.end;
            if same { Ok(()) } else { Err(format!("token {place}: {found:?} instead of {accepted:?}")) }
        }
        (expected, found) => Err(format!("token {place}: {found:?} instead of {expected:?}")),
    }
}

fn child(model: &Model, system: &System, node: &Authority, place: usize) -> Result<(), String> {
    let refusals = model.refusals(place);
    let child = &model.children[place];
    match node.authenticate(&system.children[place]) {
        Ok(found) if refusals.is_empty() => {
            let end = found.expires_at().map(jeton::Timestamp::unix_seconds);
            let same = is_given(&found, &child.given) && end == Some(child.end);
            if same { Ok(()) } else { Err(format!("access token {place}: {found:?} instead of {child:?}")) }
        }
        Err(AuthenticateError::Rejected(rejection)) if refusals.contains(&rejection.code()) => Ok(()),
        found => Err(format!("access token {place}: {found:?} instead of {refusals:?}, {child:?}")),
    }
}
