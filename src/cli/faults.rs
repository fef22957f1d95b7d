//! Fault settings of the sandbox: a TOML file, overridden by `--fault KEY=VALUE`.
//!
//! Does not interpret the faults; `sandbox::Faults` checks and injects them. Called by `sandbox`
//! for `orderferry sandbox` and by `spec` for `send --sandbox`.

use std::path::Path;

use toml::{Table, Value};

use super::{
    config::{read_file, set_value, unreadable_message},
    error_list::ErrorList,
};
use crate::{
    map::toml_error_text,
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
) -> Option<Faults> {
    let place = file.map(|file| format!("--faults {}", file.display()));
    let place = place.as_deref().unwrap_or("--fault");
    let mut add =
        |place: &str, error: &str| errors.add(error_outside_files(KIND, place, "", error));
    let (mut table, mut errors_of_file) = (Table::new(), Vec::new());
    match file.map(|file| read_file::<FaultSettings>(KIND, file)) {
        Some(Ok(read)) => (table, errors_of_file) = (read.table, read.errors),
        Some(Err(error)) => add(place, &unreadable_message(&error)),
        None => {}
    }
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
            add(&format!("--fault {path}"), &error);
        }
    }
    let settings = (!table.is_empty()).then(|| Value::Table(table).try_into::<FaultSettings>());
    let faults = match settings {
        Some(Ok(settings)) => Some(Faults::new(settings).map_err(|error| error.to_string())),
        Some(Err(error)) => Some(Err(toml_error_text(&error))),
        None => None,
    };
    let faults = faults.and_then(|faults| faults.map_err(|error| add(place, &error)).ok());
    errors.extend(errors_of_file.into_iter().map(|error| error.diagnostic));
    faults
}

fn parse_value(path: &str, text: &str) -> Value {
    match text.parse() {
        Ok(number) if path == SEED => Value::Integer(number),
        _ => Value::String(text.to_owned()),
    }
}
