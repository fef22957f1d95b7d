//! View of an item in the list of a cell: its fields, and the values of the row around them.
//!
//! Used by `mapper`.

use std::ops::RangeInclusive;

use super::{
    packed_items::PackedItem,
    view::{Found, Value, View},
};
use crate::model::{document::JsonNode, draft::CellOrigin};

/// An item in the list of a cell of a row.
#[derive(Clone, Copy)]
pub(super) struct ItemView<'a, V> {
    pub(super) row: V,
    pub(super) item: PackedItem<'a>,
    /// The place of the cell.
    pub(super) at: CellOrigin<'a>,
}

impl<'a, V: View<'a>> View<'a> for ItemView<'a, V> {
    type Source = V::Source;

    fn at(self) -> CellOrigin<'a> {
        self.at
    }

    fn raw(self) -> Value<'a> {
        self.row.raw()
    }

    fn find(self, source: &V::Source) -> Found<'a> {
        let Some(field) = self.item_field(source) else { return self.row.find(source) };
        Found { value: self.item.field(field).map_or(Value::Missing, Value::Text), at: self.at }
    }

    fn item_field(self, source: &V::Source) -> Option<usize> {
        self.row.item_field(source)
    }

    fn visit(self, source: &V::Source, visit: &mut impl FnMut(Found<'a>)) {
        self.row.visit(source, visit);
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
