//! View of a JSON document, or of an element in it: a source is a path.
//!
//! Also the ORDER_CHECKOUT event, whose members have other places than those of a document in the
//! canonical form. Used by `mapper` and `file_mapper`.

use std::ops::RangeInclusive;

use super::{
    checkout_event::{EventDocument, event_path},
    path::{Path, PathEnd},
    view::{Found, Value, View},
};
use crate::model::{
    document::JsonNode,
    draft::CellOrigin,
    field::FieldGroup,
    row::{Row, RowContent},
    side_row::JoinedRows,
};

/// The path of a value.
#[derive(Debug, Clone)]
pub(super) struct PathSource {
    path: Path,
    in_event: EventPlace,
    /// The index of a field of an item in a list or in a side file, in place of the path.
    field: Option<usize>,
    /// The value of a side file that it is in place of one of the document.
    side: Option<SideValue>,
}

/// A value of a side file.
#[derive(Debug, Clone, Copy)]
struct SideValue {
    /// The index of its join.
    join: usize,
    /// The index of the value; none if no row of the file has it.
    column: Option<usize>,
}

/// Where an ORDER_CHECKOUT event has the value of a path of the canonical form.
#[derive(Debug, Clone)]
enum EventPlace {
    /// In its member `order`.
    Order,
    /// Beside that member.
    Beside(Path),
    /// In one of these two places.
    Either(Path),
}

impl PathSource {
    /// A path in an order or in an element.
    pub(super) fn new(path: &str) -> Self {
        Self { path: Path::new(path), in_event: EventPlace::Order, field: None, side: None }
    }

    /// The path of a rule for a field of this group.
    pub(super) fn of_group(path: &str, group: FieldGroup) -> Self {
        let in_event = match group {
            FieldGroup::Guest => EventPlace::Beside(Path::new(path)),
            FieldGroup::Event => EventPlace::Beside(Path::new(event_path(path))),
            _ => EventPlace::Order,
        };
        Self { path: Path::new(path), in_event, field: None, side: None }
    }

    /// The path of a condition, which may test any value.
    pub(super) fn of_condition(path: &str) -> Self {
        let in_event = EventPlace::Either(Path::new(event_path(path)));
        Self { path: Path::new(path), in_event, field: None, side: None }
    }

    /// The field of an item in a list.
    pub(super) fn of_field(index: usize) -> Self {
        Self { field: Some(index), ..Self::new("") }
    }

    /// A value of the side file of a join; none if no row of the file has it.
    pub(super) fn of_side(join: usize, column: Option<usize>) -> Self {
        Self { side: Some(SideValue { join, column }), ..Self::new("") }
    }

    /// Follows the path where a document has the value.
    fn find<'a>(&self, view: DocumentView<'a>) -> PathEnd<'a> {
        let Some(event) = view.event else { return self.path.find(view.node) };
        match &self.in_event {
            EventPlace::Order => self.path.find(event.order),
            EventPlace::Beside(path) => path.find(view.node),
            EventPlace::Either(path) => {
                self.path.find(event.order).or_else(|| path.find(view.node))
            }
        }
    }
}

impl PathSource {
    /// Follows the path to all of its values.
    fn visit<'a>(&self, view: DocumentView<'a>, visit: &mut impl FnMut(PathEnd<'a>)) {
        match (&self.in_event, view.event) {
            (_, None) => self.path.visit(view.node, visit),
            (EventPlace::Beside(path), Some(_)) => path.visit(view.node, visit),
            (EventPlace::Order | EventPlace::Either(_), Some(event)) => {
                self.path.visit(event.order, visit);
            }
        }
    }
}

/// A document, or an element in it.
#[derive(Clone, Copy)]
pub(super) struct DocumentView<'a> {
    row: &'a Row<'a>,
    node: JsonNode<'a>,
    /// Whether it is an element, whose place is not that of the row.
    is_element: bool,
    /// The event that the document is.
    event: Option<EventDocument<'a>>,
    /// The index of the side row whose values are viewed, of several that are added up.
    side_row: usize,
}

impl<'a> DocumentView<'a> {
    /// A document. `has_events` tells whether it may be an event.
    pub(super) fn new(row: &'a Row<'a>, node: JsonNode<'a>, has_events: bool) -> Self {
        let event = has_events.then(|| EventDocument::of(node)).flatten();
        Self { row, node, is_element: false, event, side_row: 0 }
    }

    /// The event that the document is.
    pub(super) fn event(self) -> Option<EventDocument<'a>> {
        self.event
    }

    /// The value at the end of a path, and its place.
    fn found(self, end: PathEnd<'a>) -> Found<'a> {
        match end {
            PathEnd::Value(node) => Found { value: Value::of(Some(node)), at: self.place_of(node) },
            PathEnd::WithinArray(array) => {
                Found { value: Value::WithinArray, at: self.place_of(array) }
            }
            PathEnd::WithinScalar(scalar) => {
                Found { value: Value::within(scalar), at: self.place_of(scalar) }
            }
            PathEnd::Several(first) => Found { value: Value::Several, at: self.place_of(first) },
            PathEnd::Uncompared(member) => {
                Found { value: Value::Uncompared(member), at: self.place_of(member) }
            }
            PathEnd::Missing => Found { value: Value::Missing, at: self.at() },
        }
    }

    fn side_value(self, SideValue { join, column }: SideValue) -> Found<'a> {
        let joined = self.row.joined().and_then(|joined| joined.matches.get(join));
        let row = joined.and_then(|side| side.row(self.side_row));
        match row.zip(column) {
            Some((row, column)) => {
                let index = u32::try_from(column).unwrap_or(u32::MAX);
                let at = CellOrigin::Side(row, index, self.row);
                Found { value: Value::of_side(row, column), at }
            }
            None => Found { value: Value::Missing, at: self.at() },
        }
    }

    /// An element in it.
    pub(super) fn element(self, node: JsonNode<'a>) -> Self {
        Self { node, is_element: true, event: None, ..self }
    }
}

impl<'a> View<'a> for DocumentView<'a> {
    type Source = PathSource;

    fn at(self) -> CellOrigin<'a> {
        if self.is_element { self.place_of(self.node) } else { CellOrigin::Row(self.row) }
    }

    fn row(self) -> &'a Row<'a> {
        self.row
    }

    fn raw(self) -> Value<'a> {
        Value::of_row(self.row)
    }

    fn find(self, source: &PathSource) -> Found<'a> {
        match source.side {
            Some(side) => self.side_value(side),
            None => self.found(source.find(self)),
        }
    }

    fn lacks(self, source: &PathSource) -> bool {
        let Some(SideValue { join, .. }) = source.side else { return false };
        let joined = self.row.joined().and_then(|joined| joined.matches.get(join));
        joined.is_some_and(|side| side.found.is_a_problem())
    }

    fn item_field(self, source: &PathSource) -> Option<usize> {
        source.field
    }

    fn visit(self, source: &PathSource, visit: &mut impl FnMut(Found<'a>)) {
        match source.side {
            Some(side) => visit(self.side_value(side)),
            None => source.visit(self, &mut |end| visit(self.found(end))),
        }
    }

    fn joined(self) -> Option<&'a JoinedRows<'a>> {
        self.row.joined()
    }

    fn with_side_row(self, index: usize) -> Self {
        Self { side_row: index, ..self }
    }

    fn as_element(self) -> Self {
        Self { is_element: true, ..self }
    }

    fn document(self, has_events: bool) -> Option<Self> {
        let RowContent::Document(document) = &self.row.content else { return None };
        self.is_element.then(|| Self::new(self.row, document.root(), has_events))
    }

    fn elements(self, source: &PathSource) -> Result<Vec<Self>, Found<'a>> {
        let (mut elements, mut other) = (Vec::new(), None);
        let element = |node| self.element(node);
        source.visit(self, &mut |end| match end {
            PathEnd::Missing => {}
            PathEnd::Value(node) if source.path.ends_at_elements() => elements.push(element(node)),
            PathEnd::Value(node) if node.elements().is_some() => {
                elements.extend(node.elements().into_iter().flatten().map(element));
            }
            end => {
                other.get_or_insert(self.found(end));
            }
        });
        other.map_or(Ok(elements), Err)
    }

    fn node(self) -> Option<JsonNode<'a>> {
        Some(self.node)
    }

    fn place_of(self, node: JsonNode<'a>) -> CellOrigin<'a> {
        CellOrigin::Node(self.row, node)
    }

    fn is_blank(self, is_null: impl Fn(&str) -> bool) -> bool {
        let mut members = self.node.members();
        members.all(|(_, member)| !Value::of(Some(member)).is_filled_unless(&is_null))
    }

    fn max_values(self) -> usize {
        self.node.members().count()
    }

    /// A member that is there was read before the damage.
    fn is_certain(self, source: &PathSource) -> bool {
        !matches!(self.find(source).value, Value::Missing)
    }

    fn is_certain_key(self, _: &PathSource) -> bool {
        true
    }

    fn repeats(self, _: Self, _: &PathSource) -> bool {
        false
    }

    fn repeats_columns(self, _: Self, _: &[RangeInclusive<usize>]) -> bool {
        false
    }
}
