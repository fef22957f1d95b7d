use std::{fs, path::Path};

use rusqlite::Connection;

use super::{
    super::integrity::{ATTEMPT_INDEXES, define_functions, index_sql},
    intend, open, open_existing,
};
use crate::ledger::LedgerError;

const PAGE_BYTES: usize = 4096;

/// Creates a ledger with three attempts, whose indexes have one page each.
fn create(path: &Path) {
    let mut ledger = open(path, "a", "run-1").unwrap();
    ledger.write(&["ref-1", "ref-2", "ref-3"].map(intend)).unwrap();
    drop(ledger);
    let log = Connection::open(path).unwrap();
    log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// Changes the page of an index, and returns what is found damaged when the ledger is opened.
fn found_after(index: &str, damage: impl Fn(&mut [u8])) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    create(&path);
    let page: u32 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [index], |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let start = (page as usize - 1) * PAGE_BYTES;
    damage(&mut bytes[start..start + PAGE_BYTES]);
    fs::write(&path, bytes).unwrap();
    match open_existing(&path, "a") {
        Err(LedgerError::Damaged { found, .. }) => found,
        Err(other) => panic!("{other}"),
        Ok(_) => "nothing".to_owned(),
    }
}

/// Exchanges the first two cells of a leaf: their pointers follow its header of 8 bytes
/// (<https://sqlite.org/fileformat2.html#b_tree_pages>).
fn exchange_cells(page: &mut [u8]) {
    page[8..12].rotate_left(2);
}

/// Changes the last byte of the first cell of a leaf before its attempt: the end of its key.
fn change_first_row(page: &mut [u8]) {
    let cell = usize::from(u16::from_be_bytes([page[8], page[9]]));
    let (n_payload, target) = (usize::from(page[cell]), page[cell + 1]);
    assert!(n_payload < 128 && target < 128, "lengths of one byte");
    // The attempts of these entries are 1, which has no bytes of its own.
    page[cell + n_payload] ^= 1;
}

#[test]
fn index_with_other_rows_than_its_table_is_found() {
    for (index, ..) in ATTEMPT_INDEXES {
        let found = format!("the index {index} does not have the rows of its table");
        assert_eq!(found_after(index, change_first_row), found);
    }
    assert_eq!(found_after("attempts_of_reference", |_| ()), "nothing");
}

#[test]
fn index_that_is_not_sorted_is_found() {
    for (index, ..) in ATTEMPT_INDEXES {
        assert_eq!(found_after(index, exchange_cells), format!("the index {index} is not sorted"));
    }
}

#[test]
fn every_index_of_attempts_is_compared_without_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    create(&path);
    let connection = Connection::open(&path).unwrap();
    define_functions(&connection).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'attempts'
         ORDER BY rowid";
    let mut statement = connection.prepare(names).unwrap();
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(names, ATTEMPT_INDEXES.map(|(index, ..)| index));
    for (index, columns, rows) in ATTEMPT_INDEXES {
        let plan = format!("EXPLAIN QUERY PLAN {}", index_sql(index, columns, rows));
        let plan: String = connection.query_row(&plan, [], |row| row.get(3)).unwrap();
        assert_eq!(plan, format!("SCAN attempts USING COVERING INDEX {index}"));
    }
}
