//! Tests of `results.csv` and `problems.csv`: the same content as `results.ndjson`, complete or
//! absent, and without formulas.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use crate::support::{
    program,
    service::{MockService, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, row},
};

type Row = BTreeMap<String, String>;

/// The rows of a CSV file of the run folder.
fn rows(ran: &RunResult, name: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(ran.path(name)).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// The cell of a value of `results.ndjson`.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn cells<'v>(cells: impl IntoIterator<Item = (&'static str, &'v Value)>) -> Row {
    cells.into_iter().map(|(name, value)| (name.to_owned(), cell(value))).collect()
}

/// The row that the result of an order must have.
fn result_row(result: &Value) -> Row {
    let mut codes: Vec<_> = result["problems"].as_array().unwrap().iter().collect();
    codes.sort_by_key(|problem| problem["code"].as_str());
    codes.dedup_by_key(|problem| problem["code"].as_str());
    let codes: Vec<_> = codes.iter().map(|problem| problem["code"].as_str().unwrap()).collect();
    let codes = Value::from(codes.join(" "));
    let names =
        ["referenceId", "orderedAt", "outcome", "attempts", "http_status", "reason"].into_iter();
    let source = &result["source"];
    let values = names.map(|name| (name, &result[name]));
    cells(values.chain([
        ("file", &source["file"]),
        ("line", &source["line"]),
        ("repeated_after", &result["repeated_after"]),
        ("browser_id", &result["browser_id"]),
        ("problems", &codes),
    ]))
}

/// The rows that the problems of an order must have.
fn problem_rows(result: &Value) -> impl Iterator<Item = Row> {
    let names = ["file", "line", "column", "column_name", "field", "code", "severity", "message"];
    result["problems"].as_array().unwrap().iter().map(move |problem| {
        let values = names.into_iter().map(|name| (name, &problem[name]));
        cells(values.chain([("referenceId", &result["referenceId"])]))
    })
}

/// Asserts that both files have what `results.ndjson` has, in its order. Returns the problems of no
/// order.
fn assert_same_as_ndjson(ran: &RunResult) -> Vec<Row> {
    let results = ran.results();
    assert_eq!(rows(ran, "results.csv"), results.iter().map(result_row).collect::<Vec<_>>());
    let (of_files, of_orders): (Vec<_>, Vec<_>) =
        rows(ran, "problems.csv").into_iter().partition(|row| row["referenceId"].is_empty());
    assert_eq!(of_orders, results.iter().flat_map(problem_rows).collect::<Vec<_>>());
    of_files
}

/// Two valid orders, one with two problems in umlauts, one with the wrong total.
fn mixed() -> String {
    let invalid = ExportRow {
        reference: "\"B,\"\"1\"\"\"",
        price: "zwölf",
        email: "kein Ort",
        ..ExportRow::default()
    };
    let total = ExportRow { reference: "B-2", price: "1.00", ..ExportRow::default() };
    format!("{}{}{}", export(&["A-1", "A-2"]), invalid.csv(), total.csv())
}

#[test]
fn csv_files_of_a_check_equal_its_results() {
    let content = mixed().replace("guest.lastname", "guest.lastname,Notiz");
    let workspace = Workspace::with("orders.csv", content.replace(",Smith", ",Smith,x"));
    let ran = workspace.run("check orders.csv --pos x --max-invalid 100% --results-csv");
    let of_files = assert_same_as_ndjson(&ran);
    let found = of_files.iter().map(|row| (row["code"].as_str(), row["line"].as_str()));
    let expected = [("unknown_column", "1"), ("content_repeated", "3")];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    for name in ["results.csv", "problems.csv"] {
        assert!(ran.text(name).starts_with("\u{feff}referenceId,"));
        assert_eq!(fs::metadata(ran.path(name)).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!ran.path(format!(".{name}.part")).exists());
    }
    assert!(ran.text("problems.csv").contains("zwölf"), "{}", ran.text("problems.csv"));
}

#[test]
fn csv_files_are_written_on_request_only() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let exists =
        |ran: &RunResult| ["results.csv", "problems.csv"].map(|name| ran.path(name).exists());
    assert_eq!(exists(&workspace.run("check orders.csv --pos x")), [false; 2]);
    for set in ["--results-csv", "--set results_csv=true"] {
        assert_eq!(exists(&workspace.run(&format!("check orders.csv --pos x {set}"))), [true; 2]);
    }
    let by_variable = [("ORDERFERRY_RESULTS_CSV", "true")];
    assert_eq!(
        exists(&workspace.run_with("check orders.csv --pos x", &by_variable, b"")),
        [true; 2]
    );
}

#[test]
fn csv_files_of_a_refused_run_have_its_results() {
    let workspace = Workspace::with("orders.csv", mixed());
    let ran = workspace.run("send orders.csv --sandbox --max-invalid 0 --results-csv");
    assert_eq!((ran.code, rows(&ran, "results.csv").len()), (2, 4), "{}", ran.err);
    assert_same_as_ndjson(&ran);
    let unread = workspace.run("check none.csv --pos x --results-csv");
    assert_eq!((unread.code, rows(&unread, "results.csv").len()), (2, 0));
}

/// An order that a run leaves is in the files of the run that resumes it, with what is sent of it.
#[test]
fn csv_files_of_a_resumed_run_have_all_orders() {
    let workspace = Workspace::with("orders.csv", mixed());
    let service =
        MockService::start(|request| (request.reference() == "A-2").then(|| Reply::status(400)));
    let target = format!(
        "--base-url {} --client-key k --backfill --rate unlimited --identity-pause 0s",
        service.base_url
    );
    let first = workspace.run(&format!(
        "send orders.csv --pos x --max-invalid 100% --limit 1 --results-csv {target}"
    ));
    assert_eq!((first.code, rows(&first, "results.csv").len()), (4, 4), "{}", first.err);
    assert_same_as_ndjson(&first);
    let resumed = workspace.run(&format!("send --resume run-1 --results-csv {target}"));
    assert_eq!((resumed.code, rows(&resumed, "results.csv").len()), (1, 4), "{}", resumed.err);
    assert_same_as_ndjson(&resumed);
    let statuses: Vec<_> =
        rows(&resumed, "results.csv").iter().map(|row| row["http_status"].clone()).collect();
    assert!(statuses.contains(&"400".to_owned()), "{statuses:?}");
}

#[test]
fn no_cell_is_a_formula_and_numbers_stay_numbers() {
    let references = ["=1+1", "@SUM(A1)", "+49 151", "-12.50", "-2+3", "x;=1"];
    let ran = Workspace::with("orders.csv", export(&references))
        .run("check orders.csv --pos x --max-invalid 100% --results-csv");
    let written: Vec<_> =
        rows(&ran, "results.csv").iter().map(|row| row["referenceId"].clone()).collect();
    let expected = ["'=1+1", "'@SUM(A1)", "'+49 151", "-12.50", "'-2+3", "x;'=1"];
    assert_eq!(written, expected);
    let formulas = ran.text("problems.csv");
    assert!(formulas.lines().all(|line| !line.starts_with(['=', '@', '+'])), "{formulas}");
}

#[test]
fn problems_that_are_not_listed_are_counted() {
    let bad = ExportRow { name: &"long ".repeat(30), ..ExportRow::default() }.csv();
    let ran = Workspace::with("orders.csv", format!("{HEADER}{}", bad.repeat(130)))
        .run("check orders.csv --pos x --max-invalid 100% --results-csv");
    let problems = rows(&ran, "problems.csv");
    let long: Vec<_> = problems.iter().filter(|row| row["code"] == "name_too_long").collect();
    assert_eq!(long.len(), 101);
    let last = long.last().unwrap();
    assert_eq!(
        (last["message"].as_str(), last["severity"].as_str(), last["line"].as_str()),
        ("30 more with this code are not listed", "error", "")
    );
}

/// The rows of the orders are scattered, so that the results are sorted.
#[test]
fn csv_files_do_not_depend_on_cores_and_memory() {
    let orders: Vec<_> = (0..3000).map(|number| row(&format!("A-{}", number % 1000))).collect();
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", orders.concat()));
    let written = |cores: &str, memory: &str| {
        let command = format!("check orders.csv --pos x --results-csv --memory {memory}");
        let ran = workspace.run_with(&command, &[("RAYON_NUM_THREADS", cores)], b"");
        assert_eq!(rows(&ran, "results.csv").len(), 1000, "{}", ran.err);
        ["results.csv", "problems.csv"].map(|name| ran.text(name))
    };
    let expected = written("1", "256MB");
    assert_eq!(written("4", "1MB"), expected);
}

#[test]
fn help_lists_the_columns() {
    let help = program(&std::env::temp_dir()).args(["help", "report"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let ran = Workspace::with("orders.csv", export(&["A-1"]))
        .run("check orders.csv --pos x --results-csv");
    for name in ["results.csv", "problems.csv"] {
        let columns = ran.text(name).lines().next().unwrap().replace(',', ", ");
        assert!(help.contains(columns.trim_start_matches('\u{feff}')), "{columns}");
    }
}
