//! Which rows stand together: runs of rows of one order, as the input has them.

use std::collections::HashMap;

use super::{Lost, Settings};
use crate::model::{
    draft::{KeyedRow, RowKind},
    origin::{FileId, Position},
    row::Row,
};

/// Rows of one order that no row of another order stands between.
#[derive(Debug, Clone, PartialEq)]
pub struct Run<'a> {
    /// From its first row to its last one; blank and lost rows may stand between them.
    pub rows: &'a [KeyedRow<'a>],
    /// Lost rows next to it, which may be a part of it.
    pub suspects: Vec<Position>,
}

impl<'a> Run<'a> {
    /// The key of its order; empty where it has none.
    #[must_use]
    pub fn key(&self) -> &'a str {
        match self.rows.first().map(|row| &row.kind) {
            Some(RowKind::Whole(Some(key))) => key,
            Some(kind) => kind.part_of().unwrap_or_default(),
            None => "",
        }
    }

    /// Where its first row stands.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.rows.first().map(|row| row.row.origin.position())
    }

    /// How many bytes of the file it goes over.
    #[must_use]
    pub fn n_bytes(&self) -> u64 {
        let ends = self.rows.first().zip(self.rows.last());
        ends.map_or(0, |(first, last)| last.row.origin.bytes.end - first.row.origin.bytes.start)
    }

    /// The rows that are of the order: neither blank nor lost.
    pub fn rows_of_order(&self) -> impl Iterator<Item = &'a Row<'a>> {
        let is_of_order = |row: &&KeyedRow<'_>| row.kind != RowKind::Blank && !row.kind.is_lost();
        self.rows.iter().filter(is_of_order).map(|row| row.row)
    }

    /// How many values those have.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.rows_of_order().map(Row::n_values).sum()
    }

    /// Whether rows that follow elsewhere may belong to it.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.rows.first().is_some_and(|row| row.kind.part_of().is_some())
    }
}

/// The rows of one stretch of a file.
#[derive(Debug, Default)]
pub struct Runs<'a> {
    /// In the order of the input.
    pub runs: Vec<Run<'a>>,
    /// Rows but for blank ones.
    pub n_rows: u64,
    /// Rows that cannot be read, and those whose order is not known.
    pub n_unreadable: u64,
    /// The latter.
    pub lost: Lost,
    /// Lost rows before the first run, where rows of an order stand next to each other.
    pub leading: Vec<Position>,
    /// The last lost row behind the last run, likewise.
    pub trailing: Option<Position>,
}

impl<'a> Runs<'a> {
    /// The runs of rows that follow each other.
    #[must_use]
    pub fn of(rows: &'a [KeyedRow<'a>], settings: Settings) -> Self {
        let mut block = Self { runs: Vec::with_capacity(rows.len() / 2), ..Self::default() };
        let mut start = 0;
        for (index, row) in rows.iter().enumerate() {
            if row.kind == RowKind::Blank {
                continue;
            }
            block.n_rows += 1;
            if row.kind.is_lost() {
                block.lose(row, settings);
                continue;
            }
            block.n_unreadable += u64::from(matches!(row.kind, RowKind::Unreadable { .. }));
            let is_next = row
                .kind
                .part_of()
                .is_some_and(|key| block.runs.last().is_some_and(|run| run.is_part() && run.key() == key));
            if !is_next {
                start = index;
                block.runs.push(Run { rows: &[], suspects: Vec::new() });
            }
            block.extend_last(&rows[start..=index]);
        }
        block
    }

    fn extend_last(&mut self, rows: &'a [KeyedRow<'a>]) {
        let lost = self.trailing.take();
        if let Some(run) = self.runs.last_mut() {
            run.rows = rows;
            run.suspects.extend(lost);
        }
    }

    fn lose(&mut self, row: &KeyedRow<'_>, settings: Settings) {
        let at = row.row.origin.position();
        let reason = match &row.kind {
            RowKind::Unreadable { reason, .. } => reason,
            _ => "the row has no order key",
        };
        self.n_unreadable += 1;
        self.lost.add(at, reason);
        if settings.has_adjacent_rows {
            self.trailing = Some(at);
            match self.runs.last_mut() {
                Some(run) => run.suspects.push(at),
                None => self.leading.push(at),
            }
        }
    }
}

/// The rows of each order among rows that stood anywhere, in the order of the orders' first rows.
#[must_use]
pub fn gathered<'a>(rows: &'a [KeyedRow<'a>], settings: Settings) -> Vec<Vec<&'a KeyedRow<'a>>> {
    let order = |row: &'a KeyedRow<'_>| Some((settings.file_of(row.row.origin.file), row.kind.part_of()?));
    // Nearly always they are of one order, which needs no map.
    if let [first, others @ ..] = rows
        && order(first).is_some()
        && others.iter().all(|row| order(row) == order(first))
    {
        return vec![rows.iter().collect()];
    }
    let mut orders: Vec<Vec<&KeyedRow<'_>>> = Vec::new();
    let mut places: HashMap<(FileId, &str), usize> = HashMap::new();
    for row in rows {
        let place = match order(row) {
            Some(order) => *places.entry(order).or_insert(orders.len()),
            None => orders.len(),
        };
        if place == orders.len() {
            orders.push(Vec::new());
        }
        orders[place].push(row);
    }
    orders
}
