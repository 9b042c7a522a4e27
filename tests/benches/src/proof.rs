//! Before anything is measured: whether a candidate accepts what is good and refuses what is not.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

use crate::{Fallible, app::Candidate, issuer::Issuer, keys::Key, walk::Bearer};

/// Fails at the first candidate that does not do what it is there for.
pub(crate) async fn prove(candidates: &mut [Candidate], issuer: &Issuer) -> Fallible<()> {
    let good = issuer.tokens.first().ok_or("no tokens")?;
    let foreign = Key::generate(issuer.algorithm)?.sign_again(good)?;
    let bad = [
        ("a changed signature", changed(good, 2)?),
        ("changed claims", changed(good, 1)?),
        ("the signature of another key", foreign),
    ];
    for candidate in candidates {
        let status = candidate.app.status(&Bearer::new(good)?).await;
        if status != 200 {
            return Err(format!("{} answers a good token with {status}", candidate.name).into());
        }
        for (what, token) in &bad {
            let status = candidate.app.status(&Bearer::new(token)?).await;
            let expected = if candidate.verifies() { 401 } else { 200 };
            if status != expected {
                return Err(format!("{} answers {what} with {status}", candidate.name).into());
            }
        }
    }
    Ok(())
}

/// The token with one byte of that part changed, still in the form of a token.
fn changed(token: &str, part: usize) -> Fallible<String> {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let part = parts.get_mut(part).ok_or("not a JWT")?;
    let mut bytes = BASE64.decode(&*part)?;
    // In claims this is a digit of a time or a letter of a name: what is read stays JSON.
    let place = bytes.iter().rposition(u8::is_ascii_digit).filter(|_| bytes.starts_with(b"{"));
    let byte = bytes.get_mut(place.unwrap_or(10)).ok_or("too short")?;
    *byte ^= 1;
    *part = BASE64.encode(bytes);
    Ok(parts.join("."))
}
