//! Quoted cells: examples of the export for messages about a whole column.
//!
//! Of several examples the first one in the export is kept, in whatever order they are found.

use super::{draft::Cell, origin::Place};

/// A cell of the export, as an example in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedCell {
    /// Where it is.
    pub at: Place,
    /// Its text.
    pub text: String,
}

impl QuotedCell {
    /// Quotes a cell.
    #[must_use]
    pub fn of(cell: &Cell<'_>) -> Self {
        Self { at: cell.at.into(), text: cell.text.to_string() }
    }

    /// Replaces `first` if this cell comes before it in the export.
    pub fn keep_first(self, first: &mut Option<Self>) {
        if first.as_ref().is_none_or(|first| self.at.position < first.at.position) {
            *first = Some(self);
        }
    }

    /// A number without its point: its other reading.
    #[must_use]
    pub fn without_point(&self) -> String {
        self.text.replace('.', "")
    }
}
