//! Fault settings of the sandbox: a TOML file, overridden by `--fault KEY=VALUE`.
//!
//! Does not interpret the faults; `sandbox::Faults` checks and injects them. Called by `sandbox`
//! for `orderferry sandbox` and by `spec` for `send --sandbox`.

use std::path::Path;

use anyhow::Context;
use toml::Value;

use super::{
    config::{ReadFile, read_file, set_value},
    error_list::ErrorList,
};
use crate::{
    model::source_text::error_outside_files,
    sandbox::{FaultSettings, Faults},
};

/// The only setting whose value is a number; all others are text, `2%` and `5s` included.
const SEED: &str = "seed";

/// The kind of the errors of these settings.
const KIND: &str = "faults";

/// Loads the faults of a file and of `--fault` options; `None` if neither sets any, or if one is
/// wrong and is added to the errors.
pub(super) fn load(
    file: Option<&Path>,
    overrides: &[String],
    errors: &mut ErrorList,
) -> anyhow::Result<Option<Faults>> {
    let read = file.map(|file| read_file::<FaultSettings>(KIND, file)).transpose()?;
    let ReadFile { mut table, errors: errors_of_file, .. } = read.unwrap_or_default();
    errors.extend(errors_of_file.into_iter().map(|error| error.diagnostic));
    for fault in overrides {
        let (path, value) = fault.split_once('=').unwrap_or((fault, ""));
        let (path, value) = (path.trim(), value.trim());
        // Checked one by one, so that the error names the option.
        let set = if fault.contains('=') {
            set_value::<FaultSettings>(&mut table, path, parse_value(path, value))
        } else {
            Err("--fault expects KEY=VALUE".to_owned())
        };
        if let Err(error) = set {
            errors.add(error_outside_files(KIND, &format!("--fault {path}"), "", &error));
        }
    }
    if table.is_empty() {
        return Ok(None);
    }
    let settings = Value::Table(table).try_into::<FaultSettings>()?;
    let faults = Faults::new(settings);
    let faults = faults.with_context(|| {
        file.map_or_else(|| "--fault".to_owned(), |file| file.display().to_string())
    })?;
    Ok(Some(faults))
}

fn parse_value(path: &str, text: &str) -> Value {
    match text.parse() {
        Ok(number) if path == SEED => Value::Integer(number),
        _ => Value::String(text.to_owned()),
    }
}
