//! Shell words: text quoted for a POSIX shell, in commands that a message asks to type.
//!
//! Called wherever a message shows a command with a name of the user's.

use std::borrow::Cow;

/// A word, in quotes if a shell needs them.
#[must_use]
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// The path of a file as a word that no command takes for an option; `-` alone stays.
#[must_use]
pub fn shell_path(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') && path != "-" {
        return Cow::Owned(shell_word(&format!("./{path}")).into_owned());
    }
    shell_word(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, quoted) in [
            ("exports/orders-2026-11.csv", "exports/orders-2026-11.csv"),
            ("", "''"),
            ("my orders.csv", "'my orders.csv'"),
            ("it's $HOME.csv", r"'it'\''s $HOME.csv'"),
            ("~/a", "'~/a'"),
            ("*.csv", "'*.csv'"),
            ("Bücher", "'Bücher'"),
        ] {
            assert_eq!(shell_word(word), quoted);
            assert_eq!(shell_path(word), quoted);
        }
    }

    #[test]
    fn path_is_no_option() {
        for (path, word) in [("-x.csv", "./-x.csv"), ("-", "-"), ("-a b", "'./-a b'"), ("a-", "a-")]
        {
            assert_eq!(shell_path(path), word);
        }
    }
}
