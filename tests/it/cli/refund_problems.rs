//! Tests of problems of refunds: each has one cause, and no refund is taken off as something else.

use super::{
    both_formats::{RESOURCES, check_both},
    refunds::{HEADER, ITEM, RULES},
};
use crate::support::workspace::{RunResult, Workspace};

const NET: &str = r#"order_price = "sum_of_lines"
[refunds]
rows = { column = "Event", path = "Event", is = "Refund" }
mode = "net"
"#;

const SALE: &str = "A,Sale,2026-10-01T10:00:00Z,a@example.com,Mug,2,10.00";
const REFUND: &str = "A,Refund,2026-10-05T10:00:00Z,b@example.com,Mug,1,10.00";

/// Each order with its outcome and the codes and lines of its problems, then the sums of valid and
/// invalid orders.
fn problems(ran: &RunResult) -> String {
    let of_result = |result: serde_json::Value| {
        let problems = result["problems"].as_array().unwrap().iter();
        let codes = problems.map(|one| format!(" {} {}", one["code"], one["line"]));
        format!("{} {}:{}\n", result["referenceId"], result["outcome"], codes.collect::<String>())
    };
    let orders: String = ran.results().into_iter().map(of_result).collect();
    let money = &ran.summary()["money"][0];
    format!("{orders}{} {}", money["valid"], money["invalid"]).replace('"', "")
}

/// The same of files with these rows, which is equal for CSV and NDJSON.
fn problems_of(files: &[&[&str]], header: &str, keys: &str) -> String {
    let profile = |_: &str| format!("name = \"shop\"\n{keys}{RULES}");
    let [csv, ndjson] = check_both(files, header, profile, RESOURCES).map(|ran| {
        assert!(ran.code < 2, "{}", ran.err);
        problems(&ran)
    });
    assert_eq!(csv, ndjson);
    csv
}

#[test]
fn refund_with_an_unreadable_list_of_items_has_one_problem() {
    let keys = format!(
        "{NET}[items.packed]\ncolumn = \"Items\"\npath = \"Items\"\nseparator = \";\"
        fields = {{ separator = \"|\", names = [\"n\", \"q\", \"p\"] }}
        [item]\nname = {{ field = \"n\" }}\nquantity = {{ field = \"q\" }}\nprice = {{ field = \"p\" }}\n"
    );
    let rows = [
        "A,Sale,2026-10-01T10:00:00Z,a@example.com,Mug|3|10.00",
        "A,Refund,2026-10-05T10:00:00Z,,Mug|3",
        "B,Sale,2026-10-01T10:00:00Z,b@example.com,Mug|3|10.00",
        "B,Refund,2026-10-05T10:00:00Z,,",
        "C,Sale,2026-10-01T10:00:00Z,b@example.com,Mug|3",
    ];
    insta::assert_snapshot!(problems_of(&[&rows], "Order,Event,Date,Email,Items\n", &keys), @r#"
    A invalid: item_unreadable 3
    B invalid: refund_unclear 5
    C invalid: item_unreadable 6
    0 60.00
    "#);
}

#[test]
fn refund_with_a_gap_in_its_items_has_one_problem() {
    let keys = format!(
        "{NET}[items.repeated]\ncolumns = \"I{{n}} *\"\n[item]\nname = {{ field = \"N\" }}
        quantity = {{ field = \"Q\" }}\nprice = {{ field = \"P\" }}\n"
    );
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}{RULES}"));
    let export = "Order,Event,Date,Email,I1 N,I1 Q,I1 P,I2 N,I2 Q,I2 P\n\
                  A,Sale,2026-10-01T10:00:00Z,a@example.com,Mug,2,10.00,Cap,1,5.00\n\
                  A,Refund,2026-10-05T10:00:00Z,,,,,Cap,1,5.00\n";
    workspace.file("orders.csv", export);
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    insta::assert_snapshot!(problems(&ran), @r#"
    A invalid: items_gap 3
    0 25.00
    "#);
}

/// Its order would be sent in full, whichever it is.
#[test]
fn refund_without_the_key_of_its_order_ends_the_run() {
    let without_key = REFUND.replacen('A', "", 1);
    let profile = |_: &str| format!("name = \"shop\"\n{NET}{RULES}{ITEM}");
    for ran in check_both(&[&[SALE, &*without_key]], HEADER, profile, RESOURCES) {
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(": the refund has no key of its order; it is not"), "{}", ran.err);
    }
}

const DOCUMENTS: &str = r#"name = "shop"
order_price = "sum_of_lines"
items = "lines"
order.referenceId = { path = "id" }
order.orderedAt = { path = "at" }
order.status.value = "PURCHASED"
order.currencyCode.value = "EUR"
order.paymentType.value = "other"
guest.email = { path = "mail" }
[refunds]
rows = { path = "kind", is = "refund" }
mode = "net"
[[item]]
name = { path = "name" }
quantity = { path = "qty" }
price = { path = "price" }
[[item]]
from = "order"
when = { path = "ship", greater = 0 }
name.value = "Shipping"
quantity.value = "1"
price = { path = "ship" }
"#;

/// A document is a refund as a whole, whether or not it has an id of its own.
#[test]
fn refunds_in_documents_with_items_are_taken_off_once() {
    let sale = r#"{"id": "A", "at": "2026-10-01T10:00:00Z", "mail": "a@example.com", "ship": 5, "lines": [{"name": "Mug", "qty": 3, "price": 4}]}"#;
    let refund =
        r#"{"id": "A", "kind": "refund", "lines": [{"name": "Mug", "qty": -1, "price": 4}]}"#;
    let workspace = Workspace::with("shop.toml", DOCUMENTS);
    let check = |documents: &[&str]| {
        workspace.file("orders.ndjson", documents.join("\n"));
        workspace.run("check orders.ndjson --profile shop.toml --pos x --max-invalid 100%")
    };
    let shipped = refund.replace("\"lines\"", "\"ship\": -5, \"lines\"");
    let found = [
        &[sale, refund][..],
        &[sale, refund, refund],
        &[sale, refund, sale, refund],
        &[sale, &shipped],
    ]
    .map(|documents| problems(&check(documents)));
    insta::assert_snapshot!(found.join("\n"), @r#"
    A valid:
    13 0
    A invalid: refund_repeated 3
    0 9
    A invalid: order_copied 3 refund_repeated 4
    0 9
    A invalid: refund_unclear 2
    0 13
    "#);
    insta::assert_snapshot!(check(&[sale, &refund.replace("\"id\": \"A\"", "\"id\": [\"A\"]")]).err, @r#"
    error: orders.ndjson:2: the refund has no key of its order; it is not known which order the row belongs to
      hint: give the refund the key of its order, or leave refunds out with mode = "leave_out" under [refunds]
    "#);
}

/// Whether the row is a refund is not known, so neither its date nor its amount says anything.
#[test]
fn row_that_may_be_a_refund_has_no_other_problem() {
    let rows = "rows = { column = \"Left\", path = \"Left\", less = 0 }";
    let keys = NET.replace(NET.lines().nth(2).unwrap(), rows) + ITEM;
    let header = "Order,Left,Date,Email,Name,Qty,Price\n";
    let sale = SALE.replace("Sale", "1");
    let doubtful = REFUND.replace("Refund", "-1x");
    let without_key = doubtful.replacen('A', "", 1);
    insta::assert_snapshot!(problems_of(&[&[&*sale, &doubtful]], header, &keys), @r#"
    A invalid: condition_unreadable 3
    0 30.00
    "#);
    for files in [[&[&*sale][..], &[&*doubtful]], [&[&*doubtful], &[&*sale]]] {
        insta::allow_duplicates! { insta::assert_snapshot!(problems_of(&files, header, &keys), @r#"
        A invalid: condition_unreadable 2
        0 20.00
        "#); }
    }
    // Without a key it may be a refund of any order, also where rows of an order are adjacent.
    for adjacent in [keys.clone(), format!("rows_adjacent = true\n{keys}")] {
        let profile = format!("name = \"shop\"\n{adjacent}{RULES}");
        let workspace = Workspace::with("shop.toml", profile);
        let sale_below = sale.replacen('A', "B", 1);
        workspace.file("o.csv", format!("{header}{sale}\n{without_key}\n{sale_below}\n"));
        let ran = workspace.run("check o.csv --profile shop.toml --pos x --max-invalid 100%");
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(
            ran.err.contains(
                "o.csv:3: rows of [refunds] cannot be tested and the row has no order key"
            ),
            "{}",
            ran.err
        );
    }
    // Without an order it is one.
    insta::assert_snapshot!(problems_of(&[&[&*doubtful]], header, &keys), @r#"
    A invalid: condition_unreadable 2
    0 10.00
    "#);
}

/// It may be a refund of the order in the other file, which is not known as a whole then.
#[test]
fn unreadable_row_of_another_file_is_of_its_order() {
    for mode in ["net", "leave_out"] {
        let keys = NET.replace("net", mode) + ITEM;
        let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}{RULES}"));
        workspace.file("sales.csv", format!("{HEADER}{SALE}\n"));
        workspace
            .file("refunds.csv", format!("{HEADER}{REFUND},\n{}\n", REFUND.replacen('A', "B", 1)));
        workspace.file("both.csv", format!("{HEADER}{SALE}\n{REFUND},\n"));
        let check = |files: &str| {
            let options = "--profile shop.toml --pos x --max-invalid 100%";
            problems(&workspace.run(&format!("check {files} {options}")))
        };
        insta::allow_duplicates! {
            insta::assert_snapshot!(check("sales.csv refunds.csv"), @r#"
            A invalid: row_unreadable 2
            B skipped: refund_without_order 3
            0 20.00
            "#);
            insta::assert_snapshot!(check("both.csv"), @r#"
            A invalid: row_unreadable 3
            0 20.00
            "#);
        }
    }
}

/// The keys of refunds that are records of their own.
const RECORDS: &str = r#"[refunds]
order = { column = "parent", path = "parent" }
mode = "net"
amount = { column = "refunded", path = "refunded" }
"#;

/// The rules of orders whose total is in the export.
fn rules_with_total() -> String {
    let total = "price = { column = \"total\", path = \"total\" }\n";
    RULES.replace("paymentType", &format!("{total}paymentType"))
}

/// The problems of orders and of refunds that are records, which are those of both formats.
fn problems_of_records(files: &[&[&str]], header: &str, rules: &str) -> String {
    let profile = |extension: &str| {
        let items = if extension == "csv" { "" } else { "items = []\n" };
        format!("name = \"shop\"\n{items}{RECORDS}{rules}")
    };
    let [csv, ndjson] = check_both(files, header, profile, RESOURCES).map(|ran| problems(&ran));
    assert_eq!(sorted(&csv), sorted(&ndjson));
    sorted(&csv)
}

/// The amount of a record was once taken off its order as one of the same currency.
#[test]
fn refund_record_in_another_currency_is_refused() {
    let currency = "{ column = \"currency\", path = \"currency\" }";
    let rules = rules_with_total().replace("{ value = \"EUR\" }", currency);
    let header = "Order,parent,Date,Email,total,currency,refunded\n";
    let orders = [
        "1,,2026-10-01T10:00:00Z,a@example.com,30.00,EUR,",
        "2,,2026-10-01T10:00:00Z,b@example.com,30.00,EUR,",
        "3,,2026-10-01T10:00:00Z,c@example.com,30.00,EUR,",
    ];
    let refunds = ["7,1,,,,USD,5.00", "8,2,,,,EUR,5.00", "9,3,,,,,5.00"];
    let check = |files: &[&[&str]], rules: &str| problems_of_records(files, header, rules);
    let one_file = [&orders[..], &refunds].concat();
    let found = check(&[&one_file], &rules);
    insta::assert_snapshot!(found, @r#"
    1 invalid: mixed_currencies 5
    2 valid:
    3 valid:
    50.00 25.00
    "#);
    let found = check(&[&orders, &refunds], &rules);
    insta::assert_snapshot!(found, @r#"
    1 invalid: mixed_currencies 2
    2 valid:
    3 valid:
    50.00 25.00
    "#);
    // The rule says which one of several currencies is that of an order, not of its refunds.
    let two = ["7,1,,,,EUR,5.00", "8,1,,,,USD,5.00"];
    let first = rules.replace("path = \"currency\"", "path = \"currency\", disagree = \"first\"");
    let found = check(&[&orders[..1], &two], &first);
    insta::assert_snapshot!(found, @r#"
    0 20.00
    1 invalid: first_value_taken 3 mixed_currencies 3
    "#);
}

/// The tenant would hold the whole price: it adds the items up, and no item tells the refund.
#[test]
fn refunded_amount_needs_a_route_with_a_total() {
    let keys = "[refunds]\norder = { column = \"parent\" }\nmode = \"net\"
        amount = { column = \"refunded\" }\n";
    let rules = RULES.replace("paymentType", "price = { column = \"total\" }\npaymentType") + ITEM;
    let typed = rules.replace("[item]", "[item]\ntype.value = \"MUG\"\nproductId.value = \"M\"");
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}{typed}"));
    let export = "Order,parent,Date,Email,total,refunded,Name,Qty,Price\n\
                  A,,2026-10-01T10:00:00Z,a@example.com,30.00,,Mug,3,10.00\n\
                  7,A,,,,2.50,,,\n";
    workspace.file("orders.csv", export);
    let check = |mode: &str| {
        let options = "--profile shop.toml --pos x --max-invalid 100% --mode";
        problems(&workspace.run(&format!("check orders.csv {options} {mode}")))
    };
    insta::assert_snapshot!(check("single"), @r#"
    A valid:
    27.50 0
    "#);
    insta::assert_snapshot!(check("multi"), @r#"
    A invalid: refund_unsupported 3
    0 27.50
    "#);
}

/// A record that is there twice was once taken off twice.
#[test]
fn refund_record_counts_once() {
    let header = "Order,parent,Date,Email,total,refunded\n";
    let rows = [
        "A,,2026-10-01T10:00:00Z,a@example.com,30.00,",
        "7,A,,,,5.00",
        "8,A,,,,5.00",
        "7,A,,,,5.00",
        "B,,2026-10-01T10:00:00Z,b@example.com,30.00,",
        "9,B,,,,5.00",
        "10,B,,,,5.00",
    ];
    let check = |files: &[&[&str]]| problems_of_records(files, header, &rules_with_total());
    insta::assert_snapshot!(check(&[&rows]), @r#"
    20.00 15.00
    A invalid: refund_repeated 5
    B valid:
    "#);
    // Without an id of its own, one is told apart by its row.
    let without_id = [rows[0], ",A,,,,5.00", ",A,,,,6.00", ",A,,,,5.00"];
    insta::assert_snapshot!(check(&[&without_id[..3]]), @r#"
    19.00 0
    A valid:
    "#);
    insta::assert_snapshot!(check(&[&without_id]), @r#"
    0 14.00
    A invalid: refund_repeated 5
    "#);
    let other_amount = ["7,A,,,,6.00"];
    let found = check(&[&rows[..3], &other_amount]);
    insta::assert_snapshot!(found, @r#"
    0 14.00
    A invalid: refund_repeated 2
    "#);
}

/// Its order was once sent at its full amount, beside an invalid one with the id of the refund.
#[test]
fn refund_record_that_cannot_be_tested_is_of_the_order_it_names() {
    let rows = "rows = { column = \"refunded\", path = \"refunded\", greater = 0 }\n";
    let records = format!("{RECORDS}{rows}");
    let header = "Order,parent,Date,Email,total,refunded\n";
    let orders = [
        "A,,2026-10-01T10:00:00Z,a@example.com,30.00,",
        "B,,2026-10-01T10:00:00Z,b@example.com,30.00,",
    ];
    let refunds = ["7,A,,,,5.00 EUR", "8,B,,,,5.00"];
    let check = |files: &[&[&str]]| {
        let profile = |extension: &str| {
            let items = if extension == "csv" { "" } else { "items = []\n" };
            format!("name = \"shop\"\n{items}{records}{}", rules_with_total())
        };
        let [csv, ndjson] = check_both(files, header, profile, RESOURCES).map(|ran| problems(&ran));
        assert_eq!(sorted(&csv), sorted(&ndjson));
        sorted(&csv)
    };
    let one_file = [&orders[..], &refunds].concat();
    insta::assert_snapshot!(check(&[&one_file]), @r#"
    25.00 30.00
    A invalid: condition_unreadable 4
    B valid:
    "#);
    insta::assert_snapshot!(check(&[&orders, &refunds]), @r#"
    25.00 30.00
    A invalid: condition_unreadable 2
    B valid:
    "#);
}

/// Other rows of the order that it may be of would be sent without it.
#[test]
fn row_of_an_item_that_may_be_a_refund_record_ends_the_run() {
    let rows = "rows = { column = \"refunded\", greater = 0 }\n";
    let profile = format!("name = \"shop\"\n{RECORDS}{rows}{}{ITEM}", rules_with_total());
    let workspace = Workspace::with("shop.toml", profile.replace(", path = \"parent\"", ""));
    let date = "2026-10-01T10:00:00Z,a@example.com,20.00";
    workspace.file(
        "orders.csv",
        format!(
            "Order,parent,Date,Email,total,Name,Qty,Price,refunded\nA,,{date},Mug,2,10.00,\n\
             B,A,{date},Mug,1,10.00,\nB,A,{date},Cup,1,10.00,x\n"
        ),
    );
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err, @r#"
    error: orders.csv:4: rows of [refunds] cannot be tested, so the row may be a refund of another order; it is not known which order the row belongs to
      hint: fix the value that rows of [refunds] tests, or let it test another column or path
    "#);
}

/// All orders of such an export were once left out as refunds, with exit code 0.
#[test]
fn lone_refund_that_names_itself_is_refused() {
    let header = "Order,parent,Date,Email,total,refunded\n";
    let row = |key: &str, parent: &str| {
        format!("{key},{parent},2026-10-01T10:00:00Z,a@example.com,30.00,5.00")
    };
    let check = |rows: &[&str], keys: &str| {
        let profile = |extension: &str| {
            let items = if extension == "csv" { "" } else { "items = []\n" };
            format!("name = \"shop\"\n{items}{keys}{}", rules_with_total())
        };
        let [csv, ndjson] =
            check_both(&[rows], header, profile, RESOURCES).map(|ran| problems(&ran));
        assert_eq!(sorted(&csv), sorted(&ndjson));
        sorted(&csv)
    };
    let (lone, order) = (row("A", "A"), row("A", ""));
    let left_out = RECORDS.lines().filter(|line| !line.starts_with("amount"));
    let left_out = left_out.map(|line| line.replace("net", "leave_out") + "\n").collect::<String>();
    insta::assert_snapshot!(check(&[&lone], RECORDS), @r#"
    A invalid: refund_unclear 2
    null null
    "#);
    insta::assert_snapshot!(check(&[&lone], &left_out), @r#"
    A invalid: refund_unclear 2
    null null
    "#);
    insta::assert_snapshot!(check(&[&order, &lone], RECORDS), @r#"
    25.00 0
    A valid:
    "#);
    insta::assert_snapshot!(check(&[&order, &lone], &left_out), @r#"
    30.00 0
    A valid:
    "#);
    let rows = "rows = { column = \"refunded\", path = \"refunded\", empty = false }\n";
    insta::assert_snapshot!(check(&[&lone], &format!("{RECORDS}{rows}")), @r#"
    A skipped: refund_without_order 2
    null null
    "#);
}

/// They were once one problem, at the line of the first.
#[test]
fn each_refund_record_without_its_order_is_reported() {
    let header = "Order,parent,Date,Email,total,refunded\n";
    let rows = ["7,A,,,,5.00", "8,A,,,,5.00", "9,B,,,,5.00", ",B,,,,5.00"];
    let check = |files: &[&[&str]]| problems_of_records(files, header, &rules_with_total());
    insta::assert_snapshot!(check(&[&rows]), @r#"
    A skipped: refund_without_order 2 refund_without_order 3
    B skipped: refund_without_order 4 refund_without_order 5
    null null
    "#);
    insta::assert_snapshot!(check(&[&rows[..1], &rows[1..]]), @r#"
    A skipped: refund_without_order 2 refund_without_order 2
    B skipped: refund_without_order 3 refund_without_order 4
    null null
    "#);
}

/// An order was once sent with a refund taken off twice, as a warning of another row was there.
#[test]
fn severity_of_rows_in_two_files_lets_no_refund_count_twice() {
    let header = "Order,parent,Date,Email,total,refunded\n";
    let rules = format!("{}[severity]\nrow_in_two_files = \"warning\"\n", rules_with_total());
    let sale = "A,,2026-10-01T10:00:00Z,a@example.com,30.00,";
    let check = |files: &[&[&str]], rules: &str| problems_of_records(files, header, rules);
    let files: [&[&str]; 2] = [&[sale, "7,A,,,,5.00"], &["7,A,,,,5.00", "7,A,,,,6.00"]];
    insta::assert_snapshot!(check(&files, &rules), @r#"
    0 14.00
    A invalid: refund_repeated 2 refund_repeated 3
    "#);
    // The same record in two files has one problem, and equal amounts of two records have none.
    let files: [&[&str]; 2] = [&[sale, "7,A,,,,5.00"], &["7,A,,,,5.00"]];
    insta::assert_snapshot!(check(&files, &rules_with_total()), @r#"
    0 20.00
    A invalid: refund_repeated 2
    "#);
    let files: [&[&str]; 2] = [&[sale, "7,A,,,,5.00"], &["8,A,,,,5.00"]];
    insta::assert_snapshot!(check(&files, &rules_with_total()), @r#"
    20.00 0
    A valid:
    "#);
}

/// Its order was once sent at its full amount, with a warning of the refund alone.
#[test]
fn refund_with_another_spelling_of_its_order_makes_it_invalid() {
    let keys = NET.to_owned() + ITEM;
    let refund = |key: &str| REFUND.replacen('A', key, 1);
    let sale = |key: &str| SALE.replacen('A', key, 1);
    let rows = [
        sale("001001"),
        refund("1001"),
        sale("#B"),
        refund("b"),
        sale("C"),
        refund("D"),
        sale("07"),
        sale("7"),
        refund("7"),
    ];
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    insta::assert_snapshot!(problems_of(&[&rows], HEADER, &keys), @r#"
    001001 invalid: refund_misspelt 2
    1001 invalid: refund_without_order 3 refund_misspelt 3
    #B invalid: refund_misspelt 4
    b invalid: refund_without_order 5 refund_misspelt 5
    C valid:
    D skipped: refund_without_order 7
    07 valid:
    7 valid:
    50.00 40.00
    "#);
    let left_out = keys.replace("net", "leave_out");
    insta::assert_snapshot!(problems_of(&[&rows], HEADER, &left_out), @r#"
    001001 valid:
    1001 skipped: refund_without_order 3
    #B valid:
    b skipped: refund_without_order 5
    C valid:
    D skipped: refund_without_order 7
    07 invalid: duplicate_content 8
    7 invalid: duplicate_content 9
    60.00 40.00
    "#);
}

/// A row that was a refund was once added to its order, with a warning of the text.
#[test]
fn spreadsheet_text_that_is_a_warning_decides_no_refund() {
    let keys = format!("{NET}{ITEM}[severity]\nspreadsheet_text = \"warning\"\n");
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}{RULES}"));
    let refund = REFUND.replace("Refund", "\"=\"\"Refund\"\"\"");
    workspace.file("orders.csv", format!("{HEADER}{SALE}\n{refund}\n"));
    let ran = workspace.run("check orders.csv --profile shop.toml --pos x --max-invalid 100%");
    insta::assert_snapshot!(problems(&ran), @r#"
    A invalid: condition_unreadable 3 spreadsheet_text 3
    0 30.00
    "#);
}

/// All orders of such an export were once one refund of the order 0, which was left out.
#[test]
fn placeholder_for_no_order_ends_the_run() {
    let header = "Order,parent,Date,Email,total,refunded\n";
    let rows = [
        "A,0,2026-10-01T10:00:00Z,a@example.com,30.00,",
        "B,0,2026-10-01T10:00:00Z,b@example.com,30.00,",
        "7,A,,,,5.00",
    ];
    let check = |order: &str| {
        let records = RECORDS.replace("path = \"parent\"", &format!("path = \"parent\"{order}"));
        let rules = rules_with_total();
        let profile = |extension: &str| {
            let items = if extension == "csv" { "" } else { "items = []\n" };
            format!("name = \"shop\"\n{items}{records}{rules}")
        };
        check_both(&[&rows], header, profile, RESOURCES)
    };
    for (ran, extension) in check("").iter().zip(["csv", "ndjson"]) {
        let error = format!("error: part-1.{extension}:2: refunds.order reads a placeholder");
        assert!(ran.code == 2 && ran.err.contains(&error), "{}", ran.err);
        assert!(
            ran.err.contains("hint: let the placeholder be empty: empty = [\"0\"]"),
            "{}",
            ran.err
        );
    }
    for ran in check(", empty = [\"0\"]") {
        insta::allow_duplicates! { insta::assert_snapshot!(sorted(&problems(&ran)), @r#"
        55.00 0
        A valid:
        B valid:
        "#); }
    }
}

/// It was once taken for an order, and the order that it refunds was sent at its full amount.
#[test]
fn refund_record_of_an_unknown_order_ends_the_run() {
    let rules = RULES.replace("paymentType", "price = { path = \"total\" }\npaymentType");
    let keys = "items = []\n[refunds]\norder = { path = \"of\" }\namount = { path = \"total\" }\n\
                mode = \"net\"\n";
    let row = |id: &str, of: &str| {
        format!(
            "{{\"Order\":\"{id}\",\"Date\":\"2026-10-01T10:00:00Z\",\"Email\":\"a@example.com\",\
             \"total\":5,\"of\":{of}}}\n"
        )
    };
    let check = |keys: &str, export: &str, rows: &str| {
        let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{keys}{rules}"));
        workspace.file(export, rows);
        let ran = workspace.run(&format!("check {export} --profile shop.toml --pos x"));
        let results = if ran.code == 2 { String::new() } else { problems(&ran) };
        format!("{}{results}", ran.err)
    };
    insta::assert_snapshot!(check(keys, "o.ndjson", &(row("A", "null") + &row("7", "{\"id\":\"A\"}"))), @r#"
    error: o.ndjson:2: refunds.order reads no key of an order from the value; expected a text or a number, or nothing where the row is no refund; it is not known which order the row belongs to
      hint: let rows under [refunds] tell which rows are refunds, by a value that only they have: rows = { path = "…", empty = false }; or let order read the whole key of an order
    "#);
    insta::assert_snapshot!(check(keys, "o.ndjson", &(row("A", "\"\"") + &row("7", "[\"A\"]"))), @r#"
    error: o.ndjson:2: refunds.order reads no key of an order from the value; expected a text or a number, or nothing where the row is no refund; it is not known which order the row belongs to
      hint: let rows under [refunds] tell which rows are refunds, by a value that only they have: rows = { path = "…", empty = false }; or let order read the whole key of an order
    "#);
    let second = keys.replace("\"of\"", "\"of\", split = \"/\", part = 2");
    insta::assert_snapshot!(check(&second, "o.ndjson", &(row("A", "null") + &row("7", "\"A\""))), @r#"
    error: o.ndjson:2: refunds.order reads no key of an order from the value; expected a text or a number, or nothing where the row is no refund; it is not known which order the row belongs to
      hint: let rows under [refunds] tell which rows are refunds, by a value that only they have: rows = { path = "…", empty = false }; or let order read the whole key of an order
    "#);
    let stripped = keys.replace("\"of\"", "\"of\", strip_prefix = \"#\"");
    insta::assert_snapshot!(check(&stripped, "o.ndjson", &(row("A", "null") + &row("7", "\"#\""))), @r##"
    error: o.ndjson:2: refunds.order reads no key of an order from the value, of which its steps leave nothing; expected the key of an order, or nothing where the row is no refund; it is not known which order the row belongs to
      hint: let the value count as empty where it stands for no order: empty = ["#"], with the text of the cell, in the rule of order under [refunds]
    "##);
    let joined = keys.replace("path = \"of\"", "concat = [\"Email\", \"of\"], separator = \"-\"");
    insta::assert_snapshot!(check(&joined, "o.ndjson", &row("A", "null")), @r#"
    error: o.ndjson:1: refunds.order reads a part of the key of an order; expected all parts, or none where the row is no refund; or rows, the condition on the rows that are refunds; it is not known which order the row belongs to
      hint: let rows under [refunds] tell which rows are refunds, by a value that only they have: rows = { path = "…", empty = false }; or let order read the whole key of an order
    "#);
    let key = "key = { concat = [\"Email\", \"Order\"], separator = \"-\" }\n";
    let rows = row("A", "null") + &row("7", "\"A\"");
    insta::assert_snapshot!(check(&format!("{key}{joined}"), "o.ndjson", &rows), @r#"
    the rows of 1 order are scattered: the export is read a second time
    A skipped:
    0 0
    "#);
}

/// The lines of a text in alphabetical order.
fn sorted(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
