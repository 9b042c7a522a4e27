//! The bearer token of a request (RFC 6750 §2.1, RFC 9110 §11.4).
//!
//! Nothing is verified here, and a token in the query or in a form is never taken (RFC 6750 §2.3).

use jeton::is_b64token;

/// What the `Authorization` headers of a request hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'a> {
    /// No credentials, or those of another scheme.
    Absent,
    /// One bearer token. Whether it has the form of one, whoever verifies it sees, or [`checked`](Self::checked).
    Token(&'a str),
    /// Two headers, or a bearer that is no token.
    Malformed,
}

impl<'a> Bearer<'a> {
    /// `bare`: whether a token without a scheme counts as well.
    pub(crate) fn parse(mut headers: impl Iterator<Item = &'a [u8]>, bare: bool) -> Self {
        let Some(header) = headers.next() else { return Self::Absent };
        if headers.next().is_some() {
            return Self::Malformed;
        }
        let scheme_ends = header.iter().position(|byte| *byte == b' ').unwrap_or(header.len());
        let (scheme, rest) = header.split_at(scheme_ends);
        if !scheme.eq_ignore_ascii_case(b"Bearer") {
            // A word alone could be the name of a scheme; three parts are a token.
            let token = std::str::from_utf8(header.trim_ascii()).ok();
            let token = token.filter(|token| bare && token.split('.').count() == 3 && is_b64token(token));
            return token.map_or(Self::Absent, Self::Token);
        }
        match std::str::from_utf8(rest.trim_ascii()) {
            Ok(token) => Self::Token(token),
            Err(_) => Self::Malformed,
        }
    }

    /// The same, and what is no token is malformed.
    pub(crate) fn checked(self) -> Self {
        match self {
            Self::Token(token) if !is_b64token(token) => Self::Malformed,
            other => other,
        }
    }
}

/// Whether the query holds an `access_token` (RFC 6750 §2.3), which together with a header is one method too many.
pub(crate) fn query_has_token(query: Option<&str>) -> bool {
    query.is_some_and(|query| {
        // Only a name that is written in the clear, or escaped, is worth a closer look.
        (query.contains("access_token") || query.contains('%'))
            && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<'a>(headers: &[&'a str]) -> Bearer<'a> {
        Bearer::parse(headers.iter().map(|header| header.as_bytes()), false).checked()
    }

    #[test]
    fn the_scheme_has_no_case_and_spaces_are_many() {
        for header in ["Bearer a.b-c", "bearer a.b-c", "bEaReR    a.b-c", "BEARER a.b-c "] {
            assert_eq!(parse(&[header]), Bearer::Token("a.b-c"), "{header}");
        }
        assert_eq!(parse(&["Bearer abc=="]), Bearer::Token("abc=="));
    }

    #[test]
    fn other_schemes_are_no_credentials() {
        for header in ["", "Basic YTpi", "Bearer2 abc", "Token abc", "Bear", "Bearer\tabc"] {
            assert_eq!(parse(&[header]), Bearer::Absent, "{header}");
        }
        assert_eq!(parse(&[]), Bearer::Absent);
    }

    #[test]
    fn a_token_in_the_query_is_seen_however_it_is_written() {
        for query in ["access_token=a", "a=b&access_token=", "%61ccess%5Ftoken=a", "access_token"] {
            assert!(query_has_token(Some(query)), "{query}");
        }
        for query in ["", "a=access_token", "access_tokens=a", "a%3Daccess_token", "%"] {
            assert!(!query_has_token(Some(query)), "{query}");
        }
        assert!(!query_has_token(None));
    }

    #[test]
    fn a_bare_token_counts_where_it_is_allowed() {
        let bare = |header: &'static str| Bearer::parse([header.as_bytes()].into_iter(), true);
        assert_eq!(bare("a.b-c.d"), Bearer::Token("a.b-c.d"));
        assert_eq!(bare("Bearer a.b.c"), Bearer::Token("a.b.c"));
        for header in ["a.b", "a.b.c.d", "Basic a.b.c", "Negotiate", "a.b.{c}", ""] {
            assert_eq!(bare(header), Bearer::Absent, "{header}");
        }
        assert_eq!(parse(&["a.b-c.d"]), Bearer::Absent);
    }

    #[test]
    fn malformed_is_told_from_absent() {
        for header in [
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer =",
            "Bearer a,b",
            "Bearer é",
            "Bearer \"a\"",
            "Bearer a=b",
        ] {
            assert_eq!(parse(&[header]), Bearer::Malformed, "{header}");
        }
        assert_eq!(parse(&["Bearer a", "Bearer a"]), Bearer::Malformed);
        assert_eq!(parse(&["Basic a", "Bearer a"]), Bearer::Malformed);
    }
}
