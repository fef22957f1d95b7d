//! Changed orders: accepted by an earlier run, and different in this export.
//!
//! The service cannot update an order, so a change is reported and recorded. Called by `decide`.

use chrono::{DateTime, Utc};

use super::{
    decision::Disposition,
    read_order::ReadOrder,
    rules::{ChangedExit, DispositionRules},
};
use crate::{
    ledger::{ChangeState, ChangedOrder, OrderKey, OrderSnapshot, ReferenceHistory},
    model::{
        money::{Amount, Money},
        order::OrderRecord,
        outcome::{AcceptedChange, OrderResult, Outcome},
        planned::ContentHash,
    },
};

/// Returns the disposition of an accepted order that differs in today's export.
pub(super) fn of_changed(
    order: ReadOrder<'_>,
    record: &OrderRecord,
    history: &ReferenceHistory,
    ordered_at: DateTime<Utc>,
    content: ContentHash,
    rules: DispositionRules,
) -> Disposition {
    let accepted = history.matching_accepted(ordered_at, Some(content));
    let was = accepted.map(|entry| entry.snapshot.clone()).unwrap_or_default();
    let key = OrderKey {
        reference: submitted_reference(history, record).to_owned(),
        ordered_at,
        content,
    };
    let change =
        ChangedOrder { order: key, cause: order.cause(record), snapshot: order.snapshot(record) };
    let description = match &change.cause {
        Some(cause) => {
            let suffix = spelling_suffix(&change.order.reference, record);
            format!("accepted by an earlier run{suffix}, now {cause}")
        }
        None => "accepted by an earlier run with other content".to_owned(),
    };
    let state = history.change_state(content);
    if state == ChangeState::Acknowledged {
        return Disposition::without_request(
            Outcome::AlreadySent,
            format!("{description}, acknowledged manually"),
        );
    }
    let description = if change.cause.is_none() {
        description + ", which cannot be updated"
    } else {
        description
    };
    let totals =
        was.money.clone().and_then(|was| order.exported_total(&was, record).map(|now| (was, now)));
    let details = [
        was.differences(&change.snapshot),
        totals.as_ref().map(difference_text).unwrap_or_default(),
    ];
    let known_details: Vec<_> = details.into_iter().filter(|detail| !detail.is_empty()).collect();
    let reason = if known_details.is_empty() {
        description
    } else {
        format!("{description}: {}", known_details.join("; "))
    };
    let what = what_changed(&change, &was, totals.as_ref());
    let sets_exit_code = state == ChangeState::New || rules.changed_exit == ChangedExit::Always;
    let accepted_change = Some(Box::new(AcceptedChange { sets_exit_code, what, totals }));
    let result = OrderResult {
        change: accepted_change,
        ..OrderResult::without_request(Outcome::Changed, Some(reason))
    };
    Disposition::Changed(result, Box::new(change))
}

/// Returns what is other now, without the values of this order, so that equal changes count as one.
fn what_changed(
    change: &ChangedOrder,
    was: &OrderSnapshot,
    totals: Option<&(Money, Money)>,
) -> String {
    let (now, status) = (&change.snapshot, change.snapshot.status.as_ref());
    if let Some(cause) = &change.cause {
        // The codes behind `invalid` are those of one order; a rule is that of many.
        let cause = if cause.starts_with("invalid: ") { "invalid" } else { cause };
        return format!("{cause} since it was accepted");
    }
    match status.filter(|now| was.status.as_ref().is_some_and(|was| was != *now)) {
        Some(status) => format!("the status is {status} now"),
        None if totals.is_some_and(|(was, now)| was != now) => "the amount is another now".into(),
        None if was.item_count.is_some() && was.item_count != now.item_count => {
            "the items changed".into()
        }
        None => "the content changed".into(),
    }
}

/// Describes how much more or less the service holds than the export. Empty for two currencies, and
/// for totals with too many digits to subtract.
fn difference_text((was, now): &(Money, Money)) -> String {
    let more =
        was.amount.checked_add(Amount(-now.amount.0)).filter(|_| was.currency == now.currency);
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

/// Returns the reference under which the order was sent.
pub(super) fn submitted_reference<'h>(
    history: &'h ReferenceHistory,
    record: &'h OrderRecord,
) -> &'h str {
    history.attempts.first().map_or(&record.reference, |entry| &entry.order.reference)
}

/// Returns the reference under which an order was sent, as a part of a sentence; empty if it is the
/// same.
pub(super) fn spelling_suffix(sent: &str, record: &OrderRecord) -> String {
    if sent == record.reference { String::new() } else { format!(" as {sent:?}") }
}
