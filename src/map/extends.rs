//! Extension of profiles: merges the tables of a profile and of those that it extends.
//!
//! Sections merge by key; a rule or a condition is replaced whole, unless only open questions of it
//! are answered; lists of tables are appended; `unset` removes. Each key and value keeps its place.
//! Called by `profile_compiler`.

use std::{mem, ops::Range};

use toml::{
    Spanned,
    de::{DeArray, DeString, DeTable, DeValue},
};

use super::{
    key_errors::KeyPath,
    key_path::{parse_key_path, shown_key_path},
    toml_document::TomlDocument,
    written_text::QUESTION,
};
use crate::model::suggest::suggest;

/// The key that names the extended profile.
pub(super) const EXTENDS: &str = "extends";

/// The key of the paths that the extended profile has and this one has not.
pub(super) const UNSET: &str = "unset";

/// The key of the kinds of items.
const ITEM: &str = "item";

/// The error of kinds of items beside one of the extended profile that takes all items.
const BESIDE_ALL: &str = "is beside an [item] of the extended profile that has no when and takes \
    all items\n  hint: unset = [\"item\"] removes that one";

/// The keys of the table of a list that is its name: those of the extended profile with this name
/// are replaced.
const NAMES: [&str; 2] = ["reason", "as"];

/// The rule that stands beside the sections, and has no name of a section before it.
const KEY: &str = "key";

/// An extended profile, some of whose values are replaced. Their errors are errors all the same:
/// one who looks at that profile alone would meet them.
pub(super) struct ReplacedValues<'t> {
    /// The profile with those that it extends itself.
    pub(super) table: DeTable<'t>,
    /// The paths of the replaced values in it.
    pub(super) paths: Vec<KeyPath>,
    /// Where the replaced values are, with their keys.
    pub(super) places: Vec<Range<usize>>,
}

/// What is known of extended profiles once they are merged.
#[derive(Default)]
pub(super) struct Merged<'t> {
    /// Those of which values are replaced.
    pub(super) replaced: Vec<ReplacedValues<'t>>,
    /// The rules of which only open questions are answered, so that their other keys stay.
    pub(super) answered: Vec<String>,
    /// The tables of items of extended profiles that take all items, beside others, which is an
    /// error of those.
    pub(super) taking_all: Vec<KeyPath>,
}

/// Merges the tables of a document's files into that of the first one.
pub(super) fn merge<'t>(document: &mut TomlDocument<'t>) -> Merged<'t> {
    let others = mem::take(&mut document.others);
    let (mut merged, mut found) = (DeTable::new(), Merged::default());
    let mut add = |document: &mut TomlDocument<'t>, base: &mut DeTable<'t>, own| {
        let table = base.clone();
        let mut tables = Merger::default();
        tables.merge_into(base, own);
        if let Some(ItemsBesideAll { at, of_base }) = &tables.beside_all {
            document.add_error(Some(at.clone()), ITEM, BESIDE_ALL);
            found.taking_all.push(of_base.clone());
        }
        found.answered.extend(tables.answered.iter().map(|path| shown_key_path(path)));
        if !tables.replaced.is_empty() {
            let Merger { replaced_paths: paths, replaced: places, .. } = tables;
            found.replaced.push(ReplacedValues { table, paths, places });
        }
    };
    for mut table in others.into_iter().rev() {
        unset(document, &mut merged, &table);
        check_type(document, &table);
        table.remove(EXTENDS);
        table.remove(UNSET);
        add(document, &mut merged, table);
    }
    let own = mem::take(&mut document.root);
    unset(document, &mut merged, &own);
    add(document, &mut merged, own);
    document.root = merged;
    found
}

/// Adds the error of the keys of an extended profile that do not reach the merged one.
fn check_type(document: &mut TomlDocument<'_>, table: &DeTable<'_>) {
    let is_list = |value: &DeValue<'_>| {
        value.as_array().is_some_and(|list| list.iter().all(|path| path.get_ref().is_str()))
    };
    if let Some(value) = table.get(EXTENDS).filter(|value| !value.get_ref().is_str()) {
        document.add_error(Some(value.span()), EXTENDS, "invalid type; expected a string");
    }
    if let Some(value) = table.get(UNSET).filter(|value| !is_list(value.get_ref())) {
        document.add_error(Some(value.span()), UNSET, "invalid type; expected a list of strings");
    }
}

/// Removes from `base` what `table` says; a path that is not there is an error.
fn unset(document: &mut TomlDocument<'_>, base: &mut DeTable<'_>, table: &DeTable<'_>) {
    let Some(value) = table.get(UNSET) else { return };
    if !table.contains_key(EXTENDS) {
        let message = "removes what an extended profile has, but there is no extends";
        document.add_error(Some(value.span()), UNSET, message);
        return;
    }
    let mut removed: Vec<KeyPath> = Vec::new();
    for path in value.get_ref().as_array().into_iter().flatten() {
        let Some(text) = path.get_ref().as_str() else { continue };
        let names = parse_key_path(text).unwrap_or_default();
        let message = match removed.iter().find(|above| names.starts_with(above)) {
            Some(same) if *same == names => format!("{text:?} is there twice; expected it once"),
            Some(above) => format!("{text:?} is a part of {:?} before it", shown_key_path(above)),
            None if remove(base, &names) => {
                removed.push(names);
                continue;
            }
            None => nothing_to_remove(base, text),
        };
        document.add_error(Some(path.span()), UNSET, &message);
    }
}

fn nothing_to_remove(base: &DeTable<'_>, path: &str) -> String {
    let mut known = Vec::new();
    collect_paths(base, &mut KeyPath::new(), &mut known);
    let expected = match suggest(path, known.iter().map(String::as_str)) {
        Some(near) => format!("meant {near:?}?"),
        None => "expected a path such as \"order.cardType\"".to_owned(),
    };
    format!("the extended profile has no {path:?}; {expected}")
}

/// The paths of a table and the tables within it, as they are written.
fn collect_paths(table: &DeTable<'_>, path: &mut KeyPath, into: &mut Vec<String>) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        into.push(shown_key_path(path));
        match value.get_ref() {
            DeValue::Table(below) => collect_paths(below, path, into),
            DeValue::Array(list) => {
                let names = list.iter().filter_map(name_of);
                into.extend(names.map(|name| format!("{}.{name:?}", shown_key_path(path))));
            }
            _ => {}
        }
        path.pop();
    }
}

/// Removes the value at a path; a table of a list has its name there. Returns whether there is one.
fn remove(table: &mut DeTable<'_>, path: &[String]) -> bool {
    match path {
        [] => false,
        [name] => table.remove(name.as_str()).is_some(),
        [name, below @ ..] => match table.get_mut(name.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(table)) => remove(table, below),
            Some(DeValue::Array(list)) => {
                let [name] = below else { return false };
                let n_before = list.len();
                let kept = mem::replace(list, DeArray::new()).into_iter();
                *list = kept.filter(|table| name_of(table) != Some(name)).collect();
                list.len() < n_before
            }
            _ => false,
        },
    }
}

/// Merges one table into another.
#[derive(Default)]
struct Merger {
    /// The path of the tables that are being merged.
    path: KeyPath,
    /// The paths of the replaced values in the base.
    replaced_paths: Vec<KeyPath>,
    /// Where the replaced values are, with their keys.
    replaced: Vec<Range<usize>>,
    /// The rules of which only open questions are answered.
    answered: Vec<KeyPath>,
    /// Kinds of items beside one of the base that takes all items.
    beside_all: Option<ItemsBesideAll>,
}

/// Kinds of items of a profile beside one of the extended profile that takes all items.
struct ItemsBesideAll {
    /// Where the first of them is.
    at: Range<usize>,
    /// The path of the table of the base.
    of_base: KeyPath,
}

impl Merger {
    fn merge_into<'t>(&mut self, base: &mut DeTable<'t>, own: DeTable<'t>) {
        for (key, value) in own {
            self.path.push(key.get_ref().to_string());
            let merged = match base.remove_entry(&**key.get_ref()) {
                Some((known, below)) => self.merged(&known, below, value),
                None => value,
            };
            base.insert(key, merged);
            self.path.pop();
        }
    }

    /// The value of a key that both tables have.
    fn merged<'t>(
        &mut self,
        key: &Spanned<DeString<'t>>,
        base: Spanned<DeValue<'t>>,
        own: Spanned<DeValue<'t>>,
    ) -> Spanned<DeValue<'t>> {
        let (at, base_at) = (own.span(), base.span());
        let value = match (base.into_inner(), own.into_inner()) {
            (DeValue::Table(mut base), DeValue::Table(own))
                if is_section(&self.path) || only_answers(&base, &own) =>
            {
                let is_within = |rule: &KeyPath| self.path.starts_with(rule);
                if !is_section(&self.path) && !self.answered.iter().any(is_within) {
                    self.answered.push(self.path.clone());
                }
                self.merge_into(&mut base, own);
                DeValue::Table(base)
            }
            (DeValue::Array(base), DeValue::Array(own))
                if is_list_of_tables(&self.path, &base, &own) =>
            {
                DeValue::Array(self.appended(base, own))
            }
            // One table of items is short for a list of one.
            (base @ DeValue::Table(_), DeValue::Array(own))
                if is_list_of_items(&self.path, &own) =>
            {
                let base = DeArray::from_iter([Spanned::new(base_at, base)]);
                DeValue::Array(self.appended(base, own))
            }
            (DeValue::Array(base), own @ DeValue::Table(_))
                if is_list_of_items(&self.path, &base) =>
            {
                let own = DeArray::from_iter([Spanned::new(at.clone(), own)]);
                DeValue::Array(self.appended(base, own))
            }
            (base, own) => {
                self.replaced_paths.push(self.path.clone());
                self.replaced.push(key.span());
                self.add_replaced(&Spanned::new(base_at, base));
                own
            }
        };
        Spanned::new(at, value)
    }

    /// Notes the places of a replaced value, and of what is in it: a table has that of its header.
    fn add_replaced(&mut self, value: &Spanned<DeValue<'_>>) {
        self.replaced.push(value.span());
        match value.get_ref() {
            DeValue::Table(table) => {
                for (key, value) in table {
                    self.replaced.push(key.span());
                    self.add_replaced(value);
                }
            }
            DeValue::Array(array) => array.iter().for_each(|element| self.add_replaced(element)),
            _ => {}
        }
    }

    /// The tables of both lists; the own ones with a name of the base take the place of those
    /// there.
    fn appended<'t>(&mut self, base: DeArray<'t>, own: DeArray<'t>) -> DeArray<'t> {
        let has_name = |table: &Spanned<DeValue<'t>>, name: &str| name_of(table) == Some(name);
        let names: Vec<_> = own.iter().filter_map(name_of).map(str::to_owned).collect();
        let mut own: Vec<_> = own.into_iter().collect();
        let mut all = Vec::new();
        self.note_items(&base, &own);
        for (index, table) in base.into_iter().enumerate() {
            match names.iter().find(|name| has_name(&table, name)) {
                // None is left at a second one of this name.
                Some(name) => {
                    let path = self.path.iter().cloned().chain([index.to_string()]);
                    self.replaced_paths.push(path.collect());
                    self.add_replaced(&table);
                    all.extend(own.extract_if(.., |own| has_name(own, name)));
                }
                None => all.push(table),
            }
        }
        all.into_iter().chain(own).collect()
    }

    /// Notes that an extended profile takes all items by its table without a condition.
    fn note_items(&mut self, base: &DeArray<'_>, own: &[Spanned<DeValue<'_>>]) {
        let is_of_items = |table: &&Spanned<DeValue<'_>>| {
            table.get_ref().as_table().is_some_and(|table| !table.contains_key("from"))
        };
        let takes_all = |table: &Spanned<DeValue<'_>>| {
            table.get_ref().as_table().is_some_and(|table| !table.contains_key("when"))
        };
        let index = base.iter().position(|table| is_of_items(&table) && takes_all(table));
        let first = own.iter().find(is_of_items).filter(|_| self.path == [ITEM]);
        if let (Some(index), Some(first)) = (index, first) {
            let of_base = self.path.iter().cloned().chain([index.to_string()]).collect();
            self.beside_all = Some(ItemsBesideAll { at: first.span(), of_base });
        }
    }
}

/// Whether the table at a path has keys that are each for themselves: no rule, no condition.
fn is_section(path: &[String]) -> bool {
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [KEY | "item_rows" | "parent"] => false,
        [_] | [_, "ext" | "product" | "id"] => true,
        _ => false,
    }
}

/// Whether a table has only answers to open questions of another one.
fn only_answers(base: &DeTable<'_>, own: &DeTable<'_>) -> bool {
    let is_answer = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &DeString<'_> = key.get_ref();
        match (base.get(&**key).map(Spanned::get_ref), value.get_ref()) {
            (Some(DeValue::Table(base)), DeValue::Table(own)) => only_answers(base, own),
            (Some(DeValue::String(text)), _) => *text == QUESTION,
            _ => false,
        }
    };
    !own.is_empty() && own.iter().all(is_answer)
}

/// Whether two lists have nothing but tables, as `skip` does and the rules of a key do not.
fn is_list_of_tables(path: &[String], base: &DeArray<'_>, own: &DeArray<'_>) -> bool {
    let mut both = base.iter().chain(own.iter());
    matches!(path, [name] if name != KEY) && both.all(|element| element.get_ref().is_table())
}

/// Whether a list has the tables of the kinds of items.
fn is_list_of_items(path: &[String], list: &DeArray<'_>) -> bool {
    matches!(path, [name] if name == ITEM) && list.iter().all(|table| table.get_ref().is_table())
}

/// The name of a table of a list, if it has one.
fn name_of<'v>(table: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    let table = table.get_ref().as_table()?;
    NAMES.iter().find_map(|name| table.get(*name)?.get_ref().as_str())
}
