//! What is to be done with an order, by its check and by what earlier runs did with it.

use super::{Job, RunError};
use crate::{
    ledger::{self, Intent, Known, Ledger, LedgerError, OrderKey},
    model::{
        order::OrderRecord,
        outcome::{Outcome, Settled},
        planned::{PlannedGuest, PlannedOrder},
        problem::{Code, Problem},
    },
};

/// The run that sent it again may have been killed before it said so.
const SENT_TWICE: &str = "accepted by an earlier run, and of another sending nobody knows: it may be there twice";

/// What decides about orders that the ledger knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    is_sending: bool,
    resends_unknown: bool,
    sends_reused_references: bool,
}

impl Rules {
    pub(super) fn of(job: &Job<'_>) -> Self {
        Self {
            is_sending: job.sending.is_some(),
            resends_unknown: job.sending.as_ref().is_some_and(|sending| sending.resends_unknown),
            sends_reused_references: job.validate.sends_reused_references,
        }
    }
}

/// What is to be done with an order.
pub(super) enum Fate {
    /// Nothing.
    Settled(Settled),
    /// It is sent. It may be there already if an earlier run sent it and nobody knows what came of that.
    Sent { may_be_there: bool },
}

/// Settles those of a planned guest's orders that have been sent since they were planned, or may not be sent now.
pub(super) fn settle_known(guest: &mut PlannedGuest, ledger: &dyn Ledger, rules: Rules) -> Result<(), RunError> {
    for mut order in std::mem::take(&mut guest.orders) {
        let known = known_of(&order.record.reference, || key_of_planned(&order), ledger)?;
        if known == Known::Changed {
            ledger.note_changed(&[key_of_planned(&order)])?;
        }
        match fate_by(known, &mut order.record, rules) {
            Fate::Settled(settled) => guest.settled.push((order.record, settled)),
            Fate::Sent { may_be_there } => guest.orders.push(PlannedOrder { may_be_there, held: None, ..order }),
        }
    }
    Ok(())
}

/// What is to be done with a valid order of which the ledger knows this.
pub(super) fn fate_by(known: Known, record: &mut OrderRecord, rules: Rules) -> Fate {
    match known {
        Known::Accepted => unsent(Outcome::AlreadySent, "accepted by an earlier run"),
        Known::AcceptedInDoubt => unsent(Outcome::AlreadySent, SENT_TWICE),
        Known::AcceptedByHand => unsent(Outcome::AlreadySent, "settled by hand as accepted"),
        Known::Acknowledged => {
            unsent(Outcome::AlreadySent, "accepted by an earlier run with other content, acknowledged by hand")
        }
        Known::Changed => {
            unsent(Outcome::Changed, "accepted by an earlier run with other content, which cannot be updated")
        }
        Known::Unknown if !rules.resends_unknown => {
            unsent(Outcome::Unknown, "sent by an earlier run, and no answer came; it is held")
        }
        Known::ReferenceReused { ordered_at, is_accepted } if !rules.sends_reused_references => {
            let what = if is_accepted { "was accepted" } else { "was sent and may have been accepted" };
            let message = format!("an order of this reference, ordered at {ordered_at}, {what} by an earlier run");
            record.problems.push(Problem::of_order(Code::ReferenceReused, record.source, message));
            Fate::Settled(Settled::unsent(Outcome::Invalid, None))
        }
        Known::ReferenceReused { .. } | Known::Unknown | Known::Nothing if !rules.is_sending => {
            Fate::Settled(Settled::unsent(Outcome::Valid, None))
        }
        Known::ReferenceReused { .. } | Known::Nothing => Fate::Sent { may_be_there: false },
        Known::Unknown => Fate::Sent { may_be_there: true },
    }
}

fn unsent(outcome: Outcome, words: &str) -> Fate {
    Fate::Settled(Settled::unsent(outcome, Some(words.to_owned())))
}

/// The key, and with it the hash of the content, is made only where there is something to compare it with.
pub(super) fn known_of(
    reference: &str,
    key: impl FnOnce() -> OrderKey,
    ledger: &dyn Ledger,
) -> Result<Known, LedgerError> {
    let entries = ledger.history(reference)?;
    if entries.is_empty() {
        return Ok(Known::Nothing);
    }
    let key = key();
    match ledger::known(&entries, key.ordered_at, key.content) {
        Known::Changed if ledger.is_acknowledged(&key)? => Ok(Known::Acknowledged),
        known => Ok(known),
    }
}

/// A planned order as the ledger records it before it is sent.
pub(super) fn intent(order: &PlannedOrder) -> Intent {
    Intent {
        order: key_of_planned(order),
        status: order.status.clone(),
        money: order.record.money.clone(),
        n_items: order.record.n_items,
        likeness: Some(order.likeness),
    }
}

/// A planned order as the ledger knows it.
pub(super) fn key_of_planned(order: &PlannedOrder) -> OrderKey {
    let (reference, ordered_at) = (order.record.reference.clone(), order.ordered_at);
    OrderKey { reference, ordered_at, content: order.content }
}
