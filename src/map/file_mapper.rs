//! A profile bound to one file: its columns found in the header, ready to map rows, on all cores at once.

use std::sync::Arc;

use super::{
    MapError,
    document::{DocumentMapper, UnknownNames},
    profile::Profile,
    record::RecordMapper,
};
use crate::model::{
    draft::{Cell, MappedRow, RowKind},
    field::Field,
    problem::Problem,
    row::{Header, Row, RowContent},
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

    /// Which order a row is of.
    pub fn kind<'a>(&'a self, row: &'a Row<'a>) -> RowKind<'a> {
        let kind = match (&row.content, &self.mapper) {
            (RowContent::Record(record), Mapper::Records(mapper)) => mapper.kind(record),
            (RowContent::Document(document), Mapper::Documents(mapper)) => mapper.kind(document),
            (RowContent::Unreadable(unreadable), mapper) => {
                let key = match (unreadable.salvaged.as_deref(), mapper) {
                    (Some(RowContent::Record(record)), Mapper::Records(mapper)) => mapper.reliable_key(record),
                    (Some(RowContent::Document(document)), Mapper::Documents(mapper)) => mapper.reliable_key(document),
                    _ => None,
                };
                RowKind::Unreadable { key, reason: &unreadable.reason }
            }
            _ => unreachable!("a file has rows of one form"),
        };
        match kind {
            RowKind::WithoutKey(_) => {
                let mut mapped = MappedRow::default();
                self.map(row, None, &mut mapped);
                RowKind::WithoutKey(mapped.cells.get(&Field::OrderedAt).and_then(Cell::reliable_time))
            }
            kind => kind,
        }
    }

    /// Adds what the profile makes of a row. A cell of the order that repeats what the same order's row `before` has there
    /// adds nothing and is left out.
    pub fn map<'a>(&'a self, row: &'a Row<'a>, before: Option<&Row<'_>>, into: &mut MappedRow<'a>) {
        match (&row.content, &self.mapper) {
            (RowContent::Record(record), Mapper::Records(mapper)) => {
                let before = before.and_then(|before| match &before.content {
                    RowContent::Record(before) => Some(before),
                    _ => None,
                });
                mapper.map(row, record, before, into);
            }
            (RowContent::Document(document), Mapper::Documents(mapper)) => mapper.map(row, document, into),
            _ => {}
        }
    }

    /// The keys of other orders that a row which cannot be read may hold: where a row was cut off and the next one
    /// follows without a line break, one of its cells ends with the next one's key.
    #[must_use]
    pub fn possible_keys(&self, row: &Row<'_>) -> Vec<String> {
        match (&row.content, &self.mapper) {
            (RowContent::Unreadable(unreadable), Mapper::Records(mapper)) => match unreadable.salvaged.as_deref() {
                Some(RowContent::Record(record)) => mapper.possible_keys(record),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Takes note of what is to be said of a row's file.
    pub fn observe(&self, row: &Row<'_>, unknown_names: &mut UnknownNames) {
        if let (RowContent::Document(document), Mapper::Documents(mapper)) = (&row.content, &self.mapper) {
            mapper.observe(document, row, unknown_names);
        }
    }

    /// Says what is wrong with a file of which every row was noticed.
    pub fn finish(&self, unknown_names: &UnknownNames) -> Result<(), MapError> {
        match &self.mapper {
            Mapper::Records(_) => Ok(()),
            Mapper::Documents(mapper) => mapper.finish(unknown_names),
        }
    }

    /// The extension attributes that the file's columns declare; nothing of documents, whose values show their types.
    #[must_use]
    pub fn declared_extensions(&self) -> Option<Vec<&Field>> {
        match &self.mapper {
            Mapper::Records(mapper) => Some(mapper.declared_extensions()),
            Mapper::Documents(_) => None,
        }
    }

    /// The columns that the profile does not know, if it wants to hear of them; of documents [`UnknownNames`] knows.
    #[must_use]
    pub fn unknown_columns(&self) -> &[Problem] {
        match &self.mapper {
            Mapper::Records(mapper) => &mapper.unknown,
            Mapper::Documents(_) => &[],
        }
    }
}
