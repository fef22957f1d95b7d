//! Partial report: the counters and the report lines of some orders.
//!
//! It does no I/O. `pipeline` fills one on each core; [`Recorder`](super::Recorder) merges them in
//! the order of the input. Counters are sums, so merging them in any order gives the same report.

use std::collections::BTreeMap;

use super::{
    guests::GuestHashes, page::OrderNeedingAttention, reasons::ReasonCounts,
    reject_sorter::RejectBatch, results, tally::Tally,
};
use crate::model::{
    forecast::{Forecast, OrdersToNote},
    order::{OrderId, OrderRecord},
    origin::InputNames,
    outcome::{HeldFor, OrderResult, Outcome},
    problem::Problem,
    route::Route,
};

/// Counters of some orders, which add up.
#[derive(Default)]
pub struct Counters {
    /// Orders and money by outcome, and problems by code.
    pub tally: Tally,
    /// Skipped orders by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Unknown, refused, failed, not tried again and changed orders by reason.
    pub(super) reasons: ReasonCounts,
    /// Items of valid orders.
    pub n_items: u64,
    /// Orders that were sent again although an earlier attempt may have been processed.
    pub n_uncertain_before: u64,
    /// Orders that an earlier run left unknown and this one did not send.
    pub n_unknown_before: u64,
    /// Orders that are too old to be sent without `--backfill`.
    pub n_needing_backfill: u64,
    /// Orders that changed after their acceptance, where no earlier run has reported the change.
    pub n_new_changes: u64,
    /// Invalid orders that are counted as changed or unknown, since earlier runs sent them.
    pub n_invalid_sent_before: u64,
    /// Requests that the orders to send need, without those that identify the guests of single
    /// events.
    pub forecast: Forecast,
    /// Valid orders of a check that a note of its forecast counts.
    pub to_note: OrdersToNote,
}

impl Counters {
    /// Counts an order as read, with its problems.
    pub fn add(&mut self, record: &OrderRecord) {
        self.tally.read(record);
        self.tally.count_problems(record);
    }

    /// Counts the result of an order that was counted as read. Called once per order.
    fn record_result(&mut self, record: &OrderRecord, result: &OrderResult) {
        self.tally.record_outcome(record.money.as_ref(), result.outcome);
        self.n_uncertain_before += u64::from(result.uncertain_before.is_some());
        if result.outcome == Outcome::Invalid {
            self.tally.count_invalid(record);
        }
        let is_held = result.outcome == Outcome::Unknown && result.attempts == 0;
        self.n_unknown_before += u64::from(is_held);
        self.n_needing_backfill += u64::from(result.held_for == Some(HeldFor::Backfill));
        if let Some(change) = &result.change {
            self.n_new_changes += u64::from(change.sets_exit_code);
            change.totals.iter().for_each(|(was, now)| self.tally.record_change(was, now));
        }
        let was_sent_before = matches!(result.outcome, Outcome::Changed | Outcome::Unknown);
        let is_invalid = record.problems.iter().any(Problem::is_error);
        self.n_invalid_sent_before += u64::from(was_sent_before && is_invalid);
        self.reasons.add(record, result);
        if let (Outcome::Skipped, Some(reason)) = (result.outcome, &result.reason) {
            *self.skipped.entry(reason.clone()).or_default() += 1;
        }
    }

    /// Adds the counters of other orders.
    pub(super) fn append(&mut self, others: Self) {
        self.tally.append(&others.tally);
        for (reason, n_orders) in others.skipped {
            *self.skipped.entry(reason).or_default() += n_orders;
        }
        self.reasons.append(others.reasons);
        self.n_items += others.n_items;
        self.n_uncertain_before += others.n_uncertain_before;
        self.n_unknown_before += others.n_unknown_before;
        self.n_needing_backfill += others.n_needing_backfill;
        self.n_new_changes += others.n_new_changes;
        self.n_invalid_sent_before += others.n_invalid_sent_before;
        self.forecast.append(others.forecast);
        self.to_note.append(others.to_note);
    }
}

/// A valid order, as its guest and its requests are counted.
#[derive(Debug, Clone, Copy)]
pub struct CountedOrder {
    /// A hash of its guest.
    pub guest: u64,
    /// The route by which it is sent.
    pub route: Route,
    /// The number of requests of its own events.
    pub n_requests: u64,
}

/// Report data of some orders.
#[derive(Default)]
pub struct PartialReport {
    /// Their counters.
    pub counters: Counters,
    /// Those that the page may list.
    pub(super) attention: Vec<(OrderId, OrderNeedingAttention)>,
    /// Lines of `results.ndjson`.
    pub(super) results: Vec<u8>,
    /// The offset at which each order's line ends.
    pub(super) result_ends: Vec<(OrderId, usize)>,
    /// Rows and reasons of rejected orders.
    pub(super) rejects: RejectBatch,
    /// The guests of valid orders.
    pub(super) guests: GuestHashes,
}

/// Bytes of the line of a typical order without problems.
const LINE_BYTES: usize = 256;

impl PartialReport {
    /// No orders yet, with capacity for this number of them.
    #[must_use]
    pub fn with_capacity(n_orders: usize) -> Self {
        Self {
            results: Vec::with_capacity(LINE_BYTES * n_orders),
            result_ends: Vec::with_capacity(n_orders),
            guests: GuestHashes::with_capacity(n_orders),
            ..Self::default()
        }
    }

    /// Counts the guest, the items and the requests of a valid order, unless its history makes it
    /// invalid. `outcome` is `None` if it is to be sent; `to_identify` is the number of requests
    /// that identify a guest.
    pub fn count_valid(
        &mut self,
        record: &OrderRecord,
        order: CountedOrder,
        outcome: Option<Outcome>,
        to_identify: u64,
    ) {
        if outcome == Some(Outcome::Invalid) {
            return;
        }
        self.count_items(record, order.guest);
        // Only a check has valid orders as an outcome: it estimates what a send would take.
        if outcome == Some(Outcome::Valid) {
            self.counters.forecast.add_order(order.route, order.n_requests, to_identify);
            self.guests.add_to_send(order.guest, order.route);
        }
    }

    /// Counts the guest and the items of a valid order.
    pub fn count_items(&mut self, record: &OrderRecord, guest: u64) {
        self.guests.add(guest);
        self.counters.n_items += record.item_count as u64;
    }

    /// Records the result of an order that was counted as read. Called once per order.
    pub fn record(&mut self, record: &OrderRecord, result: &OrderResult, names: &InputNames) {
        self.counters.record_result(record, result);
        if OrderNeedingAttention::needs_attention(result.outcome) {
            self.attention.push((record.id, OrderNeedingAttention::of(record, result, names)));
        }
        results::add_line(&mut self.results, record, result, names);
        self.result_ends.push((record.id, self.results.len()));
        if result.outcome.is_rejected() || record.may_lack_a_row() {
            self.rejects.add(record, result, names);
        }
    }
}
