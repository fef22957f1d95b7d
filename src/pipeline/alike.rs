//! Orders of one export with the same guest, time, items and amounts, under references that have nothing to do with each
//! other: two orders, or one that the export holds twice. A person is told of them; they are sent.

use std::io;

use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::{
    model::{
        order::OrderRecord,
        origin::Position,
        problem::{Code, Problem},
    },
    report::{folder::RunFolder, place},
    spill::{entries::Entries, sorter::Sorter},
};

/// Orders that are told one by one.
const MOST_TOLD: usize = 100;

/// An order, as far as a person must know which one is meant.
#[derive(Serialize, Deserialize)]
struct Named<'a> {
    at: Position,
    reference: &'a str,
}

/// Adds an order that may be sent, by the hash of its guest, time, items and amounts.
pub(super) fn add(likeness: u64, record: &OrderRecord, into: &mut Entries) {
    let key = (u128::from(likeness) << u64::BITS) | u128::from(record.id.0);
    let order = Named { at: record.source, reference: &record.reference };
    let written = into.push_written(key, |payload| {
        *payload = postcard::to_extend(&order, std::mem::take(payload)).map_err(io::Error::other)?;
        Ok(())
    });
    written.expect("a place and a text are plain data, and memory takes all bytes");
}

/// All orders that may be sent, by their likeness.
pub(super) struct Alike(Sorter);

/// Those that are equal to one before them.
#[derive(Default)]
pub(super) struct Repeated {
    pub(super) told: Vec<Problem>,
    pub(super) n_untold: u64,
}

impl Alike {
    pub(super) fn new(folder: &RunFolder, memory: Memory) -> Self {
        Self(Sorter::new(folder.path(), ".alike", memory.alike))
    }

    pub(super) fn push_all(&self, orders: &mut Entries) -> io::Result<()> {
        self.0.push_all(orders)
    }

    /// Orders of the same likeness stand next to each other, the first of the input before the others.
    pub(super) fn repeated(self, names: &[String]) -> io::Result<Repeated> {
        let (mut sorted, mut repeated) = (self.0.sorted()?, Repeated::default());
        let mut first: Option<(u128, Vec<u8>)> = None;
        while let Some((key, order)) = sorted.next()? {
            match &first {
                Some((of_first, first)) if of_first >> u64::BITS == key >> u64::BITS => {
                    if repeated.told.len() == MOST_TOLD {
                        repeated.n_untold += 1;
                    } else {
                        repeated.told.push(problem(&named(order)?, &named(first)?, names));
                    }
                }
                _ => first = Some((key, order.to_vec())),
            }
        }
        Ok(repeated)
    }
}

fn named(order: &[u8]) -> io::Result<Named<'_>> {
    postcard::from_bytes(order).map_err(io::Error::other)
}

fn problem(order: &Named<'_>, first: &Named<'_>, names: &[String]) -> Problem {
    let message = format!(
        "{:?} here and {:?} at {}, with the same guest, time, items and amounts",
        order.reference,
        first.reference,
        place(names, first.at)
    );
    Problem::of_order(Code::ContentRepeated, order.at, message)
}
