//! Drafts: the cells of one order, grouped but not yet validated.
//!
//! `map` makes cells of rows, `group` merges the cells of one order into a [`Draft`], and
//! `validate` makes an order of it. Nothing here checks a value. Texts borrow from the rows that
//! they were read from.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    ops::{Deref, DerefMut},
    sync::Arc,
};

use chrono::{DateTime, Utc};

use super::{
    copy_version::CopyVersion,
    document::JsonNode,
    field::{Field, FieldGroup, NAMED_COUNT},
    id_text::is_scientific,
    money::Currency,
    origin::{Place, Position, RowOrigin},
    over_rows::OverRows,
    problem::{Problem, Problems},
    record::RecordForm,
    row::{Row, RowContent},
    side_row::SideRow,
};

/// A value that a profile's rule produced for one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<'a> {
    /// The target field.
    pub field: Cow<'a, Field>,
    /// The value, after the lookup in the rule's table; never empty.
    pub text: Cow<'a, str>,
    /// The parsed instant of a timestamp, to the millisecond.
    pub time: Option<DateTime<Utc>>,
    /// The origin; a constant of the profile has the origin of its row.
    pub at: CellOrigin<'a>,
    /// The cell exists, but its value could not be converted. The problem is already recorded, so
    /// later stages record no further problem of this field.
    pub is_unparsable: bool,
    /// A constant or default of the profile: any cell of the export takes precedence.
    pub is_default: bool,
    /// What becomes of the values of several rows of the order.
    pub over_rows: OverRows,
    /// How a number is written.
    pub notation: Notation,
}

/// How the text of a cell writes a number, as far as that is known without its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notation {
    /// As text, whose decimal mark is not declared.
    #[default]
    Text,
    /// As a number of JSON.
    JsonNumber,
    /// With a decimal point: `map` has converted it, or it is a constant of the profile.
    Declared,
    /// In minor units of its currency, which only the whole order shows.
    MinorUnits,
    /// With the symbol or the code of this currency, which `map` has stripped.
    WithCurrency {
        /// The currency that the symbol says.
        currency: Currency,
        /// Whether the decimal mark is declared.
        is_declared: bool,
    },
}

impl Notation {
    /// Whether a point may be a decimal mark or one between thousands.
    #[must_use]
    pub fn is_undeclared(self) -> bool {
        matches!(self, Self::Text | Self::WithCurrency { is_declared: false, .. })
    }

    /// Whether a text that tells orders or people apart is a number in scientific notation, which
    /// lacks the last digits of a long one.
    #[must_use]
    pub fn is_rounded(self, text: &str) -> bool {
        is_scientific(text) || self == Self::JsonNumber && text.contains(['e', 'E'])
    }

    /// The currency that is written with the number.
    #[must_use]
    pub fn currency(self) -> Option<Currency> {
        match self {
            Self::WithCurrency { currency, .. } => Some(currency),
            _ => None,
        }
    }

    /// The unit as messages show it; none of the main unit of an unnamed currency.
    #[must_use]
    pub fn unit(self) -> Option<String> {
        match self {
            Self::MinorUnits => Some("in minor units".to_owned()),
            Self::WithCurrency { currency, .. } => Some(currency.to_string()),
            Self::Text | Self::JsonNumber | Self::Declared => None,
        }
    }
}

/// The origin of a cell, resolved to a position on demand.
///
/// The character column is computed only for the few cells that a message names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellOrigin<'a> {
    /// A position that is already resolved.
    Known(Position),
    /// The row as a whole.
    Row(&'a Row<'a>),
    /// A column (from 0) of a record.
    Column(&'a Row<'a>, u32),
    /// A value of a document.
    Node(&'a Row<'a>, JsonNode<'a>),
    /// A cell (from 0) of a row of a side file, which belongs to this row of the export.
    Side(&'a SideRow<'a>, u32, &'a Row<'a>),
}

impl Cell<'_> {
    /// The instant of the cell if every row of its order must have the same: it is no default, it
    /// is parsable, and rows of the order may not differ in it.
    #[must_use]
    pub fn reliable_time(&self) -> Option<DateTime<Utc>> {
        self.time.filter(|_| {
            !self.is_default && !self.is_unparsable && self.over_rows == OverRows::Equal
        })
    }
}

impl CellOrigin<'_> {
    /// The position as messages show it.
    #[must_use]
    pub fn position(&self) -> Position {
        match *self {
            Self::Known(position) => position,
            Self::Row(row) => row.origin.position(),
            Self::Column(row, column) => row.position(column),
            Self::Node(row, node) => node.position(&row.origin),
            Self::Side(side, column, _) => side.position(column as usize),
        }
    }

    /// The index of the value in its row ([`Row::position`]); none of a row as a whole.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        match self {
            Self::Known(_) | Self::Row(_) | Self::Side(..) => None,
            Self::Column(_, column) => Some(*column),
            Self::Node(_, node) => Some(node.index()),
        }
    }

    /// The name of the column in the header, or the path in the document; none of a row as a whole.
    #[must_use]
    pub fn column_name(&self) -> Option<String> {
        match *self {
            Self::Known(_) | Self::Row(_) => None,
            Self::Column(row, column) => row.column_name(column as usize).map(str::to_owned),
            Self::Node(_, node) => Some(node.path()).filter(|path| !path.is_empty()),
            Self::Side(side, column, _) => side.names.get(column as usize).cloned(),
        }
    }
}

impl<'a> CellOrigin<'a> {
    /// The row of the export that the cell is of, if that is at hand.
    #[must_use]
    pub fn row(&self) -> Option<&'a Row<'a>> {
        match *self {
            Self::Known(_) => None,
            Self::Row(row) | Self::Column(row, _) | Self::Node(row, _) | Self::Side(_, _, row) => {
                Some(row)
            }
        }
    }

    /// The row of a side file that the cell is of, if it is of one.
    #[must_use]
    pub fn side_row(&self) -> Option<&'a SideRow<'a>> {
        match *self {
            Self::Side(side, ..) => Some(side),
            Self::Column(Row { content: RowContent::Record(record), .. }, column) => {
                let RecordForm::Joined(joined) = &record.form else { return None };
                let (side, _) = joined.side_cell(column as usize)?;
                side.row(0)
            }
            _ => None,
        }
    }
}

impl From<CellOrigin<'_>> for Place {
    fn from(origin: CellOrigin<'_>) -> Self {
        Self { position: origin.position(), column_name: origin.column_name() }
    }
}

impl From<Position> for CellOrigin<'_> {
    fn from(position: Position) -> Self {
        Self::Known(position)
    }
}

// Up to this number of cells a linear search finds an attribute; above it an index does.
const MAP_THRESHOLD: usize = 64;

// Capacity for this number of cells is not worth a reallocation.
const MIN_SPARE_CELLS: usize = 4;

/// Cells in the order in which they were found, with access by field.
#[derive(Debug, Clone)]
pub struct Cells<'a> {
    entries: Vec<Cell<'a>>,
    /// For each named field the index of its first cell plus 1; 0 where it has none. One byte each
    /// keeps the struct small: every item of every order has one.
    first_indexes: [u8; NAMED_COUNT],
    /// The index of the first custom cell; `usize::MAX` where there is none.
    custom_start: usize,
    /// The indexes of the custom fields among the first `usize` cells, once a search needs them.
    custom_indexes: Option<Box<(usize, HashMap<Field, usize>)>>,
}

impl Default for Cells<'_> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            first_indexes: [0; NAMED_COUNT],
            custom_start: usize::MAX,
            custom_indexes: None,
        }
    }
}

impl<'a> Cells<'a> {
    /// No cells, with capacity for `n_cells`.
    #[must_use]
    pub fn with_capacity(n_cells: usize) -> Self {
        Self { entries: Vec::with_capacity(n_cells), ..Self::default() }
    }

    /// Appends a cell.
    pub fn push(&mut self, cell: Cell<'a>) {
        let index = cell.field.index();
        self.push_at(index, cell);
    }

    /// Appends a cell whose [`Field::index`] the caller has computed already.
    #[inline]
    pub fn push_at(&mut self, index: Option<usize>, cell: Cell<'a>) {
        match index {
            None => self.custom_start = self.custom_start.min(self.entries.len()),
            Some(index) if self.first_indexes[index] == 0 => {
                // An index that does not fit stays 0; `index_of` then searches.
                self.first_indexes[index] = u8::try_from(self.entries.len() + 1).unwrap_or(0);
            }
            Some(_) => {}
        }
        self.entries.push(cell);
    }

    /// The cells of custom fields: extension attributes, further attributes of `product`,
    /// identifiers.
    pub fn custom(&self) -> impl Iterator<Item = &Cell<'a>> {
        let from = self.entries.get(self.custom_start..).unwrap_or_default();
        from.iter().filter(|cell| cell.field.index().is_none())
    }

    /// Reserves capacity for `n_cells` more cells.
    pub fn reserve(&mut self, n_cells: usize) {
        self.entries.reserve(n_cells);
    }

    /// Releases unused capacity: rules of many columns reserve more cells than most items fill.
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

    /// The first cell of a field, mutable. The caller must not change the cell's field.
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
    // A `u8` indexes 255 cells. Only orders with many custom cells have more; a named field after
    // them is searched for linearly, as custom fields are.
    #[cold]
    fn search(&self, field: &Field) -> Option<usize> {
        self.entries.iter().position(|cell| *cell.field == *field)
    }

    // A linear search for each attribute of each row would be quadratic when rows are merged.
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

/// A row and its role in grouping.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedRow<'a> {
    /// The row itself.
    pub row: &'a Row<'a>,
    /// The role, with the order key if there is one.
    pub kind: RowKind<'a>,
}

/// The role of a row in grouping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind<'a> {
    /// One of the rows of the order with this key.
    OrderRow(Cow<'a, str>),
    /// The document of the order with this key, to which other documents may belong.
    OrderDocument(Cow<'a, str>),
    /// A document that belongs to another one.
    ChildDocument {
        /// The id of that one, which is the key of an order unless it is a child itself.
        order: &'a str,
        /// The id of this one, if it has one.
        id: Option<&'a str>,
    },
    /// A complete order in one document, with its key if it has one.
    Document(Option<Cow<'a, str>>),
    /// A readable row without a key.
    WithoutKey {
        /// The time of its order, if that is reliable ([`Cell::reliable_time`]).
        ordered_at: Option<DateTime<Utc>>,
        /// Whether it has cells of an item, which some order would lack.
        has_item: bool,
    },
    /// A row that cannot be read.
    Unreadable {
        /// The key of its order, if that is reliable.
        key: Option<Cow<'a, str>>,
        /// What was found and what was expected.
        reason: &'a str,
    },
    /// A readable row that refunds an order, or may do so, of which it is not known which one.
    LostRefund {
        /// Why that is not known.
        reason: &'a str,
    },
    /// A row without any value.
    Blank,
    /// A row of the order with this key that the profile leaves out.
    Skipped {
        /// The key.
        key: Cow<'a, str>,
        /// Why it is left out.
        reason: &'a str,
    },
    /// A row that says what was refunded of the order with this key, as the profile says.
    Refund {
        /// The key.
        key: Cow<'a, str>,
        /// Whether its amount is taken off the order; else it is left out.
        is_netted: bool,
    },
    /// A row that belongs to no order, as the profile says.
    Ignored,
    /// The header again: the rows below it are a second export in the same file.
    Header,
    /// The header again, with its columns in another order: the rows below it would be misread.
    ExchangedHeader,
}

impl RowKind<'_> {
    /// Whether the row's order is unknown, so that the row may belong to any order.
    #[must_use]
    pub fn has_no_order(&self) -> bool {
        matches!(
            self,
            Self::WithoutKey { ordered_at: None, .. }
                | Self::Unreadable { key: None, .. }
                | Self::LostRefund { .. }
        )
    }

    /// Whether the row is part of an order, known or not.
    #[must_use]
    pub fn is_of_an_order(&self) -> bool {
        !matches!(self, Self::Blank | Self::Ignored | Self::Header | Self::ExchangedHeader)
    }

    /// The key of the order that the row is part of; none of a document.
    #[must_use]
    pub fn order_key(&self) -> Option<&str> {
        match self {
            Self::OrderRow(key)
            | Self::OrderDocument(key)
            | Self::Skipped { key, .. }
            | Self::Refund { key, .. }
            | Self::Unreadable { key: Some(key), .. } => Some(key),
            Self::ChildDocument { order, .. } => Some(order),
            _ => None,
        }
    }
}

/// The rows of a side file with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddedSideRows {
    /// The index of the join.
    pub join: usize,
    /// The number of the first row.
    pub first: u64,
}

/// Items that several rows of an order may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedItems {
    /// Those in fields of a row, by a digest of their file and those fields.
    Fields(u64),
    /// The rows of a side file.
    SideRows(AddedSideRows),
}

/// Where a row has items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddedItems {
    /// Their place.
    pub at: Position,
    /// A digest of the values of the row that their rules read.
    pub row_values: u64,
}

/// The cells, items and people that a profile produced from one row or several.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct MappedRow<'a> {
    /// The attributes of the order, its guest and its events.
    pub cells: Cells<'a>,
    /// The amounts that were refunded of the order.
    pub refunds: Vec<Cell<'a>>,
    /// The refunds that are records of their own.
    pub refund_records: Vec<RefundRecord<'a>>,
    /// The items: at most one per record, any number per document.
    pub items: Vec<ItemDraft<'a>>,
    /// The items that are added already, by the first row that has them.
    pub added_items: BTreeMap<SharedItems, AddedItems>,
    /// What the row says of the items that are made of values of the order.
    pub order_items: Vec<OrderItem<'a>>,
    /// Whether fields have several numbers of the row, those of the rows of a side file.
    pub has_several_numbers: bool,
    /// The rows of side files that count already, by the first one of each key: rows of the order
    /// with the same key share them.
    pub added_side_rows: Vec<AddedSideRows>,
    /// Whether the profile maps items, so that an order without one is remarkable.
    pub may_have_items: bool,
    /// Whether a row may be none of the order: a condition that says so cannot be tested on it.
    pub may_be_of_none: bool,
    /// Whether a row may be a refund that is no row of the order: it cannot be read, or the
    /// condition that says so cannot be tested on it.
    pub may_be_refund: bool,
    /// Whether the order key is a number of JSON.
    pub key_is_number: bool,
    /// The people in addition to the guest.
    pub people: Vec<PersonDraft<'a>>,
    /// The reason for which the profile skips the order, if it does.
    pub skip: Option<Arc<str>>,
    /// The values that make the profile skip the order if they are the ones that count.
    pub value_skips: Vec<ValueSkip>,
    /// The problems that mapping found.
    pub problems: Vec<Problem>,
}

/// A value for which the profile skips the order, unless another row's value counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSkip {
    /// Its field.
    pub field: Field,
    /// Its position.
    pub at: Position,
    /// The reason.
    pub reason: Arc<str>,
}

/// The kind of an item: one of the tables of the profile that have the rules of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ItemKind {
    /// The index of its table.
    pub index: u16,
    /// Where its items come from.
    pub source: ItemSource,
}

/// Where items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ItemSource {
    /// Each is a row, an element or a text of its own: these are the items of the orders.
    #[default]
    Items,
    /// One is made of values of the order, such as shipping, and has no row of its own.
    Order,
    /// Each is a row of a joined file, beside the items of the orders.
    Join,
}

/// The cells of one item.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemDraft<'a> {
    /// The origin of the item.
    pub at: CellOrigin<'a>,
    /// Its kind.
    pub kind: ItemKind,
    /// Whether the amount of its line was refunded, whatever its sign.
    pub is_refund: bool,
    /// The item's attributes.
    pub cells: Cells<'a>,
}

/// An item that is made of values of the order, as far as some of its rows say.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem<'a> {
    /// The item.
    pub item: ItemDraft<'a>,
    /// Whether one of its values is of the export: constants alone are no item.
    pub is_filled: bool,
}

/// A refund that is a row or a document of its own, or several rows with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRecord<'a> {
    /// What tells it apart.
    pub id: RefundId<'a>,
    /// The position of its row.
    pub at: Position,
    /// Whether it is taken off its order, and is one row and no more: it counts once.
    pub counts_once: bool,
    /// Whether it is a refund only since it names an order, and it names itself.
    pub names_itself: bool,
}

/// What tells a refund apart from others of its order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RefundId<'a> {
    /// Its id.
    Own(Cow<'a, str>),
    /// Its whole row, since it has no id of its own.
    Row(&'a str),
}

/// What a row without an item, or one of a side file, adds to the sums of its order.
#[derive(Debug, Clone, PartialEq)]
pub struct AddedRow<'a> {
    /// The position of the row.
    pub at: Position,
    /// A digest of all its values, of a row of a side file.
    pub digest: Option<u64>,
    /// Its numbers; never empty.
    pub cells: Vec<Cell<'a>>,
}

/// The cells of a person in addition to the guest, stored under the guest's fields.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonDraft<'a> {
    /// The person's role.
    pub role: PersonRole,
    /// The index of the item (from 0, in input order) that a consumer belongs to, if known.
    pub item: Option<usize>,
    /// The person's attributes.
    pub cells: Cells<'a>,
}

/// The role of a person in addition to the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonRole {
    /// A further contact of the order.
    Contact,
    /// A person whom an item is for, such as a passenger.
    Consumer,
}

impl PersonRole {
    /// The name in fields and messages, in the singular.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Consumer => "consumer",
        }
    }

    /// The name of a guest's field for this role: `contact.email` for `guest.email`.
    #[must_use]
    pub fn field_name(self, field: &str) -> String {
        format!(
            "{}.{}",
            self.name(),
            field.strip_prefix(FieldGroup::Guest.prefix()).unwrap_or(field)
        )
    }
}

impl<'a> ItemDraft<'a> {
    /// The first cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell<'a>> {
        self.cells.get(field)
    }
}

/// The merged rows of one order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft<'a> {
    /// The order key of the profile; empty where the rows have none.
    pub key: Cow<'a, str>,
    /// Whether a row has its key as a number of JSON.
    pub key_is_number: bool,
    /// The origins of its rows, in input order, but first that of the document to which the others
    /// belong, if there is one; then those that the profile leaves out and those
    /// that may be of the order, which are rejected with the others.
    pub rows: Vec<RowOrigin>,
    /// The first filled value of each field.
    pub cells: Cells<'a>,
    /// The items, in input order.
    pub items: Vec<ItemDraft<'a>>,
    /// The rows without an item that add to its sums, in input order.
    pub added_rows: Vec<AddedRow<'a>>,
    /// Where the rows of side files begin that are joined to its rows.
    pub side_rows: Vec<Position>,
    /// Whether the profile maps items, so that an order without one is remarkable.
    pub may_have_items: bool,
    /// The people in addition to the guest, in input order; may contain duplicates.
    pub people: Vec<PersonDraft<'a>>,
    /// The amounts that were refunded, whatever their signs.
    pub refunds: Vec<Cell<'a>>,
    /// The refunds that are records of their own.
    pub refund_records: Vec<RefundRecord<'a>>,
    /// Whether its rows are those of an order.
    pub kind: DraftKind,
    /// How new this copy of the order is, if several may be in the export.
    pub version: Option<CopyVersion>,
    /// The reason for which the profile skips the order, if it does.
    pub skip: Option<Arc<str>>,
    /// The problems found so far.
    pub problems: Problems,
}

/// What the rows of a draft are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DraftKind {
    /// Those of an order.
    #[default]
    Order,
    /// Refunds only, of an order that is another draft if the export has it.
    Refunds,
    /// Rows that may be such refunds, or those of the order: not one can be read and tested.
    PossibleRefunds,
}

impl<'a> Draft<'a> {
    /// Whether its rows are records, whose cells have columns.
    #[must_use]
    pub fn has_columns(&self) -> bool {
        let items = self.items.iter().flat_map(|item| &*item.cells);
        let mut cells = self.cells.iter().chain(items);
        cells.any(|cell| matches!(cell.at, CellOrigin::Column(..)))
    }

    /// Whether it has an item that is neither beside those of the order nor refunded.
    #[must_use]
    pub fn has_own_items(&self) -> bool {
        self.items.iter().any(|item| item.kind.source == ItemSource::Items && !item.is_refund)
    }

    /// The order's first row.
    #[must_use]
    pub fn first_row(&self) -> &RowOrigin {
        self.rows.first().expect("a draft has at least one row")
    }

    /// The position of the order's first row.
    #[must_use]
    pub fn position(&self) -> Position {
        self.first_row().position()
    }

    /// The first cell of a field.
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
        Cell {
            field,
            text,
            time: None,
            at,
            is_unparsable: false,
            is_default: false,
            over_rows: OverRows::Equal,
            notation: Notation::Text,
        }
    }

    fn ext(number: usize) -> Field {
        Field::Extension(Arc::new(ExtensionKey {
            name: format!("a{number}"),
            data_type: ExtensionType::String,
        }))
    }

    fn text<'c>(cells: &'c Cells<'_>, field: &Field) -> Option<&'c str> {
        cells.get(field).map(|cell| &*cell.text)
    }

    #[test]
    fn get_returns_first_cell_of_field() {
        let all = [
            (Field::Price, "5"),
            (ext(1), "x"),
            (Field::Status, "s"),
            (Field::Price, "6"),
            (ext(1), "y"),
        ];
        let mut cells: Cells<'_> = all.into_iter().map(|(field, text)| cell(field, text)).collect();
        let found = |cells: &Cells<'_>, field| text(cells, &field).map(ToOwned::to_owned);
        assert_eq!(found(&cells, Field::Price).as_deref(), Some("5"));
        assert_eq!(found(&cells, ext(1)).as_deref(), Some("x"));
        assert_eq!(found(&cells, Field::Status).as_deref(), Some("s"));
        assert_eq!((found(&cells, Field::CardType), found(&cells, ext(2))), (None, None));
        cells.get_mut(&Field::Price).unwrap().text = "7".into();
        assert_eq!(
            cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>(),
            ["7", "x", "s", "6", "y"]
        );
    }

    /// Indexes are stored as `u8`, so more than 255 cells need the linear search.
    #[test]
    fn get_finds_field_after_many_cells() {
        for n_before in [0, 1, 253, 254, 255, 256, 300, 600] {
            let before = (0..n_before).map(|number| cell(ext(number), "x"));
            let mut cells: Cells<'_> = before
                .chain([cell(Field::Price, "5"), cell(Field::Price, "6"), cell(Field::Status, "s")])
                .collect();
            assert_eq!(text(&cells, &Field::Price), Some("5"), "{n_before}");
            assert_eq!(text(&cells, &Field::Status), Some("s"), "{n_before}");
            assert_eq!(text(&cells, &Field::CardType), None, "{n_before}");
            assert_eq!(text(&cells, &ext(n_before.max(1) - 1)).is_some(), n_before > 0);
            for (number, is_there) in [(0, n_before > 0), (n_before, false)] {
                assert_eq!(
                    cells.get_mut(&ext(number)).is_some_and(|cell| *cell.field == ext(number)),
                    is_there
                );
            }
            // A cell that is added after the index was built is found too; of two, the first one
            // is.
            cells.push(cell(ext(n_before), "y"));
            cells.push(cell(ext(n_before), "z"));
            assert_eq!(cells.get_mut(&ext(n_before)).map(|cell| &*cell.text), Some("y"));
        }
    }

    #[test]
    fn named_fields_have_distinct_indexes() {
        let cells: Cells<'_> =
            Field::NAMED.iter().map(|field| cell(field.clone(), &field.to_string())).collect();
        for field in Field::NAMED {
            assert_eq!(text(&cells, field), Some(&*field.to_string()));
        }
    }
}
