//! `/tokens`: generating, listing and changing, as the caller may.

use http::{HeaderValue, Method, StatusCode, header};
use jeton::{Authority, Caller, Generated, Position, Record, RecordId};

use super::{
    Endpoint, Failure, Request,
    condition::{single_version, tagged},
    oauth::path_of,
};
use crate::{
    Answer, Problem,
    issuer::IssuerGate,
    problem::json_answer,
    session::caller,
    wire::{self, Maybe, ShownRecord, object},
};

list! {
    /// A page of records.
    TokenPage<'a> as "TokenPage" of ShownRecord<'a>
}

object! {
    /// A record with its new token, and its new key and secret if it has them.
    ShownToken<'a> as "GeneratedToken" {
        token: ShownRecord<'a>,
        api_token: &'a str,
        key: Maybe<&'a str>,
        secret: Maybe<&'a str>,
    }
}

object! {
    /// A token that is shown again.
    Revealed<'a> as "RevealedToken" { api_token: &'a str }
}

pub(super) async fn respond(
    gate: &IssuerGate,
    endpoint: Endpoint,
    request: &Request,
) -> Result<Answer, Failure> {
    let mut caller = caller(gate, request).await?;
    let own = endpoint.for_all();
    if own.is_some() {
        caller = caller.personal()?;
    }
    let endpoint = own.unwrap_or(endpoint);
    let authority = gate.authority();
    if endpoint == Endpoint::Tokens {
        return if request.method == Method::POST {
            let under = if own.is_some() { "/me" } else { "" };
            generate(authority, &caller, request, under).await
        } else {
            list(authority, &caller, request).await
        };
    }
    // A malformed id names nothing.
    let id = request.parameter.as_deref().and_then(|id| id.parse().ok()).ok_or_else(Problem::not_found)?;
    let record = match (endpoint, &request.method) {
        (Endpoint::Token, &Method::PATCH) => edit(authority, &caller, id, request).await?,
        (Endpoint::Token, &Method::DELETE) => {
            authority.delete(&caller, id).await?;
            return Ok(no_content());
        }
        (Endpoint::Token, _) => authority.find(&caller, id).await?,
        (Endpoint::Rotate, _) => {
            let wanted = wire::ROTATE.read(&request.headers, &request.body)?;
            let rotated = authority.rotate(&caller, id, wanted).await?;
            return Ok(shown(authority, StatusCode::OK, &rotated));
        }
        (Endpoint::Reveal, _) => {
            wire::NOTHING.read(&request.headers, &request.body)?;
            let token = authority.reveal(&caller, id).await?;
            return Ok(json_answer(StatusCode::OK, &Revealed { api_token: token.expose() }));
        }
        _ => stand(authority, &caller, endpoint, id, request).await?,
    };
    Ok(tagged(StatusCode::OK, &wire::record(authority, &record), record.version))
}

/// `under` is what comes between the mount path and that of the new record.
async fn generate(
    authority: &Authority,
    caller: &Caller,
    request: &Request,
    under: &str,
) -> Result<Answer, Failure> {
    let wanted = wire::GENERATE.read(&request.headers, &request.body)?;
    let generated = authority.generate(caller, wanted).await?;
    let mut answer = shown(authority, StatusCode::CREATED, &generated);
    let location = format!("{}{under}/tokens/{}", path_of(authority.issuer()), generated.record.id);
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// A record with its new token: the one time that it is seen.
pub(super) fn shown(authority: &Authority, status: StatusCode, generated: &Generated) -> Answer {
    let record = &generated.record;
    let secret = generated.secret.as_ref();
    let body = ShownToken {
        token: wire::record(authority, record),
        api_token: generated.api_token.expose(),
        key: Maybe(secret.map(|pair| pair.key.as_str())),
        secret: Maybe(secret.map(|pair| pair.secret.expose())),
    };
    tagged(status, &body, record.version)
}

async fn list(authority: &Authority, caller: &Caller, request: &Request) -> Result<Answer, Failure> {
    let mut query = wire::LIST.read(request.query.as_deref())?;
    query.filter.beyond = query.breaks_policy.then(|| authority.end_bounds());
    let sort = query.sort;
    let page = authority.list(caller, query.filter, sort, query.after, query.limit).await?;
    let items = page.records.iter().map(|record| wire::record(authority, record)).collect();
    let next_cursor = page.next.as_ref().map(|position: &Position| position.to_cursor(sort));
    Ok(json_answer(StatusCode::OK, &TokenPage { items, next_cursor }))
}

async fn edit(
    authority: &Authority,
    caller: &Caller,
    id: RecordId,
    request: &Request,
) -> Result<Record, Failure> {
    let edit = wire::EDIT.read(&request.headers, &request.body)?;
    let if_match = single_version(&request.headers, || async {
        Ok::<_, Failure>(authority.find(caller, id).await?.version)
    });
    Ok(authority.update(caller, id, edit, if_match.await?).await?)
}

async fn stand(
    authority: &Authority,
    caller: &Caller,
    endpoint: Endpoint,
    id: RecordId,
    request: &Request,
) -> Result<Record, Failure> {
    let reason = wire::REASON.read(&request.headers, &request.body)?;
    let caller = &caller.clone().with_reason(reason);
    Ok(match endpoint {
        Endpoint::Disable => authority.disable(caller, id).await?,
        Endpoint::Enable => authority.enable(caller, id).await?,
        Endpoint::CancelRotation => authority.cancel_rotation(caller, id).await?,
        _ => authority.revoke(caller, id).await?,
    })
}

fn no_content() -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}
