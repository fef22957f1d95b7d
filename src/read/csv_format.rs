//! CSV format: what all records of a file have in common.
//!
//! Does not parse. Set by `block_reader`, read by the other files of the CSV parser.

use std::sync::Arc;

use super::{
    boundary::{RecordBoundary, csv_boundary, line_boundary},
    dialect::ReadLimits,
    error::ReadError,
    row_padding::RowPadding,
};
use crate::model::{
    csv_syntax::CsvSyntax, origin::FileId, record::Header, text_encoding::TextEncoding,
};

/// What all records of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct CsvFormat {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    /// The encoding of the file; the records are UTF-8.
    pub(super) encoding: TextEncoding,
    pub(super) syntax: CsvSyntax,
    /// Without names while the header itself is parsed: then any number of cells fits.
    pub(super) header: Arc<Header>,
    pub(super) limits: ReadLimits,
    /// Which rows with another number of cells than the header fit; none if no such row does.
    pub(super) padding: Option<RowPadding>,
}

impl CsvFormat {
    /// The format of a file in UTF-8 before its header is known.
    pub(super) fn new(name: Arc<str>, file: FileId, syntax: CsvSyntax, limits: ReadLimits) -> Self {
        let header = Arc::new(Header { names: Vec::new(), positions: Vec::new(), syntax });
        Self { name, file, encoding: TextEncoding::Utf8, syntax, header, limits, padding: None }
    }

    pub(super) fn with_header(self, header: Header) -> Result<Self, ReadError> {
        if header.names.len() > self.limits.max_columns {
            return Err(ReadError::TooManyColumns(self.name.to_string(), self.limits.max_columns));
        }
        Ok(Self { header: Arc::new(header), ..self })
    }

    /// The format for rows of another number of cells, which have those of `required` columns.
    pub(super) fn with_padding(self, required: Option<&[String]>) -> Self {
        let padding = required.map(|required| RowPadding::new(&self.header, required));
        Self { padding, ..self }
    }

    /// The last boundary of the records in bytes that begin with one.
    pub(super) fn boundary(&self, bytes: &[u8]) -> RecordBoundary {
        if self.syntax.has_quotes { csv_boundary(bytes, self.syntax) } else { line_boundary(bytes) }
    }
}
