//! Layout of a JSON file: where its documents are, and where the items of a document are.
//!
//! Of all arrays of objects takes those whose members have the most names of fields. Called by
//! `survey`.

use std::collections::BTreeSet;

use csv::StringRecord;
use serde_json::Value;

use super::{
    roles::n_fields_named,
    table::{SampleTable, ValueSource},
};

/// How a JSON file is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct JsonLayout {
    /// The path of the documents, such as `orders[]`; none if each value is one.
    pub(super) documents: Option<String>,
    /// The path of the items in a document; none if it has none.
    pub(super) items: Option<String>,
    /// The paths of all members of each of the first objects, at any depth.
    objects: Vec<BTreeSet<String>>,
}

impl JsonLayout {
    /// Whether an object has members at all of these paths.
    pub(super) fn has_object_with(&self, paths: &[&str]) -> bool {
        self.objects.iter().any(|members| paths.iter().all(|path| members.contains(*path)))
    }
}

/// Objects whose members are kept, to recognise a format.
const MAX_OBJECTS: usize = 2000;

/// Adds the paths of the members of an object, and those of the objects in it.
fn collect_objects(value: &Value, depth: usize, objects: &mut Vec<BTreeSet<String>>) {
    match value {
        Value::Array(elements) => {
            elements.iter().take(50).for_each(|element| collect_objects(element, depth, objects));
        }
        Value::Object(members) if depth < MAX_DEPTH && objects.len() < MAX_OBJECTS => {
            let mut paths = BTreeSet::new();
            for (name, member) in members {
                paths.insert(name.clone());
                if let Value::Object(below) = member {
                    paths.extend(below.keys().map(|below| format!("{name}.{below}")));
                }
            }
            objects.push(paths);
            for member in members.values() {
                collect_objects(member, depth + 1, objects);
            }
        }
        _ => {}
    }
}

/// Members within members are looked at up to this depth.
const MAX_DEPTH: usize = 6;

/// Paths that are looked at.
const MAX_PATHS: usize = 1000;

/// Documents of a sample that are looked at.
const MAX_DOCUMENTS: usize = 50_000;

/// The layout of a text, with its documents and their items. None if it holds no JSON object.
pub(super) fn json_tables(
    start: &str,
    parts: &[String],
) -> Option<(JsonLayout, SampleTable, SampleTable)> {
    let mut values = values_of(start);
    values.extend(parts.iter().flat_map(|part| lines_of(part)));
    values.truncate(MAX_DOCUMENTS);
    let values: Vec<&Value> = values.iter().flat_map(elements).filter(|v| v.is_object()).collect();
    let (documents, found) = find_documents(&values)?;
    let items = find_items(&found);
    let orders = table_of(&found);
    let item_table = items.as_ref().map(|path| item_table(&found, path)).unwrap_or_default();
    let mut objects = Vec::new();
    values.iter().take(200).for_each(|value| collect_objects(value, 0, &mut objects));
    Some((JsonLayout { documents, items, objects }, orders, item_table))
}

/// The values of a text, of which the last may be cut off.
fn values_of(text: &str) -> Vec<Value> {
    let read = |text: &str| -> (Vec<Value>, bool) {
        let mut values = Vec::new();
        for value in serde_json::Deserializer::from_str(text).into_iter() {
            match value {
                Ok(value) => values.push(value),
                Err(error) => return (values, error.is_eof()),
            }
        }
        (values, false)
    };
    let (values, is_cut) = read(text);
    if is_cut { read(&closed(text)).0 } else { values }
}

/// A text up to its last complete object or array, with what closes those around it.
fn closed(text: &str) -> String {
    let (mut open, mut is_in_text, mut is_escaped) = (Vec::new(), false, false);
    let mut complete = (0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_text => is_escaped = true,
            b'"' => is_in_text = !is_in_text,
            _ if is_in_text => {}
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => {
                open.pop();
                complete = (at + 1, open.clone());
            }
            _ => {}
        }
    }
    let (end, open) = complete;
    let closing: String = open.iter().rev().collect();
    format!("{}{closing}", &text[..end])
}

/// The values of whole lines; a part begins and ends anywhere.
fn lines_of(part: &str) -> impl Iterator<Item = Value> {
    part.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok())
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().collect(),
        value => vec![value],
    }
}

/// Where the documents are: the values themselves, or the elements of an array in them.
fn find_documents<'v>(values: &[&'v Value]) -> Option<(Option<String>, Vec<&'v Value>)> {
    let score = |documents: &[&Value]| {
        n_fields_named(names_of(documents).iter().map(String::as_str), "order.")
    };
    let mut best = (score(values), None, values.to_vec());
    values.first()?;
    for path in array_paths(values) {
        let elements = elements_at(values, &path);
        let nodes = elements_at(values, &format!("{path}.node"));
        let (path, elements) = if !nodes.is_empty() && nodes.len() == elements.len() {
            (format!("{path}.node"), nodes)
        } else {
            (path, elements)
        };
        let found = score(&elements);
        if found > best.0 {
            best = (found, Some(path), elements);
        }
    }
    Some((best.1, best.2))
}

/// The array whose elements have the most names of items, with at least two of them.
fn find_items(documents: &[&Value]) -> Option<String> {
    let scored = array_paths(documents).into_iter().map(|path| {
        let elements = elements_at(documents, &path);
        let score = n_fields_named(names_of(&elements).iter().map(String::as_str), "item.");
        (score, elements.len(), path)
    });
    let best = scored.filter(|(score, ..)| *score >= 2);
    let best = best.max_by_key(|(score, n_elements, path)| {
        (*score, std::cmp::Reverse(path.matches("[]").count()), *n_elements)
    });
    best.map(|(.., path)| path)
}

/// The paths of all arrays of objects.
fn array_paths(values: &[&Value]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for value in values.iter().take(200) {
        collect_arrays(value, "", 0, &mut paths);
    }
    paths
}

fn collect_arrays(value: &Value, path: &str, depth: usize, paths: &mut BTreeSet<String>) {
    let Value::Object(members) = value else { return };
    if depth >= MAX_DEPTH {
        return;
    }
    for (name, member) in members {
        let path = joined(path, name);
        match member {
            Value::Array(elements) if elements.iter().any(Value::is_object) => {
                let path = format!("{path}[]");
                for element in elements.iter().take(50) {
                    collect_arrays(element, &path, depth + 1, paths);
                }
                paths.insert(path);
            }
            Value::Object(_) => collect_arrays(member, &path, depth + 1, paths),
            _ => {}
        }
    }
}

/// The objects at a path such as `data.orders[].node`.
fn elements_at<'v>(values: &[&'v Value], path: &str) -> Vec<&'v Value> {
    values.iter().flat_map(|value| objects_at(value, path)).collect()
}

fn objects_at<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for segment in segments(path) {
        let (name, is_array) = match segment.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (segment, false),
        };
        let name = name.trim_matches('"');
        let members = found.into_iter().filter_map(|value| value.get(name));
        found = if is_array { members.flat_map(elements).collect() } else { members.collect() };
    }
    found.into_iter().filter(|value| value.is_object()).collect()
}

/// The segments of a path, split at the dots outside of quotes.
fn segments(path: &str) -> Vec<&str> {
    let mut is_quoted = false;
    path.split(|c: char| {
        is_quoted ^= c == '"';
        c == '.' && !is_quoted
    })
    .collect()
}

/// A path with the name of a member behind it.
fn joined(path: &str, name: &str) -> String {
    let is_plain = !name.is_empty() && !name.contains(['.', '[', ']', '"']);
    let name = if is_plain { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// The paths of the plain values of objects.
fn names_of(values: &[&Value]) -> BTreeSet<String> {
    let mut leaves = Vec::new();
    for value in values.iter().take(1000) {
        collect_leaves(value, "", 0, &mut leaves);
    }
    leaves.into_iter().map(|(path, _)| path).collect()
}

fn collect_leaves(value: &Value, path: &str, depth: usize, leaves: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(members) if depth < MAX_DEPTH => {
            // No path can name a member with such characters.
            for (name, member) in members.iter().filter(|(name, _)| !name.contains(['"', '\\'])) {
                collect_leaves(member, &joined(path, name), depth + 1, leaves);
            }
            return;
        }
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return,
    };
    leaves.push((path.to_owned(), text));
}

fn table_of(values: &[&Value]) -> SampleTable {
    let rows: Vec<_> = values
        .iter()
        .map(|value| {
            let mut leaves = Vec::new();
            collect_leaves(value, "", 0, &mut leaves);
            leaves
        })
        .collect();
    let mut paths: Vec<&str> = Vec::new();
    let mut index = std::collections::HashMap::new();
    for (path, _) in rows.iter().flatten() {
        // More are no names of members but data, such as identifiers.
        if paths.len() >= MAX_PATHS && !index.contains_key(path.as_str()) {
            continue;
        }
        index.entry(path.as_str()).or_insert_with(|| {
            paths.push(path);
            paths.len() - 1
        });
    }
    let record = |leaves: &Vec<(String, String)>| {
        let mut cells = vec![""; paths.len()];
        for (path, text) in leaves {
            if let Some(index) = index.get(path.as_str()) {
                cells[*index] = text;
            }
        }
        StringRecord::from(cells)
    };
    let records = rows.iter().map(record).collect();
    let columns = paths.iter().map(|path| ValueSource::Path((*path).to_owned())).collect();
    SampleTable { columns, rows: records, parents: Vec::new() }
}

/// The items of all documents, each with the index of its document.
fn item_table(documents: &[&Value], path: &str) -> SampleTable {
    let items = documents.iter().enumerate().flat_map(|(document, value)| {
        objects_at(value, path).into_iter().map(move |item| (document, item))
    });
    let (parents, items): (Vec<_>, Vec<_>) = items.unzip();
    SampleTable { parents, ..table_of(&items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_in_their_wrapper() {
        let text = r#"{"data": {"orders": {"edges": [{"node": {"id": "1", "created_at": "2026-10-01",
            "total": "5.00", "lines": [{"sku": "A", "qty": 1}]}}]}}}"#;
        let (layout, orders, items) = json_tables(text, &[]).unwrap();
        assert_eq!(layout.documents.as_deref(), Some("data.orders.edges[].node"));
        assert_eq!(layout.items.as_deref(), Some("lines[]"));
        assert_eq!((orders.rows.len(), items.rows.len(), items.parents), (1, 1, vec![0]));
    }

    #[test]
    fn bare_documents_need_no_path() {
        for text in [
            "{\"id\": 1, \"total\": 2.5}\n{\"id\": 2, \"total\": 3}\n",
            "[{\"id\": 1, \"total\": 2.5}, {\"id\": 2, \"total\": 3}]",
            "[{\"id\": 1, \"total\": 2.5}, {\"id\": 2, \"total\": 3}, {\"id\": 3, \"lin",
        ] {
            let (layout, orders, _) = json_tables(text, &[]).unwrap();
            assert_eq!((layout.documents, orders.rows.len()), (None, 2), "{text}");
        }
        assert!(json_tables("[1, 2]", &[]).is_none());
        assert!(json_tables("", &[]).is_none());
    }

    #[test]
    fn names_with_dots_are_quoted() {
        let text = r#"{"id": 1, "a.b": {"c": "x"}}"#;
        let (_, orders, _) = json_tables(text, &[]).unwrap();
        assert!(orders.columns.contains(&ValueSource::Path("\"a.b\".c".to_owned())));
    }
}
