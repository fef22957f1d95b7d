//! Context of a pass: what reading the export and deciding about scattered orders share.
//!
//! It reads and groups nothing itself. It knows what the pass is for, which facts are known, and
//! where orders are spilled. Used by `pass`, `block_merger` and `scattered`.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{
    blocks::{self, OpenFiles},
    error::ShuffleError,
    facts::{ExportFacts, Observations},
    fragment::FragmentKey,
    hash::hash_reference,
    observe::Observer,
    parent_circles::ParentLinks,
    settings::ShuffleSettings,
    sink::Decide,
};
use crate::{
    group::{self, RepeatedHeaders},
    model::{
        draft::{Draft, KeyedRow},
        field::{ExtensionKey, Field},
        input::Input,
        origin::{InputNames, Position},
        plain::PlainDraft,
        progress::ProgressFn,
    },
    read::inputs,
    spill::{batch::Batch, sorter::Sorter},
};

/// What a pass over the export is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Decides about orders where they are read, and collects the facts that may prove this wrong.
    Learn {
        /// Whether it may stop early and leave the export to a pass that spills all runs.
        may_stop: bool,
    },
    /// Spills all runs and collects facts.
    Spill,
    /// Decides about orders with the facts known; spills the runs of scattered orders.
    Decide,
}

/// What all cores need to know during a pass.
pub(super) struct Context<'p, 's, D> {
    pub(super) pass: Pass,
    pub(super) settings: &'p ShuffleSettings<'p>,
    pub(super) input_names: &'p InputNames,
    pub(super) emit: ProgressFn<'p>,
    /// Number of files whose unknown columns were reported, by this pass or an earlier one.
    pub(super) n_files_warned: &'p AtomicU32,
    pub(super) decide: &'p D,
    pub(super) observer: Observer<'p>,
    pub(super) open_files: &'p OpenFiles<'p>,
    pub(super) facts: &'s ExportFacts,
    /// Sorter for the runs of orders whose rows may be at several positions.
    pub(super) spilled: Option<&'s Sorter<FragmentKey>>,
    /// Which documents belong to which, of those that are spilled with them.
    pub(super) parent_links: Option<&'s ParentLinks<'p>>,
    pub(super) inputs: Vec<Input>,
    /// The headers within side files.
    pub(super) side_headers: RepeatedHeaders,
    /// Whether an extension attribute may have two types, or an identifier several people.
    // Each file must be opened to find out, so it is evaluated only when decisions are discarded.
    pub(super) drafts_matter: OnceLock<bool>,
    /// Whether decisions are discarded: another pass must decide again.
    pub(super) is_discarding: AtomicBool,
    /// Whether the pass stops early, since too many keys are repeated.
    pub(super) is_stopped: AtomicBool,
}

impl<D: Decide> Context<'_, '_, D> {
    /// Whether the pass finds out which facts the export has.
    pub(super) fn collects_facts(&self) -> bool {
        self.pass != Pass::Decide
    }

    /// Whether decisions are final as far as is known.
    pub(super) fn keeps_results(&self) -> bool {
        !self.is_discarding.load(Ordering::Relaxed)
    }

    /// Returns an error once the caller wants the run to stop.
    pub(super) fn ensure_not_stopped(&self) -> Result<(), ShuffleError> {
        (self.settings.stop_reason)().map_or(Ok(()), |reason| Err(ShuffleError::Stopped(reason)))
    }

    /// Returns the position of the first row of an order, for an error.
    pub(super) fn locate(&self, first: Option<Position>) -> String {
        first.map_or_else(String::new, |at| self.input_names.locate(at))
    }

    /// Observes an order, and decides about it unless that is discarded.
    pub(super) fn decide(
        &self,
        draft: Draft<'_>,
        observations: &mut Observations,
        part: &mut D::Part,
    ) -> Result<(), D::Error> {
        self.observe(&draft, observations);
        self.decide_observed(draft, part)
    }

    /// Decides about an order that is observed, unless that is discarded.
    fn decide_observed(&self, mut draft: Draft<'_>, part: &mut D::Part) -> Result<(), D::Error> {
        if !self.keeps_results() {
            return Ok(());
        }
        self.mark(&mut draft);
        self.decide.decide(self.decide.check(draft, self.facts), self.facts, part)
    }

    /// The same for the orders whose keys have one hash.
    pub(super) fn decide_group(
        &self,
        drafts: Vec<Draft<'_>>,
        observations: &mut Observations,
        part: &mut D::Part,
    ) -> Result<(), D::Error> {
        // All copies of an order show facts, adjacent ones as those that are read apart.
        let has_copies = self.settings.profile.duplicates.is_some();
        for draft in drafts.iter().filter(|_| has_copies) {
            self.observe(draft, observations);
        }
        let mut drafts = group::merge_by_key(drafts, &self.facts.headers, self.input_names);
        if let ([_], true) = (&*drafts, has_copies) {
            return drafts.into_iter().try_for_each(|draft| self.decide_observed(draft, part));
        }
        if drafts.len() < 2 {
            return drafts.into_iter().try_for_each(|draft| self.decide(draft, observations, part));
        }
        for draft in &mut drafts {
            if !has_copies {
                self.observe(draft, observations);
            }
            self.mark(draft);
        }
        if self.keeps_results() {
            self.decide.decide_group(drafts, self.facts, part)
        } else {
            Ok(())
        }
    }

    /// Adds the problems that a draft has by its files and by the facts of the whole export.
    pub(super) fn mark(&self, draft: &mut Draft<'_>) {
        draft.problems.extend(group::find_repeated_row(
            draft,
            (&self.facts.headers, &self.side_headers),
            self.input_names,
        ));
        self.facts.ambiguities.mark(draft, self.settings.grouping);
        self.facts.identifiers.mark(draft);
    }

    /// Ends a block, unless its decisions are discarded.
    pub(super) fn finish_block(&self, part: &mut D::Part) -> Result<(), D::Error> {
        if self.keeps_results() { self.decide.finish_block(part) } else { Ok(()) }
    }

    /// Collects what an order shows about the whole export.
    #[inline]
    fn observe(&self, draft: &Draft<'_>, observations: &mut Observations) {
        if self.collects_facts() {
            self.observer.observe(draft, observations);
        }
        if self.keeps_results() {
            self.observer.observe_warnings(draft, &mut observations.warnings);
        }
    }

    /// Whether an order needs its draft, since other rows show a problem of it, or it shows how
    /// other orders are to be read.
    pub(super) fn needs_draft(&self, draft: &PlainDraft<'_>) -> bool {
        self.facts.identifiers.concern(draft)
            || self.is_ambiguous(draft)
            || self.collects_facts() && self.observer.learns_facts_from(draft)
            || self.keeps_results() && self.observer.warns_of(draft)
            || self.decide.needs_draft(draft)
    }

    /// Whether a row whose order is not known may belong to an order.
    fn is_ambiguous(&self, draft: &PlainDraft<'_>) -> bool {
        let ExportFacts { ambiguities, .. } = self.facts;
        let Some(first) = draft.rows.first().filter(|_| !ambiguities.is_empty()) else {
            return false;
        };
        let ordered_at = draft.value(&Field::OrderedAt).and_then(|value| value.time);
        let ordered_at = ordered_at.filter(|_| !self.settings.profile.times_may_differ());
        ambiguities.concern((first.origin.file, draft.key), ordered_at, self.settings.grouping)
    }

    /// Collects what a plain order shows about the whole export. `attributes` are the keys of all
    /// extension attributes that it can have.
    pub(super) fn observe_plain(
        &self,
        draft: &PlainDraft<'_>,
        attributes: Option<&[&Arc<ExtensionKey>]>,
        observations: &mut Observations,
    ) {
        if self.collects_facts() {
            self.observer.observe_plain(draft, attributes, observations);
        }
    }

    pub(super) fn spill_runs(&self, runs: &mut Batch<FragmentKey>) -> Result<(), ShuffleError> {
        Ok(self.spilled.map_or(Ok(()), |spilled| spilled.push_all(runs))?)
    }

    /// Whether a run is mapped now: to decide about its order, or for the facts that its values
    /// show. Collects its key.
    pub(super) fn is_mapped(
        &self,
        key: &str,
        is_spilled: bool,
        observations: &mut Observations,
    ) -> bool {
        self.observe_key(key, observations);
        self.keeps_results() && !is_spilled || self.observes_drafts()
    }

    fn observe_key(&self, key: &str, observations: &mut Observations) {
        // Once all runs are spilled, the sort finds the repeated keys.
        if matches!(self.pass, Pass::Learn { .. }) && !key.is_empty() {
            observations.keys.push(hash_reference(key));
        }
    }

    /// Collects the id of a document that belongs to another one.
    pub(super) fn observe_child_id(&self, id: &str, observations: &mut Observations) {
        if matches!(self.pass, Pass::Learn { .. }) {
            observations.child_ids.push(hash_reference(id));
        }
    }

    /// Counts the documents that belong to an order and are no items of it.
    pub(super) fn count_left_out<'r>(
        &self,
        rows: impl Iterator<Item = &'r KeyedRow<'r>> + Clone,
        draft: &Draft<'_>,
        observations: &mut Observations,
    ) {
        if self.keeps_results() {
            observations.n_left_out += group::count_left_out(rows, draft);
        }
    }

    /// Whether even a pass without decisions must map drafts, since the facts depend on their
    /// cells.
    fn observes_drafts(&self) -> bool {
        let drafts_matter = || blocks::drafts_matter(&self.inputs, self.settings);
        self.collects_facts()
            && (self.observer.needs_drafts() || *self.drafts_matter.get_or_init(drafts_matter))
    }

    pub(super) fn is_spilled(&self, key: &str) -> bool {
        self.pass == Pass::Spill || !key.is_empty() && self.facts.may_be_scattered(key)
    }

    /// Whether the pass may stop early: the disk space for all rows is known, since no file is
    /// compressed.
    pub(super) fn may_stop(&self) -> bool {
        self.pass == (Pass::Learn { may_stop: true })
            && self
                .inputs
                .iter()
                .all(|input| inputs::is_uncompressed(self.settings.read.storage, input))
    }
}
