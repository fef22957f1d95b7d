//! Key paths as they are written: `order.ext."gift wrap"`, `order.price[1].scale`.
//!
//! A path is a dotted key of TOML; the elements of a list are counted from 1, and joins are named.
//! Used by `extends`, `open_questions` and `answers`.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::key_errors::KeyPath;

/// The key of the list of joins.
pub(super) const JOIN: &str = "join";

/// The names of a dotted key; none if it is no such key.
pub(super) fn parse_key_path(text: &str) -> Option<KeyPath> {
    let line = format!("{text} = 0");
    let mut names = KeyPath::new();
    let mut table = DeTable::parse(&line).ok()?.into_inner();
    loop {
        let mut entries = table.into_iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else { return None };
        names.push(key.into_inner().into_owned());
        let end = value.span().end;
        match value.into_inner() {
            DeValue::Table(below) => table = below,
            // Not the value of a text with an assignment of its own: `a = 1 # = 0`.
            _ => return Some(names).filter(|_| end == line.len()),
        }
    }
}

/// The same of a path with elements of lists.
pub(super) fn parse_value_path(text: &str) -> Option<KeyPath> {
    let (mut dotted, mut rest) = (String::new(), text);
    let mut quote = None;
    while let Some(next) = rest.chars().next() {
        let number = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        match (quote, number) {
            (None, Some((number, behind))) => {
                let index = number.parse::<usize>().ok()?.checked_sub(1)?;
                dotted.extend([".", &index.to_string()]);
                rest = behind;
                continue;
            }
            (None, None) if matches!(next, '"' | '\'') => quote = Some(next),
            (Some(open), _) if open == next => quote = None,
            _ => {}
        }
        dotted.push(next);
        rest = &rest[next.len_utf8()..];
    }
    parse_key_path(&dotted)
}

/// A path as it is written; names that are no bare keys are quoted.
pub(super) fn shown_key_path(path: &[String]) -> String {
    path.iter().map(|name| shown_name(name)).collect::<Vec<_>>().join(".")
}

/// The path of a value below a table, with the names of joins and the numbers of other elements of
/// lists.
pub(super) fn shown_value_path(table: &DeTable<'_>, path: &[String]) -> String {
    let Some((first, mut below)) = path.split_first() else { return String::new() };
    let (mut shown, mut value) = (shown_name(first), table.get(first.as_str()));
    if let Some((name, join)) = named_join(table, path) {
        (shown, value, below) = (format!("{JOIN}.{name}"), Some(join), &below[1..]);
    }
    for name in below {
        let index = name.parse::<usize>();
        value = match (value.map(Spanned::get_ref), index) {
            (Some(DeValue::Array(elements)), Ok(index)) => {
                shown.extend(["[", &(index + 1).to_string(), "]"]);
                elements.get(index)
            }
            (found, _) => {
                shown.extend([".", &shown_name(name)]);
                found.and_then(DeValue::as_table).and_then(|table| table.get(name.as_str()))
            }
        };
    }
    shown
}

/// Puts the number of a join in the place of its name.
pub(super) fn number_join(table: &DeTable<'_>, path: &mut KeyPath) {
    if let [first, name, ..] = path.as_mut_slice()
        && first == JOIN
        && let Some(index) = index_of_join(table, name)
    {
        *name = index.to_string();
    }
}

/// The name and the table of the join of a path, if the name can stand for its number.
fn named_join<'t, 's>(
    table: &'t DeTable<'s>,
    path: &[String],
) -> Option<(&'t str, &'t Spanned<DeValue<'s>>)> {
    let [first, number, ..] = path else { return None };
    let join = joins(table).filter(|_| first == JOIN)?.get(number.parse::<usize>().ok()?)?;
    let name = name_of_join(join)?;
    (index_of_join(table, name)?.to_string() == *number).then_some((name, join))
}

/// The index of the only join of a name. A number is not the name of one but that of its table.
fn index_of_join(table: &DeTable<'_>, name: &str) -> Option<usize> {
    if !is_bare(name) || name.parse::<usize>().is_ok() {
        return None;
    }
    let joins = joins(table)?.iter().enumerate();
    let mut named = joins.filter(|(_, join)| name_of_join(join) == Some(name));
    let (index, _) = named.next()?;
    named.next().is_none().then_some(index)
}

fn joins<'t, 's>(table: &'t DeTable<'s>) -> Option<&'t [Spanned<DeValue<'s>>]> {
    Some(table.get(JOIN)?.get_ref().as_array()?)
}

fn name_of_join<'t>(join: &'t Spanned<DeValue<'_>>) -> Option<&'t str> {
    join.get_ref().as_table()?.get("as")?.get_ref().as_str()
}

/// A name as it is written in a path.
fn shown_name(name: &str) -> String {
    if is_bare(name) { name.to_owned() } else { format!("{name:?}") }
}

fn is_bare(name: &str) -> bool {
    let is_of_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !name.is_empty() && name.bytes().all(is_of_bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_a_dotted_key() {
        for (text, names) in [
            ("order.cardType", &["order", "cardType"][..]),
            ("order.ext.\"gift wrap\".value", &["order", "ext", "gift wrap", "value"]),
            ("order.ext.'a=b'", &["order", "ext", "a=b"]),
            ("nulls", &["nulls"]),
        ] {
            assert_eq!(parse_key_path(text).unwrap(), names, "{text}");
            assert_eq!(
                parse_key_path(&shown_key_path(&parse_key_path(text).unwrap())).unwrap(),
                names
            );
        }
        for text in ["order.price[2].scale", "order.price.1.scale"] {
            assert_eq!(parse_value_path(text).unwrap(), ["order", "price", "1", "scale"]);
        }
        let quoted = parse_value_path("order.ext.\"a[1]\".table[1][2]").unwrap();
        assert_eq!(quoted, ["order", "ext", "a[1]", "table", "0", "1"]);
        for text in ["a[0]", "a[x]", "a[1", "[1]"] {
            assert_eq!(parse_value_path(text), None, "{text:?}");
        }
        for text in ["", "a b", "a = 1\nb", "[a", "order.", "a=1, b", "a = 1 #"] {
            assert_eq!(parse_key_path(text), None, "{text:?}");
        }
    }
}
