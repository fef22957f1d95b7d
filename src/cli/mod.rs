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
mod profiles;
mod progress;
mod run;
mod sandbox;
mod signals;
mod spec;
mod values;

use std::{process::ExitCode, time::SystemTime};

use clap::Parser;

use crate::pipeline::RunError;
use args::{Arguments, Command};
use exit::{EXIT_NOTHING_SENT, exit_code_of};
use run::run;

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
        Command::Sandbox(sandbox) => sandbox::run(&sandbox),
        Command::Profiles(profiles) => profiles::run(profiles.show()),
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
