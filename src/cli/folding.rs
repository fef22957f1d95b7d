//! Folded text: lines that fit the terminal, with commands and code in one piece, to be copied.
//!
//! Pure text, but for the width of the terminal. Called by `diagnostics` and `print`.

use console::Term;

use crate::model::folded::{folded, unbroken};

/// Maximum columns of a line, however wide the terminal is; those of a pipe too.
pub(super) const MAX_COLUMNS: usize = 80;

/// Maximum columns of a line of the manual.
const MANUAL_COLUMNS: usize = 100;

/// Columns of a terminal below which folded lines are of no use.
const MIN_COLUMNS: usize = 40;

/// How a command of this program begins.
const COMMAND: &str = "orderferry ";

/// How long lines may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineWidth {
    /// Columns of a line.
    pub(super) columns: usize,
    /// Whether they are those of a terminal. In a pipe a message stays on one line, where `grep`
    /// finds it.
    pub(super) is_terminal: bool,
}

impl LineWidth {
    /// That of a pipe.
    pub(super) const PIPE: Self = Self { columns: MAX_COLUMNS, is_terminal: false };

    /// That of a terminal, or of a pipe in place of it.
    pub(super) fn of(terminal: &Term) -> Self {
        Self::at_most(MAX_COLUMNS, terminal)
    }

    /// That of the manual, which is written in longer lines.
    pub(super) fn of_manual(terminal: &Term) -> Self {
        Self::at_most(MANUAL_COLUMNS, terminal)
    }

    fn at_most(max_columns: usize, terminal: &Term) -> Self {
        let Some((_, columns)) = terminal.size_checked() else { return Self::PIPE };
        let columns = usize::from(columns).clamp(MIN_COLUMNS, max_columns);
        Self { columns, is_terminal: true }
    }
}

/// A text in lines of a width. A name, a path, a command and code in backticks are not broken, so
/// that they can be copied: a longer one has a line of its own.
pub(super) fn fill(text: &str, columns: usize) -> String {
    fill_hanging(text, columns, "", "")
}

/// Such a text, with `first` before its first line and `rest` before the others.
pub(super) fn fill_hanging(text: &str, columns: usize, first: &str, rest: &str) -> String {
    folded(&with_unbroken_code(text), columns, first, rest)
}

/// A message of a line and indented lines that belong to it, each in lines of a width.
pub(super) fn fill_message(message: &str, columns: usize) -> String {
    let fill_line = |line: &str| {
        let (indent, text) = line.split_at(line.len() - line.trim_start().len());
        if text.starts_with(COMMAND) {
            return line.to_owned();
        }
        // All lines of a message are indented after its first one.
        fill_hanging(text, columns, indent, &format!("{indent}    "))
    };
    message.lines().map(fill_line).collect::<Vec<_>>().join("\n")
}

/// The text with commands and code that are not broken.
fn with_unbroken_code(text: &str) -> String {
    // A backtick alone is not of ours.
    let has_code = text.matches('`').count().is_multiple_of(2);
    let (mut kept, mut is_code, mut n_words) = (String::with_capacity(text.len()), false, 0);
    for word in text.split_inclusive(' ') {
        is_code ^= has_code && word.matches('`').count() % 2 == 1;
        n_words = match word.trim_end() {
            // A command in parentheses, and the name of one in a sentence.
            "(orderferry" => usize::MAX,
            "orderferry" => 2,
            word if word.ends_with([')', ',', ';']) => 0,
            _ => n_words.saturating_sub(1),
        };
        if is_code || n_words > 0 {
            kept += &unbroken(word);
        } else {
            kept += word;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_code_are_not_broken() {
        let text = "add the word to `values`, with what it means or with `{ skip = \"…\" }`; copy \
                    the profile (orderferry profiles show canonical > shop.toml) and see \
                    orderferry help profile";
        insta::assert_snapshot!(fill(text, 40), @r#"
        add the word to `values`, with what it
        means or with `{ skip = "…" }`; copy the
        profile
        (orderferry profiles show canonical > shop.toml)
        and see orderferry help profile
        "#);
        let one_backtick = format!("a`b {}", "words ".repeat(12));
        assert!(fill(&one_backtick, 40).lines().all(|line| line.len() <= 40));
    }

    #[test]
    fn message_is_folded_line_by_line() {
        let message = "error: orders.csv:1: the header cannot be read: the cell is not UTF-8\n  \
                       hint: Excel and Windows often write Windows-1252; if that is it, give \
                       --encoding windows-1252";
        insta::assert_snapshot!(fill_message(message, 60), @r#"
        error: orders.csv:1: the header cannot be read: the cell is
            not UTF-8
          hint: Excel and Windows often write Windows-1252; if that
              is it, give --encoding windows-1252
        "#);
        assert_eq!(fill_message("", 60), "");
    }
}
