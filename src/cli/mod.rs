//! Command line: parses arguments and settings, runs the command, shows progress, sets the exit code.
//!
//! The only module that prints. It decides nothing about orders: `spec` turns options and settings
//! into a `RunSpec`, and `pipeline::run` does the work. It knows `pipeline`, the embedded sandbox,
//! the built-in profiles, the ledger's administration (`LedgerAdmin`) and the settings of the
//! stages. Called by `main.rs`.

mod args;
mod clock;
mod config;
mod exit;
mod faults;
mod ledger;
mod print;
mod progress;
mod signals;
mod spec;
mod values;

use std::{io, process::ExitCode, sync::Arc, time::SystemTime};

use anyhow::Context;
use clap::Parser;

use crate::{
    map::profile,
    model::printable::printable,
    pipeline::{self, Finished, RunError},
    report::{summary::Summary, terminal},
    sandbox::Sandbox,
};
use args::{Arguments, Command, ReadArguments, SandboxArguments};
use exit::{EXIT_NOTHING_SENT, EXIT_STOPPED, exit_code_of};
use progress::ProgressBarView;
use values::OutputFormat;

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return report_usage_error(&error),
    };
    // A wrong clock would switch off the age limit of orders, and sums of times could overflow.
    let result = clock::ensure_plausible(SystemTime::now()).and_then(|()| execute(arguments.command));
    result.unwrap_or_else(|error| {
        print::status(&format!("error: {error:#}"));
        ExitCode::from(error.downcast_ref::<RunError>().map_or(EXIT_NOTHING_SENT, exit_code_of))
    })
}

fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(check) => spec::check(&check).and_then(|spec| run(&spec, &check.read)),
        // `spec::send` owns the runtime and the sandbox that the spec borrows, so the run is its callback.
        Command::Send(send) => spec::send(&send, |spec| run(spec, &send.read)),
        Command::Ledger(ledger) => ledger::run(&ledger),
        Command::Sandbox(sandbox) => run_sandbox(&sandbox),
        Command::Profiles(profiles) => print_profiles(profiles.show()),
    }
}

/// Prints a usage error (exit code 2), or help and version, which go to standard output with exit code 0.
fn report_usage_error(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        print::usage(error);
        return ExitCode::from(EXIT_NOTHING_SENT);
    }
    drop(error.print());
    ExitCode::SUCCESS
}

fn run(spec: &pipeline::RunSpec<'_>, arguments: &ReadArguments) -> anyhow::Result<ExitCode> {
    let view = Arc::new(ProgressBarView::new(arguments.quiet));
    view.print_on_signal();
    let finished = pipeline::run(spec, &|progress| view.update(progress))?;
    view.finish();
    let code = finished.summary.exit_code;
    let Err(error) = print_summary(&finished, spec, arguments) else { return Ok(ExitCode::from(code)) };
    // The run is over, so its exit code is kept, except 0: the summary was not delivered.
    print::status(&format!("error: standard output: {error}"));
    Ok(ExitCode::from(if code == 0 { EXIT_STOPPED } else { code }))
}

fn print_summary(finished: &Finished, spec: &pipeline::RunSpec<'_>, arguments: &ReadArguments) -> io::Result<()> {
    if let Some(error) = &finished.error {
        print::status(&format!("error: {error}"));
    }
    match arguments.format {
        // Printed with `--quiet` too: a script reads it, also after a run that sent nothing.
        OutputFormat::Json => {
            print::json(&serde_json::to_string(&finished.summary).expect("a summary of text and numbers serializes"))
        }
        OutputFormat::Text if arguments.quiet && finished.summary.exit_code == 0 => Ok(()),
        OutputFormat::Text => {
            // The reason for stopping was already printed above, as the error.
            let summary = Summary { stopped: None, ..finished.summary.clone() };
            print::output(terminal::render(&summary, &printable(&spec.folder.to_string_lossy())).trim_end())
        }
    }
}

fn run_sandbox(arguments: &SandboxArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the sandbox")?;
    let settings = arguments.settings()?;
    runtime.block_on(async {
        let sandbox = Sandbox::start(settings).await.context("cannot start the sandbox")?;
        print::output(&format!(
            "sandbox: {} (open it in a browser to see what arrived; Ctrl-C stops it)",
            sandbox.base_url()
        ))?;
        tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
        sandbox.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn print_profiles(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(name) = name else {
        for (name, _) in profile::BUILT_IN {
            let profile = profile::Profile::load(name)?;
            print::output(&format!("{:12} {}", profile.name, profile.description))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    // Loading the profile first reports an unknown name with a suggestion.
    profile::Profile::load(name)?;
    let text = profile::BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
