//! Where the last row that ends within some bytes ends, proved from where a row begins.
//!
//! No guess: from the start of a row every quote is followed as the csv grammar has it, so the state at each line break
//! is known, whatever the quoting looks like. Called by `source`.

use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter, memrchr};

use super::array::{ElementTerminator, element_end};

/// What is known of bytes that begin with a row.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordBoundary {
    /// Behind the last row that ends within them: there the next one begins.
    pub(super) at: usize,
    /// The quote that is still open at their end.
    pub(super) open_quote: Option<usize>,
}

/// The last cut of CSV: behind a line break outside quotes. A quote opens only at the start of a cell, two quotes within
/// a quoted cell are text, and what follows a closing quote is bare text.
pub(super) fn csv_boundary(bytes: &[u8], delimiter: u8) -> RecordBoundary {
    let mut quotes =
        QuoteTracker { bytes, delimiter, open: None, escaped_quote: None, unquoted_from: 0, unquoted_before: 0..0 };
    memchr_iter(b'"', bytes).for_each(|position| quotes.on_quote(position));
    // Nearly always a line break stands behind the last quoted cell, or else before the one that is still open.
    let unquoted = quotes.open.map_or(quotes.unquoted_from..bytes.len(), |open| quotes.unquoted_from..open);
    let last = [unquoted, quotes.unquoted_before.clone()].into_iter().find_map(|unquoted| {
        let start = unquoted.start;
        memrchr(b'\n', &bytes[unquoted]).map(|position| start + position + 1)
    });
    let at = last.unwrap_or_else(|| last_break(bytes, delimiter));
    RecordBoundary { at, open_quote: quotes.open }
}

/// Follows quotes from the start of a row.
struct QuoteTracker<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    open: Option<usize>,
    escaped_quote: Option<usize>,
    /// Behind the last quoted cell, and what stands between it and the one before.
    unquoted_from: usize,
    unquoted_before: Range<usize>,
}

impl QuoteTracker<'_> {
    fn on_quote(&mut self, position: usize) {
        match self.open {
            None if self.is_cell_start(position) => {
                self.open = Some(position);
                self.unquoted_before = self.unquoted_from..position;
            }
            Some(_) if self.escaped_quote != Some(position) => match self.bytes.get(position + 1) {
                Some(b'"') => self.escaped_quote = Some(position + 1),
                Some(_) => (self.open, self.unquoted_from) = (None, position + 1),
                // It may be the first of two: that is not known yet.
                None => {}
            },
            _ => {}
        }
    }

    fn is_cell_start(&self, at: usize) -> bool {
        match at.checked_sub(1).map(|before| self.bytes[before]) {
            None | Some(b'\n' | b'\r') => true,
            Some(before) => before == self.delimiter,
        }
    }
}

/// The last cut where the last two stretches between quoted cells have none: each line break is looked at.
fn last_break(bytes: &[u8], delimiter: u8) -> usize {
    let mut quotes =
        QuoteTracker { bytes, delimiter, open: None, escaped_quote: None, unquoted_from: 0, unquoted_before: 0..0 };
    let mut at = 0;
    for position in memchr2_iter(b'"', b'\n', bytes) {
        match (bytes[position], quotes.open) {
            (b'\n', None) => at = position + 1,
            (b'\n', Some(_)) => {}
            _ => quotes.on_quote(position),
        }
    }
    at
}

/// The last cut of lines.
pub(super) fn line_boundary(bytes: &[u8]) -> RecordBoundary {
    RecordBoundary { at: memrchr(b'\n', bytes).map_or(0, |last| last + 1), open_quote: None }
}

/// What is known of bytes that begin with an element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ArrayBoundary {
    /// Behind the last comma between elements.
    pub(super) at: usize,
    /// The `]` of the array.
    pub(super) bracket: Option<usize>,
    /// Whether the bytes end within a string or a bracket.
    pub(super) is_within: bool,
}

/// The last cut of an array: behind a comma between elements.
pub(super) fn array_boundary(bytes: &[u8]) -> ArrayBoundary {
    let mut at = 0;
    loop {
        let end = element_end(bytes, at);
        match end.terminator {
            ElementTerminator::Comma => at = end.at + 1,
            ElementTerminator::Bracket => return ArrayBoundary { at, bracket: Some(end.at), is_within: false },
            ElementTerminator::EndOfBytes => return ArrayBoundary { at, bracket: None, is_within: false },
            ElementTerminator::Truncated => return ArrayBoundary { at, bracket: None, is_within: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundary_follows_unquoted_line_break() {
        let boundary = |text: &str| {
            let boundary = csv_boundary(text.as_bytes(), b',');
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
    fn boundary_follows_comma_between_elements() {
        assert_eq!(array_boundary(b"{\"a\":[1,2]}, {"), ArrayBoundary { at: 12, bracket: None, is_within: true });
        assert_eq!(array_boundary(b"{},{} ]\n"), ArrayBoundary { at: 3, bracket: Some(6), is_within: false });
        assert_eq!(array_boundary(b"{} "), ArrayBoundary { at: 0, bracket: None, is_within: false });
    }
}
