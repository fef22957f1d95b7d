//! Paths in a TOML table: which one a place has and which place a path, and values at paths taken
//! out. Elements of lists keep their indexes when others are taken out.
//!
//! Knows no key. Used by `toml_document`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::key_errors::KeyPath;

/// The place of an element of a list that is removed: those behind it keep their indexes.
const REMOVED: Range<usize> = usize::MAX..usize::MAX;

/// Whether a path is that of the first `[[table]]`, which has the place of the list.
pub(super) fn is_first_table(root: &DeTable<'_>, path: &[String]) -> bool {
    let Some((index, [name, above @ ..])) = path.split_last() else { return false };
    let mut list = root.get(name.as_str());
    for name in above {
        list = match list.map(Spanned::get_ref) {
            Some(DeValue::Table(table)) => table.get(name.as_str()),
            Some(DeValue::Array(array)) => name.parse().ok().and_then(|at: usize| array.get(at)),
            _ => None,
        };
    }
    let first = list.and_then(|list| list.get_ref().as_array()?.first());
    index == "0" && first.is_some_and(|first| Some(first.span()) == list.map(Spanned::span))
}

/// The path of the innermost entry whose key or value has this place.
pub(super) fn path_of(table: &DeTable<'_>, span: &Range<usize>) -> Option<KeyPath> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref().to_string();
        if let Some(mut below) = path_below(value, span) {
            below.insert(0, name);
            return Some(below);
        }
        (key.span() == *span || is_within(span, &value.span())).then(|| vec![name])
    })
}

fn path_below(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<KeyPath> {
    match value.get_ref() {
        DeValue::Table(table) => path_of(table, span),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(index, element)| {
            let mut path = match path_below(element, span) {
                Some(below) => below,
                None if is_within(span, &element.span()) => KeyPath::new(),
                None => return None,
            };
            path.insert(0, index.to_string());
            Some(path)
        }),
        _ => None,
    }
}

fn is_within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

pub(super) fn remove_from(table: &mut DeTable<'_>, path: &[String]) {
    match path {
        [] => {}
        [name] => drop(table.remove(name.as_str())),
        [name, below @ ..] => {
            if let Some(value) = table.get_mut(name.as_str()) {
                remove_below(value, below);
            }
        }
    }
}

fn remove_below(value: &mut Spanned<DeValue<'_>>, path: &[String]) {
    match (value.get_mut(), path) {
        (DeValue::Table(table), path) => remove_from(table, path),
        (DeValue::Array(array), [index, below @ ..]) => {
            let index: Option<usize> = index.parse().ok();
            let Some(element) = index.and_then(|index| array.get_mut(index)) else { return };
            if below.is_empty() {
                *element = Spanned::new(REMOVED, DeValue::Boolean(false));
            } else {
                remove_below(element, below);
            }
        }
        _ => {}
    }
}

/// The same table without the elements of lists that are removed.
pub(super) fn without_removed<'t>(table: &DeTable<'t>) -> DeTable<'t> {
    table.iter().map(|(key, value)| (key.clone(), value_without_removed(value))).collect()
}

fn value_without_removed<'t>(value: &Spanned<DeValue<'t>>) -> Spanned<DeValue<'t>> {
    let kept = match value.get_ref() {
        DeValue::Table(table) => DeValue::Table(without_removed(table)),
        DeValue::Array(array) => {
            let kept = array.iter().filter(|element| element.span() != REMOVED);
            DeValue::Array(kept.map(value_without_removed).collect())
        }
        scalar => scalar.clone(),
    };
    Spanned::new(value.span(), kept)
}

/// The path in a table of what has this path in the same table [`without_removed`].
pub(super) fn original_path(table: &DeTable<'_>, mut path: KeyPath) -> KeyPath {
    let mut value = path.first().and_then(|name| table.get(name.as_str()));
    for name in path.iter_mut().skip(1) {
        value = match value.map(Spanned::get_ref) {
            Some(DeValue::Table(table)) => table.get(name.as_str()),
            Some(DeValue::Array(array)) => {
                let is_kept =
                    |(_, element): &(usize, &Spanned<DeValue<'_>>)| element.span() != REMOVED;
                let mut kept = array.iter().enumerate().filter(is_kept);
                let element = name.parse().ok().and_then(|index| kept.nth(index));
                element.map(|(index, element)| {
                    *name = index.to_string();
                    element
                })
            }
            _ => break,
        };
    }
    path
}

/// The place of the value at a path, or of the deepest one above it: of a table its key.
pub(super) fn mark_in(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (name, below) = path.split_first()?;
    let (key, value) = table.get_key_value(name.as_str())?;
    Some(mark_of(key.span(), value, below))
}

fn mark_of(key: Range<usize>, value: &Spanned<DeValue<'_>>, path: &[String]) -> Range<usize> {
    let below = match (value.get_ref(), path) {
        (DeValue::Table(table), path) => mark_in(table, path),
        (DeValue::Array(array), [index, path @ ..]) => {
            let element = index.parse::<usize>().ok().and_then(|index| array.get(index));
            element.map(|element| mark_of(element.span(), element, path))
        }
        _ => None,
    };
    let is_of_tables = match value.get_ref() {
        DeValue::Table(_) => true,
        DeValue::Array(array) => {
            array.iter().any(|element| matches!(element.get_ref(), DeValue::Table(_)))
        }
        _ => false,
    };
    below.unwrap_or_else(|| if is_of_tables { key } else { value.span() })
}

/// A path as messages show it: dotted, with the number of a table among several, from 1.
pub(super) fn shown(root: &DeTable<'_>, path: &[String]) -> String {
    let (mut names, mut table, mut array) = (Vec::<String>::new(), Some(root), None);
    for name in path {
        let value = match (table, array) {
            (None, Some(elements)) => {
                let elements: &DeArray<'_> = elements;
                let index = name.parse::<usize>().ok();
                let element = index.and_then(|index| elements.get(index));
                let is_table = element.is_some_and(|element| element.get_ref().is_table());
                if let (Some(array), Some(index), true, 2..) =
                    (names.last_mut(), index, is_table, elements.len())
                {
                    array.extend(["[", &(index + 1).to_string(), "]"]);
                }
                element
            }
            (table, _) => {
                names.push(name.clone());
                table.and_then(|table| table.get(name.as_str()))
            }
        };
        let value = value.map(Spanned::get_ref);
        table = value.and_then(DeValue::as_table);
        array = value.and_then(DeValue::as_array);
    }
    match names.as_slice() {
        [above @ .., values, from] if values == "values" => {
            format!("{}, value of {from:?}", above.join("."))
        }
        names => names.join("."),
    }
}
