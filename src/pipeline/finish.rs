//! End of a run: the rejects, the report of a run that has sent orders, and the mark in the ledger
//! that its changes are reported.
//!
//! Called by `run` and `resume`.

use super::{
    error::RunError,
    progress::{Progress, ProgressFn},
    recorder::Recorder,
    spec::{Finished, RunSpec},
};
use crate::{
    ledger::{Ledger, LedgerWrite},
    model::outcome::Outcome,
    report::ReportError,
    storage::RunFolder,
};

/// Writes `rejects/` and warns of inputs whose rows can no longer be copied.
pub(super) fn write_rejects(
    recorder: &mut Recorder,
    folder: &RunFolder,
    emit: ProgressFn<'_>,
) -> Result<(), ReportError> {
    for name in recorder.write_rejects(folder)? {
        emit(Progress::Warning(&format!(
            "{name} was moved, replaced or changed after it was read; rejects/ contains the reasons of its \
             orders, but not their rows"
        )));
    }
    Ok(())
}

/// Writes the report of a run that has sent orders.
pub(super) fn finish_sent(
    mut recorder: Recorder,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
    emit: ProgressFn<'_>,
) -> Result<Finished, RunError> {
    // The report is written even if the rejects cannot be: orders were sent.
    let rejects = write_rejects(&mut recorder, folder, emit).err().map(|error| error.to_string());
    let lost = match recorder.record_lost() {
        0 => None,
        n_lost => Some(format!("{n_lost} orders of the plan were not attempted and are missing in the results")),
    };
    let stopped = stopped.or(rejects).or(lost);
    recorder.finish(spec, folder, stopped)
}

/// Marks the reported changes in the ledger, so that the next report of them does not set the exit
/// code.
pub(super) fn mark_reported(ledger: Option<Box<dyn Ledger>>, finished: &Finished, emit: ProgressFn<'_>) {
    let Finished { summary, .. } = finished;
    // A run that was stopped early is repeated and reports them again.
    let Some(mut ledger) =
        ledger.filter(|_| summary.orders[Outcome::Changed] > 0 && matches!(summary.exit_code, 0 | 1 | 3))
    else {
        return;
    };
    if let Err(error) = ledger.write(&[LedgerWrite::MarkReported]) {
        emit(Progress::Warning(&format!("{error}\n  the next run reports the changed orders as newly changed")));
    }
}
