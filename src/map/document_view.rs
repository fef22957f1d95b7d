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
    side_row::SideRow,
};

/// The path of a value.
#[derive(Debug, Clone)]
pub(super) struct PathSource {
    path: Path,
    in_event: EventPlace,
    /// The index of a field of an item in a list, in place of the path.
    field: Option<usize>,
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
        Self { path: Path::new(path), in_event: EventPlace::Order, field: None }
    }

    /// The path of a rule for a field of this group.
    pub(super) fn of_group(path: &str, group: FieldGroup) -> Self {
        let in_event = match group {
            FieldGroup::Guest => EventPlace::Beside(Path::new(path)),
            FieldGroup::Event => EventPlace::Beside(Path::new(event_path(path))),
            _ => EventPlace::Order,
        };
        Self { path: Path::new(path), in_event, field: None }
    }

    /// The path of a condition, which may test any value.
    pub(super) fn of_condition(path: &str) -> Self {
        let in_event = EventPlace::Either(Path::new(event_path(path)));
        Self { path: Path::new(path), in_event, field: None }
    }

    /// The field of an item in a list.
    pub(super) fn of_field(index: usize) -> Self {
        Self { field: Some(index), ..Self::new("") }
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
}

impl<'a> DocumentView<'a> {
    /// A document. `has_events` tells whether it may be an event.
    pub(super) fn new(row: &'a Row<'a>, node: JsonNode<'a>, has_events: bool) -> Self {
        let event = has_events.then(|| EventDocument::of(node)).flatten();
        Self { row, node, is_element: false, event }
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
                let value = Value::WithinScalar(scalar);
                Found { value, at: self.place_of(scalar) }
            }
            PathEnd::Several(first) => Found { value: Value::Several, at: self.place_of(first) },
            PathEnd::Missing => Found { value: Value::Missing, at: self.at() },
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

    fn raw(self) -> Value<'a> {
        Value::of_row(self.row)
    }

    fn find(self, source: &PathSource) -> Found<'a> {
        self.found(source.find(self))
    }

    fn item_field(self, source: &PathSource) -> Option<usize> {
        source.field
    }

    fn visit(self, source: &PathSource, visit: &mut impl FnMut(Found<'a>)) {
        source.visit(self, &mut |end| visit(self.found(end)));
    }

    fn side_rows(self, _: usize) -> &'a [SideRow<'a>] {
        &[]
    }

    fn with_side_row(self, _: usize) -> Self {
        self
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
