//! Plain rows: the values of orders whose rows need no closer look, whatever the format of the
//! file.
//!
//! Called by `shuffle`, which leaves all other orders to the mapper.

use super::{plain_columns::PlainColumns, plain_documents::PlainDocuments};
use crate::model::{field::Field, plain::PlainDraft};

/// The rows of a file, ready for plain orders.
pub struct PlainRows<'m>(Format<'m>);

enum Format<'m> {
    Csv(PlainColumns<'m>),
    Json(PlainDocuments<'m>),
}

impl<'m> From<PlainColumns<'m>> for PlainRows<'m> {
    fn from(columns: PlainColumns<'m>) -> Self {
        Self(Format::Csv(columns))
    }
}

impl<'m> From<PlainDocuments<'m>> for PlainRows<'m> {
    fn from(documents: PlainDocuments<'m>) -> Self {
        Self(Format::Json(documents))
    }
}

impl<'m> PlainRows<'m> {
    /// The fields of the file's columns; `None` for documents, which name their own.
    #[must_use]
    pub fn fields(&self) -> Option<Vec<&'m Field>> {
        match &self.0 {
            Format::Csv(columns) => Some(columns.fields().collect()),
            Format::Json(_) => None,
        }
    }

    /// Reads the values in the rows of an order, which are of this file; none if it needs a closer
    /// look.
    pub fn read<'a>(&self, into: &mut PlainDraft<'a>) -> Option<()>
    where
        'm: 'a,
    {
        match &self.0 {
            Format::Csv(columns) => columns.read(into),
            Format::Json(documents) => documents.read(into),
        }
    }
}
