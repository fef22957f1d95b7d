//! Slow CSV path: parses one record of any shape with csv-core.
//!
//! csv-core carries the grammar: where the record ends and what its cells are. What is wrong with
//! them is found by `csv_damage`. Called by `csv` for every record that is not plain.

use std::borrow::Cow;

use csv_core::ReadRecordResult;

use super::{
    csv_damage::{CellError, QuoteError, RecordDamage, doubtful_cells},
    csv_records::{CellBuffer, SEPARATOR},
    dialect::ReadLimits,
    position::to_u32,
    wrapped_cell::unwrapped,
};
use crate::model::{
    csv_syntax::CsvSyntax,
    encoding_hint::BadByte,
    raw_record::{RawCell, RawRecord},
};

/// Kept between two records, so that one of the maximum length does not hold its memory.
const MAX_KEPT_OUTPUT: usize = 64 * 1024;

/// Parses records one by one.
#[derive(Debug)]
pub(super) struct SlowCsvParser {
    syntax: CsvSyntax,
    core: csv_core::Reader,
    /// The text of the record's cells as csv-core returns them.
    output: Vec<u8>,
}

/// One parsed record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ParsedCells {
    /// Its length, without the line break.
    pub(super) n_bytes: usize,
    /// The number of its cells.
    pub(super) n_cells: usize,
    /// The same without the empty ones at its end.
    pub(super) n_filled: usize,
    pub(super) damage: RecordDamage,
}

impl SlowCsvParser {
    // A `csv_core::Reader` cannot be cloned instead (0.1.13): the clone has lost half of its
    // tables.
    pub(super) fn new(syntax: CsvSyntax) -> Self {
        let mut core = csv_core::ReaderBuilder::new()
            .delimiter(syntax.delimiter)
            .quoting(syntax.has_quotes)
            .escape(syntax.escape)
            .build();
        // It would skip a byte order mark at the start of the first record that it reads. That of
        // the file is skipped before; any other is text.
        core.read_record(&[], &mut [], &mut []);
        Self { syntax, core, output: Vec::new() }
    }

    /// Parses the record at the start of `bytes` into `cells`. It ends before a line break outside
    /// quotes, or with the bytes. Of a record with more cells than a header may have, only one more
    /// than that are kept.
    pub(super) fn parse(
        &mut self,
        bytes: &[u8],
        limits: &ReadLimits,
        cells: &mut CellBuffer,
    ) -> ParsedCells {
        let mut new = NewCells {
            text_start: cells.text.len(),
            first_end: cells.ends.len(),
            cells,
            unwraps_cells: self.syntax.unwraps_cells,
            parsed: ParsedCells::default(),
        };
        if self.syntax.skips_blanks {
            // csv-core knows no blanks before quotes.
            let record = RawRecord::first_of(bytes, self.syntax);
            self.parse_cells(&without_skipped_blanks(record), limits, &mut new);
            new.parsed.n_bytes = record.bytes.len();
        } else {
            self.parse_cells(bytes, limits, &mut new);
        }
        let record = RawRecord { bytes: &bytes[..new.parsed.n_bytes], syntax: self.syntax };
        new.parsed.damage.quotes = QuoteError::of(record);
        new.refuse(doubtful_cells(record));
        self.output.truncate(MAX_KEPT_OUTPUT);
        self.output.shrink_to(MAX_KEPT_OUTPUT);
        new.parsed
    }

    fn parse_cells(&mut self, bytes: &[u8], limits: &ReadLimits, new: &mut NewCells<'_>) {
        let (mut n_read, mut n_written, mut cell_start) = (0, 0, 0);
        let mut ends = [0; 64];
        loop {
            let (result, n_in, n_out, n_ends) =
                self.core.read_record(&bytes[n_read..], &mut self.output[n_written..], &mut ends);
            (n_read, n_written) = (n_read + n_in, n_written + n_out);
            for end in &ends[..n_ends] {
                new.push(&self.output[cell_start..*end], limits);
                cell_start = *end;
            }
            match result {
                // After the last byte, a call without input ends the record.
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::OutputFull => self.output.resize(2 * n_written + 1024, 0),
                ReadRecordResult::Record | ReadRecordResult::End => {
                    // The last byte that it read is the line break, if there is one.
                    new.parsed.n_bytes = n_read - usize::from(n_in > 0);
                    return;
                }
            }
        }
    }
}

/// A record without the blanks before the quotes that open cells.
fn without_skipped_blanks(record: RawRecord<'_>) -> Cow<'_, [u8]> {
    let opening = |cell: RawCell| Some((cell.range.start, record.opening_quote(cell.range.start)?));
    let mut blanks = record.cells().filter_map(opening).filter(|(from, to)| from < to).peekable();
    if blanks.peek().is_none() {
        return Cow::Borrowed(record.bytes);
    }
    let (mut bytes, mut at) = (Vec::with_capacity(record.bytes.len()), 0);
    for (from, to) in blanks {
        bytes.extend_from_slice(&record.bytes[at..from]);
        at = to;
    }
    bytes.extend_from_slice(&record.bytes[at..]);
    Cow::Owned(bytes)
}

/// The cells of one record, which are the last ones in the buffer.
struct NewCells<'c> {
    text_start: usize,
    first_end: usize,
    cells: &'c mut CellBuffer,
    unwraps_cells: bool,
    parsed: ParsedCells,
}

impl NewCells<'_> {
    fn push(&mut self, bytes: &[u8], limits: &ReadLimits) {
        let index = self.parsed.n_cells;
        self.parsed.n_cells += 1;
        let text = match std::str::from_utf8(bytes) {
            Err(error) => Err(CellError::NotUtf8(BadByte::of(bytes, error))),
            Ok(text) if text.len() as u64 > limits.max_cell => {
                Err(CellError::TooLong(text.len() as u64))
            }
            Ok(text) if self.unwraps_cells => unwrapped(text).ok_or(CellError::HalfWrapped),
            Ok(text) => Ok(Cow::Borrowed(text)),
        };
        if text.as_ref().map_or(true, |text| !text.trim().is_empty()) {
            self.parsed.n_filled = index + 1;
        }
        let text = text.unwrap_or_else(|error| {
            self.parsed.damage.cell.get_or_insert((index, error));
            Cow::default()
        });
        if index <= limits.max_columns {
            if index > 0 {
                self.cells.text.push(SEPARATOR);
            }
            self.cells.text.push_str(&text);
            self.cells.ends.push(to_u32(self.cells.text.len() - self.text_start));
        }
    }

    /// Empties doubtful cells.
    fn refuse(&mut self, cells: impl Iterator<Item = (usize, CellError)>) {
        let mut refused = cells.peekable();
        let Some(&first) = refused.peek() else { return };
        let error = &mut self.parsed.damage.cell;
        if error.is_none_or(|(index, _)| first.0 < index) {
            *error = Some(first);
        }
        let text = self.cells.text.split_off(self.text_start);
        let mut start = 0;
        for (index, end) in self.cells.ends[self.first_end..].iter_mut().enumerate() {
            if index > 0 {
                self.cells.text.push(SEPARATOR);
            }
            let cell = &text[start..*end as usize];
            start = *end as usize + 1;
            let is_refused = refused.next_if(|(refused, _)| *refused == index).is_some();
            self.cells.text.push_str(if is_refused { "" } else { cell });
            *end = to_u32(self.cells.text.len() - self.text_start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> (ParsedCells, CellBuffer) {
        parsed_with(true, bytes)
    }

    fn parsed_with(has_quotes: bool, bytes: &[u8]) -> (ParsedCells, CellBuffer) {
        parsed_as(CsvSyntax { has_quotes, ..CsvSyntax::default() }, bytes)
    }

    fn parsed_as(syntax: CsvSyntax, bytes: &[u8]) -> (ParsedCells, CellBuffer) {
        let mut cells = CellBuffer::default();
        let limits = ReadLimits { max_cell: 4, max_columns: 4, ..ReadLimits::default() };
        let parsed = SlowCsvParser::new(syntax).parse(bytes, &limits, &mut cells);
        (parsed, cells)
    }

    #[test]
    fn quotes_are_removed_and_content_kept() {
        let (record, cells) = parsed(b"\"a\n\"\"\",,b\r\nc");
        assert_eq!(
            (cells.text.as_str(), cells.ends, record.n_bytes),
            ("a\n\",,b", vec![3, 4, 6], 9)
        );
    }

    #[test]
    fn malformed_quotes_are_reported() {
        let error = |bytes| parsed(bytes).0.damage.quotes;
        assert_eq!(error(b"a,\"b,c"), Some(QuoteError::Unclosed(0, 3)));
        assert_eq!(error(b"a,\"b\"c,d"), Some(QuoteError::TextAfter(0, 6)));
        assert_eq!(error(b"a,\"b\\\"c\",d"), Some(QuoteError::TextAfter(0, 7)));
        assert_eq!(error(b"a,\"b\nc\"d"), Some(QuoteError::TextAfter(1, 3)));
    }

    #[test]
    fn invalid_cell_is_left_empty() {
        let (record, cells) = parsed(b"a,\"\xFF\",12345,b");
        let text = vec![0xFF];
        let bad = BadByte::of(&text, std::str::from_utf8(&text).unwrap_err());
        assert_eq!(
            (record.damage.cell, cells.text.as_str()),
            (Some((1, CellError::NotUtf8(bad))), "a,,,b")
        );
        let error = parsed(b"a,\"12\"\"345\"").0.damage.cell;
        assert_eq!(error, Some((1, CellError::TooLong(6))));
    }

    #[test]
    fn quote_after_blanks_is_an_error() {
        let error = |text: &str| parsed(text.as_bytes()).0.damage.cell;
        assert_eq!(error("a, \"b\",c"), Some((1, CellError::QuoteAfterBlanks)));
        assert_eq!(error("a,\t\"b"), Some((1, CellError::QuoteAfterBlanks)));
        assert_eq!(error("a, \"b,12345"), Some((1, CellError::QuoteAfterBlanks)));
        assert_eq!(error("12345, \"b"), Some((0, CellError::TooLong(5))));
        assert_eq!(error("a,\" \"\"\",5\" p, b"), None);
        assert_eq!(parsed_with(false, b"a, \"b").0.damage.cell, None);
        let (_, cells) = parsed(b" \"a,b, \"c,d");
        assert_eq!((cells.text.as_str(), cells.ends), (",b,,d", vec![0, 2, 3, 5]));
    }

    #[test]
    fn quotes_are_data_without_quoting() {
        let (record, cells) = parsed_with(false, b"\"a\",\"b\nc");
        assert_eq!(
            (cells.text.as_str(), record.n_bytes, record.damage.quotes),
            ("\"a\",\"b", 6, None)
        );
    }

    #[test]
    fn blanks_before_quotes_are_skipped() {
        let syntax = CsvSyntax { skips_blanks: true, ..CsvSyntax::default() };
        let (record, cells) = parsed_as(syntax, b" \"a,\",\t\"b\nc\" , d\ne");
        assert_eq!(record.n_bytes, 16);
        assert_eq!((cells.text.as_str(), cells.ends), ("a,,b\nc , d", vec![2, 7, 10]));
        // What is behind the quotes is no blank before a quote.
        assert_eq!(record.damage.quotes, Some(QuoteError::TextAfter(1, 3)));
        let (record, cells) = parsed_as(syntax, b"a, \"\"\"b\"\"\",\xC2\xA0\"c");
        assert_eq!(cells.text, "a,\"b\",");
        assert_eq!(record.damage.cell, Some((2, CellError::QuoteAfterBlanks)));
        assert_eq!(parsed_as(syntax, b"a,  \"b").0.damage.quotes, Some(QuoteError::Unclosed(0, 5)));
    }

    #[test]
    fn escapes_are_removed_before_what_needs_them() {
        let syntax = CsvSyntax { escape: Some(b'\\'), ..CsvSyntax::default() };
        let text = |bytes| {
            let (record, cells) = parsed_as(syntax, bytes);
            assert_eq!(record.damage, RecordDamage::default());
            cells.text
        };
        assert_eq!(text(br#"a,"b\"",c"#), "a,b\",c");
        assert_eq!(text(br#""\\","\\""#), "\\,\\");
        assert_eq!(text(b"\"a\\\nb\",\"\\,\""), "a\nb,,");
        assert_eq!(text(br#""a""b", \N "#), "a\"b, \\N ");
    }

    #[test]
    fn doubtful_escape_is_an_error() {
        let syntax = CsvSyntax { escape: Some(b'\\'), ..CsvSyntax::default() };
        let (record, cells) = parsed_as(syntax, br#"a,"C:\n",d"#);
        assert_eq!(record.damage.cell, Some((1, CellError::Escape(0, 6))));
        assert_eq!((cells.text.as_str(), record.damage.quotes), ("a,,d", None));
        let (record, cells) = parsed_as(syntax, br"a,\\b,d");
        assert_eq!(record.damage.cell, Some((1, CellError::Escape(0, 3))));
        assert_eq!((cells.text.as_str(), record.damage.quotes), ("a,,d", None));
        for outside in [&br"a\,b"[..], br"a\", br#"a\"b"#] {
            let quotes = parsed_as(syntax, outside).0.damage.quotes;
            assert_eq!(quotes, Some(QuoteError::EscapeOutside(0, 2)));
        }
        assert!(parsed_as(syntax, br#""a\"#).0.damage.quotes.is_some());
    }

    #[test]
    fn half_wrapped_cell_is_left_empty() {
        let syntax = CsvSyntax { unwraps_cells: true, ..CsvSyntax::default() };
        let (record, cells) = parsed_as(syntax, b"=\"1\",\"=\"\"2\"\"\",'3,=\"4\n");
        assert_eq!((cells.text.as_str(), cells.ends), ("1,2,3,", vec![1, 3, 5, 6]));
        assert_eq!(record.damage.cell, Some((3, CellError::HalfWrapped)));
    }

    #[test]
    fn byte_order_mark_is_text() {
        assert_eq!(parsed(b"\xEF\xBB\xBFa,b").1.ends, [4, 6]);
    }

    #[test]
    fn excess_cells_are_counted_but_not_kept() {
        let (record, cells) = parsed(b"1,2,3,4,5,6,7\n");
        assert_eq!((record.n_cells, cells.ends.len(), cells.text.as_str()), (7, 5, "1,2,3,4,5"));
        // More cells than csv-core returns at once, and more text.
        let many = b"12,".repeat(1000);
        assert_eq!(parsed(&many).0.n_cells, 1001);
    }
}
