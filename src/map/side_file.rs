//! Side file: a file of a join, with the columns or members that the profile reads of it.
//!
//! Adds the rows of the file to the table of its join. Reads no file: `shuffle` passes the rows.

use bumpalo::Bump;

use super::{
    error::MapError,
    fill_down::{FillDown, RowsAbove},
    header_hint::side_header_hint,
    join::{Join, JoinKey, KeyText},
    known_columns::KnownColumns,
    missing_name::FILL_DOWN,
    path::{Path, PathEnd},
    path_text::dotted_names,
    profile::Profile,
    record_view::{HeaderNames, HeaderRow},
    row_digest::{digest_of_record, digest_of_value},
    rule::Rule,
    side_table::{Compared, NewCell, NewRow, SideTable},
    view::{Value, WITHIN},
};
use crate::model::{
    diagnostic::Note,
    document::{JsonNode, JsonValue},
    input::InputFormat,
    origin::{FileId, InputNames, Position, RowOrigin},
    record::{Header, Record},
    redact::without_address,
    row::{Row, RowContent, Unreadable},
    side_row::SideKind,
};

/// A file of a join, with what is read of it.
pub struct SideFile<'p> {
    file: FileId,
    format: SideFormat<'p>,
}

enum SideFormat<'p> {
    Records(SideRecords<'p>),
    Documents(SideDocuments<'p>),
}

struct SideRecords<'p> {
    header: Header,
    names: HeaderNames,
    /// The columns of the key.
    key_columns: Vec<usize>,
    keys: Vec<(Vec<usize>, &'p Rule)>,
    fill_down: Option<FillDown>,
    /// The index of each column that is read; none if the file lacks it.
    columns: Vec<Option<usize>>,
}

struct SideDocuments<'p> {
    keys: Vec<(Vec<Path>, &'p Rule)>,
    /// The array whose elements are the rows.
    items: Option<Path>,
    /// The paths that are read, from the document or from the element.
    columns: Vec<Path>,
}

/// Why a row does not fit its file.
#[derive(Debug, PartialEq, Eq)]
pub enum UnfitRow {
    /// It cannot be read.
    Unreadable(String),
    /// It is the header, with its columns in another order: the rows below it would be misread.
    ExchangedHeader,
}

impl SideTable {
    /// The table of a join without a file: all that the profile reads is empty.
    #[must_use]
    pub fn without_file(profile: &Profile, join: &Join) -> Self {
        let mut table = Self::new(join);
        // Columns have the names by which rules know them, as those of documents.
        table.format = InputFormat::Ndjson;
        let file = join.file.as_ref().map_or_else(String::new, |file| format!(" {file:?}"));
        let lacking =
            if join.has_items { "orders have none of its items" } else { "its columns are empty" };
        let name = &join.name;
        table.absent = Some(format!("the join {name:?} is without its file{file}: {lacking}"));
        let names = read_names(profile, join).into_iter().filter(|name| !name.ends_with('*'));
        table.set_columns(names.collect(), join.picked_column().as_ref());
        table
    }

    /// Sets the columns that are read, those that any of the CSV files has. A file may lack one that
    /// another has.
    pub fn set_headers<'h>(
        &mut self,
        (profile, join): (&Profile, &Join),
        headers: impl IntoIterator<Item = &'h Header>,
    ) {
        let (known, pick) = (KnownColumns::of(profile), join.picked_column());
        let paths: Vec<_> =
            read_paths(profile, join).iter().map(|path| dotted_names(path)).collect();
        let mut columns: Vec<String> = Vec::new();
        for name in headers.into_iter().flat_map(|header| &header.names) {
            let column = join.column(name);
            let is_read =
                known.contain(&column) || paths.contains(&column) || pick.as_ref() == Some(&column);
            if is_read && !columns.contains(&column) {
                columns.push(column);
            }
        }
        let own_names = columns.iter().filter_map(|name| self.own_name(name)).map(str::to_owned);
        let of_keys = join.keys.iter().flat_map(JoinKey::names_of_columns);
        self.known = own_names.chain(of_keys).collect();
        self.set_columns(columns, pick.as_ref());
    }

    /// Binds the join to one of its files, whose name in messages is `name`: to its header, or to
    /// documents if it has none.
    ///
    /// # Errors
    ///
    /// [`MapError`] if the file lacks columns of the key or of `pick`, or is of another format than
    /// the first one.
    pub fn bind<'p>(
        &mut self,
        (profile, join): (&'p Profile, &'p Join),
        header: Option<&Header>,
        (file, name): (FileId, &str),
    ) -> Result<SideFile<'p>, MapError> {
        let format = if header.is_some() { InputFormat::Csv } else { InputFormat::Ndjson };
        if self.files.is_empty() {
            self.format = format;
        } else if self.format != format {
            return Err(MapError::other_side_format(name, &self.files[0].1));
        }
        let format = match header {
            Some(header) => {
                SideFormat::Records(self.bind_records((profile, join), header, name)?)
            }
            None => SideFormat::Documents(self.bind_documents((profile, join), name)?),
        };
        self.files.push((file, name.to_owned()));
        Ok(SideFile { file, format })
    }

    fn bind_records<'p>(
        &mut self,
        (profile, join): (&'p Profile, &'p Join),
        header: &Header,
        name: &str,
    ) -> Result<SideRecords<'p>, MapError> {
        if let Some(items) = &join.item_path {
            return Err(MapError::side_items_in_records(name, items));
        }
        let names: Vec<String> = header.names.iter().map(|name| join.column(name)).collect();
        let file = Some((header, name));
        let (mut keys, mut missing) = (Vec::new(), Vec::new());
        for key in &join.keys {
            let of_key = key.names_of_columns();
            let index_of = |column: &String| header.names.iter().position(|name| name == column);
            let found: Vec<_> = of_key.iter().filter_map(index_of).collect();
            if let (true, Some(first)) = (found.is_empty(), of_key.first()) {
                missing.push(self.missing_column(first, &join.purpose_of_key(), true, file));
            }
            keys.push((found, &key.to));
        }
        if let Some(pick) = join.pick.as_ref().filter(|pick| !header.names.contains(&pick.column)) {
            missing.push(self.missing_column(&pick.column, &join.purpose_of_pick(), true, file));
        }
        let mut filled = Vec::new();
        for name in &join.files.fill_down {
            match header.names.iter().position(|column| column == name) {
                Some(index) => filled.push(index),
                None => missing.push(self.missing_column(name, FILL_DOWN, true, file)),
            }
        }
        let index_of_read = |column| names.iter().position(|name| name == column);
        let columns: Vec<_> = self.columns.iter().map(index_of_read).collect();
        if let Some(first) = missing.first_mut() {
            let of_key: Vec<_> = join.keys.iter().flat_map(JoinKey::names_of_columns).collect();
            let is_known = |name: &str| of_key.iter().any(|column| column == name);
            if let Some(hint) = side_header_hint(&join.name, header, is_known) {
                first.notes.push(Note::Hint(hint));
                // Every name is missing then, and one says it.
                missing.truncate(1);
            }
            return Err(profile.name_places.error(&missing));
        }
        let key_columns: Vec<usize> =
            keys.iter().flat_map(|(columns, _)| columns.iter().copied()).collect();
        let mut read = key_columns.iter().chain(columns.iter().flatten()).chain(&filled).copied();
        if let Some(twice) = read.find(|index| occurs_twice(&header.names[*index], header)) {
            return Err(ambiguous_column(&header.names[twice], join, header, name));
        }
        self.headers.push(header.clone());
        let names = HeaderNames::new(header);
        let fill_down = FillDown::new(filled, &key_columns);
        Ok(SideRecords { header: header.clone(), names, key_columns, keys, fill_down, columns })
    }

    fn bind_documents<'p>(
        &mut self,
        (profile, join): (&'p Profile, &'p Join),
        file: &str,
    ) -> Result<SideDocuments<'p>, MapError> {
        if self.files.is_empty() {
            let names = read_names(profile, join);
            if let Some(wildcard) = names.iter().find(|name| name.ends_with('*')) {
                return Err(MapError::side_wildcard(file, wildcard));
            }
            let pick = join.picked_column();
            let own_names = names.iter().filter_map(|name| self.own_name(name));
            let read = own_names.map(|name| self.path_in_document(&dotted_names(name)));
            let of_keys = join.keys.iter().flat_map(JoinKey::paths);
            self.known = read.chain(of_keys.map(|path| dotted_names(path))).collect();
            self.set_columns(names, pick.as_ref());
        }
        let path = |name: &String| Path::new(&name[join.name.len() + 1..]);
        let columns = self.columns.iter().map(path).collect();
        let path_of_key = |name: &String| Path::new(name);
        let keys = join.keys.iter();
        let keys = keys.map(|key| (key.paths().iter().map(path_of_key).collect(), &key.to));
        let items = join.item_path.as_deref().map(Path::new);
        Ok(SideDocuments { keys: keys.collect(), items, columns })
    }

    /// Adds a line in the place of a header that the profile replaces: a file without a header has
    /// a row there, which shows in its key.
    pub fn add_skipped<'r>(&mut self, side: &SideFile<'_>, row: &'r Row<'r>) {
        if let (RowContent::Record(record), SideFormat::Records(format)) =
            (&row.content, &side.format)
            && let SideKey::Whole(key) = key_of_record(record, &format.keys)
        {
            self.push_skipped(key.as_str(), row.origin.position());
        }
    }

    /// Adds a row of a file. One without a key belongs to no row of the export.
    ///
    /// # Errors
    ///
    /// [`UnfitRow`], for a row that cannot be read: any order may need it.
    pub fn add<'r>(&mut self, side: &SideFile<'_>, row: &'r Row<'r>) -> Result<(), UnfitRow> {
        match (&row.content, &side.format) {
            (RowContent::Unreadable(unreadable), _) => {
                Err(UnfitRow::Unreadable(unreadable.reason.clone()))
            }
            (RowContent::Record(record), SideFormat::Records(format)) => {
                self.add_record(side.file, format, row, record)
            }
            (RowContent::Document(document), SideFormat::Documents(format)) => {
                self.add_document(side.file, format, row, document.root())
            }
            _ => {
                let reason = "the row is of another format than its file".to_owned();
                Err(UnfitRow::Unreadable(reason))
            }
        }
    }

    fn add_record<'r>(
        &mut self,
        file: FileId,
        format: &SideRecords<'_>,
        row: &'r Row<'r>,
        record: &'r Record<'r>,
    ) -> Result<(), UnfitRow> {
        let SideRecords { header, names, key_columns, keys, columns, .. } = format;
        match names.header_row(record, header, key_columns) {
            Some(HeaderRow::Repeated) => {
                self.repeated_headers.push(row.origin.position());
                // The rows below it are of another export.
                self.above = RowsAbove::default();
                return Ok(());
            }
            Some(HeaderRow::Exchanged) => return Err(UnfitRow::ExchangedHeader),
            None => {}
        }
        if format.fill_down.is_some() && is_blank(record) {
            return Ok(());
        }
        let texts = Bump::new();
        self.above.begin(file);
        let record = format.filled(record, row.origin.line, &mut self.above, &texts)?;
        let key = key_of_record(&record, keys);
        let Some(key) = self.whole_key(key, row) else { return Ok(()) };
        let cells = columns.iter().map(|column| match column {
            Some(column) => NewCell {
                text: record.cell(*column).into(),
                at: record.position(&row.origin, *column),
                kind: SideKind::Text,
            },
            None => NewCell { text: "".into(), at: row.origin.position(), kind: SideKind::Missing },
        });
        let digest = match self.compared {
            Compared::Rows => digest_of_record(&record, header),
            Compared::Documents | Compared::Nothing => 0,
        };
        let (key, line) = (key.as_str(), row.origin.line);
        self.push(NewRow { key, file, line, digest, starts_document: true }, cells);
        Ok(())
    }

    fn add_document<'r>(
        &mut self,
        file: FileId,
        format: &SideDocuments<'_>,
        row: &'r Row<'r>,
        root: JsonNode<'r>,
    ) -> Result<(), UnfitRow> {
        let SideDocuments { keys, items, columns } = format;
        self.seen_names.observe(root, row);
        let key = key_of_document(root, keys).map_err(UnfitRow::Unreadable)?;
        let Some(key) = self.whole_key(key, row) else { return Ok(()) };
        let key = key.as_str();
        self.add_key(key);
        let elements = match items {
            Some(items) => {
                let elements = elements_of(root, items).map_err(UnfitRow::Unreadable)?;
                self.has_array |= elements.is_some();
                elements.unwrap_or_default()
            }
            None => vec![root],
        };
        let of_document = match self.compared {
            Compared::Documents => digest_of_value(root),
            Compared::Rows | Compared::Nothing => 0,
        };
        for (index, node) in elements.into_iter().enumerate() {
            let line = node.position(&row.origin).line;
            let cells = columns.iter().map(|path| cell(path, node, &row.origin));
            let digest = match self.compared {
                Compared::Rows => digest_of_value(node),
                Compared::Documents | Compared::Nothing => of_document,
            };
            self.push(NewRow { key, file, line, digest, starts_document: index == 0 }, cells);
        }
        Ok(())
    }

    /// The key of a row, which is passed over if it has none.
    fn whole_key(&mut self, key: SideKey, row: &Row<'_>) -> Option<KeyText> {
        match key {
            SideKey::Whole(key) => return Some(key),
            SideKey::None => self.pass_over(row.origin.position(), false),
            SideKey::Invalid => self.pass_over(row.origin.position(), true),
        }
        None
    }
}

/// Whether all cells are blank, as those of the rows that a spreadsheet leaves below the others.
fn is_blank(record: &Record<'_>) -> bool {
    (0..record.header.names.len()).all(|column| record.cell(column).is_empty())
}

impl SideRecords<'_> {
    /// The record with its blank cells filled. An error is why that cannot be.
    fn filled<'a>(
        &self,
        record: &Record<'a>,
        line: u64,
        above: &mut RowsAbove,
        texts: &'a Bump,
    ) -> Result<Record<'a>, UnfitRow> {
        let Some(fill_down) = &self.fill_down else { return Ok(*record) };
        let own_key = match key_of_record(record, &self.keys) {
            SideKey::Whole(key) => Some(key),
            SideKey::None | SideKey::Invalid if fill_down.fills_key() => None,
            // A row without a key is never read.
            SideKey::None | SideKey::Invalid => return Ok(*record),
        };
        let place = (own_key.as_ref().map(KeyText::as_str), line);
        match fill_down.fill(record, place, above, texts) {
            RowContent::Unreadable(Unreadable { reason, .. }) => Err(UnfitRow::Unreadable(reason)),
            RowContent::Record(filled) => Ok(filled),
            RowContent::Document(_) => Ok(*record),
        }
    }
}

/// The paths below a join that rules, conditions and keys read.
/// The columns and paths that the profile reads of the files of a join, as rules name them.
fn read_names(profile: &Profile, join: &Join) -> Vec<String> {
    let known = KnownColumns::of(profile);
    let columns = known.names.iter().copied().filter(|name| join.has_column(name));
    let names = columns.map(str::to_owned).chain(read_paths(profile, join));
    let mut names: Vec<String> = names.chain(join.picked_column()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn read_paths(profile: &Profile, join: &Join) -> Vec<String> {
    let paths = profile.read_paths().map(str::to_owned).chain(profile.paths_beside());
    paths.filter(|path| join.has_column(path)).collect()
}

/// The key of a row of a side file.
enum SideKey {
    Whole(KeyText),
    /// A part of it is empty.
    None,
    /// A step cannot take the text of a part.
    Invalid,
}

impl SideKey {
    /// Joins parts; one that is empty is none.
    fn of<'p>(parts: impl IntoIterator<Item = (&'p Rule, Option<&'p str>)>) -> Self {
        let mut key = KeyText::default();
        for (rule, text) in parts {
            match text.map_or(Ok(None), |text| key.push(rule, text)) {
                Ok(Some(_)) => {}
                Ok(None) => return Self::None,
                Err(_) => return Self::Invalid,
            }
        }
        Self::Whole(key)
    }
}

fn key_of_record(record: &Record<'_>, keys: &[(Vec<usize>, &Rule)]) -> SideKey {
    SideKey::of(keys.iter().map(|(columns, rule)| {
        let mut texts = columns.iter().map(|column| record.cell(*column));
        (*rule, texts.find(|text| !rule.is_empty(text)))
    }))
}

fn key_of_document(document: JsonNode<'_>, keys: &[(Vec<Path>, &Rule)]) -> Result<SideKey, String> {
    let mut parts = Vec::new();
    for (paths, rule) in keys {
        let mut filled = None;
        for path in paths {
            let (text, kind, _) = value_at(path.find(document));
            match kind {
                SideKind::Text | SideKind::Number | SideKind::Boolean if !rule.is_empty(text) => {
                    filled = filled.or(Some(text));
                }
                SideKind::Text
                | SideKind::Number
                | SideKind::Boolean
                | SideKind::Null
                | SideKind::Missing => {}
                SideKind::WithinScalar if rule.is_empty(text) => {}
                _ => return Err("the key of the join is not a single value".to_owned()),
            }
        }
        parts.push((*rule, filled));
    }
    Ok(SideKey::of(parts))
}

/// The elements of the array with the items; none if the document has no such array.
fn elements_of<'n>(
    document: JsonNode<'n>,
    items: &Path,
) -> Result<Option<Vec<JsonNode<'n>>>, String> {
    let (mut elements, mut is_array) = (None, true);
    items.visit(document, &mut |end| match end {
        PathEnd::Value(node) if items.ends_at_elements() => {
            elements.get_or_insert_with(Vec::new).push(node);
        }
        PathEnd::Value(node) => match node.elements() {
            Some(found) => elements.get_or_insert_with(Vec::new).extend(found),
            None => is_array = false,
        },
        PathEnd::Missing => {}
        _ => is_array = false,
    });
    if is_array { Ok(elements) } else { Err("no array where the items are expected".to_owned()) }
}

fn cell<'n>(path: &Path, node: JsonNode<'n>, origin: &RowOrigin) -> NewCell<'n> {
    let (text, kind, found) = value_at(path.find(node));
    let at = found.unwrap_or(node).position(origin);
    let is_within = kind == SideKind::WithinScalar;
    let text = if is_within { format!("{WITHIN}{text}").into() } else { text.into() };
    NewCell { text, at, kind }
}

/// The text at the end of a path, and what is there.
fn value_at(end: PathEnd<'_>) -> (&str, SideKind, Option<JsonNode<'_>>) {
    let (text, kind, node) = match end {
        PathEnd::Value(node) => {
            let (text, kind) = match node.value() {
                JsonValue::Text(text) => (text.trim(), SideKind::Text),
                JsonValue::Number(digits) => (digits, SideKind::Number),
                JsonValue::Boolean(true) => ("true", SideKind::Boolean),
                JsonValue::Boolean(false) => ("false", SideKind::Boolean),
                JsonValue::Null => ("", SideKind::Null),
                // A text, so that no other value repeats it.
                JsonValue::Array if node.is_empty() => ("[]", SideKind::EmptyArray),
                JsonValue::Array => ("[…]", SideKind::Array),
                JsonValue::Object => ("{…}", SideKind::Object),
            };
            (text, kind, node)
        }
        PathEnd::WithinArray(node) => ("[…].", SideKind::WithinArray, node),
        PathEnd::Several(node) => ("[…]", SideKind::Several, node),
        PathEnd::Uncompared(node) if node.is_array() => ("[…]", SideKind::Array, node),
        PathEnd::Uncompared(node) if node.is_object() => ("{…}", SideKind::Object, node),
        PathEnd::Uncompared(node) | PathEnd::WithinScalar(node) => {
            let text = Value::of(Some(node)).text().unwrap_or_default();
            (text, SideKind::WithinScalar, node)
        }
        PathEnd::Missing => return ("", SideKind::Missing, None),
    };
    (text, kind, Some(node))
}

fn occurs_twice(name: &str, header: &Header) -> bool {
    header.names.iter().filter(|other| *other == name).count() > 1
}

/// The error of a side file with two columns of a name that is read.
fn ambiguous_column(column: &str, join: &Join, header: &Header, file: &str) -> MapError {
    let names: InputNames = [file].into_iter().collect();
    let same = header.names.iter().zip(&header.positions).filter(|(name, _)| *name == column);
    let places = same.map(|(_, at)| names.locate(Position { file: FileId(0), ..*at }));
    let places: Vec<_> = places.collect();
    let hint = "rename or remove one in the file; which one is meant is not guessed";
    let field = format!("the join {:?}", join.name);
    MapError::ambiguous_column(file, &places, &without_address(column), &field, hint)
}
