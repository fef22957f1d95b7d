//! Unplanned orders: those with a result before anything is sent, as a file beside the plan.
//!
//! A run that resumes the plan reports them too. It does not interpret them. Written by `pipeline`
//! while it reads the export, and read by it for a resume.

use std::{
    borrow::Cow,
    io::{self, BufRead, BufWriter, Write},
    path::{Path, PathBuf},
};

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use super::{
    digest::{DigestWriter, PlanDigest},
    error::{PlanError, unreadable},
};
use crate::{
    model::{
        money::Money,
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        outcome::{OrderResult, Outcome},
        problem::Problems,
        unsendable::{UnplannedOrder, Unsendable},
    },
    storage::{RunFile, RunFolder, Storage, StorageError},
};

/// Name of the file in the run folder.
// The name is older than the term `unplanned` and stays, since users see it.
pub(super) const FILE: &str = "left_out.ndjson";

/// Line of an order; `R`, `S` and `U` are references for writing.
#[derive(Serialize, Deserialize)]
struct UnplannedLine<R, S, U> {
    order: R,
    result: S,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    unsendable: Option<U>,
}

/// Line of an order that was accepted before, of which there are millions: what is reported of it.
#[derive(Serialize, Deserialize)]
struct AcceptedLine<'a> {
    #[serde(borrow)]
    order: AcceptedOrder<'a>,
}

/// What the line of an order begins with that was accepted before. Other orders are objects.
const ACCEPTED_LINE: &str = "{\"order\":[";

/// Id, reference, time in milliseconds since 1970, file and line, total, number of items, and the
/// reason of the result.
// An array instead of an object: the names of members would take most of the file.
#[derive(Serialize, Deserialize)]
struct AcceptedOrder<'a>(
    OrderId,
    #[serde(borrow)] Cow<'a, str>,
    i64,
    (FileId, u64),
    Option<Money>,
    usize,
    #[serde(borrow)] Option<Cow<'a, str>>,
);

impl<'a> AcceptedOrder<'a> {
    /// None if more is to be kept of the order. Its rows are not: only those of orders with a
    /// problem are reported.
    fn of(order: &'a OrderRecord, result: &'a OrderResult) -> Option<Self> {
        let OrderRecord {
            id,
            reference,
            ordered_at,
            source,
            money,
            item_count,
            rows: _,
            side_rows: _,
            problems,
        } = order;
        let time = ordered_at.map(|time| time.timestamp_millis())?;
        let is_short = result.outcome == Outcome::AlreadySent
            && result.is_without_request()
            && *problems == Problems::default()
            && DateTime::from_timestamp_millis(time) == *ordered_at
            && source.column.is_none();
        let reason = result.reason.as_deref().map(Cow::from);
        let at = (source.file, source.line);
        is_short.then(|| Self(*id, reference.into(), time, at, money.clone(), *item_count, reason))
    }

    fn into_unplanned(self) -> UnplannedOrder {
        let Self(id, reference, time, (file, line), money, item_count, reason) = self;
        let record = OrderRecord {
            id,
            reference: reference.into_owned(),
            ordered_at: DateTime::from_timestamp_millis(time),
            source: Position { file, line, column: None },
            money,
            item_count,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Problems::default(),
        };
        let reason = reason.map(Cow::into_owned);
        let result = OrderResult::without_request(Outcome::AlreadySent, reason);
        UnplannedOrder { record, result, unsendable: None }
    }
}

/// Appends the line of an unplanned order to `lines`.
pub fn write_unplanned(
    lines: &mut Vec<u8>,
    order: &OrderRecord,
    result: &OrderResult,
    unsendable: Option<&Unsendable>,
) {
    let accepted = AcceptedOrder::of(order, result).filter(|_| unsendable.is_none());
    let written = match accepted {
        Some(order) => serde_json::to_writer(&mut *lines, &AcceptedLine { order }),
        None => serde_json::to_writer(&mut *lines, &UnplannedLine { order, result, unsendable }),
    };
    written.expect("text and numbers always serialize, and a Vec accepts all bytes");
    lines.push(b'\n');
}

/// Parses a line of [`write_unplanned`].
fn parse_line(line: &str) -> Result<UnplannedOrder, serde_json::Error> {
    if line.starts_with(ACCEPTED_LINE) {
        let AcceptedLine { order } = serde_json::from_str(line)?;
        return Ok(order.into_unplanned());
    }
    let UnplannedLine { order, result, unsendable } = serde_json::from_str(line)?;
    Ok(UnplannedOrder { record: order, result, unsendable })
}

/// Writes the file of unplanned orders.
pub struct UnplannedWriter {
    file: DigestWriter<BufWriter<RunFile>>,
    path: PathBuf,
}

impl UnplannedWriter {
    /// Creates an empty file in the run folder.
    pub fn create(folder: &RunFolder) -> Result<Self, StorageError> {
        let file = DigestWriter::new(BufWriter::new(folder.create_file(FILE)?));
        Ok(Self { file, path: folder.file(FILE) })
    }

    /// Appends lines of [`write_unplanned`].
    pub fn add(&mut self, lines: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(lines).map_err(StorageError::at(&self.path, "write"))
    }

    /// Writes the rest to disk, so that it survives a power cut, and returns the digest of the
    /// file.
    pub fn finish(self) -> Result<PlanDigest, StorageError> {
        self.file.sync().map_err(StorageError::at(self.path, "write"))
    }
}

/// Reads the unplanned orders of the run in a folder.
pub(super) fn read_unplanned(
    folder: &Path,
    storage: &dyn Storage,
) -> Result<impl Iterator<Item = Result<UnplannedOrder, PlanError>> + use<>, PlanError> {
    let path = folder.join(FILE);
    let file = storage.open(&path.as_path().into(), 0).map_err(unreadable(&path))?;
    Ok(file.lines().enumerate().map(move |(index, line)| {
        let line = line.map_err(unreadable(&path))?;
        let in_line =
            |error| unreadable(&path)(io::Error::other(format!("line {}: {error}", index + 1)));
        parse_line(&line).map_err(in_line)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        origin::RowOrigin,
        problem::{Code, Problem},
    };

    fn order(edit: impl FnOnce(&mut OrderRecord)) -> OrderRecord {
        let mut order = OrderRecord {
            id: OrderId(7),
            reference: "A \"1\"".to_owned(),
            ordered_at: Some("2025-08-23T16:17:16.123Z".parse().unwrap()),
            source: Position { file: FileId(1), line: 3, column: None },
            money: Some(Money {
                currency: "EUR".parse().unwrap(),
                amount: "12.30".parse().unwrap(),
            }),
            item_count: 2,
            side_rows: Vec::new(),
            rows: vec![RowOrigin { file: FileId(1), line: 3, column: 1, bytes: 7..9 }],
            problems: Problems::default(),
        };
        edit(&mut order);
        order
    }

    fn line(order: &OrderRecord, result: &OrderResult) -> String {
        let mut lines = Vec::new();
        write_unplanned(&mut lines, order, result, None);
        String::from_utf8(lines).unwrap()
    }

    fn sent(outcome: Outcome) -> OrderResult {
        OrderResult::without_request(outcome, Some("sent".to_owned()))
    }

    #[test]
    fn accepted_order_has_a_short_line() {
        let (order, result) = (order(|_| ()), sent(Outcome::AlreadySent));
        let line = line(&order, &result);
        insta::assert_snapshot!(line, @r#"{"order":[7,"A \"1\"",1755965836123,[1,3],{"currency":"EUR","amount":"12.30"},2,"sent"]}"#);
        let read = parse_line(&line).unwrap();
        assert_eq!((read.record, read.result), (OrderRecord { rows: Vec::new(), ..order }, result));
    }

    #[test]
    fn line_of_any_other_order_is_complete() {
        let sent_before = || sent(Outcome::AlreadySent);
        let warning =
            Problem::for_order(Code::ContentRepeated, order(|_| ()).source, "twice".to_owned());
        let late = Some("2025-08-23T16:17:16.1234Z".parse().unwrap());
        for (order, result) in [
            (order(|_| ()), sent(Outcome::Skipped)),
            (order(|_| ()), OrderResult { attempts: 1, ..sent_before() }),
            (order(|order| order.problems.push(warning)), sent_before()),
            (order(|order| order.ordered_at = None), sent_before()),
            (order(|order| order.ordered_at = late), sent_before()),
            (order(|order| order.source.column = Some(1)), sent_before()),
        ] {
            let read = parse_line(&line(&order, &result)).unwrap();
            assert_eq!((read.record, read.result), (order, result));
        }
    }
}
