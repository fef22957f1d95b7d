//! Targets of a ledger: the statements that list them and mark whether a run to one is open. Does
//! no locking. Called by `consent`, `adopt`, `settle` and `run`.

use rusqlite::{Connection, params};

use super::rows::time_from_millis;
use crate::ledger::{known_target::KnownTarget, target_hash::TargetHash};

/// The targets that the ledger holds attempts for, by the time of the newest one.
pub(super) fn known_targets(connection: &Connection) -> Result<Vec<KnownTarget>, rusqlite::Error> {
    // Derived from `attempts`, since `targets` lacks what versions before 4 sent.
    let mut statement = connection.prepare(
        "SELECT a.target, t.base_url, a.n_accepted, a.n_open, l.run, l.intended_at
         FROM (SELECT target, sum(outcome IS 'accepted') AS n_accepted,
                      sum(outcome IS NULL OR outcome = 'unknown') AS n_open, max(attempt) AS last
               FROM attempts GROUP BY target) AS a
         JOIN attempts AS l ON l.attempt = a.last
         LEFT JOIN targets AS t ON t.target = a.target
         ORDER BY l.intended_at",
    )?;
    let targets = statement.query_map([], |row| {
        Ok(KnownTarget {
            target: TargetHash(row.get(0)?),
            base_url: row.get(1)?,
            accepted_count: row.get(2)?,
            open_count: row.get(3)?,
            last_run: (row.get(4)?, time_from_millis(row.get(5)?)),
        })
    })?;
    targets.collect()
}

/// The targets that runs since version 4 of the schema sent to.
pub(super) fn target_hashes(connection: &Connection) -> Result<Vec<TargetHash>, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT target FROM targets")?;
    let targets = statement.query_map([], |row| Ok(TargetHash(row.get(0)?)))?;
    targets.collect()
}

/// Marks a run to a target as open.
pub(super) fn mark_open(
    connection: &Connection,
    target: TargetHash,
    base_url: &str,
    run: &str,
    now: i64,
) -> Result<(), rusqlite::Error> {
    connection.execute(
        "INSERT INTO targets (target, base_url, last_run, last_run_at, open_run, checksum)
         VALUES (?1, ?2, ?3, ?4, ?3, row_checksum(?1, ?2, ?3, ?4, ?3))
         ON CONFLICT (target) DO UPDATE SET last_run = excluded.last_run,
             last_run_at = excluded.last_run_at, base_url = excluded.base_url,
             open_run = excluded.open_run, checksum = excluded.checksum",
        params![target.0, base_url, run, now],
    )?;
    Ok(())
}

/// Renames a target. If the new one exists already, its row is kept and the old one is deleted.
pub(super) fn rename(
    connection: &Connection,
    from: TargetHash,
    to: TargetHash,
    base_url: &str,
) -> Result<(), rusqlite::Error> {
    connection.execute(
        "INSERT INTO targets (target, base_url, last_run, last_run_at, open_run, checksum)
         SELECT ?2, ?3, last_run, last_run_at, open_run,
             row_checksum(?2, ?3, last_run, last_run_at, open_run)
         FROM targets WHERE target = ?1
         ON CONFLICT DO NOTHING",
        params![from.0, to.0, base_url],
    )?;
    connection.execute("DELETE FROM targets WHERE target = ?1", params![from.0])?;
    Ok(())
}

/// Marks the end of the run to a target as clean; without a target, of the runs to all of them.
pub(super) fn mark_closed(
    connection: &Connection,
    target: Option<TargetHash>,
) -> Result<(), rusqlite::Error> {
    connection.execute(
        "UPDATE targets SET open_run = NULL,
             checksum = row_checksum(target, base_url, last_run, last_run_at, NULL)
         WHERE open_run IS NOT NULL AND (?1 IS NULL OR target = ?1)",
        params![target.map(|target| target.0)],
    )?;
    Ok(())
}
