//! Fault settings of the sandbox: a TOML file, overridden by `--fault KEY=VALUE`.
//!
//! Does not interpret the faults; `sandbox::Faults` checks and injects them. Called by `sandbox`
//! for `orderferry sandbox` and by `spec` for `send --sandbox`.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use super::config::{read_table, set_value};
use crate::sandbox::{FaultSettings, Faults};

/// The only setting whose value is a number; all others are text, `2%` and `5s` included.
const SEED: &str = "seed";

/// Loads the faults of a file and of `--fault` options; `None` if neither sets any.
pub(super) fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Option<Faults>> {
    let mut table = match file {
        Some(file) => read_table::<FaultSettings>(file)?,
        None => Table::new(),
    };
    for fault in overrides {
        let (path, value) = fault.split_once('=').context("--fault expects KEY=VALUE")?;
        let (path, value) = (path.trim(), value.trim());
        // Checked one by one, so that the error names the option.
        set_value::<FaultSettings>(&mut table, path, parse_value(path, value))
            .with_context(|| format!("--fault {path}"))?;
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
