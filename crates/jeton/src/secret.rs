//! Tokens as values that cannot be printed, compared or stored by accident.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It has no `Display`, no `Serialize` and no `PartialEq`; `Debug` is redacted; the memory is wiped on drop.
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            pub(crate) fn new(text: String) -> Self {
                Self(Zeroizing::new(text))
            }

            /// The secret itself, to be handed to its one receiver.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret! {
    /// A long-lived API token: a signed JWT of `typ` `api+jwt`, given out once and never stored.
    ApiToken
}

secret! {
    /// A short-lived access token (RFC 9068), a JWT of `typ` `at+jwt`.
    AccessToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", ApiToken::new("abc".into())), "ApiToken(redacted)");
        assert_eq!(format!("{:?}", AccessToken::new("abc".into())), "AccessToken(redacted)");
    }
}

secret! {
    /// The secret of a key and secret: given out once beside the API token, derived anew when it is checked, and never
    /// stored.
    Secret
}

/// A key and its secret, which are worth what the API token beside them is worth at the exchange.
#[derive(Clone, Debug)]
pub struct KeyAndSecret {
    /// The key: the id of the record. No secret.
    pub key: String,
    /// The secret.
    pub secret: Secret,
}

impl KeyAndSecret {
    pub(crate) fn new(key: String, secret: String) -> Self {
        Self { key, secret: Secret::new(secret) }
    }
}
