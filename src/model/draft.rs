//! One order's cells, brought together but not yet believed. They are seen in the rows that they were read from.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    field::{Field, FieldGroup, NAMED_COUNT},
    origin::{Position, RowOrigin},
    problem::{Problem, Problems},
    row::{JsonNode, Row},
};

/// A value that a profile made out of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<'a> {
    /// The target field.
    pub field: Cow<'a, Field>,
    /// The value, table values looked up; never empty.
    pub text: Cow<'a, str>,
    /// The instant that a timestamp's text means, to the millisecond.
    pub time: Option<DateTime<Utc>>,
    /// Where it stood; a constant of the profile stands where its row stands.
    pub at: CellOrigin<'a>,
    /// The cell was there but could not be brought into canonical form; the problem is already told, so nothing else
    /// is to be said about it.
    pub is_unparsable: bool,
    /// A constant or default of the profile: any cell of the export counts before it.
    pub is_default: bool,
    /// What happens when another row of the order has another value.
    pub first_wins: bool,
}

/// Where a cell stands. Which character of its line that is, is worked out only for the few that someone is told of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellOrigin<'a> {
    /// There.
    Known(Position),
    /// In the row as a whole.
    Row(&'a Row<'a>),
    /// In this column (from 0) of a record.
    Column(&'a Row<'a>, u32),
    /// In this value of a document.
    Node(&'a Row<'a>, &'a JsonNode),
}

impl Cell<'_> {
    /// The instant of a cell that is sure to tell one of the order's own.
    #[must_use]
    pub fn reliable_time(&self) -> Option<DateTime<Utc>> {
        self.time.filter(|_| !self.is_default && !self.is_unparsable && !self.first_wins)
    }
}

impl CellOrigin<'_> {
    /// The place as a message names it.
    #[must_use]
    pub fn position(&self) -> Position {
        match *self {
            Self::Known(position) => position,
            Self::Row(row) => row.origin.position(),
            Self::Column(row, column) => row.position(column as usize),
            Self::Node(row, node) => node.position(row.origin.file, row.origin.line),
        }
    }
}

impl From<Position> for CellOrigin<'_> {
    fn from(position: Position) -> Self {
        Self::Known(position)
    }
}

/// Among more cells an attribute is found by an index.
const MAP_THRESHOLD: usize = 64;

/// Room for so few cells is not worth giving back.
const MIN_SPARE_CELLS: usize = 4;

/// Cells by their fields, in the order in which they were found.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    entries: Vec<Cell<'a>>,
    /// For each named field one more than the place of its first cell; 0 where it has none.
    first_indexes: [u8; NAMED_COUNT],
    /// How many cells stand before the first one of another field.
    custom_start: usize,
    /// The places of the first `usize` cells of other fields, once there are many that are looked for.
    custom_indexes: Option<Box<(usize, HashMap<Field, usize>)>>,
}

impl Default for Cells<'_> {
    fn default() -> Self {
        Self { entries: Vec::new(), first_indexes: [0; NAMED_COUNT], custom_start: usize::MAX, custom_indexes: None }
    }
}

impl<'a> Cells<'a> {
    /// None yet, with room for so many.
    #[must_use]
    pub fn with_capacity(n_cells: usize) -> Self {
        Self { entries: Vec::with_capacity(n_cells), ..Self::default() }
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: Cell<'a>) {
        let index = cell.field.index();
        self.push_at(index, cell);
    }

    /// The same where the place of the cell's field among those with fixed names is known.
    #[inline]
    pub fn push_at(&mut self, index: Option<usize>, cell: Cell<'a>) {
        match index {
            None => self.custom_start = self.custom_start.min(self.entries.len()),
            Some(index) if self.first_indexes[index] == 0 => {
                self.first_indexes[index] = u8::try_from(self.entries.len() + 1).unwrap_or(0);
            }
            Some(_) => {}
        }
        self.entries.push(cell);
    }

    /// The cells of extension attributes, further attributes of `product` and identifiers.
    pub fn custom(&self) -> impl Iterator<Item = &Cell<'a>> {
        let from = self.entries.get(self.custom_start..).unwrap_or_default();
        from.iter().filter(|cell| cell.field.index().is_none())
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, n_cells: usize) {
        self.entries.reserve(n_cells);
    }

    /// Gives back the room that most cells left unused: rules of many columns ask for more than most items fill.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        if self.entries.capacity() > 2 * self.entries.len() + MIN_SPARE_CELLS {
            self.entries.shrink_to_fit();
        }
        self
    }

    /// The first cell of a field.
    #[must_use]
    #[inline]
    pub fn get(&self, field: &Field) -> Option<&Cell<'a>> {
        self.index_of(field).map(|index| &self.entries[index])
    }

    /// The first cell of a field, to be changed; not its field.
    pub fn get_mut(&mut self, field: &Field) -> Option<&mut Cell<'a>> {
        let uses_map = field.index().is_none() && self.entries.len() > MAP_THRESHOLD;
        let index = if uses_map { self.search_with_map(field) } else { self.index_of(field) };
        index.map(|index| &mut self.entries[index])
    }

    #[inline]
    fn index_of(&self, field: &Field) -> Option<usize> {
        match field.index().map(|index| self.first_indexes[index]) {
            Some(index @ 1..) => Some(usize::from(index) - 1),
            Some(0) if self.entries.len() < usize::from(u8::MAX) => None,
            _ => self.search(field),
        }
    }
}

impl Cells<'_> {
    /// More cells than a byte counts are extensions, and a named field behind them is looked for like those.
    #[cold]
    fn search(&self, field: &Field) -> Option<usize> {
        self.entries.iter().position(|cell| *cell.field == *field)
    }

    /// To search for each attribute of each row would be quadratic.
    #[cold]
    fn search_with_map(&mut self, field: &Field) -> Option<usize> {
        let (n_indexed, indexes) = &mut **self.custom_indexes.get_or_insert_default();
        for (index, cell) in self.entries.iter().enumerate().skip(*n_indexed) {
            if cell.field.index().is_none() {
                indexes.entry(cell.field.clone().into_owned()).or_insert(index);
            }
        }
        *n_indexed = self.entries.len();
        indexes.get(field).copied()
    }
}

impl PartialEq for Cells<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<'a> Deref for Cells<'a> {
    type Target = [Cell<'a>];

    fn deref(&self) -> &[Cell<'a>] {
        &self.entries
    }
}

impl DerefMut for Cells<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.entries
    }
}

impl<'a> FromIterator<Cell<'a>> for Cells<'a> {
    fn from_iter<I: IntoIterator<Item = Cell<'a>>>(from: I) -> Self {
        let mut cells = Self::default();
        from.into_iter().for_each(|cell| cells.push(cell));
        cells
    }
}

impl<'a> IntoIterator for Cells<'a> {
    type Item = Cell<'a>;
    type IntoIter = std::vec::IntoIter<Cell<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// A row and which order it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedRow<'a> {
    /// The row.
    pub row: &'a Row<'a>,
    /// What kind of row.
    pub kind: RowKind<'a>,
}

/// How a row takes part in grouping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind<'a> {
    /// One of the rows of the order with this key.
    OrderRow(Cow<'a, str>),
    /// A whole order in one document, with this key if it has one.
    Document(Option<Cow<'a, str>>),
    /// A readable row without a key, and when its order was made, if that is certain: not a constant, not a cell that
    /// cannot be read, nor one that the rows of an order may disagree on.
    WithoutKey(Option<DateTime<Utc>>),
    /// A row that cannot be read.
    Unreadable {
        /// Its order's key, if that is certain.
        key: Option<Cow<'a, str>>,
        /// What is wrong with it.
        reason: &'a str,
    },
    /// Nothing stands in it.
    Blank,
}

impl RowKind<'_> {
    /// Whether the row's order is not known: it could belong to any.
    #[must_use]
    pub fn has_no_order(&self) -> bool {
        matches!(self, Self::WithoutKey(None) | Self::Unreadable { key: None, .. })
    }

    /// The key of the order that the row is a part of.
    #[must_use]
    pub fn order_key(&self) -> Option<&str> {
        match self {
            Self::OrderRow(key) | Self::Unreadable { key: Some(key), .. } => Some(key),
            _ => None,
        }
    }
}

/// What a profile made out of one row or several.
#[derive(Debug, Default)]
pub struct MappedRow<'a> {
    /// Attributes of the order, its guest and its events.
    pub cells: Cells<'a>,
    /// The items it adds: none or one for a record, any number for a document.
    pub items: Vec<ItemDraft<'a>>,
    /// The people it adds beside the guest.
    pub people: Vec<PersonDraft<'a>>,
    /// The reason why the profile leaves the row's order out, if it does.
    pub skip: Option<Arc<str>>,
    /// What went wrong in mapping it.
    pub problems: Vec<Problem>,
}

/// The cells of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemDraft<'a> {
    /// Where the item stands.
    pub at: CellOrigin<'a>,
    /// Its attributes.
    pub cells: Cells<'a>,
}

/// The cells of someone beside the guest, by the guest's fields.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonDraft<'a> {
    /// What the person is to the order.
    pub role: PersonRole,
    /// The item (from 0, in the order of the input) that it is for, if that is known.
    pub item: Option<usize>,
    /// The person's attributes.
    pub cells: Cells<'a>,
}

/// What someone beside the guest is to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonRole {
    /// Someone to reach.
    Contact,
    /// Someone for whom an item is, such as a passenger.
    Consumer,
}

impl PersonRole {
    /// The word for one.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Consumer => "consumer",
        }
    }

    /// The name of a guest's field where it is this person's: `contact.email` for `guest.email`.
    #[must_use]
    pub fn field_name(self, field: &str) -> String {
        format!("{}.{}", self.name(), field.strip_prefix(FieldGroup::Guest.prefix()).unwrap_or(field))
    }
}

impl<'a> ItemDraft<'a> {
    /// The cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell<'a>> {
        self.cells.get(field)
    }
}

/// All rows of one order.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft<'a> {
    /// The order key of the profile; empty where the rows have none.
    pub key: Cow<'a, str>,
    /// Its rows, in the order of the input.
    pub rows: Vec<RowOrigin>,
    /// The first filled value of each field.
    pub cells: Cells<'a>,
    /// Its items, in the order of the input.
    pub items: Vec<ItemDraft<'a>>,
    /// The people beside the guest, in the order of the input; the same ones may stand there again.
    pub people: Vec<PersonDraft<'a>>,
    /// The reason why the profile leaves it out, if it does.
    pub skip: Option<Arc<str>>,
    /// What went wrong so far.
    pub problems: Problems,
}

impl<'a> Draft<'a> {
    /// Where the order's first row stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.rows.first().expect("a draft has at least one row").position()
    }

    /// The cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell<'a>> {
        self.cells.get(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        field::{ExtensionKey, ExtensionType},
        origin::FileId,
    };

    fn cell(field: Field, text: &str) -> Cell<'static> {
        let at = CellOrigin::Known(Position { file: FileId(0), line: 1, column: None });
        let (field, text) = (Cow::Owned(field), Cow::Owned(text.to_owned()));
        Cell { field, text, time: None, at, is_unparsable: false, is_default: false, first_wins: false }
    }

    fn ext(number: usize) -> Field {
        Field::Extension(Arc::new(ExtensionKey { name: format!("a{number}"), data_type: ExtensionType::String }))
    }

    fn text<'c>(cells: &'c Cells<'_>, field: &Field) -> Option<&'c str> {
        cells.get(field).map(|cell| &*cell.text)
    }

    #[test]
    fn get_returns_first_cell_of_field() {
        let all = [(Field::Price, "5"), (ext(1), "x"), (Field::Status, "s"), (Field::Price, "6"), (ext(1), "y")];
        let mut cells: Cells<'_> = all.into_iter().map(|(field, text)| cell(field, text)).collect();
        let found = |cells: &Cells<'_>, field| text(cells, &field).map(ToOwned::to_owned);
        assert_eq!(found(&cells, Field::Price).as_deref(), Some("5"));
        assert_eq!(found(&cells, ext(1)).as_deref(), Some("x"));
        assert_eq!(found(&cells, Field::Status).as_deref(), Some("s"));
        assert_eq!((found(&cells, Field::CardType), found(&cells, ext(2))), (None, None));
        cells.get_mut(&Field::Price).unwrap().text = "7".into();
        assert_eq!(cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>(), ["7", "x", "s", "6", "y"]);
    }

    /// Places are counted in bytes.
    #[test]
    fn get_finds_field_after_many_cells() {
        for n_before in [0, 1, 253, 254, 255, 256, 300, 600] {
            let before = (0..n_before).map(|number| cell(ext(number), "x"));
            let mut cells: Cells<'_> =
                before.chain([cell(Field::Price, "5"), cell(Field::Price, "6"), cell(Field::Status, "s")]).collect();
            assert_eq!(text(&cells, &Field::Price), Some("5"), "{n_before}");
            assert_eq!(text(&cells, &Field::Status), Some("s"), "{n_before}");
            assert_eq!(text(&cells, &Field::CardType), None, "{n_before}");
            assert_eq!(text(&cells, &ext(n_before.max(1) - 1)).is_some(), n_before > 0);
            for (number, is_there) in [(0, n_before > 0), (n_before, false)] {
                assert_eq!(cells.get_mut(&ext(number)).is_some_and(|cell| *cell.field == ext(number)), is_there);
            }
            // One that is added behind is found too, and the first of two is.
            cells.push(cell(ext(n_before), "y"));
            cells.push(cell(ext(n_before), "z"));
            assert_eq!(cells.get_mut(&ext(n_before)).map(|cell| &*cell.text), Some("y"));
        }
    }

    #[test]
    fn named_fields_have_distinct_indexes() {
        let cells: Cells<'_> = Field::NAMED.iter().map(|field| cell(field.clone(), &field.to_string())).collect();
        for field in Field::NAMED {
            assert_eq!(text(&cells, field), Some(&*field.to_string()));
        }
    }
}
