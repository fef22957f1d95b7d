//! Options that cannot be parsed: each becomes an error, and the arguments are parsed again without
//! it, so that a wrong value is shown with all errors of the settings and of the profile.
//!
//! clap alone would end the run at the first of them. Knows no option. Called by `entry`.

use std::{error::Error, ffi::OsString, num::ParseIntError};

use clap::{
    Arg, ArgMatches, Command, CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{args::Arguments, setting_names::CONFIG};
use crate::model::{
    diagnostic::Diagnostic,
    source_text::error_outside_files,
    suggest::{did_you_mean, suggest},
};

/// An option whose value cannot be parsed.
#[derive(Debug, Clone)]
pub(super) struct WrongOption {
    /// Its name, without dashes.
    pub(super) name: String,
    /// What is wrong.
    pub(super) error: Diagnostic,
}

/// Arguments that cannot be parsed.
#[derive(Debug)]
pub(super) struct UsageError {
    /// The options whose values are wrong.
    pub(super) wrong: Vec<WrongOption>,
    /// What else is wrong, in clap's words, or a request for help: first of all the unknown
    /// options.
    pub(super) errors: Vec<clap::Error>,
}

/// Parses arguments, of which the first one is the program. Returns what clap made of them, and the
/// options whose values are wrong, which are left out.
///
/// # Errors
///
/// Of everything else than the value of an option. Beside an unknown option nothing is missing or
/// superfluous: it may be a misspelt one, with its value.
pub(super) fn parse(
    mut arguments: Vec<OsString>,
) -> Result<(ArgMatches, Vec<WrongOption>), UsageError> {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    loop {
        let error = match command().try_get_matches_from(&arguments) {
            Ok(matches) if unknown.is_empty() => return Ok((matches, wrong)),
            Ok(_) => return Err(UsageError { wrong, errors: unknown }),
            Err(error) => error,
        };
        if let Some(option) = remove_wrong(&mut arguments, &error) {
            wrong.push(option);
        } else if let Some(option) = remove_without_value(&mut arguments, &error) {
            wrong.push(option);
        } else if remove_unknown(&mut arguments, &error) {
            unknown.push(error);
        } else {
            let errors = if unknown.is_empty() { vec![error] } else { unknown };
            return Err(UsageError { wrong, errors });
        }
    }
}

/// The command line, with options whose values may be negative numbers: no such value is taken for
/// an option of its own, and the error names the option that it is of.
fn command() -> Command {
    with_negative_values(Arguments::command())
}

fn with_negative_values(command: Command) -> Command {
    let with_value = |option: Arg| {
        let has_value = !option.is_positional() && option.get_action().takes_values();
        if has_value { option.allow_negative_numbers(true) } else { option }
    };
    command.mut_args(with_value).mut_subcommands(with_negative_values)
}

impl UsageError {
    /// The arguments that are missing, apart from the options whose values are wrong; none if that
    /// is not the error.
    pub(super) fn missing(&self) -> Option<Vec<&str>> {
        let [error] = self.errors.as_slice() else { return None };
        let ContextValue::Strings(missing) = error.get(ContextKind::InvalidArg)? else {
            return None;
        };
        let is_left_out = |argument: &str| {
            let name = argument.split_whitespace().next().and_then(|name| name.strip_prefix("--"));
            self.wrong.iter().any(|wrong| Some(&*wrong.name) == name)
        };
        let missing = missing.iter().map(String::as_str);
        (error.kind() == ErrorKind::MissingRequiredArgument)
            .then(|| missing.filter(|argument| !is_left_out(argument)).collect())
    }
}

/// Removes the option that an error is about from the arguments; none if the error is about
/// something else.
fn remove_wrong(arguments: &mut Vec<OsString>, error: &clap::Error) -> Option<WrongOption> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let option = text(error, ContextKind::InvalidArg)?.split_whitespace().next()?;
    let value = text(error, ContextKind::InvalidValue)?;
    let name = option.strip_prefix("--")?;
    let in_one = format!("{option}={value}");
    let is_pair = |at: &usize| {
        arguments[*at] == *option && arguments.get(at + 1).is_some_and(|next| next == value)
    };
    let at = (0..end_of_options(arguments)).find(|at| arguments[*at] == *in_one || is_pair(at))?;
    let n_words = if arguments[at] == *in_one { 1 } else { 2 };
    arguments.drain(at..at + n_words);
    let error = error_outside_files(CONFIG, &format!("{option} {value}"), "", &message(error));
    Some(WrongOption { name: name.to_owned(), error })
}

/// Removes an option without a value: it is the last word, or the next one begins as an option
/// does. That one goes with it if it is unknown, or the option would take the word behind it.
fn remove_without_value(arguments: &mut Vec<OsString>, error: &clap::Error) -> Option<WrongOption> {
    let (at, n_words) = if let Some(unknown) = unknown_option(arguments, error) {
        (unknown.checked_sub(1).filter(|at| takes_value(arguments, *at))?, 2)
    } else {
        let is_empty = text(error, ContextKind::InvalidValue)?.is_empty();
        let option = text(error, ContextKind::InvalidArg)?.split_whitespace().next()?;
        let options = &arguments[..end_of_options(arguments)];
        (options.iter().rposition(|word| word == option).filter(|_| is_empty)?, 1)
    };
    let option = arguments[at].to_str()?.to_owned();
    let name = option.strip_prefix("--")?.to_owned();
    arguments.drain(at..at + n_words);
    let message = format!(
        "a value is missing; expected one\n  hint: a value that begins with - is written \
         {option}=VALUE"
    );
    Some(WrongOption { name, error: error_outside_files(CONFIG, &option, "", &message) })
}

/// Whether a word is an option that takes its value from the next one.
fn takes_value(arguments: &[OsString], at: usize) -> bool {
    let mut command = command();
    for name in arguments.get(1..at).unwrap_or_default() {
        let Some(subcommand) = command.find_subcommand(name) else { break };
        command = subcommand.clone();
    }
    let name = arguments[at].to_str().and_then(|word| word.strip_prefix("--"));
    let is_named = |option: &&Arg| name.is_some() && option.get_long() == name;
    command.get_arguments().find(is_named).is_some_and(|option| option.get_action().takes_values())
}

/// Removes the option that an error calls unknown from the arguments, without its value; returns
/// whether there is one.
fn remove_unknown(arguments: &mut Vec<OsString>, error: &clap::Error) -> bool {
    unknown_option(arguments, error).map(|at| arguments.remove(at)).is_some()
}

/// The index of the option that an error calls unknown.
fn unknown_option(arguments: &[OsString], error: &clap::Error) -> Option<usize> {
    let option = text(error, ContextKind::InvalidArg)?;
    let is_unknown = |argument: &OsString| {
        let name = argument.to_str().and_then(|argument| argument.split('=').next());
        name == Some(option)
    };
    let options = &arguments[..end_of_options(arguments)];
    let is_option = error.kind() == ErrorKind::UnknownArgument && option.starts_with('-');
    options.iter().position(is_unknown).filter(|_| is_option)
}

/// The index behind the last argument that may be an option.
fn end_of_options(arguments: &[OsString]) -> usize {
    arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len())
}

/// What is wrong with a value, and what is expected.
fn message(error: &clap::Error) -> String {
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) {
        if values.is_empty() {
            return format!("invalid value {value:?}; expected one that is not empty");
        }
        let near = did_you_mean(suggest(value, values.iter().map(String::as_str)));
        return format!("unknown value {value:?}; expected {}{near}", values.join(" or "));
    }
    match error.source() {
        Some(source) if source.is::<ParseIntError>() => {
            format!("invalid number {value:?}; expected a whole number")
        }
        Some(source) => source.to_string(),
        None => format!("invalid value {value:?}"),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn parsed(arguments: &str) -> Result<(ArgMatches, Vec<WrongOption>), UsageError> {
        parse(arguments.split(' ').map(OsString::from).collect())
    }

    // A new version of clap may describe its errors otherwise.
    #[test]
    fn wrong_values_are_left_out_and_listed() {
        let (matches, wrong) = parsed(
            "orderferry send a.csv --rate fast --max-invalid=400% --encoding klingon --limit x \
             --unknown hodl --mode sinlge --timeout soon --deadline 25:00 --memory much --pos p",
        )
        .unwrap();
        let errors: Vec<_> = wrong.iter().map(|wrong| wrong.error.to_string()).collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        --rate fast: invalid rate "fast"; expected for example 20/s
        --max-invalid 400%: invalid limit "400%"; expected for example 10% or 25
        --encoding klingon: unknown encoding "klingon"; expected a label of the Encoding Standard or of a DOS page, such as windows-1252, utf-16le or cp850
        --limit x: invalid number "x"; expected a whole number
        --unknown hodl: unknown value "hodl"; expected hold or resend
          hint: did you mean "hold"?
        --mode sinlge: unknown mode "sinlge"; expected single, multi or auto
          hint: did you mean "single"?
        --timeout soon: invalid duration "soon"; expected for example 500ms, 30s or 10min
        --deadline 25:00: invalid deadline "25:00"; expected a duration such as 2h or a time of day such as 06:30
        --memory much: invalid size "much"; expected for example 256MB or 1GiB
        "#);
        assert_eq!(wrong[0].name, "rate");
        let send = matches.subcommand_matches("send").unwrap();
        assert_eq!(send.get_one::<String>("pos").unwrap(), "p");
    }

    #[test]
    fn other_errors_end_the_parsing() {
        for arguments in [
            "orderferry send a.csv --rate=fast --rat 5",
            "orderferry send --rate fast",
            "orderferry send a.csv -- --rate fast --pos",
        ] {
            let kind = parsed(arguments).err().map(|usage| usage.errors[0].kind());
            let is_kept = arguments.contains("-- ");
            assert_eq!(kind.is_none(), is_kept, "{arguments}: {kind:?}");
        }
    }

    #[test]
    fn unknown_options_hide_no_wrong_value() {
        for arguments in [
            "--as perhaps --nope A",
            "--nope A --as perhaps",
            "A --nope=3 --as=perhaps",
            "--as perhaps A --nope",
        ] {
            let usage = parsed(&format!("orderferry ledger settle {arguments}")).unwrap_err();
            let unknown = usage.errors.iter().map(|error| text(error, ContextKind::InvalidArg));
            assert_eq!(unknown.collect::<Vec<_>>(), [Some("--nope")], "{arguments}");
            assert_eq!(usage.wrong.len(), 1, "{arguments}");
        }
        let usage =
            parsed("orderferry send a.csv --rat 5 --nope --rate=fast -1 -- -2").unwrap_err();
        assert_eq!((usage.errors.len(), usage.wrong.len()), (3, 1));
    }

    #[test]
    fn negative_number_is_the_value_of_its_option() {
        for arguments in
            ["--limit -1 --rate fast --timeout abc", "--timeout abc --rate fast --limit -1"]
        {
            let (_, wrong) = parsed(&format!("orderferry send a.csv --pos x {arguments}")).unwrap();
            let mut errors: Vec<_> = wrong.iter().map(|wrong| wrong.error.to_string()).collect();
            errors.sort_unstable();
            insta::allow_duplicates! {
                insta::assert_snapshot!(errors.join("\n"), @r#"
                --limit -1: invalid number "-1"; expected a whole number
                --rate fast: invalid rate "fast"; expected for example 20/s
                --timeout abc: invalid duration "abc"; expected for example 500ms, 30s or 10min
                "#);
            }
        }
    }

    #[test]
    fn option_without_a_value_takes_no_other_word() {
        for arguments in [
            "--limit -x a.csv --rate fast",
            "a.csv --limit --nope --rate fast",
            "--rate fast a.csv --limit",
            "--limit --rate fast a.csv",
        ] {
            let (matches, wrong) = parsed(&format!("orderferry send {arguments}")).unwrap();
            let mut errors: Vec<_> = wrong.iter().map(|wrong| wrong.error.to_string()).collect();
            errors.sort_unstable();
            insta::allow_duplicates! {
                insta::assert_snapshot!(errors.join("\n"), @r#"
                --limit: a value is missing; expected one
                  hint: a value that begins with - is written --limit=VALUE
                --rate fast: invalid rate "fast"; expected for example 20/s
                "#);
            }
            let send = matches.subcommand_matches("send").unwrap();
            assert_eq!(send.get_one::<String>("inputs").unwrap(), "a.csv", "{arguments}");
        }
    }

    proptest! {
        #[test]
        fn any_words_are_parsed_or_refused(
            words in vec(
                select(vec![
                    "send", "check", "ledger", "a.csv", "fast", "-1", "-x", "--", "--bogus",
                    "--rate", "--rate=fast", "--limit", "--quiet", "--pos", "--help", "-",
                ]),
                0..7,
            ),
        ) {
            // The first word is the name of the program, even if it looks like an option.
            for arguments in [words.join(" "), format!("orderferry {}", words.join(" "))] {
                _ = parsed(&arguments);
            }
        }
    }

    #[test]
    fn option_with_a_wrong_value_is_not_missing() {
        let usage = parsed("orderferry ledger settle --as perhaps").unwrap_err();
        assert_eq!(
            (&*usage.wrong[0].name, usage.missing().unwrap()),
            ("as", vec!["<REFERENCE>..."])
        );
        let usage = parsed("orderferry ledger settle A-1 --as perhaps").unwrap_err();
        assert_eq!(usage.missing().unwrap(), [""; 0]);
        assert!(parsed("orderferry ledger settle A-1 --nope").unwrap_err().missing().is_none());
    }
}
