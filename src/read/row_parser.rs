//! Row parser: pieces of a file → rows. Immutable and cheap to clone, so that all cores parse
//! pieces of one file at once.
//!
//! A piece is a block of complete rows, or one row that was spilled: parsed again, it yields the
//! same row. Does not read files. Called by `shuffle`.

use std::sync::Arc;

use super::{
    block::Piece,
    boundary::{RecordBoundary, line_boundary},
    csv::CsvParser,
    csv_format::CsvFormat,
    csv_records::CsvRecords,
    dialect::{FileFormat, ReadLimits},
    error::ReadError,
    json::{JsonDocuments, JsonFormat},
};
use crate::model::{record::Header, row::Row};

/// Parses the rows of one file.
#[derive(Debug, Clone)]
pub struct RowParser {
    format: RowFormat,
}

#[derive(Debug, Clone)]
enum RowFormat {
    Csv(CsvParser),
    Json(JsonFormat),
}

/// The rows of one or more pieces.
#[derive(Debug)]
pub struct ParsedBlock<'b> {
    rows: ParsedRows<'b>,
}

#[derive(Debug)]
enum ParsedRows<'b> {
    Csv(CsvRecords<'b>),
    Json(JsonFormat, JsonDocuments<'b>),
}

impl RowParser {
    pub(super) fn csv(format: CsvFormat) -> Self {
        Self { format: RowFormat::Csv(CsvParser::new(format)) }
    }

    pub(super) fn json(format: JsonFormat) -> Self {
        Self { format: RowFormat::Json(format) }
    }

    /// The header of a CSV file.
    #[must_use]
    pub fn header(&self) -> Option<&Arc<Header>> {
        match &self.format {
            RowFormat::Csv(parser) => Some(&parser.format.header),
            RowFormat::Json(_) => None,
        }
    }

    /// The format of the file.
    #[must_use]
    pub fn file_format(&self) -> FileFormat {
        match &self.format {
            RowFormat::Csv(_) => FileFormat::Csv,
            RowFormat::Json(format) if format.is_ndjson => FileFormat::Ndjson,
            RowFormat::Json(_) => FileFormat::JsonValues,
        }
    }

    /// Parses pieces: a block is one piece, and so is each spilled row.
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
            RowFormat::Csv(parser) => ParsedRows::Csv(parser.parse(pieces)?),
            RowFormat::Json(format) => {
                let mut documents = JsonDocuments::default();
                pieces.try_for_each(|piece| documents.add(format, piece))?;
                ParsedRows::Json(format.clone(), documents)
            }
        };
        Ok(ParsedBlock { rows })
    }

    pub(super) fn limits(&self) -> &ReadLimits {
        match &self.format {
            RowFormat::Csv(parser) => &parser.format.limits,
            RowFormat::Json(format) => &format.limits,
        }
    }

    /// Notes that the file ends at this offset without a line break.
    pub(super) fn set_unterminated(&self, end: u64) {
        if let RowFormat::Csv(parser) = &self.format
            && let Some(padding) = &parser.format.padding
        {
            padding.set_unterminated(end);
        }
    }

    /// The last boundary of the records in bytes that begin with one; not for JSON values.
    pub(super) fn boundary(&self, bytes: &[u8]) -> RecordBoundary {
        match &self.format {
            RowFormat::Csv(parser) => parser.format.boundary(bytes),
            RowFormat::Json(_) => line_boundary(bytes),
        }
    }
}

impl ParsedBlock<'_> {
    /// The number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match &self.rows {
            ParsedRows::Csv(records) => records.len(),
            ParsedRows::Json(_, documents) => documents.len(),
        }
    }

    /// The rows in the order of the pieces.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.n_rows()).map(|index| match &self.rows {
            ParsedRows::Csv(records) => records.row(index),
            ParsedRows::Json(format, documents) => documents.row(index, format),
        })
    }
}
