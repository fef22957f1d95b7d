//! Path: a dotted path of a profile, split once, and the search for its value in a document.
//!
//! Compiled when a profile is bound to a file of documents. Used by `document_view`.

use crate::model::document::{JsonNode, name_digest};

/// A dotted path such as `customer.address.city`.
///
/// A member whose name contains the dots takes precedence. A number selects the element of an
/// array, from 0.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// Each way to read the path: a step, and the rest of the path after it, if there is one.
    readings: Vec<(Step, Option<Self>)>,
}

#[derive(Debug, Clone)]
struct Step {
    name: String,
    digest: u32,
    /// The element of an array that the name selects.
    index: Option<usize>,
}

/// Where a path ends in a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum PathEnd<'n> {
    /// At a value.
    Value(JsonNode<'n>),
    /// In this filled array: the path goes on to a member of the elements and selects none of them.
    WithinArray(JsonNode<'n>),
    /// At a member that is not there.
    Missing,
}

impl<'n> PathEnd<'n> {
    /// This end, unless only the `other` one is a value.
    pub(super) fn or_else(self, other: impl FnOnce() -> PathEnd<'n>) -> PathEnd<'n> {
        match self {
            Self::Value(_) => self,
            Self::Missing => other(),
            Self::WithinArray(_) => match other() {
                Self::Value(value) => Self::Value(value),
                _ => self,
            },
        }
    }
}

impl Path {
    pub(super) fn new(path: &str) -> Self {
        let whole = (Step::new(path), None);
        let dots = path.match_indices('.').map(|(dot, _)| dot);
        let split = dots.map(|dot| (Step::new(&path[..dot]), Some(Self::new(&path[dot + 1..]))));
        Self { readings: std::iter::once(whole).chain(split).collect() }
    }

    /// Follows the path below `node`.
    pub(super) fn find<'n>(&self, node: JsonNode<'n>) -> PathEnd<'n> {
        let mut end = PathEnd::Missing;
        for (step, rest) in &self.readings {
            let Some(found) = step.find(node) else { continue };
            end = end.or_else(|| match rest {
                None => PathEnd::Value(found),
                Some(rest) if is_filled_array(found) && rest.first_step().index.is_none() => {
                    PathEnd::WithinArray(found)
                }
                Some(rest) => rest.find(found),
            });
            if matches!(end, PathEnd::Value(_)) {
                break;
            }
        }
        end
    }

    fn first_step(&self) -> &Step {
        let (step, _) = self.readings.get(1).unwrap_or(&self.readings[0]);
        step
    }
}

impl Step {
    fn new(name: &str) -> Self {
        let digest = name_digest(name.as_bytes());
        Self { name: name.to_owned(), digest, index: name.parse().ok() }
    }

    fn find<'n>(&self, node: JsonNode<'n>) -> Option<JsonNode<'n>> {
        if node.is_array() {
            return node.elements()?.nth(self.index?);
        }
        node.member_by_digest(&self.name, self.digest)
    }
}

fn is_filled_array(node: JsonNode<'_>) -> bool {
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
        }));
        let text = |path: &str| match Path::new(path).find(document.root()) {
            PathEnd::Value(node) => match node.value() {
                JsonValue::Text(text) => Some(text.to_owned()),
                other => Some(format!("{other:?}")),
            },
            PathEnd::WithinArray(_) | PathEnd::Missing => None,
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
        ] {
            assert_eq!(text(path).as_deref(), expected, "{path}");
        }
        let is_within =
            |path: &str| matches!(Path::new(path).find(document.root()), PathEnd::WithinArray(_));
        for (path, expected) in [
            ("list.x", true),
            ("a.c.d.e", true),
            ("list.0.x", false),
            ("none.x", false),
            ("a.b", false),
        ] {
            assert_eq!(is_within(path), expected, "{path}");
        }
    }
}
