//! Row padding: rows with more or fewer cells than the header, whose empty cells at the end were cut
//! off or are too many.
//!
//! Decides which rows fit; `csv_records` gives them the cells of the header. Not a row that may have
//! lost more than empty cells: one that lacks a required column, the last one of a file without a
//! last line break, one of several lines. Called by `csv` for rows on the slow path.

use std::sync::{Arc, OnceLock};

use crate::model::record::Header;

/// Which rows of a file fit.
#[derive(Debug, Clone)]
pub(super) struct RowPadding {
    n_columns: usize,
    /// The number of cells up to the last required column.
    min_cells: usize,
    /// The end of the file, if its last row has no line break: set once it is reached.
    // By its offset a row that was spilled is recognised too: its piece has no line break.
    unterminated_end: Arc<OnceLock<u64>>,
}

impl RowPadding {
    pub(super) fn new(header: &Header, required: &[String]) -> Self {
        let last = header.names.iter().rposition(|name| required.contains(name));
        Self {
            n_columns: header.names.len(),
            min_cells: last.map_or(1, |last| last + 1),
            unterminated_end: Arc::default(),
        }
    }

    /// Notes that the file ends at this offset without a line break.
    pub(super) fn set_unterminated(&self, end: u64) {
        // A file has one end.
        let _ = self.unterminated_end.set(end);
    }

    /// The number of cells of a record that fits, which are to be those of the header. It has
    /// `n_cells`, of which those from `n_filled` on are empty, and `n_breaks` line breaks, and ends
    /// at `end` in the file.
    pub(super) fn fitted(
        &self,
        (n_cells, n_filled): (usize, usize),
        n_breaks: usize,
        end: u64,
    ) -> Option<usize> {
        let fits = if n_cells > self.n_columns {
            n_filled <= self.n_columns
        } else {
            // Quotes that enclose several rows may make one of too few cells.
            n_cells >= self.min_cells && n_breaks == 0
        };
        let is_cut = self.unterminated_end.get() == Some(&end);
        (fits && !is_cut && n_cells != self.n_columns).then_some(self.n_columns)
    }
}
