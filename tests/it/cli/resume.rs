//! Tests of `send --resume`: a run continues the plan of an earlier one, without its export.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;

use crate::support::{
    program,
    service::{MockService, Reply},
    without_run_values,
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, pos_option, row},
};

/// A rule that is appended to the canonical profile.
const SKIP: &str =
    "[[skip]]\nreason = \"a test\"\nwhen = { column = \"item.name\", is = \"Test\" }\n";

/// A shop whose service refuses the order A-4.
struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    fn new() -> Self {
        let workspace = Workspace::with("orders.csv", content());
        let canonical = workspace.run("profiles show canonical").out;
        workspace.file("shop.toml", format!("{canonical}\n{SKIP}"));
        let refuses = |reference: &str| (reference == "A-4").then(|| Reply::status(400));
        Self { workspace, service: MockService::start(move |request| refuses(request.reference())) }
    }

    fn send(&self, what: &str) -> RunResult {
        let read = if what.starts_with("--resume") { "" } else { " --pos x --max-invalid 100%" };
        let target = format!("--base-url {} --client-key a-key{read}", self.service.base_url);
        self.workspace.run(&format!("send {what} {target} --rate unlimited --identity-pause 0s"))
    }
}

/// Six valid orders of three guests, a skipped one and an invalid one.
fn content() -> String {
    let email = |n: u32| format!("guest{}@example.com", n % 3);
    let orders: String = (1..=6)
        .map(|n| {
            let (reference, ordered_at, email) =
                (format!("A-{n}"), format!("2025-03-0{n}T10:00:00Z"), email(n));
            ExportRow {
                reference: &reference,
                ordered_at: &ordered_at,
                email: &email,
                ..ExportRow::default()
            }
            .csv()
        })
        .collect();
    let skipped = ExportRow { reference: "B-1", name: "Test", ..ExportRow::default() }.csv();
    let invalid = ExportRow { reference: "C-1", price: "much", ..ExportRow::default() }.csv();
    format!("{HEADER}{invalid}{orders}{skipped}")
}

/// The summary without the values of the run.
fn order_summary(ran: &RunResult) -> Value {
    // A resumed run does not know the profile of its plan.
    without_run_values(ran.summary(), &["settings", "pos", "profile", "previous"])
}

/// The results without the browsers, which each service names.
fn sorted_results(ran: &RunResult) -> Vec<String> {
    let mut results = ran.results();
    for result in &mut results {
        result.as_object_mut().unwrap().remove("browser_id");
    }
    let mut results: Vec<_> = results.iter().map(Value::to_string).collect();
    results.sort();
    results
}

#[test]
fn resume_gives_the_same_results_as_the_export() {
    let (again, resumed) = (TestShop::new(), TestShop::new());
    for shop in [&again, &resumed] {
        let first = shop.send("orders.csv --profile shop.toml --backfill --limit 2");
        assert_eq!(
            (first.code, first.summary()["orders"]["not_attempted"].clone()),
            (4, 4.into()),
            "{}",
            first.err
        );
    }
    let again = again.send("orders.csv --profile shop.toml --backfill");
    let requests_before = resumed.service.received().len();
    let from_plan = resumed.send("--resume run-1 --backfill");
    assert_eq!(order_summary(&from_plan), order_summary(&again));
    assert_eq!(sorted_results(&from_plan), sorted_results(&again));
    assert_eq!(from_plan.text("rejects/orders.csv"), again.text("rejects/orders.csv"));
    let n_requests = resumed.service.received().len() - requests_before;
    assert_eq!(from_plan.summary()["requests"]["total"], n_requests);
    // Resuming a resumed run uses the orders of the first one.
    let third = resumed.send("--resume run-2 --backfill");
    assert_eq!(third.summary()["orders"]["already_sent"], 5, "{}", third.err);
    assert_eq!(third.summary()["orders"]["read"], 8);
}

#[test]
fn resume_works_without_the_export() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    fs::remove_file(shop.workspace.path("orders.csv")).unwrap();
    let resumed = shop.send("--resume run-1 --backfill");
    assert_eq!(
        (resumed.code, resumed.summary()["orders"]["accepted"].clone()),
        (1, 4.into()),
        "{}",
        resumed.err
    );
    // The bytes of the rows are lost, the reasons are not.
    assert!(!resumed.path("rejects/orders.csv").exists());
    let reasons = resumed.text("rejects/orders.csv.reasons.ndjson");
    assert!(reasons.contains("A-4") && reasons.contains("C-1"), "{reasons}");
}

/// What the config file says of the orders is for exports that are still to be read.
#[test]
fn resume_reports_the_settings_of_the_plan() {
    let shop = TestShop::new();
    shop.send("orders.csv --backfill --limit 1 --channel MOBILE_APP --set item_price=line");
    shop.workspace.file(
        "later.toml",
        "item_price = 'unit'\nmax_url_bytes = 9000\n[target]\nmode = 'multi'\npage = 'later'\n",
    );
    let resumed = shop.send("--resume run-1 --backfill --config later.toml");
    assert_eq!(resumed.code, 1, "{}", resumed.err);
    let settings = &resumed.summary()["settings"];
    let of_plan = ["channel", "item_price", "max_url_bytes", "mode", "page"];
    assert_eq!(
        of_plan.map(|name| settings[name].as_str()),
        [Some("MOBILE_APP"), Some("line"), None, None, None]
    );
    assert_eq!(settings["backfill"], "true");
}

#[test]
fn resume_needs_no_profile() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    shop.workspace.file("wrong.toml", "version = 1\nordr = 1\n");
    for profile in ["gone.toml", "wrong.toml"] {
        shop.workspace.file("config.toml", format!("profile = '{profile}'\n"));
        let resumed = shop.send("--resume run-1 --backfill --config config.toml --limit 1");
        assert_eq!(resumed.code, 4, "{}", resumed.err);
    }
}

/// In a long plan, unsent orders are sent first, and the others are still reported.
#[test]
fn resume_starts_with_unsent_orders() {
    let orders: String = (0..1500)
        .map(|n| {
            let (reference, email) = (format!("A-{n}"), format!("guest{n}@example.com"));
            ExportRow { reference: &reference, email: &email, ..ExportRow::default() }.csv()
        })
        .collect();
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{orders}"));
    let service = MockService::start(|_| None);
    let send = |what: &str| {
        let target = format!(
            "--base-url {} --client-key a-key{} --backfill --rate unlimited",
            service.base_url,
            pos_option(what)
        );
        workspace.run(&format!("send {what} {target} --identity-pause 0s"))
    };
    assert_eq!(send("orders.csv --limit 900").summary()["orders"]["accepted"], 900);
    let resumed = send("--resume run-1");
    let orders = &resumed.summary()["orders"];
    assert_eq!(
        (resumed.code, &orders["already_sent"], &orders["accepted"]),
        (0, &900.into(), &600.into())
    );
    let results = resumed.results();
    let n_before = results.iter().take_while(|result| result["outcome"] == "already_sent").count();
    assert!(n_before < 500, "{n_before} orders were reported before the first was sent");
    assert_eq!((results.len(), service.count("ORDER_CHECKOUT")), (1500, 1500));
}

/// An order that was unknown in the plan can be sent by a run that resumes the plan.
#[test]
fn held_orders_can_be_resent_from_the_plan() {
    let workspace = Workspace::with("orders.csv", export(&["A-1", "A-2"]));
    let is_silent = Arc::new(AtomicBool::new(true));
    let silence = Arc::clone(&is_silent);
    let service = MockService::start(move |request| {
        (request.reference() == "A-1" && silence.load(Ordering::SeqCst))
            .then_some(Reply::Disconnect)
    });
    let send = |what: &str| {
        let pos = pos_option(what);
        let target = format!("--base-url {} --client-key a-key{pos} --backfill", service.base_url);
        workspace.run(&format!("send {what} {target} --rate unlimited --identity-pause 0s"))
    };
    let outcomes = |ran: &RunResult| {
        let report = ran.outcomes();
        let mut outcomes: Vec<_> = report.split(", ").collect();
        outcomes.sort_unstable();
        outcomes.join(", ")
    };
    assert_eq!(outcomes(&send("orders.csv --limit 1")), "A-1 unknown, A-2 not_attempted");
    // The second run holds A-1, but its plan contains it.
    assert_eq!(outcomes(&send("orders.csv --limit 0")), "A-1 unknown, A-2 not_attempted");
    is_silent.store(false, Ordering::SeqCst);
    assert_eq!(outcomes(&send("--resume run-2 --limit 0")), "A-1 unknown, A-2 not_attempted");
    let resent = send("--resume run-2 --unknown resend");
    assert_eq!((resent.code, outcomes(&resent)), (0, "A-1 accepted, A-2 accepted".to_owned()));
    assert_eq!(resent.summary()["repeated_after"], 1);
}

/// The run folder and the export are found from any working folder.
#[test]
fn resume_works_from_another_working_folder() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    shop.send("--resume run-1 --backfill --limit 1");
    shop.workspace.file("elsewhere/notes.txt", "");
    let run = shop.workspace.path("run-2");
    let ledger = shop.workspace.path("orderferry-ledger.db");
    let mut program = program(&shop.workspace.path("elsewhere"));
    program
        .args(["send", "--backfill", "--client-key", "a-key", "--out", "run", "--resume"])
        .arg(run);
    program
        .args(["--base-url", &shop.service.base_url, "--rate", "unlimited", "--ledger"])
        .arg(ledger);
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let rejects =
        fs::read_to_string(shop.workspace.path("elsewhere/run/rejects/orders.csv")).unwrap();
    assert!(rejects.contains("A-4") && rejects.contains("C-1"), "{rejects}");
}

#[test]
fn stdin_rows_can_be_rejected_on_resume() {
    let shop = TestShop::new();
    let target = format!(
        "--base-url {} --client-key a-key --pos x --backfill --limit 1",
        shop.service.base_url
    );
    let first = format!(
        "send - --profile shop.toml {target} --max-invalid 100% --rate unlimited --identity-pause 0s"
    );
    let first = shop.workspace.run_with(&first, &[], content().as_bytes());
    assert_eq!(first.code, 4, "{}", first.err);
    let resumed = shop.send("--resume run-1 --backfill");
    assert!(resumed.text("rejects/stdin").contains("A-4"), "{}", resumed.err);
}

#[test]
fn unresumable_runs_are_reported() {
    let shop = TestShop::new();
    shop.workspace.file("empty/notes.txt", "");
    for (run, message) in [("empty", "no plan to resume"), ("nowhere", "no plan to resume")] {
        let ran = shop.send(&format!("--resume {run}"));
        assert_eq!((ran.code, ran.err.contains(message)), (2, true), "{}", ran.err);
        assert!(!ran.path("").exists());
    }
    shop.workspace.file("earlier/plan.ndjson", "{\"head\":{\"pl");
    let ran = shop.send("--resume earlier");
    assert_eq!(
        (ran.code, ran.err.contains("no plan.manifest.json next to it")),
        (2, true),
        "{}",
        ran.err
    );
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    let n_requests = shop.service.received().len();
    let old = shop.send("--resume run-4 --max-invalid 4");
    insta::assert_snapshot!(old.report(), @r#"
    exit 2
        error: 5 of 7 orders are older than 30 days, more than allowed (4); the oldest is of 2025-03-02 10:00:00 UTC; nothing was sent
          hint: imported history may trigger live campaigns; --backfill sends it all the same, old_orders = "skip" leaves such orders out
        A-1 already_sent
        A-4 not_attempted
        A-2 not_attempted
        A-5 not_attempted
        A-3 not_attempted
        A-6 not_attempted
        C-1 invalid
            number_unreadable 2:40 "much" is not a decimal number such as 1234.50
        B-1 skipped
    "#);
    let other = shop.workspace.run(&format!(
        "send --resume run-4 --base-url {}/other --client-key k",
        shop.service.base_url
    ));
    assert_eq!((other.code, other.err.contains("is for the target ")), (2, true), "{}", other.err);
    assert_eq!(
        (other.summary()["orders"]["not_attempted"].clone(), shop.service.received().len()),
        (6.into(), n_requests)
    );
    let both = shop.workspace.run("send orders.csv --resume run-4");
    assert_eq!((both.code, both.err.contains("cannot be used with")), (2, true), "{}", both.err);
}

/// Scripts repeat the options of the target with each command.
#[test]
fn options_of_the_target_are_those_of_the_plan() {
    let shop = TestShop::new();
    let first = shop.send("orders.csv --profile shop.toml --backfill --limit 1 --language EN");
    assert_eq!(first.code, 4, "{}", first.err);
    let n_requests = shop.service.n_received();
    let other = shop.send("--resume run-1 --backfill --pos y --language EN --channel EMAIL");
    insta::assert_snapshot!(other.report(), @r#"
    exit 2
        error[config]: pos cannot be changed with --resume
         --> --pos y
         |
         = the saved plan has decided it: "x"
         = hint: leave it out, or send the export again

        error[config]: channel cannot be changed with --resume
         --> --channel EMAIL
         |
         = the saved plan has decided it: "WEB"
         = hint: leave it out, or send the export again

        2 errors in the settings. Nothing was read or sent.
        next: orderferry help settings
    "#);
    assert_eq!(shop.service.n_received(), n_requests);
    let same = shop.send("--resume run-1 --backfill --pos x --language EN --channel WEB");
    assert_eq!((same.code, &same.summary()["pos"]), (1, &"x".into()), "{}", same.err);
}

#[test]
fn missing_plan_is_listed_with_all_errors() {
    let ran = Workspace::new().run("send --resume nowhere --rate 0/s");
    insta::assert_snapshot!(ran.report(), @r#"
    exit 2
        error[config]: nowhere: no plan to resume
         --> --resume nowhere
         |
         = hint: name the folder of a run; only a run that had begun to send has a
                 plan; otherwise send the export again

        error[config]: rate is 0
         --> --rate 0/s
         |
         = expected 1/s or more

        error[config]: no target
         --> the settings  base_url
         |
         = hint: set --base-url and --client-key, or base_url in [target] of
                 orderferry.toml; --sandbox needs none

        3 errors in the settings. Nothing was read or sent.
        next: orderferry help settings
    "#);
}

/// A damaged plan could lose orders or send orders that were not checked.
#[test]
fn damaged_plan_is_refused() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 0");
    let n_requests = shop.service.n_received();
    let damaged = |name: &str, damage: &dyn Fn(&mut Vec<u8>)| {
        let path = shop.workspace.path("run-1").join(name);
        let original = fs::read(&path).unwrap();
        let mut bytes = original.clone();
        damage(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let ran = shop.send("--resume run-1 --backfill");
        fs::write(&path, original).unwrap();
        assert!(!ran.path("").exists() && shop.service.n_received() == n_requests);
        ran.report()
    };
    let cut_at_a_line_end = |bytes: &mut Vec<u8>| {
        bytes.pop();
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1);
    };
    let append = |bytes: &mut Vec<u8>| bytes.extend_from_within(bytes.len() - 10..);
    let flip_a_bit = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    };
    let mut report = String::new();
    for name in ["plan.ndjson", "left_out.ndjson"] {
        report += &damaged(name, &cut_at_a_line_end);
        report += &damaged(name, &append);
        report += &damaged(name, &flip_a_bit);
    }
    // The plan contains the path of the test's folder, so its size and checksum vary.
    let filters = [(r"bytes \d+, checksum [0-9a-f]{16}", "bytes …")];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(report, @"
        exit 2
            error: run-1/plan.ndjson: damaged: found guests 3, orders 5, bytes …; expected guests 3, orders 6, bytes …; nothing was sent
              hint: send the export again
        exit 2
            error: run-1/plan.ndjson: damaged: found guests 3, orders 6, bytes …; expected guests 3, orders 6, bytes …; nothing was sent
              hint: send the export again
        exit 2
            error: run-1/plan.ndjson: damaged: found guests 3, orders 6, bytes …; expected guests 3, orders 6, bytes …; nothing was sent
              hint: send the export again
        exit 2
            error: run-1/left_out.ndjson: damaged: found guests 0, orders 1, bytes …; expected guests 0, orders 2, bytes …; nothing was sent
              hint: send the export again
        exit 2
            error: run-1/left_out.ndjson: damaged: found guests 0, orders 2, bytes …; expected guests 0, orders 2, bytes …; nothing was sent
              hint: send the export again
        exit 2
            error: run-1/left_out.ndjson: damaged: found guests 0, orders 2, bytes …; expected guests 0, orders 2, bytes …; nothing was sent
              hint: send the export again
        ");
    });
    // Resuming a resumed run uses the plan of the first one.
    shop.send("--resume run-1 --backfill --limit 0");
    let path = shop.workspace.path("run-1/plan.ndjson");
    let mut bytes = fs::read(&path).unwrap();
    flip_a_bit(&mut bytes);
    fs::write(path, bytes).unwrap();
    let ran = shop.send("--resume run-8 --backfill");
    assert!(ran.code == 2 && ran.err.contains("run-1/plan.ndjson: damaged"), "{}", ran.err);
    assert_eq!(shop.service.n_received(), n_requests);
}

/// Replaces how the header of the plan in `run-1` begins, and updates its manifest.
fn replace_header(shop: &TestShop, from: &str, to: &str) {
    let [plan, manifest] = ["plan.ndjson", "plan.manifest.json"]
        .map(|name| shop.workspace.path(&format!("run-1/{name}")));
    let other = fs::read_to_string(&plan).unwrap().replacen(from, to, 1);
    let mut contents: Value =
        serde_json::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
    contents["plan"]["checksum"] = blake3::hash(other.as_bytes()).to_hex().to_string().into();
    contents["plan"]["bytes"] = other.len().into();
    fs::write(&plan, other).unwrap();
    fs::write(&manifest, contents.to_string()).unwrap();
}

/// Complete, and with a manifest that matches it.
#[test]
fn plan_of_other_format_is_refused() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 0");
    for (format, header) in [(1, "{"), (5, "{\"format\":5,")] {
        replace_header(&shop, "{\"format\":4,", header);
        let ran = shop.send("--resume run-1 --backfill");
        replace_header(&shop, header, "{\"format\":4,");
        let message = format!("the plan: found format {format}, expected format 4");
        assert_eq!((ran.code, ran.err.contains(&message)), (2, true), "{}", ran.err);
        assert!(
            ran.err.contains("nothing was sent") && ran.err.contains("hint: send the export again"),
            "{}",
            ran.err
        );
        assert!(!ran.path("").exists());
    }
    assert_eq!(shop.service.n_received(), 0);
    assert_eq!(shop.send("orders.csv --profile shop.toml --backfill").code, 1);
}

#[test]
fn plan_of_the_format_before_is_resumed() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    replace_header(&shop, "{\"format\":4,", "{\"format\":3,");
    let resumed = shop.send("--resume run-1 --backfill");
    assert_eq!((resumed.code, &resumed.summary()["orders"]["read"]), (1, &8.into()));
}

/// An export that was appended to another one, with an order of which both have another part.
#[test]
fn resumed_run_keeps_repeated_headers_in_rejects() {
    let half = |name| ExportRow { price: "61.20", name, ..ExportRow::default() }.csv();
    let (one, two, valid) = (half("Rope"), half("Hook"), row("A-2"));
    let shop = TestShop::new();
    shop.workspace.file("orders.csv", format!("{HEADER}{one}{HEADER}{valid}{two}"));
    let first = shop.send("orders.csv --backfill --limit 0");
    let resumed = shop.send("--resume run-1 --backfill");
    assert_eq!((resumed.code, &resumed.summary()["orders"]["accepted"]), (1, &1.into()));
    for run in [&first, &resumed] {
        assert_eq!(run.text("rejects/orders.csv"), format!("{HEADER}{one}{HEADER}{two}"));
    }
    let start = HEADER.len() + one.len();
    let end = start + HEADER.trim_end().len();
    let headers = format!("\"repeated_headers\":[{{\"start\":{start},\"end\":{end}}}],");
    replace_header(&shop, &headers, "");
    let n_received = shop.service.n_received();
    let refused = shop.send("--resume run-1 --backfill");
    assert_eq!((refused.code, shop.service.n_received()), (2, n_received), "{}", refused.err);
    insta::assert_snapshot!(refused.err, @r#"
    error: the plan: found repeated headers (1) without their positions; an earlier orderferry wrote it; nothing was sent
      hint: send the export again
    "#);
}

/// The plan has a short line of each order that was accepted before.
#[test]
fn resume_reports_orders_that_were_sent_before() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill");
    let more = content() + &ExportRow { reference: "D-1", ..ExportRow::default() }.csv();
    shop.workspace.file("orders.csv", more);
    let stopped = shop.send("orders.csv --profile shop.toml --backfill --limit 0");
    let resumed = shop.send("--resume run-2 --backfill");
    assert_eq!(stopped.summary()["orders"]["already_sent"], 5);
    assert_eq!(resumed.summary()["orders"]["already_sent"], 5, "{}", resumed.err);
    let sent_before = |ran: &RunResult| -> Vec<Value> {
        let results = ran.results().into_iter();
        results.filter(|result| result["outcome"] == "already_sent").collect()
    };
    assert_eq!(sent_before(&resumed), sent_before(&stopped));
    let money = |ran: &RunResult| ran.summary()["money"].to_string();
    assert_eq!(resumed.summary()["orders"]["accepted"], 1);
    assert!(money(&resumed).contains("already_sent"), "{}", money(&resumed));
}

#[test]
fn plan_can_be_resumed_against_a_sandbox() {
    let shop = TestShop::new();
    shop.send("orders.csv --profile shop.toml --backfill --limit 1");
    let rehearsed =
        shop.workspace.run("send --resume run-1 --sandbox --rate unlimited --identity-pause 0s");
    let summary = rehearsed.summary();
    assert_eq!(
        (&summary["orders"]["accepted"], &summary["orders"]["read"]),
        (&6.into(), &8.into()),
        "{}",
        rehearsed.err
    );
}

/// The service is down for a complete run, and up for the next one.
#[test]
fn service_outage_ends_the_run_resumably() {
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", row("A-1")));
    let service = MockService::start(|_| None);
    let send = |base_url: &str, options: &str| {
        let target = format!(
            "--base-url {base_url} --client-key a-key --pos x --backfill --rate unlimited{options}"
        );
        workspace.run(&format!("send orders.csv {target} --identity-pause 0s"))
    };
    let patience = " --set down_after=2 --set give_up_after=600ms";
    let down = send("http://127.0.0.1:9", patience);
    assert_eq!((down.code, down.outcomes().as_str()), (4, "A-1 not_attempted"));
    assert!(
        down.err.contains("the service is down (")
            && down.err.contains("no valid response for 600ms"),
        "{}",
        down.err
    );
    assert_eq!(send(&service.base_url, "").code, 0);
}

#[test]
fn retry_500_setting_retries_and_reports() {
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", row("A-1")));
    let n_received = std::sync::atomic::AtomicU32::new(0);
    let service = MockService::start(move |request| {
        let is_first = || n_received.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        (request.kind() == "ORDER_CHECKOUT" && is_first()).then(|| Reply::status(500))
    });
    let target = format!(
        "--base-url {} --client-key a-key --pos x --backfill --rate unlimited",
        service.base_url
    );
    let ran = workspace
        .run(&format!("send orders.csv {target} --identity-pause 0s --set repeat_after_500=true"));
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 accepted"));
    assert_eq!(
        (&ran.results()[0]["repeated_after"], &ran.summary()["repeated_after"]),
        (&"HTTP 500".into(), &1.into())
    );
    assert!(ran.out.contains("1 order was sent again after an uncertain answer"), "{}", ran.out);
}

/// An order of a plan that does not fit the session at the rate of this run is reported and not
/// started.
#[test]
fn order_exceeding_the_session_is_not_started() {
    let items = |reference: &str, n: u32| {
        let row = |item| {
            ExportRow { reference, name: &format!("Rope {item}"), ..ExportRow::default() }.csv()
        };
        (1..=n).map(row).collect::<String>()
    };
    let with_id = |text: String| {
        text.replace(",item.name", ",item.productId,item.name").replace(",Rope", ",R-1,Rope")
    };
    let workspace = Workspace::with(
        "orders.csv",
        with_id(format!("{HEADER}{}{}", items("A-1", 2), items("A-2", 30))),
    );
    let service = MockService::start(|_| None);
    let send = |what: &str| {
        let pos = pos_option(what);
        let target = format!("--base-url {} --client-key a-key{pos} --backfill", service.base_url);
        workspace.run(&format!("send {what} {target} --identity-pause 0s"))
    };
    let planned = send("orders.csv --mode multi --limit 0 --rate unlimited");
    assert_eq!(planned.outcomes().matches("not_attempted").count(), 2, "{}", planned.err);
    let resumed = send("--resume run-1 --rate 50/s --set session_timeout=1s");
    let report = resumed.outcomes();
    assert!(
        report.contains("A-1 accepted") && report.contains("A-2 not_attempted"),
        "{report} {}",
        resumed.err
    );
    assert_eq!((service.count("CHECKOUT"), service.count("ADD")), (1, 2));
    let reason = "35 requests at 50/s take at least 0.7 s, more than half of a session, which ends after 1 s";
    assert!(resumed.text("results.ndjson").contains(reason), "{}", resumed.text("results.ndjson"));
}

/// Another ledger does not contain which orders of the plan were sent.
#[test]
fn resume_requires_the_same_ledger() {
    let shop = TestShop::new();
    let first = shop.send("orders.csv --profile shop.toml --backfill --limit 2");
    assert_eq!(first.code, 4, "{}", first.err);
    // A ledger without attempts counts as new, with or without --new-ledger.
    assert_eq!(shop.send("none.csv --backfill --ledger other.db --new-ledger").code, 2);
    shop.workspace.file("empty.csv", HEADER);
    shop.send("empty.csv --backfill --ledger other.db --new-ledger");
    let n_sent = shop.service.n_received();
    let ran = shop.send("--resume run-1 --backfill --ledger other.db");
    assert_eq!((ran.code, shop.service.n_received()), (2, n_sent), "{}", ran.err);
    assert!(ran.err.contains("was written with another ledger than other.db"), "{}", ran.err);
    assert!(shop.send("--resume run-1 --backfill").outcomes().contains("already_sent"));
}
