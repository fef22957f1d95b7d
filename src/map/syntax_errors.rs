//! Errors of the syntax of TOML, each the first one of its line.
//!
//! Knows no key. Called by `toml_syntax`.

use std::ops::Range;

use toml::de::{DeTable, Error};

use super::serde_message::{HINT, readable_message};

/// Errors of a text after which no more are searched.
pub(super) const MAX_ERRORS: usize = 100;

/// Errors that are the same on adjacent lines; more are the consequence of the first.
const MAX_SAME_ERRORS: usize = 3;

/// What the parser says of a table or a list within a line that goes on to the end of the text.
const UNCLOSED: [&str; 2] = ["unclosed inline table", "unclosed array"];

/// Quotes of text processors.
const CURLY_QUOTES: [char; 5] = ['“', '”', '„', '‘', '’'];

/// The place of an error, and its message.
pub(super) type SyntaxError = (Option<Range<usize>>, String);

/// The errors of the syntax.
// After an error the parser would take most of the lines below it for wrong, so its line becomes
// blank before the next one is searched.
pub(super) fn syntax_errors(text: &str) -> Vec<SyntaxError> {
    let (mut rest, mut errors) = (text.to_owned(), Vec::<Error>::new());
    // Where the line below the last error begins, and how many lines above had the same one.
    let (mut next_line, mut n_same) = (None, 0);
    for _ in 0..MAX_ERRORS {
        let Some(error) = first_error(&rest) else { break };
        let at = start(&error);
        let is_at_end = at >= rest.len();
        let at = at.min(rest.len());
        let line_start = rest[..at].rfind('\n').map_or(0, |end| end + 1);
        let line_end = rest[at..].find('\n').map_or(rest.len(), |end| at + end);
        let is_repeated = errors.last().is_some_and(|last| last.message() == error.message());
        n_same = if is_repeated && next_line == Some(line_start) { n_same + 1 } else { 0 };
        // A list of several lines is not closed below each of them: its first one counts.
        let goes_on = |last: &mut Error| {
            let end = start(last).min(rest.len()).max(line_end);
            is_unclosed(&error) && is_unclosed(last) && rest[line_end..end].trim().is_empty()
        };
        errors.pop_if(goes_on);
        // What is not closed on its line makes each line below it wrong in the same way.
        if n_same < MAX_SAME_ERRORS {
            errors.push(error);
        }
        if is_at_end {
            break;
        }
        next_line = Some(line_end + 1);
        rest.replace_range(line_start..line_end, &" ".repeat(line_end - line_start));
    }
    errors.iter().map(|error| readable(error, text)).collect()
}

fn start(error: &Error) -> usize {
    error.span().map_or(usize::MAX, |span| span.start)
}

fn is_unclosed(error: &Error) -> bool {
    UNCLOSED.iter().any(|unclosed| error.message().starts_with(unclosed))
}

/// The first error of a text. Lines below a table or a list that is not closed are read as a part
/// of it. If they have fewer errors without it, they are none, and it should end above them.
fn first_error(text: &str) -> Option<Error> {
    let errors_of = |text| DeTable::parse_recoverable(text).1;
    let found = errors_of(text);
    let n_found = found.len();
    let first = found.into_iter().min_by_key(start)?;
    let at = start(&first).min(text.len());
    let (above, below) = text.split_at(text[..at].rfind('\n').map_or(0, |end| end + 1));
    match errors_of(above).into_iter().find(is_unclosed) {
        Some(unclosed) if errors_of(below).len() < n_found => Some(unclosed),
        _ => Some(first),
    }
}

/// The error with what to type in place of common mistakes.
fn readable(error: &Error, text: &str) -> SyntaxError {
    let message = readable_message(error.message()).text;
    let at = error.span();
    let found = at.clone().and_then(|at| text.get(at)).unwrap_or_default();
    let rest = text.get(start(error)..).unwrap_or_default();
    let message = if message.starts_with("string values must be quoted") {
        match found.trim().trim_matches(CURLY_QUOTES) {
            "" => "no value; expected for example \"text\"".to_owned(),
            value => format!("a text without quotes; expected {value:?}"),
        }
    } else if message.starts_with("invalid literal string") && rest.starts_with('}') {
        "key with no value, expected =".to_owned()
    } else if message.starts_with("invalid unquoted key") {
        message + &key_hint(text, start(error))
    } else if message.starts_with("missing escaped value") {
        message + HINT + "a backslash is written \"\\\\\" or '\\'"
    } else {
        message
    };
    (at, message)
}

/// What to do about a character that ends a key without quotes.
fn key_hint(text: &str, at: usize) -> String {
    let is_of_key = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    if behind.starts_with(':') {
        return format!("{HINT}a key and its value are joined by =");
    }
    let begin = before.rfind(|c| !is_of_key(c)).map_or(0, |found| found + 1);
    let begin = before.get(begin..).unwrap_or_default();
    let end = behind.find(|c| !is_of_key(c)).unwrap_or(behind.len());
    match [begin, &behind[..end]].concat() {
        name if name.is_ascii() => String::new(),
        name => format!("{HINT}such a key is in quotes: {name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> String {
        let shown = |(at, message): &SyntaxError| {
            let at = at.as_ref().map_or(text.len(), |at| at.start);
            format!("{}: {message}", text[..at].matches('\n').count() + 1)
        };
        syntax_errors(text).iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn table_that_is_not_closed_is_one_error() {
        let below = "[guest]\nemail = { column = \"E\" }\n\n[[skip]]\nwhen = { column = 5 }\n";
        for value in ["{ column = \"A\"", "[\"A\", \"B\"", "[\n  \"A\",\n  \"B\""] {
            let text = format!("a = {value}\nb = {{ column = \"B\" }}\nc = 5x\n{below}");
            let found = errors(&text);
            assert_eq!(found.lines().count(), 2, "{found}");
            assert!(found.starts_with("1: unclosed"), "{found}");
        }
    }

    #[test]
    fn common_mistakes_have_a_hint() {
        let text = "a = EUR\nb = “total”\nÖsterreich = \"AT\"\nc: \"d\"\ne f = 1\nlate =\n\
                    in = { a = 1, b }\ntext = 'x\n";
        insta::assert_snapshot!(errors(text), @r#"
        1: a text without quotes; expected "EUR"
        2: a text without quotes; expected "total"
        3: invalid unquoted key, expected letters, numbers, -, _
          hint: such a key is in quotes: "Österreich"
        4: invalid unquoted key, expected letters, numbers, -, _
          hint: a key and its value are joined by =
        5: key with no value, expected =
        6: no value; expected for example "text"
        7: key with no value, expected =
        8: invalid literal string, expected '
        "#);
    }
}
