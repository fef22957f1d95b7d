//! Fault settings of the sandbox: a TOML file, overridden by `--fault KEY=VALUE`.
//!
//! Does not interpret the faults; `sandbox::Faults` checks and injects them. Called by `sandbox`
//! for `orderferry sandbox` and by `spec` for `send --sandbox`.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use super::config::{fault_of, read_table, set_value};
use crate::{
    model::diagnostic::Diagnostics,
    sandbox::{FaultSettings, Faults},
};

/// The only setting whose value is a number; all others are text, `2%` and `5s` included.
const SEED: &str = "seed";

/// The kind of the errors of these settings.
const KIND: &str = "faults";

/// Loads the faults of a file and of `--fault` options; `None` if neither sets any.
pub(super) fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Option<Faults>> {
    let mut errors = Vec::new();
    let mut table = match file {
        Some(file) => read_table::<FaultSettings>(KIND, file, &mut errors)?,
        None => Table::new(),
    };
    for fault in overrides {
        let (path, value) = fault.split_once('=').unwrap_or((fault, ""));
        let (path, value) = (path.trim(), value.trim());
        // Checked one by one, so that the error names the option.
        let set = if fault.contains('=') {
            set_value::<FaultSettings>(&mut table, path, parse_value(path, value))
        } else {
            Err("--fault expects KEY=VALUE".to_owned())
        };
        let in_option = |error: String| fault_of(KIND, &format!("--fault {path}"), &error);
        errors.extend(set.err().map(in_option));
    }
    if !errors.is_empty() {
        let place = file.map_or_else(|| "--fault".to_owned(), |file| file.display().to_string());
        return Err(Diagnostics::before_reading(errors, &place).into());
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
