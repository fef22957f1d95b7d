use std::thread;

use rusqlite::Connection;

use super::{super::file, open, open_existing, outcome};
use crate::{
    ledger::{AttemptState, Intent, LedgerError, LedgerReader, LedgerWrite, OrderKey, PriorState},
    model::planned::{ContentHash, DedupHash},
};

const N_ORDERS: u8 = 100;

fn intent(number: u8) -> LedgerWrite {
    let ordered_at = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(number.into());
    let order = OrderKey {
        reference: format!("A-{number}"),
        ordered_at,
        content: ContentHash([number; 16]),
    };
    let (status, dedup_hash) = ("PURCHASED".into(), Some(DedupHash([number / 2; 16])));
    LedgerWrite::Intent(Intent { order, status, money: None, item_count: 1, dedup_hash })
}

fn look_up_all(reader: &dyn LedgerReader) {
    let references: Vec<_> = (0..=N_ORDERS).rev().map(|number| format!("A-{number}")).collect();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let histories = reader.history(&references).unwrap();
    for (number, history) in (0..=N_ORDERS).rev().zip(histories) {
        let contents: Vec<_> = history.attempts.iter().map(|entry| entry.order.content).collect();
        let expected = if number < N_ORDERS { vec![ContentHash([number; 16])] } else { Vec::new() };
        assert_eq!(contents, expected);
    }
    let hashes = [3, 99, 4].map(|number| DedupHash([number; 16]));
    let expected = [vec!["A-6".to_owned(), "A-7".to_owned()], Vec::new(), vec!["A-9".to_owned()]];
    assert_eq!(reader.references_by_dedup_hash(&hashes).unwrap(), expected);
}

/// Of a ledger of the newest version, and of an older one, which is read from a copy.
#[test]
fn threads_look_up_concurrently() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = open(&path, "a", "run-1").unwrap();
    let attempts = ledger.write(&(0..N_ORDERS).map(intent).collect::<Vec<_>>()).unwrap();
    ledger.write(&[outcome(attempts[8], AttemptState::NotAccepted)]).unwrap();
    drop(ledger);
    for is_older in [false, true] {
        if is_older {
            let connection = Connection::open(&path).unwrap();
            connection
                .execute_batch("DROP INDEX attempts_of_time; PRAGMA user_version = 4;")
                .unwrap();
        }
        let reader = open_existing(&path, "a").unwrap().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..20).for_each(|_| look_up_all(&*reader)));
            }
        });
    }
}

/// A run that resumes a plan looks orders up while it sends others.
#[test]
fn reader_sees_each_commit() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = open(&folder.path().join("ledger.db"), "a", "run-1").unwrap();
    let reader = ledger.reader().unwrap();
    for number in 0..3 {
        let reference = format!("A-{number}");
        assert_eq!(reader.history(&[&reference]).unwrap()[0].attempts, []);
        ledger.write(&[intent(number)]).unwrap();
        assert_eq!(reader.history(&[&reference]).unwrap()[0].attempts.len(), 1);
    }
}

/// Every history of up to two attempts, each of one of two contents.
#[test]
fn accepted_contents_need_no_history() {
    const MANUAL: usize = 4;
    let states = [
        AttemptState::Accepted,
        AttemptState::NotAccepted,
        AttemptState::Unknown,
        AttemptState::Intended,
        AttemptState::Accepted,
    ];
    let attempts: Vec<_> = (0..states.len()).flat_map(|state| [(state, 1), (state, 2)]).collect();
    let pairs = attempts.iter().flat_map(|first| attempts.iter().map(|last| vec![*first, *last]));
    let histories: Vec<_> = attempts.iter().map(|only| vec![*only]).chain(pairs).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (mut ledger, mut n_certain) = (open(&path, "a", "run-1").unwrap(), 0);
    // Opened before the checksums of rows no longer match.
    let other = open(&path, "b", "run-1").unwrap();
    let content = |history: usize, content: u8| {
        ContentHash([u8::try_from(history).unwrap(), content].repeat(8).try_into().unwrap())
    };
    for (number, history) in histories.iter().enumerate() {
        for (state, of) in history {
            let LedgerWrite::Intent(mut intent) = intent(u8::try_from(number).unwrap()) else {
                unreachable!()
            };
            intent.order.content = content(number, *of);
            let attempt = ledger.write(&[LedgerWrite::Intent(intent)]).unwrap()[0];
            if states[*state] != AttemptState::Intended {
                ledger.write(&[outcome(attempt, states[*state])]).unwrap();
            }
            if *state == MANUAL {
                let sql = "UPDATE attempts SET by_hand = 1 WHERE attempt = ?1";
                Connection::open(&path).unwrap().execute(sql, [attempt]).unwrap();
            }
        }
    }
    let reader = ledger.reader().unwrap();
    let accepted = reader.accepted_contents(usize::MAX).unwrap();
    for (number, history) in histories.iter().enumerate() {
        let of_reference = reader.history(&[&format!("A-{number}")]).unwrap().remove(0);
        let ordered_at = of_reference.attempts[0].order.ordered_at;
        for of in [1, 2] {
            let state = of_reference.prior_state(ordered_at, content(number, of));
            let is_certain = accepted.contains(content(number, of));
            assert!(!is_certain || state == PriorState::Accepted, "{history:?} {state:?}");
            assert!(is_certain || history[..] != [(0, of)], "{history:?}");
            n_certain += usize::from(is_certain);
        }
    }
    assert_eq!(n_certain, 2);
    let of_other = other.reader().unwrap().accepted_contents(usize::MAX).unwrap();
    assert!((0..histories.len()).all(|number| !of_other.contains(content(number, 1))));
    let newest = reader.accepted_contents(1).unwrap();
    assert_eq!([1, 2].map(|of| newest.contains(content(usize::from(of) - 1, of))), [false, true]);
}

/// Also while a backup gives the file a second name for a moment.
#[test]
fn further_connection_is_to_the_same_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let [path, other] = ["ledger.db", "other.db"].map(|name| folder.path().join(name));
    let run = open(&path, "a", "run-1").unwrap();
    open(&other, "a", "run-1").unwrap();
    std::fs::hard_link(&path, folder.path().join("backup.db")).unwrap();
    assert!(file::open_again(&path, run.id()).is_ok());
    assert!(matches!(file::open_again(&other, run.id()), Err(LedgerError::Replaced { .. })));
}
