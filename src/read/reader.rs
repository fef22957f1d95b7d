//! Pieces of a file → rows. Immutable and cheap to clone, so that all cores can read pieces of one file at once.
//!
//! A piece is a block of whole rows, or one row that was kept aside: read again, it gives the same row. Does not read
//! files. Called by `pipeline`.

use std::sync::Arc;

use super::{
    Bounds, Form, ReadError,
    csv::{CsvForm, Records},
    json::Places,
    source::Block,
};
use crate::model::{
    origin::FileId,
    row::{Header, Row},
};

/// How the rows of a file are read.
#[derive(Debug, Clone)]
pub struct RowReader {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Csv(CsvForm),
    Json(JsonForm),
}

/// What is the same for all documents of a file.
#[derive(Debug, Clone)]
pub(super) struct JsonForm {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    pub(super) is_array: bool,
    pub(super) bounds: Bounds,
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
pub struct Parsed<'b> {
    rows: Rows<'b>,
}

#[derive(Debug)]
enum Rows<'b> {
    Csv(FileId, Records<'b>),
    /// JSON is read when its rows are asked for: a document owns its text, so it is built once and handed over.
    Json(JsonForm, Places<'b>),
}

impl RowReader {
    pub(super) fn csv(format: CsvForm) -> Self {
        Self { kind: Kind::Csv(format) }
    }

    pub(super) fn json(format: JsonForm) -> Self {
        Self { kind: Kind::Json(format) }
    }

    /// The header of a CSV file.
    #[must_use]
    pub fn header(&self) -> Option<&Arc<Header>> {
        match &self.kind {
            Kind::Csv(format) => Some(&format.header),
            Kind::Json(_) => None,
        }
    }

    /// The form of the file.
    #[must_use]
    pub fn form(&self) -> Form {
        match &self.kind {
            Kind::Csv(_) => Form::Csv,
            Kind::Json(format) if format.is_array => Form::JsonArray,
            Kind::Json(_) => Form::Ndjson,
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
    ) -> Result<Parsed<'b>, ReadError> {
        let mut pieces = pieces.into_iter();
        let rows = match &self.kind {
            Kind::Csv(format) => {
                let mut records = Records::with_room_for(pieces.clone(), format);
                pieces.try_for_each(|piece| records.add(format, piece))?;
                Rows::Csv(format.file, records)
            }
            Kind::Json(format) => {
                let mut spans = Places::default();
                pieces.try_for_each(|piece| spans.add(format, piece))?;
                Rows::Json(format.clone(), spans)
            }
        };
        Ok(Parsed { rows })
    }

    pub(super) fn bounds(&self) -> &Bounds {
        match &self.kind {
            Kind::Csv(format) => &format.bounds,
            Kind::Json(format) => &format.bounds,
        }
    }

    /// The delimiter of a CSV file.
    pub(super) fn delimiter(&self) -> Option<u8> {
        match &self.kind {
            Kind::Csv(format) => Some(format.delimiter),
            Kind::Json(_) => None,
        }
    }
}

impl Parsed<'_> {
    /// How many rows they are.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        match &self.rows {
            Rows::Csv(_, records) => records.len(),
            Rows::Json(_, spans) => spans.len(),
        }
    }

    /// The rows in the order of the pieces. JSON is read anew each time.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.n_rows()).map(|index| match &self.rows {
            Rows::Csv(file, records) => records.row(index, *file),
            Rows::Json(format, spans) => spans.row(index, format),
        })
    }
}
