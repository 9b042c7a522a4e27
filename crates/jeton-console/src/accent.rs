//! The colour of buttons and links.

use std::{fmt, str::FromStr};

/// A colour, `#` and six hexadecimal digits. Nothing else comes into the style sheet.
///
/// ```
/// use jeton_console::Accent;
///
/// assert!("#1a5fb4".parse::<Accent>().is_ok());
/// assert!("red; } body { display: none".parse::<Accent>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accent(String);

/// The text is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAccent;

impl fmt::Display for InvalidAccent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a colour as #1a5fb4")
    }
}

impl std::error::Error for InvalidAccent {}

impl FromStr for Accent {
    type Err = InvalidAccent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').ok_or(InvalidAccent)?;
        let good = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        good.then(|| Self(text.to_owned())).ok_or(InvalidAccent)
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
