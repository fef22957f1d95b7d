//! Tests of the `ledger` commands: from a run that leaves an order unknown, through manual
//! settlement, to the next run.

use std::{
    collections::BTreeMap,
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::support::{
    process, program,
    service::{MockService, ReceivedRequest, Reply},
    workspace::{RunResult, Workspace, export},
};

/// Values that differ from run to run, replaced by text of the same length.
const FILTERS: [(&str, &str); 5] = [
    (r"\d{8}-\d{6}-[0-9a-f]{4}", "20261122-000000-RUN_"),
    (r"20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-22T00:00:00Z"),
    (r"target [0-9a-f]{8}", "target HASH"),
    (r"[0-9a-f]{8}\n", "HASH\n"),
    (r"[0-9a-f]{8}  other content", "00000000  other content"),
];

macro_rules! assert_output {
    ($output:expr, @$expected:literal) => {
        insta::with_settings!({filters => FILTERS.to_vec()}, { insta::assert_snapshot!($output, @$expected) });
    };
}

/// A workspace and a mock service.
struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    /// A service that responds as documented, but disconnects on the orders with these references.
    fn disconnecting_on(references: &'static [&'static str]) -> Self {
        Self::with(move |request| {
            references.contains(&request.reference()).then_some(Reply::Disconnect)
        })
    }

    fn with(answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self { workspace: Workspace::new(), service: MockService::start(answer) }
    }

    fn send(&self, content: &str, options: &str) -> RunResult {
        self.send_to(&self.service.base_url, content, options)
    }

    fn send_to(&self, base_url: &str, content: &str, options: &str) -> RunResult {
        self.workspace.file("orders.csv", content);
        let target =
            format!("--base-url {base_url} --client-key k --pos x --backfill --set tries=2");
        self.workspace
            .run(&format!("send orders.csv {target} --rate unlimited --identity-pause 0s{options}"))
    }

    fn ledger(&self, command: &str) -> RunResult {
        self.workspace.run(&format!("ledger {command}"))
    }

    /// The output of a command, with its exit code if that is not 0.
    fn ledger_output(&self, command: &str) -> String {
        let ran = self.ledger(command);
        let code = if ran.code == 0 { String::new() } else { format!("exit {}\n", ran.code) };
        format!("{code}{}{}", ran.out, ran.err)
    }
}

fn reason(ran: &RunResult) -> String {
    ran.results()[0]["reason"].as_str().unwrap().to_owned()
}

#[test]
fn unknown_order_settled_as_failed_is_resent() {
    let silent = Arc::new(Mutex::new(true));
    let is_silent = Arc::clone(&silent);
    let shop = TestShop::with(move |request| {
        (request.reference() == "A-1" && *is_silent.lock().unwrap()).then_some(Reply::Disconnect)
    });
    assert_eq!(shop.send(&export(&["A-1", "A-2"]), "").code, 3);
    assert_output!(shop.ledger_output("list"), @r"
    state     reference             ordered at            sent  last at               by run                target    change
    unknown   A-1                   2025-03-01T10:00:00Z     1  2026-11-22T00:00:00Z  20261122-000000-RUN_  HASH
    accepted  A-2                   2025-03-01T10:00:00Z     1  2026-11-22T00:00:00Z  20261122-000000-RUN_  HASH
    ");
    assert_output!(shop.ledger_output("list --outcome unknown --references"), @r"A-1");
    assert_output!(shop.ledger_output("settle A-1 --as failed"), @r"A-1 ordered at 2025-03-01T10:00:00Z, was unknown: settled as failed; the next run that reads it sends it again");
    assert_output!(shop.ledger_output("show A-1"), @r"
    A-1 ordered at 2025-03-01T10:00:00Z, sent to target HASH: failed
      2026-11-22T00:00:00Z  sent by run 20261122-000000-RUN_ with content 8af8e47c: settled manually as not accepted at 2026-11-22T00:00:00Z
    ");
    *silent.lock().unwrap() = false;
    assert_eq!(
        shop.send(&export(&["A-1", "A-2"]), "").outcomes(),
        "A-2 already_sent, A-1 accepted"
    );
    assert_output!(shop.ledger_output("show A-1"), @r"
    A-1 ordered at 2025-03-01T10:00:00Z, sent to target HASH: accepted
      2026-11-22T00:00:00Z  sent by run 20261122-000000-RUN_ with content 8af8e47c: settled manually as not accepted at 2026-11-22T00:00:00Z
      2026-11-22T00:00:00Z  sent by run 20261122-000000-RUN_ with content 8af8e47c: accepted at 2026-11-22T00:00:00Z
    ");
    let n_checkouts = |reference: &str| {
        let of_order = |request: &&ReceivedRequest| request.reference() == reference;
        shop.service.received().iter().filter(of_order).count()
    };
    assert_eq!((n_checkouts("A-1"), n_checkouts("A-2")), (2, 1));
}

#[test]
fn manual_settlement_is_reversible() {
    let shop = TestShop::disconnecting_on(&["A-1"]);
    let orders = export(&["A-1"]);
    assert_eq!(shop.send(&orders, "").outcomes(), "A-1 unknown");
    let listed = shop.ledger("list --outcome unknown --references");
    let settle = "ledger settle - --as accepted --quiet";
    let settled = shop.workspace.run_with(settle, &[], listed.out.as_bytes());
    assert_eq!((settled.code, settled.out.as_str(), settled.err.as_str()), (0, "", ""));
    let again = shop.send(&orders, "");
    assert_eq!((again.code, again.outcomes().as_str()), (0, "A-1 already_sent"));
    assert_eq!(reason(&again), "settled manually as accepted");
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 1);
    // A manual settlement can be reversed.
    assert_eq!(shop.ledger("settle A-1 --as failed").code, 0);
    assert_eq!(shop.send(&orders, "").outcomes(), "A-1 unknown");
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 2);
}

#[test]
fn settlement_of_a_run_leaves_other_runs_open() {
    let shop = TestShop::disconnecting_on(&["A-1"]);
    let orders = export(&["A-1"]);
    assert_eq!(shop.send(&orders, "").outcomes(), "A-1 unknown");
    let second = shop.send(&orders, " --unknown resend");
    assert_eq!(second.outcomes(), "A-1 unknown");
    let run = second.summary()["run_id"].as_str().unwrap().to_owned();
    let settle = format!("settle A-1 --as failed --run {run}");
    assert_output!(shop.ledger_output(&settle), @"A-1 ordered at 2025-03-01T10:00:00Z, was unknown: what this run sent is settled as failed; it stays unknown, since another run sent it too");
    // The order is held: the first run's attempt may have been accepted.
    let n_sent = shop.service.count("ORDER_CHECKOUT");
    assert_eq!(shop.send(&orders, "").outcomes(), "A-1 unknown");
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), n_sent);
}

#[test]
fn acknowledged_change_is_not_reported_again() {
    let shop = TestShop::disconnecting_on(&[]);
    let paid = export(&["A-1"]);
    assert_eq!(shop.send(&paid.replace("PURCHASED", "PAYMENT_PENDING"), "").code, 0);
    // A check records nothing.
    let check =
        format!("check orders.csv --base-url {} --client-key k --pos x", shop.service.base_url);
    shop.workspace.file("orders.csv", &paid);
    assert_eq!(shop.workspace.run(&check).outcomes(), "A-1 changed");
    assert_output!(shop.ledger_output("settle A-1 --as acknowledged"), @r"
    exit 2
    error: nothing was settled
      A-1: it is accepted, and no run has recorded a change of it
    ");
    let changed = shop.send(&paid, "");
    assert_eq!((changed.code, changed.outcomes().as_str()), (1, "A-1 changed"));
    assert_output!(shop.ledger_output("list --outcome changed"), @r"
    state     reference             ordered at            sent  last at               by run                target    change
    changed   A-1                   2025-03-01T10:00:00Z     1  2026-11-22T00:00:00Z  20261122-000000-RUN_  00000000  other content (status PAYMENT_PENDING -> PURCHASED)
    ");
    assert_output!(shop.ledger_output("settle A-1 --as acknowledged"), @r"A-1 ordered at 2025-03-01T10:00:00Z, was changed: its change is acknowledged; the service keeps what it accepted");
    assert_output!(shop.ledger_output("show A-1"), @r"
    A-1 ordered at 2025-03-01T10:00:00Z, sent to target HASH: accepted
      2026-11-22T00:00:00Z  sent by run 20261122-000000-RUN_ with content 2f1af225: accepted at 2026-11-22T00:00:00Z
      2026-11-22T00:00:00Z  observed by run 20261122-000000-RUN_ with content 8af8e47c (status PAYMENT_PENDING -> PURCHASED): acknowledged manually at 2026-11-22T00:00:00Z
    ");
    let again = shop.send(&paid, "");
    assert_eq!((again.code, again.outcomes().as_str()), (0, "A-1 already_sent"));
    assert_eq!(
        reason(&again),
        "accepted by an earlier run with other content, acknowledged manually"
    );
    // Different content again is a new change.
    assert_eq!(
        shop.send(&paid.replace("30.60,other", "30.61,other"), "").outcomes(),
        "A-1 changed"
    );
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 1);
}

#[test]
fn settle_is_all_or_nothing() {
    let shop = TestShop::disconnecting_on(&["A-1", "A-2"]);
    let other =
        MockService::start(|request| (request.reference() == "A-1").then_some(Reply::Disconnect));
    assert_eq!(shop.send(&export(&["A-1", "A-2", "A-3"]), "").code, 3);
    assert_eq!(shop.send_to(&other.base_url, &export(&["A-1"]), " --new-target").code, 3);
    assert_output!(shop.ledger_output("settle A-1 A-2 A-3 A-4 --as accepted"), @r"
    exit 2
    error: nothing was settled
      A-1: 2 orders match
        ordered at 2025-03-01T10:00:00Z, sent to target HASH, unknown
        ordered at 2025-03-01T10:00:00Z, sent to target HASH, unknown
      A-3: it is already accepted
      A-4: the ledger has no such order
      hint: select the order with --ordered-at and --target
    ");
    assert_eq!(shop.ledger("list --outcome unknown --references").out.lines().count(), 3);
    let lines = shop.ledger("list --reference A-1 --format json").out;
    let targets: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["target"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(lines.lines().all(
        |line| line.contains(r#""reference":"A-1""#) && line.contains(r#""outcome":"unknown""#)
    ));
    let settle = format!("settle A-1 --as accepted --target {}", &targets[0][..8]);
    assert_eq!(shop.ledger(&settle).code, 0);
    let states = |target: &str| {
        shop.ledger(&format!("list --reference A-1 --target {target} --format json")).out
    };
    assert!(states(&targets[0]).contains("accepted") && states(&targets[1]).contains("unknown"));
    assert_output!(shop.ledger_output("settle A-2 --as accepted --ordered-at 2025-03-02"), @r"
    exit 2
    error: nothing was settled
      A-2: the ledger has no such order
    ");
    assert_eq!(shop.ledger("settle A-2 --as accepted --ordered-at 2025-03-01").code, 0);
}

#[test]
fn list_as_csv_equals_list_as_json() {
    let shop = TestShop::disconnecting_on(&["A,\"1\""]);
    assert_eq!(shop.send(&export(&["\"A,\"\"1\"\"\"", "A-2"]), "").code, 3);
    let json = shop.ledger("list --format json").out;
    let csv = shop.ledger("list --format csv").out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    for (record, line) in records.into_iter().zip(json.lines()) {
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let shown =
            |value: Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let mut expected: BTreeMap<_, _> =
            object.into_iter().map(|(key, value)| (key, shown(value))).collect();
        expected.entry("change".to_owned()).or_default();
        assert_eq!(record, expected);
    }
    assert_eq!(
        shop.ledger("list --format csv --references").out,
        shop.ledger("list --references").out
    );
}

#[test]
fn settle_is_refused_while_a_run_is_active() {
    let output_text = Arc::new(Mutex::new(Vec::new()));
    let response = Arc::clone(&output_text);
    let workspace = Workspace::new();
    let folder = workspace.path("");
    let service = MockService::start(move |request| {
        if request.kind() == "ORDER_CHECKOUT" {
            let output = program(&folder)
                .args(["ledger", "settle", "A-1", "--as", "failed"])
                .output()
                .unwrap();
            response
                .lock()
                .unwrap()
                .push((output.status.code(), String::from_utf8(output.stderr).unwrap()));
        }
        None
    });
    let shop = TestShop { workspace, service };
    assert_eq!(shop.send(&export(&["A-1"]), "").outcomes(), "A-1 accepted");
    let (code, message) = output_text.lock().unwrap()[0].clone();
    assert_eq!(code, Some(5));
    insta::with_settings!({filters => vec![(r"run \S+, process \d+", "RUN, PROCESS")]}, {
        insta::assert_snapshot!(message, @r"
        error: the ledger is locked for this target by RUN, PROCESS
          hint: wait until it has ended
        ");
    });
}

/// The lock file is removed during a run, and another run is started.
#[test]
fn run_stops_when_another_writes_the_ledger() {
    let workspace = Workspace::new();
    let folder = workspace.path("");
    let base_url = Arc::new(Mutex::new(String::new()));
    let to = Arc::clone(&base_url);
    let service = MockService::start(move |request| {
        if request.reference() == "A-1" {
            let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
            files
                .filter(|file| file.extension() == Some("lock".as_ref()))
                .for_each(|file| fs::remove_file(file).unwrap());
            let mut second = program(&folder);
            second.args(
                "send second.csv --client-key k --pos x --backfill --rate unlimited --out second"
                    .split(' '),
            );
            assert_eq!(
                second.args(["--base-url", &to.lock().unwrap()]).output().unwrap().status.code(),
                Some(0)
            );
        }
        None
    });
    base_url.lock().unwrap().clone_from(&service.base_url);
    let shop = TestShop { workspace, service };
    shop.workspace.file("second.csv", export(&["B-1"]));
    let first = shop.send(&export(&["A-1", "A-2"]), "");
    assert_eq!((first.code, first.outcomes().as_str()), (4, "A-1 accepted, A-2 not_attempted"));
    assert!(first.err.contains("writes to this ledger for the same target"), "{}", first.err);
    assert_eq!(shop.ledger("list --references --outcome accepted").out, "A-1\nB-1\n");
}

#[test]
fn list_filters_select_orders() {
    let shop = TestShop::disconnecting_on(&["A-2"]);
    let first = shop.send(&export(&["A-1", "A-2", "B-1"]), "");
    shop.send(&export(&["B-2"]), "");
    let run = first.summary()["run_id"].as_str().unwrap().to_owned();
    let listed = |options: &str| {
        let ran = shop.ledger(&format!("list --references {options}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{options}");
        ran.out.lines().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed("--set rate=5/s"), "A-1 A-2 B-1 B-2");
    assert_eq!(listed("--reference A-*"), "A-1 A-2");
    assert_eq!(listed("--outcome accepted --outcome failed"), "A-1 B-1 B-2");
    assert_eq!(listed(&format!("--run {run}")), "A-1 A-2 B-1");
    assert_eq!(listed("--limit 1"), "A-1");
    assert_eq!(listed("--since 2026-01-01 --until 2999-01-01T00:00:00Z"), "A-1 A-2 B-1 B-2");
    assert_eq!(listed("--until 2026-01-01"), "");
    assert_eq!(shop.ledger_output("list --outcome failed"), "");
    let in_json =
        shop.workspace.run_with("ledger list --references", &[("ORDERFERRY_FORMAT", "json")], b"");
    assert_eq!(in_json.out, "A-1\nA-2\nB-1\nB-2\n");
    for wrong in ["--since yesterday", "--target staging", "--outcome lost", "--limit x"] {
        assert_eq!(shop.ledger(&format!("list {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn export_has_all_submissions_and_no_personal_data() {
    let shop = TestShop::disconnecting_on(&["A-1"]);
    shop.send(&export(&["A-1", "A-2"]), "");
    shop.send(&export(&["A-1"]), " --unknown resend");
    let ran = shop.ledger("export");
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let message =
        |line: &Value| format!("{} {} {}", line["reference"], line["outcome"], line["by_hand"]);
    let found: Vec<_> = lines.iter().map(message).collect();
    assert_eq!(
        found,
        [r#""A-1" "unknown" false"#, r#""A-1" "unknown" false"#, r#""A-2" "accepted" false"#]
    );
    for time in ["ordered_at", "intended_at", "settled_at"] {
        assert!(
            chrono::DateTime::parse_from_rfc3339(lines[0][time].as_str().unwrap()).is_ok(),
            "{time}"
        );
    }
    let run = lines[0]["run"].as_str().unwrap();
    assert!(
        shop.ledger_output("show A-1").contains(run)
            && lines[0]["target"].as_str().unwrap().len() == 64
    );
    assert_eq!(lines[0]["content"].as_str().unwrap().len(), 32);
    let bytes = fs::read(shop.workspace.path("orderferry-ledger.db")).unwrap();
    for output_text in [ran.out.as_bytes(), &bytes] {
        let output_text = String::from_utf8_lossy(output_text);
        assert!(
            !output_text.contains("Smith")
                && !output_text.contains("example.com")
                && !output_text.contains("Rope")
        );
    }
}

#[test]
fn export_as_csv_equals_export_as_json() {
    let shop = TestShop::disconnecting_on(&["A-1"]);
    shop.send(&export(&["A-1", "\"A,2\"", "-7"]), "");
    assert_eq!(shop.ledger("settle A-1 --as failed").code, 0);
    shop.send(&export(&["A-1"]), "");
    let json = shop.ledger("export").out;
    let csv = shop.ledger("export --format csv").out;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let shown = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let submission = |line| {
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        object.into_iter().map(|(key, value)| (key, shown(value))).collect()
    };
    assert_eq!(records, json.lines().map(submission).collect::<Vec<_>>());
    assert_eq!(records.len(), 4);
}

#[test]
fn csv_of_the_ledger_has_no_formulas() {
    let shop = TestShop::disconnecting_on(&[]);
    shop.send(&export(&["=1+1", "-7"]), "");
    for command in ["list --format csv", "export --format csv"] {
        let csv = shop.ledger(command).out;
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let references: Vec<_> =
            reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
        assert_eq!(references, ["-7", "'=1+1"], "{command}");
    }
    for command in ["list --format csv", "export --format csv"] {
        let none = shop.ledger(&format!("{command} --reference none"));
        assert_eq!((none.code, none.out.lines().count()), (0, 1), "{command}");
    }
}

#[test]
fn ledger_commands_locate_the_runs_ledger() {
    let shop = TestShop::disconnecting_on(&[]);
    assert_output!(shop.ledger_output("list --ledger none.db"), @r"
    exit 2
    error: there is no ledger at none.db
      hint: name it with --ledger; the first run creates it with --new-ledger
    ");
    assert!(!shop.workspace.path("none.db").exists());
    shop.send(&export(&["A-1"]), " --ledger kept.db");
    shop.workspace.file("other/settings.toml", "ledger = '../kept.db'\n");
    for ledger_option in
        ["--ledger kept.db", "--config other/settings.toml", "--set ledger=kept.db"]
    {
        for command in [
            format!("ledger list --references {ledger_option}"),
            format!("ledger {ledger_option} list --references"),
        ] {
            let mut program = program(&shop.workspace.path(""));
            let output =
                program.env_remove("ORDERFERRY_LEDGER").args(command.split(' ')).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "A-1\n", "{command}");
        }
    }
    assert_output!(shop.ledger_output("show A-2 --ledger kept.db"), @r#"
    exit 2
    error: the ledger kept.db has no order "A-2"
    "#);
    // A file of zero bytes is not an empty ledger.
    for command in ["list", "show A-1", "settle A-1 --as failed"] {
        assert_eq!(shop.ledger(command).code, 2);
        shop.workspace.file("orderferry-ledger.db", "");
        assert!(shop.ledger_output(command).contains("there is no ledger"), "{command}");
    }
}

#[test]
fn closed_output_pipe_is_not_an_error() {
    let shop = TestShop::disconnecting_on(&[]);
    shop.send(&export(&["A-1"]), "");
    for command in ["list", "export"] {
        let mut program = process(&shop.workspace.path(""));
        program.args(["ledger", command]);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    }
}
