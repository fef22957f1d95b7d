//! Path: a dotted path of a profile, split once, and the search for its value in a document.
//!
//! Compiled when a profile is bound to a file of documents. Used by `document_view`.

use super::path_text::{Segment, Selector, segments};
use crate::model::document::{JsonNode, JsonValue, name_digest};

/// A dotted path such as `customer.address.city`.
///
/// A member whose name contains the dots takes precedence; a quoted segment is one name. A number
/// selects the element of an array, from 0; brackets select several.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Each way to read the path: a step, and the rest of the path after it, if there is one.
    readings: Vec<(Step, Option<Self>)>,
    /// Whether its first segment selects an element by its index.
    selects_elements: bool,
    /// Whether its last segment does so by brackets: it ends at elements, not at their array.
    ends_at_elements: bool,
}

#[derive(Debug, Clone)]
struct Step {
    name: String,
    digest: u32,
    /// The element of an array that the name selects.
    index: Option<usize>,
    elements: Option<Elements>,
}

/// The elements of an array that brackets select.
#[derive(Debug, Clone)]
enum Elements {
    Each,
    /// Those with this text at this path.
    Where(Path, String),
}

impl Elements {
    fn new(selector: &Selector) -> Self {
        match selector {
            Selector::Each => Self::Each,
            Selector::Where { member, text } => Self::Where(Path::new(member), text.clone()),
        }
    }
}

/// Where a path ends in a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum PathEnd<'n> {
    /// At a value.
    Value(JsonNode<'n>),
    /// In this filled array, or the object with numeric names in its place: the path goes on
    /// to a member of the elements and selects none of them.
    WithinArray(JsonNode<'n>),
    /// In this filled text, number or `true`: the path goes on to a member of an object.
    WithinScalar(JsonNode<'n>),
    /// At this element and at others that its filter selects too.
    Several(JsonNode<'n>),
    /// At this filled array or object, which its filter compares with a text.
    Uncompared(JsonNode<'n>),
    /// At a member that is not there.
    Missing,
}

impl<'n> PathEnd<'n> {
    /// This end, unless only the `other` one is a value.
    pub(super) fn or_else(self, other: impl FnOnce() -> PathEnd<'n>) -> PathEnd<'n> {
        match self {
            Self::Value(_) => self,
            Self::Missing => other(),
            _ => match other() {
                Self::Value(value) => Self::Value(value),
                _ => self,
            },
        }
    }
}

impl Path {
    /// Compiles a path, whose syntax is checked when its profile is compiled.
    pub(super) fn new(path: &str) -> Self {
        let segments = segments(path).unwrap_or_default();
        let (whole, splits) =
            segments.split_last().map_or((None, &segments[..]), |(last, before)| {
                let is_name =
                    before.is_empty() || last.is_plain && before.iter().all(|one| one.is_plain);
                (is_name.then(|| (Step::new(path, last), None)), before)
            });
        let mut readings: Vec<_> = whole.into_iter().collect();
        for (index, segment) in splits.iter().enumerate() {
            let names = &path[..segment.end];
            // Only plain names may be parts of one name that has dots.
            if index == 0 || splits[..=index].iter().all(|one| one.is_plain) {
                readings
                    .push((Step::new(names, segment), Some(Self::new(&path[segment.end + 1..]))));
            }
        }
        let selects_elements =
            segments.first().is_some_and(|first| first.name.parse::<usize>().is_ok());
        let ends_at_elements = segments.last().is_some_and(|last| last.selector.is_some());
        Self { readings, selects_elements, ends_at_elements }
    }

    /// Whether it ends at elements of an array, not at the array.
    pub(super) fn ends_at_elements(&self) -> bool {
        self.ends_at_elements
    }

    /// Follows the path below `node` to its only value.
    pub(super) fn find<'n>(&self, node: JsonNode<'n>) -> PathEnd<'n> {
        let mut end = PathEnd::Missing;
        for (step, rest) in &self.readings {
            let Some(found) = step.find(node) else { continue };
            end = end.or_else(|| match step.elements {
                None => Self::below(rest.as_ref(), found),
                Some(_) => Self::below_only(rest.as_ref(), step.select(found, rest.is_some())),
            });
            if matches!(end, PathEnd::Value(_)) {
                break;
            }
        }
        end
    }

    fn below<'n>(rest: Option<&Self>, found: JsonNode<'n>) -> PathEnd<'n> {
        match rest {
            None => PathEnd::Value(found),
            Some(rest) if rest.is_within_array(found) => PathEnd::WithinArray(found),
            Some(_) if is_filled_scalar(found) => PathEnd::WithinScalar(found),
            Some(rest) => rest.find(found),
        }
    }

    /// Whether it goes on to a member of the elements of an array, and selects none of them.
    fn is_within_array(&self, found: JsonNode<'_>) -> bool {
        // An object with numeric names may be one too.
        let mut elements = found.elements().filter(|_| found.is_list()).into_iter().flatten();
        !self.selects_elements
            && (is_filled_array(found)
                || elements.any(|element| !matches!(self.find(element), PathEnd::Missing)))
    }

    /// The same below the only one of the elements that a step selects.
    fn below_only<'n>(
        rest: Option<&Self>,
        mut selected: impl Iterator<Item = Selected<'n>>,
    ) -> PathEnd<'n> {
        match (selected.next(), selected.next()) {
            (None, _) => PathEnd::Missing,
            (Some(Err(Uncompared(member))), _) | (_, Some(Err(Uncompared(member)))) => {
                PathEnd::Uncompared(member)
            }
            (Some(Ok(first)), Some(_)) => PathEnd::Several(first),
            (Some(Ok(only)), None) => Self::below(rest, only),
        }
    }

    /// Follows the path below `node` to all of its values.
    pub(super) fn visit<'n>(&self, node: JsonNode<'n>, visit: &mut impl FnMut(PathEnd<'n>)) {
        // In a document without nesting the name of a text may begin the name of an array.
        let mut scalars = Vec::new();
        for (step, rest) in &self.readings {
            let Some(found) = step.find(node) else { continue };
            let (mut n_found, n_before) = (0, scalars.len());
            for selected in step.select(found, rest.is_some()) {
                let mut count = |end| {
                    n_found += 1;
                    visit(end);
                };
                match (selected, rest) {
                    (Err(Uncompared(member)), _) => count(PathEnd::Uncompared(member)),
                    (Ok(node), Some(_)) if is_filled_scalar(node) => scalars.push(node),
                    (Ok(node), Some(rest)) if !rest.is_within_array(node) => {
                        rest.visit_dyn(node, &mut count);
                    }
                    (Ok(node), rest) => count(Self::below(rest.as_ref(), node)),
                }
            }
            if n_found > 0 {
                scalars.drain(..n_before);
                break;
            }
        }
        for scalar in scalars {
            visit(PathEnd::WithinScalar(scalar));
        }
    }

    /// Whether the path leads from a node to another one.
    pub(super) fn leads_to(&self, from: JsonNode<'_>, to: JsonNode<'_>) -> bool {
        let mut is_found = false;
        self.visit(from, &mut |end| is_found |= matches!(end, PathEnd::Value(node) if node == to));
        is_found
    }

    // A generic visitor of each further step would be a type of its own.
    fn visit_dyn<'n>(&self, node: JsonNode<'n>, visit: &mut dyn FnMut(PathEnd<'n>)) {
        self.visit(node, &mut |end| visit(end));
    }
}

impl Step {
    /// The step of a path up to a segment. A quoted or selecting segment is a step of its own.
    fn new(names: &str, last: &Segment<'_>) -> Self {
        let name = if last.is_plain { names } else { last.name };
        let digest = name_digest(name.as_bytes());
        Self {
            name: name.to_owned(),
            digest,
            index: name.parse().ok(),
            elements: last.selector.as_ref().map(Elements::new),
        }
    }

    fn find<'n>(&self, node: JsonNode<'n>) -> Option<JsonNode<'n>> {
        if node.is_array() {
            return node.elements()?.nth(self.index?);
        }
        node.member_by_digest(&self.name, self.digest)
    }

    /// What is selected of a value: itself, or elements of the array that it is. A path that
    /// `goes_on` cannot pass a text, whatever the filter.
    fn select<'n>(&self, found: JsonNode<'n>, goes_on: bool) -> impl Iterator<Item = Selected<'n>> {
        let elements = self.elements.as_ref().and_then(|_| found.elements());
        let single = elements.is_none().then_some(found);
        let selected = move |node: JsonNode<'n>| match &self.elements {
            Some(Elements::Where(member, text)) => match has_text(node, member, text) {
                Ok(false) if goes_on && is_filled_scalar(node) => Some(Ok(node)),
                Ok(is_selected) => is_selected.then_some(Ok(node)),
                Err(uncompared) => Some(Err(uncompared)),
            },
            Some(Elements::Each) | None => Some(Ok(node)),
        };
        single.into_iter().chain(elements.into_iter().flatten()).filter_map(selected)
    }
}

/// A value that a step selects, or the member of one that its filter cannot compare.
type Selected<'n> = Result<JsonNode<'n>, Uncompared<'n>>;

/// A filled array or object where a filter expects a text, or another value in the place of an
/// object with that text.
struct Uncompared<'n>(JsonNode<'n>);

/// Whether a node has a text at the path of a member. An array in the array has no members.
fn has_text<'n>(node: JsonNode<'n>, member: &Path, text: &str) -> Result<bool, Uncompared<'n>> {
    let member = match member.find(node) {
        _ if is_filled_array(node) => return Err(Uncompared(node)),
        PathEnd::Value(member) => member,
        PathEnd::Missing => return Ok(false),
        PathEnd::WithinArray(node)
        | PathEnd::WithinScalar(node)
        | PathEnd::Several(node)
        | PathEnd::Uncompared(node) => return Err(Uncompared(node)),
    };
    match member.value() {
        JsonValue::Text(found) | JsonValue::Number(found) => Ok(found.trim() == text),
        JsonValue::Boolean(found) => Ok(text == if found { "true" } else { "false" }),
        JsonValue::Array | JsonValue::Object if !member.is_empty() => Err(Uncompared(member)),
        JsonValue::Null | JsonValue::Array | JsonValue::Object => Ok(false),
    }
}

/// Whether a node is a single value that stands for something: some programs write an empty text or
/// `false` for an object that is not there.
pub(super) fn is_filled_scalar(node: JsonNode<'_>) -> bool {
    match node.value() {
        JsonValue::Text(text) => !text.trim().is_empty(),
        JsonValue::Number(_) | JsonValue::Boolean(true) => true,
        _ => false,
    }
}

/// Whether a node is an array that has an element.
pub(super) fn is_filled_array(node: JsonNode<'_>) -> bool {
    node.is_array() && !node.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::document::{JsonValue, of_value::document_of};

    #[test]
    fn path_selects_members_and_elements() {
        let document = document_of(&json!({
            "a": {"b": "1", "c": ["2", {"d": "3"}]},
            "a.b": "4",
            "e": {"f.g": {"h": "5"}},
            "list": [{"x": "6"}],
            "none": [],
            "gaps": {"3": {"x": "7"}, "7": {"x": "8"}},
            "years": {"2026": "9"},
        }));
        let text = |path: &str| match Path::new(path).find(document.root()) {
            PathEnd::Value(node) => match node.value() {
                JsonValue::Text(text) => Some(text.to_owned()),
                other => Some(format!("{other:?}")),
            },
            _ => None,
        };
        for (path, expected) in [
            ("a.b", Some("4")),
            ("a.c.0", Some("2")),
            ("a.c.1.d", Some("3")),
            ("e.f.g.h", Some("5")),
            ("a.c", Some("Array")),
            ("a.x", None),
            ("a.c.7", None),
            ("list.x", None),
            ("gaps.7.x", Some("8")),
        ] {
            assert_eq!(text(path).as_deref(), expected, "{path}");
        }
        let is_within =
            |path: &str| matches!(Path::new(path).find(document.root()), PathEnd::WithinArray(_));
        for (path, expected) in [
            ("list.x", true),
            ("a.c.d.e", true),
            ("list.0.x", false),
            ("gaps.x", true),
            ("gaps.3.x", false),
            ("gaps.y", false),
            ("years.x", false),
            ("none.x", false),
            ("a.b", false),
        ] {
            assert_eq!(is_within(path), expected, "{path}");
        }
        let is_in_scalar =
            |path: &str| matches!(Path::new(path).find(document.root()), PathEnd::WithinScalar(_));
        for (path, expected) in
            [("a.b.x", true), ("a.c.0.x", true), ("a.c.1.x", false), ("a.x.y", false)]
        {
            assert_eq!(is_in_scalar(path), expected, "{path}");
        }
    }

    #[test]
    fn brackets_select_elements_and_quotes_one_name() {
        let document = document_of(&json!({
            "refunds": [
                {"parts": [{"kind": "refund", "n": 1}, {"kind": "fee", "n": 2}]},
                {"parts": {"kind": "refund", "n": 3}},
                {"parts": null},
            ],
            "notes": [{"name": "gift", "value": "yes"}, {"name": "twice", "value": "1"},
                {"name": "twice", "value": "2"}],
            "odd": [{"name": ["gift"], "value": "1"}, {"name": "x", "value": "2"}],
            "paid": "none", "fees": [5, {"name": "gift", "value": "1"}], "unpaid": "",
            "a": {"b.c": {"#text": "4"}, "b": {"c": 5}},
            "deep": [{"kind": {"name": "refund"}, "n": 1}, {"kind": {"name": "fee"}, "n": 2}],
            "flat": [{"kind.name": "refund", "n": 3}], "nested": [[{"name": "gift", "n": 4}]],
        }));
        let shown = |end: PathEnd<'_>| match end {
            PathEnd::Value(node) => match node.value() {
                JsonValue::Text(text) | JsonValue::Number(text) => text.to_owned(),
                other => format!("{other:?}"),
            },
            PathEnd::WithinArray(_) | PathEnd::WithinScalar(_) => "within".to_owned(),
            PathEnd::Several(_) => "several".to_owned(),
            PathEnd::Uncompared(_) => "uncompared".to_owned(),
            PathEnd::Missing => "missing".to_owned(),
        };
        for (path, expected) in [
            ("notes[name=gift].value", "yes"),
            ("notes[name=\"gift\"].value", "yes"),
            ("notes[\"name\" = gift].value", "yes"),
            ("notes[name=none].value", "missing"),
            ("notes[name.text=gift].value", "uncompared"),
            ("deep[kind.name=refund].n", "1"),
            ("flat[kind.name=refund].n", "3"),
            ("nested[name=gift].n", "uncompared"),
            ("nested[name=gift]", "uncompared"),
            ("notes[name=twice].value", "several"),
            ("odd[name=x].value", "uncompared"),
            ("odd[value=2].name", "x"),
            ("paid[name=gift].value", "within"),
            ("paid[name=gift]", "missing"),
            ("unpaid[name=gift].value", "missing"),
            ("fees[name=gift].value", "several"),
            ("a.\"b.c\".#text", "4"),
            ("a.\"b\".c", "5"),
        ] {
            assert_eq!(shown(Path::new(path).find(document.root())), expected, "{path}");
        }
        for (path, expected) in [
            ("refunds[].parts[].n", "1 2 3"),
            ("refunds[].parts[kind=refund].n", "1 3"),
            ("odd[name=x].value", "uncompared 2"),
            ("paid[kind=refund].n", "within"),
            ("fees[name=gift].value", "1 within"),
            ("refunds[].parts.n", "within 3"),
            ("refunds.1.parts[].n", "3"),
            ("notes[name=twice].value", "1 2"),
            ("none[].n", ""),
            ("a.b.d", ""),
        ] {
            let mut found = Vec::new();
            Path::new(path).visit(document.root(), &mut |end| found.push(shown(end)));
            assert_eq!(found.join(" "), expected, "{path}");
        }
    }
}
