//! Pieces of a file → rows. Immutable and cheap to clone, so that all cores can read pieces of one file at once.
//!
//! A piece is a block of whole rows, or one row that was kept aside: read again, it gives the same row. Does not read
//! files. Called by `pipeline`.

use std::sync::Arc;

use super::{
    FileFormat, ReadError, ReadLimits,
    block_reader::Block,
    csv::{CsvFormat, CsvRecords},
    json::DocumentSpans,
};
use crate::model::{
    origin::FileId,
    row::{Header, Row},
};

/// How the rows of a file are read.
#[derive(Debug, Clone)]
pub struct RowParser {
    format: RowFormat,
}

#[derive(Debug, Clone)]
enum RowFormat {
    Csv(CsvFormat),
    Json(JsonFormat),
}

/// What is the same for all documents of a file.
#[derive(Debug, Clone)]
pub(super) struct JsonFormat {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    pub(super) is_array: bool,
    pub(super) limits: ReadLimits,
}

/// Some of a file's bytes: whole rows.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'b> {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The offset of the first byte in the unpacked file.
    pub start: u64,
    /// The rows as they stand in the file.
    pub bytes: &'b [u8],
}

impl<'b> From<&'b Block> for Piece<'b> {
    fn from(block: &'b Block) -> Self {
        Self { line: block.line, start: block.start, bytes: &block.bytes }
    }
}

/// The rows of some pieces.
#[derive(Debug)]
pub struct ParsedBlock<'b> {
    rows: ParsedRows<'b>,
}

#[derive(Debug)]
enum ParsedRows<'b> {
    Csv(FileId, CsvRecords<'b>),
    /// JSON is read when its rows are asked for: a document owns its text, so it is built once and handed over.
    Json(JsonFormat, DocumentSpans<'b>),
}

impl RowParser {
    pub(super) fn csv(format: CsvFormat) -> Self {
        Self { format: RowFormat::Csv(format) }
    }

    pub(super) fn json(format: JsonFormat) -> Self {
        Self { format: RowFormat::Json(format) }
    }

    /// The header of a CSV file.
    #[must_use]
    pub fn header(&self) -> Option<&Arc<Header>> {
        match &self.format {
            RowFormat::Csv(format) => Some(&format.header),
            RowFormat::Json(_) => None,
        }
    }

    /// The form of the file.
    #[must_use]
    pub fn file_format(&self) -> FileFormat {
        match &self.format {
            RowFormat::Csv(_) => FileFormat::Csv,
            RowFormat::Json(format) if format.is_array => FileFormat::JsonArray,
            RowFormat::Json(_) => FileFormat::Ndjson,
        }
    }

    /// Reads pieces: a block is one piece; rows that were kept aside are each one.
    ///
    /// # Errors
    ///
    /// [`ReadError::LoneCr`], [`ReadError::RecordTooLong`].
    pub fn parse<'b>(
        &self,
        pieces: impl IntoIterator<Item = Piece<'b>, IntoIter: Clone>,
    ) -> Result<ParsedBlock<'b>, ReadError> {
        let mut pieces = pieces.into_iter();
        let rows = match &self.format {
            RowFormat::Csv(format) => {
                let mut records = CsvRecords::with_capacity_for(pieces.clone(), format);
                pieces.try_for_each(|piece| records.add(format, piece))?;
                ParsedRows::Csv(format.file, records)
            }
            RowFormat::Json(format) => {
                let mut spans = DocumentSpans::default();
                pieces.try_for_each(|piece| spans.add(format, piece))?;
                ParsedRows::Json(format.clone(), spans)
            }
        };
        Ok(ParsedBlock { rows })
    }

    pub(super) fn limits(&self) -> &ReadLimits {
        match &self.format {
            RowFormat::Csv(format) => &format.limits,
            RowFormat::Json(format) => &format.limits,
        }
    }

    /// The delimiter of a CSV file.
    pub(super) fn delimiter(&self) -> Option<u8> {
        match &self.format {
            RowFormat::Csv(format) => Some(format.delimiter),
            RowFormat::Json(_) => None,
        }
    }
}

impl ParsedBlock<'_> {
    /// How many rows they are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match &self.rows {
            ParsedRows::Csv(_, records) => records.len(),
            ParsedRows::Json(_, spans) => spans.len(),
        }
    }

    /// The rows in the order of the pieces. JSON is read anew each time.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.n_rows()).map(|index| match &self.rows {
            ParsedRows::Csv(file, records) => records.row(index, *file),
            ParsedRows::Json(format, spans) => spans.row(index, format),
        })
    }
}
