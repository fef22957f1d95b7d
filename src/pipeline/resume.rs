//! Resume: continues with the saved plan of an earlier run, without its export.
//!
//! It reads the plan in parts and holds no more of it than is being sent. It checks no order again;
//! it only compares the planned orders with their history, the age limit, the rate and the types of
//! the tenant. Called by the pipeline for `send --resume`.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    error::{Refusal, RunError},
    finish::{finish_refused, finish_sent, mark_reported},
    send,
    spec::{Finished, RunSpec, SendSpec},
    target::result_if_unsendable,
    to_send::count_while,
};
use crate::{
    disposition::{
        AcceptedOrders, DispositionRules, UNPLANNED_PER_LOOK_UP, settle_all, settle_by_history,
    },
    ledger::{ChangedOrder, GroupCommit, Ledger, LedgerReader, LedgerWrite, TargetHash},
    model::{
        field::AttributeTypes,
        input::ExportRead,
        outcome::OrderResult,
        planned::{GuestParts, PlannedGuest},
        progress::{Progress, ProgressFn},
        unsendable::UnplannedOrder,
    },
    plan::{PlanError, SavedPlan},
    report::Recorder,
    storage::{RunFolder, Storage},
};

/// Returns the settings that have decided what the saved plan of a run holds, by name; none of a
/// plan that cannot be read, of which the run itself says more.
///
/// # Errors
///
/// If the run has no plan.
pub fn settings_of_plan(
    run: &Path,
    storage: &Arc<dyn Storage>,
) -> Result<Option<BTreeMap<String, String>>, RunError> {
    match SavedPlan::open(run, storage) {
        Ok(plan) => Ok(Some(plan.header.settings)),
        Err(error @ PlanError::NoPlan { .. }) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Sends the rest of a plan. The outcomes are the same as those of a run from the export.
pub(super) fn resume(
    plan: &SavedPlan,
    folder: &RunFolder,
    spec: &RunSpec<'_>,
    send_spec: &SendSpec<'_>,
    emit: ProgressFn<'_>,
) -> Result<Finished, RunError> {
    // Opened before anything is sent: a plan whose unplanned orders cannot be reported is not sent.
    let unplanned = plan.unplanned()?;
    plan.write_redirect(folder)?;
    let header = &plan.header;
    let files = ExportRead { is_from_earlier_run: true, ..header.files.clone() };
    let mut settings = spec.recorder_settings();
    settings.setup.set_from_plan(header.settings.clone());
    let mut recorder = Recorder::open(settings, folder, files.clone())?;
    recorder.record_export(files, &header.file_problems);
    recorder.record_planned(header.n_items, header.n_guests);
    let mut ledger = match acquire_ledger(plan, spec, send_spec, emit) {
        Ok(ledger) => ledger,
        Err(refusal) => return refuse(&refusal, plan, recorder, spec),
    };
    // Before anything is sent: an order that this run submits must not make an unplanned one of the
    // same reference changed.
    let reader = ledger.reader()?;
    let rules = spec.disposition_rules();
    record_unplanned(unplanned, Some((&mut *ledger, &*reader)), rules, &mut recorder)?;
    emit(Progress::Sending { rate: spec.service.rate });
    let first = plan.resume_point(|guest| is_sent(guest, &*reader, spec))?;
    let types = Arc::new(reader.attribute_types()?);
    let guests = plan.guests_from(first)?;
    let counted = guests_to_send(plan.guests_from(first)?, ledger.reader()?, &types, spec, drop);
    let guests = |commits: GroupCommit| {
        let on_change = move |change| commits.enqueue(LedgerWrite::RecordChange(change));
        guests_to_send(guests, reader, &types, spec, on_change)
    };
    let record = Recorder::add_and_record;
    let dispatch = || send::send(guests, ledger, spec, send_spec, &mut recorder, record, emit);
    let sent = count_while(dispatch, counted, send_spec.limit, emit)?;
    let finished = finish_sent(recorder, sent.stopped, spec, emit);
    mark_reported(sent.ledger, &finished, emit);
    Ok(finished)
}

/// The guests of a plan, with the orders that this run does not send among their results.
/// `on_change` receives the orders that changed after their acceptance.
fn guests_to_send<N: Fn(Box<ChangedOrder>) + Send + Sync + 'static>(
    guests: impl Iterator<Item = GuestParts<PlanError>> + Send + 'static,
    reader: Box<dyn LedgerReader>,
    types: &Arc<AttributeTypes>,
    spec: &RunSpec<'_>,
    on_change: N,
) -> impl Iterator<Item = GuestParts<RunError>> + Send + 'static {
    let (backfill_guard, settings) = (spec.backfill_guard(), spec.service.clone());
    let types = Arc::clone(types);
    settle_all(Some(reader), guests, spec.disposition_rules(), on_change).map(
        move |guest: GuestParts<RunError>| {
            let (settings, types) = (settings.clone(), Arc::clone(&types));
            guest.map_parts(move |part| {
                let part = part.settle(|order| backfill_guard.held_result_of(order));
                Ok(part.settle(|order| result_if_unsendable(order, &settings, &types)))
            })
        },
    )
}

/// Opens and locks the ledger. Refuses a plan for another target or of another ledger, and one with
/// more old orders than allowed.
fn acquire_ledger(
    plan: &SavedPlan,
    spec: &RunSpec<'_>,
    send_spec: &SendSpec<'_>,
    emit: ProgressFn<'_>,
) -> Result<Box<dyn Ledger>, Refusal> {
    let SavedPlan { header, folder, .. } = plan;
    let target = TargetHash::of(spec.target());
    if send_spec.sandbox.is_none() && header.target != target.to_hex() {
        return Err(Refusal::OtherTarget {
            plan: folder.clone(),
            of_plan: header.target.chars().take(target.to_string().len()).collect(),
            base_url: spec.target().base_url.clone(),
            target,
        });
    }
    let ledger = spec.ledger_to_write(send_spec, emit)?;
    // A sandbox starts with a new ledger each time, so its id differs from that of the plan.
    if send_spec.sandbox.is_none() && ledger.id() != header.ledger {
        return Err(Refusal::OtherLedger { plan: folder.clone(), ledger: spec.ledger.to_string() });
    }
    let backfill_guard = spec.backfill_guard();
    let old_orders =
        backfill_guard.count_old(settled_guests(plan, Some(ledger.reader()?), spec)?)?;
    spec.max_invalid.check_old(old_orders, header.n_orders, backfill_guard)?;
    Ok(ledger)
}

/// The guests of the plan, with the orders that are not to be sent any more among their results.
/// Without a ledger, the results that the plan holds are final.
fn settled_guests(
    plan: &SavedPlan,
    ledger: Option<Box<dyn LedgerReader>>,
    spec: &RunSpec<'_>,
) -> Result<impl Iterator<Item = GuestParts<RunError>>, RunError> {
    Ok(settle_all(ledger, plan.guests()?, spec.disposition_rules(), drop))
}

/// Whether a guest of the plan, with its first orders, has none to send.
fn is_sent(
    mut guest: PlannedGuest,
    ledger: &dyn LedgerReader,
    spec: &RunSpec<'_>,
) -> Result<bool, RunError> {
    settle_by_history(&mut guest, ledger, spec.disposition_rules(), &drop)?;
    let backfill_guard = spec.backfill_guard();
    Ok(guest.settle(|order| backfill_guard.held_result_of(order)).orders.is_empty())
}

/// Records the unplanned orders. The history of those that cannot be sent is read again, unless
/// there is no ledger.
fn record_unplanned(
    mut unplanned: impl Iterator<Item = Result<UnplannedOrder, PlanError>>,
    mut ledger: Option<(&mut dyn Ledger, &dyn LedgerReader)>,
    rules: DispositionRules,
    recorder: &mut Recorder,
) -> Result<(), RunError> {
    let mut accepted = AcceptedOrders::default();
    loop {
        let next = unplanned.by_ref().take(UNPLANNED_PER_LOOK_UP);
        let mut orders = next.collect::<Result<Vec<_>, _>>()?;
        if orders.is_empty() {
            return Ok(());
        }
        if let Some((ledger, reader)) = &mut ledger {
            let changes = accepted.settle(&mut orders, *reader, rules)?;
            if !changes.is_empty() {
                ledger.write(&changes)?;
            }
        }
        for UnplannedOrder { record, result, .. } in &orders {
            recorder.add_and_record(record, result)?;
        }
    }
}

/// Records all orders and writes the report of a run that is refused before it sends anything.
fn refuse(
    refusal: &Refusal,
    plan: &SavedPlan,
    mut recorder: Recorder,
    spec: &RunSpec<'_>,
) -> Result<Finished, RunError> {
    // For every other refusal, the ledger is the reason, or it is that of another target.
    let knows_more = matches!(refusal, Refusal::Guard(_));
    let ledger = if knows_more { spec.ledger.open_to_read(spec.target())? } else { None };
    let reason = refusal.first_line();
    let backfill_guard = spec.backfill_guard();
    for part in settled_guests(plan, ledger, spec)?.flatten() {
        let guest = part?.settle(|order| backfill_guard.held_result_of(order));
        for (record, result) in guest.results {
            recorder.add_and_record(&record, &result)?;
        }
        for order in guest.orders {
            let result = OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
            recorder.add_and_record(&order.record, &result)?;
        }
    }
    record_unplanned(plan.unplanned()?, None, spec.disposition_rules(), &mut recorder)?;
    finish_refused(recorder, refusal, spec)
}
