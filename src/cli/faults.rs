//! The sandbox's faults: a file, overridden by `--fault`.
//!
//! What they mean is the sandbox's to say. Called by `args` and `spec`.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use super::config::{read_table, set_value};
use crate::sandbox::{FaultSettings, Faults};

/// The setting that is a number; all others are text.
const SEED: &str = "seed";

/// The faults of a file and of options, if either says any.
pub(super) fn load(file: Option<&Path>, overrides: &[String]) -> anyhow::Result<Option<Faults>> {
    let mut table = match file {
        Some(file) => read_table::<FaultSettings>(file)?,
        None => Table::new(),
    };
    for fault in overrides {
        let (path, value) = fault.split_once('=').context("--fault takes KEY=VALUE")?;
        let (path, value) = (path.trim(), value.trim());
        set_value::<FaultSettings>(&mut table, path, parse_value(path, value))
            .with_context(|| format!("--fault {path}"))?;
    }
    if table.is_empty() {
        return Ok(None);
    }
    let settings = Value::Table(table).try_into::<FaultSettings>()?;
    let faults = Faults::new(settings);
    let faults =
        faults.with_context(|| file.map_or_else(|| "--fault".to_owned(), |file| file.display().to_string()))?;
    Ok(Some(faults))
}

fn parse_value(path: &str, text: &str) -> Value {
    match text.parse() {
        Ok(number) if path == SEED => Value::Integer(number),
        _ => Value::String(text.to_owned()),
    }
}
