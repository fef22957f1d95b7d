//! Errors of keys: the errors of a profile's rules and conditions, each with the path of its key.
//!
//! Collected while a profile is compiled, so that all of them are reported at once.

use std::fmt;

/// The names of the keys from the root to a value; of the element of an array its index.
pub type KeyPath = Vec<String>;

/// The name of the key of an error that is of a rule as a whole.
pub(super) const WHOLE_RULE: &str = "";

/// A key of a rule, or [`WHOLE_RULE`], and what was found and what was expected.
pub(super) type KeyError = (&'static str, String);

/// The errors of a rule or a condition, each with the path of its key within it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KeyErrors(Vec<(KeyPath, String)>);

impl KeyErrors {
    /// The value of a result, whose error is kept.
    pub(super) fn keep<T>(&mut self, result: Result<T, KeyError>) -> Option<T> {
        result.map_err(|(key, message)| self.add(key, &message)).ok()
    }

    /// The error of a rule as a whole.
    pub(super) fn of_rule(message: String) -> Self {
        Self(vec![(KeyPath::new(), message)])
    }

    /// Adds an error of a key.
    pub(super) fn add(&mut self, key: &str, message: &str) {
        self.add_at(&[key], message);
    }

    /// Adds an error of the key at a path.
    pub(super) fn add_at(&mut self, path: &[&str], message: &str) {
        let path = path.iter().filter(|name| **name != WHOLE_RULE);
        self.0.push((path.map(|name| (*name).to_owned()).collect(), message.to_owned()));
    }

    /// The value of a result, whose errors are kept as those of the value at a path.
    pub(super) fn keep_below<T>(&mut self, path: &[&str], result: Result<T, Self>) -> Option<T> {
        let below = |(within, message): (KeyPath, String)| {
            let path = path.iter().map(|name| (*name).to_owned()).chain(within);
            (path.collect(), message)
        };
        result.map_err(|errors| self.0.extend(errors.0.into_iter().map(below))).ok()
    }

    /// Whether there is an error of the value at a path, or of a part of it.
    pub(super) fn has_below(&self, path: &[&str]) -> bool {
        let is_below = |(found, _): &(KeyPath, String)| {
            found.len() >= path.len() && found.iter().zip(path).all(|(one, other)| one == other)
        };
        self.0.iter().any(is_below)
    }

    /// The same errors at other paths.
    pub(super) fn map_paths(self, path: impl Fn(KeyPath) -> KeyPath) -> Self {
        Self(self.0.into_iter().map(|(at, message)| (path(at), message)).collect())
    }

    /// Keeps the errors of the values at these paths, and of parts of them.
    pub(super) fn retain_below(&mut self, paths: &[KeyPath]) {
        self.0.retain(|(found, _)| paths.iter().any(|path| found.starts_with(path)));
    }

    /// Removes the errors of the values at these paths, but not of parts of them.
    pub(super) fn remove_at(&mut self, paths: &[KeyPath]) {
        self.0.retain(|(found, _)| !paths.contains(found));
    }

    /// The paths of the keys.
    pub(super) fn paths(&self) -> impl Iterator<Item = &KeyPath> {
        self.0.iter().map(|(path, _)| path)
    }

    /// Returns the errors if there are any.
    pub(super) fn ensure_none(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for KeyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, message)) in self.0.iter().enumerate() {
            let (before, path) = (if index == 0 { "" } else { "\n" }, path.join("."));
            let colon = if path.is_empty() { "" } else { ": " };
            write!(f, "{before}{path}{colon}{message}")?;
        }
        Ok(())
    }
}

impl IntoIterator for KeyErrors {
    type Item = (KeyPath, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
