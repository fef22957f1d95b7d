//! Tests of exports that lack what a profile names, in whole runs.

use crate::support::workspace::{RunResult, Workspace};

fn check(status: &str, columns: &str, json: bool) -> RunResult {
    let profile = format!(
        "name = \"shop\"\n[order]\nreferenceId = {{ column = \"Id\", path = \"Id\" }}\n\
         orderedAt = {{ column = \"Date\", path = \"Date\" }}\nstatus = {status}\n\
         currencyCode = {{ value = \"EUR\" }}\nprice = {{ column = \"Total\", path = \"Total\" }}\n\
         paymentType = {{ value = \"other\" }}\n\
         [guest]\nemail = {{ column = \"Email\", path = \"Email\" }}\n"
    );
    let workspace = Workspace::with("shop.toml", &profile);
    let names = format!("Id,Date,Total,Email,{columns}");
    let row = "A,2026-11-01T10:00:00Z,5.00,a@example.com,cancelled";
    if json {
        let members = names.split(',').zip(row.split(','));
        let members: Vec<_> = members.map(|(name, value)| format!("{name:?}:{value:?}")).collect();
        workspace.file("o.ndjson", format!("{{{}}}\n", members.join(",")));
    } else {
        workspace.file("o.csv", format!("{names}\n{row}\n"));
    }
    let name = if json { "o.ndjson" } else { "o.csv" };
    workspace.run(&format!("check {name} --profile shop.toml --pos x"))
}

const STATUS: &str = r#"{ column = "State", path = "State", values = { paid = "PURCHASED", cancelled = { skip = "cancelled" } }, default = "PURCHASED" OPTIONAL}"#;

/// The orders that are cancelled would be sent.
#[test]
fn default_is_for_no_missing_status() {
    let required = STATUS.replace("OPTIONAL", "");
    let run = check(&required, "Payment", false);
    assert_eq!(run.code, 2, "{}", run.err);
    insta::assert_snapshot!(run.err, @r#"
    error[profile]: there is no column "State" in the export
     --> shop.toml:5:21  order.status
      |
    5 | status = { column = "State", path = "State", values = { paid = "PURCHAS…
      |                     ^^^^^^^
      |
      = o.csv has "Id", "Date", "Total", "Email", "Payment"
      = hint: optional = true in its rule gives "PURCHASED" to all orders

    1 error in shop.toml. Nothing was sent.
    "#);
    let run = check(&required, "Payment", true);
    assert_eq!(run.code, 2, "{}", run.err);
    insta::assert_snapshot!(run.err, @r#"
    error[profile]: no document has "State"
     --> shop.toml:5:37  order.status
      |
    5 | …us = { column = "State", path = "State", values = { paid = "PURCHASED"…
      |                                  ^^^^^^^ it is not in o.ndjson
      |
      = the documents have "Id", "Date", "Total", "Email", "Payment"
      = hint: optional = true in its rule gives "PURCHASED" to all orders

    1 error in shop.toml. Nothing was sent.
    "#);
    for json in [false, true] {
        assert_eq!(check(&required, "State", json).code, 0);
        assert_eq!(
            check(&STATUS.replace("OPTIONAL", ", optional = true "), "Payment", json).code,
            0
        );
    }
}

#[test]
fn optional_name_without_its_last_letter_is_refused() {
    let optional = STATUS.replace("OPTIONAL", ", optional = true ");
    for (columns, json) in [("States", false), ("States", true), ("Stat", false), ("Stat", true)] {
        let run = check(&optional, columns, json);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(columns), "{}", run.err);
    }
}
