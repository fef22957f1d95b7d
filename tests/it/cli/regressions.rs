//! Regression tests of bugs that were found manually.

use crate::support::workspace::{ExportRow, HEADER, Workspace, export, row};

const SANDBOX: &str = "send orders.csv --sandbox --rate unlimited --identity-pause 0s";

/// As with an unset variable in a cron job: a real tenant silently drops all orders with an
/// unknown point of sale.
#[test]
fn empty_point_of_sale_counts_as_missing() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    for ran in [
        workspace.run_with("check orders.csv", &[("ORDERFERRY_POS", "")], b""),
        workspace.run("check orders.csv --pos "),
        workspace.run("check orders.csv --set target.pos="),
    ] {
        assert_eq!((ran.code, ran.outcomes().as_str()), (2, "A-1 invalid"), "{}", ran.report());
    }
}

#[test]
fn duplicate_json_member_is_not_guessed() {
    let order = r#"{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":30.60,"paymentType":"other","guest":{"email":"ann@example.com"},"orderItems":[{"name":"Rope"}]}"#;
    for member in ["\"orderItems\":[]", "\"price\":99", "\"referenceId\":\"A-2\""] {
        let content = order.replace("}]}", &format!("}}],{member}}}"));
        let ran = Workspace::with("orders.ndjson", content)
            .run("check orders.ndjson --pos x --max-invalid 100%");
        assert!(!ran.outcomes().contains(" valid"), "{member}: {}", ran.report());
    }
}

/// In binary floating point, 32300.0 > 64.6 * 500.
#[test]
fn max_invalid_percentage_is_exact() {
    let references: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let workspace =
        Workspace::with("orders.csv", export(&references).replacen("30.60,other", "x,other", 323));
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 64.6%").code, 1);
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 64.5%").code, 2);
}

#[test]
fn out_of_range_age_does_not_panic() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]).replace("2025-", "0001-"));
    for age in ["1000000y", "500000000000y"] {
        // No server listens on port 1, so nothing is sent whatever the age means.
        let target = "--base-url http://127.0.0.1:1 --client-key k --pos x --set tries=1";
        let ran = workspace.run(&format!("send orders.csv {target} --set backfill_after={age}"));
        assert!([1, 2].contains(&ran.code), "{}: {}", ran.code, ran.err);
    }
}

#[test]
fn rejects_folder_can_be_checked() {
    let workspace = Workspace::with(
        "orders.csv",
        export(&["A-1", "A-2"]).replacen("30.60,other", "x,other", 1),
    );
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 100%").code, 1);
    for inputs in ["run-1/rejects", "run-1/rejects/*"] {
        let ran = workspace.run(&format!("check {inputs} --pos x --max-invalid 100%"));
        assert_eq!((ran.outcomes().as_str(), ran.err.as_str()), ("A-1 invalid", ""));
    }
}

#[test]
fn unreadable_stdin_leaves_no_spool_file() {
    for (inputs, stdin) in [("-", String::new()), ("- missing.csv", export(&["A-1"]))] {
        let command = format!("check {inputs} --pos x");
        let ran = Workspace::new().run_with(&command, &[], stdin.as_bytes());
        assert_eq!(ran.code, 2);
        assert!(!ran.path(".input-1").exists(), "{inputs}");
    }
}

#[test]
fn header_quote_error_is_not_an_encoding_error() {
    for header in ["referenceId,\"orderedAt\n", "referenceId,\"orderedAt\"x\n"] {
        let ran = Workspace::with("orders.csv", format!("{header}{}", row("A-1")))
            .run("check orders.csv --pos x");
        assert!(ran.code == 2 && !ran.err.contains("UTF-8"), "{}", ran.err);
    }
}

#[test]
fn lone_cr_line_ends_are_counted() {
    let content = format!(
        "{HEADER}{}{}",
        row("A-1"),
        ExportRow { reference: "A-2", price: "x", ..ExportRow::default() }.csv()
    );
    let ran = Workspace::with("orders.csv", content.replace('\n', "\r"))
        .run("check orders.csv --pos x --max-invalid 100%");
    assert!(ran.code == 2 || ran.results()[1]["source"]["line"] == 3, "{}", ran.report());
}

/// IDENTITY has the guest's current data, even if the newest order was sent by an earlier run.
#[test]
fn identity_comes_from_the_newest_order() {
    use crate::support::service::MockService;
    let service = MockService::start(|_| None);
    let workspace = Workspace::new();
    let send = || {
        let target = format!("--base-url {} --client-key k --pos x --backfill", service.base_url);
        workspace
            .run(&format!("send orders.csv {target} --rate unlimited --identity-pause 0s"))
            .code
    };
    let newest =
        ExportRow { reference: "A-2", ordered_at: "2025-03-02T10:00:00Z", ..ExportRow::default() }
            .csv();
    let newest = newest.replace("Smith", "Newname");
    workspace.file("orders.csv", format!("{HEADER}{newest}"));
    assert_eq!(send(), 0);
    workspace.file("orders.csv", format!("{HEADER}{newest}{}", row("A-1")));
    assert_eq!(send(), 0);
    let received = service.received();
    let names: Vec<_> = received
        .iter()
        .filter(|request| request.kind() == "IDENTITY")
        .map(|request| &request.message["lastname"])
        .collect();
    assert_eq!(names, ["Newname", "Newname"]);
}

#[test]
fn each_sandbox_is_a_separate_target() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let first = workspace.run(&format!("{SANDBOX} --ledger kept.db"));
    let second = workspace.run(&format!("{SANDBOX} --ledger kept.db"));
    // Each sandbox is a separate tenant that ends with its process.
    assert_eq!(
        (first.outcomes().as_str(), second.outcomes().as_str()),
        ("A-1 accepted", "A-1 accepted")
    );
}

/// A shifted row puts it there. Only `results.ndjson` and `rejects/` are the export's own.
#[test]
fn address_in_another_column_is_redacted() {
    let address = "kim.private@example.org";
    let rows = [("PURCHASED", address), (",GEAR,", &format!(",{address},")), ("30.60", address)];
    for (cell, shifted) in rows {
        let shifted = export(&["A-1"]).replace(cell, shifted);
        assert!(shifted.contains(address), "{cell}");
        let workspace = Workspace::with("orders.csv", shifted);
        let ran = workspace.run("check orders.csv --pos x --max-invalid 100% --out run");
        let page = std::fs::read_to_string(workspace.path("run/report.html")).unwrap();
        assert!(ran.out.contains("k***@e***.org"), "{}", ran.out);
        for shown in [&ran.out, &ran.err, &page].map(|text| text.to_lowercase()) {
            assert!(!shown.contains("kim.private"), "{shown}");
        }
    }
}
