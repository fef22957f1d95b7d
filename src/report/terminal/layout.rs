//! Layout of the screen: fields with a hanging indent, sections, lines that fit the terminal.
//!
//! Pure text. Called by the other files of `terminal`.

use crate::model::{folded::folded, printable::printable};

/// Columns of the screen, unless the terminal has fewer.
const COLUMNS: usize = 80;

/// Where the text of a field begins.
const FIELD_INDENT: &str = "            ";

/// The layout of a terminal. Only commands and paths are longer than its lines, since they are to
/// be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Columns of a line.
    pub(super) columns: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { columns: COLUMNS }
    }
}

impl Layout {
    /// The layout of lines of a width.
    #[must_use]
    pub fn of_columns(columns: usize) -> Self {
        Self { columns }
    }

    /// A label and its text, for example `  read      orders.csv, 879 rows`.
    pub(super) fn field(self, label: &str, text: &str) -> String {
        self.wrapped(text, &format!("  {label:9} "), FIELD_INDENT)
    }

    /// Text in lines that fit, the first one after `first` and the others after `rest`.
    pub(super) fn wrapped(self, text: &str, first: &str, rest: &str) -> String {
        // Escaped first: a line break of a file name or a reason must not begin a line.
        folded(&printable(text), self.columns, first, rest) + "\n"
    }
}

/// A heading and its lines; nothing without lines.
pub(super) fn section(heading: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("  {heading}\n{lines}") }
}

/// Joins parts of a sentence: `a, b and c`.
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hang_and_paths_stay_whole() {
        let path = "a-very-long-path/".repeat(6);
        let text = Layout::default()
            .field("read", &format!("{path}orders.csv, {}", "12 rows, ".repeat(12).trim()));
        insta::assert_snapshot!(text, @"
        read      a-very-long-path/a-very-long-path/a-very-long-path/a-very-long-path/a-very-long-path/a-very-long-path/orders.csv,
                  12 rows, 12 rows, 12 rows, 12 rows, 12 rows, 12 rows, 12 rows, 12
                  rows, 12 rows, 12 rows, 12 rows, 12 rows,
        ");
        assert_eq!(listed(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
