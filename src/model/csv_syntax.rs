//! CSV syntax: how the records of a CSV file are written.
//!
//! Data only. Set by the profile, applied by `read`; a header and a raw record carry it.

/// The syntax of the records of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvSyntax {
    /// The byte between two cells.
    pub delimiter: u8,
    /// Whether quotes enclose cells; otherwise they are data, and every line break ends a record.
    pub has_quotes: bool,
    /// The byte that makes the one behind it text, within quotes; a doubled quote is text too.
    pub escape: Option<u8>,
    /// Whether blanks before a quote that opens a cell are no part of it.
    pub skips_blanks: bool,
    /// Whether `="00123"` and a leading apostrophe are unwrapped, as a spreadsheet writes texts.
    pub unwraps_cells: bool,
}

impl CsvSyntax {
    /// Whether the byte is a blank that may be skipped before a quote.
    #[must_use]
    pub fn is_blank(self, byte: u8) -> bool {
        self.skips_blanks && matches!(byte, b' ' | b'\t') && byte != self.delimiter
    }
}

impl Default for CsvSyntax {
    fn default() -> Self {
        Self {
            delimiter: b',',
            has_quotes: true,
            escape: None,
            skips_blanks: false,
            unwraps_cells: false,
        }
    }
}
