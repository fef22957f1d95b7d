//! Cut texts: how much of a line, and of a quoted value in a message, is shown.
//!
//! Redacts nothing. Called by `diagnostic`, `problem`, `source_text`, `service_words` and `cli`.

use std::borrow::Cow;

use super::printable::needs_escape;

/// The characters of a line that a diagnostic shows: with the line's number they fit in 80 columns.
pub const EXCERPT_CHARS: usize = 72;

/// The text, or as much of its start as fits, with `…` after it.
#[must_use]
pub fn cut_end(text: &str, max_chars: usize) -> String {
    let mut chars = text.chars().map(shown);
    let kept: String = chars.by_ref().take(max_chars).collect();
    match (chars.next(), kept.char_indices().next_back()) {
        (Some(_), Some((last, _))) => format!("{}…", &kept[..last]),
        _ => kept,
    }
}

/// The text, or as much of its end as fits, with `…` before it.
#[must_use]
pub fn cut_start(text: &str, max_chars: usize) -> String {
    let n_chars = text.chars().count();
    if n_chars <= max_chars {
        return text.chars().map(shown).collect();
    }
    if max_chars == 0 {
        return String::new();
    }
    let kept = text.chars().skip(n_chars - (max_chars - 1)).map(shown);
    ['…'].into_iter().chain(kept).collect()
}

fn shown(char: char) -> char {
    if needs_escape(char) { ' ' } else { char }
}

/// Returns what is left of a quoted text up to its closing quote, or to the end if it is cut off.
#[must_use]
pub fn until_quote(text: &str) -> &str {
    let mut is_escaped = false;
    let is_closing = |c: char| {
        let is_closing = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_closing
    };
    text.split(is_closing).next().unwrap_or_default()
}

/// Cuts each quoted value of a message to the length of an excerpt: a cell may have megabytes.
#[must_use]
pub fn cut_values(message: String) -> String {
    if message.len() <= EXCERPT_CHARS {
        return message;
    }
    with_values(&message, |value| cut_end(value, EXCERPT_CHARS).into())
}

/// Returns a message with what `shown` makes of each quoted value.
#[must_use]
pub fn with_values(message: &str, shown: impl Fn(&str) -> Cow<'_, str>) -> String {
    let (mut changed, mut rest) = (String::with_capacity(message.len()), message);
    while let Some((before, quoted)) = rest.split_once('"') {
        let value = until_quote(quoted);
        let end = &quoted[value.len()..];
        let quote = &end[..end.len().min(1)];
        changed.extend([before, "\"", &*shown(value), quote]);
        rest = &end[quote.len()..];
    }
    changed + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut() {
        let long = "x".repeat(1000);
        let cut = format!("{}…", "x".repeat(EXCERPT_CHARS - 1));
        for (message, shown) in [
            (
                format!("{long:?} here, but {long:?} in line 3"),
                format!("\"{cut}\" here, but \"{cut}\" in line 3"),
            ),
            (format!("{:?} and \"{long}", "b\"c"), format!("\"b\\\"c\" and \"{cut}")),
            (format!("no value, and {long}"), format!("no value, and {long}")),
        ] {
            assert_eq!(cut_values(message), shown);
        }
    }
}
