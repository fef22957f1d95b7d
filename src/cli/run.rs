//! Runs of the pipeline for `check` and `send`: progress, the summary on standard output, exit
//! code.
//!
//! It does not interpret options (`spec` does) and decides nothing about orders. Called by `entry`.

use std::{io, process::ExitCode, sync::Arc};

use super::{
    args::ReadArguments, diagnostics, exit::EXIT_STOPPED, print, progress::ProgressBarView, trace,
    values::OutputFormat,
};
use crate::{
    model::{order_trace::ExplainedOrders, printable::printable},
    pipeline::{self, Finished, RunError},
    report::{summary::Summary, terminal},
};

/// File in the run folder with the final state of an embedded sandbox.
const SANDBOX_FILE: &str = "sandbox.json";

/// Runs the pipeline and prints its summary.
pub(super) fn run(
    spec: &pipeline::RunSpec<'_>,
    arguments: &ReadArguments,
) -> anyhow::Result<ExitCode> {
    let view = Arc::new(ProgressBarView::new(arguments.quiet, spec.send.as_ref()));
    view.print_on_signal();
    if spec.send.is_none() {
        view.clear_on_interrupt();
    }
    let finished = pipeline::run(spec, &|progress| view.update(progress));
    view.finish();
    let finished = finished?;
    if let Some(sandbox) = spec.send.as_ref().and_then(|send_spec| send_spec.sandbox) {
        let state = serde_json::to_string_pretty(&sandbox.state())
            .expect("text and numbers always serialize");
        finished
            .folder
            .write_file(SANDBOX_FILE, &state)
            .map_err(|error| RunError::from(error).after_sending())?;
    }
    let code = finished.summary.exit_code;
    let printed = print_summary(&finished, spec, arguments);
    let Err(error) = printed.and_then(|()| print_traces(&finished.explained)) else {
        return Ok(ExitCode::from(code));
    };
    // The run is over, so its exit code is kept, except 0: the summary was not delivered.
    print::status(&format!("error: standard output: {error}"));
    Ok(ExitCode::from(if code == 0 { EXIT_STOPPED } else { code }))
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
                print::styled(&diagnostics::render(&finished.diagnostics))?;
            }
            let summary = Summary { stopped: None, ..finished.summary.clone() };
            let folder = spec.folder.to_string_lossy();
            print::screen(&terminal::render(&summary, &printable(&folder)))
        }
    }
}
