//! Parsed CSV records of one or more pieces, as rows that borrow from them.
//!
//! A record borrows its text from its piece, or from a buffer if it is not there as such. Does not
//! parse. Filled by `csv_fast` and `csv_slow`, read by `row_parser`.

use std::ops::Range;

use super::{
    block::Piece, csv_damage::DamagedRecord, csv_format::CsvFormat, dialect::CsvSyntax,
    scanner::CHUNK_BYTES,
};
use crate::model::{
    origin::{FileId, RowOrigin},
    record::{Record, RecordForm},
    row::{Row, RowContent, Unreadable},
};

/// Parsed records.
#[derive(Debug)]
pub(super) struct CsvRecords<'b> {
    file: FileId,
    syntax: CsvSyntax,
    pub(super) records: Vec<ParsedRecord<'b>>,
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

/// A parsed record.
#[derive(Debug)]
pub(super) struct ParsedRecord<'b> {
    pub(super) line: u64,
    /// The offset in the decompressed file.
    pub(super) start: u64,
    pub(super) text: RecordText<'b>,
    /// The range in [`CellBuffer::ends`].
    pub(super) ends: Range<usize>,
    pub(super) damage: Option<Box<DamagedRecord>>,
}

/// Where the text of a record is.
#[derive(Debug)]
pub(super) enum RecordText<'b> {
    /// As it is in the piece, without quotes around cells.
    Unquoted(&'b str),
    /// As it is in the piece, with quotes around some cells and none within.
    Quoted(&'b str),
    /// As it is in the piece, and its range in [`CellBuffer::text`].
    Unescaped(&'b [u8], Range<usize>),
}

impl CellBuffer {
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
            records: Vec::with_capacity(n_pieces.max(n_bytes / AVERAGE_ROW_BYTES)),
            cells: CellBuffer { ends: Vec::with_capacity(n_ends), text: String::new() },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn row(&self, index: usize) -> Row<'_> {
        let parsed = &self.records[index];
        let bytes = parsed.start..parsed.start + parsed.text.n_bytes() as u64;
        let origin = RowOrigin { file: self.file, line: parsed.line, bytes };
        let record = RowContent::Record(self.record(parsed));
        let content = match &parsed.damage {
            None => record,
            Some(damage) => RowContent::Unreadable(Unreadable {
                reason: damage.reason.clone(),
                damage: damage.kind,
                salvaged: damage.is_salvageable.then(|| Box::new(record)),
            }),
        };
        Row { origin, content }
    }

    fn record(&self, parsed: &ParsedRecord<'b>) -> Record<'_> {
        let ends = &self.cells.ends[parsed.ends.clone()];
        match &parsed.text {
            RecordText::Unquoted(text) => Record { text, ends, form: RecordForm::Unquoted },
            RecordText::Quoted(text) => Record { text, ends, form: RecordForm::Quoted },
            RecordText::Unescaped(raw, range) => Record {
                text: &self.cells.text[range.clone()],
                ends,
                form: RecordForm::Unescaped(self.syntax.raw_record(raw)),
            },
        }
    }
}

impl RecordText<'_> {
    fn n_bytes(&self) -> usize {
        match self {
            Self::Unquoted(text) | Self::Quoted(text) => text.len(),
            Self::Unescaped(raw, _) => raw.len(),
        }
    }
}
