//! What was typed → what it means; progress; exit codes.
//!
//! The only place that prints. Knows `pipeline`, the embedded sandbox, the built-in profiles, a person's view of the
//! ledger and the settings of the stages.

mod args;
mod clock;
mod faults;
mod job;
mod ledger;
mod print;
mod progress;
mod settings;
mod stop;

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
use args::{Arguments, Command, Format, Reading, SandboxArguments};
use progress::Watch;

/// Usage, configuration, an unreadable input: nothing was sent.
const NOTHING_SENT: u8 = 2;

/// Another run holds the ledger.
const HELD: u8 = 5;

/// Stopped early: run it again to go on.
const STOPPED: u8 = 4;

/// Runs the program as it was typed.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return typed_wrongly(&error),
    };
    let result = clock::ensure_plausible(SystemTime::now()).and_then(|()| done(arguments.command));
    result.unwrap_or_else(|error| {
        print::talk(&format!("error: {error:#}"));
        ExitCode::from(error.downcast_ref::<RunError>().map_or(NOTHING_SENT, code_of))
    })
}

fn done(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(check) => job::check(&check).and_then(|spec| run(&spec, &check.reading)),
        Command::Send(send) => job::send(&send, |spec| run(spec, &send.reading)),
        Command::Ledger(ledger) => ledger::run(&ledger),
        Command::Sandbox(sandbox) => serve(&sandbox),
        Command::Profiles(profiles) => show_profiles(profiles.show()),
    }
}

/// Help and version go to standard output and are no error.
fn typed_wrongly(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        print::usage(error);
        return ExitCode::from(NOTHING_SENT);
    }
    drop(error.print());
    ExitCode::SUCCESS
}

/// An error after which there is no report. What came before may have been sent, and the ledger knows.
fn code_of(error: &RunError) -> u8 {
    if error.may_have_sent() { STOPPED } else { NOTHING_SENT }
}

fn run(spec: &pipeline::Job<'_>, arguments: &Reading) -> anyhow::Result<ExitCode> {
    let view = Arc::new(Watch::new(arguments.quiet));
    view.print_on_signal();
    let finished = pipeline::run(spec, &|progress| view.tell(progress))?;
    view.finish();
    let code = finished.summary.exit_code;
    let Err(error) = show(&finished, spec, arguments) else { return Ok(ExitCode::from(code)) };
    // The run is over and its code stands, unless it says that all is well.
    print::talk(&format!("error: standard output: {error}"));
    Ok(ExitCode::from(if code == 0 { STOPPED } else { code }))
}

fn show(finished: &Finished, spec: &pipeline::Job<'_>, arguments: &Reading) -> io::Result<()> {
    if let Some(error) = &finished.error {
        print::talk(&format!("error: {error}"));
    }
    match arguments.format {
        Format::Json => print::json(&serde_json::to_string(&finished.summary).expect("a summary is plain data")),
        Format::Text if arguments.quiet && finished.summary.exit_code == 0 => Ok(()),
        Format::Text => {
            // Why it stopped was said above.
            let summary = Summary { stopped: None, ..finished.summary.clone() };
            print::data(terminal::words(&summary, &printable(&spec.folder.to_string_lossy())).trim_end())
        }
    }
}

fn serve(arguments: &SandboxArguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the sandbox")?;
    let settings = arguments.settings()?;
    runtime.block_on(async {
        let sandbox = Sandbox::start(settings).await.context("cannot start the sandbox")?;
        print::data(&format!("sandbox: {} (its page is there too; Ctrl-C ends it)", sandbox.base_url()))?;
        tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")?;
        sandbox.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn show_profiles(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(name) = name else {
        for (name, _) in profile::BUILT_IN {
            let profile = profile::Profile::load(name)?;
            print::data(&format!("{:12} {}", profile.name, profile.about))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    profile::Profile::load(name)?;
    let text = profile::BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::data(text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
