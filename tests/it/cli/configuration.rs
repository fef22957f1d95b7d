//! Tests that a wrong profile or setting is one error, not a problem of every order.

use std::fs;

use crate::support::workspace::{ExportRow, HEADER, RunResult, Workspace, export};

fn has_rejects(ran: &RunResult) -> bool {
    fs::read_dir(ran.path("rejects")).is_ok_and(|mut files| files.next().is_some())
}

#[test]
fn incomplete_configuration_is_one_error() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let profile = r#"
        name = "shop"
        [order]
        referenceId = { column = "referenceId" }
        orderedAt = { column = "orderedAt" }
        status = { column = "status" }
    "#;
    workspace.file("shop.toml", profile);
    let of_settings =
        workspace.run("check orders.csv --pos x --language english --currency euro --channel web");
    let of_profile = workspace.run("check orders.csv --profile shop.toml");
    insta::assert_snapshot!(of_settings.report() + &of_profile.report(), @r#"
    exit 2
        error[config]: "web" must be written in upper case: "WEB"
         --> --channel web

        error[config]: unknown value "english"
         --> --language english
         |
         = expected an ISO 639-1 language such as EN

        error[config]: unknown value "euro"
         --> --currency euro
         |
         = expected an ISO 4217 currency such as EUR

        3 errors in the settings. Nothing was read or sent.
        next: orderferry help settings
    exit 2
        error[config]: no point of sale
         --> the settings  pos
         |
         = an order needs one, and neither the settings nor the profile have it
         = hint: set it with --pos

        error[profile]: the profile has no rules for 4 fields that every order needs
         --> shop.toml
         |
         = expected rules for currencyCode, price, paymentType, guest.email or
           guest.id

        2 errors in the settings and shop.toml. Nothing was read or sent.
        next: orderferry help settings
    "#);
    let runs = [of_settings, of_profile];
    assert!(runs.iter().all(|ran| !ran.path("").exists()), "nothing is read");
}

/// The canonical profile has a column for it.
#[test]
fn missing_pos_is_reported_once() {
    let ran = Workspace::with("orders.csv", export(&["A-1", "A-2"])).run("check orders.csv");
    insta::assert_snapshot!(ran.err, @"error: every order read (2) has the same problem; it is the profile or the settings, not the data: missing_pos of event.pos (no point of sale, neither in the export nor in the settings (--pos); first in orders.csv:2); nothing was sent");
    assert_eq!((ran.code, ran.outcomes()), (2, "A-1 invalid, A-2 invalid".to_owned()));
    assert!(!has_rejects(&ran));
}

#[test]
fn common_error_is_of_the_configuration() {
    let export = |n_orders: usize, n_good: usize| {
        let rows = (0..n_orders).map(|index| {
            let (reference, price) = (format!("A-{index}"), if index < n_good { "5" } else { "x" });
            ExportRow { reference: &reference, price, ..ExportRow::default() }.csv()
        });
        format!("{HEADER}{}", rows.collect::<String>())
    };
    let check = |export: String| {
        let command = "check orders.csv --pos x --max-invalid 100%";
        Workspace::with("orders.csv", export).run(command)
    };
    let all = check(export(20, 0));
    insta::assert_snapshot!(all.err, @r#"error: every order read (20) has the same problem; it is the profile or the settings, not the data: number_unreadable of price ("x" is not a decimal number such as 1234.50; first in orders.csv:2:40); nothing was sent"#);
    assert_eq!((all.code, has_rejects(&all)), (2, false));
    assert_eq!(all.summary()["orders"]["invalid"], 20);
    for (n_orders, n_good) in [(19, 0), (21, 1)] {
        let ran = check(export(n_orders, n_good));
        assert_eq!((ran.code, has_rejects(&ran)), (1, true), "{n_orders}");
    }
}
