//! Cut texts: how much of a line, and of a quoted value in a message, is shown.
//!
//! Redacts nothing. Called by `diagnostic`, `problem`, `source_text`, `service_words` and `cli`.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::printable::needs_escape;

/// The columns of a line that a diagnostic shows: with the line's number they fit in 80 columns.
pub const EXCERPT_COLUMNS: usize = 72;

/// The columns of a terminal that a text takes: those of a Chinese character are two.
#[must_use]
pub fn display_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(char: char) -> usize {
    shown(char).width().unwrap_or(0)
}

/// The text, or as much of its start as fits into these columns, with `…` after it.
#[must_use]
pub fn cut_end(text: &str, max_columns: usize) -> String {
    let (mut kept, mut columns) = (String::new(), 0);
    // Where `…` still fits.
    let mut end = 0;
    for c in text.chars() {
        columns += char_width(c);
        if columns > max_columns {
            kept.truncate(end);
            kept.extend((max_columns > 0).then_some('…'));
            return kept;
        }
        kept.push(shown(c));
        if columns < max_columns {
            end = kept.len();
        }
    }
    kept
}

/// The text, or as much of its end as fits into these columns, with `…` before it.
#[must_use]
pub fn cut_start(text: &str, max_columns: usize) -> String {
    let (mut start, mut columns) = (text.len(), 0);
    for (at, c) in text.char_indices().rev() {
        columns += char_width(c);
        if columns > max_columns {
            let mark = (max_columns > 0).then_some('…');
            return mark.into_iter().chain(text[start..].chars().map(shown)).collect();
        }
        if columns < max_columns {
            start = at;
        }
    }
    text.chars().map(shown).collect()
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
    if message.len() <= EXCERPT_COLUMNS {
        return message;
    }
    with_values(&message, |value| cut_end(value, EXCERPT_COLUMNS).into())
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
    fn wide_characters_take_two_columns() {
        assert_eq!(display_width("Tee 茶杯"), 8);
        for (columns, end, start) in [
            (8, "Tee 茶杯", "Tee 茶杯"),
            (7, "Tee 茶…", "…e 茶杯"),
            (6, "Tee …", "… 茶杯"),
            (3, "Te…", "…杯"),
            (2, "T…", "…"),
            (0, "", ""),
        ] {
            let cut = (cut_end("Tee 茶杯", columns), cut_start("Tee 茶杯", columns));
            assert_eq!((&*cut.0, &*cut.1), (end, start), "{columns}");
        }
    }

    #[test]
    fn long_values_are_cut() {
        let long = "x".repeat(1000);
        let cut = format!("{}…", "x".repeat(EXCERPT_COLUMNS - 1));
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
