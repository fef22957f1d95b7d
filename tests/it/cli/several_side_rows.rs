//! Tests of joins in which a row of the export has several rows of the file.

use std::fs;

use super::{
    csv_dialects::outcomes,
    joins::{EXPORT, RULES, refusal},
};
use crate::support::workspace::{RunResult, Workspace};

/// The keys of the topic of profiles whose rows are added up.
const PAYMENTS: &str = r#"[[join]]
as = "payment"
file = "payments.csv"
on = [{ column = "Order", to = "Order" }]
many = "all"

[order.price]
column = "payment.Value"
over_rows = "add"
when = { column = "payment.Type", is_not = "voucher" }
"#;

/// The keys of the topic of profiles of which one row is picked.
const PICK: &str = r#"[[join]]
as = "customer"
file = "customers.csv"
on = [{ column = "Customer", to = "Id" }]
many = "all"
pick = { largest = "Changed" }       # or smallest: a number, or a date such as 2026-10-31

[guest]
email = { column = "customer.Email" }
"#;

const GUEST: &str = "[guest]\nemail.value = 'a@example.com'\n";

fn check(workspace: &Workspace, join: &str, command: &str) -> RunResult {
    check_with(workspace, "", join, command)
}

fn check_with(workspace: &Workspace, keys: &str, join: &str, command: &str) -> RunResult {
    let has_price = join.contains("[order.price]");
    let rules = RULES.replace("price =", if has_price { "# price =" } else { "price =" });
    workspace.file("shop.toml", format!("name = \"shop\"\n{keys}{rules}\n{join}"));
    workspace.run(&format!("check {command} --profile shop.toml --pos x --max-invalid 100%"))
}

const PAYMENTS_FILE: &str = "Order,Type,Value\n\
                             A,card,4.50\n\
                             B,card,20.00\n\
                             A,cash,5.00\n\
                             A,voucher,0.5\n\
                             C,card,1.00\n";

fn check_payments(export: &str, payments: &str, keys: &str, options: &str) -> RunResult {
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("payments.csv", payments);
    let command = format!("orders.csv {options}");
    check_with(&workspace, keys, &format!("{PAYMENTS}{GUEST}"), command.trim_end())
}

/// The references and prices of the orders.
fn prices(ran: &RunResult) -> String {
    let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
    let events = events.lines().filter_map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let order = event.get("order")?;
        Some(format!("{} {}", order["referenceId"], order["price"]))
    });
    events.collect::<Vec<_>>().join("\n")
}

#[test]
fn topic_has_the_tested_examples() {
    let topic = include_str!("../../../src/cli/help/profile.md");
    assert!(topic.contains(PAYMENTS) && topic.contains(PICK));
}

#[test]
fn numbers_of_side_rows_are_added_up() {
    let ran = check_payments(EXPORT, PAYMENTS_FILE, "", "--events e.ndjson");
    assert_eq!(ran.code, 0, "{}", ran.err);
    insta::assert_snapshot!(prices(&ran), @r#"
    "A" 9.5
    "B" 20.0
    "#);
}

#[test]
fn rows_of_an_order_share_the_sum_of_a_key() {
    let rows: Vec<_> = EXPORT.lines().collect();
    let far = |n| format!("N-{n},#1,2026-10-01T10:00:00Z,20.00\n");
    let between = (0..2000).map(far).collect::<Vec<_>>().concat();
    for between in ["", &between] {
        let export = format!("{}\n{}\n{}\n{between}{}\n", rows[0], rows[1], rows[1], rows[1]);
        for options in ["--events e.ndjson", "--events e.ndjson --memory 32MB"] {
            let ran = check_payments(&export, PAYMENTS_FILE, "", options);
            let found = prices(&ran);
            let first = found.lines().find(|line| line.starts_with("\"A\""));
            assert_eq!(first, Some("\"A\" 9.5"));
        }
    }
}

#[test]
fn number_of_a_side_row_that_is_none_names_its_place() {
    let ran = check_payments(EXPORT, &PAYMENTS_FILE.replace("5.00", "S.00"), "", "");
    insta::assert_snapshot!(ran.results()[0]["problems"].to_string(), @r#"[{"code":"number_unreadable","column":8,"column_name":"payment.Value","field":"price","file":"payments.csv","line":4,"message":"\"S.00\" is not a decimal number such as 1234.50","severity":"error"}]"#);
}

#[test]
fn numbers_of_side_rows_have_the_marks_of_the_profile() {
    let payments = PAYMENTS_FILE.replace("4.50", "\"4,50\"").replace("0.5", "\"0,5\"");
    let payments = payments.replace("5.00", "5").replace("20.00", "20").replace("1.00", "1");
    let export = EXPORT.replace("10.00", "10").replace("20.00", "20");
    let ran = check_payments(&export, &payments, "decimal = ','\n", "--events e.ndjson");
    insta::assert_snapshot!(prices(&ran), @r#"
    "A" 9.5
    "B" 20
    "#);
}

#[test]
fn order_without_side_rows_is_unmatched() {
    let ran = check_payments(EXPORT, &PAYMENTS_FILE.replace("B,", "D,"), "", "");
    insta::assert_snapshot!(outcomes(&ran), @r#"
    A valid
    B invalid no row of payments.csv has Order "B"
    "#);
}

#[test]
fn sum_has_a_default_where_there_is_no_key() {
    let rows: Vec<_> = EXPORT.lines().map(|row| row.to_owned() + ",x").collect();
    let rows = rows.join("\n").replacen(",x", ",Payment", 1).replacen("20.00,x", "20.00,", 1);
    let join =
        format!("{PAYMENTS}{GUEST}").replace("column = \"Order\", to", "column = \"Payment\", to");
    let join = join.replace("over_rows = \"add\"", "over_rows = \"add\"\ndefault = \"0\"");
    let workspace = Workspace::with("orders.csv", rows + "\n");
    workspace.file("payments.csv", PAYMENTS_FILE.replace("A,", "x,"));
    let ran = check(&workspace, &join, "orders.csv --events e.ndjson");
    insta::assert_snapshot!(prices(&ran), @r#"
    "A" 9.5
    "B" 0
    "#);
}

#[test]
fn explain_names_the_number_of_side_rows() {
    let ran = check_payments(EXPORT, PAYMENTS_FILE, "", "--explain A");
    let lines = ran.out.lines().filter(|line| line.starts_with("  price"));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"  price         9.50                  payment.Value  …nts.csv:2");
}

fn check_pick(customers: &str, join: &str) -> RunResult {
    let workspace = Workspace::with("orders.csv", EXPORT.replace('#', ""));
    workspace.file("customers.csv", customers);
    check(&workspace, join, "orders.csv --events e.ndjson")
}

/// The e-mail addresses of guests, of an export with a customer of each of these values.
fn picked(values: &[&str], join: &str) -> String {
    let row = |(index, value): (usize, &&str)| format!("1,{value},c{index}@example.com\n");
    let rows = values.iter().enumerate().map(row).collect::<Vec<_>>().concat();
    let ran = check_pick(&format!("Id,Changed,Email\n{rows}2,x,b@example.com\n"), join);
    let first = &ran.results()[0];
    if first["outcome"] == "invalid" {
        return first["problems"][0]["message"].as_str().unwrap().to_owned();
    }
    let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
    let found = (0..values.len()).find(|index| events.contains(&format!("c{index}@")));
    values[found.unwrap()].to_owned()
}

#[test]
fn row_with_the_largest_value_is_picked() {
    let smallest = PICK.replace("largest", "smallest");
    for values in [
        ["9", "10.5", "-20"].as_slice(),
        &["2026-10-02", "2026-10-11", "2025-12-31"],
        &["2026-10-01T10:00:00+02:00", "2026-10-01T09:00:00Z", "2026-10-01T09:30:00+02:00"],
        &["2026-10-01 09:59:59", "2026-10-01T10:00", "2026-09-30T10:00:00"],
        // With a thousands mark as with a decimal point.
        &["1.200", "1.250", "1.100"],
    ] {
        assert_eq!(picked(values, PICK), values[1]);
        assert_eq!(picked(values, &smallest), values[2]);
    }
    assert_eq!(picked(&["not read"], PICK), "not read");
}

#[test]
fn pick_guesses_nothing() {
    insta::assert_snapshot!(picked(&["9", "n/a"], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "n/a" at customers.csv:3:3 is no number and no date such as 2026-10-31"#);
    insta::assert_snapshot!(picked(&["9", ""], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "" at customers.csv:3:3 is no number and no date such as 2026-10-31"#);
    insta::assert_snapshot!(picked(&["9", "2026-10-01"], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "9" at customers.csv:2:3 and "2***" at customers.csv:3:3 are of different kinds, such as a number and a date"#);
    insta::assert_snapshot!(picked(&["10/11/2026", "11/10/2026"], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "1***" at customers.csv:2:3 is no number and no date such as 2026-10-31"#);
    insta::assert_snapshot!(picked(&["2", "1.250"], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "1.250" at customers.csv:3:3 can be read in two ways; declare decimal"#);
    insta::assert_snapshot!(picked(&["7", "9", "9.0"], PICK), @r#"several rows, customers.csv:2 and customers.csv:3, have Id "1"; pick takes the largest "Changed", but "9" at customers.csv:3:3 and "9.0" at customers.csv:4:3 are equal, and the rows differ"#);
}

#[test]
fn rows_that_are_equal_are_no_tie() {
    let customers = "Id,Changed,Email\n1,9,a@example.com\n1,9,a@example.com\n2,1,b@example.com\n";
    insta::assert_snapshot!(outcomes(&check_pick(customers, PICK)), @"
    A valid
    B valid
    ");
}

#[test]
fn file_must_have_the_column_of_the_pick() {
    let ran = check_pick("Id,Change,Email\n1,9,a@example.com\n", PICK);
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[profile]: there is no column "Changed" in customers.csv
      --> shop.toml:16:20  join.pick
       |
    16 | pick = { largest = "Changed" }       # or smallest: a number, or a date…
       |                    ^^^^^^^^^
       |
       = customers.csv has "Change", its 2nd column of 3
    "#);
}

#[test]
fn errors_of_several_side_rows_come_at_once() {
    let workspace = Workspace::with("orders.csv", EXPORT);
    let join = r#"
[[skip]]
reason = "voucher"
when = { column = "payment.Type", is = "voucher" }
[[join]]
as = "other"
on = [{ column = "payment.Type", to = "Id" }]
pick = { largest = "Changed" }
[[join]]
as = "payment"
on = [{ column = "Order", to = "Order" }]
many = "all"
[item]
name = { column = "payment.Item" }
[order.price]
sum = ["payment.Value", "Total"]
over_rows = "add"
[[join]]
as = "fourth"
on = [{ column = "Order", to = "Order" }]
many = "all"
pick = { smallest = "Changed", largest = "Changed" }
[[join]]
as = "third"
on = [{ column = "Order", to = "Order" }]
many = "all"
pick = { newest = "Changed" }
"#;
    insta::assert_snapshot!(check(&workspace, &format!("{join}{GUEST}"), "orders.csv").err, @r#"
    error[profile]: "pick" is for all rows of a key
      --> shop.toml:18:1  join[1].pick
       |
    18 | pick = { largest = "Changed" }
       | ^^^^ expected many = "all" beside it

    error[profile]: "many" has several rows, but rules or conditions that take one value read "payment.Item", "payment.Type", "payment.Value"
      --> shop.toml:22:8  join[2].many
       |
    22 | many = "all"
       |        ^^^^^
       |
       = expected over_rows = "add" on a rule of the order that reads only this
         file, also in its when, or pick = { largest = "…" } in the join

    error[profile]: "pick" has none or both of largest and smallest
      --> shop.toml:32:1  join[3].pick
       |
    32 | pick = { smallest = "Changed", largest = "Changed" }
       | ^^^^ expected one of them

    error[profile]: unknown key "newest"
      --> shop.toml:37:10  join[4].pick
       |
    37 | pick = { newest = "Changed" }
       |          ^^^^^^ expected "largest", "smallest"

    4 errors in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
}

/// The rows of the export would tell in their order which rows of the file count.
#[test]
fn condition_of_added_rows_tests_the_joined_file() {
    let workspace = Workspace::with("orders.csv", EXPORT);
    for when in ["column = \"Total\", equals = \"10\"", "raw = true, contains = \"A\""] {
        let join = PAYMENTS.replace("column = \"payment.Type\", is_not = \"voucher\"", when);
        let refused = check(&workspace, &format!("{join}{GUEST}"), "orders.csv").err;
        assert!(refused.contains("rules or conditions that take one value read \"payment.Value\""));
        assert!(refused.contains("also in its when"), "{refused}");
    }
}

/// The last value may be a part of one.
#[test]
fn joined_file_without_a_last_line_end_is_a_warning() {
    let warns = |payments: &str, keys: &str| {
        let ran = check_payments(EXPORT, payments, keys, "");
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.summary()["problems"].to_string().contains("no_final_newline")
    };
    assert!(warns(PAYMENTS_FILE.trim_end(), ""));
    assert!(!warns(PAYMENTS_FILE, ""));
    assert!(!warns(PAYMENTS_FILE.trim_end(), "severity.no_final_newline = 'off'\n"));
}

/// Files that overlap would double the price of an order.
#[test]
fn equal_rows_of_two_files_of_a_join_are_a_problem() {
    let check = |keys: &str, last: &str| {
        let workspace = Workspace::with("orders.csv", EXPORT);
        workspace
            .file("payments-1.csv", "Order,Type,Value\nA,card,5.00\nA,card,5.00\nB,card,20.00\n");
        workspace.file("payments-2.csv", format!("Order,Type,Value\n{last}"));
        let join = PAYMENTS.replace("payments.csv", "payments-*.csv");
        outcomes(&check_with(&workspace, keys, &format!("{join}{GUEST}"), "orders.csv"))
    };
    insta::assert_snapshot!(check("", "A,card,5.00\nB,card,1.00\n"), @r#"
    A invalid the row equals the one at payments-1.csv:2; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
    B valid
    "#);
    assert!(check("", "A,card,5\n").starts_with("A invalid the row equals the one at"));
    insta::assert_snapshot!(check("\nseverity.row_in_two_files = 'warning'\n", "A,card,5.00\n"), @r#"
    A valid the row equals the one at payments-1.csv:2; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
    B valid
    "#);
}

#[test]
fn amounts_of_no_order_are_counted() {
    let unused = |payments: &str, options: &str| {
        let ran = check_payments(EXPORT, payments, "", options);
        let problems = ran.summary()["problems"].to_string();
        (ran.code, problems.contains("join_row_unused"))
    };
    assert_eq!(unused("Order,Type,Value\nA,card,4.50\nB,card,20.00\n", ""), (0, false));
    for row in ["C,card,1.00", "a,card,1.00", ",card,1.00"] {
        let payments = format!("Order,Type,Value\nA,card,4.50\nB,card,20.00\n{row}\n");
        assert_eq!(unused(&payments, ""), (0, true), "{row}");
    }
}

/// Instalments are of equal amounts, in columns or members that no rule may read.
#[test]
fn side_rows_that_differ_unread_are_two() {
    let join = PAYMENTS.replace("payments.csv", "payments-*.csv");
    let check = |last: &str| {
        let workspace = Workspace::with("orders.csv", EXPORT);
        workspace.file("payments-1.csv", "Id,Order,Type,Value\np1,A,card,5.00\nb,B,card,20.00\n");
        workspace.file("payments-2.csv", last);
        outcomes(&check_with(&workspace, "", &format!("{join}{GUEST}"), "orders.csv"))
    };
    assert_eq!(check("Id,Order,Type,Value\np2,A,card,5.00\n"), "A valid\nB valid");
    let reordered = check("Value,Order,Id,Type\n1.00,A,p2,card\n5.00,A,p1,card\n");
    assert!(
        reordered.contains("A invalid the row equals the one at payments-1.csv:2"),
        "{reordered}"
    );
}

#[test]
fn documents_of_one_line_are_rows_of_their_own() {
    let join = PAYMENTS.replace("payments.csv", "payments-*.json");
    let check = |last: &str| {
        let workspace = Workspace::with("orders.csv", EXPORT);
        let row =
            |order, id| format!(r#"{{"Id":"{id}","Order":"{order}","Type":"card","Value":5.00}}"#);
        workspace.file(
            "payments-1.json",
            format!("[{},{},{}]", row("B", "b"), row("A", "p1"), row("A", "p9")),
        );
        workspace.file("payments-2.json", format!("[{}]", row("A", last)));
        outcomes(&check_with(&workspace, "", &format!("{join}{GUEST}"), "orders.csv"))
    };
    assert_eq!(check("p2"), "A valid\nB valid");
    let overlap = check("p9");
    assert!(overlap.contains("A invalid the row equals the one at payments-1.json:1"), "{overlap}");
}

#[test]
fn equal_items_of_two_files_of_a_join_are_a_problem() {
    let items = "[[join]]\nas = 'line'\nfile = 'lines-*.csv'\non = [{ column = 'Order', to = 'Order' }]\n\
                 items = true\n[item]\nname.column = 'line.Name'\nprice.column = 'line.Price'\n\
                 quantity.column = 'line.No'\n";
    let workspace = Workspace::with("orders.csv", EXPORT);
    workspace.file("lines-1.csv", "Order,Name,No,Price\nA,Mug,1,5.00\nB,Jug,1,10\nB,Jug,1,10\n");
    workspace.file("lines-2.csv", "Order,Name,No,Price\nA,Mug,1,5\n");
    let ran = check(&workspace, &format!("{items}{GUEST}"), "orders.csv");
    insta::assert_snapshot!(outcomes(&ran), @r#"
    A invalid the item equals the one at lines-1.csv:2; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
    B valid
    "#);
}
