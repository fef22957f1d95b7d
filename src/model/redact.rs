//! Redaction: what messages, excerpts and reports show of a text that may have personal data or a
//! key. All rules are here, one for each source of a text:
//!
//! - A value of the export about a person, known by its field: [`redact`], and [`redact_id`] for an
//!   identifier of a guest. What is left is enough to find the cell.
//! - Any other value of the export: [`shown_value`]. A column that the profile does not read may
//!   contain anything.
//! - Whatever the message of a problem quotes: [`value_without_address`], for all of them at once.
//! - A name that the export gives, such as a reference or a column: [`without_address`]. It is
//!   needed to find the order, and shops use e-mail addresses as references. [`looks_personal`]
//!   tells the cells of a row from the names of a header.
//! - An answer of the service, which may repeat what was sent: [`without_secrets`], for the files
//!   of the run folder. Of that the words of a list are shown elsewhere (`service_words`).

use std::borrow::Cow;

use super::id_text::is_invisible;

/// In place of a value of the export that is not shown.
pub const HIDDEN: &str = "***";

/// In place of personal data and keys in an answer of the service.
pub const REDACTED: &str = "[redacted]";

/// Parts of URLs and addresses, as they are and URL-encoded. A front end may show the URL of a
/// request, which carries the key and a customer's order.
const SECRET_MARKS: [&str; 6] = ["client_key", "message=", "browser_id", "%22", "@", "%40"];

/// Fewest digits of a phone number.
const MIN_PHONE_DIGITS: usize = 7;

/// Redacts an e-mail address, name or number: only its first character stays readable, and the
/// first character and last label of a domain.
#[must_use]
pub fn redact(text: &str) -> String {
    match text.split_once('@') {
        Some((local, domain)) => {
            // Not the text behind the address.
            let label = domain.rsplit_once('.').map_or("", |(_, last)| last);
            let last_label = label.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
            format!("{}@{}.{last_label}", first_char_masked(local), first_char_masked(domain))
        }
        None => first_char_masked(text),
    }
}

/// The name of an order, redacted if it has an e-mail address.
#[must_use]
pub fn without_address(name: &str) -> Cow<'_, str> {
    if name.contains('@') { Cow::Owned(redact(name)) } else { Cow::Borrowed(name) }
}

/// A value or a name that a message quotes, redacted if it has an e-mail address. A path keeps the
/// `@` before a name, as in `order.@id`: there is no name before it.
#[must_use]
pub fn value_without_address(quoted: &str) -> Cow<'_, str> {
    let is_in_word = |(before, after): (&str, &str)| {
        let is_local = |c: char| !c.is_whitespace() && !"./[".contains(c);
        before.ends_with(is_local) && after.starts_with(char::is_alphanumeric)
    };
    let mut parts = quoted.match_indices('@').map(|(at, _)| (&quoted[..at], &quoted[at + 1..]));
    if parts.any(is_in_word) { Cow::Owned(redact(quoted)) } else { Cow::Borrowed(quoted) }
}

/// Redacts an identifier of a guest: the ends of a long one stay readable.
#[must_use]
pub fn redact_id(text: &str) -> String {
    const MIN_CHARS: usize = 8;
    let n_chars = text.chars().count();
    if text.contains('@') || n_chars < MIN_CHARS {
        return redact(text);
    }
    let chars = |skipped: usize, taken: usize| text.chars().skip(skipped).take(taken);
    chars(0, 3).chain(['…']).chain(chars(n_chars - 2, 2)).collect()
}

/// Redacts a value of the export: one about a person, or with an address in it, to what [`redact`]
/// leaves, and any other one whole unless it is known to be no personal data.
#[must_use]
pub fn shown_value(text: &str, is_personal: bool, is_known: bool) -> Cow<'_, str> {
    if is_personal || text.contains('@') {
        Cow::Owned(redact(text))
    } else if is_known {
        Cow::Borrowed(text)
    } else {
        Cow::Borrowed(HIDDEN)
    }
}

/// Whether a text is an e-mail address or a number that may be a phone number, which no column is
/// called.
#[must_use]
pub fn looks_personal(text: &str) -> bool {
    let is_address = || {
        let parts = text.split_once('@');
        parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    };
    let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_of_number = |c: char| c.is_ascii_digit() || " +-/().".contains(c);
    is_address() || n_digits >= MIN_PHONE_DIGITS && text.chars().all(is_of_number)
}

/// Returns a text of the service on one line, without control characters and the words that look
/// like a part of a URL or an address.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let shown = |word: &str| -> String {
        if SECRET_MARKS.iter().any(|mark| word.contains(mark)) {
            REDACTED.to_owned()
        } else {
            word.chars().filter(|c| !c.is_control()).collect()
        }
    };
    text.split_whitespace().map(shown).collect::<Vec<_>>().join(" ")
}

fn first_char_masked(text: &str) -> String {
    // One that cannot be seen would look like none.
    let mut chars = text.chars().filter(|c| !is_invisible(*c));
    chars.next().map_or_else(String::new, |first| format!("{first}***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "ann.leewood@example.com";
    const PHONE: &str = "+49 30 1234567";
    const NAME: &str = "Ann Leewood";

    #[test]
    fn no_rule_shows_personal_data() {
        for text in [EMAIL, PHONE, NAME] {
            let of_person = [redact(text), redact_id(text), shown_value(text, true, true).into()];
            let unknown = [shown_value(text, false, false).into_owned()];
            for shown in of_person.iter().chain(&unknown) {
                let parts = ["leewood", "Leewood", "example", "1234", "30 1"];
                assert!(parts.iter().all(|part| !shown.contains(part)), "{shown}");
            }
        }
        assert_eq!(without_address(EMAIL), "a***@e***.com");
        assert_eq!(shown_value(EMAIL, false, true), "a***@e***.com");
        assert_eq!(
            without_secrets(&format!("no {EMAIL}\nin ?client_key=K")),
            "no [redacted] in [redacted]"
        );
    }

    #[test]
    fn cells_of_a_row_are_no_names_of_columns() {
        for cell in [EMAIL, PHONE, "0301234567", "(030) 123-4567"] {
            assert!(looks_personal(cell), "{cell}");
        }
        for column in ["@timestamp", "e-mail", "Line 1", "2026-01", "price@", "Q1/2026", ""] {
            assert!(!looks_personal(column), "{column}");
        }
    }

    #[test]
    fn quoted_address_is_redacted_and_a_path_is_kept() {
        for address in [EMAIL, "mail ann.leewood@example.com", "ann.leewood@shop", "x;a@leewood"] {
            assert!(!value_without_address(address).contains("leewood"), "{address}");
        }
        for path in ["@graph", "order.@id", "lines[@type]", "a/@b", "@", "2 @ 3", "price@"] {
            assert_eq!(value_without_address(path), path);
        }
    }

    #[test]
    fn redact_id_keeps_the_ends_of_a_long_one() {
        assert_eq!(redact_id("00412380"), "004…80");
        assert_eq!(redact_id("4123807"), "4***");
        assert_eq!(redact_id("ann.lee@example.com"), "a***@e***.com");
    }

    #[test]
    fn redact_keeps_only_first_characters() {
        assert_eq!(redact("ann.smith@example.com"), "a***@e***.com");
        assert_eq!(redact("ann@example.com, Ann Smith"), "a***@e***.com");
        assert_eq!(redact("\u{feff}ann@\u{200b}example.com"), "a***@e***.com");
        assert_eq!(redact("Ann Smith"), "A***");
        assert_eq!(redact("@"), "@.");
        assert_eq!(redact(""), "");
    }
}
