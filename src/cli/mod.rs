//! What was typed → what it means; progress; exit codes.
//!
//! The only place that prints. Knows `pipeline`, the embedded sandbox, the built-in profiles, a person's view of the
//! ledger and the settings of the stages.

mod args;
mod clock;
mod config;
mod faults;
mod ledger;
mod print;
mod progress;
mod signals;
mod spec;

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
use args::{Arguments, Command, OutputFormat, ReadArguments, SandboxArguments};
use progress::ProgressBarView;

/// Usage, configuration, an unreadable input: nothing was sent.
const EXIT_NOTHING_SENT: u8 = 2;

/// Another run holds the ledger.
const EXIT_LOCKED: u8 = 5;

/// Stopped early: run it again to go on.
const EXIT_STOPPED: u8 = 4;

/// Runs the program as it was typed.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return report_usage_error(&error),
    };
    let result = clock::ensure_plausible(SystemTime::now()).and_then(|()| execute(arguments.command));
    result.unwrap_or_else(|error| {
        print::status(&format!("error: {error:#}"));
        ExitCode::from(error.downcast_ref::<RunError>().map_or(EXIT_NOTHING_SENT, exit_code_of))
    })
}

fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(check) => spec::check(&check).and_then(|spec| run(&spec, &check.read)),
        Command::Send(send) => spec::send(&send, |spec| run(spec, &send.read)),
        Command::Ledger(ledger) => ledger::run(&ledger),
        Command::Sandbox(sandbox) => run_sandbox(&sandbox),
        Command::Profiles(profiles) => print_profiles(profiles.show()),
    }
}

/// Help and version go to standard output and are no error.
fn report_usage_error(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        print::usage(error);
        return ExitCode::from(EXIT_NOTHING_SENT);
    }
    drop(error.print());
    ExitCode::SUCCESS
}

/// An error after which there is no report. What came before may have been sent, and the ledger knows.
fn exit_code_of(error: &RunError) -> u8 {
    if error.may_have_sent() { EXIT_STOPPED } else { EXIT_NOTHING_SENT }
}

fn run(spec: &pipeline::RunSpec<'_>, arguments: &ReadArguments) -> anyhow::Result<ExitCode> {
    let view = Arc::new(ProgressBarView::new(arguments.quiet));
    view.print_on_signal();
    let finished = pipeline::run(spec, &|progress| view.update(progress))?;
    view.finish();
    let code = finished.summary.exit_code;
    let Err(error) = print_summary(&finished, spec, arguments) else { return Ok(ExitCode::from(code)) };
    // The run is over and its code stands, unless it says that all is well.
    print::status(&format!("error: standard output: {error}"));
    Ok(ExitCode::from(if code == 0 { EXIT_STOPPED } else { code }))
}

fn print_summary(finished: &Finished, spec: &pipeline::RunSpec<'_>, arguments: &ReadArguments) -> io::Result<()> {
    if let Some(error) = &finished.error {
        print::status(&format!("error: {error}"));
    }
    match arguments.format {
        OutputFormat::Json => print::json(&serde_json::to_string(&finished.summary).expect("a summary is plain data")),
        OutputFormat::Text if arguments.quiet && finished.summary.exit_code == 0 => Ok(()),
        OutputFormat::Text => {
            // Why it stopped was said above.
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
        print::output(&format!("sandbox: {} (its page is there too; Ctrl-C ends it)", sandbox.base_url()))?;
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
    profile::Profile::load(name)?;
    let text = profile::BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
