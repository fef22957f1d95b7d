//! Unknown names: the members of a file's documents that the profile does not use.
//!
//! A collector per block, whose parts are appended in file order. Does not know the profile's own
//! paths: `document_mapper` compares each new path with them. Read by `shuffle` for its warnings.

use std::collections::HashSet;

use crate::model::problem::Problem;

// The maximum number of distinct paths that are checked. A file has more only if its member names
// are data, and a warning for each would not be read.
const MAX_CHECKED_NAMES: usize = 10_000;

/// Names in the documents of one file that the profile does not use, and whether any document has
/// items. Complete once all documents were observed.
#[derive(Debug, Default)]
pub struct UnknownNames {
    /// Whether any document has the path of the items; `None` before the first document.
    pub(super) has_items: Option<bool>,
    /// The members of the last document, for hints.
    pub(super) members: Vec<String>,
    checked: HashSet<String>,
    /// The members that the profile does not use, each once, if it asks for warnings.
    unknown: Vec<(String, Problem)>,
}

impl UnknownNames {
    /// Returns whether a path must be checked: on its first occurrence, until the maximum is
    /// reached.
    // Each path is checked once per file and not on every line: the check compares it with every
    // known path.
    pub(super) fn mark_checked(&mut self, path: &str) -> bool {
        self.checked.len() < MAX_CHECKED_NAMES
            && !self.checked.contains(path)
            && self.checked.insert(path.to_owned())
    }

    /// Adds the warning for a path that the profile does not use.
    pub(super) fn push(&mut self, path: &str, problem: Problem) {
        self.unknown.push((path.to_owned(), problem));
    }

    /// Adds the observations of later documents of the same file.
    pub fn append(&mut self, later: Self) {
        // `None < Some(false) < Some(true)`
        self.has_items = self.has_items.max(later.has_items);
        if !later.members.is_empty() {
            self.members = later.members;
        }
        for (path, problem) in later.unknown {
            if self.mark_checked(&path) {
                self.unknown.push((path, problem));
            }
        }
    }

    /// A warning for each member that the profile does not use, in file order.
    pub fn unknown(&self) -> impl Iterator<Item = &Problem> {
        self.unknown.iter().map(|(_, problem)| problem)
    }
}
