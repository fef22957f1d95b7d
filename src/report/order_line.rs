//! An order and its problems as JSON, in the one form that `results.ndjson` and the reasons beside rejects share.
//!
//! Only shapes; writes no file. Used by `results`, `rejects` and `summary`, and `place` by whoever points at a row.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};

use crate::model::{
    origin::{FileId, Position},
    problem::{Problem, Problems, Severity},
};

/// One element of `problems`.
#[derive(Serialize)]
pub(super) struct ProblemLine<'a> {
    code: &'static str,
    severity: Severity,
    field: Option<&'a str>,
    file: &'a str,
    line: u64,
    column: Option<u32>,
    message: &'a str,
}

/// The problems of an order.
pub(super) fn problem_lines<'a>(problems: &'a [Problem], names: &'a [String]) -> Vec<ProblemLine<'a>> {
    problems.iter().map(|problem| problem_line(problem, names)).collect()
}

/// Rows with more problems of a code than are told, by code.
pub(super) fn omitted(problems: &Problems) -> BTreeMap<&'static str, u64> {
    problems.omitted().iter().map(|rows| (rows.code.as_str(), rows.row_count)).collect()
}

fn problem_line<'a>(problem: &'a Problem, names: &'a [String]) -> ProblemLine<'a> {
    ProblemLine {
        code: problem.code.as_str(),
        severity: problem.code.severity(),
        field: problem.field.as_deref(),
        file: input_name(names, problem.at.file),
        line: problem.at.line,
        column: problem.at.column,
        message: &problem.message,
    }
}

/// The input's name. A report is worth more than a panic, so a file that is none of the run's inputs is called `?`.
pub(super) fn input_name(names: &[String], file: FileId) -> &str {
    names.get(file.0 as usize).map_or("?", String::as_str)
}

/// A place as messages write it: `orders.csv:17:5`, or `orders.csv:17` where the row as a whole is meant. `names` are
/// the inputs' names by [`FileId`].
#[must_use]
pub fn format_position(names: &[String], at: Position) -> String {
    let (file, line) = (input_name(names, at.file), at.line);
    at.column.map_or_else(|| format!("{file}:{line}"), |column| format!("{file}:{line}:{column}"))
}

/// RFC 3339 in UTC with milliseconds and `Z`, as everywhere in our files.
pub(super) fn utc_millis<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// The same as bytes; nothing for a year of other than four digits.
pub(super) fn format_utc_millis(at: DateTime<Utc>) -> Option<[u8; 24]> {
    let (date, time) = (at.date_naive(), at.time());
    let year = u32::try_from(date.year()).ok().filter(|year| *year <= 9999)?;
    // A leap second is written by the general way.
    let millis = Some(time.nanosecond() / 1_000_000).filter(|millis| *millis < 1000)?;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let pairs = [(0, year / 100), (2, year % 100), (5, date.month()), (8, date.day()), (20, millis / 10)];
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

/// The same, or `null`.
#[allow(clippy::ref_option)] // serde hands over a reference to the field
pub(super) fn utc_millis_or_null<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => utc_millis(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_is_file_line_column() {
        let names = ["orders.csv".to_owned()];
        let at = Position { file: FileId(0), line: 17, column: Some(5) };
        assert_eq!(format_position(&names, at), "orders.csv:17:5");
        assert_eq!(format_position(&names, Position { column: None, ..at }), "orders.csv:17");
        assert_eq!(format_position(&[], at), "?:17:5");
    }
}
