//! Parsed CSV records of one or more pieces, as rows that borrow from them.
//!
//! A record borrows its text from its piece, or from a buffer if it is not there as such. Does not
//! parse. Filled by `csv_fast` and `csv_slow`, read by `row_parser`.

use std::{ops::Range, sync::Arc};

use super::{
    block::Piece, csv_damage::DamagedRecord, csv_format::CsvFormat, position::to_u32,
    scanner::CHUNK_BYTES,
};
use crate::model::{
    csv_syntax::CsvSyntax,
    origin::{FileId, RowOrigin},
    raw_record::RawRecord,
    record::{Header, Record, RecordForm},
    row::{Row, RowContent, Unreadable},
};

/// Parsed records.
#[derive(Debug)]
pub(super) struct CsvRecords<'b> {
    file: FileId,
    syntax: CsvSyntax,
    header: Arc<Header>,
    records: Vec<ParsedRecord<'b>>,
    /// Those whose text is not in a piece as such.
    unescaped: Vec<UnescapedRecord<'b>>,
    pub(super) cells: CellBuffer,
}

/// The cells of any number of records, one record after the other.
#[derive(Debug, Default)]
pub(super) struct CellBuffer {
    /// The end of each cell in the text of its record.
    pub(super) ends: Vec<u32>,
    /// The text of the records whose cells are unescaped, with one byte between two cells.
    pub(super) text: String,
}

/// A parsed record. Its ends in [`CellBuffer::ends`] are followed by those of the next one.
#[derive(Debug)]
struct ParsedRecord<'b> {
    place: RecordPlace,
    first_end: usize,
    text: RecordText<'b>,
}

/// Where a record begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordPlace {
    pub(super) line: u64,
    /// The offset in the decompressed file.
    pub(super) start: u64,
}

#[derive(Debug)]
enum RecordText<'b> {
    /// As it is in the piece, without quotes around cells.
    Unquoted(&'b str),
    /// As it is in the piece, with quotes around some cells and none within.
    Quoted(&'b str),
    /// The index in [`CsvRecords::unescaped`].
    Unescaped(usize),
}

/// A record whose text is in a buffer.
#[derive(Debug)]
pub(super) struct UnescapedRecord<'b> {
    /// As it is in the piece.
    pub(super) raw: &'b [u8],
    /// The range in [`CellBuffer::text`].
    pub(super) text: Range<usize>,
    pub(super) damage: Option<DamagedRecord>,
}

/// Stored between two unescaped cells. Any single byte would do, since it is never read.
pub(super) const SEPARATOR: char = ',';

impl CellBuffer {
    /// Drops cells of the last record, or adds empty ones, so that it has `n_cells`. Its cells
    /// begin at `first_end` and its text at `text_start`.
    pub(super) fn set_len(&mut self, n_cells: usize, text_start: usize, first_end: usize) {
        self.ends.truncate(first_end + n_cells);
        let last_end = self.ends.last().map_or(0, |end| *end as usize);
        self.text.truncate(text_start + last_end);
        while self.ends.len() < first_end + n_cells {
            self.text.push(SEPARATOR);
            self.ends.push(to_u32(self.text.len() - text_start));
        }
    }

    /// Adds an end for each bit that is set. `chunk_start` counts from the start of the record,
    /// which may be within the chunk: then it is negative and wraps.
    #[inline]
    pub(super) fn push_ends(&mut self, mut bits: u64, chunk_start: u32) {
        // A range has a known length, so the capacity is checked once and not for each end.
        self.ends.extend((0..bits.count_ones()).map(|_| {
            // The highest bit changes nothing, but shows that there is one.
            let bit = (bits | 1 << 63).trailing_zeros();
            bits &= bits.wrapping_sub(1);
            chunk_start.wrapping_add(bit)
        }));
    }
}

impl<'b> CsvRecords<'b> {
    /// No records yet, with capacity for those of `pieces`.
    pub(super) fn with_capacity_for<'p>(
        pieces: impl Iterator<Item = Piece<'p>>,
        format: &CsvFormat,
    ) -> Self {
        // Without the reserve, growing step by step would cost as much as finding the records.
        const AVERAGE_ROW_BYTES: usize = 128;
        const AVERAGE_CELL_BYTES: usize = 8;
        let (n_pieces, n_bytes) = pieces
            .fold((0, 0), |(n_pieces, n_bytes), piece| (n_pieces + 1, n_bytes + piece.bytes.len()));
        let n_ends = n_bytes / AVERAGE_CELL_BYTES + CHUNK_BYTES + format.header.names.len();
        Self {
            file: format.file,
            syntax: format.syntax,
            header: Arc::clone(&format.header),
            records: Vec::with_capacity(n_pieces.max(n_bytes / AVERAGE_ROW_BYTES)),
            unescaped: Vec::new(),
            cells: CellBuffer { ends: Vec::with_capacity(n_ends), text: String::new() },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Adds a record that is in the piece as such; its ends are the last ones, from `first_end` on.
    pub(super) fn push(
        &mut self,
        place: RecordPlace,
        first_end: usize,
        text: &'b str,
        has_quotes: bool,
    ) {
        let text = if has_quotes { RecordText::Quoted(text) } else { RecordText::Unquoted(text) };
        self.records.push(ParsedRecord { place, first_end, text });
    }

    /// Adds a record whose text is in the buffer.
    pub(super) fn push_unescaped(
        &mut self,
        place: RecordPlace,
        first_end: usize,
        record: UnescapedRecord<'b>,
    ) {
        let text = RecordText::Unescaped(self.unescaped.len());
        self.unescaped.push(record);
        self.records.push(ParsedRecord { place, first_end, text });
    }

    pub(super) fn row(&self, index: usize) -> Row<'_> {
        let ParsedRecord { place, first_end, text } = &self.records[index];
        let end = self.records.get(index + 1).map_or(self.cells.ends.len(), |next| next.first_end);
        let ends = &self.cells.ends[*first_end..end];
        let header = &*self.header;
        match text {
            RecordText::Unquoted(text) => {
                let record = Record { header, text, ends, form: RecordForm::Unquoted };
                self.intact_row(*place, text.len(), record)
            }
            RecordText::Quoted(text) => {
                let record = Record { header, text, ends, form: RecordForm::Quoted };
                self.intact_row(*place, text.len(), record)
            }
            RecordText::Unescaped(index) => {
                self.unescaped_row(*place, ends, &self.unescaped[*index])
            }
        }
    }

    fn intact_row<'r>(&self, place: RecordPlace, n_bytes: usize, record: Record<'r>) -> Row<'r> {
        Row { origin: self.origin(place, n_bytes), content: RowContent::Record(record) }
    }

    fn unescaped_row<'r>(
        &'r self,
        place: RecordPlace,
        ends: &'r [u32],
        record: &'r UnescapedRecord<'b>,
    ) -> Row<'r> {
        let UnescapedRecord { raw, text, damage } = record;
        let form = RecordForm::Unescaped(RawRecord { bytes: raw, syntax: self.syntax });
        let (header, text) = (&*self.header, &self.cells.text[text.clone()]);
        let record = RowContent::Record(Record { header, text, ends, form });
        let content = match damage {
            None => record,
            Some(damage) => RowContent::Unreadable(Unreadable {
                reason: damage.reason.clone(),
                at: damage.at,
                column_name: damage.column_name.clone(),
                damage: damage.kind,
                salvaged: damage.is_salvageable.then(|| Box::new(record)),
            }),
        };
        Row { origin: self.origin(place, raw.len()), content }
    }

    fn origin(&self, place: RecordPlace, n_bytes: usize) -> RowOrigin {
        let bytes = place.start..place.start + n_bytes as u64;
        RowOrigin { file: self.file, line: place.line, column: 1, bytes }
    }
}
