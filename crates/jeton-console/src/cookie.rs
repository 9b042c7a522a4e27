//! The cookie of a session: an access token, and nothing that a server would have to remember.

use http::HeaderMap;

/// How the cookie is called and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionCookie {
    /// Over HTTPS: no other host and no other path can set it.
    Host,
    /// Over plain HTTP on this machine. Its name says what it is.
    InsecureLoopback,
}

/// Browsers keep cookies of 4096 bytes, name and attributes included (RFC 6265 §6.1).
pub(crate) const MAX_VALUE: usize = 3800;

impl SessionCookie {
    /// None if the issuer is reached over plain HTTP from elsewhere.
    pub(crate) fn of_issuer(issuer: &str) -> Option<Self> {
        if issuer.starts_with("https://") {
            return Some(Self::Host);
        }
        let uri: http::Uri = issuer.parse().ok()?;
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        let address = host.parse::<std::net::IpAddr>();
        let local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        local.then_some(Self::InsecureLoopback)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "__Host-jeton-console",
            Self::InsecureLoopback => "insecure-loopback-jeton-console",
        }
    }

    /// Its value in a request. Of several, none: nobody could tell which one counts.
    pub(crate) fn value(self, headers: &HeaderMap) -> Option<&str> {
        let all = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        found.next().filter(|value| found.next().is_none() && !value.is_empty())
    }

    /// `Set-Cookie` (RFC 6265bis) for so many seconds.
    pub(crate) fn set(self, value: &str, seconds: u64) -> String {
        let secure = if self == Self::Host { "; Secure" } else { "" };
        format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", self.name())
    }

    pub(crate) fn clear(self) -> String {
        self.set("", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_never_travels_in_clear() {
        for (issuer, cookie) in [
            ("https://app.example/auth", Some(SessionCookie::Host)),
            ("http://127.0.0.1:3000/auth", Some(SessionCookie::InsecureLoopback)),
            ("http://localhost/auth", Some(SessionCookie::InsecureLoopback)),
            ("http://[::1]:80/auth", Some(SessionCookie::InsecureLoopback)),
            ("http://app.example/auth", None),
            ("http://127.0.0.1.example/auth", None),
            ("http://192.168.0.1/auth", None),
            ("urn:jeton", None),
        ] {
            assert_eq!(SessionCookie::of_issuer(issuer), cookie, "{issuer}");
        }
        let set = SessionCookie::Host.set("x", 60);
        assert_eq!(set, "__Host-jeton-console=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
    }

    #[test]
    fn of_two_cookies_of_one_name_none_counts() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", text.parse().unwrap());
            SessionCookie::Host.value(&headers).map(str::to_owned)
        };
        assert_eq!(of("a=b; __Host-jeton-console=x").as_deref(), Some("x"));
        assert_eq!(of("__Host-jeton-console=x; __Host-jeton-console=y"), None);
        assert_eq!(of("__host-jeton-console=x"), None);
    }
}
