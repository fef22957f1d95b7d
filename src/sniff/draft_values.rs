//! Values of a draft: rules that read one column or path, and answers to choose from.
//!
//! Called by all that drafts a section.

use super::{
    draft::{Choice, DraftSection, quoted},
    table::ValueSource,
};

/// A rule that reads one column or path.
pub(super) fn rule(source: &ValueSource) -> String {
    format!("{{ {} }}", rule_keys(source))
}

/// The same without its braces, for a rule with more keys.
pub(super) fn rule_keys(source: &ValueSource) -> String {
    format!("{} = {}", source.key(), quoted(source.name()))
}

/// An answer with its meaning.
pub(super) fn choice(answer: impl Into<String>, meaning: impl Into<String>) -> Choice {
    Choice { meaning: meaning.into(), answer: answer.into() }
}

/// The note of a value that a name says.
pub(super) fn by_name(section: &mut DraftSection, key: &str, value: String) {
    section.guess(key, value, "by its name");
}

/// `1 row`, `2 rows`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
