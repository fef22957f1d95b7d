//! CSV: records as RFC 4180 has them, UTF-8 with or without a byte order mark, LF or CRLF, quoted line breaks.

use std::{ops::Range, sync::Arc};

use ::csv::ByteRecord;

use super::{
    FileEnd, ReadError,
    inputs::Input,
    layout::{BadQuote, layout},
    tape::Tape,
    unpack::{self, Bytes},
};
use crate::model::{
    origin::{FileId, Position, RowOrigin},
    row::{Content, Header, Layout, Record, Row, Unreadable},
};

/// The records of one file.
pub struct CsvRows {
    reader: ::csv::Reader<Tape<Bytes>>,
    /// Where the csv crate began to count: behind the byte order mark.
    base: u64,
    input: Input,
    file: FileId,
    delimiter: u8,
    header: Arc<Header>,
    header_bytes: Range<u64>,
    has_crlf: bool,
    last: Option<Position>,
    ended_without_break: bool,
    /// The csv crate leaves the LF of a CRLF to the next record.
    ended_in_cr: bool,
    record: ByteRecord,
}

impl CsvRows {
    pub(super) fn open(mut bytes: Bytes, input: &Input, file: FileId, delimiter: u8) -> Result<Self, ReadError> {
        let base = unpack::skip_bom(&mut bytes).map_err(|source| input.error(source))?;
        let reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(Tape::new(bytes, base));
        let mut rows = Self {
            reader,
            base,
            input: input.clone(),
            file,
            delimiter,
            header: Arc::new(Header { names: Vec::new(), positions: Vec::new() }),
            header_bytes: 0..0,
            has_crlf: false,
            last: None,
            ended_without_break: false,
            ended_in_cr: false,
            record: ByteRecord::new(),
        };
        rows.read_header()?;
        Ok(rows)
    }

    fn read_header(&mut self) -> Result<(), ReadError> {
        let Some(row) = self.next().transpose()? else {
            return Err(ReadError::NoHeader(self.input.name.clone()));
        };
        let record = match &row.content {
            Content::Record(record) => record,
            Content::Unreadable(bad) => {
                return Err(ReadError::BadHeader(self.input.name.clone(), bad.reason.clone()));
            }
            Content::Document(_) => unreachable!("a CSV file has no documents"),
        };
        let n_columns = record.ends.len();
        self.header = Arc::new(Header {
            names: (0..n_columns).map(|index| record.cell(index).to_owned()).collect(),
            positions: (0..n_columns).map(|index| record.position(&row.origin, index)).collect(),
        });
        self.header_bytes = row.origin.bytes;
        self.last = None;
        Ok(())
    }

    pub(super) fn header(&self) -> &Arc<Header> {
        &self.header
    }

    pub(super) fn end(&self) -> FileEnd {
        FileEnd {
            header: Some(self.header_bytes.clone()),
            has_crlf: self.has_crlf,
            unfinished: self.last.filter(|_| self.ended_without_break),
        }
    }

    fn row(&mut self) -> Result<Row, ReadError> {
        let (origin, content) = {
            let from = self.base + self.record.position().map_or(0, ::csv::Position::byte);
            let to = self.base + self.reader.position().byte();
            let taken = self.reader.get_ref().between(from, to);
            let own = own_bytes(taken);
            if self.ended_in_cr && !taken.starts_with(b"\n") {
                let line = self.record.position().map_or(1, ::csv::Position::line);
                return Err(ReadError::LoneCr(self.input.name.clone(), line));
            }
            self.ended_in_cr = taken.ends_with(b"\r");
            self.has_crlf |= taken.ends_with(b"\r\n") || taken.ends_with(b"\r");
            self.ended_without_break = !taken.ends_with(b"\n") && !taken.ends_with(b"\r");
            let blank_lines = taken[..own.start].iter().filter(|byte| **byte == b'\n').count();
            let line = self.record.position().map_or(1, ::csv::Position::line) + blank_lines as u64;
            let bytes = from + own.start as u64..from + own.end as u64;
            (RowOrigin { file: self.file, line, bytes }, self.content(&taken[own]))
        };
        self.last = Some(origin.position());
        self.reader.get_mut().forget_before(origin.bytes.end);
        Ok(Row { origin, content })
    }

    fn content(&self, own: &[u8]) -> Content {
        let is_plain =
            !own.contains(&b'"') && own.len() == self.record.as_slice().len() + self.record.len().saturating_sub(1);
        let layout = if is_plain { Ok(Layout::Plain) } else { layout(own, self.delimiter) };
        let spans_lines = own.contains(&b'\n');
        let reason = match &layout {
            Err(bad) => Some(bad_quote(*bad)),
            Ok(_) => self.misfit().or_else(|| self.broken_encoding()),
        };
        // A damaged row of several lines may have swallowed rows of other orders: nothing of it is certain.
        let may_hold_others = spans_lines || layout.is_err();
        let record = self.record(layout.unwrap_or(Layout::Plain));
        match reason {
            None => Content::Record(record),
            Some(reason) => {
                let remains = (!may_hold_others).then(|| Box::new(Content::Record(record)));
                Content::Unreadable(Unreadable { reason, remains })
            }
        }
    }

    fn misfit(&self) -> Option<String> {
        let (found, expected) = (self.record.len(), self.header.names.len());
        // While the header itself is read there is nothing to fit.
        (expected != 0 && found != expected).then(|| {
            let cells = if found == 1 { "cell" } else { "cells" };
            format!("the row has {found} {cells}, the header has {expected}")
        })
    }

    fn broken_encoding(&self) -> Option<String> {
        let index = self.record.iter().position(|cell| std::str::from_utf8(cell).is_err())?;
        let column = self.header.names.get(index).map_or_else(|| (index + 1).to_string(), |name| format!("{name:?}"));
        Some(format!("the cell of column {column} is not UTF-8"))
    }

    /// The record as text; a cell that is not UTF-8 is left empty.
    fn record(&self, layout: Layout) -> Record {
        let header = Arc::clone(&self.header);
        if let Ok(text) = std::str::from_utf8(self.record.as_slice()) {
            let ends = (0..self.record.len()).filter_map(|index| Some(self.record.range(index)?.end)).collect();
            return Record { header, text: text.to_owned(), ends, layout };
        }
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(self.record.len()));
        for cell in &self.record {
            text.push_str(std::str::from_utf8(cell).unwrap_or_default());
            ends.push(text.len());
        }
        Record { header, text, ends, layout }
    }
}

impl Iterator for CsvRows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = std::mem::take(&mut self.record);
        let is_read = self.reader.read_byte_record(&mut record);
        self.record = record;
        match is_read {
            Ok(true) => Some(self.row()),
            Ok(false) => None,
            Err(error) => Some(Err(self.input.error(error.into()))),
        }
    }
}

/// The record's own bytes: the csv crate counts blank lines and half a CRLF before it as part of it.
fn own_bytes(taken: &[u8]) -> Range<usize> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = taken.iter().position(|byte| !is_break(byte)).unwrap_or(taken.len());
    let end = taken.iter().rposition(|byte| !is_break(byte)).map_or(start, |last| last + 1);
    start..end
}

fn bad_quote(bad: BadQuote) -> String {
    match bad {
        BadQuote::Unclosed(line, column) => {
            format!("the quote opened at column {column}{} is never closed", lines_below(line))
        }
        BadQuote::TextBehind(line, column) => format!(
            "text behind a closing quote at column {column}{}, expected a delimiter; a quote within a cell is written \"\"",
            lines_below(line)
        ),
    }
}

fn lines_below(line: u32) -> String {
    if line == 0 { String::new() } else { format!(" of the line {line} below") }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::read::{Dialect, Rows};

    fn rows(bytes: &[u8]) -> (Vec<Row>, FileEnd) {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let input = Input::file("orders.csv", file.path()).unwrap();
        let mut open = Rows::open(&input, FileId(0), &Dialect::default()).unwrap();
        let rows = open.by_ref().map(Result::unwrap).collect();
        (rows, open.end())
    }

    fn shown(bytes: &[u8]) -> Vec<String> {
        let show = |row: &Row| {
            let place = format!("{} {:?}", row.origin.line, row.origin.bytes);
            match &row.content {
                Content::Record(record) => {
                    let cells = (0..record.ends.len()).map(|index| {
                        let at = record.position(&row.origin, index);
                        format!("{}@{}:{}", record.cell(index), at.line, at.column.unwrap())
                    });
                    format!("{place} {}", cells.collect::<Vec<_>>().join(" "))
                }
                Content::Unreadable(bad) => format!("{place} {} {}", bad.reason, bad.remains.is_some()),
                Content::Document(_) => unreachable!(),
            }
        };
        rows(bytes).0.iter().map(show).collect()
    }

    #[test]
    fn line_column_and_bytes_of_every_cell() {
        assert_eq!(shown(b"k,v\na,b\ncc,d\n"), ["2 4..7 a@2:1 b@2:3", "3 8..12 cc@3:1 d@3:4"]);
        assert_eq!(shown(b"\xEF\xBB\xBFk,v\r\na,b\r\n\r\ncc,d"), ["2 8..11 a@2:1 b@2:3", "4 15..19 cc@4:1 d@4:4"]);
        assert_eq!(
            shown("k,v\n\"é\n\"\"x\",b\nü,d\n".as_bytes()),
            ["2 4..14 é\n\"x@2:1 b@3:6", "4 15..19 ü@4:1 d@4:3"]
        );
    }

    #[test]
    fn a_row_that_cannot_be_read_says_why() {
        assert_eq!(shown(b"k,v\na,b,c\n"), ["2 4..9 the row has 3 cells, the header has 2 true"]);
        assert_eq!(shown(b"k,v\na,\xFF\n"), ["2 4..7 the cell of column \"v\" is not UTF-8 true"]);
        assert_eq!(shown(b"k,v\na,\"b\nc,d\n"), ["2 4..12 the quote opened at column 3 is never closed false"]);
    }

    #[test]
    fn a_last_row_without_a_line_break_is_known() {
        assert_eq!(rows(b"k,v\na,b").1.unfinished.map(|at| at.line), Some(2));
        assert_eq!(rows(b"k,v\na,b\r\n").1.unfinished, None);
        assert_eq!(rows(b"k,v").1, FileEnd { header: Some(0..3), has_crlf: false, unfinished: None });
    }
}
