//! Seen names: the names of all members in the documents, as a tree.
//!
//! A tree per block; those of a file and of all files are appended in their order. Does not know
//! the profile: `paths` compares it with the tree.

use std::collections::BTreeSet;

use crate::model::{document::JsonNode, document_path::DocumentPath, origin::Position, row::Row};

// The maximum numbers of distinct names. Documents have more only if their names are data, and
// a warning for each would not be read.
const MAX_NAMES: usize = 10_000;
const MAX_PER_OBJECT: usize = 1_000;

/// The maximum number of members within each other that documents are looked for in, as in
/// `data.orders.edges[].node`.
const MAX_WRAPPERS: usize = 4;

/// The names of the members of documents. Complete once all documents were observed.
#[derive(Debug, Default)]
pub struct SeenNames {
    root: SeenName,
    n_names: usize,
    /// Whether a document is none of those that are refunds.
    has_orders: bool,
    /// The paths of conditions that only ignored documents may have.
    of_ignored: BTreeSet<String>,
}

/// A name with the names below it. The elements of an array share the array's name.
#[derive(Debug, Default)]
struct SeenName {
    name: String,
    /// Its first occurrence; none of the root.
    at: Option<Position>,
    /// Whether it has an array.
    has_array: bool,
    below: Vec<Self>,
}

impl SeenNames {
    /// Adds the names of a document.
    pub(super) fn observe(&mut self, document: JsonNode<'_>, row: &Row<'_>) {
        self.root.add(document, row, &mut self.n_names);
    }

    /// Records that a document is no refund.
    pub(super) fn observe_order(&mut self) {
        self.has_orders = true;
    }

    /// Adds a member of a document that is not observed as a whole.
    pub(super) fn observe_member(&mut self, name: &str, node: JsonNode<'_>, row: &Row<'_>) {
        if let Some(index) = self.root.find_or_add(name, 0, node, row, &mut self.n_names) {
            self.root.below[index].add(node, row, &mut self.n_names);
        }
    }

    /// Adds a path that an ignored document has.
    pub(super) fn observe_ignored(&mut self, path: &str) {
        if !self.of_ignored.contains(path) {
            self.of_ignored.insert(path.to_owned());
        }
    }

    /// Adds the names of later documents.
    pub fn append(&mut self, mut later: Self) {
        self.of_ignored.append(&mut later.of_ignored);
        self.has_orders |= later.has_orders;
        self.root.append(later.root, &mut self.n_names);
    }

    /// Whether no document was observed, or only empty ones.
    pub(super) fn is_empty(&self) -> bool {
        self.root.below.is_empty()
    }

    /// Whether a document was observed that is neither empty nor a refund, which need not have what
    /// an order has.
    pub(super) fn has_orders(&self) -> bool {
        self.has_orders && !self.is_empty()
    }

    /// Whether any document has a value at a path, under the rules of `Path`.
    pub(super) fn has(&self, path: &str) -> bool {
        self.root.at(path).is_some() || self.of_ignored.contains(path)
    }

    /// The paths to the members that have all these paths, where documents are in another one.
    pub(super) fn wrappers_of(&self, paths: &[String]) -> Vec<String> {
        // One name may also be that of another thing, such as an address.
        if paths.len() > 1 { self.root.wrappers_of(paths, MAX_WRAPPERS) } else { Vec::new() }
    }

    /// Whether any document has an object at a path.
    pub(super) fn has_object(&self, path: &str) -> bool {
        self.root.at(path).is_some_and(|found| !found.below.is_empty())
    }

    /// Whether any document has a member below a path, under the rules of `Path`.
    pub(super) fn has_below(&self, path: &str) -> bool {
        let is_below =
            |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        let (_, beside) = self.beside(path);
        self.has_object(path) || beside.iter().any(|(other, _)| is_below(other))
    }

    /// For a path that no document has: the names beside its first segment that is missing, each
    /// with its path, and the names of the missing segment and of the path before it.
    pub(super) fn beside<'p>(&self, path: &'p str) -> (&'p str, Vec<(String, &str)>) {
        let (mut parent, mut above) = (&self.root, "");
        let dots = path.match_indices('.').map(|(dot, _)| dot);
        for end in dots {
            match self.root.at(&path[..end]) {
                Some(found) => (parent, above) = (found, &path[..=end]),
                None => break,
            }
        }
        let missing = path[above.len()..].split('.').next().unwrap_or_default();
        let names = parent.below.iter().map(|child| child.name.as_str());
        (missing, names.map(|name| (format!("{above}{name}"), name)).collect())
    }

    /// All paths with their first occurrences, in the order of these.
    pub(super) fn paths(&self) -> Vec<(String, Position)> {
        let mut paths = Vec::new();
        self.root.collect_paths("", &mut paths);
        paths.sort_by_key(|(_, at)| *at);
        paths
    }
}

impl SeenName {
    fn add(&mut self, node: JsonNode<'_>, row: &Row<'_>, n_names: &mut usize) {
        if node.is_array() || node.is_list() {
            self.has_array = true;
            for element in node.elements().into_iter().flatten() {
                self.add(element, row, n_names);
            }
            return;
        }
        let mut next = 0;
        for (name, member) in node.members() {
            let Some(index) = self.find_or_add(name, next, member, row, n_names) else { continue };
            next = index + 1;
            if !member.is_empty() {
                self.below[index].add(member, row, n_names);
            }
        }
    }

    /// The index of the child with this name, if it is there or may be added. `expected` is where
    /// it is if the documents have the same members in one order, or else it is soon after that.
    fn find_or_add(
        &mut self,
        name: &str,
        expected: usize,
        node: JsonNode<'_>,
        row: &Row<'_>,
        n_names: &mut usize,
    ) -> Option<usize> {
        let has_name = |child: &Self| child.name == name;
        let (before, after) = self.below.split_at(expected);
        let found = after.iter().position(has_name).map(|index| expected + index);
        found.or_else(|| before.iter().position(has_name)).or_else(|| {
            let at = Some(node.position(&row.origin));
            self.push(Self { name: name.to_owned(), at, ..Self::default() }, n_names)
        })
    }

    fn push(&mut self, child: Self, n_names: &mut usize) -> Option<usize> {
        if *n_names >= MAX_NAMES || self.below.len() >= MAX_PER_OBJECT {
            return None;
        }
        *n_names += 1;
        self.below.push(child);
        Some(self.below.len() - 1)
    }

    fn append(&mut self, later: Self, n_names: &mut usize) {
        self.has_array |= later.has_array;
        for mut child in later.below {
            let (below, has_array) = (std::mem::take(&mut child.below), child.has_array);
            let known = self.below.iter().position(|known| known.name == child.name);
            if let Some(index) = known.or_else(|| self.push(child, n_names)) {
                self.below[index].append(Self { has_array, below, ..Self::default() }, n_names);
            }
        }
    }

    fn at(&self, path: &str) -> Option<&Self> {
        if let Some(found) = self.step(path) {
            return Some(found);
        }
        path.match_indices('.').find_map(|(dot, _)| self.step(&path[..dot])?.at(&path[dot + 1..]))
    }

    fn step(&self, name: &str) -> Option<&Self> {
        let is_index = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        self.below.iter().find(|child| child.name == name).or_else(|| is_index.then_some(self))
    }

    /// The paths to the nearest members that have all these paths, at most `depth` levels below.
    fn wrappers_of(&self, paths: &[String], depth: usize) -> Vec<String> {
        let has_all = |member: &&Self| paths.iter().all(|path| member.at(path).is_some());
        let path = |member: &Self| DocumentPath::text_of_member(&member.name, member.has_array);
        let here: Vec<String> = self.below.iter().filter(has_all).map(path).collect();
        if !here.is_empty() || depth == 1 {
            return here;
        }
        let below = |member: &Self| -> Vec<String> {
            let found = member.wrappers_of(paths, depth - 1);
            found.iter().map(|below| format!("{}.{below}", path(member))).collect()
        };
        self.below.iter().flat_map(below).collect()
    }

    fn collect_paths(&self, above: &str, into: &mut Vec<(String, Position)>) {
        for child in &self.below {
            let path = format!("{above}{}", child.name);
            child.collect_paths(&format!("{path}."), into);
            into.extend(child.at.map(|at| (path, at)));
        }
    }
}
