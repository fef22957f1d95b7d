//! Repeated content: finds orders of one export with the same guest, time, items and amounts under
//! unrelated references.
//!
//! They may be two orders, or one order that the export holds twice, so they are reported and still
//! sent. Orders of earlier runs are compared in `decide`. Called by `pipeline`, which adds orders
//! on all cores and sorts them where their blocks are merged.

use std::{io, path::Path};

use crate::{
    model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, InputNames, Position, RowOrigin},
        problem::{Code, Problem},
    },
    spill::{batch::Batch, groups::Groups, sort_key::SortKey, sorter::Sorter},
};

/// Dedup hash and id of an order.
pub type ContentKey = (u64, u64);

/// Maximum orders that are listed one by one; the others are counted.
const MAX_LISTED_COPIES: usize = 100;

/// Position and reference of an order, by which a message names it.
struct OrderRef<'a> {
    at: Position,
    reference: &'a str,
}

impl<'a> OrderRef<'a> {
    /// Appends file and line, and then the reference. The position of an order has no column.
    fn encode(&self, into: &mut Vec<u8>) {
        (self.at.file.0, self.at.line).encode(into);
        into.extend_from_slice(self.reference.as_bytes());
    }

    fn decode(mut entry: &'a [u8]) -> io::Result<Self> {
        let (file, line) = <(u32, u64)>::decode(&mut entry);
        let at = Position { file: FileId(file), line, column: None };
        Ok(Self { at, reference: str::from_utf8(entry).map_err(io::Error::other)? })
    }
}

/// Adds an order that may be sent, keyed by its dedup hash and then by its position in the input.
pub fn push_content(dedup_hash: u64, record: &OrderRecord, into: &mut Batch<ContentKey>) {
    let order = OrderRef { at: record.source, reference: &record.reference };
    into.push_with((dedup_hash, record.id.0), |payload| order.encode(payload));
}

/// Sorts all orders that may be sent by their dedup hash.
#[derive(Debug)]
pub struct RepeatedContentSorter(Sorter<ContentKey>);

/// Orders with the content of an earlier order of the input.
#[derive(Debug, Default)]
pub struct RepeatedContent {
    /// One warning each, of the first ones.
    pub listed: Vec<Problem>,
    /// Number of the others.
    pub n_omitted: u64,
}

impl RepeatedContentSorter {
    /// None yet. What exceeds `memory` (in bytes) spills to `folder`.
    #[must_use]
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self(Sorter::new(folder, ".repeated", memory))
    }

    /// Takes those of a block.
    pub fn push_all(&self, orders: &mut Batch<ContentKey>) -> io::Result<()> {
        self.0.push_all(orders)
    }

    /// Finds the orders with the dedup hash of an earlier one. `names` are the inputs' names by
    /// `FileId`.
    pub fn find(self, names: &InputNames) -> io::Result<RepeatedContent> {
        let (mut groups, mut repeated) =
            (Groups::new(self.0.sorted()?), RepeatedContent::default());
        let mut first = Vec::new();
        while let Some(mut group) = groups.next()? {
            first.clear();
            if let Some((_, order)) = group.next()? {
                first.extend_from_slice(order);
            }
            while let Some((id, order)) = group.next()? {
                if repeated.listed.len() == MAX_LISTED_COPIES {
                    repeated.n_omitted += 1;
                } else {
                    repeated.listed.push(problem(
                        (OrderId(id), &OrderRef::decode(order)?),
                        &OrderRef::decode(&first)?,
                        names,
                    ));
                }
            }
        }
        Ok(repeated)
    }
}

fn problem(
    (id, order): (OrderId, &OrderRef<'_>),
    first: &OrderRef<'_>,
    names: &InputNames,
) -> Problem {
    let message = format!(
        "{:?} here and {:?} at {}, with the same guest, time, items and amounts",
        order.reference,
        first.reference,
        names.locate(first.at)
    );
    // Where its first row ends is not known here.
    let (file, line, start) = (order.at.file, order.at.line, id.offset());
    let row = RowOrigin { file, line, column: 1, bytes: start..start };
    let problem = Problem::for_row(Code::ContentRepeated, row, message);
    Problem { reference: Some(order.reference.into()), ..problem }
}
