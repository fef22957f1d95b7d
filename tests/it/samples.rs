//! Golden tests: every folder of `samples/cases` is a command with its expected results. A new
//! case needs no code.
//!
//! `case.toml` contains the command. `summary.json` is the summary without the values that differ
//! from run to run; `results.txt` has a line for each order that has a problem or is not accepted.
//! Of a built-in profile the case names the quirks of its format, and `quirks.txt` has what becomes
//! of the orders that show each of them. `UPDATE_SAMPLES=1 cargo test` writes all of them again.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use orderferry::map::BUILT_IN;
use rayon::prelude::*;
use serde_json::Value;

use crate::support::{
    self, FinishedRun,
    order_text::{orders_by_key, plain, write_counts, write_message, write_result},
    without_run_values,
};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    command: String,
    /// The quirks of a format, each with the references of orders that show it, or with words of
    /// what is said of no order.
    #[serde(default)]
    quirks: BTreeMap<String, Vec<String>>,
}

#[test]
fn samples_match_expected_results() {
    let folder = support::root().join("samples/cases");
    let mut cases: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 6, "expected at least 6 cases");
    cases.par_iter().for_each(|case| check(case));
}

fn check(folder: &Path) {
    let case: Case =
        toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
    let run = FinishedRun::in_root(&case.command);
    if !case.quirks.is_empty() {
        compare(&folder.join("quirks.txt"), &quirks(&case, &run));
    }
    // A run that is refused before anything is read has no summary.
    let Some(summary) = run.json("summary.json").map(summary) else {
        assert_eq!(run.code(), 2, "{}", run.err());
        return;
    };
    compare(
        &folder.join("summary.json"),
        &format!("{}\n", serde_json::to_string_pretty(&summary).unwrap()),
    );
    compare(&folder.join("results.txt"), &results(&run));
    if let Some(sandbox) = run.json("sandbox.json") {
        assert_tenant_matches(&summary, &sandbox, &case.command);
    }
}

fn compare(file: &Path, found: &str) {
    let difference = support::difference_from(file, found);
    assert!(difference.is_none(), "{}", difference.unwrap_or_default());
}

fn summary(summary: Value) -> Value {
    without_run_values(summary, &["version"])
}

/// Each quirk with what the run says of the orders, or of the words, that show it.
fn quirks(case: &Case, run: &FinishedRun) -> String {
    let orders = orders_by_key(&run.events());
    let mut blocks: Vec<(String, String)> = Vec::new();
    for result in run.results() {
        let mut block = String::new();
        write_result(&mut block, &result, &orders);
        blocks.push((plain(&result["referenceId"]), block));
    }
    let mut others = String::new();
    match run.json("summary.json").filter(|_| run.code() != 2) {
        Some(summary) => write_counts(&mut others, &summary),
        None => write_message(&mut others, &run.err()),
    }
    let mut text = String::new();
    for (quirk, shown_by) in &case.quirks {
        writeln!(text, "# {quirk}").unwrap();
        assert!(!shown_by.is_empty(), "{}: {quirk}: nothing shows it", case.command);
        for shown in shown_by {
            let of_order = blocks.iter().filter(|(reference, _)| reference == shown);
            let mut found: Vec<&str> = of_order.map(|(_, block)| block.as_str()).collect();
            if found.is_empty() {
                found = others.split_inclusive('\n').filter(|line| line.contains(shown)).collect();
            }
            assert!(!found.is_empty(), "{}: {quirk}: nothing is said of {shown}", case.command);
            text.extend(found);
        }
        text.push('\n');
    }
    text
}

/// The fewest orders of the sample of a format.
const MIN_ORDERS: u64 = 20;

#[test]
fn built_in_profiles_have_a_case_with_their_quirks() {
    for (name, _) in BUILT_IN.iter().filter(|(name, _)| *name != "canonical") {
        let folder = support::root().join("samples/cases").join(name);
        let case = fs::read_to_string(folder.join("case.toml")).unwrap_or_default();
        let case: Case = toml::from_str(&case).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(case.quirks.len() >= 10, "{name} has {} quirks", case.quirks.len());
        assert!(case.command.contains(&format!("samples/exports/{name}")), "{name}");
        let summary = fs::read_to_string(folder.join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        let n_orders = summary["orders"]["read"].as_u64().unwrap();
        assert!(n_orders >= MIN_ORDERS, "{name}: {n_orders} orders");
    }
}

/// `reference outcome code@line:column …` of each order that has a problem or is not accepted.
fn results(run: &FinishedRun) -> String {
    let mut lines: Vec<String> = Vec::new();
    for result in run.results() {
        let problems = result["problems"].as_array().unwrap();
        let (reference, outcome) = (text(&result["referenceId"]), text(&result["outcome"]));
        if problems.is_empty() && ["accepted", "valid"].contains(&outcome) {
            continue;
        }
        let mut line = format!("{reference} {outcome}");
        for problem in problems {
            write!(line, " {}@{}", text(&problem["code"]), problem["line"]).unwrap();
            if let Some(column) = problem["column"].as_u64() {
                write!(line, ":{column}").unwrap();
            }
        }
        lines.push(line + "\n");
    }
    // Results are in the order of settlement, which differs from run to run.
    lines.sort();
    lines.concat()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Asserts that the data of the tenant matches the summary of the run.
pub(crate) fn assert_tenant_matches(summary: &Value, sandbox: &Value, command: &str) {
    assert_eq!(summary["orders"]["accepted"], sandbox["orders"]["processed"], "{command}");
    assert_eq!(sandbox["orders"]["not_processed"], 0, "{command}");
    assert_eq!(sandbox["orders"]["repeated_references"], 0, "{command}");
    support::assert_same_requests(summary, sandbox);
    if summary["requests"]["total"] != 0 {
        assert_eq!(summary["guests"], sandbox["guests"], "{command}");
        assert_eq!(summary["items"], sandbox["orders"]["items"], "{command}");
    }
    let accepted = summary["money"]
        .as_array()
        .unwrap()
        .iter()
        .map(|money| (&money["currency"], &money["accepted"]));
    let accepted: Vec<_> = accepted.filter(|(_, sum)| *sum != "0").collect();
    let received = sandbox["money"]
        .as_array()
        .unwrap()
        .iter()
        .map(|money| (&money["currency"], &money["total"]));
    assert_eq!(accepted, received.collect::<Vec<_>>(), "{command}");
}
