//! Mistakes that were found by hand, each as the run that showed it.

use crate::support::place::{HEADER, Line, Place, export, row};

const SANDBOX: &str = "send orders.csv --sandbox --rate unlimited --identity-pause 0s";

/// An unset variable of a cron job: a point of sale that the tenant does not know loses every order silently.
#[test]
fn an_empty_point_of_sale_is_none() {
    let workspace = Place::with("orders.csv", export(&["A-1"]));
    for ran in [
        workspace.run_with("check orders.csv", &[("ORDERFERRY_POS", "")], b""),
        workspace.run("check orders.csv --pos "),
        workspace.run("check orders.csv --set target.pos="),
    ] {
        assert_eq!((ran.code, ran.outcomes().as_str()), (1, "A-1 invalid"), "{}", ran.told());
    }
}

#[test]
fn a_member_that_stands_twice_is_not_guessed() {
    let order = r#"{"referenceId":"A-1","orderedAt":"2025-03-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":30.60,"paymentType":"other","guest":{"email":"ann@example.com"},"orderItems":[{"name":"Rope"}]}"#;
    for member in ["\"orderItems\":[]", "\"price\":99", "\"referenceId\":\"A-2\""] {
        let content = order.replace("}]}", &format!("}}],{member}}}"));
        let ran = Place::with("orders.ndjson", content).run("check orders.ndjson --pos x --max-invalid 100%");
        assert!(!ran.outcomes().contains(" valid"), "{member}: {}", ran.told());
    }
}

/// 32300.0 > 64.6 * 500 where a binary computer counts.
#[test]
fn exactly_as_many_as_allowed_is_not_more() {
    let references: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let workspace = Place::with("orders.csv", export(&references).replacen("30.60,other", "x,other", 323));
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 64.6%").code, 1);
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 64.5%").code, 2);
}

#[test]
fn an_age_that_no_calendar_has_is_no_panic() {
    let workspace = Place::with("orders.csv", export(&["A-1"]).replace("2025-", "0001-"));
    for age in ["1000000y", "500000000000y"] {
        // The client key is missing, so nothing is sent whatever the age makes of it.
        let target = "--base-url http://127.0.0.1:1 --client-key k --pos x --set tries=1";
        let ran = workspace.run(&format!("send orders.csv {target} --set backfill_after={age}"));
        assert!([1, 2].contains(&ran.code), "{}: {}", ran.code, ran.err);
    }
}

#[test]
fn the_rejects_of_a_run_are_a_folder_that_can_be_read() {
    let workspace = Place::with("orders.csv", export(&["A-1", "A-2"]).replacen("30.60,other", "x,other", 1));
    assert_eq!(workspace.run("check orders.csv --pos x --max-invalid 100%").code, 1);
    for inputs in ["run-1/rejects", "run-1/rejects/*"] {
        let ran = workspace.run(&format!("check {inputs} --pos x --max-invalid 100%"));
        assert_eq!((ran.outcomes().as_str(), ran.err.as_str()), ("A-1 invalid", ""));
    }
}

#[test]
fn nothing_stays_of_a_standard_input_that_cannot_be_read() {
    let ran = Place::new().run_with("check - --pos x", &[], b"");
    assert_eq!(ran.code, 2);
    assert!(!ran.path(".input-1").exists());
}

#[test]
fn a_header_with_a_bad_quote_is_not_called_an_encoding() {
    for header in ["referenceId,\"orderedAt\n", "referenceId,\"orderedAt\"x\n"] {
        let ran = Place::with("orders.csv", format!("{header}{}", row("A-1"))).run("check orders.csv --pos x");
        assert!(ran.code == 2 && !ran.err.contains("UTF-8"), "{}", ran.err);
    }
}

#[test]
fn lines_that_end_in_a_lone_cr_are_counted() {
    let content = format!("{HEADER}{}{}", row("A-1"), Line { reference: "A-2", price: "x", ..Line::default() }.csv());
    let ran = Place::with("orders.csv", content.replace('\n', "\r")).run("check orders.csv --pos x --max-invalid 100%");
    assert!(ran.code == 2 || ran.results()[1]["source"]["line"] == 3, "{}", ran.told());
}

/// IDENTITY says who the guest is now, even if the newest order went with an earlier run.
#[test]
fn identity_is_that_of_the_guests_newest_order_even_if_that_was_sent() {
    use crate::support::service::Service;
    let service = Service::start(|_| None);
    let workspace = Place::new();
    let send = || {
        let target = format!("--base-url {} --client-key k --pos x --backfill", service.base_url);
        workspace.run(&format!("send orders.csv {target} --rate unlimited --identity-pause 0s")).code
    };
    let newest = Line { reference: "A-2", ordered_at: "2025-03-02T10:00:00Z", ..Line::default() }.csv();
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
fn a_second_send_with_a_kept_ledger_sends_again_to_a_new_sandbox_only() {
    let workspace = Place::with("orders.csv", export(&["A-1"]));
    let first = workspace.run(&format!("{SANDBOX} --ledger kept.db"));
    let second = workspace.run(&format!("{SANDBOX} --ledger kept.db"));
    // Each sandbox is a tenant of its own, which ended with its process.
    assert_eq!((first.outcomes().as_str(), second.outcomes().as_str()), ("A-1 accepted", "A-1 accepted"));
}
