//! Folded text: lines that fit a width, broken at blanks only.
//!
//! A word is never broken, since it may be a path or a code that is to be copied: a longer one has
//! a line of its own. Called by `cli` and `report`.

use textwrap::{Options, WordSplitter};

/// A blank at which no line is broken; shown as a blank.
const KEPT_BLANK: &str = "\u{a0}";

/// A text in lines of `columns`, the first one after `first` and the others after `rest`.
#[must_use]
pub fn folded(text: &str, columns: usize, first: &str, rest: &str) -> String {
    let options = Options::new(columns)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options).replace(KEPT_BLANK, " ")
}

/// A text that [`folded`] does not break, such as a sum with its currency or the name of a file.
#[must_use]
pub fn unbroken(text: &str) -> String {
    text.replace(' ', KEPT_BLANK)
}
