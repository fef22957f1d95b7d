//! Diagnostics: what is wrong at one place of a file, with its line and what to do about it.
//!
//! Data only. `map` and `cli` make them of the errors of profiles and settings, `report` of the
//! problems of an export; `cli` renders them.

use std::{fmt, ops::Range};

use super::{
    cut_text::{cut_end, cut_start, display_width},
    origin::Place,
    problem::Severity,
};

/// The kind of the open questions of a profile, which end a run as errors do.
pub const OPEN_QUESTION: &str = "question";

/// The errors of profiles and settings, which end a run before it sends anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// The errors, in the order in which they are shown.
    pub list: Vec<Diagnostic>,
    /// What they have in common: how many there are, where, and what was not done because of them.
    pub conclusion: String,
    /// The command to run next, if one helps.
    pub next: Option<String>,
}

impl Diagnostics {
    /// The errors of a profile or of settings, for which nothing is read.
    #[must_use]
    pub fn before_reading(list: Vec<Diagnostic>, place: &str) -> Self {
        let conclusion = format!("{} in {place}. Nothing was read or sent.", counted(&list));
        Self { list, conclusion, next: None }
    }

    /// The errors of a profile that does not fit the export, of which some may not be listed.
    #[must_use]
    pub fn before_sending(list: Vec<Diagnostic>, count: usize, place: &str) -> Self {
        let conclusion = format!("{} in {place}. Nothing was sent.", n_errors(count));
        Self { list, conclusion, next: None }
    }
}

/// How many errors and open questions there are.
fn counted(list: &[Diagnostic]) -> String {
    let n_questions = list.iter().filter(|error| error.kind == OPEN_QUESTION).count();
    let questions = match n_questions {
        0 => return n_errors(list.len()),
        1 => "1 open question".to_owned(),
        n => format!("{n} open questions"),
    };
    match list.len() - n_questions {
        0 => questions,
        n => format!("{} and {questions}", n_errors(n)),
    }
}

fn n_errors(count: usize) -> String {
    if count == 1 { "1 error".to_owned() } else { format!("{count} errors") }
}

impl std::error::Error for Diagnostics {}

// For logs and `summary.json`; the terminal shows the lines of the file too.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Indented, as all lines of a message after its first one.
        let later = |diagnostic: &Diagnostic| format!("\n{diagnostic}").replace('\n', "\n  ");
        let (first, others) = self.list.split_first().ok_or(fmt::Error)?;
        write!(f, "{first}{}", others.iter().map(later).collect::<String>())
    }
}

/// What is wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it prevents anything.
    pub severity: Severity,
    /// The kind of the error, such as a problem code, `profile` or `config`.
    pub kind: &'static str,
    /// What is wrong, without a full stop.
    pub title: String,
    /// The file, line and column, and after two blanks what is there:
    /// `orders.csv:12:40  order A-1, column total`.
    pub place: String,
    /// The same file, line and column for programs; none for what is in no file.
    pub position: Option<FilePosition>,
    /// The line of the file; none if it cannot be shown.
    pub excerpt: Option<Excerpt>,
    /// What there is to know about it, and what to do.
    pub notes: Vec<Note>,
    /// What the same kind of error has besides, in lines after the diagnostic: `and 3 more orders`.
    pub more: Vec<String>,
}

/// A position in a file that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePosition {
    /// The file, as messages name it.
    pub file: String,
    /// The line, from 1; none for the file as a whole.
    pub line: Option<u64>,
    /// The character within the line, from 1; none for the line as a whole.
    pub column: Option<u64>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place.replacen("  ", ": ", 1), self.title)?;
        if let Some(excerpt) = self.excerpt.as_ref().filter(|excerpt| !excerpt.label.is_empty()) {
            write!(f, "; {}", excerpt.label)?;
        }
        for note in &self.notes {
            match note {
                Note::Hint(text) => write!(f, "\n  hint: {text}")?,
                Note::Fact(text) => write!(f, "; {text}")?,
            }
        }
        Ok(())
    }
}

/// A line of a file, with a mark in it if a part of it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the line, from 1.
    pub line: u64,
    /// The line, or the part of it that holds the mark; without a line break.
    pub text: String,
    /// The bytes of the text that are wrong, empty where something is missing; none if what is
    /// wrong is no part of the line.
    pub mark: Option<Range<usize>>,
    /// What was found there and what was expected.
    pub label: String,
    /// Where the mark is, if what is wrong has no place of its own: of a missing value the empty
    /// cell.
    pub marked: Option<Place>,
}

/// A line below a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// What to do.
    Hint(String),
    /// What there is to know.
    Fact(String),
}

impl Excerpt {
    /// The start of a line without a mark, as far as it fits into `max_columns` columns.
    #[must_use]
    pub fn unmarked(line: u64, text: &str, max_columns: usize) -> Self {
        Self {
            line,
            text: cut_end(text, max_columns),
            mark: None,
            label: String::new(),
            marked: None,
        }
    }

    /// What of the excerpt fits into `max_columns` columns.
    #[must_use]
    pub fn within(self, max_columns: usize) -> Self {
        if display_width(&self.text) <= max_columns {
            return self;
        }
        let Self { line, text, mark, label, marked } = self;
        let fitted = match mark {
            Some(mark) => Self::fitted(line, &text, mark, max_columns),
            None => Self::unmarked(line, &text, max_columns),
        };
        Self { label, marked, ..fitted }
    }

    /// The part of a line around the mark that fits into `max_columns` columns, with `…` where it
    /// is cut. Characters that steer a terminal become blanks, so that the mark stays below its
    /// text.
    #[must_use]
    pub fn fitted(line: u64, text: &str, mark: Range<usize>, max_columns: usize) -> Self {
        let before = text.get(..mark.start).unwrap_or_default();
        let marked = text.get(mark.clone()).unwrap_or_default();
        let after = text.get(mark.end..).unwrap_or_default();
        let shown_mark = cut_end(marked, max_columns.saturating_sub(2).max(1));
        // What follows a mark that is cut itself is far away.
        let is_cut = display_width(&shown_mark) < display_width(marked);
        let after = if is_cut { "" } else { after };
        let left = max_columns.saturating_sub(display_width(&shown_mark));
        // The end of a line that follows the mark gets what the start of it leaves.
        let n_after = display_width(after).min(left / 2);
        let shown_before = cut_start(before, left - n_after);
        let left = left - display_width(&shown_before);
        let shown_after = cut_end(after, left);
        let start = shown_before.len();
        let mark = start..start + shown_mark.len();
        Self {
            line,
            text: [shown_before, shown_mark, shown_after].concat(),
            mark: Some(mark),
            label: String::new(),
            marked: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fitted(text: &str, mark: &str, max_chars: usize) -> (String, String) {
        let start = text.find(mark).unwrap();
        let Excerpt { text, mark, .. } =
            Excerpt::fitted(7, text, start..start + mark.len(), max_chars);
        let marked = text[mark.unwrap()].to_owned();
        (text, marked)
    }

    #[test]
    fn line_is_cut_around_its_mark() {
        let line = "N-1,2026-09-04T09:12:44+02:00,paid,EUR,\"129,95\",invoice,Ümläut";
        for (max_chars, text) in [
            (100, line),
            (34, "…00,paid,EUR,\"129,95\",invoice,Üml…"),
            (20, "…,EUR,\"129,95\",invo…"),
        ] {
            let expected = (text.to_owned(), "\"129,95\"".to_owned());
            assert_eq!(fitted(line, "\"129,95\"", max_chars), expected);
        }
        assert_eq!(fitted(line, "\"129,95\"", 6), ("…,\"12…".to_owned(), "\"12…".to_owned()));
        assert_eq!(fitted("a\tb", "b", 9).0, "a b");
        assert_eq!(fitted("abc", "", 9), ("abc".to_owned(), String::new()));
        let whole = Excerpt::unmarked(7, line, 12);
        assert_eq!((&*whole.text, whole.mark), ("N-1,2026-09…", None));
    }

    proptest! {
        #[test]
        fn fitted_text_fits_and_holds_the_mark(
            text in "(\\PC|[茶杯]){0,60}", start in 0_usize..60, len in 0_usize..60, max in 3_usize..40,
        ) {
            let at = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
            let range = at(start)..at(start + len);
            let marked = &text[range.clone()];
            let excerpt = Excerpt::fitted(1, &text, range.clone(), max);
            prop_assert!(display_width(&excerpt.text) <= max);
            let shown = &excerpt.text[excerpt.mark.unwrap()];
            prop_assert!(shown == marked || marked.starts_with(shown.trim_end_matches('…')));
        }
    }
}
