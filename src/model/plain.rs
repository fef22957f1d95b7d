//! Plain orders: the values of an order of which none needs a closer look, so that it is decided
//! without a draft.
//!
//! `map` takes the values from the rows and leaves every doubt to a draft: then there is none of
//! these. `validate` checks them, `shuffle` collects facts from them. They are fewer and smaller
//! than the cells of a draft, and one value serves all orders of a block in turn.

use std::borrow::Cow;

use bumpalo::Bump;
use chrono::{DateTime, Utc};

use super::{
    draft::Notation,
    field::Field,
    order::{Order, OrderRecord},
    origin::Position,
    row::Row,
};

/// A value of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlainValue<'a> {
    /// The field.
    pub field: &'a Field,
    /// The value, as in a cell; never empty.
    pub text: &'a str,
    /// The parsed instant of a timestamp; none of a constant.
    pub time: Option<DateTime<Utc>>,
    /// How a number is written.
    pub notation: Notation,
    /// The index of the value in its row ([`Row::position`]); none of a constant.
    pub index: Option<u32>,
}

impl PlainValue<'_> {
    /// The position of the value in its row, as of a cell.
    #[must_use]
    pub fn position(&self, row: &Row<'_>) -> Position {
        self.index.map_or_else(|| row.origin.position(), |index| row.position(index))
    }
}

/// The values of an order.
///
/// It has no people besides the guest, no rule skips it, no value is unparsable, and its rows
/// agree in the attributes of the order.
#[derive(Debug)]
pub struct PlainDraft<'a> {
    /// The order key; never empty.
    pub key: &'a str,
    /// Its rows, which are of one file.
    pub rows: Vec<&'a Row<'a>>,
    /// Whether the profile maps items, so that an order without one is remarkable.
    pub may_have_items: bool,
    /// The values of the order, then those of each item.
    values: Vec<PlainValue<'a>>,
    /// Where the values of the order end, then those of each item.
    ends: Vec<usize>,
    /// The converted texts of all orders of a block.
    texts: &'a Bump,
}

impl<'a> PlainDraft<'a> {
    /// No order yet. Converted texts are kept in `texts`.
    #[must_use]
    pub fn new(texts: &'a Bump) -> Self {
        let (rows, values, ends) = (Vec::new(), Vec::new(), Vec::new());
        Self { key: "", rows, may_have_items: false, values, ends, texts }
    }

    /// Removes the order, but keeps the memory.
    pub fn clear(&mut self) {
        (self.key, self.may_have_items) = ("", false);
        self.rows.clear();
        self.values.clear();
        self.ends.clear();
    }

    /// Keeps a converted text as long as the block.
    #[must_use]
    pub fn keep(&self, text: Cow<'a, str>) -> &'a str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.texts.alloc_str(&text),
        }
    }

    /// Adds a value of the order, its guest or its events; after [`end_order`](Self::end_order), of
    /// an item.
    #[inline]
    pub fn push(&mut self, value: PlainValue<'a>) {
        self.values.push(value);
    }

    /// Ends the values of the order, its guest and its events.
    pub fn end_order(&mut self) {
        self.ends.push(self.values.len());
    }

    /// Ends the values of an item. Constants of the profile alone are no item.
    pub fn end_item(&mut self, has_exported_value: bool) {
        if has_exported_value {
            self.ends.push(self.values.len());
        } else {
            self.values.truncate(self.ends.last().copied().unwrap_or_default());
        }
    }

    /// The number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// The values of the order, its guest and its events.
    #[must_use]
    pub fn order_values(&self) -> &[PlainValue<'a>] {
        &self.values[..self.ends.first().copied().unwrap_or_default()]
    }

    /// The values of each item, in input order.
    pub fn items(&self) -> impl Iterator<Item = &[PlainValue<'a>]> {
        self.ends.windows(2).map(|ends| &self.values[ends[0]..ends[1]])
    }

    /// The values of all items.
    #[must_use]
    pub fn item_values(&self) -> &[PlainValue<'a>] {
        &self.values[self.ends.first().copied().unwrap_or_default()..]
    }

    /// The values of the order and of its items.
    #[must_use]
    pub fn all_values(&self) -> &[PlainValue<'a>] {
        &self.values
    }

    /// The first value of a field of the order or its guest.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&PlainValue<'a>> {
        self.order_values().iter().find(|value| value.field == field)
    }
}

/// A valid order without any problem, in the memory of the check that found it so.
#[derive(Debug, Clone, Copy)]
pub struct PlainOrder<'p, 'a> {
    /// The facts for the report.
    pub record: &'p OrderRecord,
    /// The order.
    pub order: &'p Order<'a>,
}
