//! Parent circles: documents that belong to each other, so that they are of no order.
//!
//! Known by the hashes of their ids. An external sort leaves the links between documents that
//! belong to others on both ends, of which an export hardly has any; the circles among these are
//! found in memory. Filled by `pass`, used by `scattered`.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use super::hash::hash;
use crate::{
    group::GroupSettings,
    model::{
        draft::{KeyedRow, RowKind},
        origin::FileId,
    },
    spill::{batch::Batch, groups::Groups, sorter::Sorter},
};

/// A document and the one that it belongs to.
type Link = (u64, u64);

/// What entries are sorted by: a document, and what the entry says of it.
type LinkKey = (u64, u64);

/// It is the document of an order.
const IS_ORDER: u64 = 0;
/// It belongs to another one.
const IS_CHILD: u64 = 1;
/// Another one belongs to it.
const IS_PARENT: u64 = 2;

/// Maximum number of links in memory, unless more documents are in circles, or below more others
/// than there are rounds.
const MAX_LINKS: usize = 1 << 18;

/// Maximum number of rounds, each of which sorts all links that are left.
// A round removes one level of documents: exports have few, and a long chain must not take a sort
// for each of its documents.
const MAX_ROUNDS: u32 = 16;

/// The links of all documents that may have children, while the export is read.
pub(super) struct ParentLinks<'p> {
    sorter: Sorter<LinkKey>,
    folder: &'p Path,
    memory: usize,
    /// How often links were removed.
    round: u32,
}

/// The links of the documents of a block.
#[derive(Default)]
pub(super) struct BlockLinks(Batch<LinkKey>);

impl BlockLinks {
    /// Adds a document that belongs to another one.
    pub(super) fn add_child(&mut self, file: FileId, id: &str, parent: &str) {
        let (child, parent) = (node(file, id), node(file, parent));
        self.0.push((child, IS_CHILD), &[]);
        self.0.push((parent, IS_PARENT), &child.to_le_bytes());
    }

    /// Adds the document of an order.
    pub(super) fn add_order(&mut self, file: FileId, key: &str) {
        self.0.push((node(file, key), IS_ORDER), &[]);
    }
}

impl<'p> ParentLinks<'p> {
    /// No links yet. What does not fit into `memory` is in `folder`.
    pub(super) fn new(folder: &'p Path, memory: usize) -> Self {
        Self::of_round(0, folder, memory)
    }

    fn of_round(round: u32, folder: &'p Path, memory: usize) -> Self {
        Self {
            sorter: Sorter::new(folder, &format!(".parents-{round}"), memory),
            folder,
            memory,
            round,
        }
    }

    /// Adds the links of a block.
    pub(super) fn push_all(&self, mut links: BlockLinks) -> io::Result<()> {
        self.sorter.push_all(&mut links.0)
    }

    /// Finds the circles.
    pub(super) fn find(self) -> io::Result<ParentCircles> {
        Ok(ParentCircles(on_circles(self.reduced(MAX_LINKS)?.in_memory()?)))
    }

    /// The links without those of outer documents, until at most `max_links` are left, only
    /// circles, or no round.
    fn reduced(self, max_links: usize) -> io::Result<Self> {
        let (mut links, mut n_links) = (self, usize::MAX);
        loop {
            let (inner, n_inner) = links.without_outer()?;
            if n_inner <= max_links || n_inner == n_links || inner.round == MAX_ROUNDS {
                return Ok(inner);
            }
            (links, n_links) = (inner, n_inner);
        }
    }

    /// The links to documents that belong to others, and are of no order, with their number.
    fn without_outer(self) -> io::Result<(Self, usize)> {
        let inner = Self::of_round(self.round + 1, self.folder, self.memory);
        let mut n_links = 0;
        for_each_child_of_child(self.sorter, |(child, parent)| {
            n_links += 1;
            inner.sorter.push((child, IS_CHILD), &[])?;
            inner.sorter.push((parent, IS_PARENT), &child.to_le_bytes())
        })?;
        Ok((inner, n_links))
    }

    fn in_memory(self) -> io::Result<Vec<Link>> {
        let mut links = Vec::new();
        for_each_child_of_child(self.sorter, |link| {
            links.push(link);
            Ok(())
        })?;
        Ok(links)
    }
}

/// Calls `on_link` with each link to a document that belongs to another one.
fn for_each_child_of_child(
    sorter: Sorter<LinkKey>,
    mut on_link: impl FnMut(Link) -> io::Result<()>,
) -> io::Result<()> {
    let mut groups = Groups::new(sorter.sorted()?);
    while let Some(mut group) = groups.next()? {
        let (parent, mut is_child) = (group.key(), false);
        while let Some((role, child)) = group.next()? {
            match role {
                IS_CHILD => is_child = true,
                IS_PARENT if is_child => {
                    on_link((u64::from_le_bytes(child.try_into().unwrap_or_default()), parent))?;
                }
                _ => break,
            }
        }
    }
    Ok(())
}

/// The documents that are on circles, or between two of them.
fn on_circles(links: Vec<Link>) -> HashSet<u64> {
    let upwards = without_tops(links).into_iter().map(|(child, parent)| (parent, child));
    without_tops(upwards.collect()).into_iter().map(|(child, _)| child).collect()
}

/// Removes the links to documents that belong to no other one, and those to what is left so.
fn without_tops(links: Vec<Link>) -> Vec<Link> {
    let (mut n_parents, mut children) = (HashMap::<u64, usize>::new(), HashMap::new());
    for (child, parent) in links {
        *n_parents.entry(child).or_default() += 1;
        children.entry(parent).or_insert_with(Vec::new).push(child);
    }
    let is_top = |id: &&u64| !n_parents.contains_key(*id);
    let mut tops: Vec<u64> = children.keys().filter(is_top).copied().collect();
    while let Some(top) = tops.pop() {
        for child in children.remove(&top).unwrap_or_default() {
            let Some(n_left) = n_parents.get_mut(&child) else { continue };
            *n_left -= 1;
            if *n_left == 0 {
                n_parents.remove(&child);
                tops.push(child);
            }
        }
    }
    let links = children.into_iter();
    links.flat_map(|(parent, of)| of.into_iter().map(move |child| (child, parent))).collect()
}

/// The documents of circles.
#[derive(Debug, Default)]
pub(super) struct ParentCircles(HashSet<u64>);

impl ParentCircles {
    /// Whether a row is a document that belongs to another one of its circle.
    pub(super) fn contain(&self, row: &KeyedRow<'_>, settings: GroupSettings) -> bool {
        let RowKind::ChildDocument { order, id: Some(id) } = row.kind else { return false };
        let file = settings.file_of(row.row.origin.file);
        !self.0.is_empty() && [order, id].iter().all(|id| self.0.contains(&node(file, id)))
    }
}

/// The hash of a document's id. Documents of other files are others.
// A collision within one export is less likely than a disk error.
fn node(file: FileId, id: &str) -> u64 {
    hash(&format!("{}/{id}", file.0))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    /// The documents on circles among these, each with the one that it belongs to.
    fn circles(links: &[(&str, &str)], orders: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let (all, file) = (ParentLinks::new(folder.path(), 1 << 20), FileId(0));
        for (id, parent) in links {
            let mut of_block = BlockLinks::default();
            of_block.add_child(file, id, parent);
            all.push_all(of_block).unwrap();
        }
        let mut of_orders = BlockLinks::default();
        for key in orders {
            of_orders.add_order(file, key);
        }
        all.push_all(of_orders).unwrap();
        let found = all.find().unwrap();
        let is_found = |id: &&str| found.0.contains(&node(file, id));
        let mut ids: Vec<_> =
            links.iter().map(|(id, _)| *id).filter(is_found).map(str::to_owned).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn documents_that_belong_to_each_other_are_found() {
        assert_eq!(circles(&[("a", "b"), ("b", "a")], &[]), ["a", "b"]);
        assert_eq!(
            circles(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")], &[]),
            ["a", "b", "c"]
        );
        assert_eq!(circles(&[("a", "b"), ("b", "a"), ("e", "f"), ("f", "e")], &[]).len(), 4);
    }

    #[test]
    fn chains_are_no_circles() {
        let nothing: [&str; 0] = [];
        assert_eq!(circles(&[("a", "b"), ("b", "c"), ("c", "d")], &["d"]), nothing);
        assert_eq!(circles(&[("a", "b"), ("b", "a")], &["a"]), nothing, "of an order");
        assert_eq!(circles(&[], &["a"]), nothing);
    }

    #[test]
    fn rounds_end_with_a_long_chain() {
        let folder = tempfile::tempdir().unwrap();
        let chain = |ids: Range<u32>| ids.clone().zip(ids.skip(1));
        let circle = chain(0..100).chain([(99, 0)]);
        let links = || {
            let links = ParentLinks::new(folder.path(), 1 << 20);
            let mut of_block = BlockLinks::default();
            for (child, parent) in circle.clone().chain(chain(200..1200)) {
                of_block.add_child(FileId(0), &child.to_string(), &parent.to_string());
            }
            links.push_all(of_block).unwrap();
            links
        };
        let reduced = links().reduced(10).unwrap();
        assert_eq!(reduced.round, MAX_ROUNDS);
        let of_circle = (0..100).map(|id| node(FileId(0), &id.to_string())).collect();
        assert_eq!(on_circles(reduced.in_memory().unwrap()), of_circle);
        assert_eq!(links().reduced(1100).unwrap().round, 1, "few links need no more rounds");
    }

    #[test]
    fn long_chain_takes_linear_time() {
        let links: Vec<Link> = (0..200_000).map(|id| (id, id + 1)).collect();
        assert!(on_circles(links.clone()).is_empty());
        let closed: Vec<Link> = links.into_iter().chain([(200_000, 0)]).collect();
        assert_eq!(on_circles(closed).len(), 200_001);
    }
}
