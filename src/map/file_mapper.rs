//! File mapper: a profile bound to one file, which maps the file's rows.
//!
//! Chooses the view of a row by the format of the file, and knows what a damaged row may hide;
//! `mapper` applies the profile. Has no mutable state, so all cores share one mapper per file.
//! Called by `shuffle`.

use std::{borrow::Cow, sync::Arc};

use bumpalo::Bump;

use super::{
    bound_rule::{BoundRule, TestedSource},
    checkout_event::{event_path, members_beside},
    condition::Condition,
    document_binding,
    document_view::{DocumentView, PathSource},
    error::MapError,
    fill_down::RowsAbove,
    header_binding::HeaderBinding,
    input_settings::UnknownColumns,
    mapper::Mapper,
    missing_name::{MissingName, distinct},
    path_text::{dotted_names, first_name},
    paths::{known_paths, unknown_members},
    plain_columns::PlainColumns,
    plain_documents::PlainDocuments,
    plain_rows::PlainRows,
    profile::Profile,
    record_view::{self, HeaderRow, RecordView},
    seen_names::SeenNames,
    side_table::SideTable,
    view::{Value, View, without_line_end},
};
use crate::model::{
    copy_version::CopyVersion,
    document::Document,
    draft::{Cell, MappedRow, RowKind},
    field::{Field, FieldGroup},
    origin::Position,
    problem::Problem,
    record::{Header, Record, RecordForm},
    row::{Row, RowContent},
};

/// Maps the rows of one file.
pub struct FileMapper<'p> {
    profile: &'p Profile,
    format: FormatMapper<'p>,
}

enum FormatMapper<'p> {
    Csv(Box<HeaderBinding<'p>>),
    Json(Box<Mapper<'p, PathSource>>),
}

impl<'p> FileMapper<'p> {
    /// Binds a profile to a CSV file by its header, or to a file of JSON documents if `header` is
    /// `None`. `file` is the file's name in messages.
    pub fn bind(
        profile: &'p Profile,
        header: Option<&Arc<Header>>,
        file: &str,
    ) -> Result<Self, MapError> {
        Self::bind_joined(profile, header, file, &[])
    }

    /// Binds a profile in the same way, with the tables of its joins, in their order.
    pub fn bind_joined(
        profile: &'p Profile,
        header: Option<&Arc<Header>>,
        file: &str,
        sides: &'p [SideTable],
    ) -> Result<Self, MapError> {
        let format = match header {
            Some(header) => {
                FormatMapper::Csv(Box::new(HeaderBinding::new(profile, header, file, sides)?))
            }
            None => FormatMapper::Json(Box::new(document_binding::bind(profile, file, sides)?)),
        };
        Ok(Self { profile, format })
    }

    /// The role of a row in grouping. `raw` is the row as it is in the file.
    #[must_use]
    pub fn kind_in_file<'a>(&'a self, row: &'a Row<'a>, raw: &[u8]) -> RowKind<'a> {
        if let Some(key) = self.key_of_order_row(row) {
            return RowKind::OrderRow(Cow::Borrowed(key));
        }
        // First the header: a profile that ignores it by its text must not join two exports.
        match self.header_row(row) {
            Some(HeaderRow::Repeated) => return RowKind::Header,
            Some(HeaderRow::Exchanged) => return RowKind::ExchangedHeader,
            None => {}
        }
        let kind = self.kind(row);
        if matches!(kind, RowKind::Blank) || !self.is_ignored(row, raw) {
            return kind;
        }
        match &self.format {
            FormatMapper::Csv(binding) if record_view::may_hold_rows(raw, &binding.own_header) => {
                let reason = "the profile ignores the row, but its quotes enclose another one";
                RowKind::Unreadable { key: None, reason }
            }
            _ => RowKind::Ignored,
        }
    }

    /// Fast path: the order key of a row that is certainly one of its order, as most are.
    #[inline]
    fn key_of_order_row<'a>(&self, row: &'a Row<'a>) -> Option<&'a str> {
        let (RowContent::Record(record), FormatMapper::Csv(binding)) = (&row.content, &self.format)
        else {
            return None;
        };
        let key = record.cell(binding.key_column?);
        // The first name of a header may have a byte order mark.
        let may_be_header = binding.names.contains(key) || key.starts_with('\u{feff}');
        (!may_be_header && !self.profile.key.is_empty(key)).then_some(key)
    }

    /// Whether blank cells take the values above.
    #[must_use]
    pub fn fills_down(&self) -> bool {
        matches!(&self.format, FormatMapper::Csv(binding) if binding.fill_down.is_some())
    }

    /// Fills the blank cells of a row, after all rows above it. `raw` is the row as it is in the
    /// file; none if it is known to be of an order.
    pub fn fill_down<'a>(
        &self,
        row: Row<'a>,
        raw: Option<&[u8]>,
        above: &mut RowsAbove,
        texts: &'a Bump,
    ) -> Row<'a> {
        let FormatMapper::Csv(binding) = &self.format else { return row };
        let Some(fill_down) = &binding.fill_down else { return row };
        let line = row.origin.line;
        above.begin(row.origin.file);
        if self.header_row(&row).is_some() {
            // The rows below it are of another export.
            *above = RowsAbove::default();
            return row;
        }
        if let RowContent::Record(record) = &row.content
            && binding.view(&row, record).is_blank(|text| self.profile.is_null(text))
        {
            return row;
        }
        if raw.is_some_and(|raw| self.is_ignored(&row, raw)) {
            fill_down.pass_ignored(&row.content, line, above);
            return row;
        }
        let key = match &row.content {
            RowContent::Record(record) => binding.mapper.order_key(binding.view(&row, record)),
            RowContent::Unreadable(unreadable) => {
                let salvaged = unreadable.salvaged.as_deref();
                salvaged.and_then(|salvaged| self.reliable_key(&row, salvaged))
            }
            RowContent::Document(_) => None,
        };
        let key = key.map(Cow::into_owned);
        let place = (key.as_deref(), line);
        let content = match row.content {
            RowContent::Record(record) => fill_down.fill(&record, place, above, texts),
            RowContent::Unreadable(unreadable) => {
                fill_down.pass_unreadable(&unreadable, place, above);
                RowContent::Unreadable(unreadable)
            }
            content @ RowContent::Document(_) => content,
        };
        Row { content, ..row }
    }

    /// Whether rows of side files belong to rows of the file.
    #[must_use]
    pub fn has_joins(&self) -> bool {
        match &self.format {
            FormatMapper::Csv(binding) => !binding.mapper.joins.is_empty(),
            FormatMapper::Json(mapper) => !mapper.joins.is_empty(),
        }
    }

    /// Adds to a row what side files have for it.
    pub fn join<'a>(&'a self, row: Row<'a>, texts: &'a Bump) -> Row<'a> {
        if !self.has_joins() {
            return row;
        }
        let content = match (&self.format, &row.content) {
            (FormatMapper::Csv(binding), RowContent::Record(record)) => {
                let joined = binding.mapper.joins.find(binding.view(&row, record), false, texts);
                let own: &'a Record<'a> = texts.alloc(*record);
                RowContent::Record(own.joined(&binding.header, joined, texts))
            }
            (FormatMapper::Json(mapper), RowContent::Document(document)) => {
                let view = self.document_view(&row, document);
                let joined = mapper.joins.find(view, mapper.is_child(view), texts);
                RowContent::Document(Document { joined: Some(texts.alloc(joined)), ..*document })
            }
            _ => return row,
        };
        Row { content, ..row }
    }

    /// Which header of a CSV file a row is, if it is one.
    fn header_row(&self, row: &Row<'_>) -> Option<HeaderRow> {
        let (RowContent::Record(record), FormatMapper::Csv(binding)) = (&row.content, &self.format)
        else {
            return None;
        };
        binding.names.header_row(record.own(), &binding.own_header, &binding.mapper.key)
    }

    /// The role in grouping of a row that is part of an order, with its order key.
    pub fn kind<'a>(&'a self, row: &'a Row<'a>) -> RowKind<'a> {
        let kind = match (&row.content, &self.format) {
            (RowContent::Record(record), FormatMapper::Csv(binding)) => {
                binding.mapper.kind(binding.view(row, record))
            }
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                mapper.kind(self.document_view(row, document))
            }
            (RowContent::Unreadable(unreadable), _) => {
                let key = unreadable.salvaged.as_deref();
                let key = key.and_then(|salvaged| self.reliable_key(row, salvaged));
                RowKind::Unreadable { key, reason: &unreadable.reason }
            }
            _ => unreachable!("all rows of a file have the same format"),
        };
        // The time needs the whole mapping, so only rows that are grouped by it are mapped for it.
        match kind {
            RowKind::WithoutKey { has_item: false, .. } => {
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

    fn reliable_key<'a>(
        &'a self,
        row: &'a Row<'a>,
        salvaged: &'a RowContent<'a>,
    ) -> Option<Cow<'a, str>> {
        match (salvaged, &self.format) {
            (RowContent::Record(record), FormatMapper::Csv(binding)) => {
                binding.mapper.reliable_key(binding.view(row, record))
            }
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                mapper.reliable_key(self.document_view(row, document))
            }
            _ => None,
        }
    }

    fn document_view<'a>(&self, row: &'a Row<'a>, document: &'a Document<'a>) -> DocumentView<'a> {
        DocumentView::new(row, document.root(), self.profile.checkout_events)
    }

    /// Whether the profile ignores a row (`ignore_rows`): it belongs to no order, and may be
    /// unreadable. `raw` is the row as it is in the file.
    ///
    /// A row that may have swallowed others is never ignored, whatever it begins with.
    pub(super) fn is_ignored(&self, row: &Row<'_>, raw: &[u8]) -> bool {
        if self.profile.ignore_rows.is_empty() {
            return false;
        }
        // Nearly all rows are UTF-8, which `from_utf8_lossy` alone finds out slowly.
        let text = std::str::from_utf8(raw).map(Cow::from);
        let text = text.unwrap_or_else(|_| String::from_utf8_lossy(raw));
        let text = without_line_end(&text);
        let (content, is_damaged) = match &row.content {
            RowContent::Unreadable(unreadable) => (unreadable.salvaged.as_deref(), true),
            content => (Some(content), false),
        };
        match (&self.format, content) {
            (FormatMapper::Csv(binding), Some(RowContent::Record(record))) => {
                // The line breaks of a record may be those of other rows.
                let line = (!raw.contains(&b'\n')).then_some(text);
                binding.mapper.is_ignored(Some(binding.view(row, record)), is_damaged, line)
            }
            // Of a record without a salvaged cell the quotes are wrong.
            (FormatMapper::Csv(_), _) => false,
            // Another document may follow the damage of a line.
            (FormatMapper::Json(_), _)
                if is_damaged && text.trim_start().match_indices('{').any(|(at, _)| at > 0) =>
            {
                false
            }
            (FormatMapper::Json(mapper), content) => {
                let view = match content {
                    Some(RowContent::Document(document)) => Some(self.document_view(row, document)),
                    _ => None,
                };
                mapper.is_ignored(view, is_damaged, Some(text))
            }
        }
    }

    /// Maps a row and adds the result to `into`.
    ///
    /// `previous` is the same order's previous row: cells of the order that repeat it are omitted.
    pub fn map<'a>(
        &'a self,
        row: &'a Row<'a>,
        previous: Option<&'a Row<'a>>,
        into: &mut MappedRow<'a>,
    ) {
        match (&row.content, &self.format) {
            (RowContent::Record(record), FormatMapper::Csv(binding)) => {
                let above = previous.and_then(|previous| match &previous.content {
                    RowContent::Record(record) => Some((previous, record)),
                    _ => None,
                });
                let previous = above.map(|(previous, record)| binding.view(previous, record));
                binding.mapper.map(binding.view(row, record), previous, into);
                into.problems.extend(binding.spreadsheet_texts.problems(row, record));
            }
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                let view = self.document_view(row, document);
                into.key_is_number |= mapper.has_number_key(view);
                into.problems.extend(view.event().and_then(|event| event.problem(row)));
                mapper.map(view, None, into);
            }
            _ => into.may_be_refund = self.profile.refunds.is_some(),
        }
    }

    /// How new the copy of the order is that a row is of; none if an order has one copy.
    #[must_use]
    pub fn copy_version<'a>(&'a self, row: &'a Row<'a>) -> Option<CopyVersion> {
        self.profile.duplicates.as_ref()?;
        let version = match (&row.content, &self.format) {
            (RowContent::Record(record), FormatMapper::Csv(binding)) => {
                binding.mapper.copy_version(binding.view(row, record))
            }
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                mapper.copy_version(self.document_view(row, document))
            }
            _ => None,
        };
        Some(version.and_then(Result::ok).unwrap_or(CopyVersion::Unknown))
    }

    /// Whether a row may be a refund that is taken off its order: the condition that says so cannot be
    /// tested on it.
    #[must_use]
    pub fn may_be_netted<'a>(&'a self, row: &'a Row<'a>) -> bool {
        match (&row.content, &self.format) {
            (RowContent::Record(record), FormatMapper::Csv(binding)) => {
                binding.mapper.may_be_netted(binding.view(row, record))
            }
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                mapper.may_be_netted(self.document_view(row, document))
            }
            _ => false,
        }
    }

    /// The rows of plain orders, if the file can have any.
    #[must_use]
    pub fn plain_rows(&self) -> Option<PlainRows<'_>> {
        // The parts of a key are checked and copies are distinguished where rows are mapped.
        if self.profile.checks_key_parts() || self.profile.duplicates.is_some() {
            return None;
        }
        match &self.format {
            FormatMapper::Csv(binding) => PlainColumns::new(binding).map(PlainRows::from),
            // The values of a side file are none of the document.
            FormatMapper::Json(_) if !self.profile.joins.is_empty() => None,
            FormatMapper::Json(mapper) => PlainDocuments::new(mapper).map(PlainRows::from),
        }
    }

    /// The keys of other orders that an unreadable row may contain.
    ///
    /// Where a line break was lost, a row contains the next one, and one of its cells ends with
    /// the next row's key.
    #[must_use]
    pub fn possible_keys(&self, row: &Row<'_>) -> Vec<String> {
        let (RowContent::Unreadable(unreadable), FormatMapper::Csv(binding)) =
            (&row.content, &self.format)
        else {
            return Vec::new();
        };
        let Some(RowContent::Record(record)) = unreadable.salvaged.as_deref() else {
            return Vec::new();
        };
        let texts = record_view::possible_keys(record, &binding.own_header).into_iter();
        texts.filter_map(|text| self.profile.key_of(text).map(Cow::into_owned)).collect()
    }

    /// Whether documents may belong to others.
    #[must_use]
    pub fn has_parents(&self) -> bool {
        matches!(&self.format, FormatMapper::Json(mapper) if mapper.parent.is_some())
    }

    /// The id of a document that belongs to another one, by which its own children find it, and that
    /// of the other one.
    #[must_use]
    pub fn child_and_parent<'a>(&self, row: &'a Row<'a>) -> Option<(&'a str, &'a str)> {
        match (&row.content, &self.format) {
            (RowContent::Document(document), FormatMapper::Json(mapper)) => {
                mapper.child_and_parent(self.document_view(row, document))
            }
            _ => None,
        }
    }

    /// Records the names in a document, under their paths in the form that is no event.
    pub fn observe(&self, row: &Row<'_>, seen: &mut SeenNames) {
        let (RowContent::Document(document), FormatMapper::Json(mapper)) =
            (&row.content, &self.format)
        else {
            return;
        };
        let view = self.document_view(row, document);
        if !mapper.is_refund(view) {
            seen.observe_order();
        }
        let Some(event) = view.event() else {
            return seen.observe(document.root(), row);
        };
        // A wrong order hides the names that the profile reads, and is a problem itself.
        if !event.has_order() {
            return;
        }
        seen.observe(event.order, row);
        let is_attribute = |name: &str| {
            let rules = self.profile.rules.iter();
            let of_events = rules.filter(|rule| rule.target.group() == FieldGroup::Event);
            of_events.flat_map(|rule| &rule.rule.paths).any(|path| event_path(path) == name)
        };
        let is_tested = |name: &str| {
            let of_rules = self.profile.conditional_rules();
            let of_rules = of_rules.filter(|(rule, _)| !self.profile.reads_own_items(rule));
            let of_rules = of_rules.map(|(_, condition)| condition);
            let conditions = self.profile.order_conditions().chain(of_rules);
            let sources = conditions.flat_map(Condition::sources);
            let paths = sources.filter_map(|source| source.path.as_deref());
            let mut firsts = paths.filter_map(|path| first_name(event_path(path)));
            firsts.any(|first| first == name)
        };
        for (name, node) in members_beside(document.root(), is_attribute, is_tested) {
            seen.observe_member(name, node, row);
        }
    }

    /// Records the paths that conditions on rows test and a document has that is of no order.
    pub fn observe_ignored(&self, row: &Row<'_>, seen: &mut SeenNames) {
        let (RowContent::Document(document), FormatMapper::Json(mapper)) =
            (&row.content, &self.format)
        else {
            return;
        };
        let view = self.document_view(row, document);
        let named = self.profile.row_conditions().flat_map(Condition::sources);
        let tested = mapper.row_conditions().flat_map(Condition::sources);
        for (named, tested) in named.zip(tested) {
            if let (Some(path), TestedSource::Value(source)) = (&named.path, tested)
                && !matches!(view.find(source).value, Value::Missing)
            {
                seen.observe_ignored(&dotted_names(path));
            }
        }
    }

    /// The extension attributes that the file's columns declare; `None` for documents, whose types
    /// are those of their values.
    #[must_use]
    pub fn declared_extensions(&self) -> Option<Vec<&Field>> {
        let FormatMapper::Csv(binding) = &self.format else { return None };
        let is_extension =
            |field: &&Field| matches!(field, Field::Extension(_) | Field::ItemExtension(_));
        Some(binding.fields().filter(is_extension).collect())
    }

    /// Whether the file's columns may have identifiers other than e-mail addresses. Documents may.
    #[must_use]
    pub fn has_identifiers(&self) -> bool {
        match &self.format {
            FormatMapper::Csv(binding) => binding.fields().any(Field::is_text_identifier),
            FormatMapper::Json(_) => true,
        }
    }

    /// A warning for each column or member that the profile does not use, if it asks for warnings.
    /// `seen` has the names of all documents of the file.
    #[must_use]
    pub fn unknown_names(&self, seen: &SeenNames) -> Vec<Problem> {
        match &self.format {
            FormatMapper::Csv(binding) => binding.unknown.clone(),
            FormatMapper::Json(_) if self.profile.unknown_columns == UnknownColumns::Ignore => {
                Vec::new()
            }
            FormatMapper::Json(_) => unknown_members(&known_paths(self.profile), seen),
        }
    }

    /// A warning for each column that the file lacks and whose default takes its place.
    #[must_use]
    pub fn defaulted_columns(&self) -> Vec<Problem> {
        let FormatMapper::Csv(binding) = &self.format else { return Vec::new() };
        let Some(first) = binding.own_header.positions.first() else { return Vec::new() };
        let at = Position { column: None, ..*first };
        distinct(&binding.missing)
            .iter()
            .filter_map(|missing| missing.default_warning(at))
            .collect()
    }

    /// Whether the file holds JSON documents, which have no header.
    #[must_use]
    pub fn has_documents(&self) -> bool {
        matches!(self.format, FormatMapper::Json(_))
    }

    /// The columns that the profile reads and the file lacks; none are known of documents.
    pub(super) fn missing_names(&self) -> &[MissingName] {
        match &self.format {
            FormatMapper::Csv(binding) => &binding.missing,
            FormatMapper::Json(_) => &[],
        }
    }
}

impl HeaderBinding<'_> {
    fn view<'a>(&self, row: &'a Row<'a>, record: &'a Record<'a>) -> RecordView<'a> {
        // A damaged record is not joined to side rows.
        let is_joined = matches!(record.form, RecordForm::Joined(_));
        let whole = if is_joined { &self.header } else { &self.own_header };
        RecordView::new(row, record, &self.header, whole)
    }

    /// The fields of the order, its guest and its items.
    fn fields(&self) -> impl Iterator<Item = &Field> {
        let of_joins = self.mapper.joined_items.iter().flat_map(|items| &items.kinds);
        let kinds =
            self.mapper.own_items.kinds.iter().chain(of_joins).chain(&self.mapper.order_kinds);
        let rules = self.mapper.order_rules.iter().chain(kinds.flat_map(|of| &of.rules));
        rules.filter_map(BoundRule::field)
    }
}
