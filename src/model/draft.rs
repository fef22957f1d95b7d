//! One order's cells, brought together but not yet believed. They are seen in the rows that they were read from.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    field::{Field, N_NAMED, Part},
    origin::{Position, RowOrigin},
    problem::{Problem, Problems},
    row::{Node, Row},
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
    pub at: Place<'a>,
    /// The cell was there but could not be brought into canonical form; the problem is already told, so nothing else
    /// is to be said about it.
    pub is_broken: bool,
    /// A constant or default of the profile: any cell of the export counts before it.
    pub is_fallback: bool,
    /// What happens when another row of the order has another value.
    pub first_counts: bool,
}

/// Where a cell stands. Which character of its line that is, is worked out only for the few that someone is told of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place<'a> {
    /// There.
    At(Position),
    /// In the row as a whole.
    Row(&'a Row<'a>),
    /// In this column (from 0) of a record.
    Column(&'a Row<'a>, u32),
    /// In this value of a document.
    Node(&'a Row<'a>, &'a Node),
}

impl Cell<'_> {
    /// The instant of a cell that is sure to tell one of the order's own.
    #[must_use]
    pub fn certain_time(&self) -> Option<DateTime<Utc>> {
        self.time.filter(|_| !self.is_fallback && !self.is_broken && !self.first_counts)
    }
}

impl Place<'_> {
    /// The place as a message names it.
    #[must_use]
    pub fn position(&self) -> Position {
        match *self {
            Self::At(position) => position,
            Self::Row(row) => row.origin.position(),
            Self::Column(row, column) => row.position(column as usize),
            Self::Node(row, node) => node.position(row.origin.file, row.origin.line),
        }
    }
}

impl From<Position> for Place<'_> {
    fn from(position: Position) -> Self {
        Self::At(position)
    }
}

/// Among more cells an attribute is found by an index.
const MANY: usize = 64;

/// Room for so few cells is not worth giving back.
const FEW: usize = 4;

/// Cells by their fields, in the order in which they were found.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    found: Vec<Cell<'a>>,
    /// For each named field one more than the place of its first cell; 0 where it has none.
    places: [u8; N_NAMED],
    /// How many cells stand before the first one of another field.
    n_before_free: usize,
    /// The places of the first `usize` cells of other fields, once there are many that are looked for.
    free_places: Option<Box<(usize, HashMap<Field, usize>)>>,
}

impl Default for Cells<'_> {
    fn default() -> Self {
        Self { found: Vec::new(), places: [0; N_NAMED], n_before_free: usize::MAX, free_places: None }
    }
}

impl<'a> Cells<'a> {
    /// None yet, with room for so many.
    #[must_use]
    pub fn with_capacity(n_cells: usize) -> Self {
        Self { found: Vec::with_capacity(n_cells), ..Self::default() }
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: Cell<'a>) {
        let index = cell.field.number();
        self.push_of(index, cell);
    }

    /// The same where the place of the cell's field among those with fixed names is known.
    #[inline]
    pub fn push_of(&mut self, index: Option<usize>, cell: Cell<'a>) {
        match index {
            None => self.n_before_free = self.n_before_free.min(self.found.len()),
            Some(index) if self.places[index] == 0 => {
                self.places[index] = u8::try_from(self.found.len() + 1).unwrap_or(0);
            }
            Some(_) => {}
        }
        self.found.push(cell);
    }

    /// The cells of extension attributes, further attributes of `product` and identifiers.
    pub fn free(&self) -> impl Iterator<Item = &Cell<'a>> {
        let from = self.found.get(self.n_before_free..).unwrap_or_default();
        from.iter().filter(|cell| cell.field.number().is_none())
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, n_cells: usize) {
        self.found.reserve(n_cells);
    }

    /// Gives back the room that most cells left unused: rules of many columns ask for more than most items fill.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        if self.found.capacity() > 2 * self.found.len() + FEW {
            self.found.shrink_to_fit();
        }
        self
    }

    /// The first cell of a field.
    #[must_use]
    #[inline]
    pub fn of(&self, field: &Field) -> Option<&Cell<'a>> {
        self.place(field).map(|index| &self.found[index])
    }

    /// The first cell of a field, to be changed; not its field.
    pub fn of_mut(&mut self, field: &Field) -> Option<&mut Cell<'a>> {
        let uses_map = field.number().is_none() && self.found.len() > MANY;
        let index = if uses_map { self.indexed(field) } else { self.place(field) };
        index.map(|index| &mut self.found[index])
    }

    #[inline]
    fn place(&self, field: &Field) -> Option<usize> {
        match field.number().map(|index| self.places[index]) {
            Some(index @ 1..) => Some(usize::from(index) - 1),
            Some(0) if self.found.len() < usize::from(u8::MAX) => None,
            _ => self.searched(field),
        }
    }
}

impl Cells<'_> {
    /// More cells than a byte counts are extensions, and a named field behind them is looked for like those.
    #[cold]
    fn searched(&self, field: &Field) -> Option<usize> {
        self.found.iter().position(|cell| *cell.field == *field)
    }

    /// To search for each attribute of each row would be quadratic.
    #[cold]
    fn indexed(&mut self, field: &Field) -> Option<usize> {
        let (n_indexed, indexes) = &mut **self.free_places.get_or_insert_default();
        for (index, cell) in self.found.iter().enumerate().skip(*n_indexed) {
            if cell.field.number().is_none() {
                indexes.entry(cell.field.clone().into_owned()).or_insert(index);
            }
        }
        *n_indexed = self.found.len();
        indexes.get(field).copied()
    }
}

impl PartialEq for Cells<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.found == other.found
    }
}

impl<'a> Deref for Cells<'a> {
    type Target = [Cell<'a>];

    fn deref(&self) -> &[Cell<'a>] {
        &self.found
    }
}

impl DerefMut for Cells<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.found
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
        self.found.into_iter()
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
    Part(Cow<'a, str>),
    /// A whole order in one document, with this key if it has one.
    Whole(Option<Cow<'a, str>>),
    /// A readable row without a key, and when its order was made, if that is certain: not a constant, not a cell that
    /// cannot be read, nor one that the rows of an order may disagree on.
    Keyless(Option<DateTime<Utc>>),
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
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Keyless(None) | Self::Unreadable { key: None, .. })
    }

    /// The key of the order that the row is a part of.
    #[must_use]
    pub fn part_of(&self) -> Option<&str> {
        match self {
            Self::Part(key) | Self::Unreadable { key: Some(key), .. } => Some(key),
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
    pub at: Place<'a>,
    /// Its attributes.
    pub cells: Cells<'a>,
}

/// The cells of someone beside the guest, by the guest's fields.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonDraft<'a> {
    /// What the person is to the order.
    pub role: Role,
    /// The item (from 0, in the order of the input) that it is for, if that is known.
    pub item: Option<usize>,
    /// The person's attributes.
    pub cells: Cells<'a>,
}

/// What someone beside the guest is to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Someone to reach.
    Contact,
    /// Someone for whom an item is, such as a passenger.
    Consumer,
}

impl Role {
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
    pub fn named(self, field: &str) -> String {
        format!("{}.{}", self.name(), field.strip_prefix(Part::Guest.prefix()).unwrap_or(field))
    }
}

impl<'a> ItemDraft<'a> {
    /// The cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell<'a>> {
        self.cells.of(field)
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
        self.cells.of(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        field::{ExtensionKey, ExtensionKind},
        origin::FileId,
    };

    fn cell(field: Field, text: &str) -> Cell<'static> {
        let at = Place::At(Position { file: FileId(0), line: 1, column: None });
        let (field, text) = (Cow::Owned(field), Cow::Owned(text.to_owned()));
        Cell { field, text, time: None, at, is_broken: false, is_fallback: false, first_counts: false }
    }

    fn ext(number: usize) -> Field {
        Field::Extension(Arc::new(ExtensionKey { name: format!("a{number}"), kind: ExtensionKind::String }))
    }

    fn text<'c>(cells: &'c Cells<'_>, field: &Field) -> Option<&'c str> {
        cells.of(field).map(|cell| &*cell.text)
    }

    #[test]
    fn the_first_cell_of_a_field_is_found_and_can_be_changed() {
        let all = [(Field::Price, "5"), (ext(1), "x"), (Field::Status, "s"), (Field::Price, "6"), (ext(1), "y")];
        let mut cells: Cells<'_> = all.into_iter().map(|(field, text)| cell(field, text)).collect();
        let found = |cells: &Cells<'_>, field| text(cells, &field).map(ToOwned::to_owned);
        assert_eq!(found(&cells, Field::Price).as_deref(), Some("5"));
        assert_eq!(found(&cells, ext(1)).as_deref(), Some("x"));
        assert_eq!(found(&cells, Field::Status).as_deref(), Some("s"));
        assert_eq!((found(&cells, Field::CardType), found(&cells, ext(2))), (None, None));
        cells.of_mut(&Field::Price).unwrap().text = "7".into();
        assert_eq!(cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>(), ["7", "x", "s", "6", "y"]);
    }

    /// Places are counted in bytes.
    #[test]
    fn a_field_behind_any_number_of_others_is_found() {
        for n_before in [0, 1, 253, 254, 255, 256, 300, 600] {
            let before = (0..n_before).map(|number| cell(ext(number), "x"));
            let mut cells: Cells<'_> =
                before.chain([cell(Field::Price, "5"), cell(Field::Price, "6"), cell(Field::Status, "s")]).collect();
            assert_eq!(text(&cells, &Field::Price), Some("5"), "{n_before}");
            assert_eq!(text(&cells, &Field::Status), Some("s"), "{n_before}");
            assert_eq!(text(&cells, &Field::CardType), None, "{n_before}");
            assert_eq!(text(&cells, &ext(n_before.max(1) - 1)).is_some(), n_before > 0);
            for (number, is_there) in [(0, n_before > 0), (n_before, false)] {
                assert_eq!(cells.of_mut(&ext(number)).is_some_and(|cell| *cell.field == ext(number)), is_there);
            }
            // One that is added behind is found too, and the first of two is.
            cells.push(cell(ext(n_before), "y"));
            cells.push(cell(ext(n_before), "z"));
            assert_eq!(cells.of_mut(&ext(n_before)).map(|cell| &*cell.text), Some("y"));
        }
    }

    #[test]
    fn every_named_field_has_a_place_of_its_own() {
        let cells: Cells<'_> = Field::NAMED.iter().map(|field| cell(field.clone(), &field.to_string())).collect();
        for field in Field::NAMED {
            assert_eq!(text(&cells, field), Some(&*field.to_string()));
        }
    }
}
