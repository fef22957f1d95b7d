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
    let slot = |example: &'e mut OrderExample| ExcerptSlot {
        row: example.row.as_ref(),
        problem: example.problem.as_ref(),
        is_of_unknown_order: example.is_of_unknown_order,
        excerpt: &mut example.excerpt,
    };
    fill_excerpts(settings, files, examples.into_iter().map(slot));
}
