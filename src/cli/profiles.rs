//! Profiles by name or file, and `orderferry profiles`, which lists the built-in ones, prints one,
//! or prints the JSON Schema of all.
//!
//! It does not change profiles of the user. Called by `entry`; `spec` loads the profile of a run.

use std::{path::Path, process::ExitCode};

use anyhow::Context;

use super::{args::ProfilesCommand, print, small_file::read_small_file};
use crate::map::{BUILT_IN, MapError, profile::Profile, profile_schema};

/// Loads a built-in profile by its name, or the profile of a TOML file by its path.
pub(super) fn load(name: &str) -> anyhow::Result<Profile> {
    let path = Path::new(name);
    match Profile::built_in(name) {
        // Built-in names take precedence; a file of the same name is loaded as `./canonical`.
        Err(MapError::NoProfile { .. }) if path.exists() => {
            let text = read_small_file(path).with_context(|| name.to_owned())?;
            Ok(Profile::parse(name, &text)?)
        }
        built_in => Ok(built_in?),
    }
}

/// Runs a command on profiles; without one, lists the built-in ones.
pub(super) fn run(command: Option<&ProfilesCommand>) -> anyhow::Result<ExitCode> {
    match command {
        None => list()?,
        Some(ProfilesCommand::Show { name }) => show(name)?,
        Some(ProfilesCommand::Schema) => {
            let schema = serde_json::to_string_pretty(&profile_schema());
            print::output(&schema.expect("a schema of text and numbers serializes"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list() -> anyhow::Result<()> {
    for (name, _) in BUILT_IN {
        let profile = Profile::built_in(name)?;
        print::output(&format!("{:12} {}", profile.name, profile.description))?;
    }
    Ok(())
}

fn show(name: &str) -> anyhow::Result<()> {
    // Loading the profile first reports an unknown name with a suggestion.
    load(name)?;
    let text = BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(
        text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end(),
    )?;
    Ok(())
}
