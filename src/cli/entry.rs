//! Entry point of the command line: parses the arguments, checks the clock, runs the command, turns
//! an error into a message and an exit code.
//!
//! It does no command's work; the match lists the module of each command. Called by `main.rs`.

use std::{ffi::OsString, process::ExitCode, time::SystemTime};

use clap::{CommandFactory, FromArgMatches};

use super::{
    args::{Arguments, Command},
    clock,
    error_list::ErrorList,
    exit::{EXIT_LOCKED, EXIT_NOTHING_SENT},
    explain, help, init, ledger,
    option_values::{self, UsageError},
    print, profiles,
    run::run,
    sandbox,
    setting_names::{CONFIG, variable_of},
    spec,
    typed::TypedOptions,
    values::OutputFormat,
};
use crate::{
    map::MapError,
    model::{diagnostic::Diagnostics, source_text::error_outside_files},
    report::ErrorLine,
};

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
            Command::Init(init) => init::run(&init, errors_of_options(&typed)),
            Command::Ledger(ledger) => ledger::run(&ledger, errors_of_options(&typed)),
            Command::Sandbox(sandbox) => sandbox::run(&sandbox, errors_of_options(&typed)),
            Command::Profiles(profiles) => {
                profiles::run(profiles.command.as_ref(), errors_of_options(&typed))
            }
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
    if ledger::is_locked(error) { EXIT_LOCKED } else { EXIT_NOTHING_SENT }
}

/// The format of what a command prints, and so of an error in place of it.
fn output_format(command: &Command) -> OutputFormat {
    match command {
        Command::Check(check) => check.read.format,
        Command::Send(send) => send.read.format,
        Command::Profiles(profiles) => profiles::format(profiles.command.as_ref()),
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

/// The errors of settings or of a profile, if an error consists of them.
fn diagnostics_of(error: &anyhow::Error) -> Option<&Diagnostics> {
    let of_profile = error.downcast_ref::<MapError>().and_then(MapError::diagnostics);
    of_profile.or_else(|| error.downcast_ref())
}

/// Parses the command line; returns the options that were typed too.
fn parse() -> Result<(Arguments, TypedOptions), UsageError> {
    let (matches, wrong) = option_values::parse(std::env::args_os().collect())?;
    match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => Ok((arguments, TypedOptions::of(&matches, wrong))),
        Err(error) => Err(UsageError { wrong, errors: vec![error] }),
    }
}

/// The options whose values are wrong, for a command that has no settings.
fn errors_of_options(typed: &TypedOptions) -> ErrorList {
    ErrorList::of_options(&typed.wrong, command_help(std::env::args_os()))
}

/// The help of the command that arguments name, which clap's own errors name too.
fn command_help(arguments: impl Iterator<Item = OsString>) -> String {
    let (mut command, mut names) = (Arguments::command(), vec!["orderferry".to_owned()]);
    for name in arguments.skip(1) {
        let Some(subcommand) = command.find_subcommand(&name).cloned() else { break };
        names.push(subcommand.get_name().to_owned());
        command = subcommand;
    }
    format!("{} --help", names.join(" "))
}

/// Whether arguments that cannot be parsed ask for JSON; without `--format` the variable may.
fn asks_for_json(arguments: impl Iterator<Item = OsString>, variable: Option<OsString>) -> bool {
    let arguments: Vec<_> = arguments.take_while(|argument| argument != "--").collect();
    let in_one = arguments.iter().find_map(|argument| argument.to_str()?.strip_prefix("--format="));
    let in_two = || arguments.windows(2).find(|pair| pair[0] == "--format")?[1].to_str();
    let typed = in_one.or_else(in_two).map(OsString::from);
    typed.or(variable).is_some_and(|format| format == "json")
}

/// Prints a usage error (exit code 2), with the values that are wrong if there are any; or help and
/// version, which go to standard output with exit code 0.
fn report_usage_error(usage: &UsageError) -> ExitCode {
    let is_json = asks_for_json(std::env::args_os(), std::env::var_os(variable_of("format")));
    match usage.errors.as_slice() {
        [error] if !error.use_stderr() => {
            print::help(error);
            return ExitCode::SUCCESS;
        }
        [error] if usage.wrong.is_empty() => {
            print::usage(error);
            if is_json {
                let message = usage_message(error);
                print_error_line(&ErrorLine::of_message(EXIT_NOTHING_SENT, "usage", &message));
            }
        }
        _ => {
            let format = if is_json { OutputFormat::Json } else { OutputFormat::Text };
            report_error(&all_errors(usage).into(), EXIT_NOTHING_SENT, format);
        }
    }
    ExitCode::from(EXIT_NOTHING_SENT)
}

/// The values that are wrong, and what else is wrong with the arguments.
fn all_errors(usage: &UsageError) -> Diagnostics {
    let help = command_help(std::env::args_os());
    let mut errors = ErrorList::of_options(&usage.wrong, help.clone());
    let others = match usage.missing().as_deref() {
        // An option with a wrong value is not missing.
        Some([]) => Vec::new(),
        Some(missing) => vec![format!("missing arguments: {}", missing.join(", "))],
        None => usage.errors.iter().map(usage_message).collect(),
    };
    let error = |message: &String| error_outside_files(CONFIG, "the arguments", "", message);
    errors.extend(others.iter().map(error));
    Diagnostics { next: Some(help), ..errors.into_error() }
}

/// What clap says about arguments, in the form of other messages: what is wrong, with the values
/// that are possible or missing, and as hints its tips, or where help is.
fn usage_message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<_> = paragraph.lines().map(str::trim).collect();
        lines.join(" ")
    });
    let first = paragraphs.next().unwrap_or_default();
    let mut message = first.trim_start_matches("error: ").to_owned();
    let others: Vec<_> = paragraphs.collect();
    let tips: Vec<_> =
        others.iter().filter_map(|paragraph| paragraph.strip_prefix("tip: ")).collect();
    let help = others.iter().filter_map(|paragraph| {
        paragraph.strip_prefix("For more information, ")?.trim_end().strip_suffix('.')
    });
    let hints = if tips.is_empty() { help.collect() } else { tips };
    for hint in hints {
        message.push_str("\n  hint: ");
        message.push_str(&hint.replace(" tip: ", "; "));
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_asks_for_json_unless_an_option_says_otherwise() {
        let asks = |arguments: &str, variable: Option<&str>| {
            let arguments = arguments.split(' ').map(OsString::from);
            asks_for_json(arguments, variable.map(OsString::from))
        };
        for (arguments, variable, is_json) in [
            ("check --nope", None, false),
            ("check --nope", Some("json"), true),
            ("check --nope", Some("text"), false),
            ("check --nope --format json", None, true),
            ("check --nope --format=json", Some("text"), true),
            ("check --nope --format text", Some("json"), false),
            ("check --nope -- --format json", None, false),
        ] {
            assert_eq!(asks(arguments, variable), is_json, "{arguments} {variable:?}");
        }
    }

    #[test]
    fn command_is_named_with_its_help() {
        let help = |arguments: &str| command_help(arguments.split(' ').map(OsString::from));
        assert_eq!(help("of ledger settle A --nope"), "orderferry ledger settle --help");
        assert_eq!(help("of check ledger"), "orderferry check --help");
        assert_eq!(help("of --nope check"), "orderferry --help");
    }

    // A new version of clap may word its errors differently.
    #[test]
    fn usage_error_says_what_to_do() {
        let message = |arguments: &[&str]| {
            let arguments = ["orderferry"].iter().chain(arguments);
            let error = Arguments::command().try_get_matches_from(arguments).unwrap_err();
            usage_message(&error)
        };
        insta::assert_snapshot!(message(&["check", "x.csv", "--rat", "5"]), @r"
        unexpected argument '--rat' found
          hint: a similar argument exists: '--rate'
        ");
        insta::assert_snapshot!(message(&["check"]), @r"
        the following required arguments were not provided: <INPUT>...
          hint: try '--help'
        ");
        insta::assert_snapshot!(message(&["check", "x.csv", "--format", "xml"]), @r"
        invalid value 'xml' for '--format <FORMAT>' [possible values: text, json]
          hint: try '--help'
        ");
    }
}
