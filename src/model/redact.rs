//! Redaction of personal data, for messages that leave the run folder.
//!
//! Called by `map`, `group` and `validate` where a problem quotes a cell of a person.

use std::borrow::Cow;

/// Redacts an e-mail address, name or number: only its first character stays readable, and the
/// first character and last label of a domain.
#[must_use]
pub fn redact(text: &str) -> String {
    match text.split_once('@') {
        Some((local, domain)) => {
            let last_label = domain.rsplit_once('.').map_or("", |(_, last)| last);
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

fn first_char_masked(text: &str) -> String {
    text.chars().next().map_or_else(String::new, |first| format!("{first}***"))
}

#[cfg(test)]
mod tests {
    use super::{redact, redact_id};

    #[test]
    fn redact_id_keeps_the_ends_of_a_long_one() {
        assert_eq!(redact_id("00412380"), "004…80");
        assert_eq!(redact_id("4123807"), "4***");
        assert_eq!(redact_id("ann.lee@example.com"), "a***@e***.com");
    }

    #[test]
    fn redact_keeps_only_first_characters() {
        assert_eq!(redact("ann.smith@example.com"), "a***@e***.com");
        assert_eq!(redact("Ann Smith"), "A***");
        assert_eq!(redact("@"), "@.");
        assert_eq!(redact(""), "");
    }
}
