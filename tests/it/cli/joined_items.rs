//! Tests of items that are rows of joined files, beside the items of the export or of another file.

use std::fs;

use super::{csv_dialects::outcomes, joins::refusal};
use crate::support::workspace::{RunResult, Workspace};

/// The keys of the topic of profiles with items in a joined file beside those of the export.
const FEES: &str = r#"[[join]]
as = "fees"
file = "fees.csv"
on = [{ column = "Order", to = "Order" }]
items = true
optional = true                      # most orders have none

[[item]]
name = { column = "Name" }
quantity = { column = "Qty" }
price = { column = "Price" }

[[item]]
from = "fees"
name = { column = "fees.Kind" }
quantity = { value = "1" }
price = { column = "fees.Amount" }
"#;

/// The same keys, for documents with items in an array.
fn of_documents() -> String {
    let keys = FEES.replace("{ column = \"", "{ path = \"");
    format!("items.path = \"Lines\"\n{keys}")
}

/// The same keys, with the items of the orders in another joined file.
fn of_joined_lines() -> String {
    let lines = "[[join]]\nas = \"lines\"\nfile = \"lines.csv\"\n\
                 on = [{ column = \"Order\", to = \"Order\" }]\nitems = true\n";
    let keys = ["Name", "Qty", "Price"].iter().fold(FEES.to_owned(), |keys, name| {
        keys.replace(&format!("column = \"{name}\""), &format!("column = \"lines.{name}\""))
    });
    format!("{lines}{keys}")
}

const RULES: &str = r#"order_price = "sum_of_lines"
order.referenceId = { column = "Order", path = "Order" }
order.orderedAt = { column = "Date", path = "Date" }
order.status.value = "PURCHASED"
order.currencyCode.value = "EUR"
order.paymentType.value = "other"
guest.email.value = "a@example.com"
"#;

const ROWS: &str = "Order,Date,Name,Qty,Price\n\
                    A,2026-10-01T10:00:00Z,Mug,1,4\n\
                    A,2026-10-01T10:00:00Z,Cup,2,3\n\
                    B,2026-10-01T10:00:00Z,Jug,2,10\n";

const DOCUMENTS: &str = "{\"Order\":\"A\",\"Date\":\"2026-10-01T10:00:00Z\",\"Lines\":[\
                         {\"Name\":\"Mug\",\"Qty\":1,\"Price\":4},{\"Name\":\"Cup\",\"Qty\":2,\"Price\":3}]}\n\
                         {\"Order\":\"B\",\"Date\":\"2026-10-01T10:00:00Z\",\"Lines\":[\
                         {\"Name\":\"Jug\",\"Qty\":2,\"Price\":10}]}\n";

const ORDERS: &str = "Order,Date\nA,2026-10-01T10:00:00Z\nB,2026-10-01T10:00:00Z\n";

const LINES_FILE: &str = "Order,Name,Qty,Price\nB,Jug,2,10\nA,Mug,1,4\nA,Cup,2,3\n";

const FEES_FILE: &str = "Order,Kind,Amount\nA,Shipping,4.90\nA,Gift wrap,1\n";

/// Checks an export with its fees and lines.
fn check(export: (&str, &str), keys: &str, fees: &str, options: &str) -> RunResult {
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{RULES}{keys}"));
    workspace.file(export.0, export.1).file("fees.csv", fees).file("lines.csv", LINES_FILE);
    let options = format!("--profile shop.toml --pos x --max-invalid 100% {options}");
    workspace.run(format!("check {} {options}", export.0).trim_end())
}

/// The items of the events of an export.
fn items_of(export: (&str, &str), keys: &str, fees: &str) -> String {
    let ran = check(export, keys, fees, "--events e.ndjson");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let events = fs::read_to_string(ran.path("../e.ndjson")).unwrap();
    let events = events.lines().filter(|line| line.contains("ORDER_CHECKOUT"));
    let order = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let order = &event["order"];
        format!("{} {} {}", order["referenceId"], order["price"], order["orderItems"])
    };
    events.map(order).collect::<Vec<_>>().join("\n")
}

#[test]
fn topic_has_the_tested_example() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(FEES));
}

/// Those of a CSV export are beside the item of the first row of the order.
#[test]
fn rows_of_a_joined_file_are_items_beside_others() {
    insta::assert_snapshot!(items_of(("orders.csv", ROWS), FEES, FEES_FILE), @r#"
    "A" 15.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
    let of_documents = items_of(("orders.ndjson", DOCUMENTS), &of_documents(), FEES_FILE);
    insta::assert_snapshot!(of_documents, @r#"
    "A" 15.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Cup","price":3,"quantity":2},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
    let of_joined_lines = items_of(("orders.csv", ORDERS), &of_joined_lines(), FEES_FILE);
    assert_eq!(of_joined_lines, of_documents);
}

/// Without other items they are those of the orders.
#[test]
fn joins_may_have_all_items() {
    let keys = of_joined_lines().replacen("[[item]]\n", "[[item]]\nfrom = \"lines\"\n", 1);
    let expected = items_of(("orders.csv", ORDERS), &of_joined_lines(), FEES_FILE);
    assert_eq!(items_of(("orders.csv", ORDERS), &keys, FEES_FILE), expected);
}

#[test]
fn rows_far_apart_share_their_joined_items() {
    let lines: Vec<_> = ROWS.lines().collect();
    let scattered = [lines[0], lines[1], lines[3], lines[2], ""].join("\n");
    let expected = items_of(("orders.csv", ROWS), FEES, FEES_FILE);
    assert_eq!(items_of(("orders.csv", &scattered), FEES, FEES_FILE), expected);
}

#[test]
fn order_without_joined_items_is_unmatched() {
    let keys = FEES.replace("optional = true", "");
    insta::assert_snapshot!(outcomes(&check(("orders.csv", ROWS), &keys, FEES_FILE, "")), @r#"
    A valid
    B invalid no row of fees.csv has Order "B"
    "#);
}

/// Fees are no goods: those of the order may be lost.
#[test]
fn joined_items_alone_are_no_order() {
    let rows = ROWS.replace("Jug,2,10", ",,");
    let fees = format!("{FEES_FILE}B,Shipping,4.90\n");
    insta::assert_snapshot!(outcomes(&check(("orders.csv", &rows), FEES, &fees, "")), @r#"
    A valid
    B invalid the order has no items, so its price cannot be their sum
    "#);
}

#[test]
fn refund_has_none_of_the_joined_items() {
    let keys =
        format!("{FEES}[refunds]\nrows = {{ column = \"Qty\", less = 0 }}\nmode = \"net\"\n");
    let rows = format!("{ROWS}B,2026-10-02T10:00:00Z,Jug,-1,10\n");
    let fees = format!("{FEES_FILE}B,Shipping,4.90\n");
    insta::assert_snapshot!(items_of(("orders.csv", &rows), &keys, &fees), @r#"
    "A" 15.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 14.9 [{"name":"Jug","price":10,"quantity":2},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Jug","price":-10,"quantity":1}]
    "#);
}

#[test]
fn kinds_of_a_join_and_of_the_export_have_conditions_of_their_own() {
    let keys = FEES.replace(
        "from = \"fees\"",
        "from = \"fees\"\nwhen = { column = \"fees.Kind\", is = \"Shipping\" }",
    );
    let other = "[[item]]\nfrom = \"fees\"\nwhen = { column = \"fees.Kind\", is_not = \"Shipping\" }\n\
                 name = { value = \"Service\" }\nprice = { column = \"fees.Amount\" }\n";
    let rows = "item_rows = { column = \"Name\", is_not = \"Cup\" }\n";
    let ran = items_of(("orders.csv", ROWS), &format!("{rows}{keys}{other}"), FEES_FILE);
    insta::assert_snapshot!(ran, @r#"
    "A" 9.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Service","price":1}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
}

#[test]
fn explain_names_the_places_of_joined_items() {
    let keys = of_joined_lines().replace(
        "{ column = \"fees.Kind\" }",
        "[{ column = \"fees.Text\", optional = true }, { column = \"fees.Kind\" }]",
    );
    let ran = check(("orders.csv", ORDERS), &keys, FEES_FILE, "--explain A");
    assert_eq!(ran.code, 0, "{}", ran.err);
    let from = ran.out.find("item 1").unwrap();
    let to = ran.out[from..].find("guest").unwrap();
    insta::assert_snapshot!(&ran.out[from..from + to], @r#"
    item 1         -  Mug        1 x    4   lines.csv:3  kind 1
    item 2         -  Cup        2 x    3   lines.csv:4  kind 1
    item 3         -  Shipping   1 x 4.90   fees.csv:2  kind 2, of a joined file
      name          Shipping                 fees.Kind  fees.csv:2  rule 1:
                                                                    fees.Text is
                                                                    empty, rule 2:
                                                                    counts
      quantity      1                        constant
    item 4         -  Gift wrap  1 x    1   fees.csv:3  kind 2, of a joined file
      name          Gift wrap                fees.Kind  fees.csv:3  rule 1:
                                                                    fees.Text is
                                                                    empty, rule 2:
                                                                    counts
      quantity      1                        constant
    "#);
}

#[test]
fn errors_of_joined_items_come_at_once() {
    let refused = |keys: &str| refusal(&check(("orders.csv", ROWS), keys, FEES_FILE, ""));
    let errors = [
        FEES.replace("from = \"fees\"", "from = \"fee\""),
        FEES.replace("items = true", "items = false"),
        FEES.replace("{ column = \"Name\" }", "{ column = \"fees.Kind\" }"),
        format!("{FEES}[[item]]\nfrom = \"fees\"\nprice = {{ column = \"fees.Amount\" }}\n"),
        format!("item_rows = {{ column = \"fees.Kind\", is = \"Shipping\" }}\n{FEES}"),
    ];
    let messages = errors.map(|keys| refused(&keys));
    insta::assert_snapshot!(messages.join("\n\n"), @r#"
    error[profile]: unknown value "fee"
      --> shop.toml:22:8  item[2].from
       |
    22 | from = "fee"
       |        ^^^^^
       |
       = expected "items", "order" or the name of a [[join]] with items = true

    error[profile]: the join "fees" has no items
      --> shop.toml:22:8  item[2].from
       |
    22 | from = "fees"
       |        ^^^^^^ expected items = true in it

    error[profile]: "items" has items, of which only the rules of its [[item]] can read columns
      --> shop.toml:13:9  join.items
       |
    13 | items = true
       |         ^^^^
       |
       = "fees.Kind" is read by another rule or condition; the when of its
         [[item]] tells which rows of the file are items

    error[profile]: element 2 of "item" has no when, but other [[item]] tables are for rows or elements too
      --> shop.toml:21:1  item[2]
       |
    21 | [[item]]
       | ^^^^^^^^ expected a when in each, of which one holds for an item

    error[profile]: "items" has items, of which only the rules of its [[item]] can read columns
      --> shop.toml:14:9  join.items
       |
    14 | items = true
       |         ^^^^
       |
       = "fees.Kind" is read by item_rows; the when of its [[item]] tells which
         rows of the file are items
    "#);
}
