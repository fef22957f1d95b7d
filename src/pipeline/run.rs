//! Run: the table of contents of the program, from the inputs to the report.
//!
//! Each step is a call to a stage or to another file of the pipeline. Called by `cli`.

use super::{
    candidates::SendCandidates,
    error::{Refusal, RunError},
    finish::{finish_check, finish_refused, finish_sent, mark_reported, write_rejects},
    guards::check_common_errors,
    memory::MemoryBudget,
    resume, send, side_files,
    sink::ExportSink,
    spec::{Finished, RunSpec},
    to_send::count_while,
    tracer::{Tracer, add_suggestions},
    triage::Triage,
};
use crate::{
    ledger::{AcceptedContents, Ledger, LedgerError, LedgerReader},
    model::{
        field::AttributeTypes,
        input::ExportRead,
        planned::GuestParts,
        progress::{Progress, ProgressFn},
    },
    plan::{PlanError, SavedPlan},
    read::inputs,
    report::Recorder,
    shuffle::{self, Collect, Export},
    storage::RunFolder,
};

/// Executes a run and writes its report to the run folder.
///
/// An error means that there is no complete report; a run that is refused or stopped has one.
pub fn run(spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<Finished, RunError> {
    if let Some(send_spec) = &spec.send
        && let Some(earlier_run) = &send_spec.resume_from
    {
        // Before the folder is created: a plan that does not exist must not leave an empty run
        // folder.
        let plan = SavedPlan::open_verified(earlier_run, &spec.storage)?;
        return resume::resume(&plan, &RunFolder::create(&spec.folder)?, spec, send_spec, emit);
    }
    let folder = RunFolder::create(&spec.folder)?;
    let files = match inputs::find(&*spec.storage, &spec.inputs, &folder) {
        Ok(files) => files,
        Err(error) => return refuse_unread(spec, &folder, ExportRead::default(), &error.into()),
    };
    let (files, side_tables) = match side_files::open(spec, &folder, files) {
        Ok(opened) => opened,
        Err((files, refusal)) => return refuse_unread(spec, &folder, *files, &refusal),
    };
    let OpenedLedger { ledger, reader, accepted, tenant_types } = match open_ledger(spec, emit) {
        Ok(opened) => opened,
        // Before the export is read, which may take long: its content does not matter without a
        // ledger.
        Err(error) => return refuse_unread(spec, &folder, files, &error.into()),
    };
    let names = files.names();
    let settings = spec.shuffle_settings(folder.path(), &side_tables, tenant_types);
    let tracer = Tracer::new(spec);
    let mut sink = ExportSink::open(spec, &folder, files.clone(), tracer.as_ref(), emit)?;
    let history = (reader.as_deref(), &accepted);
    let triage = Triage::new(spec, &names, history, tracer.as_ref(), folder.path());
    let mut export = Export::new(files);
    let read = shuffle::run(&settings, &mut export, &triage, &mut sink, emit)
        .and_then(|()| triage.decide_deferred(&mut sink))
        // The orders of an export that is not read completely are not reported.
        .or_else(|refusal| sink.restart().and(Err(refusal)));
    let (ledger_notes, has_ledger) = (spec.ledger_notes(reader.as_deref()), reader.is_some());
    // The run itself must be the last one to close the ledger: only then does SQLite move all of
    // its write-ahead log into the database file, so that a copy of that file alone is
    // complete.
    drop(reader);
    drop(accepted);
    let (mut recorder, candidates) = sink.finish(export)?;
    if let Err(refusal) = read {
        return finish_refused(recorder, &refusal, spec);
    }
    let explained = tracer.map(|tracer| tracer.finish(&settings, recorder.files(), has_ledger));
    let mut explained = explained.unwrap_or_default();
    let n_old = recorder.counters.to_note.old_orders;
    recorder.notes = spec.send_notes(ledger_notes, n_old, recorder.n_not_skipped());
    recorder.not_found = explained.unknown.iter().map(|(name, _)| name.clone()).collect();
    let finished = conclude(spec, &folder, recorder, candidates, ledger, emit)?;
    add_suggestions(&mut explained, &folder)?;
    Ok(Finished { explained, ..finished })
}

/// Ends a run whose export was read: sends its orders, if it is to send any and nothing is against
/// it.
fn conclude(
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    mut recorder: Recorder,
    mut candidates: SendCandidates,
    mut ledger: Option<Box<dyn Ledger>>,
    emit: ProgressFn<'_>,
) -> Result<Finished, RunError> {
    // Before anything is written about single orders: the ledger must not hold an accepted one as
    // changed because of a wrong column.
    if let Err(refusal) = check_common_errors(&recorder).map_err(Refusal::from) {
        recorder.discard_rejects();
        candidates.record_unsent(&refusal, spec, &mut recorder)?;
        return finish_refused(recorder, &refusal, spec);
    }
    write_rejects(&mut recorder, emit)?;
    let changes_recorded = match &mut ledger {
        Some(ledger) => candidates.record_changed(&mut **ledger).map_err(Refusal::from),
        None => Ok(()),
    };
    if let Err(refusal) =
        changes_recorded.and_then(|()| Ok(candidates.check_guards(spec, &recorder)?))
    {
        candidates.record_unsent(&refusal, spec, &mut recorder)?;
        return finish_refused(recorder, &refusal, spec);
    }
    let (Some(send_spec), Some(ledger)) = (&spec.send, ledger) else {
        // After the report: it is complete even if the events cannot be written.
        let finished = finish_check(recorder, spec)?;
        candidates.write_events(spec)?;
        return Ok(finished);
    };
    // The plan is read back from disk, so that a slow service holds no export in memory.
    let orders = recorder.counters.tally.without_result().saturating_sub(candidates.n_old());
    let plan = candidates.write_plan(ledger.id().to_owned(), spec, folder, &mut recorder)?;
    emit(Progress::Sending { rate: spec.service.rate });
    let guests = guests_to_send(&plan)?;
    let dispatch =
        || send::send(|_| guests, ledger, spec, send_spec, &mut recorder, Recorder::record, emit);
    let sent = if send_spec.limit.is_some() {
        count_while(dispatch, guests_to_send(&plan)?, send_spec.limit, emit)?
    } else {
        emit(Progress::ToSend { orders, requests: plan.header.n_requests });
        dispatch()?
    };
    let finished = finish_sent(recorder, sent.stopped, spec, emit);
    mark_reported(sent.ledger, &finished, emit);
    Ok(finished)
}

/// The guests of a new plan, with the orders that are held among their results.
fn guests_to_send(
    plan: &SavedPlan,
) -> Result<impl Iterator<Item = GuestParts<RunError>> + Send + use<>, PlanError> {
    Ok(plan.guests()?.map(|guest| guest.map_parts(|part| Ok(part.split_held()))))
}

/// Writes the report of a run that is refused before its export is read.
fn refuse_unread(
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    files: ExportRead,
    refusal: &Refusal,
) -> Result<Finished, RunError> {
    let recorder = Recorder::open(spec.recorder_settings(), folder, files)?;
    finish_refused(recorder, refusal, spec)
}

/// The ledger of a run.
#[derive(Default)]
struct OpenedLedger {
    /// To write to, for a send.
    ledger: Option<Box<dyn Ledger>>,
    /// To look orders up in; none if no order was ever sent, or none can be found.
    reader: Option<Box<dyn LedgerReader>>,
    /// Orders that need no look-up.
    accepted: AcceptedContents,
    /// The types of the tenant's extension attributes.
    tenant_types: AttributeTypes,
}

/// Opens the ledger: locked for writing for a send, read-only for a check with a target, none
/// otherwise.
fn open_ledger(spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<OpenedLedger, LedgerError> {
    let (ledger, reader) = match &spec.send {
        Some(send_spec) => {
            let ledger = spec.ledger_to_write(send_spec, emit)?;
            let reader = ledger.reader()?;
            (Some(ledger), Some(reader))
        }
        None if spec.has_target => {
            let reader = spec.ledger.open_to_read(spec.target())?;
            reader
                .iter()
                .flat_map(|reader| reader.warnings())
                .for_each(|note| emit(Progress::Warning(note)));
            (None, reader)
        }
        None => (None, None),
    };
    let Some(reader) = reader else { return Ok(OpenedLedger { ledger, ..Default::default() }) };
    let max_orders = MemoryBudget::split(spec.memory).accepted / AcceptedContents::BYTES_PER_ORDER;
    Ok(OpenedLedger {
        ledger,
        accepted: reader.accepted_contents(max_orders)?,
        tenant_types: reader.attribute_types()?,
        reader: Some(reader),
    })
}
