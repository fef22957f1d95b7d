//! Disposition of an order: derived from the order as this run reads it and from its history in the
//! ledger.
//!
//! It does no I/O and changes nothing. `history` calls it with the histories that were looked up.

use super::{
    changed::{of_changed, spelling_suffix, submitted_reference},
    decision::{Decision, Disposition},
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{PriorState, ReferenceHistory},
    model::{
        order::OrderRecord,
        outcome::{HeldFor, OrderResult, Outcome},
        problem::{Code, Problem},
        reference::normalize_reference,
        unsendable::Unsendable,
    },
};

/// Reason of an accepted order with another attempt of unknown outcome.
// The run that sent it again may have been killed before it reported that.
const MAYBE_SENT_TWICE: &str = "accepted by an earlier run, and the outcome of another attempt is \
    unknown: it may be there twice";

/// Returns the result of an order that an earlier run sent and that was accepted with the same
/// content.
#[must_use]
pub fn accepted_before() -> OrderResult {
    let reason = Some("accepted by an earlier run".to_owned());
    OrderResult::without_request(Outcome::AlreadySent, reason)
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
    let Some(ordered_at) =
        order.ordered_at(record, history).filter(|_| !history.attempts.is_empty())
    else {
        return order.if_new(rules);
    };
    let content = order.content(history, ordered_at, record);
    let disposition = match (history.prior_state(ordered_at, content), order) {
        (PriorState::Changed, _) => of_changed(order, record, history, ordered_at, content, rules),
        (PriorState::Accepted, _) => Disposition::Final(accepted_before()),
        (PriorState::AcceptedMaybeTwice, _) => {
            Disposition::without_request(Outcome::AlreadySent, MAYBE_SENT_TWICE.to_owned())
        }
        (PriorState::AcceptedManually, _) => {
            let reason = Some("settled manually as accepted".to_owned());
            Disposition::Final(OrderResult {
                // A manual settlement can be reversed.
                held_for: Some(HeldFor::Settlement),
                ..OrderResult::without_request(Outcome::AlreadySent, reason)
            })
        }
        (PriorState::Unknown, ReadOrder::Unsendable(unsendable)) => {
            let suffix = spelling_suffix(submitted_reference(history, record), record);
            let cause = unsendable.cause(record);
            Disposition::without_request(
                Outcome::Unknown,
                format!("sent by an earlier run{suffix}, and no answer came; now {cause}"),
            )
        }
        (PriorState::Unknown, ReadOrder::Sendable { .. }) if !rules.resends_unknown => {
            Disposition::without_request(
                Outcome::Unknown,
                "sent by an earlier run, and no answer came; it is held until it is settled or resent"
                    .to_owned(),
            )
        }
        (PriorState::Unknown, ReadOrder::Sendable { .. }) if rules.is_sending => {
            Disposition::Send { is_uncertain: true }
        }
        (PriorState::ReferenceReused { ordered_at, is_accepted }, ReadOrder::Sendable { .. })
            if !rules.sends_reused_references =>
        {
            let attempt =
                if is_accepted { "was accepted" } else { "was sent and may have been accepted" };
            let message = format!(
                "an order of this reference, ordered at {ordered_at}, {attempt} by an earlier run"
            );
            return Some(Decision::invalid(Problem::for_order(
                Code::ReferenceReused,
                record.source,
                message,
            )));
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
    if let Some(other) = others
        .iter()
        .find(|other| normalize_reference(other) == normalize_reference(&record.reference))
    {
        let message = format!(
            "{:?} here, but an earlier run sent {other:?} with the same guest, time and amounts: \
             one order, its reference spelt in two ways",
            record.reference
        );
        return Decision::invalid(Problem::for_order(
            Code::DuplicateContent,
            record.source,
            message,
        ));
    }
    let warns_of_duplicate = matches!(order, ReadOrder::Sendable { warns_of_duplicate: true, .. });
    let repeated = others.first().filter(|_| warns_of_duplicate && rules.warns_of_repeated_content);
    let problem = repeated.map(|other| {
        let message =
            format!("an earlier run sent {other:?} with the same guest, time and amounts");
        Problem::for_order(Code::ContentRepeated, record.source, message)
    });
    Decision { disposition: order.without_history(rules), problem }
}
