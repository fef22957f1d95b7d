//! Entry point of the command line: parses the arguments, checks the clock, runs the command, turns
//! an error into a message and an exit code.
//!
//! It does no command's work; the match lists the module of each command. Called by `main.rs`.

use std::{ffi::OsString, process::ExitCode, time::SystemTime};

use clap::{CommandFactory, FromArgMatches};

use super::{
    args::{Arguments, Command},
    clock,
    exit::{EXIT_LOCKED, EXIT_NOTHING_SENT, exit_code_of_run},
    explain, help, ledger, print, profiles,
    run::run,
    sandbox, spec,
    typed::TypedOptions,
    values::OutputFormat,
};
use crate::{map::MapError, model::diagnostic::Diagnostics, pipeline::RunError, report::ErrorLine};

/// Parses the command line and runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let (arguments, typed) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return report_usage_error(&error),
    };
    let format = output_format(&arguments.command);
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
        let code = exit_code_of(&error);
        report_error(&error, code, format);
        ExitCode::from(code)
    })
}

/// The exit code of an error.
fn exit_code_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<RunError>() {
        Some(error) => exit_code_of_run(error),
        None if ledger::is_locked(error) => EXIT_LOCKED,
        None => EXIT_NOTHING_SENT,
    }
}

/// The format of what a command prints, and so of an error in place of it.
fn output_format(command: &Command) -> OutputFormat {
    match command {
        Command::Check(check) => check.read.format,
        Command::Send(send) => send.read.format,
        Command::Ledger(ledger) if ledger::prints_json(&ledger.command) => OutputFormat::Json,
        _ => OutputFormat::Text,
    }
}

/// Prints an error on standard error for people, and on standard output for scripts.
fn report_error(error: &anyhow::Error, code: u8, format: OutputFormat) {
    let diagnostics = diagnostics_of(error);
    match diagnostics {
        Some(diagnostics) => print::diagnostics(diagnostics),
        None => print::status(&format!("error: {error:#}")),
    }
    if format == OutputFormat::Json {
        print_error_line(&match diagnostics {
            Some(diagnostics) => ErrorLine::of_diagnostics(code, diagnostics),
            None => ErrorLine::of_message(code, "run", &format!("{error:#}")),
        });
    }
}

fn print_error_line(line: &ErrorLine) {
    let line = serde_json::to_string(line).expect("text and numbers always serialize");
    if let Err(error) = print::json(&line) {
        print::status(&format!("error: standard output: {error}"));
    }
}

/// The faults of settings or of a profile, if an error consists of them.
fn diagnostics_of(error: &anyhow::Error) -> Option<&Diagnostics> {
    let of_profile = error.downcast_ref::<MapError>().and_then(MapError::diagnostics);
    of_profile.or_else(|| error.downcast_ref())
}

/// Parses the command line; returns the options that were typed too.
fn parse() -> Result<(Arguments, TypedOptions), clap::Error> {
    let matches = Arguments::command().try_get_matches()?;
    Ok((Arguments::from_arg_matches(&matches)?, TypedOptions::of(&matches)))
}

/// Whether `--format json` is among arguments that cannot be parsed.
fn asks_for_json(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<_> = arguments.take_while(|argument| argument != "--").collect();
    arguments.iter().any(|argument| argument == "--format=json")
        || arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// Prints a usage error (exit code 2), or help and version, which go to standard output with exit
/// code 0.
fn report_usage_error(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        print::usage(error);
        if asks_for_json(std::env::args_os()) {
            let message = error.render().to_string();
            let message = message.trim_start_matches("error: ").lines().next().unwrap_or_default();
            print_error_line(&ErrorLine::of_message(EXIT_NOTHING_SENT, "usage", message));
        }
        return ExitCode::from(EXIT_NOTHING_SENT);
    }
    print::help(error);
    ExitCode::SUCCESS
}
