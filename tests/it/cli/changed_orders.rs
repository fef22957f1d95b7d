//! Tests of orders that changed after they were accepted: other content, skipped by a rule of the
//! profile, or invalid.

use serde_json::Value;

use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace, export, pos_option, row},
};

/// A rule that is appended to the canonical profile.
const SKIP: &str =
    "[[skip]]\nreason = \"refunded\"\nwhen = { column = \"status\", is = \"REFUNDED\" }\n";

struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    fn new() -> Self {
        Self::with(|_| None)
    }

    fn with(answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let workspace = Workspace::new();
        let canonical = workspace.run("profiles show canonical").out;
        workspace.file("shop.toml", format!("{canonical}\n{SKIP}"));
        Self { workspace, service: MockService::start(answer) }
    }

    fn send(&self, orders: &str) -> RunResult {
        self.send_with(orders, "")
    }

    fn send_with(&self, orders: &str, options: &str) -> RunResult {
        self.workspace.file("orders.csv", orders);
        let max_value = if options.contains("--max-invalid") { "" } else { " --max-invalid 100%" };
        self.run(&format!("send orders.csv --profile shop.toml{max_value}{options}"))
    }

    fn run(&self, command: &str) -> RunResult {
        let pace = if command.starts_with("send") { " --backfill --set tries=2" } else { "" };
        let pos = pos_option(command);
        let target = format!("--base-url {} --client-key k{pos}", self.service.base_url);
        self.workspace
            .run(&format!("{command} {target} --rate unlimited --identity-pause 0s{pace}"))
    }

    fn ledger(&self, command: &str) -> String {
        let ran = self.workspace.run(&format!("ledger {command}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    }
}

fn refunded(references: &[&str]) -> String {
    export(references).replace("PURCHASED", "REFUNDED")
}

/// The exit code and the outcomes of the orders, sorted.
fn exit_and_outcomes(ran: &RunResult) -> (i32, String) {
    let outcomes = ran.outcomes();
    let mut outcomes: Vec<_> = outcomes.split(", ").collect();
    outcomes.sort_unstable();
    (ran.code, outcomes.join(", "))
}

fn expected_exit(code: i32, outcomes: &str) -> (i32, String) {
    (code, outcomes.to_owned())
}

fn reason(ran: &RunResult) -> String {
    ran.results()[0]["reason"].as_str().unwrap_or_default().to_owned()
}

fn changed_by(ran: &RunResult) -> Value {
    ran.summary()["money"][0]["changed_difference"].clone()
}

#[test]
fn accepted_order_skipped_by_rule_is_changed() {
    let shop = TestShop::new();
    assert_eq!(exit_and_outcomes(&shop.send(&export(&["A-1"]))), expected_exit(0, "A-1 accepted"));
    let first = shop.send(&refunded(&["A-1"]));
    assert_eq!(exit_and_outcomes(&first), expected_exit(1, "A-1 changed"));
    insta::assert_snapshot!(reason(&first), @r#"accepted by an earlier run, now left out by the rule "refunded": status PURCHASED -> REFUNDED; the service holds 30.60 EUR more than the export"#);
    assert_eq!(
        (changed_by(&first), first.summary()["skipped"].clone()),
        ("-30.60".into(), Value::Array(Vec::new()))
    );
    assert!(first.out.contains("  holds +30.60\n"), "{}", first.out);
    assert!(first.text("report.html").contains("changed by"));
    // Later runs count and list it, but exit with 0.
    let second = shop.send(&refunded(&["A-1"]));
    assert_eq!(exit_and_outcomes(&second), expected_exit(0, "A-1 changed"));
    let verdict = "\n\n! There is nothing to send: 1 order changed, as an earlier run reported.\n";
    assert!(second.out.contains(verdict), "{}", second.out);
    assert!(second.out.contains("  holds +30.60\n"), "{}", second.out);
    assert_eq!((reason(&second), changed_by(&second)), (reason(&first), "-30.60".into()));
    for (ran, severity) in [(&first, "error"), (&second, "warning")] {
        let shown = &ran.summary()["reasons"][0];
        let title = shown["reason"].as_str().unwrap();
        assert_eq!(shown["severity"], severity);
        assert_eq!(title.ends_with(", as an earlier run reported"), severity == "warning");
        let heading = format!("{severity}[changed]: {title}");
        assert!(ran.out_unwrapped().contains(&heading), "{}", ran.out);
    }
    assert_eq!(
        exit_and_outcomes(&shop.send_with(&refunded(&["A-1"]), " --set changed_exit=always")),
        expected_exit(1, "A-1 changed")
    );
    assert!(
        shop.ledger("list --outcome changed")
            .contains(r#"left out by the rule "refunded" (status PURCHASED -> REFUNDED)"#)
    );
    assert!(shop.ledger("show A-1").contains(
        r#", left out by the rule "refunded" (status PURCHASED -> REFUNDED): not acknowledged"#
    ));
    shop.ledger("settle A-1 --as acknowledged");
    let acknowledged = shop.send(&refunded(&["A-1"]));
    assert_eq!(exit_and_outcomes(&acknowledged), expected_exit(0, "A-1 already_sent"));
    assert_eq!(
        reason(&acknowledged),
        r#"accepted by an earlier run, now left out by the rule "refunded", acknowledged manually"#
    );
    // Another total is a new change.
    let again = shop.send(&refunded(&["A-1"]).replace("30.60,other", "20,other"));
    assert_eq!(exit_and_outcomes(&again), expected_exit(1, "A-1 changed"));
    assert!(reason(&again).contains("total 30.60 EUR -> 20 EUR"), "{}", reason(&again));
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 1);
}

#[test]
fn skipping_table_status_is_named() {
    let shop = TestShop::new();
    let profile = "name = 'shop'\n[order]\nreferenceId = { column = 'id' }\nprice = { column = 'total' }\n\
                   orderedAt = { column = 'at', date = 'iso8601' }\ncurrencyCode = { value = 'EUR' }\n\
                   paymentType = { value = 'other' }\n\
                   status = { column = 'status', values = { paid = 'PURCHASED', void = { skip = 'voided' } } }\n\
                   [guest]\nemail = { column = 'email' }\n";
    shop.workspace.file("shop.toml", profile);
    let orders = "id,at,total,status,email\nA-1,2025-03-01T10:00:00Z,5,paid,ann@example.com\n";
    assert_eq!(exit_and_outcomes(&shop.send(orders)), expected_exit(0, "A-1 accepted"));
    let voided = shop.send(&orders.replace("paid", "void"));
    assert_eq!(exit_and_outcomes(&voided), expected_exit(1, "A-1 changed"));
    assert!(
        reason(&voided).contains(r#"the rule "voided": status PURCHASED -> void"#),
        "{}",
        reason(&voided)
    );
}

#[test]
fn accepted_order_now_invalid_is_changed() {
    let shop = TestShop::new();
    shop.send(&export(&["A-1"]));
    let invalid =
        export(&["A-1"]).replace("PURCHASED", "LOST").replace("30.60,other", "much,other");
    let refused = shop.send_with(&invalid, " --max-invalid 0");
    assert_eq!(exit_and_outcomes(&refused), expected_exit(2, "A-1 changed"));
    assert!(refused.err.contains("1 of 1 orders are invalid"), "{}", refused.err);
    // The refused run did not report it.
    let first = shop.send(&invalid);
    assert_eq!(exit_and_outcomes(&first), expected_exit(1, "A-1 changed"));
    insta::assert_snapshot!(reason(&first), @"accepted by an earlier run, now invalid: number_unreadable of price, unknown_status of status: status PURCHASED -> LOST");
    assert_eq!(changed_by(&first), Value::Null, "the total is unreadable");
    assert_eq!(
        std::fs::read_dir(first.path("rejects")).unwrap().count(),
        0,
        "rows of an accepted order are not rejects"
    );
    // The position of its row does not make it a new change.
    let moved = invalid.replace("A-1,", &format!("{}A-1,", row("A-2")));
    assert_eq!(
        exit_and_outcomes(&shop.send(&moved)),
        expected_exit(0, "A-1 changed, A-2 accepted")
    );
    shop.ledger("settle A-1 --as acknowledged");
    assert_eq!(exit_and_outcomes(&shop.send(&invalid)), expected_exit(0, "A-1 already_sent"));
    assert_eq!(
        exit_and_outcomes(&shop.send(&export(&["A-1"]))),
        expected_exit(0, "A-1 already_sent")
    );
}

#[test]
fn order_without_time_matches_unique_reference() {
    let shop = TestShop::new();
    shop.send(&export(&["A-1"]));
    let timeless = |status: &str| {
        export(&["A-1"]).replace("2025-03-01T10:00:00Z", "soon").replace("PURCHASED", status)
    };
    assert_eq!(
        exit_and_outcomes(&shop.send(&timeless("PURCHASED"))),
        expected_exit(1, "A-1 changed")
    );
    assert_eq!(
        exit_and_outcomes(&shop.send(&timeless("REFUNDED"))),
        expected_exit(1, "A-1 changed")
    );
    assert_eq!(
        exit_and_outcomes(&shop.send(&timeless("PURCHASED"))),
        expected_exit(0, "A-1 changed")
    );
    // With two accepted orders the reference is ambiguous.
    let later = ExportRow { ordered_at: "2025-06-01T10:00:00Z", ..ExportRow::default() }.csv();
    let reused = shop.send_with(&format!("{HEADER}{later}"), " --set reused_references=send");
    assert_eq!(exit_and_outcomes(&reused), expected_exit(0, "A-1 accepted"));
    assert_eq!(
        exit_and_outcomes(&shop.send(&timeless("PURCHASED"))),
        expected_exit(1, "A-1 invalid")
    );
}

/// The error of an accepted order was once reported as that of the invalid one.
#[test]
fn next_step_explains_the_error_of_an_invalid_order() {
    let shop = TestShop::new();
    shop.send(&export(&["A-1"]));
    let unreadable = export(&["A-1"]).replace("30.60,other", "much,other");
    let other = export(&["A-2"]).replace("PURCHASED", "SHIPPED");
    let ran = shop.send(&format!("{unreadable}{}", other.strip_prefix(HEADER).unwrap()));
    assert_eq!(exit_and_outcomes(&ran), expected_exit(1, "A-1 changed, A-2 invalid"));
    let summary = ran.summary();
    let counted = summary["problems"].as_array().unwrap().iter();
    let counted: Vec<_> =
        counted.map(|one| format!("{} {}", one["code"], one["invalid"])).collect();
    assert_eq!(counted, ["\"unknown_status\" 1", "\"number_unreadable\" 0"]);
    let step = "what is wrong, and how to fix it\n      orderferry explain unknown_status\n";
    assert!(ran.out.contains(step), "{}", ran.out);
}

#[test]
fn unknown_outcome_survives_skip_and_invalid() {
    let shop =
        TestShop::with(|request| (request.kind() == "ORDER_CHECKOUT").then_some(Reply::Disconnect));
    assert_eq!(exit_and_outcomes(&shop.send(&export(&["A-1"]))), expected_exit(3, "A-1 unknown"));
    let invalid = export(&["A-1"]).replace("30.60,other", "much,other");
    for (orders, why) in
        [(refunded(&["A-1"]), "left out by the rule"), (invalid, "invalid: number_unreadable")]
    {
        for options in ["", " --unknown resend"] {
            let ran = shop.send_with(&orders, options);
            assert_eq!(exit_and_outcomes(&ran), expected_exit(3, "A-1 unknown"));
            assert!(reason(&ran).contains(why), "{}", reason(&ran));
        }
    }
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 1);
    shop.ledger("settle A-1 --as accepted");
    assert_eq!(exit_and_outcomes(&shop.send(&refunded(&["A-1"]))), expected_exit(1, "A-1 changed"));
    shop.ledger("settle A-1 --as failed");
    assert_eq!(exit_and_outcomes(&shop.send(&refunded(&["A-1"]))), expected_exit(0, "A-1 skipped"));
}

#[test]
fn never_accepted_order_is_skipped() {
    let shop = TestShop::with(|request| (request.reference() == "A-2").then(|| Reply::status(400)));
    assert_eq!(
        exit_and_outcomes(&shop.send(&export(&["A-1", "A-2"]))),
        expected_exit(1, "A-1 accepted, A-2 refused")
    );
    let elsewhere = ExportRow { ordered_at: "2025-06-01T10:00:00Z", ..ExportRow::default() }
        .csv()
        .replace("PURCHASED", "REFUNDED");
    let ran = shop.send(&(refunded(&["A-2", "A-3"]) + &elsewhere));
    assert_eq!(exit_and_outcomes(&ran), expected_exit(0, "A-1 skipped, A-2 skipped, A-3 skipped"));
}

#[test]
fn only_finished_runs_report_a_change() {
    let shop = TestShop::new();
    shop.send(&export(&["A-1"]));
    let orders = refunded(&["A-1"]) + &row("B-1") + &row("B-2");
    // A check records nothing.
    shop.workspace.file("orders.csv", &orders);
    for _ in 0..2 {
        let check = shop.run("check orders.csv --profile shop.toml");
        assert_eq!(
            exit_and_outcomes(&check),
            expected_exit(1, "A-1 changed, B-1 valid, B-2 valid")
        );
    }
    let stopped = shop.send_with(&orders, " --limit 1");
    assert_eq!(
        exit_and_outcomes(&stopped),
        expected_exit(4, "A-1 changed, B-1 accepted, B-2 not_attempted")
    );
    let check = shop.run("check orders.csv --profile shop.toml");
    assert_eq!(
        exit_and_outcomes(&check),
        expected_exit(1, "A-1 changed, B-1 already_sent, B-2 valid")
    );
    assert_eq!(exit_and_outcomes(&shop.send(&orders)).0, 1);
    let check = shop.run("check orders.csv --profile shop.toml");
    assert_eq!(
        exit_and_outcomes(&check),
        expected_exit(0, "A-1 changed, B-1 already_sent, B-2 already_sent")
    );
    assert_eq!(exit_and_outcomes(&shop.send(&orders)).0, 0);
}

#[test]
fn resumed_run_reports_changes() {
    for acknowledges in [false, true] {
        let shop = TestShop::new();
        shop.send(&export(&["A-1", "A-2"]));
        let other = row("A-2").replace("30.60,other", "31.60,other");
        let orders = refunded(&["A-1"]) + &other + &row("B-1") + &row("B-2");
        let stopped = shop.send_with(&orders, " --limit 1");
        assert_eq!(
            (stopped.code, stopped.summary()["orders"]["changed"].clone()),
            (4, 2.into()),
            "{}",
            stopped.err
        );
        if acknowledges {
            shop.ledger("settle A-1 A-2 --as acknowledged");
        }
        let outcome = if acknowledges { "already_sent" } else { "changed" };
        for code in if acknowledges { [0, 0] } else { [1, 0] } {
            let resumed = shop.run("send --resume run-2");
            let orders = resumed.summary()["orders"].clone();
            assert_eq!(
                (resumed.code, orders[outcome].as_u64() >= Some(2)),
                (code, true),
                "{}",
                resumed.outcomes()
            );
            let difference = if acknowledges { Value::Null } else { "-29.60".into() };
            assert_eq!(changed_by(&resumed), difference);
        }
    }
}

/// Two orders with one reference, ten days apart, are refunded one after the other.
#[test]
fn reused_reference_orders_change_separately() {
    let shop = TestShop::new();
    let of = |day: u32, status: &str| {
        let ordered_at = format!("2025-03-{day}T10:00:00Z");
        let line =
            ExportRow { reference: "A", ordered_at: &ordered_at, ..ExportRow::default() }.csv();
        format!("{HEADER}{}", line.replace("PURCHASED", status))
    };
    let send = |orders: String| shop.send_with(&orders, " --set reused_references=send");
    for day in [10, 20] {
        assert_eq!(exit_and_outcomes(&send(of(day, "PURCHASED"))), expected_exit(0, "A accepted"));
    }
    assert_eq!(exit_and_outcomes(&send(of(10, "REFUNDED"))), expected_exit(1, "A changed"));
    assert_eq!(exit_and_outcomes(&send(of(20, "REFUNDED"))), expected_exit(1, "A changed"));
    shop.ledger("settle A --as acknowledged --ordered-at 2025-03-10");
    assert_eq!(exit_and_outcomes(&send(of(10, "REFUNDED"))), expected_exit(0, "A already_sent"));
    assert_eq!(exit_and_outcomes(&send(of(20, "REFUNDED"))), expected_exit(0, "A changed"));
}

/// The key of the profile distinguishes orders with the same reference.
#[test]
fn other_order_of_reference_is_not_a_change() {
    let shop = TestShop::new();
    let profile = shop.workspace.run("profiles show canonical").out;
    shop.workspace.file("shop.toml", format!("key = {{ column = \"key\" }}\n{profile}\n{SKIP}"));
    let keyed = |rows: &[(&str, &str, &str)]| {
        let rows = rows.iter().map(|(key, price, status)| {
            let line = ExportRow { reference: "A-1", price, ..ExportRow::default() }
                .csv()
                .replace("PURCHASED", status);
            format!("{},{key}\n", line.trim_end())
        });
        format!("{},key\n{}", HEADER.trim_end(), rows.collect::<String>())
    };
    assert_eq!(
        exit_and_outcomes(&shop.send(&keyed(&[("a", "30.60", "PURCHASED")]))),
        expected_exit(0, "A-1 accepted")
    );
    // Another order, which was never accepted.
    let with_another = keyed(&[("a", "30.60", "PURCHASED"), ("b", "99.00", "PURCHASED")]);
    for _ in 0..2 {
        assert_eq!(
            exit_and_outcomes(&shop.send(&with_another)),
            expected_exit(1, "A-1 already_sent, A-1 invalid")
        );
    }
    // Skipped rows in addition to the order that is still exported.
    let with_skipped = keyed(&[
        ("a", "30.60", "PURCHASED"),
        ("b", "30.60", "REFUNDED"),
        ("c", "30.60", "REFUNDED"),
    ]);
    let ran = shop.send(&with_skipped);
    assert_eq!(
        exit_and_outcomes(&ran),
        expected_exit(0, "A-1 already_sent, A-1 skipped, A-1 skipped")
    );
    assert_eq!(changed_by(&ran), Value::Null);
    // Without that order: one accepted order is one change.
    let ran = shop.send(&keyed(&[("b", "30.60", "REFUNDED"), ("c", "30.60", "REFUNDED")]));
    assert_eq!(
        (exit_and_outcomes(&ran), changed_by(&ran)),
        (expected_exit(1, "A-1 changed, A-1 skipped"), "-30.60".into())
    );
}

#[test]
fn reverted_settlement_is_sent_from_the_plan() {
    let silent = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_silent = std::sync::Arc::clone(&silent);
    let shop = TestShop::with(move |request| {
        (request.is_checkout() && is_silent.load(std::sync::atomic::Ordering::SeqCst))
            .then_some(Reply::Disconnect)
    });
    assert_eq!(exit_and_outcomes(&shop.send(&export(&["A-1"]))), expected_exit(3, "A-1 unknown"));
    shop.ledger("settle A-1 --as accepted");
    assert_eq!(
        exit_and_outcomes(&shop.send(&export(&["A-1"]))),
        expected_exit(0, "A-1 already_sent")
    );
    shop.ledger("settle A-1 --as failed");
    silent.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        exit_and_outcomes(&shop.run("send --resume run-2")),
        expected_exit(0, "A-1 accepted")
    );
}

/// A folder of daily files: one accepted order is counted as one change.
#[test]
fn differing_copies_count_as_one_change() {
    let shop = TestShop::new();
    assert_eq!(exit_and_outcomes(&shop.send(&export(&["A-1"]))), expected_exit(0, "A-1 accepted"));
    let other = |price: &str| export(&["A-1"]).replace("30.60,other", price);
    let copies = [refunded(&["A-1"]), other("20,other"), other("much,other")];
    for second in &copies {
        for first in copies.iter().chain([&export(&["A-1"])]).filter(|first| *first != second) {
            shop.workspace.file("days/1.csv", first);
            shop.workspace.file("days/2.csv", second);
            let ran = shop.run("check days --profile shop.toml --max-invalid 100%");
            let orders = &ran.summary()["orders"];
            assert_eq!(
                (ran.code, orders["changed"].clone()),
                (1, 1.into()),
                "{first}{second}{}",
                ran.outcomes()
            );
            assert!(
                [Value::Null, "0.00".into(), "-30.60".into(), "-10.60".into()]
                    .contains(&changed_by(&ran)),
                "{}",
                changed_by(&ran)
            );
        }
    }
}

/// A spreadsheet removed the leading zeros of a reference, and the order was refunded meanwhile.
#[test]
fn respelled_reference_is_changed() {
    let shop = TestShop::new();
    assert_eq!(
        exit_and_outcomes(&shop.send(&export(&["001001", "A-2"]))),
        expected_exit(0, "001001 accepted, A-2 accepted")
    );
    let ran = shop.send(&refunded(&["1001"]));
    assert_eq!(
        (exit_and_outcomes(&ran), changed_by(&ran)),
        (expected_exit(1, "1001 changed"), "-30.60".into())
    );
    insta::assert_snapshot!(reason(&ran), @r#"accepted by an earlier run as "001001", now left out by the rule "refunded": status PURCHASED -> REFUNDED; the service holds 30.60 EUR more than the export"#);
    assert_eq!(
        exit_and_outcomes(&shop.send(&refunded(&["#1001"]))),
        expected_exit(0, "#1001 changed"),
        "the same change"
    );
    let invalid = shop.send(&export(&["1001"]).replace("PURCHASED", "LOST"));
    assert_eq!(exit_and_outcomes(&invalid), expected_exit(1, "1001 changed"));
    // One accepted order is one change.
    let both = shop.send(&(refunded(&["#1001"]) + &row("1001").replace("PURCHASED", "REFUNDED")));
    assert_eq!(
        (exit_and_outcomes(&both), changed_by(&both)),
        (expected_exit(0, "#1001 changed, 1001 skipped"), "-30.60".into())
    );
    let both = shop.send(&(refunded(&["1001"]) + &row("001001")));
    assert_eq!(exit_and_outcomes(&both), expected_exit(0, "001001 already_sent, 1001 skipped"));
    // With another time it is another order.
    let later = refunded(&["1001"]).replace("10:00:00", "10:00:01");
    assert_eq!(exit_and_outcomes(&shop.send(&later)), expected_exit(0, "1001 skipped"));
    shop.ledger("settle 001001 --as acknowledged");
    assert_eq!(
        exit_and_outcomes(&shop.send(&refunded(&["1001"]))),
        expected_exit(0, "1001 already_sent")
    );
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 2);
}

/// An order that the plan itself submits does not make another order of its export a changed one.
#[test]
fn resumed_plan_reports_what_a_full_run_reports() {
    let orders = export(&["001001"]) + &row("1001").replace("PURCHASED", "REFUNDED");
    let full = TestShop::new().send(&orders);
    assert_eq!(exit_and_outcomes(&full), expected_exit(0, "001001 accepted, 1001 skipped"));
    let shop = TestShop::new();
    assert_eq!(shop.send_with(&orders, " --limit 0").code, 4);
    let resumed = shop.run("send --resume run-1");
    assert_eq!(exit_and_outcomes(&resumed), expected_exit(0, "001001 accepted, 1001 skipped"));
    assert!(shop.ledger("list --outcome changed").is_empty());
}

/// The plan was written before the ledger held an accepted order.
#[test]
fn resumed_plan_reports_one_change_per_accepted_order() {
    let shop =
        TestShop::with(|request| (request.reference() == "001001").then_some(Reply::Disconnect));
    assert_eq!(shop.send(&export(&["001001"])).code, 3);
    let orders = export(&["B-1"]) + &refunded(&["1001", "#1001"]).replacen(HEADER, "", 1);
    assert_eq!(shop.send_with(&orders, " --limit 0").code, 3);
    shop.ledger("settle 001001 --as accepted");
    let resumed = shop.run("send --resume run-2");
    assert_eq!(
        exit_and_outcomes(&resumed),
        expected_exit(1, "#1001 skipped, 1001 changed, B-1 accepted")
    );
    assert_eq!(changed_by(&resumed), "-30.60");
}

#[test]
fn respelled_reference_is_found_beside_an_older_order() {
    let shop = TestShop::new();
    let last_year =
        ExportRow { reference: "1001", ordered_at: "2024-03-01T10:00:00Z", ..ExportRow::default() }
            .csv();
    let options = " --set reused_references=send";
    assert_eq!(shop.send_with(&format!("{HEADER}{last_year}"), options).code, 0);
    assert_eq!(shop.send_with(&export(&["001001"]), options).code, 0);
    let ran = shop.send_with(&refunded(&["1001"]), options);
    assert_eq!(
        (exit_and_outcomes(&ran), changed_by(&ran)),
        (expected_exit(1, "1001 changed"), "-30.60".into())
    );
}

#[test]
fn valid_respelling_counts_as_the_accepted_order() {
    let shop = TestShop::new();
    assert_eq!(shop.send(&export(&["001001"])).code, 0);
    let ran = shop.send(&(export(&["1001"]) + &refunded(&["#1001"]).replacen(HEADER, "", 1)));
    assert_eq!(exit_and_outcomes(&ran), expected_exit(1, "#1001 skipped, 1001 invalid"));
    assert_eq!(changed_by(&ran), Value::Null);
}

/// Many orders share a date, and references of two shops may differ in their leading zeros only.
#[test]
fn date_alone_identifies_no_respelled_order() {
    let shop = TestShop::new();
    let of_a_day = |orders: String| orders.replace("10:00:00", "00:00:00");
    assert_eq!(shop.send(&of_a_day(export(&["007"]))).code, 0);
    let ran = shop.send(&of_a_day(refunded(&["7"])));
    assert_eq!(exit_and_outcomes(&ran), expected_exit(0, "7 skipped"));
}

#[test]
fn spelling_is_no_change() {
    let one = r#"{"type":"PRODUCT","name":"A","price":10.00,"quantity":1}"#;
    let two = r#"{"type":"PRODUCT","name":"B","price":20.00,"quantity":1}"#;
    let (items, swapped) = (format!("{one},{two}"), format!("{two},{one}"));
    let order = format!(
        r#"{{"referenceId":"F-1","orderedAt":"2026-11-20T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":30.00,"paymentType":"other","extensions":{{"rate":1.50}},"guest":{{"email":"ann@example.com"}},"orderItems":[{items}]}}"#
    );
    let shop = TestShop::new();
    let outcome = |from: &str, to: &str| {
        assert!(order.contains(from));
        shop.workspace.file("orders.ndjson", order.replace(from, to));
        shop.run("send orders.ndjson").outcomes()
    };
    assert_eq!(outcome("", ""), "F-1 accepted");
    for (from, to) in [
        ("T10:00:00Z", "T11:00:00+01:00"),
        ("30.00", "\"30\""),
        ("1.50", "1.5"),
        ("\"quantity\":1", "\"quantity\":1.0"),
        ("ann@example.com", "Ann@Example.com"),
        (&items, &swapped),
    ] {
        assert_eq!(outcome(from, to), "F-1 already_sent", "{to}");
    }
    for (from, to) in [("10.00", "11.00"), ("10:00:00Z", "10:00:00.001Z"), ("1.50", "1.51")] {
        assert_ne!(outcome(from, to), "F-1 already_sent", "{to}");
    }
}
