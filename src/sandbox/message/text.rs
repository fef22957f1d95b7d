//! Text of a message as JSON: objects, typed bodies and exact decimal numbers.
//!
//! It does not know the events. Called by `parse` and `cart`; `server` and `faults` parse messages
//! that are no events with [`parse_object`].

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::exact_decimal;

/// Parses a message as a JSON object; the error is the reason for a 400.
pub(in crate::sandbox) fn parse_object(text: Option<&str>) -> Result<Map<String, Value>, String> {
    let text = text.ok_or("message is missing or not percent-encoded UTF-8")?;
    serde_json::from_str(text).map_err(|error| format!("message is not a JSON object: {error}"))
}

/// Fails with these schema errors if there are any.
pub(super) fn ensure_empty(reasons: Vec<String>) -> Result<(), Vec<String>> {
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// Parses a valid event.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Vec<String>> {
    // After the check of the schema, only a duplicate attribute can fail here.
    serde_json::from_str(text).map_err(|error| vec![error.to_string()])
}

/// Parses the digits of a number without rounding.
pub(super) fn parse_decimal(path: &str, digits: &RawValue) -> Result<Decimal, Vec<String>> {
    exact_decimal::parse(digits.get())
        .ok_or_else(|| vec![format!("{path}: too many digits, expected at most 28")])
}
