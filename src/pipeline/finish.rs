//! End of a run: the rejects, the CSV files, the report, and the mark in the ledger that its
//! changes are reported.
//!
//! It decides nothing about an order. Called by `run` and `resume`.

use std::time::SystemTime;

use super::{
    error::{Refusal, RunError},
    excerpts::add_excerpts,
    spec::{Finished, RunSpec},
};
use crate::{
    ledger::{Ledger, LedgerWrite},
    model::{
        field::AttributeTypes,
        outcome::Outcome,
        progress::{Progress, ProgressFn},
    },
    report::{Recorder, ReportError},
    storage::remove_spooled,
};

/// The hint where the report of a run that sent orders cannot be written.
const FREE_SPACE: &str = "free space on the disk of the run folder, or name a folder on another \
                              one with --out; the ledger records what was sent";

/// Writes `rejects/` and warns of inputs whose rows can no longer be copied.
pub(super) fn write_rejects(
    recorder: &mut Recorder,
    emit: ProgressFn<'_>,
) -> Result<(), ReportError> {
    for name in recorder.write_rejects()? {
        emit(Progress::Warning(&format!(
            "{name} was moved, replaced or changed after it was read; rejects/ contains the \
             reasons of its orders, but not their rows"
        )));
    }
    Ok(())
}

/// Writes the report of a run that has sent orders, and returns what was sent even if the report
/// cannot be written.
pub(super) fn finish_sent(
    mut recorder: Recorder,
    stopped: Option<String>,
    spec: &RunSpec<'_>,
    emit: ProgressFn<'_>,
) -> Finished {
    // The report is written even if the rejects or the CSV files cannot be: orders were sent.
    let rejects = write_rejects(&mut recorder, emit).err().map(|error| error.to_string());
    let tables = recorder.write_csv().err().map(|error| error.to_string());
    let lost = match recorder.record_lost() {
        0 => None,
        n_lost => Some(format!(
            "{n_lost} orders of the plan were not attempted and are missing in the results"
        )),
    };
    let stopped = stopped.or(rejects).or(tables).or(lost);
    let exit_code = recorder.exit_code(stopped.is_some());
    let unwritten = match write_report(&mut recorder, exit_code, stopped.clone(), spec) {
        Ok(finished) => return finished,
        Err(error) => error.to_string(),
    };
    // What was sent is known, and the operator must learn it.
    recorder.is_unwritten = true;
    let exit_code = recorder.exit_code(true);
    let summary = recorder.summary(exit_code, stopped.clone(), SystemTime::now().into());
    let error = unwritten_message(stopped.as_deref(), &unwritten);
    let finished = Finished::new(summary, Some(error), recorder.folder().clone());
    Finished { has_report: false, diagnostics: recorder.diagnostics(), ..finished }
}

/// Why a run that sent orders has no report, after why it stopped. A full disk is often the reason
/// of both, which is said once.
fn unwritten_message(stopped: Option<&str>, unwritten: &str) -> String {
    let parts = |text| str::split_once(text, '\n').unwrap_or((text, ""));
    let (unwritten, storage_hint) = parts(unwritten);
    let stopped = match stopped.map(parts) {
        Some((reason, hint)) if hint != storage_hint && !hint.is_empty() => {
            format!("{reason}\n{hint}\n  ")
        }
        Some((reason, _)) if reason != unwritten => format!("{reason}\n  "),
        _ => String::new(),
    };
    format!("{stopped}{unwritten}\n  hint: {FREE_SPACE}")
}

/// Writes the report of a run that sent nothing, with the reason.
pub(super) fn finish_refused(
    mut recorder: Recorder,
    refusal: &Refusal,
    spec: &RunSpec<'_>,
) -> Result<Finished, RunError> {
    recorder.write_csv()?;
    recorder.help_topic = refusal.help_topic();
    recorder.remedy = refusal.remedy();
    let finished =
        write_report(&mut recorder, refusal.exit_code(), Some(refusal.to_string()), spec)?;
    Ok(Finished { profile_errors: refusal.profile_errors().cloned(), ..finished })
}

/// Writes the report of a check.
pub(super) fn finish_check(
    mut recorder: Recorder,
    spec: &RunSpec<'_>,
) -> Result<Finished, RunError> {
    recorder.write_csv()?;
    let exit_code = recorder.exit_code(false);
    write_report(&mut recorder, exit_code, None, spec)
}

fn write_report(
    recorder: &mut Recorder,
    exit_code: u8,
    error: Option<String>,
    spec: &RunSpec<'_>,
) -> Result<Finished, RunError> {
    // Not `Utc::now()`, which panics if the clock is set to before 1970 during the run.
    let summary = recorder.finish(exit_code, error.clone(), SystemTime::now().into())?;
    let (folder, spooled) = (recorder.folder().clone(), recorder.files().spooled.clone());
    // After the report, which must not wait for the export to be read again. The profile of a
    // resumed plan is not known.
    if spec.show_rows.applies(exit_code) && !recorder.files().is_from_earlier_run {
        let files = recorder.files().clone();
        // A row is shown as it is in its file, without those of side files.
        let settings = spec.shuffle_settings(folder.path(), &[], AttributeTypes::default());
        add_excerpts(&settings, &files, recorder.examples_mut());
    }
    let diagnostics = recorder.diagnostics();
    // The copies of inputs that could be read only once hold customers' data. They are kept if a
    // later run may resume the plan.
    if summary.orders[Outcome::NotAttempted] == 0 {
        remove_spooled(&spooled);
    }
    Ok(Finished { diagnostics, ..Finished::new(summary, error, folder) })
}

/// Marks the reported changes in the ledger, so that the next report of them does not set the exit
/// code.
pub(super) fn mark_reported(
    ledger: Option<Box<dyn Ledger>>,
    finished: &Finished,
    emit: ProgressFn<'_>,
) {
    let Finished { summary, .. } = finished;
    // A run that was stopped early is repeated and reports them again.
    let Some(mut ledger) = ledger
        .filter(|_| finished.has_report)
        .filter(|_| summary.orders[Outcome::Changed] > 0 && matches!(summary.exit_code, 0 | 1 | 3))
    else {
        return;
    };
    if let Err(error) = ledger.write(&[LedgerWrite::MarkReported]) {
        emit(Progress::Warning(&format!(
            "{error}\n  the next run reports the changed orders as newly changed"
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::printable::printable_message;

    #[test]
    fn full_disk_is_said_once() {
        let full = |file: &str| {
            let error = std::io::Error::other("No space left on device");
            crate::storage::StorageError::at(file, "write")(error).to_string()
        };
        let results = full("run/results.ndjson");
        let messages = [
            unwritten_message(None, &results),
            unwritten_message(Some(&results), &results),
            unwritten_message(Some(&results), &full("run/summary.json")),
            unwritten_message(Some("interrupted"), &results),
            unwritten_message(Some("HTTP 401\n  hint: check the client key"), &results),
        ];
        // Only lines that the terminal keeps.
        assert!(messages.iter().all(|message| printable_message(message) == *message));
        let shown = messages.join("\n").replace(FREE_SPACE, "…");
        insta::assert_snapshot!(shown, @"
        run/results.ndjson: cannot write: No space left on device
          hint: …
        run/results.ndjson: cannot write: No space left on device
          hint: …
        run/results.ndjson: cannot write: No space left on device
          run/summary.json: cannot write: No space left on device
          hint: …
        interrupted
          run/results.ndjson: cannot write: No space left on device
          hint: …
        HTTP 401
          hint: check the client key
          run/results.ndjson: cannot write: No space left on device
          hint: …
        ");
    }
}
