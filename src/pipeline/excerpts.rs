//! Excerpts of a run: the rows that its diagnostics show, read again.
//!
//! Called by `finish` and `tracer`.

use crate::{
    model::input::ExportRead,
    report::OrderExample,
    shuffle::{ExcerptSlot, ShuffleSettings, fill_excerpts},
};

/// Adds the rows of examples, as far as they can be read again.
pub(super) fn add_excerpts<'e>(
    settings: &ShuffleSettings<'_>,
    files: &ExportRead,
    examples: impl IntoIterator<Item = &'e mut OrderExample>,
) {
    let slot = |OrderExample { row, problem, excerpt, .. }: &'e mut OrderExample| ExcerptSlot {
        row: row.as_ref(),
        problem: problem.as_ref(),
        excerpt,
    };
    fill_excerpts(settings, files, examples.into_iter().map(slot));
}
