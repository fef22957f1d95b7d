//! Resume: continues with the saved plan of an earlier run, without its export.
//!
//! It reads the plan in parts and holds no more of it than is being sent. It checks no order again;
//! it only compares the planned orders with their history, the age limit, the rate and the types of
//! the tenant. Called by the pipeline for `send --resume`.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    candidates::CHANGES_PER_WRITE,
    error::{Refusal, RunError},
    finish::{finish_refused, finish_sent, mark_reported},
    guards::{BackfillGuard, OldOrders},
    progress::{Progress, ProgressFn},
    send,
    spec::{Finished, RunSpec, SendSpec},
};
use crate::{
    disposition::{Decision, Disposition, DispositionRules, ReadOrder, decide_all, look_up_keys, settle_by_history},
    ledger::{self, ChangedOrder, GroupCommit, Ledger, LedgerReader, LedgerWrite, OrderKey, TargetHash},
    model::{
        field::{AttributeType, AttributeTypes},
        input::ExportRead,
        order::{OrderRecord, SAME_ORDER_WINDOW},
        outcome::{OrderResult, Outcome},
        planned::{GuestParts, PlannedGuest, PlannedOrder},
        problem::{Code, Problem},
        route::Route,
    },
    plan::{PlanError, SavedPlan, UnplannedOrder},
    report::Recorder,
    storage::{RunFolder, StorageError},
    stream::{self, StreamSettings, extension::types_sent},
};

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
    let mut recorder = Recorder::open(spec.recorder_settings(), folder, files.clone())?;
    recorder.record_export(files, &header.file_problems);
    (recorder.counters.n_items, recorder.n_guests) = (header.n_items, header.n_guests);
    let mut ledger = match acquire_ledger(plan, spec, send_spec, emit) {
        Ok(ledger) => ledger,
        Err(refusal) => return refuse(&refusal, plan, recorder, spec),
    };
    let (backfill_guard, rules, settings) = (BackfillGuard::of(spec), spec.disposition_rules(), spec.stream.clone());
    // Before anything is sent: an order that this run submits must not make an unplanned one of the
    // same reference changed.
    let reader = ledger.reader()?;
    record_unplanned(unplanned, Some((&mut *ledger, &*reader)), rules, &mut recorder)?;
    emit(Progress::Sending(header.n_requests));
    let first = plan.resume_point(|guest| is_sent(guest, &*reader, spec))?;
    let guests = plan.guests_from(first)?;
    let types = Arc::new(reader.attribute_types()?);
    let guests = |commits: GroupCommit| {
        let guests =
            skip_known(Some(reader), guests, rules, move |change| commits.enqueue(LedgerWrite::RecordChange(change)));
        guests.map(move |guest| {
            let (settings, types) = (settings.clone(), Arc::clone(&types));
            guest.map_parts(move |part| {
                let part = part.settle(|order| backfill_guard.held_result_of(order));
                let part = part.settle(|order| result_if_too_slow(order, &settings));
                Ok(part.settle(|order| result_of_type_conflict(order, &types)))
            })
        })
    };
    let sent = send::send(guests, ledger, spec, send_spec, &mut recorder, add_and_record, emit)?;
    let finished = finish_sent(recorder, sent.stopped, emit).map_err(RunError::after_sending)?;
    mark_reported(sent.ledger, &finished, emit);
    Ok(finished)
}

/// Opens and locks the ledger. Refuses a plan for another target or of another ledger, and one with
/// more old orders than allowed.
fn acquire_ledger(
    plan: &SavedPlan,
    spec: &RunSpec<'_>,
    send_spec: &SendSpec<'_>,
    emit: ProgressFn<'_>,
) -> Result<Box<dyn Ledger>, Refusal> {
    let SavedPlan { header, folder } = plan;
    let is_for_target = send_spec.sandbox.is_some() || header.target == TargetHash::of(&spec.stream.target).to_hex();
    if !is_for_target {
        return Err(Refusal::OtherTarget { plan: folder.clone() });
    }
    let ledger = spec.ledger_to_write(send_spec, emit)?;
    // A sandbox starts with a new ledger each time, so its id differs from that of the plan.
    if send_spec.sandbox.is_none() && ledger.id() != header.ledger {
        return Err(Refusal::OtherLedger { plan: folder.clone(), ledger: spec.ledger.path.clone() });
    }
    let old_orders = count_old_orders(plan, spec, &*ledger)?;
    BackfillGuard::of(spec).check(old_orders, header.n_orders, spec.max_invalid).map(|()| ledger)
}

/// Whether a guest of the plan, with its first orders, has none to send.
fn is_sent(mut guest: PlannedGuest, ledger: &dyn LedgerReader, spec: &RunSpec<'_>) -> Result<bool, RunError> {
    settle_by_history(&mut guest, ledger, spec.disposition_rules(), &drop)?;
    let backfill_guard = BackfillGuard::of(spec);
    Ok(guest.settle(|order| backfill_guard.held_result_of(order)).orders.is_empty())
}

/// The result of an order that was planned for a higher rate or a longer session than this run's.
fn result_if_too_slow(order: &PlannedOrder, settings: &StreamSettings) -> Option<OrderResult> {
    if order.route != Route::Multi {
        return None;
    }
    let message = stream::exceeds_session(order.n_requests, settings)?;
    Some(OrderResult::not_attempted(order.is_uncertain, Some(message)))
}

/// The result of an order if the tenant received another type for one of its extension attributes
/// after it had been planned.
fn result_of_type_conflict(order: &mut PlannedOrder, types: &AttributeTypes) -> Option<OrderResult> {
    let tenant_type =
        |sent: &AttributeType| types.get(sent.scope, &sent.name).filter(|data_type| *data_type != sent.data_type);
    let conflict = types_sent(order).into_iter().find_map(|sent| Some((tenant_type(&sent)?, sent)));
    let (tenant, sent) = conflict?;
    let message = format!(
        "extension attribute {}: {} here, but {} at the tenant, as an earlier run sent it: an attribute keeps its \
         type",
        sent.name,
        sent.data_type.name(),
        tenant.name()
    );
    if order.is_uncertain {
        return Some(OrderResult::not_attempted(true, Some(message)));
    }
    let problem = Problem::for_order(Code::ExtensionTypeConflict, order.record.source, message);
    order.record.problems.push(problem);
    Some(OrderResult::without_request(Outcome::Invalid, None))
}

/// Returns the guests of a plan, with the orders that are not to be sent any more moved to the
/// results. `on_change` receives the orders that changed after their acceptance.
fn skip_known<G, N>(
    ledger: Option<Box<dyn LedgerReader>>,
    guests: G,
    rules: DispositionRules,
    on_change: N,
) -> impl Iterator<Item = GuestParts<RunError>> + Send + use<G, N>
where
    G: Iterator<Item = GuestParts<PlanError>> + Send + 'static,
    N: Fn(Box<ChangedOrder>) + Send + Sync + 'static,
{
    // Shared, since the workers read the later parts of several guests at the same time.
    let shared = Arc::new((ledger, on_change));
    guests.map(move |guest| {
        let shared = Arc::clone(&shared);
        guest.map_parts(move |mut part| {
            // Without a ledger, the results that the plan holds are final.
            let (Some(ledger), on_change) = &*shared else { return Ok(part.split_held()) };
            settle_by_history(&mut part, &**ledger, rules, on_change)?;
            Ok(part)
        })
    })
}

/// Counts an order of the plan as read and records its result.
fn add_and_record(recorder: &mut Recorder, record: &OrderRecord, result: &OrderResult) -> Result<(), StorageError> {
    recorder.counters.add(record);
    recorder.record(record, result)
}

/// Records the unplanned orders. The history of those that cannot be sent is read again, since
/// another run or the operator may have settled them in the meantime.
fn record_unplanned(
    unplanned: impl Iterator<Item = Result<UnplannedOrder, PlanError>>,
    mut ledger: Option<(&mut dyn Ledger, &dyn LedgerReader)>,
    rules: DispositionRules,
    recorder: &mut Recorder,
) -> Result<(), RunError> {
    let (mut changes, mut accepted) = (Vec::new(), AcceptedOrders::default());
    for order in unplanned {
        let UnplannedOrder { mut record, mut result, unsendable } = order?;
        if let (Some(unsendable), Some((ledger, reader))) = (unsendable, &mut ledger) {
            let order = [(ReadOrder::Unsendable(&unsendable), &record)];
            let histories = ledger::look_up(&look_up_keys(&order), *reader)?;
            for Decision { disposition, problem } in decide_all(&order, &histories, *reader, rules)? {
                record.problems.extend(problem);
                match disposition {
                    Disposition::Final(again) => result = again,
                    Disposition::Changed(again, change) if accepted.insert(&change.order) => {
                        changes.push(LedgerWrite::RecordChange(change));
                        result = again;
                    }
                    Disposition::Changed(..) => result = unsendable.result(),
                    Disposition::Send { .. } => {}
                }
            }
            if changes.len() >= CHANGES_PER_WRITE {
                ledger.write(&changes)?;
                changes.clear();
            }
        }
        add_and_record(recorder, &record, &result)?;
    }
    if let Some((ledger, _)) = ledger.filter(|_| !changes.is_empty()) {
        ledger.write(&changes)?;
    }
    Ok(())
}

/// The accepted orders that this run has reported as changed.
// They may have been recorded in the ledger after the plan was written. Then the plan does not
// contain which of several orders of the export is the accepted one.
#[derive(Default)]
struct AcceptedOrders(HashMap<String, Vec<DateTime<Utc>>>);

impl AcceptedOrders {
    /// Inserts an accepted order. Returns whether no other order was matched with it before.
    fn insert(&mut self, order: &OrderKey) -> bool {
        let times = self.0.entry(order.reference.clone()).or_default();
        let is_first = times.iter().all(|time| (*time - order.ordered_at).abs() >= SAME_ORDER_WINDOW);
        times.push(order.ordered_at);
        is_first
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
    let knows_more = matches!(refusal, Refusal::TooManyOld { .. });
    let ledger = if knows_more { spec.ledger_to_read()? } else { None };
    let reason = refusal.first_line();
    let (backfill_guard, rules) = (BackfillGuard::of(spec), spec.disposition_rules());
    for part in skip_known(ledger, plan.guests()?, rules, drop).flatten() {
        let guest = part?.settle(|order| backfill_guard.held_result_of(order));
        for (record, result) in guest.results {
            add_and_record(&mut recorder, &record, &result)?;
        }
        for order in guest.orders {
            let result = OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
            add_and_record(&mut recorder, &order.record, &result)?;
        }
    }
    record_unplanned(plan.unplanned()?, None, rules, &mut recorder)?;
    finish_refused(recorder, refusal)
}

/// Counts the orders of a plan that are not sent yet and too old to be sent without `--backfill`.
fn count_old_orders(plan: &SavedPlan, spec: &RunSpec<'_>, ledger: &dyn Ledger) -> Result<OldOrders, RunError> {
    let (backfill_guard, mut old_orders) = (BackfillGuard::of(spec), OldOrders::default());
    if !backfill_guard.is_enabled() {
        return Ok(old_orders);
    }
    for guest in skip_known(Some(ledger.reader()?), plan.guests()?, spec.disposition_rules(), drop) {
        let mut has_old = false;
        for part in guest {
            let part = part?;
            let is_held = |order: &&PlannedOrder| backfill_guard.held_result_of(order).is_some();
            part.orders.iter().filter(is_held).for_each(|order| old_orders.add(order.ordered_at));
            let result_times = part.results.iter().filter_map(|(record, _)| record.ordered_at);
            let times = result_times.chain(part.orders.iter().map(|order| order.ordered_at));
            if times.into_iter().all(|ordered_at| !backfill_guard.is_old(ordered_at)) {
                break;
            }
            has_old = true;
        }
        // Guests are sorted by their oldest order, and each guest's orders by age: no old one
        // follows.
        if !has_old {
            break;
        }
    }
    Ok(old_orders)
}
