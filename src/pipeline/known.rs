//! What is to be said of an order before anything is sent: by its check, and by what earlier runs did with it.

use super::{Job, RunError};
use crate::{
    event::canonical,
    ledger::{self, Known, Ledger, OrderKey},
    model::{
        order::{Checked, Order, Verdict},
        outcome::{Outcome, Settled},
        problem::{Code, Problem},
    },
};

/// What became of an order that is not to be sent; nothing for one that is.
pub(super) fn settled(
    checked: &mut Checked,
    ledger: Option<&dyn Ledger>,
    job: &Job<'_>,
) -> Result<Option<Settled>, RunError> {
    let order = match &checked.verdict {
        Verdict::Skipped(reason) => return Ok(Some(Settled::unsent(Outcome::Skipped, Some(reason.to_string())))),
        Verdict::Invalid => return Ok(Some(Settled::unsent(Outcome::Invalid, None))),
        Verdict::Valid(order) => order,
    };
    let unsent = |outcome, words: &str| Some(Settled::unsent(outcome, Some(words.to_owned())));
    Ok(match known(order, ledger)? {
        Known::Accepted => unsent(Outcome::AlreadySent, "accepted by an earlier run"),
        Known::AcceptedByHand => unsent(Outcome::AlreadySent, "settled by hand as accepted"),
        Known::Acknowledged => {
            unsent(Outcome::AlreadySent, "accepted by an earlier run with other content, acknowledged by hand")
        }
        Known::Changed => {
            unsent(Outcome::Changed, "accepted by an earlier run with other content, which cannot be updated")
        }
        Known::Unknown if !job.sending.as_ref().is_some_and(|sending| sending.resends_unknown) => {
            unsent(Outcome::Unknown, "sent by an earlier run, and no answer came; it is held")
        }
        Known::ReferenceReused(made) if !job.validate.sends_reused_references => {
            let words = format!("an order of this reference, made at {made}, was accepted by an earlier run");
            checked.record.problems.push(Problem::of_order(Code::ReferenceReused, checked.record.source, words));
            checked.verdict = Verdict::Invalid;
            Some(Settled::unsent(Outcome::Invalid, None))
        }
        Known::ReferenceReused(_) | Known::Unknown | Known::Nothing => {
            job.sending.is_none().then(|| Settled::unsent(Outcome::Valid, None))
        }
    })
}

fn known(order: &Order, ledger: Option<&dyn Ledger>) -> Result<Known, RunError> {
    let Some(ledger) = ledger else { return Ok(Known::Nothing) };
    let entries = ledger.history(&order.reference)?;
    if entries.is_empty() {
        return Ok(Known::Nothing);
    }
    let key = key(order);
    match ledger::known(&entries, key.ordered_at, key.content) {
        Known::Changed if ledger.is_acknowledged(&key)? => Ok(Known::Acknowledged),
        known => Ok(known),
    }
}

/// An order as the ledger knows it.
pub(super) fn key(order: &Order) -> OrderKey {
    let (reference, ordered_at) = (order.reference.clone(), order.ordered_at);
    OrderKey { reference, ordered_at, content: canonical::content_hash(order) }
}
