//! Tests of `check --events`: the file has what `send` sends, and nothing is overwritten.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use serde_json::Value;

use crate::support::{
    root,
    service::MockService,
    workspace::{ExportRow, Workspace, export, row},
};

/// The events of the file, in its order.
fn events(workspace: &Workspace, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(workspace.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The events that the service received, without their browser, by the guest of that browser.
fn sent(service: &MockService) -> BTreeMap<String, Vec<Value>> {
    let (mut guests, mut guest_of) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
    for mut request in service.received() {
        if request.kind() == "BROWSER" {
            continue;
        }
        let browser = request.browser().to_owned();
        if request.kind() == "IDENTITY" {
            guest_of.insert(browser.clone(), request.message["identifiers"].to_string());
        }
        request.message.as_object_mut().unwrap().remove("browser_id");
        guests.entry(guest_of[&browser].clone()).or_default().push(request.message);
    }
    guests
}

/// The events of each guest, in their order.
fn by_guest(events: Vec<Value>) -> BTreeMap<String, Vec<Value>> {
    let (mut guests, mut guest) = (BTreeMap::<_, Vec<_>>::new(), String::new());
    for event in events {
        if event["type"] == "IDENTITY" {
            guest = event["identifiers"].to_string();
        }
        guests.entry(guest.clone()).or_default().push(event);
    }
    guests
}

#[test]
fn events_are_those_that_are_sent() {
    let samples = fs::read_to_string(root().join("samples/orders.csv")).unwrap();
    for options in ["--mode single", "--mode multi", "--mode auto --max-url-bytes 1500"] {
        let workspace = Workspace::with("orders.csv", &samples);
        let service = MockService::start(|_| None);
        let options = format!("orders.csv --pos x --rate unlimited --max-invalid 100% {options}");
        let target = format!("--base-url {} --client-key key", service.base_url);
        let checked = workspace.run(&format!("check {options} --events events.ndjson {target}"));
        assert!([0, 1].contains(&checked.code), "{}", checked.err);
        let send = "--new-ledger --backfill --in-flight 1 --identity-pause 0s";
        let sending = workspace.run(&format!("send {options} {target} {send}"));
        assert!([0, 1].contains(&sending.code), "{}", sending.err);
        // The guests are sent side by side, each of them in order.
        let (planned, received) = (by_guest(events(&workspace, "events.ndjson")), sent(&service));
        assert!(received.len() > 100);
        assert!(planned == received, "{options}");
        // Everything is already sent, so there is nothing to send.
        workspace.run(&format!("check {options} --events again.ndjson {target}"));
        assert_eq!(events(&workspace, "again.ndjson").len(), 0);
    }
}

#[test]
fn events_are_private_and_replace_no_file() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]) + &row("A-2"));
    let ran = workspace.run("check orders.csv --pos x --events events.ndjson");
    assert_eq!((ran.code, events(&workspace, "events.ndjson").len()), (0, 3));
    let mode = fs::metadata(workspace.path("events.ndjson")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for file in ["events.ndjson", "orders.csv"] {
        let before = fs::read(workspace.path(file)).unwrap();
        let refused = workspace.run(&format!("check orders.csv --pos x --events {file}"));
        assert_eq!(refused.code, 2);
        let start = format!("error[config]: the file exists\n --> --events {file}\n");
        assert!(refused.err.starts_with(&start), "{}", refused.err);
        assert_eq!(fs::read(workspace.path(file)).unwrap(), before);
    }
    let refused = workspace.run("check orders.csv --pos x --events -");
    assert_eq!((refused.code, workspace.path("-").exists()), (2, false), "{}", refused.err);
}

#[test]
fn refused_check_counts_orders_once_beside_events() {
    let mut orders = export(&["A-1"]);
    for reference in ["A-2", "A-3"] {
        orders += &ExportRow { reference, price: "x", ..ExportRow::default() }.csv();
    }
    let workspace = Workspace::with("orders.csv", orders);
    let ran = workspace.run("check orders.csv --pos x --max-invalid 0 --events events.ndjson");
    assert_eq!(ran.code, 2, "{}", ran.err);
    let results = ran.results();
    let outcomes = results.iter().map(|result| (&result["referenceId"], &result["outcome"]));
    let mut outcomes: Vec<_> = outcomes.map(|(key, outcome)| format!("{key} {outcome}")).collect();
    outcomes.sort();
    assert_eq!(outcomes, [r#""A-1" "valid""#, r#""A-2" "invalid""#, r#""A-3" "invalid""#]);
    assert_eq!(ran.summary()["orders"]["not_attempted"], 0);
}

#[test]
fn events_without_a_folder_are_refused_first() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let options = "--explain A-1 --format json --out run --events none/events.ndjson";
    let command = &format!("check orders.csv --pos x {options}");
    let refused = workspace.run(command);
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(!workspace.path("run").exists());
    insta::assert_snapshot!(refused.err, @r"
    error[config]: the file cannot be created: No such file or directory (os error 2)
     --> --events none/events.ndjson
     |
     = hint: name a new file in a folder that exists and is writable with
             --events

    error[config]: --explain and --explain-first print texts, not JSON
     --> --format json
     |
     = hint: leave --format out

    2 errors in the settings. Nothing was read or sent.
    next: orderferry help settings
    ");
}
