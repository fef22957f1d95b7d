//! TOML syntax: the table of a text and the errors of its syntax.
//!
//! After an error the rest is parsed all the same, so that all errors are found at once. Knows no
//! key. Used by `toml_document` and `profile_texts`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue, Error},
};

use super::{
    key_errors::KeyPath,
    key_path::parse_key_path,
    syntax_errors::{SyntaxError, syntax_errors},
};

/// What the parser says of a key that is repeated.
const DUPLICATE_KEY: &str = "duplicate key";

/// A text as the parser reads it.
pub(super) struct ParsedText<'t> {
    /// Its table without repeated keys, which hide no other error; none if the syntax is wrong.
    pub(super) table: Option<DeTable<'t>>,
    /// The errors of the syntax, each the first one of its line, with their places.
    pub(super) errors: Vec<SyntaxError>,
}

impl<'t> ParsedText<'t> {
    pub(super) fn parse(text: &'t str) -> Self {
        let mixed = MixedHeaders::find(text);
        if mixed.errors.is_empty() {
            return Self { table: readable_table(text), errors: syntax_errors(text) };
        }
        let (as_lists, added) = mixed.as_lists(text);
        let place = |at: Range<usize>| original_place(&added, at);
        let errors = syntax_errors(&as_lists);
        let errors = errors.into_iter().map(|(at, message)| (at.map(place), message));
        let errors = mixed.errors.into_iter().chain(errors).collect();
        let table = readable_table(&as_lists).map(|table| table_of(text, &table, &place));
        Self { table, errors }
    }
}

/// The table of a text without repeated keys; none if the syntax is wrong.
pub(super) fn readable_table(text: &str) -> Option<DeTable<'_>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.iter().all(|error| error.message() == DUPLICATE_KEY).then(|| table.into_inner())
}

/// The header of a table, `[item]` or `[[item]]`.
struct TableHeader {
    /// With its brackets.
    at: Range<usize>,
    names: KeyPath,
    is_of_list: bool,
    line: usize,
}

impl TableHeader {
    /// The headers of a text: the lines that look like one.
    fn all(text: &str) -> Vec<Self> {
        let mut start = 0;
        let lines = text.split_inclusive('\n').enumerate().filter_map(|(index, line)| {
            let header = line.trim_start();
            let at = start + line.len() - header.len();
            start += line.len();
            let is_of_list = header.starts_with("[[");
            let (open, close) = if is_of_list { ("[[", "]]") } else { ("[", "]") };
            let (names, _) = header.strip_prefix(open)?.split_once(close)?;
            let at = at..at + open.len() + names.len() + close.len();
            Some(Self { at, names: parse_key_path(names)?, is_of_list, line: index + 1 })
        });
        lines.collect()
    }

    fn is_mixed_with(&self, other: &Self) -> bool {
        self.names == other.names && self.is_of_list != other.is_of_list
    }
}

/// Headers of one table and of a list of tables with the same name: `[item]` beside `[[item]]`.
struct MixedHeaders {
    /// Where the headers of one table are.
    of_one: Vec<Range<usize>>,
    /// The error of each name.
    errors: Vec<SyntaxError>,
}

impl MixedHeaders {
    fn find(text: &str) -> Self {
        let (mut of_one, mut errors) = (Vec::new(), Vec::new());
        // A line within a text is no header: what the parser has read decides.
        let (_, found) = DeTable::parse_recoverable(text);
        let repeated: Vec<_> = found
            .iter()
            .filter(|error| error.message() == DUPLICATE_KEY)
            .filter_map(Error::span)
            .collect();
        let headers = if repeated.is_empty() { Vec::new() } else { TableHeader::all(text) };
        let is_repeated = |header: &&TableHeader| {
            repeated.iter().any(|at| header.at.start < at.start && at.end < header.at.end)
        };
        let mut known: Vec<&KeyPath> = Vec::new();
        for header in headers.iter().filter(is_repeated) {
            let other = headers.iter().find(|other| header.is_mixed_with(other));
            let Some(other) = other.filter(|_| !known.contains(&&header.names)) else { continue };
            known.push(&header.names);
            let shown = |header: &TableHeader| text[header.at.clone()].to_owned();
            let list = if header.is_of_list { header } else { other };
            errors.push((
                Some(header.at.clone()),
                format!(
                    "{} beside the {} of line {}; expected one form\n  hint: write both as {}",
                    shown(header),
                    shown(other),
                    other.line,
                    shown(list)
                ),
            ));
            let same = headers.iter().filter(|same| same.names == header.names);
            of_one.extend(same.filter(|same| !same.is_of_list).map(|same| same.at.clone()));
        }
        of_one.sort_by_key(|at| at.start);
        Self { of_one, errors }
    }

    /// The text with all of these headers as those of lists, and where it has more brackets.
    fn as_lists(&self, text: &str) -> (String, Vec<usize>) {
        let (mut as_lists, mut added, mut end) = (String::new(), Vec::new(), 0);
        for at in &self.of_one {
            for (bracket, at) in [('[', at.start), (']', at.end)] {
                as_lists.push_str(&text[end..at]);
                added.push(as_lists.len());
                as_lists.push(bracket);
                end = at;
            }
        }
        as_lists.push_str(&text[end..]);
        (as_lists, added)
    }
}

/// The place in a text of a place in the same text with more characters.
fn original_place(added: &[usize], at: Range<usize>) -> Range<usize> {
    let original = |at: usize| at - added.iter().filter(|added| **added < at).count();
    original(at.start)..original(at.end)
}

/// The same table as one of a text that has its values at other places.
fn table_of<'t>(
    text: &'t str,
    table: &DeTable<'_>,
    place: &impl Fn(Range<usize>) -> Range<usize>,
) -> DeTable<'t> {
    let entry = |(key, value)| {
        let (key, value): (&Spanned<_>, &Spanned<DeValue<'_>>) = (key, value);
        let name: &toml::de::DeString<'_> = key.get_ref();
        (Spanned::new(place(key.span()), name.to_string().into()), value_of(text, value, place))
    };
    table.iter().map(entry).collect()
}

fn value_of<'t>(
    text: &'t str,
    value: &Spanned<DeValue<'_>>,
    place: &impl Fn(Range<usize>) -> Range<usize>,
) -> Spanned<DeValue<'t>> {
    let at = place(value.span());
    let value = match value.get_ref() {
        DeValue::Table(table) => DeValue::Table(table_of(text, table, place)),
        DeValue::Array(array) => {
            DeValue::Array(array.iter().map(|element| value_of(text, element, place)).collect())
        }
        _ => DeValue::parse_recoverable(&text[at.clone()]).0.into_inner(),
    };
    Spanned::new(at, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_beside_a_list_is_read_as_a_list() {
        for text in [
            "a = 1\n[item]\nb = 'é'\n[item.of]\nc = 2\n[[item]]\nb = '''[item]\n'''\n[item.of]\nc = 3.5\n",
            "a = 1\n[[item]]\nb = 'é'\n[item.of]\nc = 2\n  [item] # [[item]]\nb = '''[item]\n'''\n[item.of]\nc = 3.5\n",
        ] {
            let ParsedText { table, errors } = ParsedText::parse(text);
            let [(Some(at), message)] = errors.as_slice() else { panic!("{errors:?}") };
            assert!(message.ends_with("hint: write both as [[item]]"), "{message}");
            assert!(text[at.clone()].contains("item"), "{at:?}");
            let table = table.unwrap();
            let items = table.get("item").unwrap().get_ref().as_array().unwrap();
            let all = ["'é'", "2", "'''[item]\n'''", "3.5"];
            let mut found = Vec::new();
            for item in items.iter().map(|item| item.get_ref().as_table().unwrap()) {
                found.push(&text[item.get("b").unwrap().span()]);
                let of = item.get("of").unwrap().get_ref().as_table().unwrap();
                found.push(&text[of.get("c").unwrap().span()]);
                assert_eq!(&text[of.get_key_value("c").unwrap().0.span()], "c");
            }
            assert_eq!(found, all);
        }
    }

    #[test]
    fn other_repeated_keys_are_as_the_parser_says() {
        for (text, n) in
            [("[a]\n[a]\n", 1), ("a = '''\n[[b]]\n'''\n[b]\n[b]\n", 1), ("[[a]]\n[[a]]\n", 0)]
        {
            let errors = ParsedText::parse(text).errors;
            assert_eq!(errors.len(), n, "{text} {errors:?}");
        }
    }
}
