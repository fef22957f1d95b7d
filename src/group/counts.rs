//! Counts of rows by what they are.
//!
//! Filled by `runs` block by block; `shuffle` adds them up.

use crate::model::draft::RowKind;

/// The numbers of rows of some part of the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// All rows but blank ones and headers.
    pub rows: u64,
    /// The unreadable rows among them, and the rows whose order is not known.
    pub unreadable: u64,
    /// The rows among them that belong to no order, as the profile says.
    pub ignored: u64,
    /// The rows of orders among them that the profile leaves out.
    pub skipped: u64,
    /// Headers that are repeated within a file.
    pub headers: u64,
}

impl RowCounts {
    /// Counts a row.
    pub(super) fn add(&mut self, kind: &RowKind<'_>) {
        match kind {
            RowKind::Blank | RowKind::ExchangedHeader => return,
            RowKind::Header => {
                self.headers += 1;
                return;
            }
            RowKind::Ignored => self.ignored += 1,
            RowKind::Skipped { .. } | RowKind::Refund { is_netted: false, .. } => self.skipped += 1,
            RowKind::Unreadable { .. } => self.unreadable += 1,
            kind => self.unreadable += u64::from(kind.has_no_order()),
        }
        self.rows += 1;
    }
}
