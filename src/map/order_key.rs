//! Order key: the text that the rows of an order share, of one column or several.
//!
//! Used by `mapper` and `bound_refunds`.

use std::borrow::Cow;

use super::{rule::Rule, rule_result::RuleResult, view::View};

/// The key of a row by a rule with these sources.
pub(super) fn key_of<'a, V: View<'a>>(
    view: V,
    rule: &'a Rule,
    sources: &[V::Source],
) -> Option<Cow<'a, str>> {
    if let Some(separator) = rule.key_separator() {
        return joined_key(view, rule, sources, separator);
    }
    let mut values = sources.iter().map(|source| view.find(source).value);
    let text = values.find(|value| value.is_filled(rule))?.text()?;
    match rule.apply(text) {
        RuleResult::Value(key) if !key.is_empty() => Some(key),
        _ => None,
    }
}

/// The order key of several sources, all of which must be there and filled.
pub(super) fn joined_key<'a, V: View<'a>>(
    view: V,
    rule: &Rule,
    sources: &[V::Source],
    separator: &str,
) -> Option<Cow<'a, str>> {
    if sources.len() < rule.n_sources() {
        return None;
    }
    let mut key = String::new();
    for (index, source) in sources.iter().enumerate() {
        let value = view.find(source).value;
        let text = value.text().filter(|_| value.is_filled(rule))?;
        if index > 0 {
            key.push_str(separator);
        }
        push_key_part(&mut key, text, separator);
    }
    Some(Cow::Owned(key))
}

/// Appends a part of an order key of several sources. An unescaped first character of the
/// separator begins one, so that the parts of different keys never make the same text.
fn push_key_part(key: &mut String, part: &str, separator: &str) {
    for c in part.chars() {
        // Otherwise `1-2` and `3` would be the key of `1` and `2-3`.
        if c == '\\' || separator.starts_with(c) {
            key.push('\\');
        }
        key.push(c);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::push_key_part;

    #[test]
    fn different_parts_make_different_keys() {
        let texts: Vec<String> = (0..3_usize.pow(4))
            .map(|number| {
                let letter = |place| ['a', '-', '\\'][number / 3_usize.pow(place) % 3];
                (0..4).take(number % 4 + 1).map(letter).collect()
            })
            .collect();
        for separator in ["-", "--", "a-a", "-a"] {
            let mut keys = HashMap::new();
            for parts in texts.iter().flat_map(|one| texts.iter().map(move |other| (one, other))) {
                let mut key = String::new();
                push_key_part(&mut key, parts.0, separator);
                key.push_str(separator);
                push_key_part(&mut key, parts.1, separator);
                let known = *keys.entry(key).or_insert(parts);
                assert_eq!(known, parts, "{separator}");
            }
        }
    }
}
