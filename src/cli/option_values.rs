//! Values of options that cannot be parsed: each becomes an error, and the arguments are parsed
//! again without it, so that it is shown with all errors of the settings and of the profile.
//!
//! clap alone would end the run at the first of them. Knows no option. Called by `entry`.

use std::{error::Error, ffi::OsString, num::ParseIntError};

use clap::{
    ArgMatches, CommandFactory,
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
    /// What else is wrong, in clap's words, or a request for help.
    pub(super) error: clap::Error,
}

/// Parses arguments, of which the first one is the program. Returns what clap made of them, and the
/// options whose values are wrong, which are left out.
///
/// # Errors
///
/// Of everything else than the value of an option.
pub(super) fn parse(
    mut arguments: Vec<OsString>,
) -> Result<(ArgMatches, Vec<WrongOption>), UsageError> {
    let mut wrong = Vec::new();
    loop {
        let error = match Arguments::command().try_get_matches_from(&arguments) {
            Ok(matches) => return Ok((matches, wrong)),
            Err(error) => error,
        };
        match remove_wrong(&mut arguments, &error) {
            Some(option) => wrong.push(option),
            None => return Err(UsageError { wrong, error }),
        }
    }
}

impl UsageError {
    /// The arguments that are missing, apart from the options whose values are wrong; none if that
    /// is not the error.
    pub(super) fn missing(&self) -> Option<Vec<&str>> {
        let ContextValue::Strings(missing) = self.error.get(ContextKind::InvalidArg)? else {
            return None;
        };
        let is_left_out = |argument: &str| {
            let name = argument.split_whitespace().next().and_then(|name| name.strip_prefix("--"));
            self.wrong.iter().any(|wrong| Some(&*wrong.name) == name)
        };
        let missing = missing.iter().map(String::as_str);
        (self.error.kind() == ErrorKind::MissingRequiredArgument)
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
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let is_pair = |at: &usize| {
        arguments[*at] == *option && arguments.get(at + 1).is_some_and(|next| next == value)
    };
    let at = (0..end).find(|at| arguments[*at] == *in_one || is_pair(at))?;
    let n_words = if arguments[at] == *in_one { 1 } else { 2 };
    arguments.drain(at..at + n_words);
    let error = error_outside_files(CONFIG, &format!("{option} {value}"), "", &message(error));
    Some(WrongOption { name: name.to_owned(), error })
}

/// What is wrong with a value, and what is expected.
fn message(error: &clap::Error) -> String {
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) {
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
            "orderferry send a.csv --rate",
            "orderferry send a.csv --rate=fast --rat 5",
            "orderferry send --rate fast",
            "orderferry send a.csv -- --rate fast --pos",
        ] {
            let kind = parsed(arguments).err().map(|usage| usage.error.kind());
            let is_kept = arguments.contains("-- ");
            assert_eq!(kind.is_none(), is_kept, "{arguments}: {kind:?}");
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
