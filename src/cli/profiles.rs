//! `orderferry profiles`: lists the built-in profiles, or prints one.
//!
//! It does not change or check profiles of the user. Called by `entry`.

use std::process::ExitCode;

use anyhow::Context;

use super::print;
use crate::map::profile;

/// Prints the named profile, or the list of all.
pub(super) fn run(name: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(name) = name else {
        for (name, _) in profile::BUILT_IN {
            let profile = profile::Profile::load(name)?;
            print::output(&format!("{:12} {}", profile.name, profile.description))?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    // Loading the profile first reports an unknown name with a suggestion.
    profile::Profile::load(name)?;
    let text = profile::BUILT_IN.iter().find(|(built_in, _)| *built_in == name).map(|(_, text)| *text);
    print::output(text.with_context(|| format!("{name} is a file, not a built-in profile"))?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}
