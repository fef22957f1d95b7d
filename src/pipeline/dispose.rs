//! Disposer: enters a checked order in the part of its block, as a result or as an order of the
//! plan.
//!
//! What becomes of the order is decided by `disposition`. Called by `triage` on all cores at once.

use std::mem;

use chrono::{DateTime, Utc};

use super::{
    error::Refusal,
    part::TriagePart,
    spec::RunSpec,
    target::{IDENTIFY_REQUESTS, ServiceSettings, dedup_hash_in_export, identity, n_requests},
    tracer::Tracer,
};
use crate::{
    disposition::{
        BackfillGuard, DecidedOrder, DeferredBatch, DeferredError, Disposition, DispositionRules,
        UndecidedOrder, accepted_before, push_content,
    },
    ledger::{AcceptedContents, LedgerReader},
    map::profile::TimeRules,
    model::{
        guest::Identifier,
        order::{Order, OrderRecord},
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        planned::{ContentHash, EncodedOrder, GuestOrder, PlannedOrder},
        problem::Code,
        unsendable::Unsendable,
    },
    plan::write_unplanned,
    report::CountedOrder,
    shuffle::hash,
};

/// Disposes of checked orders.
pub(super) struct Disposer<'j> {
    spec: &'j RunSpec<'j>,
    input_names: &'j InputNames,
    /// Where orders are looked up; none if no order was ever sent.
    pub(super) ledger: Option<&'j dyn LedgerReader>,
    /// Orders that need no look-up.
    accepted: &'j AcceptedContents,
    accepted_before: OrderResult,
    pub(super) rules: DispositionRules,
    backfill_guard: BackfillGuard,
    time_rules: TimeRules<'j>,
    tracer: Option<&'j Tracer<'j>>,
}

/// What is counted of a valid order.
struct ValidOrder {
    ordered_at: DateTime<Utc>,
    dedup_hash: u64,
    counted: CountedOrder,
}

impl<'j> Disposer<'j> {
    pub(super) fn new(
        spec: &'j RunSpec<'j>,
        input_names: &'j InputNames,
        (ledger, accepted): (Option<&'j dyn LedgerReader>, &'j AcceptedContents),
        tracer: Option<&'j Tracer<'j>>,
    ) -> Self {
        Self {
            spec,
            input_names,
            ledger,
            accepted,
            accepted_before: accepted_before(),
            rules: spec.disposition_rules(),
            backfill_guard: spec.backfill_guard(),
            time_rules: spec.profile.time_rules(),
            tracer,
        }
    }

    /// Whether orders are only checked and counted, so that they need not be encoded.
    pub(super) fn only_counts(&self) -> bool {
        self.ledger.is_none() && !self.spec.plans()
    }

    /// Whether a time is more than a date. One that dates without a time of day get, such as
    /// midnight, may be either, so it counts as a date.
    pub(super) fn has_time_of_day(&self, ordered_at: Option<DateTime<Utc>>) -> bool {
        ordered_at.is_some_and(|ordered_at| !self.time_rules.may_be_date_only(ordered_at))
    }

    /// Adds orders whose references may be equal, or equal except for their spelling. They are in
    /// the order of the input.
    pub(super) fn push_group(&self, orders: Vec<UndecidedOrder>, part: &mut TriagePart) {
        part.pending.push_group(orders, self.rules, self.input_names);
    }

    /// Decides about orders that may share their references.
    pub(super) fn decide_deferred(&self, batch: &DeferredBatch) -> Result<TriagePart, Refusal> {
        let mut part = TriagePart::default();
        for group in batch.groups() {
            self.push_group(group?, &mut part);
        }
        let decided = mem::take(&mut part.pending).decide(self.ledger, self.rules)?;
        self.dispose(decided, &mut part);
        Ok(part)
    }

    /// Returns the refusal of a run whose deferred orders cannot be grouped.
    pub(super) fn deferred_error(&self, error: DeferredError) -> Refusal {
        match error {
            DeferredError::Io(error) => error.into(),
            DeferredError::SharedReference(at) => {
                Refusal::SharedReference { position: self.input_names.locate(at) }
            }
        }
    }

    /// Whether an earlier run sent an order of this content, so that nothing more needs to be
    /// known of it.
    pub(super) fn was_accepted(&self, content: ContentHash) -> bool {
        self.accepted.contains(content)
    }

    /// Adds an order that was accepted, which is not encoded.
    pub(super) fn push_accepted(
        &self,
        record: OrderRecord,
        order: &Order<'_>,
        part: &mut TriagePart,
    ) {
        let (guest, identity) = (order.guest.key(), || identity(order));
        if self.spec.plans() {
            part.plan.add_identity(record.id, guest, order.ordered_at, identity);
        }
        part.report.count_items(&record, hash_guest(guest));
        part.pending.push_accepted(record);
    }

    /// Disposes of decided orders, in their order.
    pub(super) fn dispose(&self, decided: Vec<DecidedOrder>, part: &mut TriagePart) {
        for order in decided {
            let (undecided, disposition) = match order {
                DecidedOrder::Accepted(record) => {
                    self.record_result(&record, &self.accepted_before, None, part);
                    continue;
                }
                DecidedOrder::Other(order, disposition) => (order, disposition),
            };
            let UndecidedOrder { record, order, .. } = *undecided;
            match order {
                Ok(order) => self.dispose_valid(record, order, disposition, part),
                Err(unsendable) => {
                    // Such an order is never one to send. If it were, it would still be reported.
                    let result = self.take_result(disposition, part);
                    let result = result.unwrap_or_else(|| unsendable.result());
                    self.record_result(&record, &result, Some(&unsendable), part);
                }
            }
        }
    }

    /// Records an order of a check that has no ledger, where no order has a history.
    pub(super) fn count(
        &self,
        record: &OrderRecord,
        order: Result<&Order<'_>, &Unsendable>,
        part: &mut TriagePart,
    ) {
        let result = match order {
            Ok(_) => OrderResult::without_request(Outcome::Valid, None),
            Err(unsendable) => unsendable.result(),
        };
        if let Ok(order) = order {
            let order = ValidOrder::read(order, &self.spec.service);
            self.count_valid(record, &order, Some(Outcome::Valid), part);
        }
        self.record_result(record, &result, order.err(), part);
    }

    fn dispose_valid(
        &self,
        record: OrderRecord,
        order: GuestOrder,
        disposition: Disposition,
        part: &mut TriagePart,
    ) {
        let ordered_at = order.encoded.ordered_at;
        if self.spec.plans() {
            part.plan.add_identity(record.id, &order.guest, ordered_at, || order.identity.clone());
        }
        let is_uncertain = matches!(disposition, Disposition::Send { is_uncertain: true });
        let result = self.take_result(disposition, part);
        let outcome = result.as_ref().map(|result| result.outcome);
        self.count_valid(&record, &ValidOrder::encoded(&order), outcome, part);
        let held_result = match result {
            Some(result) if self.spec.send.is_none() || !result.may_be_sent_later() => {
                self.record_result(&record, &result, None, part);
                if self.spec.events.is_some() && result.outcome == Outcome::Valid {
                    let GuestOrder { guest, encoded, .. } = order;
                    let order =
                        PlannedOrder { record, encoded, is_uncertain: false, held_result: None };
                    part.plan.add(&guest, &order);
                }
                return;
            }
            Some(result) => Some(result),
            None => {
                let held_result = self.backfill_guard.held_result(ordered_at, is_uncertain);
                if held_result.is_some() {
                    part.old_orders.add(ordered_at);
                }
                held_result
            }
        };
        part.report.counters.add(&record);
        let GuestOrder { guest, encoded, .. } = order;
        part.plan.add(&guest, &PlannedOrder { record, encoded, is_uncertain, held_result });
    }

    /// Counts a valid order by its outcome; none if it is to be sent.
    fn count_valid(
        &self,
        record: &OrderRecord,
        order: &ValidOrder,
        outcome: Option<Outcome>,
        part: &mut TriagePart,
    ) {
        part.report.count_valid(record, order.counted, outcome, IDENTIFY_REQUESTS);
        if outcome == Some(Outcome::Valid) && self.backfill_guard.is_old(order.ordered_at) {
            part.report.counters.to_note.add_old(order.ordered_at);
        }
        let is_to_be_sent = outcome.is_none_or(|outcome| outcome == Outcome::Valid);
        // An order with the content of an order of an earlier run already has this warning.
        let warns = || {
            self.rules.warns_of_repeated_content
                && record.problems.iter().all(|problem| problem.code != Code::ContentRepeated)
        };
        if is_to_be_sent && self.has_time_of_day(Some(order.ordered_at)) && warns() {
            push_content(order.dedup_hash, record, &mut part.dedup_hashes);
        }
    }

    /// Returns the result of an order that is not sent, none for one to send. Collects changed
    /// orders for the ledger.
    fn take_result(&self, disposition: Disposition, part: &mut TriagePart) -> Option<OrderResult> {
        match disposition {
            Disposition::Final(result) => Some(result),
            Disposition::Changed(result, change) => {
                if self.spec.send.is_some() {
                    part.changed.push(*change);
                }
                Some(result)
            }
            Disposition::Send { .. } => None,
        }
    }

    fn record_result(
        &self,
        record: &OrderRecord,
        result: &OrderResult,
        unsendable: Option<&Unsendable>,
        part: &mut TriagePart,
    ) {
        part.report.counters.add(record);
        if self.spec.send.is_some() {
            write_unplanned(&mut part.unplanned, record, result, unsendable);
        }
        if let Some(tracer) = self.tracer {
            tracer.settle(record, result);
        }
        part.report.record(record, result, self.input_names);
    }
}

impl ValidOrder {
    /// An order that is not encoded.
    fn read(order: &Order<'_>, settings: &ServiceSettings) -> Self {
        let (guest, n_requests) = (hash_guest(order.guest.key()), n_requests(order, settings));
        Self {
            ordered_at: order.ordered_at,
            dedup_hash: dedup_hash_in_export(order),
            counted: CountedOrder { guest, route: order.route, n_requests },
        }
    }

    fn encoded(order: &GuestOrder) -> Self {
        let EncodedOrder { ordered_at, route, n_requests, .. } = order.encoded;
        let counted = CountedOrder { guest: hash_guest(&order.guest), route, n_requests };
        Self { ordered_at, dedup_hash: order.dedup_hash_in_export, counted }
    }
}

fn hash_guest(Identifier { provider, id, .. }: &Identifier<'_>) -> u64 {
    hash(id) ^ hash(provider).rotate_left(1)
}
