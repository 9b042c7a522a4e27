//! Names as a principal holds them: packed together with others, or as a set of the host's.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{Names, claims::Text};

/// A length or a count has seven bits in each byte, the lowest first; all bytes but its last one have this one too.
const MORE: u8 = 0x80;

/// Some names, each once and in order: roles, groups, scopes or audiences. Cheap to copy.
#[derive(Clone, Copy)]
pub struct NameList<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(Packed<'a>),
    Set(&'a Names),
    Sorted(&'a [Text<'a>]),
}

/// So many names are left, and the bytes begin with the first of them.
#[derive(Clone, Copy, Debug)]
struct Packed<'a> {
    left: usize,
    bytes: &'a [u8],
}

impl<'a> Iterator for Packed<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = number(self.bytes)?;
        let (name, rest) = rest.split_at_checked(length)?;
        self.bytes = rest;
        Some(name)
    }
}

/// What was packed was a text.
fn text(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap_or_default()
}

impl<'a> From<&'a Names> for NameList<'a> {
    fn from(names: &'a Names) -> Self {
        Self(Held::Set(names))
    }
}

impl<'a> NameList<'a> {
    /// Those, which are in order and each once.
    pub(crate) fn sorted(names: &'a [Text<'a>]) -> Self {
        Self(Held::Sorted(names))
    }

    /// Whether that name is one of them.
    pub fn contains(self, name: &str) -> bool {
        match self.0 {
            Held::Packed(mut names) => names.any(|held| held == name.as_bytes()),
            Held::Set(names) => names.contains(name),
            Held::Sorted(_) => self.iter().any(|held| held == name),
        }
    }

    /// How many there are.
    pub fn len(self) -> usize {
        match self.0 {
            Held::Packed(names) => names.left,
            Held::Set(names) => names.len(),
            Held::Sorted(names) => names.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The names, in order.
    pub fn iter(self) -> NameIter<'a> {
        NameIter(match self.0 {
            Held::Packed(names) => Left::Packed(names),
            Held::Set(names) => Left::Set(names.iter()),
            Held::Sorted(names) => Left::Sorted(names.iter()),
        })
    }

    /// A set of them, to keep.
    pub fn to_names(self) -> Names {
        self.iter().map(str::to_owned).collect()
    }

    /// Whether all of those are among these.
    pub fn contains_all(self, names: &Names) -> bool {
        names.iter().all(|name| self.contains(name))
    }

    /// Whether none of these is among the others.
    pub fn is_disjoint(self, others: &Names) -> bool {
        !self.iter().any(|name| others.contains(name))
    }
}

impl<'a> IntoIterator for NameList<'a> {
    type Item = &'a str;
    type IntoIter = NameIter<'a>;

    fn into_iter(self) -> NameIter<'a> {
        self.iter()
    }
}

impl PartialEq for NameList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for NameList<'_> {}

impl PartialEq<Names> for NameList<'_> {
    fn eq(&self, other: &Names) -> bool {
        self.iter().eq(other)
    }
}

impl PartialEq<&Names> for NameList<'_> {
    fn eq(&self, other: &&Names) -> bool {
        self == *other
    }
}

impl fmt::Debug for NameList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for NameList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// The names of a [`NameList`], in order.
#[derive(Clone, Debug)]
pub struct NameIter<'a>(Left<'a>);

#[derive(Clone, Debug)]
enum Left<'a> {
    Packed(Packed<'a>),
    Set(std::collections::btree_set::Iter<'a, String>),
    Sorted(std::slice::Iter<'a, Text<'a>>),
}

impl<'a> Iterator for NameIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Left::Packed(names) => names.next().map(text),
            Left::Set(names) => names.next().map(String::as_str),
            Left::Sorted(names) => names.next().map(Text::as_str),
        }
    }
}

/// Appends a list to the bytes that hold several of them.
pub(crate) fn pack<'a>(bytes: &mut Vec<u8>, names: impl Iterator<Item = &'a str> + Clone) {
    push_number(bytes, names.clone().count());
    for name in names {
        push_number(bytes, name.len());
        bytes.extend_from_slice(name.as_bytes());
    }
}

/// The list of that index in the bytes of several.
pub(crate) fn unpack(mut bytes: &[u8], index: usize) -> NameList<'_> {
    for _ in 0..index {
        let mut list = packed(bytes);
        list.by_ref().for_each(drop);
        bytes = list.bytes;
    }
    NameList(Held::Packed(packed(bytes)))
}

/// The list that begins here, and whatever comes after it.
fn packed(bytes: &[u8]) -> Packed<'_> {
    let (left, bytes) = number(bytes).unwrap_or((0, &[]));
    Packed { left, bytes }
}

fn push_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= usize::from(MORE) {
        bytes.push((number & 0x7F) as u8 | MORE);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        number |= usize::from(byte & 0x7F).checked_shl(shift)?;
        if byte & MORE == 0 {
            return Some((number, rest));
        }
        (bytes, shift) = (rest, shift + 7);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Names {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let long = "x".repeat(70_000);
        let lists: [&[&str]; 5] =
            [&["one"], &[], &["a", "", "é", "\u{0}", "\u{10FFFF}"], &[&long, "y"], &["last"]];
        let mut text = Vec::new();
        for list in lists {
            pack(&mut text, list.iter().copied());
        }
        for (index, list) in lists.into_iter().enumerate() {
            let unpacked = unpack(&text, index);
            assert_eq!(unpacked.iter().collect::<Vec<_>>(), list);
            assert_eq!((unpacked.len(), unpacked.is_empty()), (list.len(), list.is_empty()));
            assert!(list.iter().all(|name| unpacked.contains(name)));
            assert!(!unpacked.contains("on") && !unpacked.contains("x"));
        }
        assert!(unpack(&text, 5).is_empty() && unpack(&[], 0).is_empty());
    }

    #[test]
    fn packed_or_not_they_are_the_same() {
        let set = names(&["b", "a", "c"]);
        let mut text = Vec::new();
        pack(&mut text, set.iter().map(String::as_str));
        let (packed, plain) = (unpack(&text, 0), NameList::from(&set));
        assert_eq!(packed, plain);
        assert_eq!(packed, &set);
        assert_ne!(packed, &names(&["a", "b"]));
        assert_eq!(packed.to_names(), set);
        assert!(packed.contains_all(&set) && !packed.is_disjoint(&names(&["c", "d"])));
        assert!(!packed.contains_all(&names(&["a", "d"])) && packed.is_disjoint(&names(&["d"])));
        assert_eq!(serde_json::to_string(&packed).unwrap(), r#"["a","b","c"]"#);
        assert_eq!(format!("{packed:?}"), r#"{"a", "b", "c"}"#);
    }
}
