//! Profiles by name or file: reads the text of a profile and of those that it extends.
//!
//! Compiles nothing itself. Called by `run_values`, `profiles` and `init_questions`.

use std::path::Path;

use anyhow::Context;

use super::small_file::read_small_file;
use crate::{
    map::{MapError, NamedText, ParsedProfile, ProfileTexts, no_profile, profile::Profile},
    model::diagnostic::OPEN_QUESTION,
    pipeline,
};

/// Loads a built-in profile by its name, or the profile of a TOML file by its path, with answers
/// to its open questions. The files of `joins` are named by the command line.
///
/// # Errors
///
/// If there is none, or its file cannot be read; what is wrong in it is among its errors.
pub(super) fn load(
    name: &str,
    answers: &[String],
    joins: &[(String, String)],
) -> anyhow::Result<ParsedProfile> {
    let text = match NamedText::built_in(name) {
        // Built-in names take precedence; a file of the same name is loaded as `./canonical`.
        Some(built_in) => built_in,
        None if Path::new(name).exists() => read(name)?,
        None => return Err(no_profile(name).into()),
    };
    let texts = ProfileTexts::new(text, read_extended);
    let texts = texts.with_expected_values(pipeline::expected_values);
    let texts = texts.with_named_joins(joins.iter().map(|(join, _)| join.clone()).collect());
    Ok(Profile::compile_with_errors(texts, answers))
}

/// The message of an error of [`load`], where the profile is named beside it.
pub(super) fn load_message(error: &anyhow::Error) -> String {
    match error.downcast_ref::<MapError>() {
        Some(unknown) => unknown.to_string(),
        None => format!("cannot read the profile: {}", error.root_cause()),
    }
}

/// The errors of a profile's text, without its open questions.
pub(super) fn errors_of(text: &str) -> Vec<String> {
    let name = "the answer".to_owned();
    let text = NamedText { id: name.clone(), name, text: text.to_owned(), is_built_in: false };
    let texts = ProfileTexts::new(text, read_extended);
    let errors = Profile::compile_with_errors(texts, &[]).errors.into_iter();
    errors.filter(|error| error.kind != OPEN_QUESTION).map(|error| error.to_string()).collect()
}

/// Reads the profile that another one extends. An error is a message.
fn read_extended(name: &str, by: &str) -> Result<NamedText, String> {
    let path = Path::new(by).with_file_name(name);
    if !path.exists() {
        let is_path = name.contains(['.', '/', '\\']);
        let shown = if is_path { path.to_string_lossy() } else { name.into() };
        return Err(no_profile(&shown).to_string());
    }
    read(&path.to_string_lossy()).map_err(|error| format!("cannot read the profile: {error:#}"))
}

fn read(name: &str) -> anyhow::Result<NamedText> {
    let path = Path::new(name);
    let text = read_small_file(path).with_context(|| name.to_owned())?;
    let id = path.canonicalize().map_or_else(|_| name.into(), |path| path.display().to_string());
    Ok(NamedText { name: name.to_owned(), id, text, is_built_in: false })
}
