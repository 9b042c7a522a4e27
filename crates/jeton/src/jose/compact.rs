//! The compact form of a JWS (RFC 7515 §3.1), read strictly and cheaply: what is refused here never reaches the
//! crypto.

use serde::{Deserialize, Serialize};

use super::{base64url, from_base64url};

/// Longer tokens are refused before anything else is looked at.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// The longest header that we write is far below; a longer one is none of ours.
const MAX_HEADER_BYTES: usize = 512;

/// Which kind of token a header claims to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// `api+jwt`, an API token.
    Api,
    /// `at+jwt`, an access token (RFC 9068 §2.1).
    Access,
    /// `cut-offs+jwt`, what verifiers elsewhere are told: no token at all, and no door takes it for one.
    CutOffs,
}

impl TokenType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api+jwt",
            Self::Access => "at+jwt",
            Self::CutOffs => "cut-offs+jwt",
        }
    }

    /// Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9).
    fn parse(typ: &str) -> Option<Self> {
        const PREFIX: &str = "application/";
        let short = match typ.get(..PREFIX.len()) {
            Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
            _ => typ,
        };
        [Self::Api, Self::Access, Self::CutOffs]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(short))
    }
}

/// Why a text is no token of ours, whatever its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    TooLong,
    Malformed,
}

/// Any other member (`crit`, `jwk`, `jku`, `x5c`, `b64`, `zip`, `enc`, …) and any member twice refuses the header.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// A token whose form is good. Nothing about it is proven yet.
#[derive(Debug)]
pub(crate) struct Compact<'a> {
    pub(crate) typ: TokenType,
    pub(crate) alg: String,
    pub(crate) kid: String,
    /// What was signed: header, dot, payload.
    pub(crate) signed: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, ParseError> {
        Self::parse_within(token, MAX_TOKEN_BYTES)
    }

    /// The same of a text that may have so many bytes.
    pub(crate) fn parse_within(token: &'a str, max_bytes: usize) -> Result<Self, ParseError> {
        if token.len() > max_bytes {
            return Err(ParseError::TooLong);
        }
        let Parts { header, payload, signed, signature } = split(token).ok_or(ParseError::Malformed)?;
        if payload.is_empty() || header.len() > MAX_HEADER_BYTES {
            return Err(ParseError::Malformed);
        }
        let json = from_base64url(header).ok_or(ParseError::Malformed)?;
        let parsed: Header<'_> = object(&json).ok_or(ParseError::Malformed)?;
        let typ = TokenType::parse(parsed.typ).ok_or(ParseError::Malformed)?;
        Ok(Self { typ, alg: parsed.alg.to_owned(), kid: parsed.kid.to_owned(), signed, payload, signature })
    }

    /// The payload as these claims; only to be called once the signature is known to be good.
    pub(crate) fn claims<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        object(&from_base64url(self.payload)?)
    }
}

/// The parts of the compact form.
pub(super) struct Parts<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    /// Header, dot, payload.
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
}

/// Three parts, of which the payload alone may be empty. RFC 8725bis §3.14: the characters are checked while parsing,
/// not by what decodes them later.
pub(super) fn split(token: &str) -> Option<Parts<'_>> {
    let mut parts = token.split('.');
    let (header, payload, signature, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next())
    else {
        return None;
    };
    let signed = &token[..header.len() + 1 + payload.len()];
    let good = !header.is_empty()
        && !signature.is_empty()
        && [header, payload, signature].into_iter().all(is_base64url);
    good.then_some(Parts { header, payload, signed, signature })
}

/// The same of a token that begins with that header.
pub(super) fn split_after<'a>(token: &'a str, header: &str) -> Option<Parts<'a>> {
    let rest = token.strip_prefix(header)?.strip_prefix('.')?;
    let header = token.get(..header.len())?;
    // From its end: the signature is the shorter one.
    let point = rest.bytes().rposition(|byte| byte == b'.')?;
    let (payload, signature) = (rest.get(..point)?, rest.get(point + 1..)?);
    let signed = token.get(..token.len() - signature.len() - 1)?;
    let good = !signature.is_empty() && is_base64url(payload) && is_base64url(signature);
    good.then_some(Parts { header, payload, signed, signature })
}

/// Sixty-four bytes are looked at together, without a branch for each.
fn is_base64url(part: &str) -> bool {
    let fits = |byte: u8| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        letter | (byte.wrapping_sub(b'0') < 10) | (byte == b'-') | (byte == b'_')
    };
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & fits(*byte));
    let (blocks, rest) = part.as_bytes().as_chunks::<64>();
    blocks.iter().all(|block| all(block)) && all(rest)
}

/// A JSON object and nothing else: derived structs would take an array too (RFC 7519 §7.2).
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    if json.first() != Some(&b'{') {
        return None;
    }
    // As a text, so that it is looked at once whether it is one, and not in each of its texts.
    serde_json::from_str(std::str::from_utf8(json).ok()?).ok()
}

/// The header, as every token of that type and key begins.
pub(super) fn encoded_header(typ: TokenType, alg: &str, kid: &str) -> String {
    // Three texts cannot fail to be written; an empty header would open nothing.
    base64url(&serde_json::to_vec(&Header { typ: typ.as_str(), alg, kid }).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.AAAA", base64url(header.as_bytes()))
    }

    #[test]
    fn reads_what_it_writes() {
        let signed = format!("{}.e30", encoded_header(TokenType::Api, "EdDSA", "k1"));
        let text = format!("{signed}.AAAA");
        let compact = Compact::parse(&text).unwrap();
        assert_eq!(
            (compact.typ, compact.alg.as_str(), compact.kid.as_str()),
            (TokenType::Api, "EdDSA", "k1")
        );
        assert_eq!(compact.signed, signed);
        assert!(text.starts_with("eyJ0eXAiOiJhcGkrand0I"), "scanners match the beginning");
    }

    #[test]
    fn the_type_is_a_media_type() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert_eq!(TokenType::parse(typ), Some(TokenType::Access), "{typ}");
        }
        for typ in ["JWT", "", "at+jwt ", "application/", "text/at+jwt", "jwt"] {
            assert_eq!(TokenType::parse(typ), None, "{typ}");
        }
    }

    #[test]
    fn every_type_is_read_as_itself() {
        for kind in [TokenType::Api, TokenType::Access, TokenType::CutOffs] {
            assert_eq!(TokenType::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn refuses_every_other_form() {
        let good = r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k"}"#;
        assert!(Compact::parse(&token(good)).is_ok());
        for header in [
            r#"{"typ":"at+jwt","alg":"EdDSA"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","crit":["exp"]}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","crit":[]}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","b64":false}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","jwk":{}}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","zip":"DEF"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":"k","kid":"k"}"#,
            r#"{"typ":"at+jwt","alg":{"EdDSA":null},"kid":"k"}"#,
            r#"{"typ":"at+jwt","alg":"EdDSA","kid":1}"#,
            r#"["at+jwt","EdDSA","k"]"#,
            r#" {"typ":"at+jwt","alg":"EdDSA","kid":"k"}"#,
            "",
        ] {
            assert_eq!(Compact::parse(&token(header)).unwrap_err(), ParseError::Malformed, "{header}");
        }
        let good = token(good);
        let (head, rest) = good.split_once('.').unwrap();
        for text in [
            String::new(),
            format!("{good}.AAAA"),
            format!("{head}.e30."),
            format!("{head}..AAAA"),
            format!("{head}.e30"),
            format!("{head}=.{rest}"),
            format!("{good} "),
            format!("{good}="),
            format!("{{{good}}}"),
            good.replace('.', ","),
        ] {
            assert_eq!(Compact::parse(&text).unwrap_err(), ParseError::Malformed, "{text}");
        }
    }

    #[test]
    fn size_is_looked_at_first() {
        assert_eq!(Compact::parse(&".".repeat(1_000_000)).unwrap_err(), ParseError::TooLong);
    }
}
