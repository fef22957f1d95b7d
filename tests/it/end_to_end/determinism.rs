//! Tests that results are byte-identical for any number of cores and any memory budget.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;

use super::generated_export::{Export, ExportQuality, OPTIONS, own_key_profile};
use crate::support::{
    without_run_values,
    workspace::{RunResult, Workspace},
};

/// Numbers of cores and memory budgets.
const RESOURCES: [(&str, &str); 9] = [
    ("1", "256MB"),
    ("1", "4MB"),
    ("1", "1MB"),
    ("2", "1MB"),
    ("2", "4MB"),
    ("2", "256MB"),
    ("4", "256MB"),
    ("4", "4MB"),
    ("4", "1MB"),
];

const SEED: u64 = 4;

fn generated_workspace(n_orders: usize, quality: ExportQuality, more: &str) -> Workspace {
    let export = Export::new(SEED, n_orders, quality);
    let workspace = Workspace::with("a.csv", export.text());
    workspace.file("b.csv", export.duplicates()).file("own-key.toml", own_key_profile(more));
    workspace
}

fn run(workspace: &Workspace, command: &str, (cores, memory): (&str, &str)) -> RunResult {
    let command = format!("{command} a.csv b.csv {OPTIONS} --memory {memory}");
    let ran = workspace.run_with(&command, &[("RAYON_NUM_THREADS", cores)], b"");
    assert!(ran.code < 2, "{} {}", ran.out, ran.err);
    ran
}

/// `summary.json` without what differs from run to run, and the memory.
fn summary(ran: &RunResult) -> Value {
    let mut summary = without_run_values(ran.summary(), &["previous"]);
    summary["settings"].as_object_mut().unwrap().remove("memory");
    summary
}

/// The output and the files of a check.
#[derive(Debug, PartialEq)]
struct CheckOutput {
    code: i32,
    output: String,
    summary: Value,
    results: String,
    rejects: BTreeMap<PathBuf, String>,
}

impl CheckOutput {
    fn of(ran: &RunResult) -> Self {
        let changing = ["  report  ", "      orderferry check ", "      orderferry send "];
        let is_changing = |line: &str| changing.iter().any(|start| line.starts_with(start));
        let output = ran.out.lines().filter(|line| !is_changing(line));
        let files = fs::read_dir(ran.path("rejects"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path());
        Self {
            code: ran.code,
            output: output.collect::<Vec<_>>().join("\n"),
            summary: summary(ran),
            results: ran.text("results.ndjson"),
            rejects: files.map(|file| (name(&file), fs::read_to_string(&file).unwrap())).collect(),
        }
    }

    fn codes(&self) -> BTreeSet<&str> {
        self.summary["problems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["code"].as_str().unwrap())
            .collect()
    }

    /// Compares part by part: the complete output would be too long for a message.
    fn assert_same_as(&self, first: &Self, resources: (&str, &str)) {
        assert_eq!((self.code, &self.output), (first.code, &first.output), "{resources:?}");
        assert_eq!(self.summary, first.summary, "{resources:?}");
        for (found, expected) in self.results.lines().zip(first.results.lines()) {
            assert_eq!(found, expected, "{resources:?}");
        }
        assert!(self.results == first.results, "{resources:?}: results differ");
        assert!(self.rejects == first.rejects, "{resources:?}: rejects differ");
    }
}

fn name(path: &std::path::Path) -> PathBuf {
    path.file_name().unwrap().into()
}

fn check_with_all_resources(workspace: &Workspace) -> CheckOutput {
    let first = CheckOutput::of(&run(workspace, "check", RESOURCES[0]));
    for resources in &RESOURCES[1..] {
        CheckOutput::of(&run(workspace, "check", *resources)).assert_same_as(&first, *resources);
    }
    first
}

#[test]
fn single_pass_results_are_deterministic() {
    let output = check_with_all_resources(&generated_workspace(
        3000,
        ExportQuality::Good,
        "join_files = false",
    ));
    assert_eq!(
        (&output.summary["orders"]["read"], &output.summary["scattered"]),
        (&3000.into(), &0.into())
    );
}

#[test]
fn two_pass_results_are_deterministic() {
    let output = check_with_all_resources(&generated_workspace(
        3000,
        ExportQuality::Rough,
        "join_files = false",
    ));
    assert!(output.summary["scattered"].as_u64() > Some(100));
    let expected = [
        "order_copied",
        "order_in_two_files",
        "row_unreadable",
        "row_without_key",
        "reference_reused",
    ];
    for code in expected {
        assert!(output.codes().contains(code), "{code} is not in {:?}", output.codes());
    }
}

#[test]
fn joined_files_are_deterministic() {
    check_with_all_resources(&generated_workspace(1000, ExportQuality::Rough, "join_files = true"));
}

#[test]
fn adjacent_rows_are_deterministic() {
    let output = check_with_all_resources(&generated_workspace(
        1000,
        ExportQuality::Rough,
        "rows_adjacent = true",
    ));
    assert!(output.codes().contains("neighbour_unreadable"), "{:?}", output.codes());
}

/// The files of a send. Results and the tenant's lists are sorted, since their order differs.
fn send_output(ran: &RunResult) -> [String; 5] {
    let mut results: Vec<String> =
        ran.text("results.ndjson").split_inclusive('\n').map(without_browser).collect();
    results.sort();
    let mut sandbox: Value = serde_json::from_str(&ran.text("sandbox.json")).unwrap();
    sandbox.as_object_mut().unwrap().remove("base_url");
    sort(&mut sandbox);
    let plan = without_target(&ran.text("plan.ndjson"));
    [
        plan,
        ran.text("left_out.ndjson"),
        results.concat(),
        summary(ran).to_string(),
        sandbox.to_string(),
    ]
}

/// A result without the browser, which the tenant names.
fn without_browser(line: &str) -> String {
    let Some((before, browser)) = line.split_once(",\"browser_id\":\"") else {
        return line.to_owned();
    };
    format!("{before}{}", browser.split_once('"').unwrap().1)
}

/// The plan without target and ledger: each sandbox has another port, and so is another target.
fn without_target(plan: &str) -> String {
    ["\"target\":\"", "\"ledger\":\""].iter().fold(plan.to_owned(), |plan, member| {
        let (before, value) = plan.split_once(member).unwrap();
        format!("{before}{}", value.split_once('"').unwrap().1)
    })
}

/// Sorts all arrays of a document.
fn sort(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.iter_mut().for_each(sort);
            list.sort_by_cached_key(Value::to_string);
        }
        Value::Object(members) => members.values_mut().for_each(sort),
        _ => {}
    }
}

#[test]
fn send_is_deterministic() {
    let workspace = generated_workspace(600, ExportQuality::Rough, "join_files = false");
    let send = |resources| {
        let ran = run(
            &workspace,
            "send --sandbox --rate unlimited --identity-pause 0s --backfill",
            resources,
        );
        send_output(&ran)
    };
    let first = send(("1", "256MB"));
    for resources in [("2", "1MB"), ("4", "4MB"), ("4", "256MB")] {
        for (found, expected) in send(resources).iter().zip(&first) {
            assert!(found == expected, "{resources:?}: {}", first_difference(found, expected));
        }
    }
}

#[test]
fn multi_mode_send_is_deterministic() {
    let export = Export::new(SEED, 150, ExportQuality::Rough);
    let with_products = |text: String| {
        text.replace("item.name,", "item.productId,item.name,").replace(",GEAR,", ",GEAR,P,")
    };
    let workspace = Workspace::with("a.csv", with_products(export.text()));
    workspace
        .file("b.csv", with_products(export.duplicates()))
        .file("own-key.toml", own_key_profile("join_files = false"));
    let send = |resources| {
        let ran = run(
            &workspace,
            "send --sandbox --mode multi --rate unlimited --identity-pause 0s --backfill",
            resources,
        );
        assert!(ran.summary()["requests"]["checkout"].as_u64() > Some(100), "{}", ran.out);
        send_output(&ran)
    };
    let first = send(("1", "256MB"));
    for (found, expected) in send(("4", "1MB")).iter().zip(&first) {
        assert!(found == expected, "{}", first_difference(found, expected));
    }
}

fn first_difference(found: &str, expected: &str) -> String {
    let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    format!("{different:.2000?}")
}
