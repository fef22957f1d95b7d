//! Golden tests: every folder of `samples/cases` is a command with its expected results. A new
//! case needs no code.
//!
//! `case.toml` contains the command. `summary.json` is the summary without the values that differ
//! from run to run; `results.txt` has a line for each order that has a problem or is not accepted.
//! `UPDATE_SAMPLES=1 cargo test` writes both again.

use std::{fmt::Write, fs, path::Path};

use serde_json::Value;

use crate::support::{self, FinishedRun, without_run_values};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    command: String,
}

#[test]
fn samples_match_expected_results() {
    let folder = support::root().join("samples/cases");
    let mut cases: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 6, "expected at least 6 cases");
    for case in cases {
        check(&case);
    }
}

fn check(folder: &Path) {
    let case: Case =
        toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap()).unwrap();
    let run = FinishedRun::in_root(&case.command);
    let summary = summary(&run);
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

fn summary(run: &FinishedRun) -> Value {
    without_run_values(run.json("summary.json").unwrap(), &["version"])
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
