//! Observer: collects from drafts what their values show about the whole export.
//!
//! It knows which facts the profile can have, and which of them are settled, so that the others
//! cost nothing. It decides nothing. Used by `context`, on all cores at once.

use std::sync::atomic::{AtomicBool, Ordering};

use super::facts::{Observations, hash, hash_reference};
use crate::{
    map::profile::Profile,
    model::{
        column_facts::ColumnFacts,
        decimal_mark::{AmbiguousNumber, PointReading},
        draft::Draft,
        field::Field,
    },
};

/// Observes the drafts of one pass.
pub(super) struct Observer {
    /// Whether orders with different keys have different references.
    key_is_reference: bool,
    /// Whether no total can show more about decimal marks: the profile declares theirs, or one has
    /// proved it. Only skips work whose result is known, so it may be set at any time.
    are_totals_settled: AtomicBool,
}

impl Observer {
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            key_is_reference: profile.key_is_reference(),
            are_totals_settled: AtomicBool::new(!profile.has_undeclared_totals()),
        }
    }

    /// Whether drafts may still show a fact that the decision about another order depends on, apart
    /// from the types of extension attributes.
    pub(super) fn needs_drafts(&self) -> bool {
        !self.key_is_reference || !self.are_totals_settled()
    }

    fn are_totals_settled(&self) -> bool {
        self.are_totals_settled.load(Ordering::Relaxed)
    }

    /// Collects what a draft shows.
    #[inline]
    pub(super) fn observe(&self, draft: &Draft<'_>, observations: &mut Observations) {
        if !self.key_is_reference {
            observe_reference(draft, observations);
        }
        // A skipped order is not sent, so its values show nothing.
        if draft.skip.is_some() {
            return;
        }
        observations.columns.types.observe(draft);
        if !self.are_totals_settled() {
            self.observe_total(draft, &mut observations.columns);
        }
    }

    fn observe_total(&self, draft: &Draft<'_>, columns: &mut ColumnFacts) {
        let Some(cell) = draft.cell(&Field::Price) else { return };
        let currency = draft.cell(&Field::CurrencyCode).map(|cell| &*cell.text);
        match PointReading::of(cell, currency) {
            PointReading::NoEvidence => {}
            PointReading::Decimal => {
                columns.totals.prove();
                self.are_totals_settled.store(true, Ordering::Relaxed);
            }
            PointReading::Ambiguous => {
                let number =
                    AmbiguousNumber { at: cell.at.position(), text: cell.text.to_string() };
                columns.totals.add_ambiguous(order_hash(draft), number);
            }
        }
    }
}

/// Returns a hash by which the runs of one order are counted once.
fn order_hash(draft: &Draft<'_>) -> u64 {
    if draft.key.is_empty() {
        let at = draft.position();
        hash(&format!("{}:{}", at.file.0, at.line))
    } else {
        hash_reference(&draft.key)
    }
}

fn observe_reference(draft: &Draft<'_>, observations: &mut Observations) {
    let reference = draft.cell(&Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
    if !reference.is_empty() {
        let reference_hash = hash_reference(reference);
        observations
            .references
            .push((hash(&draft.key).rotate_left(1) ^ reference_hash, reference_hash));
    }
}
