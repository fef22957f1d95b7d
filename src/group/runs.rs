//! Runs: consecutive rows of one order, in input order.
//!
//! Splits a block into runs and assigns lost rows to the runs next to them; scattered rows are
//! grouped with a hash map. Does not read values. Called by `shuffle`.

use std::{collections::HashMap, mem};

use super::{
    counts::RowCounts,
    gap::{Gap, PossibleRows},
    headers::RepeatedHeaders,
    lost::LostRows,
    settings::GroupSettings,
};
use crate::model::{
    draft::{KeyedRow, RowKind},
    origin::{FileId, Position, RowOrigin},
    row::Row,
};

/// Rows of one order with no row of another order between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// From its first row to its last; blank, ignored and lost rows may be in between.
    pub rows: &'a [KeyedRow<'a>],
    /// The rows of the gaps next to it or within it that have lost rows, which may be part of the
    /// order.
    pub possible_rows: Vec<PossibleRows>,
}

impl<'a> Run<'a> {
    /// The key of its order; empty if it has none.
    #[must_use]
    pub fn key(&self) -> &'a str {
        match self.rows.first().map(|row| &row.kind) {
            Some(RowKind::Document(Some(key))) => key,
            Some(kind) => kind.order_key().unwrap_or_default(),
            None => "",
        }
    }

    /// The position of its first row.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.rows.first().map(|row| row.row.origin.position())
    }

    /// The number of bytes from the start of its first row to the end of its last.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let ends = self.rows.first().zip(self.rows.last());
        ends.map_or(0, |(first, last)| last.row.origin.bytes.end - first.row.origin.bytes.start)
    }

    /// The rows that belong to the order: neither blank nor ignored nor lost.
    pub fn rows_of_order(&self) -> impl Iterator<Item = &'a Row<'a>> {
        let is_of_order =
            |row: &&KeyedRow<'_>| row.kind.is_of_an_order() && !row.kind.has_no_order();
        self.rows.iter().filter(is_of_order).map(|row| row.row)
    }

    /// The number of values in the rows of the order.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.rows_of_order().map(Row::n_values).sum()
    }

    /// Whether later rows may belong to the same order. A document is a whole order, and a row
    /// without a key is an order of its own.
    #[must_use]
    pub fn may_continue(&self) -> bool {
        self.rows.first().is_some_and(|row| row.kind.order_key().is_some())
    }
}

/// The runs of one block of a file.
#[derive(Debug, Default)]
pub struct BlockRuns<'a> {
    /// The runs, in input order.
    pub runs: Vec<Run<'a>>,
    /// The numbers of its rows.
    pub counts: RowCounts,
    /// The headers within the block.
    pub headers: Vec<RowOrigin>,
    /// Whether a header is before the first run: that run continues none of an earlier block.
    pub starts_export: bool,
    /// Whether a header is after the last run: no run of a later block continues it.
    pub ends_export: bool,
    /// The rows whose order is not known.
    pub lost: LostRows,
    /// The gap before the first run and the first header; filled only if the rows of an order are
    /// adjacent.
    pub gap_before: Gap,
    /// The gap after the last run and the last header, if there is one, which may go on in the
    /// next block.
    pub gap_after: Gap,
}

impl<'a> BlockRuns<'a> {
    /// Splits the rows of a block into runs.
    #[must_use]
    pub fn of(rows: &'a [KeyedRow<'a>], settings: GroupSettings) -> Self {
        let mut block = Self { runs: Vec::with_capacity(rows.len() / 2), ..Self::default() };
        let mut start = 0;
        for (index, row) in rows.iter().enumerate() {
            block.counts.add(&row.kind);
            if row.kind == RowKind::Header {
                block.push_header(row);
            }
            if row.kind == RowKind::Ignored && settings.has_adjacent_rows {
                block.gap_after.push(&row.row.origin, false);
            }
            if !row.kind.is_of_an_order() {
                continue;
            }
            if row.kind.has_no_order() {
                block.push_lost(row, settings);
                continue;
            }
            let possible_rows = block.end_gap();
            let continues =
                |run: &Run<'_>| run.may_continue() && row.kind.order_key() == Some(run.key());
            if block.ends_export || !block.runs.last().is_some_and(continues) {
                start = index;
                block.ends_export = false;
                block.runs.push(Run { rows: &[], possible_rows });
            }
            if let Some(run) = block.runs.last_mut() {
                run.rows = &rows[start..=index];
            }
        }
        if block.runs.is_empty() && block.headers.is_empty() {
            block.gap_before = mem::take(&mut block.gap_after);
        }
        block
    }

    fn push_header(&mut self, row: &KeyedRow<'_>) {
        // A lost row above the header does not belong to a run below it, nor the other way round.
        let is_alone = self.ends_export || self.runs.is_empty();
        let possible_rows = self.end_gap();
        if is_alone {
            self.lost.add_alone(&possible_rows);
        }
        self.headers.push(row.row.origin.clone());
        if self.runs.is_empty() {
            self.starts_export = true;
        } else {
            self.ends_export = true;
        }
    }

    /// Ends the gap before a row of an order or a header. Adds its rows to the run above it, and
    /// returns them for the run below it.
    fn end_gap(&mut self) -> Vec<PossibleRows> {
        if self.gap_after.is_empty() {
            return Vec::new();
        }
        if self.runs.is_empty() && self.headers.is_empty() {
            self.gap_before = mem::take(&mut self.gap_after);
            return Vec::new();
        }
        let possible_rows = self.gap_after.take_possible_rows();
        if let Some(run) = self.runs.last_mut().filter(|_| !self.ends_export) {
            run.possible_rows.extend_from_slice(&possible_rows);
        }
        possible_rows
    }

    fn push_lost(&mut self, row: &KeyedRow<'_>, settings: GroupSettings) {
        let origin = &row.row.origin;
        match &row.kind {
            RowKind::Unreadable { reason, .. } => self.lost.push_damaged(row.row, reason),
            RowKind::LostRefund { reason } => self.lost.push_refund(row.row, reason),
            kind => {
                let has_item = matches!(kind, RowKind::WithoutKey { has_item: true, .. });
                self.lost.push_without_key(row.row, has_item);
            }
        }
        if settings.has_adjacent_rows {
            self.gap_after.push(origin, true);
        }
    }
}

/// Groups scattered rows by order. Orders are sorted by their first rows.
#[must_use]
pub fn group_scattered<'a>(
    rows: &'a [KeyedRow<'a>],
    settings: GroupSettings,
    headers: &RepeatedHeaders,
) -> Vec<Vec<&'a KeyedRow<'a>>> {
    let order_key = |row: &'a KeyedRow<'_>| {
        let origin = &row.row.origin;
        let part = headers.part_of(origin.position());
        Some((settings.file_of(origin.file), part, row.kind.order_key()?))
    };
    // Nearly always all rows are of one order, which needs no map.
    if let [first, others @ ..] = rows
        && order_key(first).is_some()
        && others.iter().all(|row| order_key(row) == order_key(first))
    {
        return vec![rows.iter().collect()];
    }
    let mut orders: Vec<Vec<&KeyedRow<'_>>> = Vec::new();
    let mut indices: HashMap<(FileId, usize, &str), usize> = HashMap::new();
    for row in rows {
        let index = match order_key(row) {
            Some(order) => *indices.entry(order).or_insert(orders.len()),
            // A document or a row without a key never shares its order.
            None => orders.len(),
        };
        if index == orders.len() {
            orders.push(Vec::new());
        }
        orders[index].push(row);
    }
    orders
}
