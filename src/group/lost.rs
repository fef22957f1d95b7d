//! Lost rows: rows whose order is not known, with their number and the error that they end a run
//! with.
//!
//! Does not decide which rows are lost. Filled by `runs` block by block; `shuffle` appends the
//! blocks in input order and checks whether the run may go on.

use super::{gap::PossibleRows, settings::GroupSettings};
use crate::model::{
    origin::{Position, RowOrigin},
    problem::{Code, Problem},
    row::Row,
};

/// Maximum number of accepted unreadable rows that are listed one by one; all of them are counted.
const MAX_LISTED_ROWS: usize = 1000;

/// Why the run cannot go on: the order of a lost row is not known, so some order would be sent in
/// part.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{reason}; it is not known which order the row belongs to{}", more_rows_suffix(*.more_rows))]
pub struct GroupError {
    /// The first such row.
    pub at: Position,
    /// Why the row cannot be assigned to an order.
    pub reason: String,
    /// The number of further such rows.
    pub more_rows: u64,
}

fn more_rows_suffix(more_rows: u64) -> String {
    if more_rows == 0 { String::new() } else { format!(" ({more_rows} more such rows)") }
}

/// Rows whose order is not known.
#[derive(Debug, Default)]
pub struct LostRows {
    /// The first 1000, in input order.
    pub listed: Vec<Problem>,
    /// The number of all lost rows, listed or not.
    pub count: u64,
    /// The first one that cannot be read, and why.
    first_damaged: Option<(Position, String)>,
    /// The first one that has cells of an item: an order would go without it.
    first_item: Option<Position>,
    /// The first one next to no order, where rows of an order are adjacent.
    first_alone: Option<RowOrigin>,
    /// The first one that may refund any order, and why that is not known.
    first_refund: Option<(Position, String)>,
}

impl LostRows {
    /// Adds the next lost row of the input.
    fn push(&mut self, row: &Row<'_>, reason: &str) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED_ROWS {
            let problem = Problem::for_order(Code::RowUnreadable, row.damage_place(), reason);
            self.listed.push(Problem { row: Some(Box::new(row.origin.clone())), ..problem });
        }
    }

    /// Adds the next lost row, which cannot be read, so that it may be a refund.
    pub fn push_damaged(&mut self, row: &Row<'_>, reason: &str) {
        if self.first_damaged.is_none() {
            self.first_damaged = Some((row.damage_place().position, reason.to_owned()));
        }
        self.push(row, reason);
    }

    /// Adds the next lost row, which is readable. `has_item`: whether it has cells of an item.
    pub fn push_without_key(&mut self, row: &Row<'_>, has_item: bool) {
        if has_item {
            self.first_item.get_or_insert(row.origin.position());
        }
        self.push(row, "the row has no order key");
    }

    /// Adds the next lost row, which is readable and may refund any order.
    pub fn push_refund(&mut self, row: &Row<'_>, reason: &str) {
        if self.first_refund.is_none() {
            self.first_refund = Some((row.origin.position(), reason.to_owned()));
        }
        self.push(row, reason);
    }

    /// Adds a gap next to no order, whose lost rows may belong to an order elsewhere.
    pub fn add_alone(&mut self, gap: &[PossibleRows]) {
        let first = gap.first().map(|gap| gap.first_lost.clone());
        self.first_alone = self.first_alone.take().or(first);
    }

    /// Appends the lost rows of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.first_item = self.first_item.or(later.first_item);
        self.first_damaged = self.first_damaged.take().or(later.first_damaged);
        self.first_alone = self.first_alone.take().or(later.first_alone);
        self.first_refund = self.first_refund.take().or(later.first_refund);
        self.count += later.count;
        self.listed.extend(later.listed);
        self.listed.truncate(MAX_LISTED_ROWS);
    }

    /// Returns an error if the run must not go on without the lost rows.
    pub fn ensure_allowed(&self, settings: GroupSettings) -> Result<(), GroupError> {
        // It need not be next to its order, which would be sent in full.
        if let Some((at, reason)) = &self.first_refund {
            return Err(GroupError { at: *at, reason: reason.clone(), more_rows: 0 });
        }
        // With adjacent rows a lost row can belong only to the orders next to it, which are
        // invalid instead; but it may be a refund of any order.
        if settings.has_adjacent_rows {
            if settings.nets_refunds
                && !settings.accepts_unreadable
                && let Some((at, reason)) = &self.first_damaged
            {
                let reason = format!("{reason}; it may be a refund of any order");
                return Err(GroupError { at: *at, reason, more_rows: 0 });
            }
            let alone = self.first_alone.as_ref().filter(|_| !settings.accepts_unreadable);
            return alone.map_or(Ok(()), |alone| Err(self.alone_error(alone)));
        }
        if !settings.accepts_unreadable
            && let Some(Problem { at, message, .. }) = self.listed.first()
        {
            return Err(GroupError { at: *at, reason: message.clone(), more_rows: self.count - 1 });
        }
        // Accepting unreadable rows gives up rows, not the items of an order.
        match self.first_item {
            Some(at) => {
                let reason = "the row has cells of an item, but no order key".to_owned();
                Err(GroupError { at, reason, more_rows: 0 })
            }
            None => Ok(()),
        }
    }

    /// The error of a row that is next to no order.
    fn alone_error(&self, row: &RowOrigin) -> GroupError {
        let listed = self.listed.iter().find(|problem| problem.row.as_deref() == Some(row));
        let (at, found) = match listed {
            Some(Problem { at, message, .. }) => (*at, message.as_str()),
            None => (row.position(), "the row cannot be read"),
        };
        let reason = format!("{found}; no row of an order is beside it");
        GroupError { at, reason, more_rows: 0 }
    }
}
