//! View of an item in the list of a cell, in a group of columns or in a row of a side file: its
//! fields, and the values of the row around them.
//!
//! Used by `mapper`.

use std::ops::RangeInclusive;

use super::{
    packed_items::PackedItem,
    view::{Found, Value, View},
};
use crate::model::{
    document::JsonNode,
    draft::CellOrigin,
    row::Row,
    side_row::{JoinedRows, SideRow},
};

/// An item of a row.
pub(super) struct ItemView<'a, V: View<'a>> {
    pub(super) row: V,
    pub(super) fields: ItemFields<'a, V::Source>,
    /// The index of the first one among those of all items.
    pub(super) first_field: usize,
    /// The place of its cell, or of the first filled one.
    pub(super) at: CellOrigin<'a>,
}

/// The fields of an item.
pub(super) enum ItemFields<'a, S> {
    /// Those in the list of a cell.
    Packed(PackedItem<'a>),
    /// Those in columns of the row; none where the group lacks it.
    Columns(&'a [Option<S>]),
    /// Those of a row of a side file.
    Side(&'a SideRow<'a>),
}

impl<'a, V: View<'a>> ItemView<'a, V> {
    /// The item that is a row of a side file.
    pub(super) fn of_side(row: V, side: &'a SideRow<'a>, first_field: usize) -> Self {
        let at = CellOrigin::Known(side.start());
        Self { row, fields: ItemFields::Side(side), first_field, at }
    }
}

#[expect(clippy::expl_impl_clone_on_copy, reason = "a derived one needs sources that are Copy")]
impl<'a, V: View<'a>> Clone for ItemView<'a, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, V: View<'a>> Copy for ItemView<'a, V> {}

impl<S> Clone for ItemFields<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for ItemFields<'_, S> {}

impl<'a, V: View<'a>> View<'a> for ItemView<'a, V> {
    type Source = V::Source;

    fn at(self) -> CellOrigin<'a> {
        self.at
    }

    fn row(self) -> &'a Row<'a> {
        self.row.row()
    }

    fn raw(self) -> Value<'a> {
        self.row.raw()
    }

    fn find(self, source: &V::Source) -> Found<'a> {
        let Some(field) = self.item_field(source) else { return self.row.find(source) };
        let missing = Found { value: Value::Missing, at: self.at };
        let Some(field) = field.checked_sub(self.first_field) else { return missing };
        match self.fields {
            ItemFields::Packed(item) => {
                let text = item.field(field);
                text.map_or(missing, |text| Found { value: Value::Text(text), ..missing })
            }
            ItemFields::Columns(columns) => {
                let column = columns.get(field).and_then(Option::as_ref);
                column.map_or(missing, |column| self.row.find(column))
            }
            ItemFields::Side(side) => {
                let index = u32::try_from(field).unwrap_or(u32::MAX);
                let at = CellOrigin::Side(side, index, self.row.row());
                Found { value: Value::of_side(side, field), at }
            }
        }
    }

    fn lacks(self, source: &V::Source) -> bool {
        self.row.lacks(source)
    }

    fn item_field(self, source: &V::Source) -> Option<usize> {
        self.row.item_field(source)
    }

    fn visit(self, source: &V::Source, visit: &mut impl FnMut(Found<'a>)) {
        if self.item_field(source).is_some() {
            visit(self.find(source));
        } else {
            self.row.visit(source, visit);
        }
    }

    fn joined(self) -> Option<&'a JoinedRows<'a>> {
        self.row.joined()
    }

    fn with_side_row(self, index: usize) -> Self {
        Self { row: self.row.with_side_row(index), ..self }
    }

    fn as_element(self) -> Self {
        self
    }

    fn elements(self, _: &V::Source) -> Result<Vec<Self>, Found<'a>> {
        Ok(vec![self])
    }

    fn node(self) -> Option<JsonNode<'a>> {
        self.row.node()
    }

    fn place_of(self, node: JsonNode<'a>) -> CellOrigin<'a> {
        self.row.place_of(node)
    }

    fn is_blank(self, is_null: impl Fn(&str) -> bool) -> bool {
        self.row.is_blank(is_null)
    }

    fn max_values(self) -> usize {
        self.row.max_values()
    }

    fn is_certain(self, source: &V::Source) -> bool {
        self.row.is_certain(source)
    }

    fn is_certain_key(self, source: &V::Source) -> bool {
        self.row.is_certain_key(source)
    }

    fn repeats(self, previous: Self, source: &V::Source) -> bool {
        self.row.repeats(previous.row, source)
    }

    fn repeats_columns(self, previous: Self, columns: &[RangeInclusive<usize>]) -> bool {
        self.row.repeats_columns(previous.row, columns)
    }
}
