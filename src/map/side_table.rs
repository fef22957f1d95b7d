//! Side table: the rows of a side file by their keys, with the cells that the profile reads.
//!
//! In memory. Reads no file: `shuffle` passes the rows. Used by `row_joins`.

use std::collections::{HashMap, hash_map::Entry};

use super::{
    error::MapError,
    header_hint::{has_names, position_of, side_header_hint},
    join::{Join, KeyText},
    known_columns::KnownColumns,
    missing_name::MissingName,
    profile::Profile,
    rule::Rule,
};
use crate::model::{
    diagnostic::Note,
    origin::{FileId, InputNames, Position},
    record::{Header, Record},
    redact::without_address,
    row::{Row, RowContent},
    side_row::{SideCell, SideRow},
    suggest::suggest,
};

/// The rows of the files of a join.
#[derive(Debug)]
pub struct SideTable {
    /// The name before its columns.
    name: String,
    /// Whether its rows are items.
    pub(super) has_items: bool,
    /// The names of the files, for messages, by their number within the join.
    files: Vec<(FileId, String)>,
    /// The header of the first file.
    header: Header,
    /// The columns that are read, as rules name them.
    pub(super) columns: Vec<String>,
    /// The index of the column that decides which one of several rows counts.
    pub(super) picked_by: Option<usize>,
    /// The texts of all cells, row by row.
    text: String,
    cells: Vec<SideCell>,
    rows: Vec<StoredRow>,
    /// The first and the last row of each key.
    keys: HashMap<Box<str>, (u32, u32)>,
    n_key_bytes: usize,
}

#[derive(Debug)]
struct StoredRow {
    file: FileId,
    line: u64,
    /// Where its texts begin.
    start: usize,
    /// The next row with the same key.
    next: Option<u32>,
}

/// A file of a join, with the columns that are read.
pub struct SideFile<'p> {
    file: FileId,
    header: Header,
    keys: Vec<(Vec<usize>, &'p Rule)>,
    /// The index of each column that is read; none if the file lacks it.
    columns: Vec<Option<usize>>,
}

/// Approximate bytes of an entry of the keys, without the key.
const KEY_ENTRY_BYTES: usize = 64;

impl SideTable {
    /// A table without rows.
    #[must_use]
    pub fn new(join: &Join) -> Self {
        Self {
            name: join.name.clone(),
            has_items: join.has_items,
            files: Vec::new(),
            header: Header::default(),
            columns: Vec::new(),
            picked_by: None,
            text: String::new(),
            cells: Vec::new(),
            rows: Vec::new(),
            keys: HashMap::new(),
            n_key_bytes: 0,
        }
    }

    /// Binds the join to the header of one of its files, whose name in messages is `name`.
    ///
    /// # Errors
    ///
    /// [`MapError`] if the file lacks columns of the key, or those of the first file.
    pub fn bind<'p>(
        &mut self,
        (profile, join): (&'p Profile, &'p Join),
        header: &Header,
        (file, name): (FileId, &str),
    ) -> Result<SideFile<'p>, MapError> {
        let names: Vec<String> = header.names.iter().map(|name| join.column(name)).collect();
        if self.files.is_empty() {
            let known = KnownColumns::of(profile);
            let pick = join.pick.as_ref().map(|pick| join.column(&pick.column));
            let is_read = |name: &&String| known.contain(name) || Some(*name) == pick.as_ref();
            self.columns = names.iter().filter(is_read).cloned().collect();
            self.header = header.clone();
            self.picked_by = self.columns.iter().position(|name| Some(name) == pick.as_ref());
        }
        self.files.push((file, name.to_owned()));
        let index_of = |column: &String| header.names.iter().position(|name| name == column);
        let (mut keys, mut missing) = (Vec::new(), Vec::new());
        for key in &join.keys {
            let found: Vec<_> = key.to.columns.iter().filter_map(&index_of).collect();
            if let (true, Some(first)) = (found.is_empty(), key.to.columns.first()) {
                let purpose = format!("the key of the join {:?}", join.name);
                missing.push(missing_column(first, &purpose, first, header, name));
            }
            keys.push((found, &key.to));
        }
        if let (Some(pick), None) = (&join.pick, self.picked_by) {
            let purpose = format!("pick of the join {:?}", join.name);
            missing.push(missing_column(&pick.column, &purpose, &pick.column, header, name));
        }
        let index_of_read = |column| names.iter().position(|name| name == column);
        let columns: Vec<_> = self.columns.iter().map(index_of_read).collect();
        for (column, _) in self.columns.iter().zip(&columns).filter(|(_, index)| index.is_none()) {
            missing.push(self.missing_column(column, "the rules", header, name));
        }
        if let Some(first) = missing.first_mut() {
            let is_known = |name: &str| {
                let mut of_key = join.keys.iter().flat_map(|key| &key.to.columns);
                of_key.any(|column| column == name)
            };
            if let Some(hint) = side_header_hint(&join.name, header, is_known) {
                first.notes.push(Note::Hint(hint));
                // Every name is missing then, and one says it.
                missing.truncate(1);
            }
            return Err(profile.name_places.error(&missing));
        }
        let of_keys = keys.iter().flat_map(|(columns, _)| columns.iter().copied());
        let mut read = of_keys.chain(columns.iter().flatten().copied());
        if let Some(twice) = read.find(|index| occurs_twice(&header.names[*index], header)) {
            return Err(ambiguous_column(&header.names[twice], join, header, name));
        }
        Ok(SideFile { file, header: header.clone(), keys, columns })
    }

    /// Adds a row of a file. One without a key belongs to no row of the export. An error is why the
    /// row cannot be read.
    pub fn add<'r>(&mut self, side: &SideFile<'_>, row: &'r Row<'r>) -> Result<(), String> {
        let record = match &row.content {
            RowContent::Record(record) => record,
            RowContent::Unreadable(unreadable) => return Err(unreadable.reason.clone()),
            RowContent::Document(_) => {
                return Err("a JSON document, where a row of a CSV file is expected".to_owned());
            }
        };
        if side.is_header(record) {
            return Ok(());
        }
        let mut key = KeyText::default();
        for (columns, rule) in &side.keys {
            let mut texts = columns.iter().map(|column| record.cell(*column));
            let filled = texts.find(|text| !rule.is_empty(text));
            if filled.and_then(|text| key.push(rule, text)).is_none() {
                return Ok(());
            }
        }
        self.push(side, row, record, key.as_str());
        Ok(())
    }

    fn push(&mut self, side: &SideFile<'_>, row: &Row<'_>, record: &Record<'_>, key: &str) {
        let start = self.text.len();
        for column in side.columns.iter().flatten() {
            self.text.push_str(record.cell(*column));
            let Position { line, column, .. } = record.position(&row.origin, *column);
            self.cells.push(SideCell {
                end: u32::try_from(self.text.len() - start).unwrap_or(u32::MAX),
                line: u32::try_from(line - row.origin.line).unwrap_or(u32::MAX),
                column: column.unwrap_or(1),
            });
        }
        let index = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(StoredRow { file: side.file, line: row.origin.line, start, next: None });
        match self.keys.entry(key.into()) {
            Entry::Vacant(entry) => {
                self.n_key_bytes += key.len() + KEY_ENTRY_BYTES;
                entry.insert((index, index));
            }
            Entry::Occupied(mut entry) => {
                let (_, last) = entry.get_mut();
                self.rows[*last as usize].next = Some(index);
                *last = index;
            }
        }
    }

    /// The bytes that it takes in memory.
    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.text.capacity()
            + self.cells.capacity() * size_of::<SideCell>()
            + self.rows.capacity() * size_of::<StoredRow>()
            + self.n_key_bytes
    }

    /// The rows with a key, in the order of the files.
    pub(super) fn find(&self, key: &str) -> impl Iterator<Item = SideRow<'_>> {
        let first = self.keys.get(key).map(|(first, _)| *first as usize);
        let next = |index: &usize| self.rows[*index].next.map(|index| index as usize);
        std::iter::successors(first, next).map(|index| self.row(index))
    }

    fn row(&self, index: usize) -> SideRow<'_> {
        let StoredRow { file, line, start, .. } = self.rows[index];
        let n_columns = self.columns.len();
        let cells = &self.cells[index * n_columns..][..n_columns];
        let end = start + cells.last().map_or(0, |cell| cell.end as usize);
        SideRow { file, line, names: &self.columns, text: &self.text[start..end], cells }
    }

    /// The name of one of its files, for a message.
    pub(super) fn file_name(&self, file: FileId) -> &str {
        self.files.iter().find(|(id, _)| *id == file).map_or("", |(_, name)| name)
    }

    /// The names of its files, for a message.
    pub(super) fn file_names(&self) -> String {
        let names: Vec<_> = self.files.iter().map(|(_, name)| name.as_str()).collect();
        names.join(", ")
    }

    /// A column that rules read and no file has; none if its name is not that of one of its columns.
    pub(super) fn missing(&self, column: &str, purpose: &str) -> Option<MissingName> {
        let (_, file) = self.files.first()?;
        self.own_name(column)?;
        Some(self.missing_column(column, purpose, &self.header, file))
    }

    fn missing_column(
        &self,
        column: &str,
        purpose: &str,
        header: &Header,
        file: &str,
    ) -> MissingName {
        missing_column(column, purpose, self.own_name(column).unwrap_or(column), header, file)
    }

    /// The name of a column in its file, of that by which rules name it.
    fn own_name<'a>(&self, column: &'a str) -> Option<&'a str> {
        column.strip_prefix(&*self.name)?.strip_prefix('.')
    }
}

impl SideFile<'_> {
    /// Whether a row is the header again.
    fn is_header(&self, record: &Record<'_>) -> bool {
        let mut names = self.header.names.iter().enumerate();
        names.all(|(index, name)| record.cell(index) == name)
    }
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

/// A column that a side file lacks, which has the name `file` in messages. Rules name the column
/// `column`, the file itself `own_name`.
fn missing_column(
    column: &str,
    purpose: &str,
    own_name: &str,
    header: &Header,
    file: &str,
) -> MissingName {
    let near = suggest(own_name, header.names.iter().map(String::as_str));
    let fact = near.and_then(|name| position_of(name, header, file));
    MissingName {
        file: file.to_owned(),
        name: column.to_owned(),
        named_by: None,
        purpose: format!("the profile needs it for {purpose}"),
        is_path: false,
        is_in_side_file: true,
        is_required: true,
        near: near.map(str::to_owned),
        notes: vec![Note::Fact(fact.unwrap_or_else(|| has_names(header, file)))],
    }
}
