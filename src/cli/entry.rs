//! Entry point of the command line: parses the arguments, checks the clock, runs the command, turns
//! an error into a message and an exit code.
//!
//! It does no command's work; the match lists the module of each command. Called by `main.rs`.

use std::{process::ExitCode, time::SystemTime};

use clap::{CommandFactory, FromArgMatches};

use super::{
    args::{Arguments, Command},
    clock,
    exit::{EXIT_NOTHING_SENT, exit_code_of},
    explain, help, ledger, print, profiles,
    run::run,
    sandbox, spec,
    typed::typed_options,
};
use crate::{
    map::MapError, model::diagnostic::Diagnostics, pipeline::RunError, report::TypedOption,
};

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let (arguments, typed) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return report_usage_error(&error),
    };
    // A wrong clock would switch off the age limit of orders, and sums of times could overflow.
    let result =
        clock::ensure_plausible(SystemTime::now()).and_then(|()| match arguments.command {
            Command::Check(check) => {
                spec::check(&check, typed).and_then(|spec| run(&spec, &check.read))
            }
            // `spec::send` owns the runtime and the sandbox that the spec borrows, so the run is
            // its callback.
            Command::Send(send) => spec::send(&send, typed, |spec| run(spec, &send.read)),
            Command::Ledger(ledger) => ledger::run(&ledger),
            Command::Sandbox(sandbox) => sandbox::run(&sandbox),
            Command::Profiles(profiles) => profiles::run(profiles.show()),
            Command::Explain { code } => explain::run(code.as_deref()),
            Command::Help { path } => help::run::<Arguments>(&path),
        });
    result.unwrap_or_else(|error| {
        match diagnostics_of(&error) {
            Some(diagnostics) => print::diagnostics(diagnostics),
            None => print::status(&format!("error: {error:#}")),
        }
        ExitCode::from(error.downcast_ref::<RunError>().map_or(EXIT_NOTHING_SENT, exit_code_of))
    })
}

/// The faults of settings or of a profile, if an error consists of them.
fn diagnostics_of(error: &anyhow::Error) -> Option<&Diagnostics> {
    let of_profile = error.downcast_ref::<MapError>().and_then(MapError::diagnostics);
    of_profile.or_else(|| error.downcast_ref())
}

/// Parses the command line; returns the options that were typed too.
fn parse() -> Result<(Arguments, Vec<TypedOption>), clap::Error> {
    let matches = Arguments::command().try_get_matches()?;
    Ok((Arguments::from_arg_matches(&matches)?, typed_options(&matches)))
}

/// Prints a usage error (exit code 2), or help and version, which go to standard output with exit
/// code 0.
fn report_usage_error(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        print::usage(error);
        return ExitCode::from(EXIT_NOTHING_SENT);
    }
    print::help(error);
    ExitCode::SUCCESS
}
