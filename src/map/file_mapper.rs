//! File mapper: a profile bound to one file, which maps the file's rows.
//!
//! Dispatches to `record_mapper` for CSV and to `document_mapper` for JSON. Has no mutable
//! state, so all cores share one mapper per file. Called by `shuffle`.

use std::sync::Arc;

use super::{
    condition::Condition,
    document_mapper::DocumentMapper,
    error::{MapError, MissingName},
    profile::Profile,
    record_mapper::RecordMapper,
    seen_names::SeenNames,
};
use crate::model::{
    draft::{Cell, MappedRow, RowKind},
    field::Field,
    problem::Problem,
    row::{Header, Row, RowContent},
};

/// Maps the rows of one file.
pub struct FileMapper<'p> {
    ignored: &'p [Condition],
    mapper: Mapper<'p>,
}

enum Mapper<'p> {
    Records(Box<RecordMapper<'p>>),
    Documents(DocumentMapper<'p>),
}

impl<'p> FileMapper<'p> {
    /// Binds a profile to a CSV file by its header, or to a file of JSON documents if `header` is
    /// `None`. `file` is the file's name in messages.
    pub fn bind(
        profile: &'p Profile,
        header: Option<&Arc<Header>>,
        file: &str,
    ) -> Result<Self, MapError> {
        let mapper = match header {
            Some(header) => Mapper::Records(Box::new(RecordMapper::bind(profile, header, file)?)),
            None => Mapper::Documents(DocumentMapper::bind(profile, file)?),
        };
        Ok(Self { ignored: &profile.ignore_rows, mapper })
    }

    /// The role of a row in grouping. `raw` is the row as it is in the file.
    #[must_use]
    pub fn kind_in_file<'a>(&'a self, row: &'a Row<'a>, raw: &[u8]) -> RowKind<'a> {
        // First the header: a profile that ignores it by its text must not join two exports.
        if let (RowContent::Record(record), Mapper::Records(mapper)) = (&row.content, &self.mapper)
            && mapper.is_header(record)
        {
            return RowKind::Header;
        }
        let kind = self.kind(row);
        if kind == RowKind::Blank || !self.is_ignored(row, raw) {
            return kind;
        }
        match &self.mapper {
            Mapper::Records(mapper) if mapper.may_hold_rows(raw) => {
                let reason = "the profile ignores the row, but its quotes enclose another one";
                RowKind::Unreadable { key: None, reason }
            }
            _ => RowKind::Ignored,
        }
    }

    /// The role in grouping of a row that is part of an order, with its order key.
    pub fn kind<'a>(&'a self, row: &'a Row<'a>) -> RowKind<'a> {
        let kind = match (&row.content, &self.mapper) {
            (RowContent::Record(record), Mapper::Records(mapper)) => mapper.kind(record),
            (RowContent::Document(document), Mapper::Documents(mapper)) => {
                mapper.kind(document.root())
            }
            (RowContent::Unreadable(unreadable), mapper) => {
                let key = match (unreadable.salvaged.as_deref(), mapper) {
                    (Some(RowContent::Record(record)), Mapper::Records(mapper)) => {
                        mapper.reliable_key(record)
                    }
                    (Some(RowContent::Document(document)), Mapper::Documents(mapper)) => {
                        mapper.reliable_key(document.root())
                    }
                    _ => None,
                };
                RowKind::Unreadable { key, reason: &unreadable.reason }
            }
            _ => unreachable!("all rows of a file have the same format"),
        };
        // The time needs the whole mapping, so only rows that are grouped by it are mapped for it.
        match kind {
            RowKind::WithoutKey { .. } => {
                let mut mapped = MappedRow::default();
                self.map(row, None, &mut mapped);
                RowKind::WithoutKey {
                    ordered_at: mapped.cells.get(&Field::OrderedAt).and_then(Cell::reliable_time),
                    has_item: !mapped.items.is_empty(),
                }
            }
            kind => kind,
        }
    }

    /// Whether the profile ignores a row (`ignore_rows`): it belongs to no order, and may be
    /// unreadable. `raw` is the row as it is in the file.
    ///
    /// A row that may have swallowed others is never ignored, whatever it begins with.
    pub(super) fn is_ignored(&self, row: &Row<'_>, raw: &[u8]) -> bool {
        if self.ignored.is_empty() {
            return false;
        }
        let text = String::from_utf8_lossy(raw.trim_ascii());
        let is_document = matches!(self.mapper, Mapper::Documents(_));
        // Another document may follow the damage of a line.
        if is_document
            && matches!(row.content, RowContent::Unreadable(_))
            && text.match_indices('{').any(|(at, _)| at > 0)
        {
            return false;
        }
        let (content, is_damaged) = match &row.content {
            RowContent::Unreadable(unreadable) => (unreadable.salvaged.as_deref(), true),
            content => (Some(content), false),
        };
        match (content, &self.mapper) {
            (Some(RowContent::Record(record)), Mapper::Records(mapper)) => {
                // The line breaks of a record may be those of other rows.
                let line = (!raw.contains(&b'\n')).then_some(&*text);
                mapper.is_ignored(record, line)
            }
            (Some(RowContent::Document(document)), Mapper::Documents(mapper)) => {
                mapper.is_ignored(Some(document.root()), is_damaged, &text)
            }
            (_, Mapper::Documents(mapper)) => mapper.is_ignored(None, true, &text),
            // Of a record without a salvaged cell the quotes are wrong.
            _ => false,
        }
    }

    /// Maps a row and adds the result to `into`.
    ///
    /// `previous` is the same order's previous row: cells of the order that repeat it are omitted.
    pub fn map<'a>(
        &'a self,
        row: &'a Row<'a>,
        previous: Option<&Row<'_>>,
        into: &mut MappedRow<'a>,
    ) {
        match (&row.content, &self.mapper) {
            (RowContent::Record(record), Mapper::Records(mapper)) => {
                let previous = previous.and_then(|previous| match &previous.content {
                    RowContent::Record(previous) => Some(previous),
                    _ => None,
                });
                mapper.map(row, record, previous, into);
            }
            (RowContent::Document(document), Mapper::Documents(mapper)) => {
                mapper.map(row, document.root(), into);
            }
            _ => {}
        }
    }

    /// The keys of other orders that an unreadable row may contain.
    ///
    /// Where a line break was lost, a row contains the next one, and one of its cells ends with
    /// the next row's key.
    #[must_use]
    pub fn possible_keys(&self, row: &Row<'_>) -> Vec<String> {
        match (&row.content, &self.mapper) {
            (RowContent::Unreadable(unreadable), Mapper::Records(mapper)) => {
                match unreadable.salvaged.as_deref() {
                    Some(RowContent::Record(record)) => mapper.possible_keys(record),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// Records the names in a document.
    pub fn observe(&self, row: &Row<'_>, seen: &mut SeenNames) {
        if let (RowContent::Document(document), Mapper::Documents(mapper)) =
            (&row.content, &self.mapper)
        {
            mapper.observe(document.root(), row, seen);
        }
    }

    /// The extension attributes that the file's columns declare; `None` for documents, whose types
    /// are those of their values.
    #[must_use]
    pub fn declared_extensions(&self) -> Option<Vec<&Field>> {
        match &self.mapper {
            Mapper::Records(mapper) => Some(mapper.declared_extensions()),
            Mapper::Documents(_) => None,
        }
    }

    /// Whether the file's columns may have identifiers other than e-mail addresses. Documents may.
    #[must_use]
    pub fn has_identifiers(&self) -> bool {
        match &self.mapper {
            Mapper::Records(mapper) => mapper.has_identifiers(),
            Mapper::Documents(_) => true,
        }
    }

    /// A warning for each column or member that the profile does not use, if it asks for warnings.
    /// `seen` has the names of all documents of the file.
    #[must_use]
    pub fn unknown_names(&self, seen: &SeenNames) -> Vec<Problem> {
        match &self.mapper {
            Mapper::Records(mapper) => mapper.unknown.clone(),
            Mapper::Documents(mapper) => mapper.unknown_members(seen),
        }
    }

    /// Whether the file holds JSON documents, which have no header.
    #[must_use]
    pub fn has_documents(&self) -> bool {
        matches!(self.mapper, Mapper::Documents(_))
    }

    /// The columns that the profile reads and the file lacks; none are known of documents.
    pub(super) fn missing_names(&self) -> &[MissingName] {
        match &self.mapper {
            Mapper::Records(mapper) => &mapper.missing,
            Mapper::Documents(_) => &[],
        }
    }
}
