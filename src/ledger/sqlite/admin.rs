//! Admin view of the ledger: all orders to all targets, streamed one at a time so that memory
//! stays bounded. Read-only; decisions are written by `settle` and `adopt`. Called by the `ledger`
//! command of `cli`.

use std::path::Path;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::{
    file,
    rows::{snapshot_from_row, time_from_millis},
};
use crate::{
    ledger::{
        entry::AttemptId,
        error::LedgerError,
        order::{ContentChange, LedgerOrder, Submission, parse_outcome},
        query::{OrderFilter, ReferencePattern},
        target_hash::TargetHash,
    },
    model::planned::ContentHash,
};

/// An open ledger with the attempts of all runs to all targets.
pub struct LedgerAdmin {
    connection: Connection,
}

impl LedgerAdmin {
    /// Opens an existing ledger read-only.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let connection = file::open_to_read(path)?;
        let connection = connection.ok_or_else(|| LedgerError::NotFound { path: path.to_owned() })?;
        Ok(Self { connection })
    }

    /// Visits the selected orders by target, reference and time, until a visit fails.
    pub fn visit<E: From<LedgerError>>(
        &self,
        filter: &OrderFilter,
        visit: impl FnMut(LedgerOrder) -> Result<(), E>,
    ) -> Result<(), E> {
        visit_orders(&self.connection, filter, visit)
    }
}

/// Collects the selected orders in memory; meant for those of one reference.
pub(super) fn orders(connection: &Connection, filter: &OrderFilter) -> Result<Vec<LedgerOrder>, LedgerError> {
    let mut orders = Vec::new();
    visit_orders(connection, filter, |order| {
        orders.push(order);
        Ok::<_, LedgerError>(())
    })?;
    Ok(orders)
}

fn visit_orders<E: From<LedgerError>>(
    connection: &Connection,
    filter: &OrderFilter,
    mut visit: impl FnMut(LedgerOrder) -> Result<(), E>,
) -> Result<(), E> {
    let mut remaining = filter.limit.unwrap_or(usize::MAX);
    let mut next = next_target(connection, None)?;
    while let Some(target) = next {
        if filter.target.as_ref().is_none_or(|prefix| prefix.matches(target)) {
            visit_target(connection, target, filter, &mut remaining, &mut visit)?;
        }
        next = next_target(connection, Some(target))?;
    }
    Ok(())
}

fn visit_target<E: From<LedgerError>>(
    connection: &Connection,
    target: TargetHash,
    filter: &OrderFilter,
    remaining: &mut usize,
    visit: &mut impl FnMut(LedgerOrder) -> Result<(), E>,
) -> Result<(), E> {
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
                visit(order)?;
            }
        }
        if is_end {
            break;
        }
    }
    Ok(())
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
        Some(order) if order.reference == reference && order.is_same_order(submission.ordered_at) => {
            order.submissions.push(submission);
            None
        }
        _ => current.replace(LedgerOrder::new(target, reference, submission)),
    }
}

/// The first target, or the next one after `after`.
fn next_target(connection: &Connection, after: Option<TargetHash>) -> Result<Option<TargetHash>, LedgerError> {
    // One look-up in the index for each target; SELECT DISTINCT would read all attempts.
    let mut statement =
        connection.prepare_cached("SELECT target FROM attempts WHERE target > ?1 ORDER BY target LIMIT 1")?;
    let after = after.as_ref().map_or(&[][..], |target| &target.0);
    Ok(statement.query_row(params![after], |row| Ok(TargetHash(row.get(0)?))).optional()?)
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
    ) -> Result<Self, LedgerError> {
        let (condition, pattern) = match references {
            ReferencePattern::Any => ("?2 IS NULL", None),
            ReferencePattern::Exact(reference) => ("reference = ?2", Some(reference.as_str())),
            ReferencePattern::Glob(pattern) => ("reference GLOB ?2", Some(pattern.as_str())),
        };
        // `?2` appears in each condition, because the statement is always run with two parameters.
        let statement = connection.prepare_cached(&format!(
            "SELECT reference, attempt, ordered_at, content, run, intended_at, outcome, settled_at, by_hand, status, total,
                    currency, items
             FROM attempts WHERE target = ?1 AND {condition} ORDER BY reference, ordered_at, attempt"
        ))?;
        Ok(Self { statement, target, pattern })
    }

    fn query(&mut self) -> Result<rusqlite::Rows<'_>, LedgerError> {
        Ok(self.statement.query(params![self.target.0, self.pattern])?)
    }
}

/// Reads the next reference and one of its submissions.
fn next_submission(rows: &mut rusqlite::Rows<'_>) -> Result<Option<(String, Submission)>, LedgerError> {
    Ok(rows.next()?.map(read_submission).transpose()?)
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
    fn new(connection: &'a Connection, target: TargetHash) -> Result<Self, LedgerError> {
        let has_any = connection.prepare_cached("SELECT 1 FROM changes WHERE target = ?1")?.exists([target.0])?;
        let sql = "SELECT ordered_at, content, run, seen_at, acknowledged_at, cause, status, total, currency, items
                   FROM changes WHERE target = ?1 AND reference = ?2 ORDER BY change";
        let statement = has_any.then(|| connection.prepare_cached(sql)).transpose()?;
        Ok(Self { statement, target })
    }

    fn of_order(&mut self, order: &LedgerOrder) -> Result<Vec<ContentChange>, LedgerError> {
        let (Some(statement), Some(_)) = (&mut self.statement, order.accepted()) else { return Ok(Vec::new()) };
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
        Ok(changes.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::{
        ledger::{
            AttemptState, Consent, Intent, Ledger, LedgerLocation, LedgerWrite, OrderKey, OrderState, SqliteLedger,
        },
        model::target::Target,
    };

    fn found_references(admin: &LedgerAdmin, filter: &OrderFilter) -> String {
        let mut found = Vec::new();
        admin
            .visit(filter, |order| {
                found.push(order.reference);
                Ok::<_, LedgerError>(())
            })
            .unwrap();
        found.join(" ")
    }

    #[test]
    fn filter_selects_orders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(matches!(LedgerAdmin::open(&path), Err(LedgerError::NotFound { .. })));
        std::fs::write(&path, "").unwrap();
        assert!(matches!(LedgerAdmin::open(&path), Err(LedgerError::NotFound { .. })));
        let target = Target { base_url: "https://stream.example".into(), client_key: "a".into() };
        let before = Utc::now();
        for (run, reference, state) in [
            ("run-1", "A-10", AttemptState::Accepted),
            ("run-1", "A-2", AttemptState::Unknown),
            ("run-2", "A-2", AttemptState::Accepted),
            ("run-2", "B*", AttemptState::NotAccepted),
        ] {
            let mut ledger =
                SqliteLedger::open(&LedgerLocation::at(path.clone()), &target, run, Consent::NotNeeded).unwrap();
            let order = OrderKey { reference: reference.into(), ordered_at: before, content: ContentHash([1; 16]) };
            let intent = Intent { order, status: String::new(), money: None, item_count: 1, dedup_hash: None };
            let attempt = AttemptId(ledger.write(&[LedgerWrite::Intent(intent)]).unwrap()[0]);
            ledger.write(&[LedgerWrite::Outcome(attempt, state)]).unwrap();
        }
        let admin = LedgerAdmin::open(&path).unwrap();
        let all = OrderFilter::default;
        let glob = |pattern: &str| OrderFilter { references: ReferencePattern::Glob(pattern.into()), ..all() };
        assert_eq!(found_references(&admin, &all()), "A-10 A-2 B*");
        assert_eq!(found_references(&admin, &glob("A-*")), "A-10 A-2");
        assert_eq!(
            found_references(&admin, &OrderFilter { references: ReferencePattern::Exact("B*".into()), ..all() }),
            "B*"
        );
        assert_eq!(found_references(&admin, &OrderFilter { states: vec![OrderState::Accepted], ..all() }), "A-10 A-2");
        assert_eq!(
            found_references(&admin, &OrderFilter { states: vec![OrderState::Failed, OrderState::Unknown], ..all() }),
            "B*"
        );
        assert_eq!(found_references(&admin, &OrderFilter { run: Some("run-1".into()), ..all() }), "A-10 A-2");
        assert_eq!(found_references(&admin, &OrderFilter { limit: Some(2), ..all() }), "A-10 A-2");
        assert_eq!(found_references(&admin, &OrderFilter { limit: Some(0), ..all() }), "");
        let (earlier, later) = (before - chrono::TimeDelta::hours(1), before + chrono::TimeDelta::hours(1));
        assert_eq!(
            found_references(&admin, &OrderFilter { since: Some(earlier), until: Some(later), ..all() }),
            "A-10 A-2 B*"
        );
        assert_eq!(found_references(&admin, &OrderFilter { since: Some(later), ..all() }), "");
        assert_eq!(found_references(&admin, &OrderFilter { until: Some(earlier), ..all() }), "");
        let other = if TargetHash::of(&target).to_string().starts_with('0') { "1" } else { "0" };
        assert_eq!(found_references(&admin, &OrderFilter { target: Some(other.parse().unwrap()), ..all() }), "");
    }
}
