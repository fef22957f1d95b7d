//! Disposition of an order: derived from the order as this run reads it and from its history in the
//! ledger.
//!
//! It does no I/O and changes nothing: `history` looks orders up and calls it, and the caller of
//! `history` records problems, changes and results.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::spec::{ChangedExit, RunSpec};
use crate::{
    ledger::{self, ChangeState, ChangedOrder, OrderKey, OrderSnapshot, PriorState, ReferenceHistory},
    model::{
        money::{Amount, Money},
        order::OrderRecord,
        outcome::{AcceptedChange, OrderResult, Outcome},
        planned::{ContentHash, DedupHash, PlannedOrder},
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

    /// Returns the disposition of an order without history, valid or not.
    #[inline]
    pub(super) fn without_history(self, unsendable: Option<&Unsendable>) -> Disposition {
        match unsendable {
            Some(unsendable) => Disposition::Final(unsendable.result()),
            None if self.is_sending => Disposition::Send { is_uncertain: false },
            None => Disposition::Final(OrderResult::without_request(Outcome::Valid, None)),
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

/// What a run does with an order, and a problem that its history shows.
pub(super) struct Decision {
    pub(super) disposition: Disposition,
    pub(super) problem: Option<Problem>,
}

impl From<Disposition> for Decision {
    fn from(disposition: Disposition) -> Self {
        Self { disposition, problem: None }
    }
}

/// A valid order, as its history is compared with it.
// Methods instead of values: most orders have no history, and then their hashes are not computed.
pub(super) trait SendableOrder {
    fn ordered_at(&self) -> DateTime<Utc>;
    fn status(&self) -> &str;
    fn content(&self) -> ContentHash;
    fn dedup_hash(&self) -> DedupHash;
}

/// An order of a plan.
impl SendableOrder for PlannedOrder {
    fn ordered_at(&self) -> DateTime<Utc> {
        self.ordered_at
    }

    fn status(&self) -> &str {
        &self.status
    }

    fn content(&self) -> ContentHash {
        self.content
    }

    fn dedup_hash(&self) -> DedupHash {
        self.dedup_hash
    }
}

/// An order as this run reads it.
#[derive(Clone, Copy)]
pub(super) enum ReadOrder<'a> {
    Sendable {
        order: &'a dyn SendableOrder,
        /// Whether an equal order under an unrelated reference causes a warning: not if its time is
        /// only a date, and not a second time.
        warns_of_duplicate: bool,
    },
    Unsendable(&'a Unsendable),
}

impl ReadOrder<'_> {
    fn snapshot(&self, record: &OrderRecord) -> OrderSnapshot {
        let status = match self {
            Self::Sendable { order, .. } => Some(order.status().to_owned()),
            Self::Unsendable(order) => order.status.clone(),
        };
        OrderSnapshot { status, money: record.money.clone(), item_count: Some(record.item_count as u64) }
    }

    /// Returns why it is not sent; none for a valid order.
    fn cause(&self, record: &OrderRecord) -> Option<String> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(order) => Some(order.cause(record)),
        }
    }

    /// Returns its time. An order whose time is unparsable is assumed to be the only order of its
    /// reference in the ledger.
    fn ordered_at(&self, record: &OrderRecord, history: &ReferenceHistory) -> Option<DateTime<Utc>> {
        match self {
            Self::Sendable { order, .. } => Some(order.ordered_at()),
            Self::Unsendable(_) => record.ordered_at.or_else(|| history.single_order_time()),
        }
    }

    /// Returns the time by which its order is found if an earlier run sent it under another spelling
    /// of its reference. A valid order is found by its content instead.
    pub(super) fn identifying_time(&self, record: &OrderRecord) -> Option<DateTime<Utc>> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(order) => record.ordered_at.filter(|_| order.has_time_of_day),
        }
    }

    fn content(&self, history: &ReferenceHistory, ordered_at: DateTime<Utc>, record: &OrderRecord) -> ContentHash {
        let is_accepted = |content: &ContentHash| {
            let accepted = history.matching_accepted(ordered_at, Some(*content));
            accepted.is_some_and(|entry| entry.order.content == *content)
        };
        match self {
            Self::Sendable { order, .. } => order.content(),
            // The accepted one of two conflicting orders has not changed.
            Self::Unsendable(Unsendable { content: Some(content), .. }) if is_accepted(content) => *content,
            Self::Unsendable(order) => {
                let accepted = history.matching_accepted(ordered_at, None);
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

    /// Decides about an order without history, unless it is valid.
    fn if_new(self, rules: DispositionRules) -> Option<Decision> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(_) => Some(self.without_history(rules).into()),
        }
    }

    /// Returns the disposition of an order without history.
    pub(super) fn without_history(self, rules: DispositionRules) -> Disposition {
        match self {
            Self::Sendable { .. } => rules.without_history(None),
            Self::Unsendable(order) => rules.without_history(Some(order)),
        }
    }
}

/// Decides about an order, valid or not, by the history of its reference. None if it is valid and
/// new: then [`of_new`] decides.
// The history takes precedence over today's export: an acceptance cannot be undone, and reading the
// order again does not settle an unknown outcome.
pub(super) fn by_history(
    order: ReadOrder<'_>,
    record: &OrderRecord,
    history: &ReferenceHistory,
    rules: DispositionRules,
) -> Option<Decision> {
    if let ReadOrder::Unsendable(Unsendable { is_other_order: true, .. }) = order {
        return Some(order.without_history(rules).into());
    }
    let Some(ordered_at) = order.ordered_at(record, history).filter(|_| !history.attempts.is_empty()) else {
        return order.if_new(rules);
    };
    let content = order.content(history, ordered_at, record);
    let disposition = match (history.prior_state(ordered_at, content), order) {
        (PriorState::Changed, _) => of_changed(order, record, history, ordered_at, content, rules),
        (PriorState::Accepted, _) => without_request(Outcome::AlreadySent, "accepted by an earlier run".to_owned()),
        (PriorState::AcceptedMaybeTwice, _) => without_request(Outcome::AlreadySent, MAYBE_SENT_TWICE.to_owned()),
        (PriorState::AcceptedManually, _) => without_request(Outcome::AlreadySent, ACCEPTED_MANUALLY.to_owned()),
        (PriorState::Unknown, ReadOrder::Unsendable(unsendable)) => {
            let suffix = spelling_suffix(submitted_reference(history, record), record);
            let cause = unsendable.cause(record);
            without_request(
                Outcome::Unknown,
                format!("sent by an earlier run{suffix}, and no answer came; now {cause}"),
            )
        }
        (PriorState::Unknown, ReadOrder::Sendable { .. }) if !rules.resends_unknown => without_request(
            Outcome::Unknown,
            "sent by an earlier run, and no answer came; it is held until it is settled or resent".to_owned(),
        ),
        (PriorState::Unknown, ReadOrder::Sendable { .. }) if rules.is_sending => {
            Disposition::Send { is_uncertain: true }
        }
        (PriorState::ReferenceReused { ordered_at, is_accepted }, ReadOrder::Sendable { .. })
            if !rules.sends_reused_references =>
        {
            let attempt = if is_accepted { "was accepted" } else { "was sent and may have been accepted" };
            let message = format!("an order of this reference, ordered at {ordered_at}, {attempt} by an earlier run");
            return Some(invalid(Problem::for_order(Code::ReferenceReused, record.source, message)));
        }
        (PriorState::Unknown, ReadOrder::Sendable { .. }) => order.without_history(rules),
        (PriorState::ReferenceReused { .. } | PriorState::None, _) => return order.if_new(rules),
    };
    Some(disposition.into())
}

/// Decides about a valid order that is new under its reference. `equal` has the references of
/// orders with the same guest, time and amounts that earlier runs sent.
pub(super) fn of_new(
    order: ReadOrder<'_>,
    record: &OrderRecord,
    equal: &[String],
    rules: DispositionRules,
) -> Decision {
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
        return invalid(Problem::for_order(Code::DuplicateContent, record.source, message));
    }
    let warns_of_duplicate = matches!(order, ReadOrder::Sendable { warns_of_duplicate: true, .. });
    let repeated = others.first().filter(|_| warns_of_duplicate);
    let problem = repeated.map(|other| {
        let message = format!("an earlier run sent {other:?} with the same guest, time and amounts");
        Problem::for_order(Code::ContentRepeated, record.source, message)
    });
    Decision { disposition: order.without_history(rules), problem }
}

/// Returns the reference under which the order was sent.
fn submitted_reference<'h>(history: &'h ReferenceHistory, record: &'h OrderRecord) -> &'h str {
    history.attempts.first().map_or(&record.reference, |entry| &entry.order.reference)
}

fn spelling_suffix(sent: &str, record: &OrderRecord) -> String {
    if sent == record.reference { String::new() } else { format!(" as {sent:?}") }
}

fn invalid(problem: Problem) -> Decision {
    let disposition = Disposition::Final(OrderResult::without_request(Outcome::Invalid, None));
    Decision { disposition, problem: Some(problem) }
}

fn without_request(outcome: Outcome, reason: String) -> Disposition {
    Disposition::Final(OrderResult::without_request(outcome, Some(reason)))
}

/// Returns the disposition of an accepted order that differs in today's export.
fn of_changed(
    order: ReadOrder<'_>,
    record: &OrderRecord,
    history: &ReferenceHistory,
    ordered_at: DateTime<Utc>,
    content: ContentHash,
    rules: DispositionRules,
) -> Disposition {
    let accepted = history.matching_accepted(ordered_at, Some(content));
    let was = accepted.map(|entry| entry.snapshot.clone()).unwrap_or_default();
    let key = OrderKey { reference: submitted_reference(history, record).to_owned(), ordered_at, content };
    let change = ChangedOrder { order: key, cause: order.cause(record), snapshot: order.snapshot(record) };
    let description = match &change.cause {
        Some(cause) => {
            let suffix = spelling_suffix(&change.order.reference, record);
            format!("accepted by an earlier run{suffix}, now {cause}")
        }
        None => "accepted by an earlier run with other content".to_owned(),
    };
    let state = history.change_state(content);
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
