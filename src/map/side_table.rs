//! Side table: the rows of the files of a join by their keys, with the values that the profile
//! reads.
//!
//! In memory, or in a store on disk. Reads no file: `side_file` adds the rows. Used by `row_joins`.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use bumpalo::Bump;

use super::{
    error::MapError,
    fill_down::RowsAbove,
    input_settings::Many,
    join::Join,
    path_text::dotted_names,
    profile::Profile,
    seen_names::SeenNames,
    spilled_rows::{SideStore, SpilledRows, encode, hash},
};
use crate::model::{
    input::InputFormat,
    origin::{FileId, Position},
    record::Header,
    side_row::{SideCell, SideKind, SideRow},
};

/// The rows of the files of a join.
#[derive(Debug)]
pub struct SideTable {
    /// The name before its columns.
    name: String,
    /// What orders lack, in words, if there is no file of the join.
    pub(super) absent: Option<String>,
    /// Whether its rows are items.
    pub(super) has_items: bool,
    /// Whether a document has the array of the items, with elements or without.
    pub(super) has_array: bool,
    /// What became of its keys, if a row of the export may have none of its rows.
    look_ups: Option<LookUps>,
    /// What is compared of rows with one key.
    pub(super) compared: Compared,
    /// The names of the files, for messages, by their number within the join.
    pub(super) files: Vec<(FileId, String)>,
    pub(super) format: InputFormat,
    /// The headers of its CSV files, in the order of the files.
    pub(super) headers: Vec<Header>,
    /// The headers within CSV files, below which a second export begins.
    pub(super) repeated_headers: Vec<Position>,
    /// The names of the members of its documents.
    pub(super) seen_names: SeenNames,
    /// The columns or paths that are read, those of the key too, as the files name them.
    pub(super) known: Vec<String>,
    /// The array in its documents whose elements are the rows.
    item_path: Option<String>,
    /// The columns or paths that are read, as rules name them.
    pub(super) columns: Vec<String>,
    /// Whether a row has each of them; no document may.
    seen: Vec<bool>,
    /// The index of the column that decides which one of several rows counts.
    pub(super) picked_by: Option<usize>,
    /// The texts of all cells, row by row.
    text: String,
    cells: Vec<SideCell>,
    rows: Vec<StoredRow>,
    keys: HashMap<Box<str>, KeyRows>,
    n_key_bytes: usize,
    /// Rows without a key.
    without_key: UnusedRows,
    /// The lines in the place of headers that the profile replaces, which may be rows, with their
    /// keys.
    skipped: Vec<(String, Position)>,
    /// Rows of which a step of the key cannot take the text.
    invalid_keys: UnusedRows,
    /// The rows above the next one of its CSV files.
    pub(super) above: RowsAbove,
    /// The rows that were passed to a store so far.
    n_drained: u64,
    /// The rows in a store, once all are there.
    spilled: Option<SpilledRows>,
}

/// What is compared of rows with one key, to find copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Rows whose numbers are added up.
    Rows,
    /// Documents that each have a part of the items.
    Documents,
    Nothing,
}

impl Compared {
    fn of(join: &Join) -> Self {
        if join.adds_rows() {
            Self::Rows
        } else if join.item_path.is_some() && join.many == Many::All {
            Self::Documents
        } else {
            Self::Nothing
        }
    }
}

/// Whether keys were looked up, and whether one was found.
#[derive(Debug, Default)]
struct LookUps {
    is_asked: AtomicBool,
    is_found: AtomicBool,
}

impl LookUps {
    /// Notes a key. Each flag is written once, so that the cores do not wait for each other.
    fn note(&self, is_found: bool) {
        for flag in [Some(&self.is_asked), is_found.then_some(&self.is_found)].into_iter().flatten()
        {
            if !flag.load(Ordering::Relaxed) {
                flag.store(true, Ordering::Relaxed);
            }
        }
    }

    fn found_none(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed) && !self.is_found.load(Ordering::Relaxed)
    }
}

/// The rows with a key.
#[derive(Debug, Default)]
struct KeyRows {
    /// The first and the last one; none if the key has no items.
    ends: Option<(u32, u32)>,
    /// Whether a row of the export has the key. Known of items and of rows that are added up only.
    is_used: AtomicBool,
}

/// Rows that belong to no row of the export.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnusedRows {
    /// Their number.
    pub n_rows: u64,
    /// Where the first one begins.
    pub first: Option<Position>,
}

#[derive(Debug)]
struct StoredRow {
    file: FileId,
    line: u64,
    digest: u64,
    starts_document: bool,
    /// Where its texts begin.
    start: usize,
    /// The next row with the same key.
    next: Option<u32>,
}

/// A row that is added, without its cells.
pub(super) struct NewRow<'t> {
    pub(super) key: &'t str,
    pub(super) file: FileId,
    /// The line on which it begins.
    pub(super) line: u64,
    pub(super) digest: u64,
    /// Whether no item before it is of the same document.
    pub(super) starts_document: bool,
}

/// A value of a row that is added.
pub(super) struct NewCell<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) at: Position,
    pub(super) kind: SideKind,
}

/// Approximate bytes of an entry of the keys, without the key.
const KEY_ENTRY_BYTES: usize = 64;

impl UnusedRows {
    fn add(&mut self, at: Position) {
        self.n_rows += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }
}

impl SideTable {
    /// A table without rows.
    #[must_use]
    pub fn new(join: &Join) -> Self {
        Self {
            name: join.name.clone(),
            absent: None,
            has_items: join.has_items,
            has_array: false,
            above: RowsAbove::default(),
            look_ups: join.is_optional.then(LookUps::default),
            compared: Compared::of(join),
            files: Vec::new(),
            format: InputFormat::Csv,
            headers: Vec::new(),
            repeated_headers: Vec::new(),
            seen_names: SeenNames::default(),
            known: Vec::new(),
            item_path: join.item_path.clone(),
            columns: Vec::new(),
            seen: Vec::new(),
            picked_by: None,
            text: String::new(),
            cells: Vec::new(),
            rows: Vec::new(),
            keys: HashMap::new(),
            n_key_bytes: 0,
            without_key: UnusedRows::default(),
            invalid_keys: UnusedRows::default(),
            skipped: Vec::new(),
            n_drained: 0,
            spilled: None,
        }
    }

    /// The index of the first column of a side file among those of all side files with items, which
    /// are the fields of items.
    pub(super) fn first_field(sides: &[Self], index: usize) -> usize {
        let before = sides[..index].iter().filter(|side| side.has_items);
        before.map(|side| side.columns.len()).sum()
    }

    /// Sets the columns or paths that are read. `picked_by` decides which one of several rows
    /// counts.
    pub(super) fn set_columns(&mut self, columns: Vec<String>, picked_by: Option<&String>) {
        self.seen = vec![false; columns.len()];
        self.picked_by = columns.iter().position(|name| Some(name) == picked_by);
        self.columns = columns;
    }

    /// Adds a row with its cells.
    pub(super) fn push<'t>(
        &mut self,
        NewRow { key, file, line, digest, starts_document }: NewRow<'t>,
        cells: impl Iterator<Item = NewCell<'t>>,
    ) {
        let start = self.text.len();
        for (index, NewCell { text, at, kind }) in cells.enumerate() {
            self.text.push_str(&text);
            self.seen[index] |= kind != SideKind::Missing;
            self.cells.push(SideCell {
                end: u32::try_from(self.text.len() - start).unwrap_or(u32::MAX),
                line: u32::try_from(at.line.saturating_sub(line)).unwrap_or(u32::MAX),
                column: at.column.unwrap_or(1),
                kind,
            });
        }
        let index = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(StoredRow { file, line, digest, starts_document, start, next: None });
        match &mut self.entry(key).ends {
            Some((_, last)) => {
                let before = std::mem::replace(last, index);
                self.rows[before as usize].next = Some(index);
            }
            none => *none = Some((index, index)),
        }
    }

    /// Counts a row without a key, or one whose key is none.
    pub(super) fn pass_over(&mut self, at: Position, is_invalid: bool) {
        let rows = if is_invalid { &mut self.invalid_keys } else { &mut self.without_key };
        rows.add(at);
    }

    /// The rows of which a step of the key cannot take the text.
    #[must_use]
    pub fn invalid_keys(&self) -> UnusedRows {
        self.invalid_keys
    }

    /// Adds a line in the place of a header, with the key that it has if it is a row.
    pub(super) fn push_skipped(&mut self, key: &str, at: Position) {
        self.skipped.push((key.to_owned(), at));
    }

    /// The line in the place of a header that has a key, so that it is a row.
    pub(super) fn skipped_row(&self, key: &str) -> Option<Position> {
        self.skipped.iter().find(|(skipped, _)| skipped == key).map(|(_, at)| *at)
    }

    /// Adds a key whose rows follow, if there are any.
    pub(super) fn add_key(&mut self, key: &str) {
        self.entry(key);
    }

    fn entry(&mut self, key: &str) -> &mut KeyRows {
        match self.keys.entry(key.into()) {
            Entry::Vacant(entry) => {
                self.n_key_bytes += key.len() + KEY_ENTRY_BYTES;
                entry.insert(KeyRows::default())
            }
            Entry::Occupied(entry) => entry.into_mut(),
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

    /// The headers within its CSV files, below which a second export begins.
    #[must_use]
    pub fn repeated_headers(&self) -> &[Position] {
        &self.repeated_headers
    }

    /// Passes all rows with the hashes of their keys and their numbers, to be found by both, and
    /// frees their memory.
    ///
    /// # Errors
    ///
    /// Those of `push`.
    pub fn drain(
        &mut self,
        mut push: impl FnMut(u64, u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (key, KeyRows { ends, .. }) in std::mem::take(&mut self.keys) {
            let (hash, mut next) = (hash(&key), ends.map(|(first, _)| first));
            if next.is_none() {
                encode(&key, None, &mut bytes);
                push(hash, u64::MAX, &bytes)?;
            }
            while let Some(index) = next {
                let number = self.n_drained + u64::from(index);
                let row = SideRow { number, ..self.row(index as usize) };
                encode(&key, Some(row), &mut bytes);
                push(hash, number, &bytes)?;
                next = self.rows[index as usize].next;
            }
        }
        self.n_drained += self.rows.len() as u64;
        (self.text, self.cells, self.rows) = (String::new(), Vec::new(), Vec::new());
        self.n_key_bytes = 0;
        Ok(())
    }

    /// Sets the store that has all rows.
    pub fn set_store(&mut self, store: Box<dyn SideStore>) {
        let n_used = if self.finds_unused() { self.n_drained } else { 0 };
        self.spilled = Some(SpilledRows::new(store, self.columns.len(), n_used));
    }

    /// The first error of a look-up in the store. What was found since then is not complete.
    #[must_use]
    pub fn failure(&self) -> Option<io::Error> {
        self.spilled.as_ref().and_then(SpilledRows::failure)
    }

    /// Completes the table after its last row.
    ///
    /// # Errors
    ///
    /// [`MapError`] if no document has a part of the key, the array of the items, or the member that
    /// decides which one of several counts.
    pub fn complete(&mut self, profile: &Profile, join: &Join) -> Result<(), MapError> {
        let has_no_items = self.has_array && self.rows.is_empty() && self.n_drained == 0;
        if self.format == InputFormat::Csv || self.seen_names.is_empty() || has_no_items {
            return Ok(());
        }
        let has_key = !self.keys.is_empty() || self.spilled.is_some();
        if let (false, Some(key)) = (has_key, join.keys.first()) {
            let missing = self.missing_column(key.name(), &join.purpose_of_key(), true, None);
            return Err(profile.name_places.error(&[missing]));
        }
        if let (false, Some(items)) = (self.has_array, &join.item_path) {
            let missing = self.missing_column(items, &join.purpose_of_items(), true, None);
            return Err(profile.name_places.error(&[missing]));
        }
        let seen = std::mem::take(&mut self.seen);
        if let (Some(pick), Some(column)) = (&join.pick, self.picked_by)
            && !seen[column]
        {
            let missing = self.missing_column(&pick.column, &join.purpose_of_pick(), true, None);
            return Err(profile.name_places.error(&[missing]));
        }
        // What no document has is missing as a column is that no header has.
        let mut is_seen = seen.iter().cycle();
        self.cells.retain(|_| is_seen.next() == Some(&true));
        let mut is_seen = seen.iter();
        self.columns.retain(|_| is_seen.next() == Some(&true));
        if let Some(spilled) = &mut self.spilled {
            spilled.kept.clone_from(&seen);
        }
        self.picked_by = self.picked_by.map(|index| seen[..index].iter().filter(|is| **is).count());
        Ok(())
    }

    /// The rows with a key, in the order of the files; none if no row has it.
    pub(super) fn find<'a>(&'a self, key: &str, texts: &'a Bump) -> Option<Vec<SideRow<'a>>> {
        let rows = self.rows_with(key, texts);
        if let Some(look_ups) = &self.look_ups {
            look_ups.note(rows.is_some());
        }
        rows
    }

    fn rows_with<'a>(&'a self, key: &str, texts: &'a Bump) -> Option<Vec<SideRow<'a>>> {
        if let Some(spilled) = &self.spilled {
            return spilled.find(key, &self.columns, texts);
        }
        let rows = self.keys.get(key)?;
        if self.finds_unused() {
            rows.is_used.store(true, Ordering::Relaxed);
        }
        Some(self.rows_of(rows).collect())
    }

    fn rows_of(&self, KeyRows { ends, .. }: &KeyRows) -> impl Iterator<Item = SideRow<'_>> {
        let first = ends.map(|(first, _)| first as usize);
        let next = |index: &usize| self.rows[*index].next.map(|index| index as usize);
        std::iter::successors(first, next).map(|index| self.row(index))
    }

    /// Whether all its rows are parts of orders: items, or amounts that are added up.
    fn finds_unused(&self) -> bool {
        self.has_items || self.compared == Compared::Rows
    }

    /// The rows of items and amounts that belong to no order, once all rows of the export have been
    /// joined; none of a file of other rows.
    #[must_use]
    pub fn unused_rows(&self) -> UnusedRows {
        let mut unused = UnusedRows::default();
        if self.finds_unused() {
            unused = self.without_key;
            let keys = self.keys.values().filter(|rows| !rows.is_used.load(Ordering::Relaxed));
            keys.flat_map(|rows| self.rows_of(rows)).for_each(|row| unused.add(row.start()));
            if let Some(spilled) = &self.spilled {
                spilled.visit_unused(|at| unused.add(at));
            }
        }
        unused
    }

    /// What orders lack, in words, if there is no file of the join.
    #[must_use]
    pub fn absent(&self) -> Option<&str> {
        self.absent.as_deref()
    }

    /// Where its first file begins, if rows of the export have keys, and none has one of its rows.
    /// None of a file of which the unused rows are known, or whose rows need a match.
    #[must_use]
    pub fn without_match(&self) -> Option<Position> {
        let has_rows = !self.keys.is_empty() || self.spilled.is_some();
        let found_none = self.look_ups.as_ref().is_some_and(LookUps::found_none);
        let is_without = !self.finds_unused() && found_none;
        let (file, _) = self.files.first().filter(|_| has_rows && is_without)?;
        Some(Position { file: *file, line: 1, column: None })
    }

    fn row(&self, index: usize) -> SideRow<'_> {
        let StoredRow { file, line, digest, starts_document, start, .. } = self.rows[index];
        let n_columns = self.columns.len();
        let cells = &self.cells[index * n_columns..][..n_columns];
        let end = start + cells.last().map_or(0, |cell| cell.end as usize);
        SideRow {
            number: index as u64,
            file,
            line,
            digest,
            starts_document,
            names: &self.columns,
            text: &self.text[start..end],
            cells,
        }
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

    /// The index of the value that rules of documents name by a path.
    pub(super) fn index_of_path(&self, path: &str) -> Option<usize> {
        let name = match self.format {
            InputFormat::Csv => Cow::from(dotted_names(path)),
            InputFormat::Ndjson => path.into(),
        };
        self.columns.iter().position(|column| *column == *name)
    }

    /// The path of a value from the root of a document.
    pub(super) fn path_in_document(&self, path: &str) -> String {
        match &self.item_path {
            Some(items) => format!("{}.{path}", dotted_names(items)),
            None => path.to_owned(),
        }
    }

    /// The name of a column in its file, of that by which rules name it.
    pub(super) fn own_name<'a>(&self, column: &'a str) -> Option<&'a str> {
        column.strip_prefix(&*self.name)?.strip_prefix('.')
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::{collection::vec, prelude::*};

    use super::{super::profile::Profile, *};

    #[derive(Debug, Default)]
    struct Store(BTreeMap<(u64, u64), Vec<u8>>);

    impl SideStore for Store {
        fn find(&self, hash: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
            self.0.range((hash, 0)..=(hash, u64::MAX)).for_each(|(_, bytes)| visit(bytes));
            Ok(())
        }

        fn for_each(&self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
            self.0.values().for_each(|bytes| visit(bytes));
            Ok(())
        }
    }

    fn table() -> SideTable {
        let text = "name = 'p'\norder.referenceId.column = 'a'\n[[join]]\nas = 'c'\n\
                    on = [{ column = 'a', to = 'b' }]\nitems = true\n[item]\nname.column = 'c.x'";
        let profile = Profile::parse("p", text).unwrap_or_else(|error| panic!("{error}"));
        let mut table = SideTable::new(&profile.joins[0]);
        table.set_columns(vec!["c.x".to_owned(), "c.y".to_owned()], None);
        table
    }

    proptest! {
        #[test]
        fn spilled_rows_are_found_as_those_in_memory(
            rows in vec((0..9_u8, "[a-c\u{e9}]{0,3}", "[0-9]{0,3}", any::<bool>()), 0..60),
        ) {
            let (mut in_memory, mut spilled, mut store) = (table(), table(), Store::default());
            for (line, (key, x, y, drains)) in (2..).zip(&rows) {
                let key = key.to_string();
                let at = |column| Position { file: FileId(3), line: line + 1, column };
                for table in [&mut in_memory, &mut spilled] {
                    let cell = |text: &str, kind| {
                        let text = text.to_owned().into();
                        NewCell { text, at: at(Some(7)), kind }
                    };
                    let cells = [cell(x, SideKind::Text), cell(y, SideKind::Number)];
                    let (key, file, digest) = (&key, FileId(3), line * 7);
                    let starts_document = line % 2 == 0;
                    let row = NewRow { key, file, line, digest, starts_document };
                    table.push(row, cells.into_iter());
                    table.add_key(&format!("{x}!"));
                }
                if *drains {
                    spilled.drain(|hash, number, bytes| {
                        store.0.insert((hash, number), bytes.to_owned());
                        Ok(())
                    }).unwrap();
                }
            }
            spilled.drain(|hash, number, bytes| {
                store.0.insert((hash, number), bytes.to_owned());
                Ok(())
            }).unwrap();
            spilled.set_store(Box::new(store));
            let texts = Bump::new();
            let keys: Vec<_> = (0..5_u8).map(|key| key.to_string()).collect();
            let keys = keys.into_iter().chain(rows.iter().map(|(_, x, ..)| format!("{x}!")));
            for key in keys.chain(["none".to_owned()]) {
                prop_assert_eq!(in_memory.find(&key, &texts), spilled.find(&key, &texts));
            }
            let unused = |table: &SideTable| {
                let UnusedRows { n_rows, first } = table.unused_rows();
                (n_rows, first)
            };
            prop_assert_eq!(unused(&in_memory), unused(&spilled));
            prop_assert!(spilled.failure().is_none());
        }
    }
}
