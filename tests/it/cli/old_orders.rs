//! Tests of orders that are too old to be sent without `--backfill`: the others are sent, and each
//! order has one outcome.

use chrono::{Days, Utc};
use serde_json::Value;

use crate::support::{
    service::{MockService, Reply},
    workspace::{ExportRow, HEADER, RunResult, Workspace, pos_option},
};

/// A row of an order with the given age and a unique guest.
fn order(reference: &str, days_ago: u64) -> String {
    let ordered_at = (Utc::now() - Days::new(days_ago)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    ExportRow {
        reference,
        ordered_at: &ordered_at,
        email: &format!("{reference}@example.com"),
        ..ExportRow::default()
    }
    .csv()
}

/// An export of recent orders and orders that are 36 days old.
fn export(n_fresh: usize, n_old: usize) -> String {
    let fresh = (0..n_fresh).map(|n| order(&format!("F-{n}"), 1));
    let old = (0..n_old).map(|n| order(&format!("O-{n}"), 36));
    format!("{HEADER}{}", fresh.chain(old).collect::<String>())
}

/// A workspace and a mock service.
struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    fn new(export: &str) -> Self {
        Self {
            workspace: Workspace::with("orders.csv", export),
            service: MockService::start(|_| None),
        }
    }

    fn send(&self, what: &str) -> RunResult {
        let pos = pos_option(what);
        let target =
            format!("--base-url {} --client-key k{pos} --rate unlimited", self.service.base_url);
        self.workspace.run(&format!("send {what} {target} --identity-pause 0s"))
    }
}

/// The exit code and the numbers of orders by outcome. Checks that every order has a line in the
/// results.
fn counts(ran: &RunResult) -> String {
    let summary = ran.summary();
    let orders = summary["orders"].as_object().unwrap();
    // The keys of a JSON object are sorted by name.
    let nonzero: Vec<_> =
        orders.iter().filter(|(_, n)| **n != 0).map(|(name, n)| format!("{name} {n}")).collect();
    assert_eq!(orders["read"], ran.results().len(), "{}", ran.err);
    let old = match &summary["needs_backfill"] {
        Value::Null => String::new(),
        n => format!(", needs_backfill {n}"),
    };
    format!("{}: {}{old}", ran.code, nonzero.join(", "))
}

fn reasons_of_old(ran: &RunResult) -> Vec<String> {
    let results = ran.results();
    let old =
        results.iter().filter(|result| result["referenceId"].as_str().unwrap().starts_with("O-"));
    old.map(|result| result["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_old_order_does_not_stop_the_run() {
    let shop = TestShop::new(&export(99, 1));
    let ran = shop.send("orders.csv");
    assert_eq!(counts(&ran), "1: accepted 99, not_attempted 1, read 100, needs_backfill 1");
    let reason = &reasons_of_old(&ran)[0];
    assert!(reason.starts_with("needs_backfill: ordered at 20"), "{reason}");
    assert!(reason.ends_with(" UTC, older than 30 days; --backfill sends it"), "{reason}");
    let message = "1 order too old to send without --backfill (needs_backfill)";
    assert!(
        ran.out_unwrapped().contains(message) && ran.text("report.html").contains(message),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("  ended "), "{}", ran.out);
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 99);
    // The next run reports the same; `--backfill` sends it.
    assert_eq!(
        counts(&shop.send("orders.csv")),
        "1: already_sent 99, not_attempted 1, read 100, needs_backfill 1"
    );
    assert_eq!(
        counts(&shop.send("orders.csv --backfill")),
        "0: accepted 1, already_sent 99, read 100"
    );
    // An accepted order is exempt from the age check.
    assert_eq!(counts(&shop.send("orders.csv")), "0: already_sent 100, read 100");
}

#[test]
fn too_many_old_orders_stop_the_run() {
    let shop = TestShop::new(&export(4, 6));
    let ran = shop.send("orders.csv");
    assert_eq!(counts(&ran), "2: not_attempted 10, read 10, needs_backfill 6");
    let day = (Utc::now() - Days::new(36)).format("%Y-%m-%d").to_string();
    let message = format!(
        "error: 6 of 10 orders are older than 30 days, more than allowed (10%, but at least 5); the oldest is of {day}"
    );
    assert!(ran.err.starts_with(&message), "{}", ran.err);
    assert!(
        ran.err.contains("--backfill sends it all the same, old_orders = \"skip\" leaves"),
        "{}",
        ran.err
    );
    assert_eq!(
        counts(&shop.send("orders.csv --max-invalid 59%")),
        "2: not_attempted 10, read 10, needs_backfill 6"
    );
    assert_eq!(shop.service.n_received(), 0);
    assert_eq!(
        counts(&shop.send("orders.csv --max-invalid 60%")),
        "1: accepted 4, not_attempted 6, read 10, needs_backfill 6"
    );
    // A sandbox does not require --backfill.
    let sandbox =
        shop.workspace.run("send orders.csv --sandbox --rate unlimited --identity-pause 0s");
    assert_eq!(counts(&sandbox), "0: accepted 10, read 10");
}

/// Neither four invalid nor four old orders of sixteen exceed the limit of five.
#[test]
fn old_and_invalid_limits_are_separate() {
    let shop = TestShop::new(&export(12, 4).replacen("30.60,other", "x,other", 4));
    assert_eq!(
        counts(&shop.send("orders.csv")),
        "1: accepted 8, invalid 4, not_attempted 4, read 16, needs_backfill 4"
    );
}

#[test]
fn old_orders_skip_setting_skips_them() {
    let shop = TestShop::new(&export(2, 20));
    let ran = shop.send("orders.csv --set old_orders=skip");
    assert_eq!(counts(&ran), "0: accepted 2, read 22, skipped 20");
    assert_eq!(
        ran.summary()["skipped"].to_string(),
        r#"[{"orders":20,"reason":"older than 30 days"}]"#
    );
    assert_eq!(reasons_of_old(&ran), ["older than 30 days"; 20]);
    assert_eq!(
        counts(&shop.send("orders.csv --set old_orders=skip --set backfill_after=40d")),
        "0: accepted 20, already_sent 2, read 22"
    );
    // Accepted orders are not skipped.
    assert_eq!(
        counts(&shop.send("orders.csv --set old_orders=skip")),
        "0: already_sent 22, read 22"
    );
}

#[test]
fn plan_keeps_old_orders() {
    for setting in ["hold", "skip"] {
        let shop = TestShop::new(&export(8, 3));
        let first = shop.send(&format!("orders.csv --limit 4 --set old_orders={setting}"));
        let held = "4: accepted 4, not_attempted 7, read 11, needs_backfill 3";
        let skipped = "4: accepted 4, not_attempted 4, read 11, skipped 3";
        assert_eq!(counts(&first), if setting == "hold" { held } else { skipped });
        let second = shop.send("--resume run-1");
        assert_eq!(
            counts(&second),
            "1: accepted 4, already_sent 4, not_attempted 3, read 11, needs_backfill 3"
        );
        assert!(
            reasons_of_old(&second).iter().all(|reason| reason.starts_with("needs_backfill: "))
        );
        let third = shop.send("--resume run-2 --set old_orders=skip");
        assert_eq!(counts(&third), "0: already_sent 8, read 11, skipped 3");
        assert_eq!(
            counts(&shop.send("--resume run-1 --backfill")),
            "0: accepted 3, already_sent 8, read 11"
        );
        assert_eq!(counts(&shop.send("--resume run-1")), "0: already_sent 11, read 11");
    }
}

#[test]
fn resumed_plan_enforces_old_order_limit() {
    let shop = TestShop::new(&export(4, 6));
    let first = shop.send("orders.csv --limit 2 --backfill");
    assert_eq!(counts(&first), "4: accepted 2, not_attempted 8, read 10");
    // Four old orders are left.
    let resumed = shop.send("--resume run-1 --limit 0 --max-invalid 3");
    assert_eq!(counts(&resumed), "2: already_sent 2, not_attempted 8, read 10, needs_backfill 4");
    assert!(
        resumed.err.contains("4 of 10 orders are older than 30 days, more than allowed (3)"),
        "{}",
        resumed.err
    );
    let resumed = shop.send("--resume run-1");
    assert_eq!(
        counts(&resumed),
        "1: accepted 4, already_sent 2, not_attempted 4, read 10, needs_backfill 4"
    );
}

/// An order that an earlier run has sent needs no second `--backfill`.
#[test]
fn unknown_order_is_exempt_from_age_check() {
    let workspace = Workspace::with("orders.csv", export(0, 1));
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let service = MockService::start(move |request| {
        (request.is_checkout() && is_first.swap(false, std::sync::atomic::Ordering::SeqCst))
            .then_some(Reply::Disconnect)
    });
    let shop = TestShop { workspace, service };
    assert_eq!(counts(&shop.send("orders.csv --backfill")), "3: read 1, unknown 1");
    assert_eq!(counts(&shop.send("orders.csv")), "3: read 1, unknown 1");
    assert_eq!(counts(&shop.send("orders.csv --unknown resend")), "0: accepted 1, read 1");
}

/// Skipped orders are not part of the total to which the limit of invalid orders refers.
#[test]
fn skipped_old_orders_do_not_raise_invalid_limit() {
    let bad = |n: usize| order(&format!("B-{n}"), 1).replace("30.60,other", "much,other");
    let shop = TestShop::new(&(export(12, 100) + &(0..8).map(bad).collect::<String>()));
    let ran = shop.send("orders.csv --set old_orders=skip");
    assert_eq!((ran.code, shop.service.n_received()), (2, 0), "{}", ran.err);
    assert!(ran.err.contains("8 of 20 orders are invalid"), "{}", ran.err);
}

/// A check says what a send would do: hold old orders, need a ledger, exceed what a guest may have.
#[test]
fn check_foretells_what_send_does() {
    let shop = TestShop::new(&export(2, 3));
    let check = |options: &str| {
        let base_url = &shop.service.base_url;
        shop.workspace
            .run(&format!("check orders.csv --base-url {base_url} --client-key k --pos x{options}"))
    };
    let first = check("");
    assert_eq!((first.code, first.summary()["forecast"]["old_orders"].clone()), (0, 3.into()));
    assert!(first.out_unwrapped().contains("3 orders are older than 30 days"), "{}", first.out);
    assert!(first.out_unwrapped().contains("the first send needs --new-ledger"), "{}", first.out);
    assert!(first.text("report.html").contains("needs --new-ledger"));
    let sent = shop.send("orders.csv --new-ledger");
    assert_eq!(counts(&sent), "1: accepted 2, not_attempted 3, read 5, needs_backfill 3");
    let second = check(" --set old_orders=skip");
    assert!(!second.out.contains("--new-ledger"), "{}", second.out);
    assert!(second.out_unwrapped().contains("a send skips them"), "{}", second.out);
    assert_eq!(second.summary()["forecast"]["needs_new_ledger"], Value::Null);
}

#[test]
fn check_counts_orders_beyond_those_kept() {
    let row = |n: usize| {
        let ordered_at = format!("2025-03-01T10:00:{n:02}Z");
        ExportRow { reference: &format!("R{n}"), ordered_at: &ordered_at, ..ExportRow::default() }
            .csv()
    };
    let of_one_guest = |n_orders| {
        let rows: String = (0..n_orders).map(row).collect();
        Workspace::with("orders.csv", format!("{HEADER}{rows}")).run("check orders.csv --pos x")
    };
    let forecast = |n_orders| of_one_guest(n_orders).summary()["forecast"].clone();
    assert_eq!(forecast(20)["orders_beyond_limit"], Value::Null);
    assert_eq!(forecast(23)["orders_beyond_limit"], 3);
    assert_eq!(forecast(23)["needs_backfill"], true);
    assert!(of_one_guest(23).out_unwrapped().contains("1 guest has more than 20 orders here"));
}
