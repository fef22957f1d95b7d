//! Profiles by name or file, and `orderferry profiles`, which lists the built-in ones or prints
//! one.
//!
//! It does not change profiles of the user. Called by `entry`; `spec` loads the profile of a run.

use std::{path::Path, process::ExitCode};

use anyhow::Context;

use super::{print, small_file::read_small_file};
use crate::map::{BUILT_IN, MapError, profile::Profile};

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

/// Prints the named profile, or the list of all.
pub(super) fn run(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(name) = name else {
        for (name, _) in BUILT_IN {
            let profile = Profile::built_in(name)?;
            print::output(&format!("{:12} {}", profile.name, profile.description))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    // Loading the profile first reports an unknown name with a suggestion.
    load(name)?;
    let text = BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(
        text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end(),
    )?;
    Ok(ExitCode::SUCCESS)
}
