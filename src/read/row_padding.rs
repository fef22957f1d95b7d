//! Row padding: rows with more or fewer cells than the header, whose empty cells at the end were
//! cut off or are too many.
//!
//! Decides which rows fit; `csv_records` gives them the cells of the header. Not a row that may
//! have lost more than empty cells: one that lacks a required column, the last one of a file
//! without a last line break, one of several lines. Called by `csv` for rows on the slow path.

use std::sync::{Arc, OnceLock};

use crate::model::record::Header;

/// Which rows of a file fit.
#[derive(Debug, Clone)]
pub(super) struct RowPadding {
    n_columns: usize,
    /// The number of cells up to the last required column, and its name.
    min_cells: usize,
    last_required: String,
    /// The end of the file, if its last row has no line break: set once it is reached.
    // By its offset a row that was spilled is recognised too: its piece has no line break.
    unterminated_end: Arc<OnceLock<u64>>,
}

/// What tells whether a record of another number of cells than the header fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordShape {
    pub(super) n_cells: usize,
    /// The same without the empty ones at its end.
    pub(super) n_filled: usize,
    pub(super) n_breaks: usize,
    /// Its end in the file.
    pub(super) end: u64,
}

impl RowPadding {
    pub(super) fn new(header: &Header, required: &[String]) -> Self {
        let last = header.names.iter().rposition(|name| required.contains(name)).unwrap_or(0);
        Self {
            n_columns: header.names.len(),
            min_cells: last + 1,
            last_required: header.names.get(last).cloned().unwrap_or_default(),
            unterminated_end: Arc::default(),
        }
    }

    /// Notes that the file ends at this offset without a line break.
    pub(super) fn set_unterminated(&self, end: u64) {
        // A file has one end.
        let _ = self.unterminated_end.set(end);
    }

    /// Returns the end of a message about a record that does not fit.
    pub(super) fn ensure_fits(&self, record: RecordShape) -> Result<(), String> {
        let is_long = record.n_cells > self.n_columns;
        if is_long && record.n_filled > self.n_columns {
            return Err("ragged_rows drops only empty ones at the end".into());
        }
        if !is_long && record.n_cells < self.min_cells {
            let column = &self.last_required;
            return Err(format!("ragged_rows adds none of column {column:?}, which is required"));
        }
        // Quotes that enclose several rows may make one of too few cells.
        if !is_long && record.n_breaks > 0 {
            return Err("ragged_rows adds none to a row of several lines".into());
        }
        if self.unterminated_end.get() == Some(&record.end) {
            return Err("ragged_rows changes no last row without a line end, which may be cut \
                        off"
            .into());
        }
        Ok(())
    }
}
