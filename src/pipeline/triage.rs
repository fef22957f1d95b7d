//! Triage: a draft → its check, its disposition and its entry in the partial report, the plan or
//! the deferred orders.
//!
//! It does no I/O except for reading the ledger and spilling deferred orders. `validate` checks the
//! order and `history` derives its disposition. Called by `shuffle` on all cores at once.

use std::{collections::BTreeMap, io, sync::Mutex};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    check,
    disposition::{self, Disposition, DispositionRules, ReadOrder, SendableOrder},
    error::Refusal,
    guards::BackfillGuard,
    history,
    partial::PartialReport,
    repeated_content,
    spec::RunSpec,
};
use crate::{
    ledger::{self, LedgerReader, OrderKey, ReferenceHistory},
    model::{
        draft::Draft,
        guest::Identifier,
        order::{CheckedOrder, Order, OrderRecord, Validity},
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        planned::{ContentHash, DedupHash, EventJson, PlannedOrder, StreamPayload},
        problem::{Code, Problem},
        route::Route,
        unsendable::Unsendable,
    },
    plan::write_unplanned,
    shuffle::facts::{ExportFacts, hash, hash_reference},
    spill::sorter::Sorter,
    stream::{
        content_hash, event_json,
        multi_event::{UrlLimits, sequence},
    },
    validate::{self, SharedReference},
};

/// What deferred orders are sorted by: the hash of the reference, then the id of the order.
pub(crate) type DeferredKey = (u64, u64);

/// Decides about orders, on all cores at once.
pub(crate) struct Triage<'j> {
    pub(crate) spec: &'j RunSpec<'j>,
    pub(crate) input_names: &'j InputNames,
    pub(crate) ledger: Option<&'j dyn LedgerReader>,
    pub(crate) backfill_guard: BackfillGuard,
    /// Whether orders with different keys have different references.
    pub(crate) key_is_reference: bool,
    /// Orders that may share their reference with another one, until they are taken.
    pub(crate) deferred: Mutex<Option<Sorter<DeferredKey>>>,
}

/// An order that may share its reference with another one. It is decided when all of them are
/// known.
#[derive(Serialize, Deserialize)]
struct DeferredOrder {
    record: OrderRecord,
    order: Result<StoredOrder, Unsendable>,
    /// See [`Triage::has_time_of_day`].
    has_time_of_day: bool,
}

/// A valid order, or why it is not sent.
type OrderOrUnsendable<'a> = Result<Box<Order<'a>>, Unsendable>;

impl DeferredOrder {
    fn shared_reference(&self) -> SharedReference<'_> {
        SharedReference { record: &self.record, dedup_hash: self.order.as_ref().ok().map(|order| order.dedup_hash) }
    }

    fn is_skipped(&self) -> bool {
        matches!(&self.order, Err(Unsendable { rule: Some(_), .. }))
    }

    /// Returns its content, if it is known.
    fn content(&self) -> Option<ContentHash> {
        match &self.order {
            Ok(order) => Some(order.content),
            Err(unsendable) => unsendable.content,
        }
    }

    /// Returns the accepted order in its history that matches it.
    fn accepted(&self, history: &ReferenceHistory) -> Option<OrderKey> {
        let entries = &history.attempts;
        let ordered_at = self.record.ordered_at.or_else(|| ledger::single_order_time(entries))?;
        ledger::matching_accepted(entries, ordered_at, self.content()).map(|entry| entry.order.clone())
    }

    /// Makes it invalid if there is a problem.
    fn add_problem(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        self.record.problems.push(problem);
        if let Ok(order) = &self.order {
            let (status, content) = (Some(order.status.clone()), Some(order.content));
            let has_time_of_day = self.has_time_of_day;
            self.order = Err(Unsendable { rule: None, status, content, is_other_order: false, has_time_of_day });
        }
    }
}

/// A valid order that is encoded and no longer borrows from its rows.
#[derive(Serialize, Deserialize)]
struct StoredOrder {
    guest: Identifier<'static>,
    identity: EventJson,
    ordered_at: DateTime<Utc>,
    content: ContentHash,
    status: String,
    dedup_hash: DedupHash,
    dedup_hash_in_export: u64,
    events: StreamPayload,
}

/// A valid order, as it was read or as it was deferred.
enum ValidOrder<'o> {
    Read(&'o Order<'o>),
    Stored(&'o StoredOrder),
}

impl Triage<'_> {
    /// Checks an order and decides about it, or defers it.
    pub(crate) fn decide(
        &self,
        draft: Draft<'_>,
        facts: &ExportFacts,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        match self.check(draft, facts) {
            (record, order) if facts.may_be_shared(&record.reference) => {
                self.defer(&self.deferred_order(record, order))
            }
            (record, Ok(order)) => self.dispose_valid(record, &ValidOrder::Read(&order), partial),
            (record, Err(unsendable)) => self.dispose(record, Err(&unsendable), partial),
        }
    }

    /// Decides about orders whose keys have the same hash: they may be duplicates of one order, or
    /// one order with two spellings of its key.
    pub(crate) fn decide_group(
        &self,
        drafts: Vec<Draft<'_>>,
        facts: &ExportFacts,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        if drafts.len() < 2 {
            return drafts.into_iter().try_for_each(|draft| self.decide(draft, facts, partial));
        }
        let mut orders = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let (record, order) = self.check(draft, facts);
            let deferred = self.deferred_order(record, order);
            if facts.may_be_shared(&deferred.record.reference) {
                self.defer(&deferred)?;
            } else {
                orders.push(deferred);
            }
        }
        self.decide_possible_duplicates(orders, partial)
    }

    /// Checks a draft, with the doubts about it that the whole export shows.
    #[inline]
    fn check<'a>(&'a self, mut draft: Draft<'a>, facts: &ExportFacts) -> (OrderRecord, OrderOrUnsendable<'a>) {
        facts.ambiguities.mark(&mut draft, self.spec.grouping());
        let CheckedOrder { record, validity, status } =
            check::check(draft, (&self.spec.validate, &self.spec.stream), &facts.types);
        let rule = match validity {
            Validity::Valid(order) => return (record, Ok(order)),
            Validity::Skipped(rule) => Some(rule.to_string()),
            Validity::Invalid => None,
        };
        let has_time_of_day = self.has_time_of_day(record.ordered_at);
        let unsendable = Unsendable { rule, status, content: None, is_other_order: false, has_time_of_day };
        (record, Err(unsendable))
    }

    /// Whether a time is more than a date. Midnight may be either, so it counts as a date.
    fn has_time_of_day(&self, ordered_at: Option<DateTime<Utc>>) -> bool {
        ordered_at.is_some_and(|ordered_at| !self.spec.profile.is_midnight(ordered_at))
    }

    fn deferred_order(&self, record: OrderRecord, order: OrderOrUnsendable<'_>) -> DeferredOrder {
        let order = order.map(|order| StoredOrder::of(&order, self.spec.stream.url_limits()));
        DeferredOrder { has_time_of_day: self.has_time_of_day(record.ordered_at), record, order }
    }

    fn defer(&self, deferred: &DeferredOrder) -> Result<(), Refusal> {
        let key = (hash_reference(&deferred.record.reference), deferred.record.id.0);
        let json = serde_json::to_vec(deferred).map_err(io::Error::from)?;
        let sorter = self.deferred.lock().expect("no thread panics while holding the lock");
        Ok(sorter.as_ref().map_or(Ok(()), |sorter| sorter.push(key, &json))?)
    }

    /// Takes the deferred orders; none are deferred from then on.
    pub(crate) fn take_deferred(&self) -> Option<Sorter<DeferredKey>> {
        self.deferred.lock().expect("no thread panics while holding the lock").take()
    }

    /// Decides about all deferred orders whose references have one hash.
    pub(crate) fn decide_reference(&self, deferred: &[Vec<u8>], partial: &mut PartialReport) -> Result<(), Refusal> {
        let mut orders: Vec<DeferredOrder> = Vec::with_capacity(deferred.len());
        for order in deferred {
            orders.push(serde_json::from_slice(order).map_err(io::Error::from)?);
        }
        self.decide_possible_duplicates(orders, partial)
    }

    /// Decides about all orders whose references may be equal, or equal except for their spelling.
    /// They are in the order of the input.
    fn decide_possible_duplicates(
        &self,
        mut orders: Vec<DeferredOrder>,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
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
        self.assign_accepted(&mut orders)?;
        for DeferredOrder { record, order, .. } in orders {
            self.dispose(record, order.as_ref().map(ValidOrder::Stored), partial)?;
        }
        Ok(())
    }

    /// Matches each accepted order of the ledger with one of the orders that may be it: the one
    /// with its content, else the one with its spelling of the reference, else the first that no
    /// rule skips. The others are marked as other orders.
    // Otherwise two duplicates that differ would be two changes of one accepted order.
    fn assign_accepted(&self, orders: &mut [DeferredOrder]) -> Result<(), Refusal> {
        let (Some(ledger), [_, _, ..]) = (self.ledger, &*orders) else { return Ok(()) };
        let time = |order: &DeferredOrder| order.record.ordered_at.filter(|_| order.has_time_of_day);
        let to_look_up: Vec<_> = orders.iter().map(|order| (&order.record, time(order))).collect();
        let histories = history::histories_of_any_spelling(&to_look_up, ledger)?;
        let mut ranks_by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, (order, history)) in orders.iter().zip(&histories).enumerate() {
            // Orders without a reference share none.
            let accepted = order.accepted(history).filter(|_| !order.record.reference.is_empty());
            let Some(OrderKey { reference, ordered_at, content }) = accepted else { continue };
            let is_other = order.content() != Some(content);
            let rank = (is_other, order.record.reference != reference, order.is_skipped(), index);
            ranks_by_order.entry((reference, ordered_at)).or_default().push(rank);
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

    fn dispose(
        &self,
        mut record: OrderRecord,
        order: Result<ValidOrder<'_>, &Unsendable>,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        match order {
            Ok(valid) => self.dispose_valid(record, &valid, partial),
            Err(unsendable) => {
                let disposition = self.disposition(ReadOrder::Unsendable(unsendable), &mut record)?;
                if let Some(result) = self.take_result(disposition, partial) {
                    self.record_result(&record, &result, Some(unsendable), partial);
                }
                Ok(())
            }
        }
    }

    fn dispose_valid(
        &self,
        mut record: OrderRecord,
        valid: &ValidOrder<'_>,
        partial: &mut PartialReport,
    ) -> Result<(), Refusal> {
        let guest = valid.guest_hash();
        partial.guests.push(guest);
        if self.spec.send.is_some() {
            valid.add_identity(&record, partial);
        }
        let has_time_of_day = self.has_time_of_day(Some(valid.ordered_at()));
        let read = ReadOrder::Sendable { order: valid, warns_of_duplicate: has_time_of_day };
        let disposition = self.disposition(read, &mut record)?;
        let is_uncertain = matches!(disposition, Disposition::Send { is_uncertain: true });
        let result = self.take_result(disposition, partial);
        let outcome = result.as_ref().map(|result| result.outcome);
        partial.counters.n_items += if outcome == Some(Outcome::Invalid) { 0 } else { record.item_count as u64 };
        let is_to_be_sent = outcome.is_none_or(|outcome| outcome == Outcome::Valid);
        // An order with the content of an order of an earlier run already has this warning.
        let has_warning = || record.problems.iter().any(|problem| problem.code == Code::ContentRepeated);
        if is_to_be_sent && has_time_of_day && !has_warning() {
            repeated_content::add(valid.dedup_hash_in_export(), &record, &mut partial.dedup_hashes);
        }
        if outcome == Some(Outcome::Valid) {
            self.estimate(valid, guest, partial);
        }
        match result {
            Some(result) if self.spec.send.is_some() && may_be_sent_later(&result) => {
                self.add_to_plan(record, valid, false, Some(result), partial);
            }
            Some(result) => self.record_result(&record, &result, None, partial),
            None => {
                let held_result = self.backfill_guard.held_result(valid.ordered_at(), is_uncertain);
                if held_result.is_some() {
                    partial.old_orders.add(valid.ordered_at());
                }
                self.add_to_plan(record, valid, is_uncertain, held_result, partial);
            }
        }
        Ok(())
    }

    /// Returns the result of an order that is not sent, none for one to send. Collects changed
    /// orders for the ledger.
    #[inline]
    fn take_result(&self, disposition: Disposition, partial: &mut PartialReport) -> Option<OrderResult> {
        match disposition {
            Disposition::Final(result) => Some(result),
            Disposition::Changed(result, change) => {
                if self.spec.send.is_some() {
                    partial.changed.push(*change);
                }
                Some(result)
            }
            Disposition::Send { .. } => None,
        }
    }

    /// Adds the requests of an order that a send would need, for the forecast of a check.
    fn estimate(&self, valid: &ValidOrder<'_>, guest: u64, partial: &mut PartialReport) {
        let (route, n_requests) = valid.cost(self.spec.stream.url_limits());
        partial.counters.forecast.add_order(route, n_requests);
        if route == Route::Single && !self.spec.would_send_all_as_single() {
            partial.guests_to_identify.push(guest);
        }
    }

    #[inline]
    fn disposition(&self, order: ReadOrder<'_>, record: &mut OrderRecord) -> Result<Disposition, Refusal> {
        let rules = DispositionRules::of(self.spec);
        let Some(ledger) = self.ledger else { return Ok(order.without_history(rules)) };
        let mut disposition = order.without_history(rules);
        for decision in history::decide(&[(order, record)], ledger, rules)? {
            record.problems.extend(decision.problem);
            disposition = decision.disposition;
        }
        Ok(disposition)
    }

    fn record_result(
        &self,
        record: &OrderRecord,
        result: &OrderResult,
        unsendable: Option<&Unsendable>,
        partial: &mut PartialReport,
    ) {
        partial.counters.add(record);
        if self.spec.send.is_some() {
            write_unplanned(&mut partial.unplanned, record, result, unsendable);
        }
        partial.record(record, result, self.input_names);
    }

    fn add_to_plan(
        &self,
        record: OrderRecord,
        valid: &ValidOrder<'_>,
        is_uncertain: bool,
        held_result: Option<OrderResult>,
        partial: &mut PartialReport,
    ) {
        partial.counters.add(&record);
        let order = valid.planned(record, self.spec.stream.url_limits(), is_uncertain, held_result);
        partial.plan_input.add(&valid.guest(), &order);
    }
}

/// Returns the position of a deferred order, as text.
pub(crate) fn deferred_position(deferred: &[u8], names: &InputNames) -> String {
    let deferred_order: Option<DeferredOrder> = serde_json::from_slice(deferred).ok();
    deferred_order.map_or_else(String::new, |order| names.locate(order.record.source))
}

/// Whether the operator, or another option, may let a later run send an order that this one does
/// not.
fn may_be_sent_later(result: &OrderResult) -> bool {
    matches!(result.outcome, Outcome::Unknown | Outcome::Changed)
        || result.reason.as_deref() == Some(disposition::ACCEPTED_MANUALLY)
}

/// Returns the events of an order.
fn events(order: &Order<'_>, url_limits: UrlLimits<'_>) -> StreamPayload {
    match order.route {
        Route::Single => StreamPayload::Single(event_json::order_checkout(order)),
        Route::Multi => StreamPayload::Multi(Box::new(sequence(order, url_limits))),
    }
}

impl StoredOrder {
    fn of(order: &Order<'_>, url_limits: UrlLimits<'_>) -> Self {
        let key = order.guest.key();
        Self {
            guest: Identifier {
                provider: key.provider.clone().into_owned().into(),
                id: key.id.clone().into_owned().into(),
            },
            identity: event_json::identity(&order.guest, &order.common),
            ordered_at: order.ordered_at,
            content: content_hash::content_hash(order),
            status: order.status.clone().into_owned(),
            dedup_hash: content_hash::dedup_hash(order),
            dedup_hash_in_export: repeated_content::dedup_hash_in_export(order),
            events: events(order, url_limits),
        }
    }
}

impl SendableOrder for ValidOrder<'_> {
    fn ordered_at(&self) -> DateTime<Utc> {
        match self {
            Self::Read(order) => order.ordered_at,
            Self::Stored(order) => order.ordered_at,
        }
    }

    fn status(&self) -> &str {
        match self {
            Self::Read(order) => &order.status,
            Self::Stored(order) => &order.status,
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
}

impl ValidOrder<'_> {
    /// Returns its route, and the number of requests of its own events.
    fn cost(&self, url_limits: UrlLimits<'_>) -> (Route, u64) {
        match self {
            // Without encoding the event, which is not needed to count it.
            Self::Read(order) if order.route == Route::Single => (Route::Single, 1),
            Self::Read(order) => (order.route, events(order, url_limits).n_requests()),
            Self::Stored(order) => (order.events.route(), order.events.n_requests()),
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

    fn dedup_hash_in_export(&self) -> u64 {
        match self {
            Self::Read(order) => repeated_content::dedup_hash_in_export(order),
            Self::Stored(order) => order.dedup_hash_in_export,
        }
    }

    fn add_identity(&self, record: &OrderRecord, partial: &mut PartialReport) {
        match self {
            Self::Read(order) => partial.plan_input.add_identity_of(record.id, order),
            Self::Stored(order) => {
                partial.plan_input.add_identity(record.id, &order.guest, order.ordered_at, &order.identity);
            }
        }
    }

    fn planned(
        &self,
        record: OrderRecord,
        url_limits: UrlLimits<'_>,
        is_uncertain: bool,
        held_result: Option<OrderResult>,
    ) -> PlannedOrder {
        let events = match self {
            Self::Read(order) => events(order, url_limits),
            Self::Stored(order) => order.events.clone(),
        };
        let (status, dedup_hash) = (self.status().to_owned(), self.dedup_hash());
        let (ordered_at, content) = (self.ordered_at(), self.content());
        PlannedOrder { record, ordered_at, content, status, dedup_hash, events, is_uncertain, held_result }
    }
}
