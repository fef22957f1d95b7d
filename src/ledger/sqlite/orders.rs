//! Orders of a ledger: the statements that read all orders to all targets, streamed one at a time
//! so that memory stays bounded. Writes nothing. Called by `admin` and `settle`.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::rows::{snapshot_from_row, time_from_millis};
use crate::{
    ledger::{
        entry::AttemptId,
        order::{ContentChange, LedgerOrder, Submission, parse_outcome},
        query::{OrderFilter, ReferencePattern},
        target_hash::TargetHash,
    },
    model::planned::ContentHash,
};

/// Collects the selected orders in memory; meant for those of one reference.
pub(super) fn collect_orders(
    connection: &Connection,
    filter: &OrderFilter,
) -> Result<Vec<LedgerOrder>, rusqlite::Error> {
    let mut orders = Vec::new();
    visit_orders(connection, filter, &mut |order| {
        orders.push(order);
        ControlFlow::Continue(())
    })?;
    Ok(orders)
}

/// Visits the selected orders by target, reference and time, one at a time, until a visit breaks.
pub(super) fn visit_orders(
    connection: &Connection,
    filter: &OrderFilter,
    visit: &mut dyn FnMut(LedgerOrder) -> ControlFlow<()>,
) -> Result<(), rusqlite::Error> {
    let mut remaining = filter.limit.unwrap_or(usize::MAX);
    let mut next = next_target(connection, None)?;
    while let Some(target) = next {
        let is_selected = filter.target.as_ref().is_none_or(|prefix| prefix.matches(target));
        if is_selected
            && visit_target(connection, target, filter, &mut remaining, visit)?.is_break()
        {
            break;
        }
        next = next_target(connection, Some(target))?;
    }
    Ok(())
}

fn visit_target(
    connection: &Connection,
    target: TargetHash,
    filter: &OrderFilter,
    remaining: &mut usize,
    visit: &mut dyn FnMut(LedgerOrder) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, rusqlite::Error> {
    let mut submissions = SubmissionRows::new(connection, target, &filter.references)?;
    let mut rows = submissions.query()?;
    let mut changes = ChangeRows::new(connection, target)?;
    let mut current = None;
    while *remaining > 0 {
        let submission = next_submission(&mut rows)?;
        let is_end = submission.is_none();
        if let Some(mut order) = append_submission(&mut current, target, submission) {
            order.attach_changes(changes.of_order(&order)?);
            if filter.matches(&order) {
                *remaining -= 1;
                if visit(order).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        if is_end {
            break;
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Adds a submission to the current order or starts another one. Returns the order that is
/// complete then.
fn append_submission(
    current: &mut Option<LedgerOrder>,
    target: TargetHash,
    submission: Option<(String, Submission)>,
) -> Option<LedgerOrder> {
    let Some((reference, submission)) = submission else { return current.take() };
    match current {
        Some(order)
            if order.reference == reference && order.is_same_order(submission.ordered_at) =>
        {
            order.submissions.push(submission);
            None
        }
        _ => current.replace(LedgerOrder::new(target, reference, submission)),
    }
}

/// The first target, or the next one after `after`.
fn next_target(
    connection: &Connection,
    after: Option<TargetHash>,
) -> Result<Option<TargetHash>, rusqlite::Error> {
    // One look-up in the index for each target; SELECT DISTINCT would read all attempts.
    let mut statement = connection
        .prepare_cached("SELECT target FROM attempts WHERE target > ?1 ORDER BY target LIMIT 1")?;
    let after = after.as_ref().map_or(&[][..], |target| &target.0);
    statement.query_row(params![after], |row| Ok(TargetHash(row.get(0)?))).optional()
}

/// The submissions to a target by reference, in the order of the index: SQLite sorts only those of
/// one reference.
struct SubmissionRows<'a> {
    statement: CachedStatement<'a>,
    target: TargetHash,
    pattern: Option<&'a str>,
}

impl<'a> SubmissionRows<'a> {
    fn new(
        connection: &'a Connection,
        target: TargetHash,
        references: &'a ReferencePattern,
    ) -> Result<Self, rusqlite::Error> {
        let (condition, pattern) = match references {
            ReferencePattern::Any => ("?2 IS NULL", None),
            ReferencePattern::Exact(reference) => ("reference = ?2", Some(reference.as_str())),
            ReferencePattern::Glob(pattern) => ("reference GLOB ?2", Some(pattern.as_str())),
        };
        // `?2` appears in each condition, because the statement is always run with two parameters.
        let statement = connection.prepare_cached(&format!(
            "SELECT reference, attempt, ordered_at, content, run, intended_at, outcome, settled_at,
                 by_hand, status, total, currency, items
             FROM attempts WHERE target = ?1 AND {condition}
             ORDER BY reference, ordered_at, attempt"
        ))?;
        Ok(Self { statement, target, pattern })
    }

    fn query(&mut self) -> Result<rusqlite::Rows<'_>, rusqlite::Error> {
        self.statement.query(params![self.target.0, self.pattern])
    }
}

/// Reads the next reference and one of its submissions.
fn next_submission(
    rows: &mut rusqlite::Rows<'_>,
) -> Result<Option<(String, Submission)>, rusqlite::Error> {
    rows.next()?.map(read_submission).transpose()
}

fn read_submission(row: &Row<'_>) -> Result<(String, Submission), rusqlite::Error> {
    let submission = Submission {
        attempt: AttemptId(row.get(1)?),
        ordered_at: time_from_millis(row.get(2)?),
        content: ContentHash(row.get(3)?),
        run: row.get(4)?,
        intended_at: time_from_millis(row.get(5)?),
        state: parse_outcome(row.get::<_, Option<String>>(6)?.as_deref()),
        settled_at: row.get::<_, Option<i64>>(7)?.map(time_from_millis),
        is_manual: row.get(8)?,
        snapshot: snapshot_from_row(row, 9)?,
    };
    Ok((row.get(0)?, submission))
}

/// The changes of orders to a target.
// Most ledgers have none; then no order is looked up.
struct ChangeRows<'a> {
    statement: Option<CachedStatement<'a>>,
    target: TargetHash,
}

impl<'a> ChangeRows<'a> {
    fn new(connection: &'a Connection, target: TargetHash) -> Result<Self, rusqlite::Error> {
        let has_any = connection
            .prepare_cached("SELECT 1 FROM changes WHERE target = ?1")?
            .exists([target.0])?;
        let sql = "SELECT ordered_at, content, run, seen_at, acknowledged_at, cause, status, total,
                 currency, items
             FROM changes WHERE target = ?1 AND reference = ?2 ORDER BY change";
        let statement = has_any.then(|| connection.prepare_cached(sql)).transpose()?;
        Ok(Self { statement, target })
    }

    fn of_order(&mut self, order: &LedgerOrder) -> Result<Vec<ContentChange>, rusqlite::Error> {
        let (Some(statement), Some(_)) = (&mut self.statement, order.accepted()) else {
            return Ok(Vec::new());
        };
        let changes = statement.query_map(params![self.target.0, order.reference], |row| {
            Ok(ContentChange {
                ordered_at: time_from_millis(row.get(0)?),
                content: ContentHash(row.get(1)?),
                cause: row.get(5)?,
                snapshot: snapshot_from_row(row, 6)?,
                run: row.get(2)?,
                seen_at: time_from_millis(row.get(3)?),
                acknowledged_at: row.get::<_, Option<i64>>(4)?.map(time_from_millis),
            })
        })?;
        changes.collect()
    }
}
