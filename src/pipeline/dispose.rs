//! Disposer: a checked order → its disposition and its entry in the part of its block: a result, or
//! an order of the plan.
//!
//! `history` looks orders up, all of a block at once, and `disposition` decides. Called by `triage`
//! on all cores at once.

use std::{collections::BTreeMap, mem, ops::Range};

use chrono::{DateTime, Utc};

use super::{
    deferred::{DeferredBatch, DeferredError, DeferredOrder},
    error::Refusal,
    guards::BackfillGuard,
    part::TriagePart,
    spec::RunSpec,
};
use crate::{
    disposition::{
        Decision, Disposition, DispositionRules, decide_all, histories_of_any_spelling, may_be_sent_later, push_content,
    },
    ledger::{LedgerError, LedgerReader, OrderKey},
    model::{
        guest::Identifier,
        order::{Order, OrderRecord},
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        planned::{ContentHash, DedupHash, Payload, PlannedOrder},
        problem::Code,
        route::Route,
        unsendable::Unsendable,
    },
    plan::write_unplanned,
    shuffle::hash,
    stream::{EncodedOrder, content_hash, encode, multi_event::UrlLimits},
    validate,
};

/// Decides about checked orders.
pub(super) struct Disposer<'j> {
    spec: &'j RunSpec<'j>,
    input_names: &'j InputNames,
    /// Where orders are looked up; none if no order was ever sent.
    ledger: Option<&'j dyn LedgerReader>,
    rules: DispositionRules,
    backfill_guard: BackfillGuard,
}

/// A valid order, as it was read or as it was deferred.
enum ValidOrder<'o> {
    Read(&'o Order<'o>),
    Stored(&'o EncodedOrder),
}

impl<'j> Disposer<'j> {
    pub(super) fn new(
        spec: &'j RunSpec<'j>,
        input_names: &'j InputNames,
        ledger: Option<&'j dyn LedgerReader>,
    ) -> Self {
        let (rules, backfill_guard) = (spec.disposition_rules(), BackfillGuard::of(spec));
        Self { spec, input_names, ledger, rules, backfill_guard }
    }

    /// Whether orders are looked up in a ledger.
    pub(super) fn has_ledger(&self) -> bool {
        self.ledger.is_some()
    }

    /// Adds orders whose references may be equal, or equal except for their spelling. They are in the
    /// order of the input.
    pub(super) fn add_possible_duplicates(&self, mut orders: Vec<DeferredOrder>, part: &mut TriagePart) {
        let problems =
            validate::find_duplicates(&orders.iter().map(DeferredOrder::shared_reference).collect::<Vec<_>>());
        orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add_problem(problem));
        let mut by_reference: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, order) in orders.iter().enumerate() {
            // Orders without a reference share none, and an order that a rule skips is not sent, so
            // that it conflicts with no other.
            if !order.record.reference.is_empty() && !order.is_skipped() {
                by_reference.entry(order.record.reference.clone()).or_default().push(index);
            }
        }
        for sharing in by_reference.into_values() {
            let orders_of_reference: Vec<_> = sharing.iter().map(|index| orders[*index].shared_reference()).collect();
            let problems = validate::find_conflicts(&orders_of_reference, &self.spec.validate);
            sharing.into_iter().zip(problems).for_each(|(index, problem)| orders[index].add_problem(problem));
        }
        let first = part.pending.len();
        part.pending.extend(orders);
        // A single order is the only one that can be the accepted one.
        if part.pending.len() - first > 1 {
            part.pending_groups.push(first..part.pending.len());
        }
    }

    /// Decides about orders that may share their references.
    pub(super) fn decide_deferred(&self, batch: &DeferredBatch) -> Result<TriagePart, Refusal> {
        let mut part = TriagePart::default();
        for group in batch.groups() {
            self.add_possible_duplicates(group?, &mut part);
        }
        self.finish_block(&mut part)?;
        Ok(part)
    }

    /// Returns the refusal of a run whose deferred orders cannot be grouped.
    pub(super) fn deferred_error(&self, error: DeferredError) -> Refusal {
        match error {
            DeferredError::Io(error) => error.into(),
            DeferredError::SharedReference(at) => Refusal::SharedReference { position: self.input_names.locate(at) },
        }
    }

    /// Looks up the orders of a block in the ledger, and returns what to do with each. Those of a
    /// group may be one order.
    fn look_up(&self, orders: &mut [DeferredOrder], groups: &[Range<usize>]) -> Result<Vec<Decision>, Refusal> {
        let Some(ledger) = self.ledger else {
            return Ok(orders.iter().map(|order| order.read_order().without_history(self.rules).into()).collect());
        };
        assign_accepted(orders, groups, ledger)?;
        let read: Vec<_> = orders.iter().map(|order| (order.read_order(), &order.record)).collect();
        Ok(decide_all(&read, ledger, self.rules)?)
    }

    /// Looks up all pending orders of the block, then disposes of them in their order.
    pub(super) fn finish_block(&self, part: &mut TriagePart) -> Result<(), Refusal> {
        let mut orders = mem::take(&mut part.pending);
        let groups = mem::take(&mut part.pending_groups);
        let decisions = self.look_up(&mut orders, &groups)?;
        for (DeferredOrder { mut record, order, .. }, Decision { disposition, problem }) in
            orders.into_iter().zip(decisions)
        {
            record.problems.extend(problem);
            self.dispose(record, order.as_ref().map(ValidOrder::Stored), disposition, part);
        }
        Ok(())
    }

    /// Disposes of an order that is not looked up.
    pub(super) fn dispose_without_history(
        &self,
        record: OrderRecord,
        order: Result<&Order<'_>, &Unsendable>,
        part: &mut TriagePart,
    ) {
        let disposition = self.rules.without_history(order.err());
        self.dispose(record, order.map(ValidOrder::Read), disposition, part);
    }

    fn dispose(
        &self,
        record: OrderRecord,
        order: Result<ValidOrder<'_>, &Unsendable>,
        disposition: Disposition,
        part: &mut TriagePart,
    ) {
        match order {
            Ok(valid) => self.dispose_valid(record, &valid, disposition, part),
            Err(unsendable) => {
                if let Some(result) = self.take_result(disposition, part) {
                    self.record_result(&record, &result, Some(unsendable), part);
                }
            }
        }
    }

    fn dispose_valid(
        &self,
        record: OrderRecord,
        valid: &ValidOrder<'_>,
        disposition: Disposition,
        part: &mut TriagePart,
    ) {
        let guest = valid.guest_hash();
        part.guests.push(guest);
        if self.spec.send.is_some() {
            valid.add_identity(&record, part);
        }
        let is_uncertain = matches!(disposition, Disposition::Send { is_uncertain: true });
        let result = self.take_result(disposition, part);
        let outcome = result.as_ref().map(|result| result.outcome);
        part.report.counters.n_items += if outcome == Some(Outcome::Invalid) { 0 } else { record.item_count as u64 };
        let is_to_be_sent = outcome.is_none_or(|outcome| outcome == Outcome::Valid);
        // An order with the content of an order of an earlier run already has this warning.
        let has_warning = || record.problems.iter().any(|problem| problem.code == Code::ContentRepeated);
        if is_to_be_sent && self.spec.has_time_of_day(Some(valid.ordered_at())) && !has_warning() {
            push_content(valid.dedup_hash_in_export(), &record, &mut part.dedup_hashes);
        }
        if outcome == Some(Outcome::Valid) {
            self.estimate(valid, guest, part);
        }
        match result {
            Some(result) if self.spec.send.is_some() && may_be_sent_later(&result) => {
                self.add_to_plan(record, valid, false, Some(result), part);
            }
            Some(result) => self.record_result(&record, &result, None, part),
            None => {
                let held_result = self.backfill_guard.held_result(valid.ordered_at(), is_uncertain);
                if held_result.is_some() {
                    part.old_orders.add(valid.ordered_at());
                }
                self.add_to_plan(record, valid, is_uncertain, held_result, part);
            }
        }
    }

    /// Returns the result of an order that is not sent, none for one to send. Collects changed
    /// orders for the ledger.
    #[inline]
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

    /// Adds the requests of an order that a send would need, for the forecast of a check.
    fn estimate(&self, valid: &ValidOrder<'_>, guest: u64, part: &mut TriagePart) {
        let (route, n_requests) = valid.cost(self.spec.stream.url_limits());
        part.report.counters.forecast.add_order(route, n_requests);
        if route == Route::Single && !self.spec.would_send_all_as_single() {
            part.guests_to_identify.push(guest);
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
        part.report.record(record, result, self.input_names);
    }

    fn add_to_plan(
        &self,
        record: OrderRecord,
        valid: &ValidOrder<'_>,
        is_uncertain: bool,
        held_result: Option<OrderResult>,
        part: &mut TriagePart,
    ) {
        part.report.counters.add(&record);
        let order = valid.planned(record, self.spec.stream.url_limits(), is_uncertain, held_result);
        part.plan.add(&valid.guest(), &order);
    }
}

/// Matches each accepted order of the ledger with one of the orders of a group, which may be it: the
/// one with its content, else the one with its spelling of the reference, else the first that no rule
/// skips. The others are marked as other orders.
// Otherwise two duplicates that differ would be two changes of one accepted order.
fn assign_accepted(
    orders: &mut [DeferredOrder],
    groups: &[Range<usize>],
    ledger: &dyn LedgerReader,
) -> Result<(), LedgerError> {
    let grouped: Vec<(usize, usize)> =
        groups.iter().enumerate().flat_map(|(group, orders)| orders.clone().map(move |order| (group, order))).collect();
    if grouped.is_empty() {
        return Ok(());
    }
    let to_look_up = grouped.iter().map(|(_, index)| &orders[*index]);
    let to_look_up: Vec<_> = to_look_up.map(|order| (&order.record, order.identifying_time())).collect();
    let histories = histories_of_any_spelling(&to_look_up, ledger)?;
    let mut ranks_by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ((group, index), history) in grouped.into_iter().zip(&histories) {
        let order = &orders[index];
        // Orders without a reference share none.
        let accepted = order.accepted(history).filter(|_| !order.record.reference.is_empty());
        let Some(OrderKey { reference, ordered_at, content }) = accepted else { continue };
        let is_other = order.content() != Some(content);
        let rank = (is_other, order.record.reference != reference, order.is_skipped(), index);
        ranks_by_order.entry((group, reference, ordered_at)).or_default().push(rank);
    }
    for mut ranks in ranks_by_order.into_values() {
        ranks.sort_unstable();
        for (_, _, _, index) in ranks.into_iter().skip(1) {
            if let Err(unsendable) = &mut orders[index].order {
                unsendable.is_other_order = true;
            }
        }
    }
    Ok(())
}

impl ValidOrder<'_> {
    fn ordered_at(&self) -> DateTime<Utc> {
        match self {
            Self::Read(order) => order.ordered_at,
            Self::Stored(order) => order.ordered_at,
        }
    }

    /// Returns its route, and the number of requests of its own events.
    fn cost(&self, url_limits: UrlLimits<'_>) -> (Route, u64) {
        match self {
            // Without encoding the event, which is not needed to count it.
            Self::Read(order) if order.route == Route::Single => (Route::Single, 1),
            Self::Read(order) => (order.route, encode::payload(order, url_limits).n_requests()),
            Self::Stored(order) => (order.route, order.n_requests),
        }
    }

    fn guest_hash(&self) -> u64 {
        let guest = self.guest();
        hash(&guest.id) ^ hash(&guest.provider).rotate_left(1)
    }

    fn guest(&self) -> Identifier<'_> {
        match self {
            Self::Read(order) => order.guest.key().clone(),
            Self::Stored(order) => order.guest.clone(),
        }
    }

    fn content(&self) -> ContentHash {
        match self {
            Self::Read(order) => content_hash::content_hash(order),
            Self::Stored(order) => order.content,
        }
    }

    fn dedup_hash(&self) -> DedupHash {
        match self {
            Self::Read(order) => content_hash::dedup_hash(order),
            Self::Stored(order) => order.dedup_hash,
        }
    }

    fn dedup_hash_in_export(&self) -> u64 {
        match self {
            Self::Read(order) => content_hash::dedup_hash_in_export(order),
            Self::Stored(order) => order.dedup_hash_in_export,
        }
    }

    fn status(&self) -> &str {
        match self {
            Self::Read(order) => &order.status,
            Self::Stored(order) => &order.status,
        }
    }

    fn add_identity(&self, record: &OrderRecord, part: &mut TriagePart) {
        let identity = || match self {
            Self::Read(order) => encode::identity(order),
            Self::Stored(order) => order.identity.clone(),
        };
        part.plan.add_identity(record.id, &self.guest(), self.ordered_at(), identity);
    }

    fn planned(
        &self,
        record: OrderRecord,
        url_limits: UrlLimits<'_>,
        is_uncertain: bool,
        held_result: Option<OrderResult>,
    ) -> PlannedOrder {
        let (route, n_requests, payload) = match self {
            Self::Read(order) => {
                let payload = encode::payload(order, url_limits);
                (order.route, payload.n_requests(), Payload::from(&payload))
            }
            Self::Stored(order) => (order.route, order.n_requests, order.payload.clone()),
        };
        let (status, dedup_hash) = (self.status().to_owned(), self.dedup_hash());
        let (ordered_at, content) = (self.ordered_at(), self.content());
        PlannedOrder {
            record,
            ordered_at,
            content,
            status,
            dedup_hash,
            route,
            n_requests,
            payload,
            is_uncertain,
            held_result,
        }
    }
}
