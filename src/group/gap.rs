//! Gap: the rows between two rows of orders, among them lost ones, which may belong to either.
//!
//! Both orders are rejected with the whole gap, ignored rows included: reading their rejects again
//! must judge them as before. Does not decide which rows are lost. Used where the rows of an order
//! are adjacent, by `runs` within a block and by `shuffle` across blocks.

use crate::model::origin::RowOrigin;

/// The rows since the last row of an order that are of no order, or of one that is not known.
// One range for each file, not one for each row: most rows of a broken export may be lost.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Gap {
    parts: Vec<GapPart>,
}

/// The rows of a gap in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GapPart {
    /// The bytes of all of them, and the line of the first one.
    rows: RowOrigin,
    first_lost: Option<RowOrigin>,
}

/// The rows of a gap in one file, among them lost ones, which may be part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PossibleRows {
    /// The bytes of all of them, and the line of the first one.
    pub rows: RowOrigin,
    /// The first lost one.
    pub first_lost: RowOrigin,
}

impl Gap {
    /// Adds the next row.
    pub(super) fn push(&mut self, row: &RowOrigin, is_lost: bool) {
        let first_lost = is_lost.then(|| row.clone());
        self.push_part(GapPart { rows: row.clone(), first_lost });
    }

    /// Adds the rows that follow.
    pub fn append(&mut self, later: Self) {
        later.parts.into_iter().for_each(|part| self.push_part(part));
    }

    fn push_part(&mut self, later: GapPart) {
        match self.parts.last_mut().filter(|last| last.rows.file == later.rows.file) {
            Some(last) => {
                last.rows.bytes.end = later.rows.bytes.end;
                last.first_lost = last.first_lost.take().or(later.first_lost);
            }
            None => self.parts.push(later),
        }
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Ends the gap. Returns its rows in each file where some are lost.
    pub fn take_possible_rows(&mut self) -> Vec<PossibleRows> {
        let possible = |GapPart { rows, first_lost }: GapPart| {
            first_lost.map(|first_lost| PossibleRows { rows, first_lost })
        };
        std::mem::take(&mut self.parts).into_iter().filter_map(possible).collect()
    }
}
