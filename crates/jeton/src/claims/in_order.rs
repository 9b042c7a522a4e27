//! The claims of an access token as they are written here, read in that order: no name has to be found out.
//!
//! It deliberately knows no other order, no blanks and no escapes. Whatever is written in another way, by others or by
//! another version, is no error but read by the general reader of JSON, which says the same of all that is read here.

use super::{AccessClaims, Audience, Text, Texts};

/// The claims, if they are written like that.
pub(super) fn read(json: &str) -> Option<AccessClaims<'_>> {
    let mut left = Left(json);
    left.skip(r#"{"iss":"#)?;
    let iss = left.text()?;
    left.skip(r#","sub":"#)?;
    let sub = left.text()?;
    left.skip(r#","aud":"#)?;
    let aud = Audience(match left.text() {
        Some(one) => Texts::from_iter([one]),
        None => left.texts()?,
    });
    left.skip(r#","client_id":"#)?;
    let client_id = left.text()?;
    left.skip(r#","jti":"#)?;
    let jti = left.text()?;
    left.skip(r#","iat":"#)?;
    let iat = left.number()?;
    left.skip(r#","exp":"#)?;
    let exp = left.number()?;
    left.skip(r#","scope":"#)?;
    let scope = left.text()?;
    let roles = left.optional(r#","roles":"#, Left::texts)?.unwrap_or_default();
    let groups = left.optional(r#","groups":"#, Left::texts)?.unwrap_or_default();
    let tenant = left.optional(r#","tenant":"#, Left::text)?;
    left.skip(r#","epoch":"#)?;
    let epoch = u64::try_from(left.number()?).ok()?;
    // Few tokens are bound to networks.
    (left.0 == "}").then(|| AccessClaims {
        iss: iss.into(),
        sub: sub.into(),
        aud,
        client_id: client_id.into(),
        jti: jti.into(),
        iat,
        exp,
        scope: scope.into(),
        roles,
        groups,
        tenant: tenant.map(Text::from),
        epoch,
        networks: Vec::new(),
    })
}

/// What is not read yet.
struct Left<'a>(&'a str);

impl<'a> Left<'a> {
    fn skip(&mut self, what: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(what)?;
        Some(())
    }

    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.skip(name) {
            Some(()) => read(self).map(Some),
            None => Some(None),
        }
    }

    /// A text in quotes without escapes. Nothing is read if there is none.
    fn text(&mut self) -> Option<&'a str> {
        let rest = self.0.strip_prefix('"')?;
        let (text, rest) = rest.split_at_checked(memchr::memchr(b'"', rest.as_bytes())?)?;
        // Characters that must be escaped (RFC 8259 §7), and what escapes them.
        let plain = text.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'\\'));
        self.0 = rest.strip_prefix('"').filter(|_| plain)?;
        Some(text)
    }

    fn texts(&mut self) -> Option<Texts<'a>> {
        self.skip("[")?;
        let mut texts = vec![Text::from(self.text()?)];
        while self.skip(",").is_some() {
            texts.push(self.text()?.into());
        }
        self.skip("]")?;
        Some(Texts::of(texts))
    }

    /// A whole number that is not negative, of at most 18 digits.
    fn number(&mut self) -> Option<i64> {
        let digits = self.0.bytes().take(19).take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.0.split_at_checked(digits).filter(|_| (1..=18).contains(&digits))?;
        let plain = digits == 1 || !number.starts_with('0');
        self.0 = rest;
        number.parse().ok().filter(|_| plain)
    }
}
