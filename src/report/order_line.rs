//! Problems, positions and times as JSON and text, in the form that all files of the report share.
//!
//! Writes no file. Called by `results`, `rejects` (the reasons), `csv_tables`, `summary` and
//! `page`.

use std::{borrow::Cow, collections::BTreeMap};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::{
    origin::InputNames,
    problem::{Code, Problem, Problems, Severity},
    utc_time,
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
    serializer.serialize_str(&utc_time::utc_millis(*at))
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
