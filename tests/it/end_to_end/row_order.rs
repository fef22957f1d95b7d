//! Tests that the order of the rows of a file does not change the results.

use std::{collections::BTreeSet, fs};

use orderferry::model::outcome::Outcome;
use proptest::prelude::*;
use serde_json::Value;

use super::generated_export::{Export, ExportQuality, HEADER, OPTIONS, own_key_profile};
use crate::{
    arbitrary,
    support::{
        rng::TestRng,
        workspace::{self, ExportRow, RunResult, Workspace},
    },
};

/// The results without positions, sorted.
fn results(ran: &RunResult) -> Vec<String> {
    let mut results: Vec<String> = ran.results().into_iter().map(without_positions).collect();
    results.sort();
    results
}

fn without_positions(mut result: Value) -> String {
    let members = result.as_object_mut().unwrap();
    members.remove("source");
    let problems = members["problems"].as_array_mut().unwrap();
    for problem in &mut *problems {
        problem
            .as_object_mut()
            .unwrap()
            .retain(|name, _| !["file", "line", "column"].contains(&name.as_str()));
        problem["message"] = without_lines(problem["message"].as_str().unwrap()).into();
    }
    problems.sort_by_cached_key(Value::to_string);
    result.to_string()
}

/// A message without the numbers of the lines that it names.
fn without_lines(message: &str) -> String {
    let (first, others) = message.split_once("line ").unwrap_or((message, ""));
    let others = others.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{first}{others}")
}

/// The numbers of a summary that are independent of the row order.
fn numbers(ran: &RunResult) -> Value {
    let summary = ran.summary();
    let names = [
        "rows",
        "rows_unreadable",
        "items",
        "guests",
        "orders",
        "orders_without_amount",
        "money",
        "problems",
    ];
    names.iter().map(|name| summary[*name].clone()).collect()
}

fn check(rows: &[String]) -> RunResult {
    let workspace = Workspace::with("a.csv", format!("{HEADER}{}", rows.concat()));
    workspace.file("own-key.toml", own_key_profile(""));
    let ran = workspace.run(&format!("check a.csv {OPTIONS} --memory 1MB"));
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    ran
}

#[test]
fn row_order_does_not_change_results() {
    let mut rows = Export::new(11, 1500, ExportQuality::Rough).rows;
    let first = check(&rows);
    for seed in 0..3 {
        TestRng::new(seed).shuffle(&mut rows);
        let shuffled = check(&rows);
        assert_eq!(numbers(&shuffled), numbers(&first), "seed {seed}");
        for (found, expected) in results(&shuffled).iter().zip(&results(&first)) {
            assert_eq!(found, expected, "seed {seed}");
        }
        assert_eq!(shuffled.results().len(), first.results().len(), "seed {seed}");
    }
}

/// A row of the order with this key.
fn row(key: u8, name: usize) -> String {
    let (reference, name) = (format!("A-{key}"), format!("Rope {name}"));
    let ordered_at = format!("2025-03-01T10:00:{key:02}Z");
    ExportRow {
        reference: &reference,
        ordered_at: &ordered_at,
        name: &name,
        price: "1.50",
        ..ExportRow::default()
    }
    .csv()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// One order for every key, and one item for every row.
    #[test]
    fn every_row_becomes_one_item(keys in prop::collection::vec(0_u8..8, 1..24), blank in any::<prop::sample::Index>()) {
        let mut rows: Vec<String> = keys.iter().enumerate().map(|(name, key)| row(*key, name)).collect();
        rows.insert(blank.index(keys.len() + 1), "\n".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, format!("{}{}", workspace::HEADER, rows.concat())).unwrap();
        let summary = arbitrary::check(folder.path(), &path, &arbitrary::profile_text(false)).summary;
        let distinct: BTreeSet<_> = keys.iter().collect();
        let n_scattered = distinct.iter().filter(|key| is_scattered(&keys, ***key)).count();
        let (n_rows, n_orders) = (keys.len() as u64, distinct.len() as u64);
        prop_assert_eq!((summary.rows, summary.items), (n_rows, n_rows));
        prop_assert_eq!((summary.orders.read, summary.orders[Outcome::Valid]), (n_orders, n_orders));
        prop_assert_eq!(summary.scattered, n_scattered as u64);
        let cents = n_orders * 150;
        prop_assert_eq!(&summary.money[0].sums[Outcome::Valid], &format!("{}.{:02}", cents / 100, cents % 100));
    }
}

/// Whether rows of other orders are between the rows of this one.
fn is_scattered(keys: &[u8], key: u8) -> bool {
    keys.iter()
        .enumerate()
        .filter(|(at, of)| **of == key && (*at == 0 || keys[at - 1] != key))
        .count()
        > 1
}
