//! Which texts may be a name, a subject, a role or a scope.

use crate::grant::Names;

/// How many roles, scopes, groups, audiences or networks a record may hold, of each.
pub const MAX_LIST: usize = 64;

/// What is wrong with one field of a request, as a JSON pointer (RFC 6901) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where: a JSON pointer into the request, as `/name`.
    pub pointer: String,
    /// What: a sentence that does not repeat the input.
    pub detail: String,
}

impl FieldError {
    /// An error at that pointer.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// Collects what is wrong with a request.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<FieldError>);

impl Check {
    pub(crate) fn fail(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, detail));
    }

    /// The name of a token: 1 to 100 characters, none of them a control character, no blank at its ends.
    pub(crate) fn name(&mut self, name: &str) {
        if !(1..=100).contains(&name.chars().count()) {
            self.fail("/name", "must have 1 to 100 characters");
        } else if name.trim() != name || name.chars().any(char::is_control) {
            self.fail("/name", "must not begin or end with a blank, nor hold control characters");
        }
    }

    pub(crate) fn description(&mut self, text: &str) {
        if text.chars().count() > 1000 {
            self.fail("/description", "must have at most 1000 characters");
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.fail("/description", "must not hold control characters");
        }
    }

    /// A subject, tenant, role, group or audience: 1 to 200 characters without blanks at the ends.
    pub(crate) fn identifier(&mut self, pointer: &str, text: &str) {
        if !is_identifier(text) {
            self.fail(
                pointer,
                "must have 1 to 200 characters, no control characters and no blank at its ends",
            );
        }
    }

    pub(crate) fn identifiers(&mut self, pointer: &str, names: &Names) {
        self.list(pointer, names.len());
        for (index, name) in names.iter().enumerate() {
            self.identifier(&format!("{pointer}/{index}"), name);
        }
    }

    /// Scope tokens, by the grammar of RFC 6749 §3.3.
    pub(crate) fn scopes(&mut self, pointer: &str, names: &Names) {
        self.list(pointer, names.len());
        for (index, name) in names.iter().enumerate() {
            if name.len() > 200 || !is_scope(name) {
                self.fail(
                    format!("{pointer}/{index}"),
                    "must have 1 to 200 printable ASCII characters without blank, quote and backslash",
                );
            }
        }
    }

    pub(crate) fn list(&mut self, pointer: &str, len: usize) {
        if len > MAX_LIST {
            self.fail(pointer, format!("must hold at most {MAX_LIST}"));
        }
    }

    pub(crate) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

/// Whether the text may be a subject, tenant, role, group or audience.
pub(crate) fn is_identifier(text: &str) -> bool {
    (1..=200).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether the text has the form of a bearer token (RFC 6750 §2.1, `b64token`).
pub fn is_b64token(text: &str) -> bool {
    // Sixteen bytes are looked at together, without a branch for each.
    let (blocks, rest) = text.trim_end_matches('=').as_bytes().as_chunks::<16>();
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & is_b64token_byte(*byte));
    !(blocks.is_empty() && rest.is_empty()) && blocks.iter().all(|block| all(block)) && all(rest)
}

#[inline]
fn is_b64token_byte(byte: u8) -> bool {
    // From `-` to `9` stand a full stop, a slash and the digits.
    let dash_to_nine = byte.wrapping_sub(b'-') <= b'9' - b'-';
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    dash_to_nine | letter | (byte == b'+') | (byte == b'_') | (byte == b'~')
}

/// Whether the text is one scope token (RFC 6749 §3.3).
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_tokens_follow_the_grammar() {
        assert!(is_scope("reports:write") && is_scope("!#[]~"));
        for bad in ["", "a b", "a\"", "a\\", "é", "a\n"] {
            assert!(!is_scope(bad), "{bad:?}");
        }
    }

    #[test]
    fn bearer_tokens_follow_the_grammar() {
        for byte in 0..=127u8 {
            let expected = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_b64token(&format!("a{}b", char::from(byte))), expected, "{byte}");
        }
        assert!(is_b64token("a==") && !is_b64token("=") && !is_b64token("") && !is_b64token("é"));
    }

    #[test]
    fn names_are_counted_in_characters() {
        let wrong = |name: &str| {
            let mut check = Check::default();
            check.name(name);
            check.finish().is_err()
        };
        assert!(!wrong(&"é".repeat(100)) && !wrong("CI of the shop"));
        assert!(wrong("") && wrong(&"a".repeat(101)) && wrong(" a") && wrong("a\u{0}b"));
    }
}
