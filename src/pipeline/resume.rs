//! Goes on with the plan of an earlier run, without its export and without holding more of the plan than is being sent.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use super::{
    Account, Finished, Job, Progress, Refusal, RunError, Sending, Tell,
    age::{Age, Old},
    known::{self, Fate, ReadOrder},
    mark_reported,
    reading::files::Files,
    report_sent,
    saved::{self, About, Guests, LeftOutOrder, Saved},
    send,
};
use crate::{
    event::extension::types_sent,
    ledger::{ChangedOrder, GroupCommit, Ledger, SqliteLedger, TargetHash, Write},
    model::{
        field::{ExtensionType, ExtensionTypes},
        order::OrderRecord,
        outcome::{Outcome, Settled},
        planned::{GuestParts, PlannedGuest, PlannedOrder},
        problem::{Code, Problem},
        recipe::Recipe,
    },
    plan::PlanError,
    report::{ReportError, folder::RunFolder},
    validate,
};

/// Sends what is left of a plan. The outcomes are those of a run from the export.
pub(super) fn resume(
    plan: Saved,
    folder: &RunFolder,
    spec: &Job<'_>,
    send_spec: &Sending<'_>,
    emit: Tell<'_>,
) -> Result<Finished, RunError> {
    let Saved { about: header, guests, folder: origin } = plan;
    // Opened before anything is sent: what was left out shall be told too.
    let unplanned = saved::left_out(&origin)?;
    saved::write_elsewhere(folder, &origin)?;
    let files = Files { are_of_another_run: true, ..header.files.clone() };
    let mut recorder = Account::open(spec, folder, files.clone())?;
    recorder.note(files, &header.notes);
    (recorder.counts.n_items, recorder.n_guests) = (header.n_items, header.n_guests);
    let ledger = match may_send(&header, &origin, spec, send_spec, emit) {
        Ok(ledger) => ledger,
        Err(refusal) => return refuse(&refusal, guests, &origin, recorder, spec, folder),
    };
    emit(Progress::Sending(header.n_requests));
    let guests = from_first_unsent(guests, &origin, spec, &ledger)?;
    let reader = ledger.reader()?;
    let (backfill_guard, rules, validate) = (Age::of(spec), known::Rules::of(spec), spec.validate.clone());
    let types = Arc::new(ledger.extension_types()?);
    let guests = |commits: GroupCommit| {
        let guests = unknown_to(Some(reader), guests, rules, move |change| commits.note(Write::NoteChange(change)));
        guests.map(move |guest| {
            let (validate, types) = (validate.clone(), Arc::clone(&types));
            guest.each(move |part| {
                Ok(without_other_types(without_too_slow(without_old(part, backfill_guard), &validate), &types))
            })
        })
    };
    let mut sent = send::send(guests, ledger, spec, send_spec, &mut recorder, add_and_settle, emit)?;
    settle_left_out(unplanned, sent.ledger.as_mut(), rules, &mut recorder).map_err(RunError::after_sending)?;
    let finished = report_sent(recorder, spec, folder, sent.stopped, emit).map_err(RunError::after_sending)?;
    mark_reported(sent.ledger, &finished, emit);
    Ok(finished)
}

/// The ledger, held for this run, if the plan is for its target and has the go-ahead that it needs.
fn may_send(
    about: &About,
    origin: &Path,
    job: &Job<'_>,
    sending: &Sending<'_>,
    tell: Tell<'_>,
) -> Result<SqliteLedger, Refusal> {
    let is_for_target = sending.sandbox.is_some() || about.target == TargetHash::of(&job.validate.target).in_full();
    if !is_for_target {
        return Err(Refusal::OtherTarget { plan: origin.to_owned() });
    }
    let ledger = job.ledger_to_write(sending, tell)?;
    // The ledger of a sandbox is as new as the sandbox.
    if sending.sandbox.is_none() && ledger.id()? != about.ledger {
        return Err(Refusal::OtherLedger { plan: origin.to_owned(), ledger: job.ledger.path.clone() });
    }
    let old = old_orders(origin, job, &ledger)?;
    Age::of(job).judge(old, about.n_orders, job.max_invalid).map(|()| ledger)
}

/// A plan is not searched for what is not sent yet more closely than this, in bytes: a few hundred guests.
const NEAR: u64 = 256 * 1024;

/// All guests of a plan, those first that an interrupted run did not come to: most of what it did stands before them, and
/// to go through a million of those takes longer than anyone should wait for the first request.
fn from_first_unsent(
    mut guests: Guests,
    origin: &Path,
    job: &Job<'_>,
    ledger: &SqliteLedger,
) -> Result<impl Iterator<Item = GuestParts<PlanError>> + Send + use<>, RunError> {
    let first = first_unsent(&mut saved::open(origin)?.guests, origin, job, ledger)?;
    if first > 0 {
        guests.go_to(first)?;
    }
    let before = saved::open(origin)?.guests.until(first);
    Ok(saved::in_parts(guests, origin).chain(saved::in_parts(before, origin)))
}

/// The byte at which a guest begins before which most are sent.
fn first_unsent(guests: &mut Guests, origin: &Path, job: &Job<'_>, ledger: &SqliteLedger) -> Result<u64, RunError> {
    let (mut sent, mut end) = (0, saved::n_bytes(origin)?);
    while end - sent > NEAR {
        let middle = sent + (end - sent) / 2;
        let at = guests.go_to(middle)?.filter(|at| *at < end);
        let is_sent = guests.next_part().map_or(Ok(false), |part| is_sent(part?, ledger, job))?;
        match at {
            Some(at) if is_sent => sent = at,
            _ => end = middle,
        }
    }
    Ok(sent)
}

fn is_sent(mut guest: PlannedGuest, ledger: &SqliteLedger, spec: &Job<'_>) -> Result<bool, RunError> {
    known::settle_known(&mut guest, ledger, known::Rules::of(spec), &drop)?;
    Ok(without_old(guest, Age::of(spec)).orders.is_empty())
}

/// Settles orders that are too old to be sent without a go-ahead.
fn without_old(mut guest: PlannedGuest, age: Age) -> PlannedGuest {
    for order in std::mem::take(&mut guest.orders) {
        match age.held_of_plan(&order) {
            Some(result) => guest.settled.push((order.record, result)),
            None => guest.orders.push(order),
        }
    }
    guest
}

/// Settles orders that were planned for a higher rate or a longer session than this run's.
fn without_too_slow(mut guest: PlannedGuest, rules: &validate::Settings) -> PlannedGuest {
    for order in std::mem::take(&mut guest.orders) {
        let is_multi = order.events.recipe() == Recipe::Multi;
        let fault = is_multi.then(|| validate::too_slow(order.events.n_requests(), rules)).flatten();
        match fault {
            Some(message) => {
                let settled = Settled::not_attempted(order.may_be_there, Some(message));
                guest.settled.push((order.record, settled));
            }
            None => guest.orders.push(order),
        }
    }
    guest
}

/// Settles orders with an extension attribute that has another type at the tenant since they were planned.
fn without_other_types(mut guest: PlannedGuest, types: &ExtensionTypes) -> PlannedGuest {
    for mut order in std::mem::take(&mut guest.orders) {
        let at_tenant = |sent: &ExtensionType| types.get(sent.scope, &sent.name).filter(|kind| *kind != sent.kind);
        let conflict = types_sent(&order.events).into_iter().find_map(|sent| Some((at_tenant(&sent)?, sent)));
        let Some((kind, sent)) = conflict else {
            guest.orders.push(order);
            continue;
        };
        let message = format!(
            "extension attribute {}: {} here, but {} at the tenant, as an earlier run sent it: an attribute keeps its type",
            sent.name,
            sent.kind.name(),
            kind.name()
        );
        let settled = if order.may_be_there {
            Settled::not_attempted(true, Some(message))
        } else {
            let problem = Problem::of_order(Code::ExtensionTypeConflict, order.record.source, message);
            order.record.problems.push(problem);
            Settled::unsent(Outcome::Invalid, None)
        };
        guest.settled.push((order.record, settled));
    }
    guest
}

/// The guests of a plan; those of their orders that are not to be sent any more are settled, and `note` hears of those that
/// have changed since they were accepted.
fn unknown_to<G, N>(
    ledger: Option<SqliteLedger>,
    guests: G,
    rules: known::Rules,
    note: N,
) -> impl Iterator<Item = GuestParts<RunError>> + Send + use<G, N>
where
    G: Iterator<Item = GuestParts<PlanError>> + Send + 'static,
    N: Fn(Box<ChangedOrder>) + Send + 'static,
{
    let shared = Arc::new(Mutex::new((ledger, note)));
    guests.map(move |guest| {
        let shared = Arc::clone(&shared);
        guest.each(move |mut part| {
            let shared = shared.lock().expect("nobody panics with the ledger");
            let (Some(ledger), on_change) = &*shared else { return Ok(part.without_held()) };
            known::settle_known(&mut part, ledger, rules, on_change)?;
            Ok(part)
        })
    })
}

/// Orders of the plan are put on the account as they settle.
fn add_and_settle(account: &mut Account, record: &OrderRecord, settled: &Settled) -> Result<(), ReportError> {
    account.counts.add(record);
    account.settle(record, settled)
}

/// Settles the orders that are in no plan. Those that could not be sent are looked up in the ledger again: an earlier run or
/// a person may have settled them since.
fn settle_left_out(
    left_out: impl Iterator<Item = Result<LeftOutOrder, RunError>>,
    mut ledger: Option<&mut SqliteLedger>,
    rules: known::Rules,
    account: &mut Account,
) -> Result<(), RunError> {
    for order in left_out {
        let LeftOutOrder { mut record, settled: mut result, unsent: unsendable } = order?;
        if let (Some(unsendable), Some(ledger)) = (unsendable, ledger.as_deref_mut()) {
            match known::decide(&ReadOrder::Unsent(&unsendable), &mut record, &*ledger as &dyn Ledger, rules)? {
                Fate::Settled(again) => result = again,
                Fate::Changed(again, change) => {
                    ledger.write(&[Write::NoteChange(change)])?;
                    result = again;
                }
                Fate::Sent { .. } => {}
            }
        }
        add_and_settle(account, &record, &result)?;
    }
    Ok(())
}

/// Ends a run before it has sent anything.
fn refuse(
    refusal: &Refusal,
    guests: Guests,
    origin: &Path,
    mut account: Account,
    job: &Job<'_>,
    folder: &RunFolder,
) -> Result<Finished, RunError> {
    // Otherwise the ledger is the reason of the refusal, or that of another target.
    let knows_more = matches!(refusal, Refusal::TooManyOld { .. });
    let ledger = if knows_more { job.ledger_to_read()? } else { None };
    let reason = refusal.in_one_line();
    for part in unknown_to(ledger, saved::in_parts(guests, origin), known::Rules::of(job), drop).flatten() {
        let guest = without_old(part?, Age::of(job));
        for (record, result) in guest.settled {
            add_and_settle(&mut account, &record, &result)?;
        }
        for order in guest.orders {
            let settled = Settled::not_attempted(order.may_be_there, Some(reason.clone()));
            add_and_settle(&mut account, &order.record, &settled)?;
        }
    }
    settle_left_out(saved::left_out(origin)?, None, known::Rules::of(job), &mut account)?;
    account.refuse(job, folder, refusal)
}

/// The orders of a plan that are not sent yet and are too old to be sent without a go-ahead.
fn old_orders(origin: &Path, job: &Job<'_>, ledger: &SqliteLedger) -> Result<Old, RunError> {
    let (backfill_guard, mut old_orders) = (Age::of(job), Old::default());
    if !backfill_guard.matters() {
        return Ok(old_orders);
    }
    let guests = saved::in_parts(saved::open(origin)?.guests, origin);
    for guest in unknown_to(Some(ledger.reader()?), guests, known::Rules::of(job), drop) {
        let mut has_old = false;
        for part in guest {
            let part = part?;
            let is_held = |order: &&PlannedOrder| backfill_guard.held_of_plan(order).is_some();
            part.orders.iter().filter(is_held).for_each(|order| old_orders.add(order.ordered_at));
            let settled = part.settled.iter().filter_map(|(record, _)| record.ordered_at);
            let times = settled.chain(part.orders.iter().map(|order| order.ordered_at));
            if times.into_iter().all(|ordered_at| !backfill_guard.is_old(ordered_at)) {
                break;
            }
            has_old = true;
        }
        // The plan begins with the guest that has the oldest order, and each guest with its own.
        if !has_old {
            break;
        }
    }
    Ok(old_orders)
}
