//! Tests of refunds: rows and documents that never decide the date, the total or the guest of their
//! order, wherever they are.

use std::fmt::Write as _;

use super::{
    both_formats::{RESOURCES, Resources, check_both},
    csv_dialects::outcomes,
};
use crate::support::{
    service::MockService,
    workspace::{RunResult, Workspace},
};

/// The keys of the topic of profiles.
const REFUNDS: &str = r#"order_price = "sum_of_lines"

[refunds]
rows = { column = "Event", is = "Refund" }
mode = "net"                     # default: leave_out
"#;

/// The rules of orders and guests.
pub(super) const RULES: &str = r#"
[order]
referenceId = { column = "Order", path = "Order" }
orderedAt = { column = "Date", path = "Date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
paymentType = { value = "other" }
[guest]
email = { column = "Email", path = "Email" }
"#;

pub(super) const ITEM: &str = r#"[item]
name = { column = "Name", path = "Name" }
quantity = { column = "Qty", path = "Qty" }
price = { column = "Price", path = "Price" }
"#;

pub(super) const HEADER: &str = "Order,Event,Date,Email,Name,Qty,Price\n";

fn sale(order: &str, price: &str) -> String {
    let date = "2026-10-01T10:00:00Z";
    format!("{order},Sale,{date},{order}@example.com,Gel of {order},2,{price}\n")
}

fn refund(order: &str, price: &str) -> String {
    let date = "2026-10-05T10:00:00Z";
    format!("{order},Refund,{date},,Gel of {order},-1,{price}\n")
}

/// Checks files with these rows, as CSV and as NDJSON.
fn check(files: &[&[String]], refunds: &str) -> [RunResult; 2] {
    check_with(files, refunds, RESOURCES)
}

/// The same on some cores and with some memory.
fn check_with(files: &[&[String]], refunds: &str, resources: Resources<'_>) -> [RunResult; 2] {
    let keys = refunds.replace("column = \"Event\"", "column = \"Event\", path = \"Event\"");
    let profile = |_: &str| format!("name = \"shop\"\n{keys}\n{RULES}{ITEM}");
    check_both(files, HEADER, profile, resources)
}

/// The outcomes of both formats, which are equal, with the amounts sent and the rows left out.
fn outcome_of(files: &[&[String]], refunds: &str) -> String {
    let [csv, ndjson] = check(files, refunds).map(|ran| {
        let summary = ran.summary();
        let sum = &summary["money"][0]["valid"];
        format!("{}\n{sum} {}", outcomes(&ran), summary["rows_skipped"])
            .replace(".ndjson", ".csv")
            .replace(":1;", ";")
    });
    assert_eq!(csv, ndjson);
    csv
}

#[test]
fn refund_rows_are_taken_off_the_total() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(REFUNDS));
    let rows = [refund("A", "10.00"), sale("B", "1.00"), sale("A", "10.00"), refund("B", "3.00")];
    insta::assert_snapshot!(outcome_of(&[&rows], REFUNDS), @r#"
    B invalid the refunds are 1.00 more than the order; rows of it may be missing, or of its refunds be there twice
    A valid
    "10.00" null
    "#);
}

#[test]
fn refund_in_another_file_is_of_its_order() {
    let (sales, refunds) =
        ([sale("A", "10.00"), sale("B", "1.00")], [refund("A", "10.00"), refund("C", "5.00")]);
    for files in [[&sales[..], &refunds[..]], [&refunds[..], &sales[..]]] {
        // Results are in the order of the files.
        let netted = sorted(&outcome_of(&files, REFUNDS));
        let left_out = sorted(&outcome_of(&files, &REFUNDS.replace("net", "leave_out")));
        insta::allow_duplicates! {
            insta::assert_snapshot!(netted, @r#"
            "12.00" null
            A valid
            B valid
            C skipped no other row of the export is of the order that was refunded
            "#);
            insta::assert_snapshot!(left_out, @r#"
            "22.00" 2
            A valid
            B valid
            C skipped no other row of the export is of the order that was refunded
            "#);
        }
    }
}

/// Parts that overlap would take a refund off twice.
#[test]
fn equal_refunds_of_two_files_are_refused() {
    let rows = [sale("A", "10.00"), refund("A", "10.00")];
    let again = [refund("A", "10.00")];
    insta::assert_snapshot!(outcome_of(&[&rows, &again], REFUNDS), @r#"
    A invalid the item equals the one at part-1.csv:3; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
    "0" null
    "#);
    insta::assert_snapshot!(outcome_of(&[&rows, &again], &REFUNDS.replace("net", "leave_out")), @r#"
    A valid
    "20.00" 2
    "#);
    let profile = format!("name = \"shop\"\n{REFUNDS}\n{RULES}{ITEM}");
    let workspace = Workspace::with("shop.toml", profile);
    workspace.file("orders.csv", [HEADER, &rows.concat(), HEADER, &again[0]].concat());
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    insta::assert_snapshot!(outcomes(&ran), @r#"A invalid the item equals the one at orders.csv:3; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both"#);
}

#[test]
fn results_do_not_depend_on_cores_or_memory() {
    let keys: Vec<_> = (0..300).map(|number| format!("N{number}")).collect();
    let rows: Vec<_> = keys
        .iter()
        .map(|key| sale(key, "10.00"))
        .chain(keys.iter().rev().map(|key| refund(key, if key == "N7" { "30" } else { "2" })))
        .collect();
    let results =
        |resources| check_with(&[&rows], REFUNDS, resources).map(|ran| (ran.results(), ran.code));
    let expected = results(("1", "256MB"));
    assert_eq!(results(("3", "1MB")), expected);
}

#[test]
fn half_of_the_key_is_refused() {
    let message = |keys: &str| {
        let [csv, _] = check(&[&[sale("A", "1")]], keys);
        assert_eq!(csv.code, 2);
        csv.err.split("\n\n").next().unwrap().to_owned()
    };
    insta::assert_snapshot!(message("[refunds]\nmode = \"net\""), @r#"
    error[profile]: "rows" is missing
     --> shop.toml:2:2  refunds.rows
      |
    2 | [refunds]
      |  ^^^^^^^
      |
      = expected the condition on the rows that are refunds, such as rows = {
        column = "Kind", is = "Refund" }, or order, the key of their order
    "#);
    insta::assert_snapshot!(message(&REFUNDS.replace("Event", "Evnet")), @r#"
    error[profile]: there is no column "Evnet" in the export
     --> shop.toml:5:19  refunds.rows
      |
    5 | rows = { column = "Evnet", is = "Refund" }
      |                   ^^^^^^^
      |
      = part-1.csv has "Event", its 2nd column of 7
    "#);
    let given = REFUNDS.replace("sum_of_lines", "given");
    insta::assert_snapshot!(message(&given), @r#"
    error[profile]: "net" takes the items of refunds off the sum of the lines: it needs order_price = "sum_of_lines", or amount, the rule of what is taken off
     --> shop.toml:6:8  refunds.mode
      |
    6 | mode = "net"                     # default: leave_out
      |        ^^^^^
      |
      = a given total is less its refunds where its rule says so: price = { sum =
        ["Total"], minus = ["Refunded"] }
    "#);
}

/// The keys of the topic of profiles for refunds that are records of their own.
const RECORDS: &str = r#"[refunds]
order = { column = "parent_id", empty = ["0"] }   # the key of the order
amount = { column = "refunded" }                  # what is taken off its total
mode = "net"
"#;

const RECORD_RULES: &str = r#"
[order]
referenceId = { column = "id", path = "id" }
orderedAt = { column = "date", path = "date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "total", path = "total" }
paymentType = { value = "other" }
[guest]
email = { column = "email", path = "email" }
"#;

/// Checks files of records as CSV, and as documents that are whole orders.
fn check_records(files: &[&[&str]], keys: &str, resources: Resources<'_>) -> [String; 2] {
    const HEADER: &str = "id,parent_id,date,email,total,refunded";
    let profile = |extension: &str| {
        let profile = format!("name = \"shop\"\n{keys}\n{RECORD_RULES}");
        if extension == "csv" {
            return profile;
        }
        let profile = profile.replace("column = \"parent_id\"", "path = \"parent_id\"");
        let profile = profile.replace("column = \"refunded\"", "path = \"refunded\"");
        profile.replace("name = \"shop\"", "name = \"shop\"\nitems = []")
    };
    check_both(files, HEADER, profile, resources).map(|ran| {
        let sum = &ran.summary()["money"][0]["valid"];
        format!("{}\n{sum}", outcomes(&ran)).replace(".ndjson", ".csv").replace(":1;", ";")
    })
}

const ORDERS: [&str; 2] = [
    "1,0,2026-10-01T10:00:00Z,a@example.com,30.00,",
    "2,,2026-10-01T11:00:00Z,b@example.com,20.00,",
];

#[test]
fn refund_records_are_taken_off_the_given_total() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(RECORDS));
    let refunds = ["7,1,soon,,,-4.50", "8,2,,,,20", "9,1,,,,-5.50", "6,3,,,,-1.00"];
    let one_file = [&refunds[..2], &ORDERS, &refunds[2..]].concat();
    let resources = RESOURCES;
    for files in [&[&one_file[..]][..], &[&ORDERS, &refunds], &[&refunds, &ORDERS]] {
        let [csv, ndjson] = check_records(files, RECORDS, resources);
        assert_eq!(sorted(&csv), sorted(&ndjson));
        insta::allow_duplicates! { insta::assert_snapshot!(sorted(&csv), @r#"
        "20.00"
        1 valid
        2 skipped
        3 skipped no other row of the export is of the order that was refunded
        "#); }
        assert_eq!(check_records(files, RECORDS, ("3", "1MB")), [csv, ndjson]);
    }
}

#[test]
fn equal_refund_records_of_two_files_are_refused() {
    let refunds = ["7,1,,,,-4.50"];
    let [csv, ndjson] = check_records(&[&ORDERS, &refunds, &refunds], RECORDS, RESOURCES);
    assert_eq!(csv, ndjson);
    insta::assert_snapshot!(csv, @r#"
    1 invalid the refund has the id "7" of the one in line 2 of part-2.csv; it would count twice
    2 valid
    "20.00"
    "#);
}

#[test]
fn half_of_a_refund_record_is_refused() {
    let message = |keys: &str| {
        let [csv, _] = check(&[&[sale("A", "1")]], keys);
        assert_eq!(csv.code, 2);
        csv.err.split("\n\n").next().unwrap().to_owned()
    };
    let keys = RECORDS.replace("parent_id", "Order").replace("refunded", "Price");
    insta::assert_snapshot!(message(&keys.replace("net", "leave_out")), @r#"
    error[profile]: "amount" has no effect without mode = "net", which takes it off the order
     --> shop.toml:4:1  refunds.amount
      |
    4 | amount = { column = "Price" }                  # what is taken off its …
      | ^^^^^^
    "#);
    let copies = format!("duplicates = {{ keep = \"newest\", by = \"Date\" }}\n{keys}");
    insta::assert_snapshot!(message(&copies), @r#"
    error[profile]: "order" contradicts duplicates: the copies of a refund that is a record of its own could not be told from other refunds of its order
     --> shop.toml:4:1  refunds.order
      |
    4 | order = { column = "Order", empty = ["0"] }   # the key of the order
      | ^^^^^ expected mode = "leave_out", or no duplicates
    "#);
}

/// Its amount was once taken off the order as one of its own currency.
#[test]
fn refund_in_another_currency_is_refused() {
    let rows = [sale("A", "10.00"), refund("A", "3.00")];
    let by_row = |rows: &[String]| {
        let keys = format!("name = \"shop\"\n{REFUNDS}\n{RULES}{ITEM}");
        let keys = keys.replace("{ value = \"EUR\" }", "{ column = \"Name\" }");
        let currency = |row: &String, code: &str| row.replace("Gel of A", code);
        let text = [HEADER.to_owned(), currency(&rows[0], "EUR"), currency(&rows[1], "USD")];
        let workspace = Workspace::with("shop.toml", keys);
        workspace.file("orders.csv", text.concat());
        workspace.file("sales.csv", text[..2].concat());
        workspace.file("refunds.csv", format!("{HEADER}{}", text[2]));
        let check = |files: &str| {
            outcomes(
                &workspace
                    .run(&format!("check {files} --profile shop.toml --pos x --max-invalid 100%")),
            )
        };
        (check("orders.csv"), check("sales.csv refunds.csv"))
    };
    let (of_one, of_two) = by_row(&rows);
    insta::assert_snapshot!(of_one, @r#"A invalid the refund is in "USD" and its order in "EUR", so it cannot be taken off"#);
    assert_eq!(of_two, of_one);
}

#[test]
fn refunds_without_items_are_refused() {
    let message = |keys: &str| {
        let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}"));
        workspace.file("orders.csv", format!("{HEADER}{}", sale("A", "1")));
        let ran = workspace.run("check orders.csv --profile shop.toml --pos x");
        assert_eq!(ran.code, 2, "{}", ran.out);
        ran.err.split("\n\n").next().unwrap().to_owned()
    };
    insta::assert_snapshot!(message(&format!("{REFUNDS}{RULES}")), @r#"
    error[profile]: "net" takes the items of refunds off their order, and the profile has no [item]
     --> shop.toml:6:8  refunds.mode
      |
    6 | mode = "net"                     # default: leave_out
      |        ^^^^^
      |
      = expected amount, the rule of what is taken off, or mode = "leave_out"
    "#);
}

/// The order was once sent at its full amount.
/// Rows of an order repeat such a value, and rows of refunds may.
#[test]
fn refund_may_repeat_an_item_of_the_order_only() {
    let keys = REFUNDS.replace("column = \"Event\"", "column = \"Event\", path = \"Event\"");
    let items = ITEM.replace("[item]", "[[item]]");
    let profile = |when: &str| {
        format!(
            "name = \"shop\"\n{keys}\n{RULES}{items}[[item]]\nfrom = 'order'\n{when}\
             name.value = 'Shipping'\nquantity.value = '1'\n\
             price = {{ column = 'Shipping', path = 'Shipping' }}\n"
        )
    };
    let row = |row: String, amount: &str| row.replace('\n', &format!(",{amount}\n"));
    let outcome_when = |files: &[&[String]], when: &str| {
        let header = HEADER.replace('\n', ",Shipping\n");
        let profile = |_: &str| profile(when);
        let [csv, ndjson] = check_both(files, &header, profile, RESOURCES)
            .map(|ran| format!("{} {}", outcomes(&ran), ran.summary()["money"][0]["valid"]));
        assert_eq!(csv, ndjson);
        csv
    };
    let outcome_of = |files: &[&[String]]| outcome_when(files, "");
    let sold = [row(sale("A", "10.00"), "4.00"), row(sale("B", "1.00"), "")];
    let outcomes = ["4", "0.00", "", "-4.00", "2.00"].map(|amount| {
        let refunded = [row(refund("A", "10.00"), amount)];
        let adjacent = [sold[0].clone(), refunded[0].clone(), sold[1].clone()];
        let outcome = outcome_of(&[&adjacent]);
        assert_eq!(outcome, outcome_of(&[&sold, &refunded]), "{amount}");
        format!("{amount}: {outcome}")
    });
    insta::assert_snapshot!(outcomes.join("\n"), @r#"
    4: A valid
    B valid "16.00"
    0.00: A valid
    B valid "16.00"
    : A valid
    B valid "16.00"
    -4.00: A invalid the refund has "-4.00" for an item of the whole order (from = "order") and does not repeat what the order has, so it is not known what it takes off that item; a when in its [[item]] that tests the kind of the row leaves refunds out
    B valid "2.00"
    2.00: A invalid the refund has "2.00" for an item of the whole order (from = "order") and does not repeat what the order has, so it is not known what it takes off that item; a when in its [[item]] that tests the kind of the row leaves refunds out
    B valid "2.00"
    "#);
    // Such a condition does not say that the row is no refund.
    let positive = "when = { column = 'Shipping', path = 'Shipping', greater = 0 }\n";
    let is_sale = "when = { column = 'Event', path = 'Event', is = 'Sale' }\n";
    let adjacent = [sold[0].clone(), row(refund("A", "10.00"), "-4.00")];
    let found = [positive, is_sale].map(|when| outcome_when(&[&adjacent], when));
    assert_eq!(found[0], outcome_of(&[&adjacent]));
    insta::assert_snapshot!(found[1], @r#"A valid "14.00""#);
    let without = [row(sale("A", "10.00"), ""), row(refund("A", "10.00"), "4.00")];
    insta::assert_snapshot!(outcome_of(&[&without]), @r#"A invalid the refund has "4.00" for an item of the whole order (from = "order") and does not repeat what the order has, so it is not known what it takes off that item; a when in its [[item]] that tests the kind of the row leaves refunds out "0""#);
}

#[test]
fn refund_under_a_changed_key_makes_its_order_invalid() {
    let rows = [sale("1001", "10.00"), refund("1001.0", "3.00"), refund("1.003E+03", "3.00")];
    let check = |refunds: &str| {
        let [csv, _] = check(&[&rows], refunds);
        outcomes(&csv)
    };
    insta::assert_snapshot!(check(REFUNDS), @r#"
    1001 invalid "1001" here and "1001.0" in line 3: one of them is what a spreadsheet or a copied cell made of the other, and the order may be split between them
    1001.0 invalid no other row of the export is of the order that was refunded
    1.003E+03 invalid no other row of the export is of the order that was refunded
    "#);
    insta::assert_snapshot!(check(&REFUNDS.replace("net", "leave_out")), @r#"
    1001 valid
    1001.0 skipped no other row of the export is of the order that was refunded
    1.003E+03 skipped no other row of the export is of the order that was refunded
    "#);
}

#[test]
fn refund_without_its_order_has_one_error() {
    let keys = format!("{REFUNDS}[severity]\nrefund_without_order = \"error\"");
    let [csv, _] = check(&[&[sale("B", "1.00"), refund("A", "10.00")]], &keys);
    let problems = csv.results()[1]["problems"].to_string();
    insta::assert_snapshot!(problems, @r#"[{"code":"refund_without_order","column":null,"column_name":null,"field":null,"file":"part-1.csv","line":3,"message":"no other row of the export is of the order that was refunded","severity":"error"}]"#);
}

/// The date of a refund once decided whether its order was a changed one.
#[test]
fn refund_of_an_order_that_was_sent_changes_it_whatever_its_date() {
    let service = MockService::start(|_| None);
    for mode in ["net", "leave_out"] {
        let keys = REFUNDS.replace("net", mode);
        let workspace =
            Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}\n{RULES}{ITEM}"));
        let send = |rows: &str| {
            workspace.file("orders.csv", format!("{HEADER}{rows}"));
            let target = format!("--base-url {} --client-key k --pos x", service.base_url);
            let pace = "--rate unlimited --identity-pause 0s --backfill --max-invalid 100%";
            workspace.run(&format!("send orders.csv --profile shop.toml {target} {pace}"))
        };
        assert_eq!(send(&sale("A", "10.00")).code, 0);
        let mut reasons = String::new();
        for date in ["2026-10-02", "2026-10-05"] {
            let ran = send(&refund("A", "3.00").replace("2026-10-05", date));
            let result = &ran.results()[0];
            let (outcome, reason) = (&result["outcome"], &result["reason"]);
            writeln!(reasons, "{date} {} {outcome} {reason}", ran.code).unwrap();
        }
        if mode == "net" {
            insta::assert_snapshot!(reasons, @r#"
            2026-10-02 1 "changed" "accepted by an earlier run, now refunded"
            2026-10-05 1 "changed" "accepted by an earlier run, now refunded"
            "#);
        } else {
            insta::assert_snapshot!(reasons, @r#"
            2026-10-02 0 "skipped" "refund without its order"
            2026-10-05 0 "skipped" "refund without its order"
            "#);
        }
    }
}

/// The lines of a text in alphabetical order.
fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Any order may be the one that was refunded, and be sent in full.
#[test]
fn refund_of_an_unknown_order_is_never_passed_over() {
    let rows = [sale("A", "8.00"), sale("B", "3.00"), refund("", "8.00"), sale("C", "3.00")];
    for key in ["unreadable_rows = \"accept\"", "rows_adjacent = true"] {
        for ran in check(&[&rows], &format!("{key}\n{REFUNDS}")) {
            assert_eq!(ran.code, 2, "{key}: {}", ran.err);
            assert!(ran.err.contains("hint: give the refund the key of its order"), "{}", ran.err);
        }
    }
}

/// Not of all orders.
#[test]
fn half_a_key_of_a_refund_is_none() {
    let keys = "key = { concat = [\"Shop\", \"Order\"], separator = \"-\" }\n[refunds]\n\
                order = { concat = [\"Shop\", \"Parent\"], separator = \"-\", optional = true }\n\
                amount = { column = \"Total\" }\nmode = \"net\"\n[order]\nprice.column = \"Total\"\n";
    let profile = format!("name = \"shop\"\n{keys}{}", RULES.replace("[order]\n", ""));
    let workspace = Workspace::with("shop.toml", profile);
    let check = |export: &str| {
        workspace.file("orders.csv", export);
        workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%")
    };
    let ran = check(
        "Shop,Order,Date,Email,Total\nS,1,2026-10-01T10:00:00Z,a@example.com,5.00\n\
         S,2,2026-10-01T10:00:00Z,a@example.com,6.00\n",
    );
    assert_eq!(outcomes(&ran), "1 valid\n2 valid");
    let shop = "Shop,Order,Parent,Date,Email,Total\nS,1,,2026-10-01T10:00:00Z,a@example.com,5.00\n";
    assert_eq!(outcomes(&check(shop)), "1 valid");
}
