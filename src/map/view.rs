//! View: where the rules of a profile find their values, whatever the format of the row.
//!
//! What differs between formats is here: which value a source has, and its place. What becomes of
//! the value is the same for all and is decided in `mapper`. Implemented by `record_view` and
//! `document_view`.

use std::ops::RangeInclusive;

use super::rule::Rule;
use crate::model::{
    document::{JsonNode, JsonValue},
    draft::{CellOrigin, Notation},
    row::Row,
    side_row::{JoinedRows, SideItems, SideKind, SideMatch, SideRow},
};

/// A value of the export.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// No such column or member.
    Missing,
    /// JSON's `null`.
    Null,
    /// A text, of a cell or member without blanks around it; empty in an empty cell.
    Text(&'a str),
    /// A boolean of JSON.
    Boolean(bool),
    /// The digits of a number of JSON, which always has a decimal point.
    Number(&'a str),
    /// An array of JSON.
    Array(JsonNode<'a>),
    /// An object of JSON.
    Object(JsonNode<'a>),
    /// The path goes on within a filled array and selects none of its elements.
    WithinArray,
    /// The path goes on within this text, number or boolean, where an object is expected.
    /// Of a side file it is not known what it is.
    WithinScalar { text: &'a str, kind: SideKind },
    /// The filter of the path selects several elements.
    Several,
    /// The filter of the path compares this filled array or object with a text.
    Uncompared(JsonNode<'a>),
    /// What a side file has in place of a single value.
    Nested(SideKind),
    /// Lost with the rest of an unreadable row.
    Lost,
}

/// Precedes the text of a single value in the place of an object, in a cell of a side row, so that
/// no other value repeats it.
pub(super) const WITHIN: &str = "….";

/// A value and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) value: Value<'a>,
    pub(super) at: CellOrigin<'a>,
}

impl<'a> Value<'a> {
    /// The value of a member, or of none.
    pub(super) fn of(node: Option<JsonNode<'a>>) -> Self {
        let Some(node) = node else { return Self::Missing };
        match node.value() {
            JsonValue::Null => Self::Null,
            JsonValue::Boolean(value) => Self::Boolean(value),
            JsonValue::Number(digits) => Self::Number(digits),
            JsonValue::Text(text) => Self::Text(text.trim()),
            JsonValue::Array => Self::Array(node),
            JsonValue::Object => Self::Object(node),
        }
    }

    /// The value of a path that goes on within a text, number or boolean.
    pub(super) fn within(node: JsonNode<'a>) -> Self {
        let scalar = Self::of(Some(node));
        let kind = match scalar {
            Self::Number(_) => SideKind::Number,
            Self::Boolean(_) => SideKind::Boolean,
            _ => SideKind::Text,
        };
        Self::WithinScalar { text: scalar.text().unwrap_or_default(), kind }
    }

    /// The value of a cell of a side row.
    pub(super) fn of_side(row: &SideRow<'a>, index: usize) -> Self {
        match row.kind(index) {
            SideKind::Text => Self::Text(row.cell(index)),
            SideKind::Number => Self::Number(row.cell(index)),
            SideKind::Boolean => Self::Boolean(row.cell(index) == "true"),
            SideKind::Null => Self::Null,
            SideKind::Missing => Self::Missing,
            SideKind::WithinArray => Self::WithinArray,
            SideKind::WithinScalar => {
                let text = row.cell(index);
                let text = text.strip_prefix(WITHIN).unwrap_or(text);
                Self::WithinScalar { text, kind: SideKind::WithinScalar }
            }
            SideKind::Several => Self::Several,
            nested @ (SideKind::Array | SideKind::EmptyArray | SideKind::Object) => {
                Self::Nested(nested)
            }
        }
    }

    /// A row as it is in the file, with the blanks at its ends.
    pub(super) fn of_row(row: &Row<'a>) -> Self {
        row.raw().map_or(Self::Lost, |raw| Self::Text(without_line_end(raw)))
    }

    /// The text of a single value.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Boolean(true) => Some("true"),
            Self::Boolean(false) => Some("false"),
            _ => None,
        }
    }

    /// How a single value writes a number.
    pub(super) fn notation(self) -> Notation {
        match self {
            Self::Number(_) => Notation::JsonNumber,
            _ => Notation::Text,
        }
    }

    /// Whether there is a value that the rule does not count as empty.
    pub(super) fn is_filled(self, rule: &Rule) -> bool {
        self.is_filled_unless(|text| rule.yields_nothing(text))
    }

    /// Whether there is a value, other than a text that counts as empty.
    pub(super) fn is_filled_unless(self, is_empty: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Missing
            | Self::Null
            | Self::WithinArray
            | Self::WithinScalar { .. }
            | Self::Several
            | Self::Uncompared(_)
            | Self::Lost => false,
            Self::Array(_) | Self::Object(_) | Self::Nested(_) => true,
            single => !single.text().is_some_and(is_empty),
        }
    }

    /// Whether there is no value, or an empty text or array.
    pub(super) fn is_nothing(self) -> bool {
        match self {
            Self::Array(array) => array.is_empty(),
            Self::Nested(kind) => kind == SideKind::EmptyArray,
            Self::WithinArray | Self::Several | Self::Uncompared(_) | Self::Lost => false,
            value => !value.is_filled_unless(str::is_empty),
        }
    }

    /// Whether the path goes on within a text, number or boolean.
    pub(super) fn is_within_scalar(self) -> bool {
        matches!(self, Self::WithinScalar { .. })
    }

    /// Whether the path of a rule does not fit the document: there are several values, of which
    /// none is selected, or one that is not empty in the place of an object, or its filter does not
    /// tell.
    pub(super) fn is_misplaced(self, rule: &Rule) -> bool {
        match self {
            Self::WithinArray | Self::Several | Self::Uncompared(_) => true,
            Self::WithinScalar { text, .. } => !rule.yields_nothing(text),
            _ => false,
        }
    }

    /// The message about it where something else is expected.
    pub(super) fn unexpected(self, expected: &str) -> String {
        let expected = match self {
            Self::WithinScalar { .. } => "an object",
            Self::Uncompared(_) => "a text, by which the path filters,",
            _ => expected,
        };
        format!("{} where {expected} is expected", self.type_name())
    }

    /// What it is, in messages.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Missing | Self::Lost => "nothing",
            Self::WithinArray => "a path that goes on within an array",
            Self::Uncompared(node) => Self::of(Some(node)).type_name(),
            Self::Several => "several elements that the filter selects",
            Self::Null => "null",
            Self::Text(_) | Self::WithinScalar { kind: SideKind::Text, .. } => "a string",
            Self::Boolean(_) | Self::WithinScalar { kind: SideKind::Boolean, .. } => "a boolean",
            Self::Number(_) | Self::WithinScalar { kind: SideKind::Number, .. } => "a number",
            Self::WithinScalar { .. } => "a single value",
            Self::Object(_) | Self::Nested(SideKind::Object) => "an object",
            Self::Array(_) | Self::Nested(_) => "an array",
        }
    }
}

/// The values of a record, of a document, or of an element in it.
pub(super) trait View<'a>: Copy {
    /// Where a rule finds a value: a column or a path, compiled once per file.
    type Source;

    /// The view's own place.
    fn at(self) -> CellOrigin<'a>;

    /// The row of the export that has them.
    fn row(self) -> &'a Row<'a>;

    /// The row as it is in the file, without its line end.
    fn raw(self) -> Value<'a>;

    /// The value of a source.
    fn find(self, source: &Self::Source) -> Found<'a>;

    /// Whether a source is a cell of a side row that the row should have; a problem says so.
    fn lacks(self, _: &Self::Source) -> bool {
        false
    }

    /// The index of the field of an item in a list, if the source is one.
    fn item_field(self, source: &Self::Source) -> Option<usize>;

    /// Visits all values of a source whose path walks arrays.
    fn visit(self, source: &Self::Source, visit: &mut impl FnMut(Found<'a>));

    /// What side files have for the row.
    fn joined(self) -> Option<&'a JoinedRows<'a>>;

    /// The rows of the side file of a join that are items of this one.
    fn side_items(self, join: usize) -> Option<SideItems<'a>> {
        self.joined().and_then(|joined| joined.matches.get(join)?.items())
    }

    /// The rows of the side file of a join that are added up.
    fn side_rows(self, join: usize) -> &'a [SideRow<'a>] {
        self.joined().and_then(|joined| joined.matches.get(join)).map_or(&[], SideMatch::rows)
    }

    /// The same with the values of another one of the rows that are added up.
    fn with_side_row(self, index: usize) -> Self;

    /// The same values as those of an item.
    fn as_element(self) -> Self;

    /// The document of an element; none of another view. `has_events` tells whether it may be an
    /// event.
    fn document(self, _has_events: bool) -> Option<Self> {
        None
    }

    /// The elements of the array at a source. An error is what is there instead.
    fn elements(self, source: &Self::Source) -> Result<Vec<Self>, Found<'a>>;

    /// The JSON value whose members are viewed; none of a record.
    fn node(self) -> Option<JsonNode<'a>>;

    /// The place of a JSON value within this one.
    fn place_of(self, node: JsonNode<'a>) -> CellOrigin<'a>;

    /// Whether no value is filled. `is_null` tells which texts count as empty.
    fn is_blank(self, is_null: impl Fn(&str) -> bool) -> bool;

    /// The maximum number of values.
    fn max_values(self) -> usize;

    /// Whether the value of a source is certainly its own, although the row is unreadable.
    fn is_certain(self, source: &Self::Source) -> bool;

    /// Whether the same is true of an order key, which other rows may share.
    fn is_certain_key(self, source: &Self::Source) -> bool;

    /// Whether the previous row of the order has the same value.
    fn repeats(self, previous: Self, source: &Self::Source) -> bool;

    /// The same for all these columns.
    fn repeats_columns(self, previous: Self, columns: &[RangeInclusive<usize>]) -> bool;
}

/// The text of a row without the line end, of which a row of `\r\n` may keep the `\r`.
pub(super) fn without_line_end(raw: &str) -> &str {
    let raw = raw.strip_suffix('\n').unwrap_or(raw);
    raw.strip_suffix('\r').unwrap_or(raw)
}
