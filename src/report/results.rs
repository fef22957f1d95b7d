//! `results.ndjson`: one line per order with its outcome, attempts and problems.
//!
//! Does not sort: the lines are in the order of writing (input order for a check, order of
//! completion for a send). [`add_line`] formats a line, [`ResultsWriter`] writes it; `csv_tables`
//! reads it again. Called by `recorder` and `partial`.

use std::{
    borrow::Cow,
    io::{BufRead, ErrorKind, Write},
    path::PathBuf,
};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::order_line::{OmittedRows, ProblemLine, omitted, problem_lines, utc_millis_or_null};
use crate::{
    model::{
        json_text::push_json_text,
        order::OrderRecord,
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        utc_time::format_utc_millis,
    },
    storage::{RunFolder, StorageError},
};

/// The file's name in the run folder.
pub const FILE: &str = "results.ndjson";

/// Returns the references of the orders of a complete file, in its order. A line that cannot be
/// read is left out.
///
/// # Errors
///
/// [`StorageError::Io`] if the file cannot be opened.
pub fn references(
    folder: &RunFolder,
) -> Result<impl Iterator<Item = String> + use<>, StorageError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Reference {
        reference_id: String,
    }
    let lines = folder.open_file(FILE)?.lines().map_while(Result::ok);
    Ok(lines.filter_map(|line| {
        let line: Reference = serde_json::from_str(&line).ok()?;
        Some(line.reference_id)
    }))
}

/// Buffer size: one system call writes some dozens of lines.
const BUFFER_BYTES: usize = 16 * 1024;

/// Buffered writer of result lines. Lines that could not be written are kept and retried, so no
/// line is missing once the disk has space again.
#[derive(Debug)]
pub struct ResultsWriter<W: Write> {
    to: W,
    /// Path that errors name.
    path: PathBuf,
    // Not a `BufWriter`: one that cannot flush its buffer rejects new lines, and they would be
    // lost.
    lines: Vec<u8>,
}

/// A line: one order.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultLine<'a> {
    #[serde(borrow)]
    pub(super) reference_id: Cow<'a, str>,
    #[serde(serialize_with = "utc_millis_or_null")]
    #[schemars(with = "Option<DateTime<Utc>>")]
    pub(super) ordered_at: Option<DateTime<Utc>>,
    pub(super) outcome: Outcome,
    #[serde(borrow)]
    pub(super) source: ResultSource<'a>,
    pub(super) attempts: u32,
    #[serde(rename = "http_status")]
    pub(super) http_status: Option<u16>,
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(rename = "repeated_after", skip_serializing_if = "Option::is_none")]
    pub(super) uncertain_before: Option<Cow<'a, str>>,
    #[serde(rename = "browser_id", skip_serializing_if = "Option::is_none")]
    pub(super) browser_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) problems: Vec<ProblemLine<'a>>,
    /// The key is read by scripts and keeps its name.
    #[serde(rename = "problems_untold", default, skip_serializing_if = "OmittedRows::is_empty")]
    pub(super) problems_omitted: OmittedRows<'a>,
}

/// The first row of the order.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ResultSource<'a> {
    #[serde(borrow)]
    pub(super) file: Cow<'a, str>,
    pub(super) line: u64,
}

impl<W: Write> ResultsWriter<W> {
    /// Creates a writer into `to`, which needs no buffer of its own. Errors name `path`.
    pub fn new(to: W, path: PathBuf) -> Self {
        Self { to, path, lines: Vec::new() }
    }

    /// Writes complete lines of [`add_line`].
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]; the lines stay in the buffer and are written by the next call.
    pub fn write(&mut self, lines: &[u8]) -> Result<(), StorageError> {
        self.lines.extend_from_slice(lines);
        if self.lines.len() < BUFFER_BYTES { Ok(()) } else { self.flush() }
    }

    /// Writes the buffer and flushes `to`.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`]
    pub fn flush(&mut self) -> Result<(), StorageError> {
        let mut n_written = 0;
        // `write_all` would not report how much it wrote; exactly the unwritten bytes must remain.
        let done = loop {
            if n_written == self.lines.len() {
                break Ok(());
            }
            match self.to.write(&self.lines[n_written..]) {
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(n_more) => n_written += n_more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.lines.drain(..n_written);
        done.and_then(|()| self.to.flush()).map_err(StorageError::at(&self.path, "write"))
    }
}

/// Appends the line of an order to `lines`. `names` are the inputs' names by `FileId`.
pub fn add_line(
    lines: &mut Vec<u8>,
    record: &OrderRecord,
    result: &OrderResult,
    names: &InputNames,
) {
    if add_simple_line(lines, record, result, names).is_some() {
        return;
    }
    let line = result_line(record, result, names);
    serde_json::to_writer(&mut *lines, &line)
        .expect("text and numbers always serialize, and a Vec accepts all bytes");
    lines.push(b'\n');
}

/// Fast path for an order without problems of which nothing was sent, of which there are millions:
/// the same bytes as serde writes, in a quarter of the time. Returns `None`, and appends nothing,
/// of any other order.
fn add_simple_line(
    lines: &mut Vec<u8>,
    record: &OrderRecord,
    result: &OrderResult,
    names: &InputNames,
) -> Option<()> {
    let time = format_utc_millis(record.ordered_at?)?;
    if !record.problems.is_empty() || !result.is_without_request() {
        return None;
    }
    lines.extend_from_slice(b"{\"referenceId\":");
    push_json_text(lines, &record.reference);
    lines.extend_from_slice(b",\"orderedAt\":\"");
    lines.extend_from_slice(&time);
    lines.extend_from_slice(b"\",\"outcome\":\"");
    lines.extend_from_slice(result.outcome.as_str().as_bytes());
    lines.extend_from_slice(b"\",\"source\":{\"file\":");
    push_json_text(lines, names.get(record.source.file));
    lines.extend_from_slice(b",\"line\":");
    lines.extend_from_slice(itoa::Buffer::new().format(record.source.line).as_bytes());
    lines.extend_from_slice(b"},\"attempts\":0,\"http_status\":null,\"reason\":");
    match &result.reason {
        Some(reason) => push_json_text(lines, reason),
        None => lines.extend_from_slice(b"null"),
    }
    lines.extend_from_slice(b",\"problems\":[]}\n");
    Some(())
}

fn result_line<'a>(
    record: &'a OrderRecord,
    result: &'a OrderResult,
    names: &'a InputNames,
) -> ResultLine<'a> {
    ResultLine {
        reference_id: record.reference.as_str().into(),
        ordered_at: record.ordered_at,
        outcome: result.outcome,
        source: ResultSource {
            file: names.get(record.source.file).into(),
            line: record.source.line,
        },
        attempts: result.attempts,
        http_status: result.http_status,
        reason: result.reason.as_deref().map(Cow::from),
        uncertain_before: result.uncertain_before.as_deref().map(Cow::from),
        browser_id: result.browser_id.as_deref().map(Cow::from),
        problems: problem_lines(&record.problems, names),
        problems_omitted: omitted(&record.problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::OrderId,
        origin::{FileId, Position},
        problem::{Code, Problem},
    };

    fn record(reference: &str) -> OrderRecord {
        OrderRecord {
            id: OrderId(0),
            reference: reference.to_owned(),
            ordered_at: None,
            source: Position { file: FileId(1), line: 17, column: None },
            money: None,
            item_count: 2,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new().into(),
        }
    }

    fn written(record: &OrderRecord, result: &OrderResult) -> String {
        let mut to = Vec::new();
        add_line(&mut to, record, result, &["a.csv", "b.csv"].into_iter().collect());
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn accepted_order_line_has_all_fields() {
        let mut record = record("A-1");
        record.ordered_at = Some("2026-03-01T09:30:00+01:00".parse().unwrap());
        let result = OrderResult {
            outcome: Outcome::Accepted,
            attempts: 2,
            http_status: Some(201),
            reason: None,
            failure: None,
            uncertain_before: Some("HTTP 500".to_owned()),
            browser_id: Some("browser-7".to_owned()),
            change: None,
            held_for: None,
        };
        insta::assert_snapshot!(written(&record, &result), @r#"{"referenceId":"A-1","orderedAt":"2026-03-01T08:30:00.000Z","outcome":"accepted","source":{"file":"b.csv","line":17},"attempts":2,"http_status":201,"reason":null,"repeated_after":"HTTP 500","browser_id":"browser-7","problems":[]}"#);
    }

    #[test]
    fn invalid_order_line_lists_its_problems() {
        let mut record = record("line\nbreak \"quoted\"");
        let at = Position { file: FileId(1), line: 18, column: Some(5) };
        record.problems.push(Problem::for_field(
            Code::NumberUnreadable,
            "item.price",
            at,
            "found `12,50`, expected a number",
        ));
        record.problems.push(Problem::for_order(
            Code::DuplicateOrder,
            record.source,
            "the same order again",
        ));
        insta::assert_snapshot!(written(&record, &OrderResult::without_request(Outcome::Invalid, None)), @r#"{"referenceId":"line\nbreak \"quoted\"","orderedAt":null,"outcome":"invalid","source":{"file":"b.csv","line":17},"attempts":0,"http_status":null,"reason":null,"problems":[{"code":"number_unreadable","severity":"error","field":"item.price","file":"b.csv","line":18,"column":5,"column_name":null,"message":"found `12,50`, expected a number"},{"code":"order_copied","severity":"warning","field":null,"file":"b.csv","line":17,"column":null,"column_name":null,"message":"the same order again"}]}"#);
    }

    proptest::proptest! {
        #[test]
        fn fast_path_equals_slow_path(
            reference in "[ -~é€\\x00-\\x1f\\x7f]{0,6}",
            file in "[ -~é]{0,6}",
            millis in proptest::prop_oneof![0..4_102_444_800_000_i64, -70_000_000_000_000..300_000_000_000_000_i64],
            outcome in proptest::sample::select(&Outcome::ALL[..]),
            reason in proptest::option::of("[ -~é\\n]{0,6}"),
        ) {
            let (ordered_at, names) = (DateTime::from_timestamp_millis(millis), [file.clone(), file].into_iter().collect());
            let (record, result) = (OrderRecord { ordered_at, ..record(&reference) }, OrderResult::without_request(outcome, reason));
            let (mut lines, mut expected) = (Vec::new(), Vec::new());
            add_line(&mut lines, &record, &result, &names);
            serde_json::to_writer(&mut expected, &result_line(&record, &result, &names)).unwrap();
            expected.push(b'\n');
            proptest::prop_assert_eq!(String::from_utf8(lines), String::from_utf8(expected));
        }
    }

    /// Accepts `capacity` more bytes, at most seven at a time.
    struct LimitedWriter<'a> {
        written: &'a mut Vec<u8>,
        capacity: &'a std::cell::Cell<usize>,
    }

    impl Write for LimitedWriter<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let n = bytes.len().min(self.capacity.get()).min(7);
            if n == 0 && !bytes.is_empty() {
                return Err(ErrorKind::StorageFull.into());
            }
            self.capacity.set(self.capacity.get() - n);
            self.written.extend_from_slice(&bytes[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_lost_when_a_full_disk_recovers() {
        let result = OrderResult::without_request(Outcome::Valid, None);
        for capacity in 0..600 {
            let (mut bytes, capacity) = (Vec::new(), std::cell::Cell::new(capacity));
            let mut writer = ResultsWriter::new(
                LimitedWriter { written: &mut bytes, capacity: &capacity },
                PathBuf::from("run/results.ndjson"),
            );
            let mut failed = false;
            for reference in ["A-1", "A-2", "A-3"] {
                let mut line = Vec::new();
                add_line(&mut line, &record(reference), &result, &InputNames::default());
                writer.write(&line).unwrap();
                if let Err(error) = writer.flush() {
                    let message = error.to_string();
                    assert!(
                        message.starts_with(
                            "run/results.ndjson: cannot write: no storage space\n  hint: "
                        ),
                        "{message}"
                    );
                    failed = true;
                }
            }
            capacity.set(usize::MAX);
            writer.flush().unwrap();
            let written = String::from_utf8(bytes).unwrap();
            let references: Vec<_> = written.lines().map(|line| &line[16..19]).collect();
            assert_eq!(references, ["A-1", "A-2", "A-3"], "{failed}");
        }
    }
}
