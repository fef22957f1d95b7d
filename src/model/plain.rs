//! Plain orders: the values of an order of which none needs a closer look, so that it is decided
//! without a draft.
//!
//! `map` takes the values from the rows and leaves every doubt to a draft: then there is none of
//! these. `validate` checks them, `shuffle` collects facts from them. They are fewer and smaller
//! than the cells of a draft, and one value serves all orders of a block in turn.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{draft::Notation, field::Field, origin::Position, row::Row};

/// A value of one field.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainValue<'a> {
    /// The field.
    pub field: &'a Field,
    /// The value, as in a cell; never empty.
    pub text: Cow<'a, str>,
    /// The parsed instant of a timestamp; none of a constant.
    pub time: Option<DateTime<Utc>>,
    /// How a number is written.
    pub notation: Notation,
    /// The column (from 0); none of a constant.
    pub column: Option<u32>,
}

impl PlainValue<'_> {
    /// The position of the value in its row, as of a cell.
    #[must_use]
    pub fn position(&self, row: &Row<'_>) -> Position {
        match self.column {
            Some(column) => row.position(column as usize),
            None => row.origin.position(),
        }
    }
}

/// The values of an order.
///
/// It has no people besides the guest, no rule skips it, no value is unparsable, and its rows
/// agree in the attributes of the order.
#[derive(Debug, Default, PartialEq)]
pub struct PlainDraft<'a> {
    /// The order key; never empty.
    pub key: &'a str,
    /// Its rows, which are of one file.
    pub rows: Vec<&'a Row<'a>>,
    /// The attributes of the order, its guest and its events.
    pub values: Vec<PlainValue<'a>>,
    /// Whether the profile maps items, so that an order without one is remarkable.
    pub may_have_items: bool,
    item_values: Vec<PlainValue<'a>>,
    /// Where the values of each item end.
    item_ends: Vec<usize>,
}

impl<'a> PlainDraft<'a> {
    /// Removes the order, but keeps the memory.
    pub fn clear(&mut self) {
        (self.key, self.may_have_items) = ("", false);
        self.rows.clear();
        self.values.clear();
        self.item_values.clear();
        self.item_ends.clear();
    }

    /// Adds the item whose values `push` adds. If it returns none, nothing is added.
    pub fn push_item(
        &mut self,
        push: impl FnOnce(&mut Vec<PlainValue<'a>>) -> Option<HasValues>,
    ) -> Option<()> {
        let start = self.item_values.len();
        match push(&mut self.item_values)? {
            HasValues::Exported => self.item_ends.push(self.item_values.len()),
            HasValues::Constants => self.item_values.truncate(start),
        }
        Some(())
    }

    /// The number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.item_ends.len()
    }

    /// The values of each item, in input order.
    pub fn items(&self) -> impl Iterator<Item = &[PlainValue<'a>]> {
        let starts = [0].into_iter().chain(self.item_ends.iter().copied());
        starts.zip(&self.item_ends).map(|(start, end)| &self.item_values[start..*end])
    }

    /// The values of all items.
    #[must_use]
    pub fn item_values(&self) -> &[PlainValue<'a>] {
        &self.item_values
    }

    /// The first value of a field of the order or its guest.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&PlainValue<'a>> {
        self.values.iter().find(|value| value.field == field)
    }
}

/// Whether a row holds values of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HasValues {
    /// Yes, of the export.
    Exported,
    /// No, only constants of the profile, which are no item.
    Constants,
}
