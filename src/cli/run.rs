//! Runs of the pipeline for `check` and `send`: progress, the summary on standard output, exit
//! code.
//!
//! It does not interpret options (`spec` does) and decides nothing about orders. Called by `entry`.

use std::{io, process::ExitCode, sync::Arc};

use super::{
    args::ReadArguments,
    exit::EXIT_STOPPED,
    print,
    progress::{ProgressBarView, ProgressSettings},
    trace,
    values::OutputFormat,
};
use crate::{
    model::{order_trace::ExplainedOrders, printable::printable},
    pipeline::{self, Finished},
    report::summary::Summary,
    storage::StorageError,
};

/// File in the run folder with the final state of an embedded sandbox.
const SANDBOX_FILE: &str = "sandbox.json";

/// Runs the pipeline and prints its summary.
pub(super) fn run(
    spec: &pipeline::RunSpec<'_>,
    arguments: &ReadArguments,
) -> anyhow::Result<ExitCode> {
    let settings = ProgressSettings::new(arguments.quiet);
    let view = Arc::new(ProgressBarView::new(settings, spec.send.as_ref()));
    view.print_on_signal();
    view.print_where_not_drawn();
    if spec.send.is_none() {
        view.clear_on_interrupt();
    }
    let finished = pipeline::run(spec, &|progress| view.update(progress));
    view.finish();
    let finished = finished?;
    let code = finished.summary.exit_code;
    let written = write_sandbox_state(spec, &finished).map_err(|error| error.to_string());
    let printed = print_summary(&finished, spec, arguments)
        .and_then(|()| print_traces(&finished.explained))
        .map_err(|error| format!("standard output: {error}"));
    let errors: Vec<_> = [printed, written].into_iter().filter_map(Result::err).collect();
    for error in &errors {
        print::status(&format!("error: {error}"));
    }
    // The run is over, so its exit code is kept, except 0: something of it was not delivered.
    let is_undelivered = code == 0 && !errors.is_empty();
    Ok(ExitCode::from(if is_undelivered { EXIT_STOPPED } else { code }))
}

/// Writes what the tenant of an embedded sandbox holds.
fn write_sandbox_state(
    spec: &pipeline::RunSpec<'_>,
    finished: &Finished,
) -> Result<(), StorageError> {
    let Some(sandbox) = spec.send.as_ref().and_then(|send_spec| send_spec.sandbox) else {
        return Ok(());
    };
    let state =
        serde_json::to_string_pretty(&sandbox.state()).expect("text and numbers always serialize");
    finished.folder.write_file(SANDBOX_FILE, &state)
}

/// Prints how orders came to be. The events are last, so that another program can read them.
fn print_traces(explained: &ExplainedOrders) -> io::Result<()> {
    for trace in trace::render(explained) {
        print::styled(&format!("\n{}", trace.text))?;
        trace.events.iter().try_for_each(|event| print::json(event))?;
    }
    trace::unknown(explained).for_each(|message| print::status(&message));
    Ok(())
}

fn print_summary(
    finished: &Finished,
    spec: &pipeline::RunSpec<'_>,
    arguments: &ReadArguments,
) -> io::Result<()> {
    match (&finished.profile_errors, &finished.error) {
        (Some(errors), _) => print::diagnostics(errors),
        (None, Some(error)) => print::status(&format!("error: {error}")),
        (None, None) => {}
    }
    match arguments.format {
        // Printed with `--quiet` too: a script reads it, also after a run that sent nothing.
        OutputFormat::Json => print::json(
            &serde_json::to_string(&finished.summary)
                .expect("a summary of text and numbers serializes"),
        ),
        OutputFormat::Text if arguments.quiet && finished.summary.exit_code == 0 => Ok(()),
        OutputFormat::Text => {
            // The reason for stopping was already printed above, as the error.
            if !finished.diagnostics.is_empty() {
                print::examples(&finished.diagnostics)?;
            }
            let summary = Summary { stopped: None, ..finished.summary.clone() };
            let folder = printable(&spec.folder.to_string_lossy()).into_owned();
            let report = finished.has_report.then_some(&*folder);
            print::screen(&summary, report)
        }
    }
}
