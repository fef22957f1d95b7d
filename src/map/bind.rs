//! A profile bound to one file: its columns found in the header, ready to map row after row.

use std::sync::Arc;

use super::{MapError, collect::row_without_cells, document::DocumentMapper, profile::Profile, record::RecordMapper};
use crate::model::{
    draft::{MappedRow, RowKind},
    origin::RowOrigin,
    problem::Problem,
    row::{Content, Header, Row, Unreadable},
};

/// Maps the rows of one file.
pub struct FileMapper<'p> {
    mapper: Mapper<'p>,
}

enum Mapper<'p> {
    Records(RecordMapper<'p>),
    Documents(DocumentMapper<'p>),
}

impl<'p> FileMapper<'p> {
    /// Binds a profile to a file by its header, or to a file of JSON documents without one. `file` is its name in
    /// messages.
    pub fn bind(profile: &'p Profile, header: Option<&Arc<Header>>, file: &str) -> Result<Self, MapError> {
        let mapper = match header {
            Some(header) => Mapper::Records(RecordMapper::bind(profile, header, file)?),
            None => Mapper::Documents(DocumentMapper::bind(profile, file)?),
        };
        Ok(Self { mapper })
    }

    /// What the profile makes of a row.
    pub fn map(&mut self, row: Row) -> MappedRow {
        match (row.content, &mut self.mapper) {
            (Content::Record(record), Mapper::Records(mapper)) => mapper.map(&record, row.origin),
            (Content::Document(document), Mapper::Documents(mapper)) => mapper.map(&document, row.origin),
            (Content::Unreadable(unreadable), mapper) => unreadable_row(mapper, unreadable, row.origin),
            _ => unreachable!("a file has rows of one form"),
        }
    }

    /// Says what is wrong with a file of which every row was mapped.
    pub fn finish(&self) -> Result<(), MapError> {
        match &self.mapper {
            Mapper::Records(_) => Ok(()),
            Mapper::Documents(mapper) => mapper.finish(),
        }
    }

    /// The columns or members seen so far that the profile does not know, each once, if it wants to hear of them.
    #[must_use]
    pub fn unknown_columns(&self) -> &[Problem] {
        match &self.mapper {
            Mapper::Records(mapper) => &mapper.unknown,
            Mapper::Documents(mapper) => &mapper.unknown,
        }
    }
}

fn unreadable_row(mapper: &Mapper<'_>, unreadable: Unreadable, origin: RowOrigin) -> MappedRow {
    let (key, cell_ends) = match (unreadable.remains.as_deref(), mapper) {
        (Some(Content::Record(record)), Mapper::Records(mapper)) => {
            (mapper.certain_key(record), mapper.cell_ends(record))
        }
        (Some(Content::Document(document)), Mapper::Documents(mapper)) => (mapper.certain_key(document), Vec::new()),
        _ => (None, Vec::new()),
    };
    row_without_cells(origin, RowKind::Unreadable { key, reason: unreadable.reason, cell_ends })
}
