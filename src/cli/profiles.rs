//! Command `profiles`: lists the built-in profiles, prints or checks one, prints the JSON Schema.
//!
//! It does not change profiles of the user. Called by `entry`.

use std::process::ExitCode;

use anyhow::Context;
use chrono::Utc;
use serde::Serialize;

use super::{
    args::ProfilesCommand,
    config::{ConfigFile, TargetSettings},
    error_list::ErrorList,
    print,
    profile_files::{load, load_message},
    run_values::validate_settings,
    setting_names::CONFIG,
    values::OutputFormat,
};
use crate::{
    map::{
        BUILT_IN, ParsedProfile, built_in_about, built_in_questions, profile::Profile,
        profile_schema,
    },
    model::{diagnostic::Diagnostics, source_text::error_outside_files},
    pipeline,
};

/// Runs a command on profiles; without one, lists the built-in ones. `errors` are those of its
/// options.
pub(super) fn run(
    command: Option<&ProfilesCommand>,
    errors: ErrorList,
) -> anyhow::Result<ExitCode> {
    match command {
        None => list()?,
        Some(ProfilesCommand::Show { name }) => show(name)?,
        Some(ProfilesCommand::Check { name, answer, format }) => {
            check(name, answer, *format, errors)?;
        }
        Some(ProfilesCommand::Schema) => {
            let schema = serde_json::to_string_pretty(&profile_schema());
            print::output(&schema.expect("a schema of text and numbers serializes"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The format of what a command prints.
pub(super) fn format(command: Option<&ProfilesCommand>) -> OutputFormat {
    match command {
        Some(ProfilesCommand::Check { format, .. }) => *format,
        _ => OutputFormat::Text,
    }
}

fn list() -> anyhow::Result<()> {
    for (name, _) in BUILT_IN {
        // Without compiling it: an open question is an error of a run only.
        let about = built_in_about(name).unwrap_or_default();
        let asked = match built_in_questions(name).len() {
            0 => String::new(),
            1 => " (asks 1 question)".to_owned(),
            n => format!(" (asks {n} questions)"),
        };
        print::output(&format!("{name:18} {about}{asked}"))?;
    }
    Ok(())
}

/// What is printed of a profile without an error.
#[derive(Debug, Serialize)]
struct CheckedProfile<'p> {
    /// As it was named.
    profile: &'p str,
    /// Its name.
    name: &'p str,
    /// The profiles that it extends, the nearest first.
    extends: &'p [String],
    /// The rules of those of which only open questions are answered: their other keys stay.
    answered: &'p [String],
}

/// Prints that a profile has no error and no open question.
///
/// # Errors
///
/// All that it has.
// A profile with an open question is one that no run takes, so it is an error here too: what a job
// of CI checks is whether the night's run will start.
fn check(
    name: &str,
    answers: &[String],
    format: OutputFormat,
    mut errors: ErrorList,
) -> anyhow::Result<()> {
    let ParsedProfile { profile, errors: found, answered } = match load(name, answers, &[]) {
        Ok(loaded) => loaded,
        Err(error) if errors.is_empty() => return Err(error),
        Err(error) => {
            errors.add(error_outside_files(CONFIG, name, "", &load_message(&error)));
            return Err(errors.into_error().into());
        }
    };
    errors.extend(found);
    if let Some(profile) = &profile {
        let (settings, target) = (ConfigFile::default(), TargetSettings::default());
        let settings = validate_settings(&settings, &target, profile, Utc::now());
        let mode = (!profile.is_wrong(&["mode"])).then(|| profile.mode.unwrap_or_default());
        errors.extend(pipeline::profile_errors(profile, mode, &settings));
    }
    // The next command would be this one.
    errors.ensure_none().map_err(|errors| Diagnostics { next: None, ..errors })?;
    let profile = profile.with_context(|| format!("{name} is no profile"))?;
    let Profile { name: own, extends, .. } = &profile;
    if format == OutputFormat::Json {
        let checked = CheckedProfile { profile: name, name: own, extends, answered: &answered };
        let line = serde_json::to_string(&checked).expect("texts always serialize");
        print::json(&line)?;
    } else {
        let extended: Vec<_> = extends.iter().map(|base| format!(", extends {base}")).collect();
        print::output(&format!("{name}: no errors{}", extended.concat()))?;
        for rule in &answered {
            print::output(&format!(
                "  {rule}: its open questions are answered; its other keys stay"
            ))?;
        }
    }
    Ok(())
}

fn show(name: &str) -> anyhow::Result<()> {
    // Loading the profile first reports an unknown name with a suggestion.
    load(name, &[], &[])?;
    let text = BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(
        text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end(),
    )?;
    Ok(())
}
