//! Disposition of an order: derived from the order as this run reads it and from its history in the
//! ledger.
//!
//! It writes nothing: the caller records changes and results. Called by `triage` for every order of
//! an export, and by `resume` for the orders of a saved plan.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    error::RunError,
    spec::{ChangedExit, RunSpec},
};
use crate::{
    ledger::{
        self, ChangeState, ChangedOrder, HistoryEntry, Intent, Ledger, LedgerError, OrderKey, OrderSnapshot, PriorState,
    },
    model::{
        money::{Amount, Money},
        order::OrderRecord,
        outcome::{AcceptedChange, OrderResult, Outcome},
        planned::{ContentHash, DedupHash, PlannedGuest, PlannedOrder},
        problem::{Code, Problem},
        reference::normalize_reference,
        unsendable::Unsendable,
    },
};

/// Reason of an accepted order with another attempt of unknown outcome.
// The run that sent it again may have been killed before it reported that.
const MAYBE_SENT_TWICE: &str =
    "accepted by an earlier run, and the outcome of another attempt is unknown: it may be there twice";

/// Reason of an order that the operator settled as accepted.
// A manual settlement can be reversed, so a later run may send the order.
pub(super) const ACCEPTED_MANUALLY: &str = "settled manually as accepted";

/// Options of the run that decide about orders in the ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct DispositionRules {
    is_sending: bool,
    resends_unknown: bool,
    sends_reused_references: bool,
    changed_exit: ChangedExit,
}

impl DispositionRules {
    pub(super) fn of(spec: &RunSpec<'_>) -> Self {
        Self {
            is_sending: spec.send.is_some(),
            resends_unknown: spec.send.as_ref().is_some_and(|send_spec| send_spec.resends_unknown),
            sends_reused_references: spec.validate.sends_reused_references,
            changed_exit: spec.changed_exit,
        }
    }
}

/// What a run does with an order.
pub(super) enum Disposition {
    /// It is not sent; its result.
    Final(OrderResult),
    /// It is not sent, and the ledger records that it changed after its acceptance.
    Changed(OrderResult, Box<ChangedOrder>),
    /// It is sent. Uncertain if an earlier run sent it with unknown outcome: the service may have
    /// it.
    Send { is_uncertain: bool },
}

/// A valid order, reduced to what its history is compared with.
// The hashes are functions: most orders have no history, so that there is nothing to compare them
// with.
pub(super) struct Sendable<'a> {
    pub(super) ordered_at: DateTime<Utc>,
    pub(super) status: &'a str,
    pub(super) content: &'a dyn Fn() -> ContentHash,
    pub(super) dedup_hash: &'a dyn Fn() -> DedupHash,
    /// Whether an equal order under an unrelated reference causes a warning: not if its time is
    /// only a date, and not a second time.
    pub(super) warns_of_duplicate: &'a dyn Fn() -> bool,
}

/// An order as this run reads it.
pub(super) enum ReadOrder<'a> {
    Sendable(Sendable<'a>),
    Unsendable(&'a Unsendable),
}

impl ReadOrder<'_> {
    fn snapshot(&self, record: &OrderRecord) -> OrderSnapshot {
        let status = match self {
            Self::Sendable(order) => Some(order.status.to_owned()),
            Self::Unsendable(order) => order.status.clone(),
        };
        OrderSnapshot { status, money: record.money.clone(), item_count: Some(record.item_count as u64) }
    }

    /// Returns why it is not sent; none for a valid order.
    fn cause(&self, record: &OrderRecord) -> Option<String> {
        match self {
            Self::Sendable(_) => None,
            Self::Unsendable(order) => Some(order.cause(record)),
        }
    }

    /// Returns its time. An order whose time is unparsable is assumed to be the only order of its
    /// reference in the ledger.
    fn ordered_at(&self, record: &OrderRecord, entries: &[HistoryEntry]) -> Option<DateTime<Utc>> {
        match self {
            Self::Sendable(order) => Some(order.ordered_at),
            Self::Unsendable(_) => record.ordered_at.or_else(|| ledger::single_order_time(entries)),
        }
    }

    fn content(&self, entries: &[HistoryEntry], ordered_at: DateTime<Utc>, record: &OrderRecord) -> ContentHash {
        let is_accepted = |content: &ContentHash| {
            let accepted = ledger::matching_accepted(entries, ordered_at, Some(*content));
            accepted.is_some_and(|entry| entry.order.content == *content)
        };
        match self {
            Self::Sendable(order) => (order.content)(),
            // The accepted one of two conflicting orders has not changed.
            Self::Unsendable(Unsendable { content: Some(content), .. }) if is_accepted(content) => *content,
            Self::Unsendable(order) => {
                let accepted = ledger::matching_accepted(entries, ordered_at, None);
                let accepted_at = accepted.map_or(ordered_at, |entry| entry.order.ordered_at);
                ledger::unsent_change_hash(accepted_at, &order.reasons(record), &self.snapshot(record))
            }
        }
    }

    /// Returns its total in the export; zero for an order that a rule skips, none if it is
    /// unparsable.
    fn exported_total(&self, was: &Money, record: &OrderRecord) -> Option<Money> {
        match self {
            Self::Unsendable(Unsendable { rule: Some(_), .. }) => {
                Some(Money { amount: Amount(Decimal::ZERO), ..was.clone() })
            }
            _ => record.money.clone(),
        }
    }

    /// Returns the disposition of an order without history.
    #[inline]
    pub(super) fn disposition(&self, rules: DispositionRules) -> Disposition {
        match self {
            Self::Sendable(_) if rules.is_sending => Disposition::Send { is_uncertain: false },
            Self::Sendable(_) => Disposition::Final(OrderResult::without_request(Outcome::Valid, None)),
            Self::Unsendable(order) => Disposition::Final(order.result()),
        }
    }
}

/// Moves those orders of a planned guest to its results that were sent after they had been planned,
/// or that must not be sent now. `on_change` receives the orders that changed after their
/// acceptance.
pub(super) fn settle_by_history(
    guest: &mut PlannedGuest,
    ledger: &dyn Ledger,
    rules: DispositionRules,
    on_change: &dyn Fn(Box<ChangedOrder>),
) -> Result<(), RunError> {
    for mut order in std::mem::take(&mut guest.orders) {
        let (content, dedup_hash) = (|| order.content, || order.dedup_hash);
        let sendable = Sendable {
            ordered_at: order.ordered_at,
            status: &order.status,
            content: &content,
            dedup_hash: &dedup_hash,
            warns_of_duplicate: &|| false,
        };
        match decide(&ReadOrder::Sendable(sendable), &mut order.record, ledger, rules)? {
            Disposition::Final(result) => guest.results.push((order.record, result)),
            Disposition::Changed(result, change) => {
                on_change(change);
                guest.results.push((order.record, result));
            }
            Disposition::Send { is_uncertain } => {
                guest.orders.push(PlannedOrder { is_uncertain, held_result: None, ..order });
            }
        }
    }
    Ok(())
}

/// Decides what to do with an order, valid or not.
// The history takes precedence over today's export: an acceptance cannot be undone, and reading the
// order again does not settle an unknown outcome.
pub(super) fn decide(
    order: &ReadOrder<'_>,
    record: &mut OrderRecord,
    ledger: &dyn Ledger,
    rules: DispositionRules,
) -> Result<Disposition, LedgerError> {
    if let ReadOrder::Unsendable(Unsendable { is_other_order: true, .. }) = order {
        return Ok(order.disposition(rules));
    }
    let entries = match order {
        ReadOrder::Sendable(_) => ledger.history(&record.reference)?,
        ReadOrder::Unsendable(order) => history_of_any_spelling(record, order.has_time_of_day, ledger)?,
    };
    let Some(ordered_at) = order.ordered_at(record, &entries).filter(|_| !entries.is_empty()) else {
        return disposition_of_new(order, record, ledger, rules);
    };
    let content = order.content(&entries, ordered_at, record);
    Ok(match (ledger::prior_state(&entries, ordered_at, content), order) {
        (PriorState::Changed, _) => {
            let accepted = ledger::matching_accepted(&entries, ordered_at, Some(content));
            let was = accepted.map(|entry| entry.snapshot.clone()).unwrap_or_default();
            let key = OrderKey { reference: submitted_reference(&entries, record), ordered_at, content };
            let state = ledger.change_state(&key)?;
            disposition_of_changed(order, record, key, &was, state, rules)
        }
        (PriorState::Accepted, _) => without_request(Outcome::AlreadySent, "accepted by an earlier run".to_owned()),
        (PriorState::AcceptedMaybeTwice, _) => without_request(Outcome::AlreadySent, MAYBE_SENT_TWICE.to_owned()),
        (PriorState::AcceptedManually, _) => without_request(Outcome::AlreadySent, ACCEPTED_MANUALLY.to_owned()),
        (PriorState::Unknown, ReadOrder::Unsendable(order)) => {
            let (suffix, cause) =
                (spelling_suffix(&submitted_reference(&entries, record), record), order.cause(record));
            without_request(
                Outcome::Unknown,
                format!("sent by an earlier run{suffix}, and no answer came; now {cause}"),
            )
        }
        (PriorState::Unknown, ReadOrder::Sendable(_)) if !rules.resends_unknown => without_request(
            Outcome::Unknown,
            "sent by an earlier run, and no answer came; it is held until it is settled or resent".to_owned(),
        ),
        (PriorState::Unknown, ReadOrder::Sendable(_)) if rules.is_sending => Disposition::Send { is_uncertain: true },
        (PriorState::ReferenceReused { ordered_at, is_accepted }, ReadOrder::Sendable(_))
            if !rules.sends_reused_references =>
        {
            let attempt = if is_accepted { "was accepted" } else { "was sent and may have been accepted" };
            let message = format!("an order of this reference, ordered at {ordered_at}, {attempt} by an earlier run");
            record.problems.push(Problem::for_order(Code::ReferenceReused, record.source, message));
            Disposition::Final(OrderResult::without_request(Outcome::Invalid, None))
        }
        (PriorState::Unknown, ReadOrder::Sendable(_)) => order.disposition(rules),
        (PriorState::ReferenceReused { .. } | PriorState::None, _) => {
            return disposition_of_new(order, record, ledger, rules);
        }
    })
}

/// Returns the history of an order. If there is none near its time under its reference, returns
/// that of an order with exactly the same time whose reference differs only in spelling, as
/// spreadsheets change it.
// A date without a time of day is shared by too many orders to identify one.
pub(super) fn history_of_any_spelling(
    record: &OrderRecord,
    has_time_of_day: bool,
    ledger: &dyn Ledger,
) -> Result<Vec<HistoryEntry>, LedgerError> {
    let entries = ledger.history(&record.reference)?;
    let Some(ordered_at) = record.ordered_at.filter(|_| has_time_of_day && !record.reference.is_empty()) else {
        return Ok(entries);
    };
    if ledger::has_order_near(&entries, ordered_at) {
        return Ok(entries);
    }
    let normalized = normalize_reference(&record.reference);
    for other in ledger.references_by_time(ordered_at)? {
        if normalize_reference(&other) == normalized {
            let mut respelled = ledger.history(&other)?;
            respelled.retain(|entry| entry.order.ordered_at == ordered_at);
            return Ok(respelled);
        }
    }
    Ok(entries)
}

/// Returns the reference under which the order was sent.
fn submitted_reference(entries: &[HistoryEntry], record: &OrderRecord) -> String {
    entries.first().map_or(&record.reference, |entry| &entry.order.reference).clone()
}

fn spelling_suffix(sent: &str, record: &OrderRecord) -> String {
    if sent == record.reference { String::new() } else { format!(" as {sent:?}") }
}

/// Returns the disposition of an order without history under its reference. The ledger may have it
/// under another one.
fn disposition_of_new(
    order: &ReadOrder<'_>,
    record: &mut OrderRecord,
    ledger: &dyn Ledger,
    rules: DispositionRules,
) -> Result<Disposition, LedgerError> {
    let ReadOrder::Sendable(sendable) = order else { return Ok(order.disposition(rules)) };
    let equal = ledger.references_by_dedup_hash((sendable.dedup_hash)())?;
    let others: Vec<_> = equal.iter().filter(|other| **other != record.reference).collect();
    // A spreadsheet makes 1001 of 000001001, and then 1001.0: without this check, such an order was
    // accepted three times.
    if let Some(other) =
        others.iter().find(|other| normalize_reference(other) == normalize_reference(&record.reference))
    {
        let message = format!(
            "{:?} here, but an earlier run sent {other:?} with the same guest, time and amounts: one order, its \
             reference spelt in two ways",
            record.reference
        );
        record.problems.push(Problem::for_order(Code::DuplicateContent, record.source, message));
        return Ok(Disposition::Final(OrderResult::without_request(Outcome::Invalid, None)));
    }
    if let Some(other) = others.first().filter(|_| (sendable.warns_of_duplicate)()) {
        let message = format!("an earlier run sent {other:?} with the same guest, time and amounts");
        record.problems.push(Problem::for_order(Code::ContentRepeated, record.source, message));
    }
    Ok(order.disposition(rules))
}

fn without_request(outcome: Outcome, reason: String) -> Disposition {
    Disposition::Final(OrderResult::without_request(outcome, Some(reason)))
}

/// Returns the disposition of an accepted order that differs in today's export.
fn disposition_of_changed(
    order: &ReadOrder<'_>,
    record: &OrderRecord,
    key: OrderKey,
    was: &OrderSnapshot,
    state: ChangeState,
    rules: DispositionRules,
) -> Disposition {
    let change = ChangedOrder { order: key, cause: order.cause(record), snapshot: order.snapshot(record) };
    let description = match &change.cause {
        Some(cause) => {
            let suffix = spelling_suffix(&change.order.reference, record);
            format!("accepted by an earlier run{suffix}, now {cause}")
        }
        None => "accepted by an earlier run with other content".to_owned(),
    };
    if state == ChangeState::Acknowledged {
        return without_request(Outcome::AlreadySent, format!("{description}, acknowledged manually"));
    }
    let description = if change.cause.is_none() { description + ", which cannot be updated" } else { description };
    let totals = was.money.clone().and_then(|was| order.exported_total(&was, record).map(|now| (was, now)));
    let details = [was.differences(&change.snapshot), totals.as_ref().map(difference_text).unwrap_or_default()];
    let known_details: Vec<_> = details.into_iter().filter(|detail| !detail.is_empty()).collect();
    let reason =
        if known_details.is_empty() { description } else { format!("{description}: {}", known_details.join("; ")) };
    let sets_exit_code = state == ChangeState::New || rules.changed_exit == ChangedExit::Always;
    let accepted_change = Some(Box::new(AcceptedChange { sets_exit_code, totals }));
    let result =
        OrderResult { change: accepted_change, ..OrderResult::without_request(Outcome::Changed, Some(reason)) };
    Disposition::Changed(result, Box::new(change))
}

/// Describes how much more or less the service holds than the export. Empty for two currencies, and
/// for totals with too many digits to subtract.
fn difference_text((was, now): &(Money, Money)) -> String {
    let more = was.amount.checked_add(Amount(-now.amount.0)).filter(|_| was.currency == now.currency);
    match more {
        Some(Amount(more)) if more.is_sign_positive() && !more.is_zero() => {
            format!("the service holds {more} {} more than the export", was.currency)
        }
        Some(Amount(less)) if !less.is_zero() => {
            format!("the service holds {} {} less than the export", -less, was.currency)
        }
        _ => String::new(),
    }
}

/// Returns the intent of a planned order, which the ledger records before the order is sent.
pub(super) fn intent(order: &PlannedOrder) -> Intent {
    Intent {
        order: OrderKey {
            reference: order.record.reference.clone(),
            ordered_at: order.ordered_at,
            content: order.content,
        },
        status: order.status.clone(),
        money: order.record.money.clone(),
        item_count: order.record.item_count,
        dedup_hash: Some(order.dedup_hash),
    }
}
