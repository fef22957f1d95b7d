//! Where the cells of a CSV record begin, and whether its quotes are where RFC 4180 wants them.
//!
//! The csv crate takes any quoting; here a quote that does not close, or text behind a closing quote, makes the row
//! unreadable, because such a cell has swallowed others.

use crate::model::row::Layout;

/// Why the quotes of a record cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadQuote {
    /// Opened at this line below the record's first and this column, and never closed.
    Unclosed(u32, u32),
    /// Something stands between a closing quote, at this place, and the next delimiter.
    TextBehind(u32, u32),
}

#[derive(PartialEq)]
enum State {
    CellStart,
    Bare,
    Quoted,
    /// After a quote within a quoted cell: the first of a pair, or the closing one.
    QuoteSeen,
}

/// The places of the cells of a record's own bytes, without the line break at its end.
pub(super) fn layout(record: &[u8], delimiter: u8) -> Result<Layout, BadQuote> {
    let mut starts = vec![(0, 1)];
    let (mut line, mut column) = (0_u32, 1_u32);
    let mut state = State::CellStart;
    for &byte in record {
        state = match (state, byte) {
            (State::Quoted, b'"') => State::QuoteSeen,
            (State::CellStart | State::QuoteSeen, b'"') | (State::Quoted, _) => State::Quoted,
            (_, byte) if byte == delimiter => {
                starts.push((line, column.saturating_add(1)));
                State::CellStart
            }
            (State::QuoteSeen, _) => return Err(BadQuote::TextBehind(line, column)),
            (State::CellStart | State::Bare, _) => State::Bare,
        };
        (line, column) = after(byte, line, column);
    }
    if state == State::Quoted {
        let (line, column) = starts.last().copied().unwrap_or((0, 1));
        return Err(BadQuote::Unclosed(line, column));
    }
    Ok(Layout::Explicit(starts))
}

fn after(byte: u8, line: u32, column: u32) -> (u32, u32) {
    let is_continuation = byte & 0b1100_0000 == 0b1000_0000;
    match byte {
        b'\n' => (line.saturating_add(1), 1),
        _ if is_continuation => (line, column),
        _ => (line, column.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_by_line_and_character() {
        let starts = |text: &str| layout(text.as_bytes(), b',');
        assert_eq!(starts("a,bc,d"), Ok(Layout::Explicit(vec![(0, 1), (0, 3), (0, 6)])));
        assert_eq!(starts("é,b"), Ok(Layout::Explicit(vec![(0, 1), (0, 3)])));
        assert_eq!(starts("\"a\nb\",c"), Ok(Layout::Explicit(vec![(0, 1), (1, 4)])));
        assert_eq!(starts("\"a\"\"b\",c"), Ok(Layout::Explicit(vec![(0, 1), (0, 8)])));
        assert_eq!(starts("5\" pipe,c"), Ok(Layout::Explicit(vec![(0, 1), (0, 9)])));
    }

    #[test]
    fn quotes_that_swallow_cells() {
        assert_eq!(layout(b"a,\"b,c", b','), Err(BadQuote::Unclosed(0, 3)));
        assert_eq!(layout(b"a,\"b\"c,d", b','), Err(BadQuote::TextBehind(0, 6)));
        assert_eq!(layout(b"a,\"b\\\"c\",d", b','), Err(BadQuote::TextBehind(0, 7)));
    }
}
