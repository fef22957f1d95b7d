use std::path::Path;

use rusqlite::Connection;

use super::{
    super::{commit_counter, companions, location::SqliteLocation},
    history, intend, open, open_existing, order, outcome, target,
};
use crate::{
    ledger::{
        AttemptId, AttemptState, CartId, ChangeState, ChangedOrder, Consent, HistoryEntry, Ledger,
        LedgerError, LedgerReader, LedgerWrite, OpenCart, OrderKey, OrderSnapshot, PriorState,
        at_path, locate,
    },
    model::{
        field::{AttributeType, ExtensionScope, ExtensionType},
        planned::ContentHash,
    },
};

/// Refuses the types of extension attributes.
const FULL_DISK: &str = "CREATE TRIGGER full_disk BEFORE INSERT ON extension_types
    BEGIN SELECT RAISE(ABORT, 'disk full'); END";

fn states(ledger: &dyn LedgerReader, reference: &str) -> Vec<AttemptState> {
    ledger
        .history(&[reference])
        .unwrap()
        .remove(0)
        .attempts
        .into_iter()
        .map(|entry| entry.state)
        .collect()
}

#[test]
fn history_is_per_target() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let attempts = ledger.write(&[intend("A"), intend("B")]).unwrap();
    ledger.write(&[outcome(attempts[0], AttemptState::Accepted)]).unwrap();
    drop(ledger);
    let ledger = open_existing(&path, "a").unwrap().unwrap();
    assert_eq!(
        ledger.history(&["A"]).unwrap()[0].attempts,
        [HistoryEntry {
            order: order("A"),
            state: AttemptState::Accepted,
            is_manual: false,
            snapshot: OrderSnapshot {
                status: Some("PURCHASED".into()),
                money: None,
                item_count: Some(1)
            }
        }]
    );
    assert_eq!(states(&*ledger, "B"), [AttemptState::Intended]);
    let other = open_existing(&path, "b").unwrap().unwrap();
    assert_eq!(states(&*other, "A"), []);
}

fn cart(session: &str) -> LedgerWrite {
    let clear_cart = "\",\"type\":\"CLEAR_CART\"}".to_owned();
    LedgerWrite::OpenCart { reference: "A".into(), session: session.into(), clear_cart }
}

fn open_sessions(ledger: &dyn Ledger) -> Vec<String> {
    ledger.open_carts().unwrap().into_iter().map(|cart| cart.session).collect()
}

#[test]
fn open_carts_are_per_target() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let mut other = open(&path, "b", "run-1").unwrap();
    let carts = ledger.write(&[cart("b-1"), intend("A"), cart("b-2"), cart("b-3")]).unwrap();
    other.write(&[cart("b-4")]).unwrap();
    ledger.write(&[LedgerWrite::CloseCart(CartId(carts[2]))]).unwrap();
    drop(ledger);
    let next = open(&path, "a", "run-2").unwrap();
    assert_eq!(
        (open_sessions(&*next), open_sessions(&*other)),
        (vec!["b-1".into(), "b-3".into()], vec!["b-4".into()])
    );
    let clear_cart = "\",\"type\":\"CLEAR_CART\"}".to_owned();
    let (reference, session) = ("A".into(), "b-1".into());
    assert_eq!(
        next.open_carts().unwrap()[0],
        OpenCart { cart: CartId(carts[0]), reference, session, clear_cart }
    );
}

#[test]
fn unknown_version_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    assert!(open_existing(&path, "a").unwrap().is_none());
    std::fs::write(&path, "").unwrap();
    assert!(open_existing(&path, "a").unwrap().is_none());
    drop(open(&path, "a", "run-1").unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 6").unwrap();
    assert!(matches!(open(&path, "a", "r"), Err(LedgerError::NewerVersion { found: 6, .. })));
    let foreign = folder.path().join("other.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(matches!(open(&foreign, "a", "r"), Err(LedgerError::NotALedger { .. })));
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database at all, but long enough to be read as one".repeat(20))
        .unwrap();
    assert!(matches!(open(&text, "a", "r"), Err(LedgerError::NotALedger { .. })));
}

fn change(order: OrderKey) -> LedgerWrite {
    let cause = Some("left out".into());
    LedgerWrite::RecordChange(Box::new(ChangedOrder {
        order,
        cause,
        snapshot: OrderSnapshot::default(),
    }))
}

#[test]
fn change_is_recorded_once_until_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    ledger.write(&[change(order("A")), change(order("A")), change(order("B"))]).unwrap();
    ledger.write(&[change(order("A"))]).unwrap();
    // Changes belong to orders that were sent.
    ledger.write(&[intend("A"), intend("B")]).unwrap();
    let connection = Connection::open(&path).unwrap();
    let n_changes: i64 =
        connection.query_row("SELECT count(*) FROM changes", [], |row| row.get(0)).unwrap();
    assert_eq!(n_changes, 2);
    let state = |order: &OrderKey| history(&*ledger, &order.reference).change_state(order.content);
    assert_eq!(state(&order("A")), ChangeState::New);
    connection
        .execute_batch("UPDATE changes SET acknowledged_at = 1 WHERE reference = 'A'")
        .unwrap();
    let other = OrderKey { content: ContentHash([2; 16]), ..order("A") };
    assert_eq!(state(&order("A")), ChangeState::Acknowledged);
    assert_eq!([state(&order("B")), state(&other)], [ChangeState::New, ChangeState::New]);
}

#[test]
fn change_is_reported_by_last_recording_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (first, second) = (order("A"), order("B"));
    let mut run = open(&path, "a", "run-1").unwrap();
    run.write(&[intend("A"), intend("B"), change(first.clone()), change(second.clone())]).unwrap();
    // The run is killed before its report.
    drop(run);
    let mut run = open(&path, "a", "run-2").unwrap();
    run.write(&[change(first.clone())]).unwrap();
    run.close().unwrap();
    let commits =
        commit_counter::current_state(&Connection::open(&path).unwrap(), &path).unwrap().commits;
    run.write(&[LedgerWrite::MarkReported]).unwrap();
    assert_eq!(history(&*run, "A").change_state(first.content), ChangeState::Reported);
    assert_eq!(history(&*run, "B").change_state(second.content), ChangeState::New);
    // The companions record it too, although the run has ended.
    let remembered = companions::recorded_states(&SqliteLocation::at(path.clone(), None), None);
    assert_eq!(remembered.iter().map(|(_, state)| state.commits).max(), Some(commits + 1));
    drop(run);
    open(&path, "a", "run-3").unwrap();
}

#[test]
fn concurrent_run_stops_intents() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut first = open(&path, "a", "run-1").unwrap();
    let attempt = first.write(&[intend("A")]).unwrap()[0];
    // A run to another target does not interfere.
    open(&path, "b", "run-b").unwrap().write(&[intend("A")]).unwrap();
    first.write(&[intend("B")]).unwrap();
    let lock =
        |file: &std::fs::DirEntry| file.path().extension().is_some_and(|ending| ending == "lock");
    for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).filter(lock) {
        std::fs::remove_file(file.path()).unwrap();
    }
    let mut second = open(&path, "a", "run-2").unwrap();
    // The second run observed the first run's earlier writes when it started.
    second.write(&[intend("C")]).unwrap();
    for _ in 0..2 {
        let found = first.write(&[intend("C"), outcome(attempt, AttemptState::Accepted)]);
        assert!(matches!(found, Err(LedgerError::OtherRun { run }) if run == "run-2"));
    }
    assert!(matches!(first.write(&[cart("b-1")]), Err(LedgerError::OtherRun { .. })));
    assert_eq!(states(&*first.reader().unwrap(), "C"), [AttemptState::Intended]);
    first.write(&[outcome(attempt, AttemptState::Accepted)]).unwrap();
    assert_eq!(states(&*second.reader().unwrap(), "A"), [AttemptState::Accepted]);
}

#[cfg(unix)]
#[test]
fn files_are_private_to_the_user() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "r").unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(open(&link, "a", "r"), Err(LedgerError::Locked { .. })));
    std::fs::remove_file(&link).unwrap();
    ledger.write(&[intend("A")]).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 4);
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            file.path()
        );
    }
}

/// A listing that is open in another terminal, for example, keeps SQLite from copying the log.
#[test]
fn reader_delays_open_run_mark_only() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("ledger.db"), folder.path().join("copy.db"));
    open(&path, "a", "run-1").unwrap().write(&[intend("A")]).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM attempts").unwrap();
    let start = std::time::Instant::now();
    let mut ledger = open(&path, "a", "run-2").unwrap();
    // Busy time-outs take thirty seconds.
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
    reader.execute_batch("COMMIT").unwrap();
    ledger.write(&[intend("B")]).unwrap();
    std::fs::copy(&path, &copy).unwrap();
    assert!(matches!(open(&copy, "a", "run-3"), Err(LedgerError::WalMissing { .. })));
}

#[cfg(unix)]
#[test]
fn wal_is_found_through_symlink() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("ledger.db"), folder.path().join("link"));
    drop(open(&path, "a", "run-1").unwrap());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut killed = open(&path, "a", "run-2").unwrap();
    killed.write(&[intend("A")]).unwrap();
    // Another target, since the lock of the first one is held.
    drop(open(&link, "b", "run-3").unwrap());
}

#[test]
fn database_without_tables_is_not_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); DROP TABLE t").unwrap();
    let consent = Consent::Given { new_ledger: false, new_target: false };
    let opened = at_path(path.clone()).open_to_write(&target("a"), "run-1", consent);
    assert!(matches!(opened, Err(LedgerError::NoLedger { .. })));
    assert!(open(&path, "a", "run-1").is_ok());
}

/// Sends from a copy, to a staging tenant for example, do not make the original outdated.
#[test]
fn copy_for_other_target_keeps_original_current() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| {
        std::fs::copy(folder.path().join(from), folder.path().join(to)).unwrap()
    };
    let run = |name: &str, key: &str| {
        let location = locate(name.as_ref(), folder.path(), Some(folder.path().join("state")))?;
        let mut ledger = location.open_to_write(&target(key), "run", Consent::NotNeeded)?;
        ledger.write(&[intend("A")]).map(drop)
    };
    run("ledger.db", "a").unwrap();
    copy("ledger.db", "copy.db");
    (0..3).for_each(|_| run("copy.db", "staging").unwrap());
    run("ledger.db", "a").unwrap();
    // An older copy of the original is refused.
    copy("ledger.db", "old.db");
    run("ledger.db", "a").unwrap();
    assert!(matches!(run("old.db", "a"), Err(LedgerError::Behind { .. })));
}

/// Counts the orders that a run would send again, because the ledger does not have them as
/// accepted.
fn is_sent_again(path: &Path) -> Result<usize, LedgerError> {
    let ledger = open_existing(path, "a")?.ok_or(LedgerError::Closed)?;
    let references: Vec<String> = references().collect();
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let mut n_sent_again = 0;
    for (reference, history) in references.iter().zip(ledger.history(&references)?) {
        let OrderKey { ordered_at, content, .. } = order(reference);
        let state = history.prior_state(ordered_at, content);
        n_sent_again += usize::from(!matches!(state, PriorState::Accepted));
    }
    Ok(n_sent_again)
}

fn references() -> impl Iterator<Item = String> {
    (0..200).map(|number| format!("A-{number:04}"))
}

/// The first type is kept, as at the tenant, and a write that is refused records none.
#[test]
fn accepted_outcome_records_attribute_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let attempt = AttemptId(ledger.write(&[intend("A")]).unwrap()[0]);
    let settle = |state, data_type| {
        let name = "weight".to_owned();
        let types = vec![AttributeType { scope: ExtensionScope::Item, name, data_type }];
        LedgerWrite::Outcome { attempt, state, types }
    };
    let weight = |ledger: &dyn Ledger| {
        ledger.reader().unwrap().attribute_types().unwrap().get(ExtensionScope::Item, "weight")
    };
    ledger.write(&[settle(AttemptState::Unknown, ExtensionType::String)]).unwrap();
    assert_eq!(weight(&*ledger), None);
    Connection::open(&path).unwrap().execute_batch(FULL_DISK).unwrap();
    ledger.write(&[settle(AttemptState::Accepted, ExtensionType::Float)]).unwrap_err();
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER full_disk").unwrap();
    assert_eq!(weight(&*ledger), None);
    ledger.write(&[settle(AttemptState::Accepted, ExtensionType::Float)]).unwrap();
    for _ in 0..2 {
        ledger.write(&[settle(AttemptState::Accepted, ExtensionType::String)]).unwrap();
        assert_eq!(weight(&*ledger), Some(ExtensionType::Float));
        drop(ledger);
        ledger = open(&path, "a", "run-2").unwrap();
    }
    assert_eq!(weight(&*open(&path, "b", "run-1").unwrap()), None);
}

/// Flips one bit of every 16th byte, or of each byte with `ORDERFERRY_EVERY_BYTE`.
#[test]
fn bit_flips_never_hide_an_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let attempts = ledger
        .write(&references().map(|reference| intend(&reference)).collect::<Vec<_>>())
        .unwrap();
    let settle = |attempt| outcome(attempt, AttemptState::Accepted);
    ledger.write(&attempts.into_iter().map(settle).collect::<Vec<_>>()).unwrap();
    drop(ledger);
    let intact = std::fs::read(&path).unwrap();
    let step = if std::env::var_os("ORDERFERRY_EVERY_BYTE").is_some() { 1 } else { 16 };
    let bytes: Vec<usize> = (0..intact.len()).step_by(step).collect();
    let intact = &intact;
    // On two cores, because no other unit test takes as long.
    let n_refused: usize = std::thread::scope(|scope| {
        let count = |bytes| scope.spawn(move || n_refused_flips(intact, bytes, step));
        let (first, second) = bytes.split_at(bytes.len() / 2);
        [count(first), count(second)].map(|half| half.join().unwrap()).into_iter().sum()
    });
    let n_fine = bytes.len() - n_refused;
    assert!(n_refused > n_fine / 2, "{n_refused} refused, {n_fine} fine");
}

/// Flips one bit of each of these bytes, one at a time. Returns how many of the flips are detected
/// when the ledger is opened or read; the others hide no attempt.
fn n_refused_flips(intact: &[u8], bytes: &[usize], step: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut n_refused = 0;
    for &byte in bytes {
        let mut flipped = intact.to_vec();
        flipped[byte] ^= 1 << (byte / step % 8);
        for file in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
        std::fs::write(&path, flipped).unwrap();
        match is_sent_again(&path) {
            Ok(n_sent_again) => assert_eq!(n_sent_again, 0, "byte {byte}"),
            Err(_) => n_refused += 1,
        }
    }
    std::fs::write(&path, intact).unwrap();
    assert_eq!(is_sent_again(&path).unwrap(), 0);
    n_refused
}

#[test]
fn withdrawn_intent_leaves_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let attempts = ledger.write(&[intend("A"), intend("B"), intend("C")]).unwrap();
    ledger.write(&[outcome(attempts[1], AttemptState::Accepted)]).unwrap();
    let withdraw = |attempt| LedgerWrite::Withdraw(AttemptId(attempt));
    ledger.write(&[withdraw(attempts[0]), withdraw(attempts[2]), intend("D")]).unwrap();
    // One that has an outcome, and one that is gone.
    for attempt in [attempts[1], attempts[0]] {
        assert!(ledger.write(&[withdraw(attempt)]).is_err());
    }
    drop(ledger);
    // The number of attempts is verified when a run opens the ledger.
    let mut next = open(&path, "a", "run-2").unwrap();
    let states_of = |ledger: &dyn Ledger| {
        ["A", "B", "C", "D"].map(|reference| states(&*ledger.reader().unwrap(), reference))
    };
    let [intended, accepted] =
        [AttemptState::Intended, AttemptState::Accepted].map(|one| vec![one]);
    assert_eq!(states_of(&*next), [vec![], accepted, vec![], intended]);
    // It is of another run.
    assert!(next.write(&[withdraw(attempts[2])]).is_err());
}

#[test]
fn number_of_a_withdrawn_intent_hides_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let newest = AttemptId(ledger.write(&[intend("A"), intend("B")]).unwrap()[1]);
    // Another connection has written, so the run checks all attempts up to its own newest one.
    let other = Connection::open(&path).unwrap();
    other.execute_batch("UPDATE attempts SET settled_at = NULL").unwrap();
    ledger.write(&[cart("b-1")]).unwrap();
    ledger.write(&[LedgerWrite::Withdraw(newest)]).unwrap();
    other
        .execute_batch(
            "INSERT INTO attempts (target, reference, ordered_at, content, run, intended_at)
             SELECT target, 'C', ordered_at, content, 'run-2', intended_at FROM attempts",
        )
        .unwrap();
    assert_eq!(AttemptId(other.last_insert_rowid()), newest);
    assert!(matches!(ledger.write(&[intend("D")]), Err(LedgerError::OtherRun { .. })));
}
