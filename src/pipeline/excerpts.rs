//! Excerpts of a run: the rows of the orders that its diagnostics show, read again.
//!
//! Called by `finish` and `tracer`.

use crate::{
    model::input::InputRead,
    report::OrderExample,
    shuffle::{ExcerptSlot, ShuffleSettings, fill_excerpts},
};

/// Adds the rows of examples, as far as they can be read again.
pub(super) fn add_excerpts<'e>(
    settings: &ShuffleSettings<'_>,
    inputs: &[InputRead],
    examples: impl IntoIterator<Item = &'e mut OrderExample>,
) {
    let slot = |OrderExample { row, problem, excerpt, .. }: &'e mut OrderExample| {
        Some(ExcerptSlot { row: row.as_ref()?, problem: problem.as_ref(), excerpt })
    };
    fill_excerpts(settings, inputs, examples.into_iter().filter_map(slot).collect());
}
