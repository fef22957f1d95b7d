//! Quoted texts within a message or a body of JSON: where one ends, and how much of it is shown.
//!
//! Called by `problem` and `source_text` for the values in messages, and by `service_words`.

use super::diagnostic::{EXCERPT_CHARS, cut_end};

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
    let (mut shown, mut rest) = (String::new(), &*message);
    while let Some((before, quoted)) = rest.split_once('"') {
        let value = until_quote(quoted);
        let end = &quoted[value.len()..];
        let quote = &end[..end.len().min(1)];
        shown.extend([before, "\"", &cut_end(value, EXCERPT_CHARS), quote]);
        rest = &end[quote.len()..];
    }
    shown + rest
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
