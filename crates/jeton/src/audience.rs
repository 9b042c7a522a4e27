//! Named audiences: who may call a route that asks for one, edited while the app runs.

use std::{fmt, sync::Arc};

use dashmap::{DashMap, Entry};

use crate::{Names, Principal, text::Check};

/// How many subjects, groups or roles an audience may hold, of each.
pub const MAX_MEMBERS: usize = 1000;

/// Who may call a route that asks for it: whoever is one of the subjects, in one of the groups, or has one of the
/// roles. Empty, it admits nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedAudience {
    /// Its name: 1 to 100 letters, digits and `-._:~`, and neither `.` nor `..`.
    pub name: String,
    /// The subjects in it.
    pub subjects: Names,
    /// The groups whose members are in it.
    pub groups: Names,
    /// The roles whose holders are in it.
    pub roles: Names,
    /// Raised by every change, from 1 on; the `ETag`.
    pub version: u64,
}

impl NamedAudience {
    /// An audience of that name with nobody in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// With that subject too.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subjects.insert(subject.into());
        self
    }

    /// Whether the principal is in it.
    pub fn admits(&self, principal: &Principal) -> bool {
        principal.subject().is_some_and(|subject| self.subjects.contains(subject))
            || !principal.groups().is_disjoint(&self.groups)
            || !principal.roles().is_disjoint(&self.roles)
    }

    pub(crate) fn check(&self, check: &mut Check) {
        if !is_audience_name(&self.name) {
            check.fail("/name", "must have 1 to 100 letters, digits and -._:~");
        }
        for (pointer, names) in
            [("/subjects", &self.subjects), ("/groups", &self.groups), ("/roles", &self.roles)]
        {
            if names.len() > MAX_MEMBERS {
                check.fail(pointer, format!("must hold at most {MAX_MEMBERS}"));
            }
            for (index, name) in names.iter().enumerate() {
                check.identifier(&format!("{pointer}/{index}"), name);
            }
        }
    }
}

fn is_audience_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~".contains(&byte);
    // A segment of one or two dots is a place in a path, and no name (RFC 3986 §3.3).
    (1..=100).contains(&name.len()) && name.bytes().all(fits) && name != "." && name != ".."
}

/// The named audiences as this node knows them. Cheap to clone, and all clones are one.
#[derive(Clone, Default)]
pub struct Audiences(Arc<DashMap<String, Arc<NamedAudience>>>);

impl Audiences {
    /// Whether the principal is in the audience of that name. Nobody is in one that is not there.
    pub fn admit(&self, name: &str, principal: &Principal) -> bool {
        let audience = self.0.get(name).map(|audience| audience.clone());
        audience.is_some_and(|audience| audience.admits(principal))
    }

    /// Knows those alone from now on, whatever was known before: versions of another life of the store say nothing.
    pub(crate) fn begin_anew(&self, audiences: Vec<NamedAudience>) {
        let names: Names = audiences.iter().map(|audience| audience.name.clone()).collect();
        for audience in audiences {
            self.0.insert(audience.name.clone(), Arc::new(audience));
        }
        self.0.retain(|name, _| names.contains(name));
    }

    /// Takes it over, unless a newer version is known.
    pub(crate) fn learn(&self, audience: NamedAudience) {
        match self.0.entry(audience.name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(Arc::new(audience));
            }
            Entry::Occupied(mut entry) if entry.get().version < audience.version => {
                entry.insert(Arc::new(audience));
            }
            Entry::Occupied(_) => {}
        }
    }
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audiences").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_version_stays() {
        let audiences = Audiences::default();
        let version = |version| NamedAudience { version, ..NamedAudience::new("a") };
        audiences.learn(NamedAudience { version: 2, ..NamedAudience::new("a").with_subject("x") });
        audiences.learn(version(1));
        assert!(audiences.0.get("a").unwrap().subjects.contains("x"));
        audiences.learn(version(3));
        assert!(audiences.0.get("a").unwrap().subjects.is_empty());
    }

    #[test]
    fn names_fit_a_path() {
        assert!(is_audience_name("reports.export") && is_audience_name("a:b~c-1"));
        for bad in ["", ".", "..", "a/b", "a b", "é", "%61", &"a".repeat(101)] {
            assert!(!is_audience_name(bad), "{bad}");
        }
    }
}
