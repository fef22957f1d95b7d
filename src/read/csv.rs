//! CSV: records as RFC 4180 has them, UTF-8, LF or CRLF, quoted line breaks.
//!
//! Two ways to read a row, with the same result. The fast one jumps from delimiter to delimiter and takes only rows
//! that it has proved plain: no quote but around whole cells, no lone carriage return, UTF-8, as many cells as the header. Every other row goes
//! the careful way (`cells`), which alone knows what can be wrong with a row. Does not read files. Called by `reader`.

use std::{ops::Range, sync::Arc};

use memchr::{memchr, memchr2};

use super::{
    Bounds, ReadError,
    cells::{BadCell, BadQuote, Cells, Stretch, Taken, narrow, take_row},
    marks::{Finder, LANES, Marks},
    reader::Piece,
};
use crate::model::{
    origin::{FileId, RowOrigin},
    row::{Content, Header, Layout, Record, Row, Unreadable},
};

/// What is the same for all rows of a file.
#[derive(Debug, Clone)]
pub(super) struct CsvForm {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    pub(super) delimiter: u8,
    /// Without names while the header itself is read: there is nothing to fit then.
    pub(super) header: Arc<Header>,
    pub(super) bounds: Bounds,
}

/// Rows that were read.
#[derive(Debug, Default)]
pub(super) struct Records<'b> {
    found: Vec<Found<'b>>,
    cells: Cells,
}

/// A row that was read.
#[derive(Debug)]
struct Found<'b> {
    line: u64,
    bytes: Range<u64>,
    text: Text<'b>,
    /// In `Cells::ends`.
    ends: Range<usize>,
    bad: Option<Box<Bad>>,
}

#[derive(Debug)]
enum Text<'b> {
    /// As it stands in the piece.
    Plain(&'b str),
    /// The same, with quotes around some cells and none within.
    Quoted(&'b str),
    /// In `Cells::text`, and from where on in `Cells::starts`.
    Careful(Range<usize>, usize),
}

#[derive(Debug)]
struct Bad {
    reason: String,
    has_remains: bool,
}

impl<'b> Records<'b> {
    /// None yet. Growing step by step would cost as much as finding them.
    pub(super) fn with_room_for<'p>(pieces: impl Iterator<Item = Piece<'p>>, format: &CsvForm) -> Self {
        /// Of rows and of cells on the average, in bytes.
        const ROW: usize = 128;
        const CELL: usize = 8;
        let (n_pieces, n_bytes) =
            pieces.fold((0, 0), |(n_pieces, n_bytes), piece| (n_pieces + 1, n_bytes + piece.bytes.len()));
        let mut records = Self { found: Vec::with_capacity(n_pieces.max(n_bytes / ROW)), cells: Cells::default() };
        records.cells.ends.reserve(n_bytes / CELL + LANES + format.header.names.len());
        records
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Reads the rows of a piece.
    pub(super) fn add(&mut self, format: &CsvForm, piece: Piece<'b>) -> Result<(), ReadError> {
        let mut parser = Walk::new(format, piece);
        while parser.at < piece.bytes.len() {
            parser.plain_rows(self);
            parser.careful_row(self)?;
        }
        Ok(())
    }

    pub(super) fn row(&self, index: usize, file: FileId) -> Row<'_> {
        let parsed = &self.found[index];
        let origin = RowOrigin { file, line: parsed.line, bytes: parsed.bytes.clone() };
        let record = Content::Record(self.record(parsed));
        let content = match &parsed.bad {
            None => record,
            Some(damage) => Content::Unreadable(Unreadable {
                reason: damage.reason.clone(),
                remains: damage.has_remains.then(|| Box::new(record)),
            }),
        };
        Row { origin, content }
    }

    fn record(&self, parsed: &Found<'b>) -> Record<'_> {
        let ends = &self.cells.ends[parsed.ends.clone()];
        match &parsed.text {
            Text::Plain(text) => Record { text, ends, layout: Layout::Plain },
            Text::Quoted(text) => Record { text, ends, layout: Layout::Quoted },
            Text::Careful(text, starts) => {
                let starts = &self.cells.starts[*starts..*starts + ends.len()];
                Record { text: &self.cells.text[text.clone()], ends, layout: Layout::Explicit(starts) }
            }
        }
    }
}

/// A header, and its bytes in the unpacked file without the line break.
pub(super) type FoundHeader = (Header, Range<u64>);

/// Reads the header at the start of a file: with its bytes, none where there are only blank lines, and how many bytes
/// it and its line break have.
pub(super) fn header(format: &CsvForm, piece: Piece<'_>) -> Result<(Option<FoundHeader>, usize), ReadError> {
    let mut records = Records::default();
    let mut parser = Walk::new(format, piece);
    while records.found.is_empty() && parser.at < piece.bytes.len() {
        parser.careful_row(&mut records)?;
    }
    if records.len() == 0 {
        return Ok((None, parser.at));
    }
    let Row { origin, content } = records.row(0, format.file);
    let record = match content {
        Content::Unreadable(unreadable) => {
            return Err(ReadError::BadHeader(format.name.to_string(), unreadable.reason));
        }
        Content::Record(record) => record,
        Content::Document(_) => return Ok((None, parser.at)),
    };
    let header = Header {
        names: (0..record.n_cells()).map(|index| record.cell(index).to_owned()).collect(),
        positions: (0..record.n_cells()).map(|index| record.position(&origin, index)).collect(),
    };
    Ok((Some((header, origin.bytes)), parser.at))
}

/// Adds the ends of cells whose delimiters have these marks, `lanes_start` bytes behind the start of their row; that may
/// lie in the lanes, so it may be less than nothing.
fn push_ends(mut delimiters: u64, chunk_start: usize, ends: &mut Vec<u32>) {
    ends.reserve(LANES);
    while delimiters != 0 {
        ends.push(narrow(chunk_start.wrapping_add(delimiters.trailing_zeros() as usize)));
        delimiters &= delimiters - 1;
    }
}

/// A walk over the rows of one piece.
struct Walk<'w, 'b> {
    form: &'w CsvForm,
    piece: Piece<'b>,
    stretch: Stretch<'b>,
    finder: Finder,
    /// Where the next row begins.
    at: usize,
    line: u64,
    /// A cell of that row has quotes around it.
    has_quotes: bool,
}

impl<'w, 'b> Walk<'w, 'b> {
    fn new(format: &'w CsvForm, piece: Piece<'b>) -> Self {
        let scanner = Finder::new(format.delimiter, memchr(b'\r', piece.bytes).is_some());
        Self {
            form: format,
            piece,
            stretch: Stretch::of(piece.bytes),
            finder: scanner,
            at: 0,
            line: piece.line,
            has_quotes: false,
        }
    }

    /// Takes rows as long as they are plain.
    fn plain_rows(&mut self, into: &mut Records<'b>) {
        let bytes = self.piece.bytes;
        let mut first_end = into.cells.ends.len();
        let mut chunk_start = self.at;
        self.has_quotes = false;
        'lanes: while chunk_start < bytes.len() {
            let Marks { mut delimiters, others: mut special } = self.finder.find(&bytes[chunk_start..]);
            while special != 0 {
                let bit = special.trailing_zeros();
                let before = delimiters & !(u64::MAX << bit);
                push_ends(before, chunk_start.wrapping_sub(self.at), &mut into.cells.ends);
                (delimiters, special) = (delimiters & !before, special & (special - 1));
                let position = chunk_start + bit as usize;
                let is_fast = match bytes[position] {
                    b'\r' => matches!(bytes.get(position + 1), None | Some(b'\n')),
                    b'\n' => self.plain_row(position, &mut first_end, into),
                    _ => match self.quoted_cell(position) {
                        Some(after) => {
                            chunk_start = after;
                            continue 'lanes;
                        }
                        None => false,
                    },
                };
                if !is_fast {
                    return into.cells.ends.truncate(first_end);
                }
            }
            push_ends(delimiters, chunk_start.wrapping_sub(self.at), &mut into.cells.ends);
            chunk_start += LANES;
        }
        if self.at < bytes.len() && !self.plain_row(bytes.len(), &mut first_end, into) {
            into.cells.ends.truncate(first_end);
        }
    }

    /// Behind the cell that the quote at `place` opens, if it is one on one line and without quotes within.
    fn quoted_cell(&mut self, position: usize) -> Option<usize> {
        let bytes = self.piece.bytes;
        let is_cell_start = position == self.at || bytes[position - 1] == self.form.delimiter;
        let close = memchr2(b'"', b'\n', &bytes[position + 1..]).filter(|_| is_cell_start)? + position + 1;
        let is_closed = bytes[close] == b'"'
            && bytes.get(close + 1).is_none_or(|next| *next == self.form.delimiter || matches!(next, b'\r' | b'\n'));
        self.has_quotes |= is_closed;
        is_closed.then_some(close + 1)
    }

    /// Takes the row that ends with the line break or the end of the piece at `place`, if it is plain.
    fn plain_row(&mut self, position: usize, first_end: &mut usize, into: &mut Records<'b>) -> bool {
        let with_cr = &self.piece.bytes[self.at..position];
        let own = with_cr.strip_suffix(b"\r").unwrap_or(with_cr);
        let n_cells = into.cells.ends.len() - *first_end + 1;
        let is_blank = own.is_empty() && n_cells == 1;
        if !is_blank {
            let limits = &self.form.bounds;
            let fits = n_cells == self.form.header.names.len() && own.len() as u64 <= limits.cell.min(limits.record);
            let Some(text) = self.stretch.text(self.at..self.at + own.len()).filter(|_| fits) else { return false };
            into.cells.ends.push(narrow(own.len()));
            let ends = *first_end..into.cells.ends.len();
            *first_end = ends.end;
            into.found.push(Found {
                line: self.line,
                bytes: self.range(own.len()),
                text: if std::mem::take(&mut self.has_quotes) { Text::Quoted(text) } else { Text::Plain(text) },
                ends,
                bad: None,
            });
        }
        self.at = self.piece.bytes.len().min(position + 1);
        self.line += 1;
        true
    }

    /// Takes one row of any kind, or a blank line.
    fn careful_row(&mut self, into: &mut Records<'b>) -> Result<(), ReadError> {
        let rest = &self.piece.bytes[self.at..];
        if !matches!(rest.first(), None | Some(b'\r' | b'\n')) {
            let from = (into.cells.text.len(), into.cells.ends.len(), into.cells.starts.len());
            let scan = take_row(self.stretch, self.at, self.form.delimiter, &self.form.bounds, &mut into.cells);
            let record = self.found(&rest[..scan.n_bytes], &scan, from, &into.cells)?;
            into.found.push(record);
            self.at += scan.n_bytes;
            self.line += u64::from(scan.n_lines_below);
        }
        self.pass_break()
    }

    fn found(
        &self,
        record_bytes: &[u8],
        scan: &Taken,
        (text, ends, starts): (usize, usize, usize),
        cells: &Cells,
    ) -> Result<Found<'b>, ReadError> {
        // The line breaks behind a quote that never closes may be the file's.
        let n_breaks = record_bytes.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let n_bytes = record_bytes.len() - n_breaks;
        if n_bytes as u64 > self.form.bounds.record {
            return Err(ReadError::record_too_long(&self.form.name, self.line, self.form.bounds.record));
        }
        let ends = ends..cells.ends.len();
        let reason = self.form.reason(scan);
        // A damaged row of several lines may have swallowed rows of other orders: nothing of it is certain.
        let is_salvageable = scan.n_lines_below == 0 && scan.bad_quote.is_none();
        Ok(Found {
            line: self.line,
            bytes: self.range(n_bytes),
            text: Text::Careful(text..cells.text.len(), starts),
            ends,
            bad: reason.map(|reason| Box::new(Bad { reason, has_remains: is_salvageable })),
        })
    }

    fn pass_break(&mut self) -> Result<(), ReadError> {
        match self.piece.bytes[self.at..] {
            [b'\r', b'\n', ..] => self.at += 2,
            // A line break whose second half was cut off.
            [] | [b'\n', ..] | [b'\r'] => self.at = self.piece.bytes.len().min(self.at + 1),
            _ => return Err(ReadError::LoneCr(self.form.name.to_string(), self.line)),
        }
        self.line += 1;
        Ok(())
    }

    fn range(&self, n_bytes: usize) -> Range<u64> {
        let start = self.piece.start + self.at as u64;
        start..start + n_bytes as u64
    }
}

impl CsvForm {
    /// Without a header yet.
    pub(super) fn new(name: Arc<str>, file: FileId, delimiter: u8, limits: Bounds) -> Self {
        let header = Arc::new(Header { names: Vec::new(), positions: Vec::new() });
        Self { name, file, delimiter, header, bounds: limits }
    }

    pub(super) fn with(self, header: Header) -> Result<Self, ReadError> {
        if header.names.len() > self.bounds.columns {
            return Err(ReadError::TooManyColumns(self.name.to_string(), self.bounds.columns));
        }
        Ok(Self { header: Arc::new(header), ..self })
    }

    /// Why a row cannot be read, if so.
    fn reason(&self, scan: &Taken) -> Option<String> {
        match scan.bad_quote {
            Some(error) => Some(bad_quote(error)),
            None => {
                self.misfit(scan.n_cells).or_else(|| scan.bad_cell.map(|(index, error)| self.bad_cell(index, error)))
            }
        }
    }

    fn misfit(&self, found: usize) -> Option<String> {
        let expected = self.header.names.len();
        (expected != 0 && found != expected).then(|| {
            let cells = if found == 1 { "cell" } else { "cells" };
            format!("the row has {found} {cells}, the header has {expected}")
        })
    }

    fn bad_cell(&self, index: usize, error: BadCell) -> String {
        let column = self.header.names.get(index).map_or_else(|| (index + 1).to_string(), |name| format!("{name:?}"));
        match error {
            BadCell::NotUtf8 => format!("the cell of column {column} is not UTF-8"),
            BadCell::TooLong(n_bytes) => {
                let max_bytes = self.bounds.cell;
                format!("the cell of column {column} has {n_bytes} bytes, more than the {max_bytes} that are allowed")
            }
        }
    }
}

fn bad_quote(error: BadQuote) -> String {
    match error {
        BadQuote::Unclosed(line, column) => {
            format!("the quote opened at column {column}{} is never closed", lines_below(line))
        }
        BadQuote::TextBehind(line, column) => format!(
            "text behind a closing quote at column {column}{}, expected a delimiter; a quote within a cell is written \"\"",
            lines_below(line)
        ),
    }
}

/// The words for a line that is not the row's first.
pub(super) fn lines_below(line: u32) -> String {
    if line == 0 { String::new() } else { format!(" of the line {line} below") }
}
