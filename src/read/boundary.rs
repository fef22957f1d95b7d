//! Record boundary: the end of the last complete record in bytes that begin with a record.
//!
//! Does not guess: from the start of a record every quote is tracked by the CSV grammar, so the
//! state at each line break is known, whatever the quoting looks like. Does not parse records.
//! Called by `block_reader`.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter, memrchr};

use crate::model::csv_syntax::CsvSyntax;

/// The last boundary in bytes that begin with a record.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordBoundary {
    /// The offset after the last complete record, where the next one begins; 0 if none is
    /// complete.
    pub(super) at: usize,
    /// The offset of the quote that is still open at the end of the bytes.
    pub(super) open_quote: Option<usize>,
}

/// The last boundary of CSV records: after a line break outside quotes. A quote opens only at the
/// start of a cell, two quotes within a quoted cell are text, and what follows a closing quote is
/// unquoted text.
pub(super) fn csv_boundary(bytes: &[u8], syntax: CsvSyntax) -> RecordBoundary {
    if syntax.escape.is_some() {
        return last_break(bytes, syntax);
    }
    let mut quotes = QuoteTracker::new(bytes, syntax);
    memchr_iter(b'"', bytes).for_each(|position| quotes.on_quote(position));
    // Nearly always there is a line break after the last quoted cell, or else before the cell that
    // is still open: one reverse search finds it, and no other line break is visited.
    let unquoted =
        quotes.open.map_or(quotes.unquoted_from..bytes.len(), |open| quotes.unquoted_from..open);
    let last = [unquoted, quotes.unquoted_before.clone()].into_iter().find_map(|unquoted| {
        let start = unquoted.start;
        memrchr(b'\n', &bytes[unquoted]).map(|position| start + position + 1)
    });
    let at = last.unwrap_or_else(|| last_break(bytes, syntax).at);
    RecordBoundary { at, open_quote: quotes.open }
}

/// Tracks the state of quotes from the start of a record.
struct QuoteTracker<'b> {
    bytes: &'b [u8],
    syntax: CsvSyntax,
    open: Option<usize>,
    /// The second quote of a pair, which neither opens nor closes a cell.
    escaped_quote: Option<usize>,
    /// The end of the last quoted cell.
    unquoted_from: usize,
    /// What is between the last quoted cell and the one before it.
    unquoted_before: Range<usize>,
}

impl<'b> QuoteTracker<'b> {
    fn new(bytes: &'b [u8], syntax: CsvSyntax) -> Self {
        Self {
            bytes,
            syntax,
            open: None,
            escaped_quote: None,
            unquoted_from: 0,
            unquoted_before: 0..0,
        }
    }

    fn on_quote(&mut self, position: usize) {
        match self.open {
            None if self.is_cell_start(position) => {
                self.open = Some(position);
                self.unquoted_before = self.unquoted_from..position;
            }
            Some(_) if self.escaped_quote != Some(position) => match self.bytes.get(position + 1) {
                Some(b'"') => self.escaped_quote = Some(position + 1),
                Some(_) => (self.open, self.unquoted_from) = (None, position + 1),
                // The next byte is not read yet: this may be the first quote of a pair.
                None => {}
            },
            _ => {}
        }
    }

    fn is_cell_start(&self, at: usize) -> bool {
        let mut before = self.bytes[..at].iter().rev();
        match before.find(|byte| !self.syntax.is_blank(**byte)) {
            None | Some(b'\n' | b'\r') => true,
            Some(before) => *before == self.syntax.delimiter,
        }
    }
}

/// The slow path of [`csv_boundary`], for bytes whose last two unquoted ranges hold no line break,
/// and for those with escapes: visits each line break.
fn last_break(bytes: &[u8], syntax: CsvSyntax) -> RecordBoundary {
    let mut quotes = QuoteTracker::new(bytes, syntax);
    let (mut at, mut escaped) = (0, None);
    for position in memchr3_iter(b'"', b'\n', syntax.escape.unwrap_or(b'\n'), bytes) {
        match (bytes[position], quotes.open) {
            _ if escaped == Some(position) => {}
            (b'\n', None) => at = position + 1,
            (b'\n', Some(_)) => {}
            (b'"', _) => quotes.on_quote(position),
            // Outside quotes it is text.
            (_, open) => escaped = open.map(|_| position + 1),
        }
    }
    RecordBoundary { at, open_quote: quotes.open }
}

/// The last boundary of lines.
pub(super) fn line_boundary(bytes: &[u8]) -> RecordBoundary {
    // A line break within a JSON string is escaped (RFC 8259, section 7), so each one ends a line.
    RecordBoundary { at: memrchr(b'\n', bytes).map_or(0, |last| last + 1), open_quote: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundary_follows_unquoted_line_break() {
        let boundary = |text: &str| {
            let boundary = csv_boundary(text.as_bytes(), CsvSyntax::default());
            (boundary.at, boundary.open_quote)
        };
        assert_eq!(boundary("a\nb"), (2, None));
        assert_eq!(boundary("a\n\"b\n"), (2, Some(2)));
        assert_eq!(boundary("a\n\"b\n\"\nc"), (7, None));
        assert_eq!(boundary("5\" pipe\nb"), (8, None));
        assert_eq!(boundary("\"a\"\"\n\"\nb"), (7, None));
        assert_eq!(boundary("\"a\"b\"\nc"), (6, None));
        assert_eq!(boundary("x\n\"a\n\""), (2, Some(2)));
    }

    #[test]
    fn boundary_honours_escapes_and_skipped_blanks() {
        let escape = CsvSyntax { escape: Some(b'\\'), ..CsvSyntax::default() };
        let blanks = CsvSyntax { skips_blanks: true, ..CsvSyntax::default() };
        let boundary = |text: &str, syntax| {
            let boundary = csv_boundary(text.as_bytes(), syntax);
            (boundary.at, boundary.open_quote)
        };
        assert_eq!(boundary("a,\"\\\"\n\"\nb\n\"c\\", escape), (10, Some(10)));
        assert_eq!(boundary("\"a\\\\\"\nb", escape), (6, None));
        assert_eq!(boundary("a\\\nb", escape), (3, None));
        assert_eq!(boundary("a, \t\"b\n\"\nc", blanks), (9, None));
        assert_eq!(boundary("a, b\"\n\"\nc", blanks), (6, Some(6)));
    }
}
