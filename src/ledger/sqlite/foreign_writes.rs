//! Foreign writes: detects another run to the same target that writes at the same time, although
//! the lock should keep it out. Writes nothing. Called by `run` before each intent.

use rusqlite::{Connection, OptionalExtension, params};

use crate::ledger::{error::LedgerError, target_hash::TargetHash, write::LedgerWrite};

/// The writes of other connections that this run has checked so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForeignWrites {
    /// `PRAGMA data_version`, which changes whenever another connection has written.
    data_version: i64,
    /// The newest attempt of any run at that time.
    attempt: i64,
    /// The newest cart at that time.
    cart: i64,
}

impl ForeignWrites {
    pub(super) fn now(connection: &Connection) -> Result<Self, rusqlite::Error> {
        // `data_version` first: what is written between the queries is then checked again.
        let data_version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let newest = |sql| connection.query_row(sql, [], |row| row.get(0));
        let attempt = newest("SELECT coalesce(max(attempt), 0) FROM attempts")?;
        let cart = newest("SELECT coalesce(max(cart), 0) FROM carts")?;
        Ok(Self { data_version, attempt, cart })
    }

    /// After these writes: the number of an attempt that was withdrawn is given again, perhaps to
    /// one of another run.
    pub(super) fn without(mut self, writes: &[LedgerWrite]) -> Self {
        for write in writes {
            if let LedgerWrite::Withdraw(attempt) = write {
                self.attempt = self.attempt.min(attempt.0 - 1);
            }
        }
        self
    }

    /// Checks what other connections have written since: no other run to the same target may
    /// continue at the same time. The lock keeps it out unless the lock file is removed.
    pub(super) fn ensure_no_other_run(
        self,
        connection: &Connection,
        target: TargetHash,
        run: &str,
    ) -> Result<Self, LedgerError> {
        let now: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if now == self.data_version {
            return Ok(self);
        }
        // The unary plus keeps SQLite from using the index on `target`, and so from reading all
        // attempts of the target (https://sqlite.org/optoverview.html).
        let other = connection
            .prepare_cached(
                "SELECT run FROM attempts WHERE attempt > ?1 AND +target = ?3 AND run <> ?4
                 UNION ALL SELECT run FROM carts WHERE cart > ?2 AND +target = ?3 AND run <> ?4
                 LIMIT 1",
            )?
            .query_row(params![self.attempt, self.cart, target.0, run], |row| row.get(0))
            .optional()?;
        match other {
            Some(run) => Err(LedgerError::OtherRun { run }),
            None => Ok(Self::now(connection)?),
        }
    }
}
