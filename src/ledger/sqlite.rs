//! The view of a run on the ledger: an SQLite database, one file, durable at every commit.

use std::path::Path;

use chrono::Utc;
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, TransactionBehavior, params};

use super::{
    Attempt, AttemptState, Cart, Entry, Ledger, LedgerError, OpenCart, OrderKey, RunLock, TargetHash, Write, file,
    order::{outcome, state, time},
};
use crate::model::{
    planned::{ContentHash, EventText},
    target::Target,
};

/// An open ledger, seen from one run to one target.
pub struct SqliteLedger {
    connection: Connection,
    target: TargetHash,
    run: String,
    seen: Seen,
    /// No other run writes for this target while this one does.
    _lock: Option<RunLock>,
}

/// How far this run knows what others have written.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// SQLite's mark, another one whenever another connection has written.
    data_version: i64,
    /// The newest attempt then, of any run.
    attempt: i64,
    /// The newest cart.
    cart: i64,
}

impl SqliteLedger {
    /// Opens a ledger, or makes one with mode 0600, and holds it for this target. `run` names the run whose attempts are
    /// written.
    pub fn open(path: &Path, target: &Target, run: &str) -> Result<Self, LedgerError> {
        let connection = file::open_or_make(path)?;
        let target = TargetHash::of(target);
        let lock = RunLock::take(path, target, &format!("run {run}"))?;
        file::bring_up_to_date(&connection, path)?;
        file::write_ahead(&connection, path)?;
        Self::new(connection, target, run.to_owned(), Some(lock))
    }

    /// Opens a ledger that is there, to look at it only. Nothing where there is none.
    pub fn open_existing(path: &Path, target: &Target, run: &str) -> Result<Option<Self>, LedgerError> {
        let connection = file::open_existing(path)?;
        connection.map(|connection| Self::new(connection, TargetHash::of(target), run.to_owned(), None)).transpose()
    }

    fn new(
        connection: Connection,
        target: TargetHash,
        run: String,
        lock: Option<RunLock>,
    ) -> Result<Self, LedgerError> {
        let seen = Seen::now(&connection).map_err(|error| error.in_file_of(&connection))?;
        Ok(Self { connection, target, run, seen, _lock: lock })
    }
}

impl Seen {
    fn now(connection: &Connection) -> Result<Self, LedgerError> {
        // The mark first: what is written between the two is looked at again.
        let data_version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let newest = |sql| connection.query_row(sql, [], |row| row.get(0));
        let attempt = newest("SELECT coalesce(max(attempt), 0) FROM attempts")?;
        let cart = newest("SELECT coalesce(max(cart), 0) FROM carts")?;
        Ok(Self { data_version, attempt, cart })
    }

    /// Looks at what others have written since: another run to the same target must not go on beside this one. The lock
    /// keeps it out, unless someone removes the lock file.
    fn look_again(self, connection: &Connection, target: TargetHash, run: &str) -> Result<Self, LedgerError> {
        let now: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if now == self.data_version {
            return Ok(self);
        }
        // The plus keeps SQLite from going through all attempts of the target.
        let other = connection
            .prepare_cached(
                "SELECT run FROM attempts WHERE attempt > ?1 AND +target = ?3 AND run <> ?4
                 UNION ALL SELECT run FROM carts WHERE cart > ?2 AND +target = ?3 AND run <> ?4 LIMIT 1",
            )?
            .query_row(params![self.attempt, self.cart, target.0, run], |row| row.get(0))
            .optional()?;
        other.map_or_else(|| Self::now(connection), |run| Err(LedgerError::OtherRun { run }))
    }
}

impl Ledger for SqliteLedger {
    fn history(&self, reference: &str) -> Result<Vec<Entry>, LedgerError> {
        self.entries(reference).map_err(|error| error.in_file_of(&self.connection))
    }

    fn is_acknowledged(&self, order: &OrderKey) -> Result<bool, LedgerError> {
        self.has_acknowledgement(order).map_err(|error| error.in_file_of(&self.connection))
    }

    fn note_changed(&self, orders: &[OrderKey]) -> Result<(), LedgerError> {
        self.insert_changes(orders).map_err(|error| error.in_file_of(&self.connection))
    }

    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError> {
        self.carts_left_open().map_err(|error| error.in_file_of(&self.connection))
    }

    fn write(&mut self, writes: &[Write]) -> Result<Vec<i64>, LedgerError> {
        self.commit(writes).map_err(|error| error.in_file_of(&self.connection))
    }
}

impl SqliteLedger {
    fn entries(&self, reference: &str) -> Result<Vec<Entry>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ordered_at, content, outcome, by_hand FROM attempts
             WHERE target = ?1 AND reference = ?2 ORDER BY attempt",
        )?;
        let entries = statement.query_map(params![self.target.0, reference], |row| {
            let (ordered_at, content) = (time(row.get(0)?), ContentHash(row.get(1)?));
            let order = OrderKey { reference: reference.to_owned(), ordered_at, content };
            Ok(Entry { order, state: state(row.get::<_, Option<String>>(2)?.as_deref()), is_by_hand: row.get(3)? })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn has_acknowledgement(&self, order: &OrderKey) -> Result<bool, LedgerError> {
        // The time of an order is part of its content, so that it need not be compared.
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM changes
             WHERE target = ?1 AND reference = ?2 AND content = ?3 AND acknowledged_at IS NOT NULL",
        )?;
        Ok(statement.exists(params![self.target.0, order.reference, order.content.0])?)
    }

    fn insert_changes(&self, orders: &[OrderKey]) -> Result<(), LedgerError> {
        if orders.is_empty() {
            return Ok(());
        }
        let now = Utc::now().timestamp_millis();
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        for order in orders {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO changes (target, reference, ordered_at, content, run, seen_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?;
            let ordered_at = order.ordered_at.timestamp_millis();
            statement.execute(params![self.target.0, order.reference, ordered_at, order.content.0, self.run, now])?;
        }
        Ok(transaction.commit()?)
    }

    fn carts_left_open(&self) -> Result<Vec<OpenCart>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT cart, reference, browser, clear_cart FROM carts
             WHERE target = ?1 AND closed_at IS NULL ORDER BY cart",
        )?;
        let carts = statement.query_map(params![self.target.0], |row| {
            let (cart, reference, browser) = (Cart(row.get(0)?), row.get(1)?, row.get(2)?);
            Ok(OpenCart { cart, reference, browser, clear_cart: EventText(row.get(3)?) })
        })?;
        Ok(carts.collect::<Result<_, _>>()?)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<Vec<i64>, LedgerError> {
        let now = Utc::now().timestamp_millis();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut seen = self.seen;
        if writes.iter().any(Write::is_of_intent) {
            // What came of a request may be written whoever else is there.
            seen = seen.look_again(&transaction, self.target, &self.run)?;
        }
        let write = |write: &Write| match write {
            Write::Intend(order) => intend(&transaction, order, self.target, &self.run, now),
            Write::Settle(attempt, state) => settle(&transaction, *attempt, *state, now),
            Write::OpenCart { reference, browser, clear_cart } => {
                let place = params![self.target.0, reference, self.run, browser, clear_cart.0, now];
                open_cart(&transaction, place)
            }
            Write::CloseCart(cart) => close_cart(&transaction, *cart, now),
        };
        let numbers = writes.iter().map(write).collect::<Result<_, _>>()?;
        transaction.commit()?;
        self.seen = seen;
        Ok(numbers)
    }
}

fn intend(
    connection: &Connection,
    order: &OrderKey,
    target: TargetHash,
    run: &str,
    now: i64,
) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO attempts (target, reference, ordered_at, content, run, intended_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let ordered_at = order.ordered_at.timestamp_millis();
    statement.execute(params![target.0, order.reference, ordered_at, order.content.0, run, now])?;
    Ok(connection.last_insert_rowid())
}

fn settle(connection: &Connection, attempt: Attempt, state: AttemptState, now: i64) -> Result<i64, LedgerError> {
    let mut statement = connection
        .prepare_cached("UPDATE attempts SET outcome = ?2, settled_at = ?3, by_hand = 0 WHERE attempt = ?1")?;
    statement.execute(params![attempt.0, outcome(state), now])?;
    Ok(attempt.0)
}

fn open_cart(connection: &Connection, place: &[&dyn ToSql]) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO carts (target, reference, run, browser, clear_cart, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(place)?;
    Ok(connection.last_insert_rowid())
}

fn close_cart(connection: &Connection, cart: Cart, now: i64) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached("UPDATE carts SET closed_at = ?2 WHERE cart = ?1")?;
    statement.execute(params![cart.0, now])?;
    Ok(cart.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(key: &str) -> Target {
        Target { base_url: "https://stream.example".into(), client_key: key.into() }
    }

    fn order(reference: &str) -> OrderKey {
        let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
        OrderKey { reference: reference.into(), ordered_at, content: ContentHash([1; 16]) }
    }

    fn states(ledger: &SqliteLedger, reference: &str) -> Vec<AttemptState> {
        ledger.history(reference).unwrap().into_iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn remembers_what_was_sent_to_which_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = SqliteLedger::open(&path, &target("a"), "run-1").unwrap();
        let attempts = ledger.write(&[Write::Intend(order("A")), Write::Intend(order("B"))]).unwrap();
        ledger.write(&[Write::Settle(Attempt(attempts[0]), AttemptState::Accepted)]).unwrap();
        drop(ledger);
        let ledger = SqliteLedger::open_existing(&path, &target("a"), "run-2").unwrap().unwrap();
        assert_eq!(
            ledger.history("A").unwrap(),
            [Entry { order: order("A"), state: AttemptState::Accepted, is_by_hand: false }]
        );
        assert_eq!(states(&ledger, "B"), [AttemptState::Intended]);
        let other = SqliteLedger::open_existing(&path, &target("b"), "run-2").unwrap().unwrap();
        assert_eq!(states(&other, "A"), []);
    }

    fn cart(browser: &str) -> Write {
        let clear_cart = EventText("\",\"type\":\"CLEAR_CART\"}".into());
        Write::OpenCart { reference: "A".into(), browser: browser.into(), clear_cart }
    }

    fn open_browsers(ledger: &SqliteLedger) -> Vec<String> {
        ledger.open_carts().unwrap().into_iter().map(|cart| cart.browser).collect()
    }

    #[test]
    fn remembers_which_carts_at_which_target_are_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = SqliteLedger::open(&path, &target("a"), "run-1").unwrap();
        let mut other = SqliteLedger::open(&path, &target("b"), "run-1").unwrap();
        let carts = ledger.write(&[cart("b-1"), Write::Intend(order("A")), cart("b-2"), cart("b-3")]).unwrap();
        other.write(&[cart("b-4")]).unwrap();
        ledger.write(&[Write::CloseCart(Cart(carts[2]))]).unwrap();
        drop(ledger);
        let next = SqliteLedger::open(&path, &target("a"), "run-2").unwrap();
        assert_eq!(
            (open_browsers(&next), open_browsers(&other)),
            (vec!["b-1".into(), "b-3".into()], vec!["b-4".into()])
        );
        let clear_cart = EventText("\",\"type\":\"CLEAR_CART\"}".into());
        let (reference, browser) = ("A".into(), "b-1".into());
        assert_eq!(next.open_carts().unwrap()[0], OpenCart { cart: Cart(carts[0]), reference, browser, clear_cart });
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(SqliteLedger::open_existing(&path, &target("a"), "run-2").unwrap().is_none());
        std::fs::write(&path, "").unwrap();
        assert!(SqliteLedger::open_existing(&path, &target("a"), "run-2").unwrap().is_none());
        drop(SqliteLedger::open(&path, &target("a"), "run-1").unwrap());
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 4").unwrap();
        assert!(matches!(SqliteLedger::open(&path, &target("a"), "r"), Err(LedgerError::Newer { found: 4, .. })));
        let foreign = folder.path().join("other.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(matches!(SqliteLedger::open(&foreign, &target("a"), "r"), Err(LedgerError::Foreign { .. })));
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no database at all, but long enough to be looked at as one".repeat(20)).unwrap();
        assert!(matches!(SqliteLedger::open(&text, &target("a"), "r"), Err(LedgerError::Foreign { .. })));
    }

    #[test]
    fn a_change_is_noted_once_and_known_when_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = SqliteLedger::open(&path, &target("a"), "run-1").unwrap();
        ledger.note_changed(&[order("A"), order("A"), order("B")]).unwrap();
        ledger.note_changed(&[order("A")]).unwrap();
        let count = |sql: &str| ledger.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM changes"), 2);
        assert!(!ledger.is_acknowledged(&order("A")).unwrap());
        ledger.connection.execute_batch("UPDATE changes SET acknowledged_at = 1 WHERE reference = 'A'").unwrap();
        assert!(ledger.is_acknowledged(&order("A")).unwrap());
        assert!(!ledger.is_acknowledged(&order("B")).unwrap());
        assert!(!ledger.is_acknowledged(&OrderKey { content: ContentHash([2; 16]), ..order("A") }).unwrap());
    }

    #[test]
    fn a_run_that_finds_another_beside_it_sends_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let intend = |reference| Write::Intend(order(reference));
        let mut first = SqliteLedger::open(&path, &target("a"), "run-1").unwrap();
        let attempt = Attempt(first.write(&[intend("A")]).unwrap()[0]);
        // A run to another target is no matter.
        SqliteLedger::open(&path, &target("b"), "run-b").unwrap().write(&[intend("A")]).unwrap();
        first.write(&[intend("B")]).unwrap();
        let lock = |file: &std::fs::DirEntry| file.path().extension().is_some_and(|ending| ending == "lock");
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).filter(lock) {
            std::fs::remove_file(file.path()).unwrap();
        }
        let mut second = SqliteLedger::open(&path, &target("a"), "run-2").unwrap();
        // What the first wrote before is known to the second, which looked when it began.
        second.write(&[intend("C")]).unwrap();
        for _ in 0..2 {
            let found = first.write(&[intend("C"), Write::Settle(attempt, AttemptState::Accepted)]);
            assert!(matches!(found, Err(LedgerError::OtherRun { run }) if run == "run-2"));
        }
        assert!(matches!(first.write(&[cart("b-1")]), Err(LedgerError::OtherRun { .. })));
        assert_eq!(states(&first, "C"), [AttemptState::Intended]);
        first.write(&[Write::Settle(attempt, AttemptState::Accepted)]).unwrap();
        assert_eq!(states(&second, "A"), [AttemptState::Accepted]);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = SqliteLedger::open(&path, &target("a"), "r").unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(SqliteLedger::open(&link, &target("a"), "r"), Err(LedgerError::Held { .. })));
        std::fs::remove_file(&link).unwrap();
        ledger.write(&[Write::Intend(order("A"))]).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }
}
