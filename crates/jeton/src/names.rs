//! Names as a principal holds them: packed into one text, or as a set of the host's.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{Names, claims::Text};

/// A length or a count is written as one character if it is below this, and as two otherwise.
const SHORT: usize = 0x8000;

/// Above all characters that are a short number, and above the surrogates, which are none.
const PLANES: usize = 0x1_0000;

/// Some names, each once and in order: roles, groups, scopes or audiences. Cheap to copy.
#[derive(Clone, Copy)]
pub struct NameList<'a>(Held<'a>);

#[derive(Clone, Copy)]
enum Held<'a> {
    Packed(Packed<'a>),
    Set(&'a Names),
    Sorted(&'a [Text<'a>]),
}

/// So many names are left, and the text begins with the first of them.
#[derive(Clone, Copy, Debug)]
struct Packed<'a> {
    left: usize,
    text: &'a str,
}

impl<'a> Iterator for Packed<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.left = self.left.checked_sub(1)?;
        let (length, rest) = number(self.text)?;
        let (name, rest) = rest.split_at_checked(length)?;
        self.text = rest;
        Some(name)
    }
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
            Held::Packed(_) => self.iter().any(|held| held == name),
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
            Left::Packed(names) => names.next(),
            Left::Set(names) => names.next().map(String::as_str),
            Left::Sorted(names) => names.next().map(Text::as_str),
        }
    }
}

/// Appends a list to the text that holds several of them.
pub(crate) fn pack<'a>(text: &mut String, names: impl Iterator<Item = &'a str> + Clone) {
    push_number(text, names.clone().count());
    for name in names {
        push_number(text, name.len());
        text.push_str(name);
    }
}

/// How many bytes [`pack`] appends.
pub(crate) fn packed_len<'a>(names: impl Iterator<Item = &'a str> + Clone) -> usize {
    let digits_len = |number| digits(number).map(char::len_utf8).sum::<usize>();
    digits_len(names.clone().count()) + names.map(|name| digits_len(name.len()) + name.len()).sum::<usize>()
}

/// The list of that index in a text of several.
pub(crate) fn unpack(mut text: &str, index: usize) -> NameList<'_> {
    for _ in 0..index {
        let mut list = packed(text);
        list.by_ref().for_each(drop);
        text = list.text;
    }
    NameList(Held::Packed(packed(text)))
}

/// The list that begins here, and whatever comes after it.
fn packed(text: &str) -> Packed<'_> {
    let (left, text) = number(text).unwrap_or((0, ""));
    Packed { left, text }
}

/// A long number begins with a character from the planes above, which tells how often `SHORT` goes into it.
fn digits(number: usize) -> impl Iterator<Item = char> {
    let character = |code| u32::try_from(code).ok().and_then(char::from_u32).unwrap_or_default();
    // What is longer than this can tell, 32 gigabytes, is no name.
    let high = (number >= SHORT).then(|| character(PLANES + number / SHORT));
    high.into_iter().chain([character(number % SHORT)])
}

fn push_number(text: &mut String, number: usize) {
    text.extend(digits(number));
}

fn number(text: &str) -> Option<(usize, &str)> {
    let mut characters = text.chars();
    let first = characters.next()? as usize;
    if first < SHORT {
        return Some((first, characters.as_str()));
    }
    let low = characters.next()? as usize;
    Some(((first - PLANES) * SHORT + low, characters.as_str()))
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
        let mut text = String::new();
        for list in lists {
            let before = text.len();
            pack(&mut text, list.iter().copied());
            assert_eq!(packed_len(list.iter().copied()), text.len() - before);
        }
        for (index, list) in lists.into_iter().enumerate() {
            let unpacked = unpack(&text, index);
            assert_eq!(unpacked.iter().collect::<Vec<_>>(), list);
            assert_eq!((unpacked.len(), unpacked.is_empty()), (list.len(), list.is_empty()));
            assert!(list.iter().all(|name| unpacked.contains(name)));
            assert!(!unpacked.contains("on") && !unpacked.contains("x"));
        }
        assert!(unpack(&text, 5).is_empty() && unpack("", 0).is_empty());
    }

    #[test]
    fn packed_or_not_they_are_the_same() {
        let set = names(&["b", "a", "c"]);
        let mut text = String::new();
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
