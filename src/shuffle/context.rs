//! Context of a pass: what reading the export and deciding about scattered orders share.
//!
//! It reads and groups nothing itself. It knows what the pass is for, which facts are known, and
//! where orders are spilled. Used by `pass`, `block_merger` and `scattered`.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::{
    blocks::{self, OpenFiles},
    error::ShuffleError,
    facts::{ExportFacts, Observations, hash, hash_reference},
    fragment::FragmentKey,
};
use crate::{
    group,
    model::{draft::Draft, field::Field, input::Input},
    pipeline::{error::Refusal, partial::PartialReport, spec::RunSpec, triage::Triage},
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
pub(super) struct Context<'p, 's> {
    pub(super) pass: Pass,
    pub(super) triage: &'p Triage<'p>,
    pub(super) open_files: &'p OpenFiles<'p>,
    pub(super) facts: &'s ExportFacts,
    /// Sorter for the runs of orders whose rows may be at several positions.
    pub(super) spilled: Option<&'s Sorter<FragmentKey>>,
    pub(super) inputs: Vec<Input>,
    /// Whether an extension attribute may have two types.
    // Each file must be opened to find out, so it is evaluated only when decisions are discarded.
    pub(super) types_may_conflict: OnceLock<bool>,
    /// Whether decisions are discarded: another pass must decide again.
    pub(super) is_discarding: AtomicBool,
    /// Whether the pass stops early, since too many keys are repeated.
    pub(super) is_stopped: AtomicBool,
}

impl<'p, 's> Context<'p, 's> {
    pub(super) fn new(
        pass: Pass,
        triage: &'p Triage<'p>,
        open_files: &'p OpenFiles<'p>,
        facts: &'s ExportFacts,
        spilled: Option<&'s Sorter<FragmentKey>>,
        inputs: Vec<Input>,
    ) -> Self {
        Self {
            pass,
            triage,
            open_files,
            facts,
            spilled,
            inputs,
            types_may_conflict: OnceLock::new(),
            is_discarding: AtomicBool::new(pass == Pass::Spill),
            is_stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn spec(&self) -> &'p RunSpec<'p> {
        self.triage.spec
    }

    /// Whether the pass finds out which facts the export has.
    pub(super) fn collects_facts(&self) -> bool {
        self.pass != Pass::Decide
    }

    /// Whether decisions are final as far as is known.
    pub(super) fn keeps_results(&self) -> bool {
        !self.is_discarding.load(Ordering::Relaxed)
    }

    /// Observes an order, and decides about it unless that is discarded.
    pub(super) fn decide(
        &self,
        draft: Draft<'_>,
        observations: &mut Observations,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        self.observe(&draft, observations);
        if self.keeps_results() { self.triage.decide(draft, self.facts, partial) } else { Ok(()) }
    }

    /// The same for the orders whose keys have one hash.
    pub(super) fn decide_group(
        &self,
        drafts: Vec<Draft<'_>>,
        observations: &mut Observations,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        let drafts = group::deduplicate(drafts);
        for draft in &drafts {
            self.observe(draft, observations);
        }
        if self.keeps_results() { self.triage.decide_group(drafts, self.facts, partial) } else { Ok(()) }
    }

    /// Collects what an order shows about the whole export.
    #[inline]
    fn observe(&self, draft: &Draft<'_>, observations: &mut Observations) {
        if !self.collects_facts() {
            return;
        }
        observations.types.observe(draft);
        if !self.triage.key_is_reference {
            let reference = draft.cell(&Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
            if !reference.is_empty() {
                let reference_hash = hash_reference(reference);
                observations.references.push((hash(&draft.key).rotate_left(1) ^ reference_hash, reference_hash));
            }
        }
    }

    pub(super) fn spill_runs(&self, runs: &mut Batch<FragmentKey>) -> Result<(), ShuffleError> {
        Ok(self.spilled.map_or(Ok(()), |spilled| spilled.push_all(runs))?)
    }

    /// Whether an order that is not scattered must be mapped and decided now. Collects its key.
    pub(super) fn is_decided_now(&self, key: &str, observations: &mut Observations) -> bool {
        if self.collects_facts() && !key.is_empty() {
            observations.keys.push(hash_reference(key));
        }
        self.keeps_results() || self.observes_drafts()
    }

    /// Whether even a discarded pass must map drafts, since the facts depend on their cells.
    fn observes_drafts(&self) -> bool {
        let types_may_conflict = || blocks::types_may_conflict(&self.inputs, self.spec());
        self.collects_facts()
            && (!self.triage.key_is_reference || *self.types_may_conflict.get_or_init(types_may_conflict))
    }

    pub(super) fn is_spilled(&self, key: &str) -> bool {
        self.pass == Pass::Spill || !key.is_empty() && self.facts.may_be_scattered(key)
    }

    /// Whether the pass may stop early: the facts depend on the keys alone, not on drafts, and the
    /// disk space for all rows is known, since no file is compressed.
    pub(super) fn may_stop(&self) -> bool {
        self.pass == (Pass::Learn { may_stop: true })
            && !self.observes_drafts()
            && self.inputs.iter().all(inputs::is_uncompressed)
    }
}
