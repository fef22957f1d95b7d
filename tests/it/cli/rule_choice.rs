//! Tests of rules with conditions, lists of rules and values over several rows, in whole runs.

use crate::support::workspace::{RunResult, Workspace};

const PROFILE: &str = r#"name = "shop"
[order]
referenceId = { column = "Order", path = "Order" }
orderedAt = { column = "Date", path = "Date", date = "%Y-%m-%d %H:%M", zone = { column = "Zone", path = "Zone" }, disagree = "first" }
status = { column = "State", path = "State", values = { paid = "PURCHASED", open = { skip = "not paid" } }, disagree = "last" }
currencyCode = { value = "EUR" }
price = { column = "Total", path = "Total", over_rows = "add", when = { column = "Kind", path = "Kind", is_not = "Tip" } }
paymentType = [
  { value = "other", when = { column = "Method", path = "Method", is = ["visa", "amex"] } },
  { column = "Method", path = "Method" },
]
[guest]
email = { column = "Email", path = "Email" }
"#;

const HEADER: &str = "Order,Date,Zone,State,Kind,Total,Method,Email";

/// The rows of two orders; those of A are scattered where `is_scattered`.
fn rows(is_scattered: bool) -> Vec<&'static str> {
    let mut rows = vec![
        "A,2026-11-01 10:00,Europe/Berlin,open,Sale,0.10,visa,a@example.com",
        "A,2026-11-01 10:00,Europe/Berlin,open,Sale,0.10,visa,a@example.com",
        "A,2026-11-01 10:00,Europe/Berlin,paid,Tip,5.00,visa,a@example.com",
        "A,2026-11-02 10:00,Asia/Tokyo,paid,Sale,20,visa,a@example.com",
        "B,2026-11-01 10:00,UTC,paid,Sale,1,PayPal,b@example.com",
        "B,2026-11-01 10:00,UTC,open,Sale,1,PayPal,b@example.com",
    ];
    if is_scattered {
        let of_b = rows.remove(4);
        rows.insert(1, of_b);
    }
    rows
}

fn csv_file(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

fn ndjson_file(rows: &[&str]) -> String {
    let line = |row: &&str| {
        let members = HEADER.split(',').zip(row.split(','));
        let members = members.map(|(name, value)| format!("{name:?}:{value:?}"));
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    rows.iter().map(line).collect()
}

fn check(name: &str, content: &str, options: &str) -> RunResult {
    let workspace = Workspace::with("shop.toml", PROFILE);
    workspace.file(name, content);
    workspace.run(&format!("check {name} --profile shop.toml --pos x --max-invalid 100%{options}"))
}

/// Each order with its outcome, its amount and its problems.
fn outcomes(run: &RunResult) -> String {
    let outcome = |order: &serde_json::Value| {
        let problems = order["problems"].as_array().into_iter().flatten();
        let problems = problems.map(|problem| format!(" {}", problem["code"].as_str().unwrap()));
        let [outcome, ordered_at, reason] =
            ["outcome", "orderedAt", "reason"].map(|key| order[key].to_string());
        let reference = order["referenceId"].to_string();
        format!("{reference} {outcome} {ordered_at} {reason}{}\n", problems.collect::<String>())
    };
    run.results().iter().map(outcome).collect()
}

#[test]
fn rows_of_one_order_are_chosen_and_added_up() {
    let expected = outcomes(&check("orders.csv", &csv_file(&rows(false)), ""));
    insta::assert_snapshot!(expected, @r#"
    "A" "valid" "2026-11-01T09:00:00.000Z" null last_value_taken first_value_taken
    "B" "skipped" "2026-11-01T10:00:00.000Z" "not paid"
    "#);
    for is_scattered in [true, false] {
        let rows = rows(is_scattered);
        assert_eq!(outcomes(&check("orders.csv", &csv_file(&rows), "")), expected);
        assert_eq!(outcomes(&check("orders.ndjson", &ndjson_file(&rows), "")), expected);
    }
}

#[test]
fn explanation_names_the_rule_that_counted() {
    let run = check("orders.csv", &csv_file(&rows(true)), " --explain A");
    let (values, _) = run.out.split_once("guest").unwrap();
    insta::assert_snapshot!(values, @r#"
    warning[first_value_taken]: rows disagree, and the first value is used
     --> orders.csv:6:3  order A, column Date
      |
    6 | A,2026-11-02 10:00,Asia/Tokyo,paid,***,20,visa,***
      |   ^^^^^^^^^^^^^^^^ "2026-11-02 10:00" here, but "2026-11-01 10:00" in line 2
      |
      = hint: look at the rows
       explained by: orderferry explain first_value_taken

    warning[last_value_taken]: rows disagree, and the last value is used
     --> orders.csv:5:34  order A, column State
      |
    5 | A,2026-11-01 10:00,Europe/Berlin,paid,***,5.00,visa,***
      |                                  ^^^^ "PURCHASED" here, but "open" in line 2
      |
      = hint: look at the rows
       explained by: orderferry explain last_value_taken

    ✓ 1 order is ready to send: EUR 20.20. 1 is left out by the profile.

      for       no target yet, x; nothing was sent
      read      orders.csv, 6 rows, 2 orders, 1 November 2026
      note      the rows of 2 orders are scattered

                        orders    EUR
      to send                1  20.20
      left out               1      2
      read                   2  22.20

      why
        warning       1  rows disagree, and the first value is used
                                                                   first_value_taken
        warning       1  rows disagree, and the last value is used  last_value_taken
        left out      1  not paid

      sending takes
        3 requests, 0.1 s at 20/s

      next
        1 order ready: try a sandbox first
          orderferry send orders.csv --sandbox --profile shop.toml --max-invalid 100% --pos x

      report    run-1/report.html

    order A  valid  orders.csv, lines 2, 4, 5 and 6

    order             value                     from      what was done
      referenceId     A                         Order  2  as it is
      orderedAt       2026-11-01T09:00:00.000Z  Date   2  2026-11-01 10:00, as
                                                          %Y-%m-%d %H:%M,
                                                          Europe/Berlin to UTC
      status          PURCHASED                 State  5  paid, by the table
      currencyCode    EUR                       constant
      price           20.20                     Total  2  0.10, its condition holds,
                                                          3 rows added up
      paymentType     other                     constant  rule 1: its condition
                                                          holds
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       x                         the target's value

    items          none
    "#);
}

#[test]
fn row_that_cannot_be_added_is_shown() {
    let export = csv_file(&rows(false)).replace("Sale,20", "Sale,twenty");
    let run = check("orders.csv", &export, "");
    let problem = &run.results()[0]["problems"];
    insta::assert_snapshot!(problem.to_string(), @r#"[{"code":"last_value_taken","column":34,"column_name":"State","field":"status","file":"orders.csv","line":4,"message":"\"PURCHASED\" here, but \"open\" in line 2","severity":"warning"},{"code":"first_value_taken","column":3,"column_name":"Date","field":"orderedAt","file":"orders.csv","line":5,"message":"\"2026-11-02 10:00\" here, but \"2026-11-01 10:00\" in line 2","severity":"warning"},{"code":"number_unreadable","column":41,"column_name":"Total","field":"price","file":"orders.csv","line":5,"message":"\"twenty\" is not a decimal number such as 1234.50","severity":"error"}]"#);
}

const RETURNS: &str = r#"name = "shop"
ignore_rows = [{ column = "State", path = "State", is = "footer" }]
item_rows = { column = "State", path = "State", is_not = "shipping" }
[[skip]]
reason = "returned"
scope = "row"
when = { column = "State", path = "State", is = ["returned", "footer"] }
[[skip]]
reason = "test"
when = { column = "Name", path = "Name", is = "test" }
[order]
referenceId = { column = "Order", path = "Order" }
orderedAt = { value = "2026-11-01T10:00:00Z" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "Total", path = "Total", over_rows = "add" }
paymentType = { value = "other" }
[item]
name = { column = "Name", path = "Name" }
[guest]
email = { column = "Email", path = "Email" }
"#;

/// `ignore_rows`, then `[[skip]]` of rows, then `item_rows`, grouping, and `[[skip]]` of orders.
#[test]
fn rows_leave_before_they_are_grouped() {
    let header = "Order,State,Total,Name,Email";
    let rows = [
        "A,sold,10,Tee,a@example.com",
        // Its number cannot be read, and it would skip the order.
        "A,returned,none,test,a@example.com",
        "B,returned,7,Mug,b@example.com",
        "A,shipping,2,DHL,a@example.com",
        "B,returned,8,Cap,b@example.com",
        "C,footer,9,Sum,",
        ",returned,9,Pen,",
        "D,sold,1,test,d@example.com",
    ];
    let csv = format!("{header}\n{}\n", rows.join("\n"));
    let line = |row: &&str| {
        let members = header.split(',').zip(row.split(','));
        let members = members.map(|(name, value)| format!("{name:?}:{value:?}"));
        format!("{{{}}}\n", members.collect::<Vec<_>>().join(","))
    };
    let ndjson: String = rows.iter().map(line).collect();
    for (name, content) in [("orders.csv", csv), ("orders.ndjson", ndjson)] {
        let workspace = Workspace::with("shop.toml", RETURNS);
        workspace.file(name, content);
        let command = format!("check {name} --profile shop.toml --pos x --max-invalid 100%");
        let run = workspace.run(&command);
        assert_eq!(run.code, 0, "{}", run.err);
        let counts = ["rows", "rows_ignored", "rows_skipped", "items"];
        let summary = run.summary();
        let counts = counts.map(|name| format!("{name} {}", summary[name])).join(", ");
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{}{counts}", outcomes(&run)), @r#"
            "A" "valid" "2026-11-01T10:00:00.000Z" null
            "B" "skipped" "2026-11-01T10:00:00.000Z" "returned"
            "D" "skipped" "2026-11-01T10:00:00.000Z" "test"
            rows 8, rows_ignored 2, rows_skipped 3, items 1
            "#);
        }
    }
}

/// Corrected rejects are a whole order, as the export would be with another profile.
#[test]
fn rejects_have_rows_that_are_left_out() {
    let workspace = Workspace::with("shop.toml", RETURNS);
    let header = "Order,State,Total,Name,Email\n";
    let rows = "A,returned,3,Cap,\nA,sold,five,Tee,a@example.com\nA,returned,1,Mug,\n";
    workspace.file("orders.csv", format!("{header}{rows}"));
    let run = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    assert_eq!(run.outcomes(), "A invalid");
    assert_eq!(run.text("rejects/orders.csv"), format!("{header}{rows}"));
    // The order is where its first row is that counts.
    assert_eq!(run.results()[0]["source"]["line"], 3);
    let reasons: serde_json::Value =
        serde_json::from_str(&run.text("rejects/orders.csv.reasons.ndjson")).unwrap();
    assert_eq!(reasons["lines"], serde_json::json!([2, 3, 4]));
    let run = workspace
        .run("check orders.csv --profile shop.toml --pos x --max-invalid 100% --explain A");
    assert!(run.out.contains("orders.csv, lines 2, 3 and 4"), "{}", run.out);
}

#[test]
fn row_whose_condition_cannot_be_tested_stays() {
    let profile = RETURNS.replace("is = [\"returned\", \"footer\"]", "less = 0");
    let workspace = Workspace::with("shop.toml", profile);
    workspace.file("orders.csv", "Order,State,Total,Name,Email\nA,sold,10,Tee,a@example.com\n");
    let run = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    assert!(outcomes(&run).contains("condition_unreadable"), "{}", outcomes(&run));
}
