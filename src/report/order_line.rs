//! Problems, positions and times as JSON and text, in the form that all files of the report share.
//!
//! Writes no file. Called by `results`, `rejects` (the reasons), `csv_tables`, `summary` and `page`.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::{
    origin::InputNames,
    problem::{Code, Problem, Problems, Severity},
};

/// Element of `problems`.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ProblemLine<'a> {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) field: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) file: Cow<'a, str>,
    pub(super) line: u64,
    pub(super) column: Option<u32>,
    /// The column's name in the header, or the path in the document.
    pub(super) column_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
}

/// Rows by code whose problems are counted but not listed.
pub(super) type OmittedRows<'a> = BTreeMap<Cow<'a, str>, u64>;

/// Returns the elements of `problems` of an order.
pub(super) fn problem_lines<'a>(
    problems: &'a [Problem],
    names: &'a InputNames,
) -> Vec<ProblemLine<'a>> {
    problems.iter().map(|problem| problem_line(problem, names)).collect()
}

/// Returns for each code the number of rows whose problems of this code are counted but not listed.
pub(super) fn omitted(problems: &Problems) -> OmittedRows<'static> {
    problems.omitted().iter().map(|rows| (rows.code.as_str().into(), rows.row_count)).collect()
}

fn problem_line<'a>(problem: &'a Problem, names: &'a InputNames) -> ProblemLine<'a> {
    ProblemLine {
        code: problem.code,
        severity: problem.severity,
        field: problem.field.as_deref().map(Cow::from),
        file: names.get(problem.at.file).into(),
        line: problem.at.line,
        column: problem.at.column,
        column_name: problem.column_name.as_deref().map(Cow::from),
        message: problem.message.as_str().into(),
    }
}

/// Serializes a time as RFC 3339 in UTC with milliseconds and `Z`, as in all files of the run
/// folder.
pub(super) fn utc_millis<S: Serializer>(
    at: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Formats a time like [`utc_millis`], as bytes. `None` for a leap second and for a year that does
/// not have four digits.
pub(super) fn format_utc_millis(at: DateTime<Utc>) -> Option<[u8; 24]> {
    let (date, time) = (at.date_naive(), at.time());
    let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
    // chrono represents a leap second as 1000 ms and more; the slow path formats it.
    let millis = Some(time.nanosecond() / 1_000_000).filter(|millis| *millis < 1000)?;
    // Written digit by digit for the fast path of `results`, which takes a quarter of serde's time.
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let pairs =
        [(0, year / 100), (2, year % 100), (5, date.month()), (8, date.day()), (20, millis / 10)];
    let time_pairs = [(11, time.hour()), (14, time.minute()), (17, time.second())];
    for (index, number) in pairs.into_iter().chain(time_pairs) {
        text[index] = digit(number / 10);
        text[index + 1] = digit(number % 10);
    }
    text[22] = digit(millis % 10);
    Some(text)
}

fn digit(number: u32) -> u8 {
    b"0123456789"[number as usize % 10]
}

/// Serializes a time like [`utc_millis`], or `null`.
#[allow(clippy::ref_option)] // serde passes a reference to the field
pub(super) fn utc_millis_or_null<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => utc_millis(at, serializer),
        None => serializer.serialize_none(),
    }
}
