//! Partial report: the counters and report lines of the orders of one part of the export.
//!
//! It does no I/O. Each core fills its own through `triage`; `recorder` merges them in the order of
//! the input. Counters are sums, so merging them in any order gives the same report.

use std::collections::BTreeMap;

use crate::{
    model::{
        forecast::Forecast,
        order::{OrderId, OrderRecord},
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        problem::Problem,
    },
    report::{page::OrderNeedingAttention, rejects, results, tally::Tally},
    spill::batch::Batch,
};

/// Counters of some orders, which add up.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) tally: Tally,
    /// Skipped orders by reason.
    pub(super) skipped: BTreeMap<String, u64>,
    /// Items of valid orders.
    pub(super) n_items: u64,
    /// Orders that were sent again although an earlier attempt may have been processed.
    pub(super) n_uncertain_before: u64,
    /// Orders that are too old to be sent without `--backfill`.
    pub(super) n_needing_backfill: u64,
    /// Orders that changed after their acceptance, where no earlier run has reported the change.
    pub(super) n_new_changes: u64,
    /// Invalid orders that are counted as changed or unknown, since earlier runs sent them.
    pub(super) n_invalid_sent_before: u64,
    /// Requests that the orders to send need, without those that identify the guests of single
    /// events.
    pub(super) forecast: Forecast,
}

impl Counters {
    /// Counts an order as read, with its problems.
    pub(super) fn add(&mut self, record: &OrderRecord) {
        self.tally.read(record);
        self.tally.count_problems(&record.problems);
    }

    /// Counts the result of an order that was counted as read. Called once per order.
    fn record_result(&mut self, record: &OrderRecord, result: &OrderResult) {
        self.tally.record_outcome(record.money.as_ref(), result.outcome);
        self.n_uncertain_before += u64::from(result.uncertain_before.is_some());
        self.n_needing_backfill += u64::from(result.is_for_backfill());
        if let Some(change) = &result.change {
            self.n_new_changes += u64::from(change.sets_exit_code);
            change.totals.iter().for_each(|(was, now)| self.tally.record_change(was, now));
        }
        let was_sent_before = matches!(result.outcome, Outcome::Changed | Outcome::Unknown);
        self.n_invalid_sent_before += u64::from(was_sent_before && record.problems.iter().any(Problem::is_error));
        if let (Outcome::Skipped, Some(reason)) = (result.outcome, &result.reason) {
            *self.skipped.entry(reason.clone()).or_default() += 1;
        }
    }

    /// Returns the number of orders that were not attempted for another reason than their age.
    pub(super) fn n_unreached(&self) -> u64 {
        self.tally.orders()[Outcome::NotAttempted].saturating_sub(self.n_needing_backfill)
    }

    /// Adds the counters of other orders.
    pub(super) fn append(&mut self, others: Self) {
        self.tally.append(&others.tally);
        for (reason, n_orders) in others.skipped {
            *self.skipped.entry(reason).or_default() += n_orders;
        }
        self.n_items += others.n_items;
        self.n_uncertain_before += others.n_uncertain_before;
        self.n_needing_backfill += others.n_needing_backfill;
        self.n_new_changes += others.n_new_changes;
        self.n_invalid_sent_before += others.n_invalid_sent_before;
        self.forecast.append(others.forecast);
    }
}

/// Report data of some orders.
#[derive(Default)]
pub(super) struct PartialReport {
    pub(super) counters: Counters,
    pub(super) attention: Vec<(OrderId, OrderNeedingAttention)>,
    /// Lines of `results.ndjson`, and the offset at which each order's line ends.
    pub(super) results: Vec<u8>,
    pub(super) result_ranges: Vec<(OrderId, usize)>,
    /// Rows and reasons of rejected orders.
    pub(super) rejects: RejectBatch,
}

/// Entries of `rejects/` for the sorters: rows, and the lines with the reasons.
#[derive(Default)]
pub(super) struct RejectBatch {
    pub(super) rows: Batch<RowKey>,
    pub(super) reasons: Batch<ReasonKey>,
}

/// A rejected row: its file, and its first byte and its end there.
pub(super) type RowKey = (u32, u64, u64);

/// A reason: the file, the first byte of the order there, and the id of the order.
pub(super) type ReasonKey = (u32, u64, u64);

impl RejectBatch {
    fn add(&mut self, record: &OrderRecord, result: &OrderResult, names: &InputNames) {
        // The range alone is the entry: the bytes are copied from the input when `rejects/` is
        // written.
        for row in &record.rows {
            self.rows.push((row.file.0, row.bytes.start, row.bytes.end), &[]);
        }
        for (file, first, line) in rejects::reasons(record, result, names) {
            self.reasons.push((file.0, first, record.id.0), &line);
        }
    }
}

impl PartialReport {
    /// Records the result of an order that was counted as read. Called once per order. `names` are
    /// the inputs' names by `FileId`.
    pub(super) fn record(&mut self, record: &OrderRecord, result: &OrderResult, names: &InputNames) {
        self.counters.record_result(record, result);
        if OrderNeedingAttention::needs_attention(result.outcome) {
            self.attention.push((record.id, OrderNeedingAttention::of(record, result, names)));
        }
        results::add_line(&mut self.results, record, result, names);
        self.result_ranges.push((record.id, self.results.len()));
        if result.outcome.is_rejected() {
            self.rejects.add(record, result, names);
        }
    }
}
