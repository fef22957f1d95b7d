//! Key paths as they are written: `order.ext."gift wrap"`.
//!
//! A path is a dotted key of TOML. Used by `extends` and `answers`.

use toml::de::{DeTable, DeValue};

use super::key_errors::KeyPath;

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

/// A path as it is written; names that are no bare keys are quoted.
pub(super) fn shown_key_path(path: &[String]) -> String {
    let is_bare = |name: &str| {
        let is_of_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !name.is_empty() && name.bytes().all(is_of_bare)
    };
    let name = |name: &String| if is_bare(name) { name.clone() } else { format!("{name:?}") };
    path.iter().map(name).collect::<Vec<_>>().join(".")
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
        for text in ["", "a b", "a = 1\nb", "[a", "order.", "a=1, b", "a = 1 #"] {
            assert_eq!(parse_key_path(text), None, "{text:?}");
        }
    }
}
