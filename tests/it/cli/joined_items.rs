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

const NET: &str = "[refunds]\nrows = { column = \"Qty\", less = 0 }\nmode = \"net\"\n";

/// The keys without the items of the export.
fn only_fees() -> String {
    let (join, _) = FEES.split_once("[[item]]").unwrap();
    let (_, fees) = FEES.rsplit_once("[[item]]").unwrap();
    format!("{join}[[item]]{fees}")
}

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

/// Each value is that of a row above of the same key.
#[test]
fn blank_cells_of_a_joined_file_take_the_value_above() {
    let filled = "as = \"fees\"\nprofile = { fill_down = [\"Order\", \"Kind\"] }";
    let keys = FEES.replace("as = \"fees\"", filled);
    let fees = "Order,Kind,Amount\nA,Shipping,4.90\n,,1\nB,Wrap,2\n";
    insta::assert_snapshot!(items_of(("orders.csv", ROWS), &keys, fees), @r#"
    "A" 15.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Shipping","price":1,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 22 [{"name":"Jug","price":10,"quantity":2},{"name":"Wrap","price":2,"quantity":1}]
    "#);
    for (fees, error) in [
        (
            "Order,Kind,Amount\n,Shipping,4.90\nA,Wrap,1\n",
            "fees.csv:2: the cell of column \"Order\" is blank (fill_down)",
        ),
        (
            "Order,Kind,Amount\nA,Shipping,4.90\nB,,1\n",
            "fees.csv:3: the cell of column \"Kind\" is blank (fill_down)",
        ),
        ("Order,Sort,Amount\nA,Shipping,4.90\n", "there is no column \"Kind\""),
    ] {
        let refused = refusal(&check(("orders.csv", ROWS), &keys, fees, ""));
        assert!(refused.contains(error), "{refused}");
    }
    // A blank row has nothing to fill.
    let with_blanks = "Order,Kind,Amount\nA,Shipping,4.90\n,,\n,,1\nB,Wrap,2\n,,\n";
    let filled = items_of(("orders.csv", ROWS), &keys, fees);
    assert_eq!(items_of(("orders.csv", ROWS), &keys, with_blanks), filled);
    // Below a header is another export, and a cell that is not there is not blank.
    for fees in
        ["Order,Kind,Amount\nA,Wrap,2\nOrder,Kind,Amount\n,,1\n", "Order,Amount,Kind\nA,2\n"]
    {
        let padded = keys.replace("profile = { ", "profile = { ragged_rows = \"pad\", ");
        let refused = refusal(&check(("orders.csv", ROWS), &padded, fees, ""));
        assert!(refused.contains("fees.csv:"), "{refused}");
    }
    let two_columns =
        keys.replace("to = \"Order\" }", "to = \"Order\" }, { column = \"Name\", to = \"Kind\" }");
    let refused = refusal(&check(("orders.csv", ROWS), &two_columns, fees, ""));
    assert!(refused.contains("one of several columns of the key"), "{refused}");
    let of_documents = keys.replace("profile = { ", "profile = { format = \"json\", ");
    let refused = refusal(&check(("orders.csv", ROWS), &of_documents, FEES_FILE, ""));
    assert!(refused.contains("without effect: the profile's format is JSON"), "{refused}");
}

/// A list of items in a cell of a joined file, one for each order.
const PACKED_CART: &str = "[[join]]\nas = \"cart\"\nfile = \"fees.csv\"\n\
    on = [{ column = \"Order\", to = \"Order\" }]\n\
    [items.packed]\ncolumn = \"cart.Items\"\nseparator = \";\"\n\
    fields = { separator = \"|\", names = [\"name\", \"price\"] }\n\
    [item]\nname = { field = \"name\" }\nquantity = { value = \"1\" }\n\
    price = { field = \"price\" }\n";

/// Unless the rules of the items read columns in which the rows differ.
#[test]
fn rows_share_a_list_in_a_joined_file() {
    let keys = PACKED_CART;
    let cart = "Order,Items\nA,Mug|4;Cup|3\nB,Jug|20\n";
    let items = items_of(("orders.csv", ROWS), keys, cart);
    insta::assert_snapshot!(items, @r#"
    "A" 7 [{"name":"Mug","price":4,"quantity":1},{"name":"Cup","price":3,"quantity":1}]
    "B" 20 [{"name":"Jug","price":20,"quantity":1}]
    "#);
    let of_row = keys.replace("{ value = \"1\" }", "{ column = \"Qty\" }");
    let ran = check(("orders.csv", ROWS), &of_row, cart, "");
    insta::assert_snapshot!(outcomes(&ran), @r#"
    A invalid the rules of items in a joined file read columns in which the rows of the order that share them differ, so it is not known which values are theirs
    B valid
    "#);
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

/// Rows of a joined file are items of orders, not of the documents below them.
#[test]
fn joined_rows_of_a_document_below_an_order_are_unused() {
    let below = "{\"Order\":\"A-1\",\"Parent\":\"A\",\"Name\":\"Mug\",\"Qty\":1,\"Price\":4}\n";
    let order = DOCUMENTS.lines().next().unwrap().replace("Lines", "Other");
    let parent = "parent = { path = \"Parent\", to = \"Order\" }\n\
                  item_rows = { path = \"Name\", exists = true }\n";
    let keys = format!("{parent}{}", FEES.replace("{ column = \"", "{ path = \""));
    let fees = format!("{FEES_FILE}A-1,Gift card,2\n");
    let ran = check(("orders.ndjson", &format!("{order}\n{below}")), &keys, &fees, "");
    assert_eq!(outcomes(&ran), "A valid");
    assert!(ran.out.contains("join_row_unused") && ran.out.contains("fees.csv:4"), "{}", ran.out);
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
    let keys = format!("{FEES}{NET}");
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

/// The fields of a list or of groups of columns are not those of the joined file.
#[test]
fn items_in_cells_have_their_own_fields() {
    let fees = FEES.replace("{ column = \"Name\" }", "{ field = \"sku\" }");
    let fees = fees.replace("{ column = \"Qty\" }", "{ value = \"1\" }");
    let keys = fees.replace("{ column = \"Price\" }", "{ field = \"cost\" }");
    let packed = "[items.packed]\nNAME = \"Products\"\nseparator = \";\"\n\
                  fields = { separator = \"|\", names = [\"sku\", \"cost\", \"list\"] }\n";
    let date = "2026-10-01T10:00:00Z";
    let rows = format!("Order,Date,Products\nA,{date},m|10|15;j|5|8\nB,{date},c|2|3\n");
    let documents = format!(
        "{{\"Order\":\"A\",\"Date\":\"{date}\",\"Products\":\"m|10|15;j|5|8\"}}\n\
         {{\"Order\":\"B\",\"Date\":\"{date}\",\"Products\":\"c|2|3\"}}\n"
    );
    let of_rows = format!("{}{keys}", packed.replace("NAME", "column"));
    let of_rows = items_of(("orders.csv", &rows), &of_rows, FEES_FILE);
    let of_documents = format!("{}{keys}", packed.replace("NAME", "path"));
    let of_documents = of_documents.replace("{ column = \"", "{ path = \"");
    let of_documents = items_of(("orders.ndjson", &documents), &of_documents, FEES_FILE);
    assert_eq!(of_rows, of_documents);
    insta::assert_snapshot!(of_rows, @r#"
    "A" 20.9 [{"name":"m","price":10,"quantity":1},{"name":"j","price":5,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1}]
    "B" 2 [{"name":"c","price":2,"quantity":1}]
    "#);
    let groups = format!("Order,Date,Item 1 sku,Item 1 cost\nA,{date},m,10\nB,{date},c,2\n");
    let keys = format!("[items.repeated]\ncolumns = \"Item {{n}} *\"\n{keys}");
    insta::assert_snapshot!(items_of(("orders.csv", &groups), &keys, FEES_FILE), @r#"
    "A" 15.9 [{"name":"m","price":10,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1}]
    "B" 2 [{"name":"c","price":2,"quantity":1}]
    "#);
}

#[test]
fn join_says_which_of_its_rows_are_items() {
    let condition = "items = true\nitem_rows = { column = \"fees.Kind\", is = \"Shipping\" }";
    let keys = FEES.replace("items = true", condition);
    insta::assert_snapshot!(items_of(("orders.csv", ROWS), &keys, FEES_FILE), @r#"
    "A" 14.9 [{"name":"Mug","price":4,"quantity":1},{"name":"Shipping","price":4.9,"quantity":1},{"name":"Cup","price":3,"quantity":2}]
    "B" 20 [{"name":"Jug","price":10,"quantity":2}]
    "#);
}

/// The items would have the values of whichever row is first.
#[test]
fn rows_that_share_items_have_equal_values_for_them() {
    let keys = FEES.replace("{ column = \"fees.Kind\" }", "{ column = \"Name\" }");
    insta::assert_snapshot!(outcomes(&check(("orders.csv", ROWS), &keys, FEES_FILE, "")), @r#"
    A invalid the rules of items in a joined file read columns in which the rows of the order that share them differ, so it is not known which values are theirs
    B valid
    "#);
    let rows = ROWS.replace("Cup", "Mug");
    assert_eq!(outcomes(&check(("orders.csv", &rows), &keys, FEES_FILE, "")), "A valid\nB valid");
}

/// A night without fees is one as all others.
#[test]
fn joined_documents_may_have_no_item() {
    let keys = FEES.replace("fees.csv", "fees.json").replace("items = true", "items = \"fees[]\"");
    let workspace = Workspace::with("shop.toml", format!("name = \"shop\"\n{RULES}{keys}"));
    workspace.file("orders.csv", ROWS);
    let code_of = |array: &str| {
        workspace.file("fees.json", format!("{{\"Order\":\"Z\",\"{array}\":[]}}\n"));
        workspace.run("check orders.csv --profile shop.toml --pos x").code
    };
    assert_eq!((code_of("fees"), code_of("fess")), (0, 2));
}

/// Two equal items of an export and its fees are no row of two files.
#[test]
fn equal_items_of_two_joins_are_two() {
    let fees = "Order,Kind,Amount\nA,Mug,4\nB,Jug,10\n";
    let customers = "[[join]]\nas = \"lines\"\nfile = \"lines.csv\"\nmany = \"first\"\n\
                     on = [{ column = \"Order\", to = \"Order\" }]\n";
    let keys = format!("{customers}{FEES}[order.ext]\nfirst = {{ column = \"lines.Name\" }}\n");
    assert_eq!(outcomes(&check(("orders.csv", ROWS), &keys, fees, "")), "A valid\nB valid");
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
fn problem_names_the_column_of_its_kind_of_items() {
    let fees = "{ column = \"fees.Count\", optional = true }";
    let keys = FEES.replace("{ value = \"1\" }", fees);
    let file = FEES_FILE.replace("Amount\n", "Amount,Count\n").replace("4.90\n", "4.90,\n");
    let ran = check(("orders.csv", ROWS), &keys, &file.replace(",1\n", ",1,\n"), "");
    assert!(ran.out.contains("fees.csv:2:17  order A, column fees.Count\n"), "{}", ran.out);
}

/// Conditions of an item test its row of the joined file, also where the value is of the order's
/// row.
#[test]
fn explain_names_the_rule_of_a_joined_item() {
    let wrap = "{ column = \"Wrap\", when = { column = \"fees.Kind\", is = \"Gift wrap\" } }";
    let price = format!("[{wrap}, {{ column = \"fees.Amount\" }}]");
    let of_rows = only_fees().replace("{ column = \"fees.Amount\" }", &price);
    let of_rows = of_rows.replace(
        "{ column = \"fees.Kind\" }\nquantity",
        "{ concat = [\"Order\", \"fees.Kind\"], separator = \" \" }\nquantity",
    );
    let of_documents = of_rows.replace("{ column = \"", "{ path = \"");
    let date = "2026-10-01T10:00:00Z";
    let row = format!("Order,Date,Wrap\nA,{date},2.50\n");
    let document = format!("{{\"Order\":\"A\",\"Date\":\"{date}\",\"Wrap\":\"2.50\"}}\n");
    let exports = [(("orders.csv", &*row), of_rows), (("orders.ndjson", &document), of_documents)];
    for (export, keys) in exports {
        let ran = check(export, &keys, FEES_FILE, "--explain A");
        assert_eq!(ran.code, 0, "{}", ran.err);
        let item = ran.out.split_once("item 2").unwrap().1.split_once("guest").unwrap().0;
        let price = item.split_once("price ").unwrap().1.split_whitespace().collect::<Vec<_>>();
        assert!(price.join(" ").contains("rule 1: its condition holds"), "{}", ran.out);
        let name = item.split_once("name ").unwrap().1.split_once("quantity ").unwrap().0;
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(name.starts_with("A Gift wrap Order, fees.Kind"), "{}", ran.out);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is what is printed")]
fn errors_of_joined_items_come_at_once() {
    let refused = |keys: &str| refusal(&check(("orders.csv", ROWS), keys, FEES_FILE, ""));
    let errors = [
        FEES.replace("from = \"fees\"", "from = \"fee\""),
        FEES.replace("from = \"fees\"", "from = \"lines\""),
        FEES.replace("fees", "order"),
        FEES.replace("items = true", "items = false"),
        FEES.replace("{ column = \"Name\" }", "{ column = \"fees.Kind\" }"),
        format!("{FEES}[[item]]\nfrom = \"fees\"\nprice = {{ column = \"fees.Amount\" }}\n"),
        format!("item_rows = {{ column = \"fees.Kind\", is = \"Shipping\" }}\n{FEES}"),
        FEES.replace("{ column = \"fees.Amount\" }", "{ field = \"a\" }"),
        FEES.replace("fees.Kind", "Name").replace("fees.Amount", "Price"),
        FEES.replace("from = \"fees\"\n", "when = { column = \"Name\", is = \"Fee\" }\n"),
        format!("items.path = \"Lines\"\n{}", only_fees()),
        format!("item_rows = {{ column = \"Name\", is = \"Mug\" }}\n{}", only_fees()),
        format!("{}{NET}", only_fees()),
        format!("{}{NET}", FEES.replace("column = \"Order\", to", "column = \"Name\", to")),
        FEES.replace("from = \"fees\"\n", "").replace(
            "items = true",
            "items = true\nitem_rows = { column = \"fees.Kind\", is = \"x\" }",
        ),
    ];
    let messages = errors.map(|keys| refused(&keys));
    insta::assert_snapshot!(messages.join("\n\n"), @r#"
    error[profile]: unknown value "fee"
      --> shop.toml:22:8  item[2].from
       |
    22 | from = "fee"
       |        ^^^^^ meant "fees"?

    error[profile]: unknown value "lines"
      --> shop.toml:22:8  item[2].from
       |
    22 | from = "lines"
       |        ^^^^^^^
       |
       = expected "items", "order" or the name of a [[join]] with items = true

    error[profile]: from = "order" makes an item of the whole order and names no join
      --> shop.toml:10:6  join.as
       |
    10 | as = "order"
       |      ^^^^^^^ expected another name for the join

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
       = "fees.Kind" is read by another rule or condition; item_rows in the join
         tells which rows of the file are items

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
       = "fees.Kind" is read by item_rows; item_rows in the join tells which rows
         of the file are items

    error[profile]: the rule reads a field of an item, but from = "order" or the name of a join makes one of columns and paths
      --> shop.toml:25:1  item[2].price
       |
    25 | price = { field = "a" }
       | ^^^^^

    error[profile]: "items" has items, and no rule of them reads a column of it
      --> shop.toml:13:9  join.items
       |
    13 | items = true
       |         ^^^^
       |
       = expected for example price = { column = "fees.Price" } in each [[item]]
         with from = "fees"

    error[profile]: element 1 of "item" has no when, but other [[item]] tables are for rows or elements too
      --> shop.toml:16:1  item[1]
       |
    16 | [[item]]
       | ^^^^^^^^ expected a when in each, of which one holds for an item

    error[profile]: no [[item]] has the rules of these items
     --> shop.toml:9:1  items
      |
    9 | items.path = "Lines"
      | ^^^^^ expected one without from

    error[profile]: no [[item]] has the rules of these items
     --> shop.toml:9:1  item_rows
      |
    9 | item_rows = { column = "Name", is = "Mug" }
      | ^^^^^^^^^ expected one without from

    error[profile]: "net" takes the items of refunds off their order, and the profile has no [item]
      --> shop.toml:23:8  refunds.mode
       |
    23 | mode = "net"
       |        ^^^^^
       |
       = expected amount, the rule of what is taken off, or mode = "leave_out"

    error[profile]: "net" takes off what a refund says, and it may have other rows of the join "fees" than its order
      --> shop.toml:28:8  refunds.mode
       |
    28 | mode = "net"
       |        ^^^^^ expected the order key in on of the join, or "leave_out"

    error[profile]: "item_rows" is for a join that from of an [[item]] names
      --> shop.toml:14:1  join.item_rows
       |
    14 | item_rows = { column = "fees.Kind", is = "x" }
       | ^^^^^^^^^ expected item_rows of the profile
    "#);
}

/// The row that has the items counts, not the one before it, and what conditions read too.
#[test]
fn rows_that_share_items_are_compared_with_the_first_of_them() {
    let list = PACKED_CART.replace("\"Order\"", "\"Cart\"").replace("{ value = \"1\" }", "QTY");
    let rows = "[[join]]\nas = \"cart\"\nfile = \"fees.csv\"\nitems = true\n\
                on = [{ column = \"Cart\", to = \"Cart\" }]\n\
                [item]\nname = { column = \"cart.Name\" }\nquantity = QTY\n\
                price = { column = \"cart.Price\" }\n";
    let files = [
        (&*list, "Cart,Items\nC1,Mug|4\nC2,Cup|3\n"),
        (rows, "Cart,Name,Price\nC1,Mug,4\nC2,Cup,3\n"),
    ];
    let outcome = |quantities: [u8; 3], quantity: &str| {
        let row = |(cart, qty): (&str, u8)| format!("A,2026-10-01T10:00:00Z,{cart},{qty}\n");
        let rows = ["C1", "C2", "C1"].into_iter().zip(quantities).map(row);
        let export = format!("Order,Date,Cart,Qty\n{}", rows.collect::<String>());
        let outcomes_of = |(keys, cart): (&str, &str)| {
            let keys = keys.replace("QTY", quantity);
            outcomes(&check(("orders.csv", &export), &keys, cart, ""))
        };
        let [of_list, of_rows] = files.map(outcomes_of);
        assert_eq!(of_list, of_rows);
        of_list
    };
    let column = "{ column = \"Qty\" }";
    let condition =
        "[{ value = \"2\", when = { column = \"Qty\", is = \"2\" } }, { value = \"1\" }]";
    for quantity in [column, condition] {
        assert_eq!(outcome([1, 2, 1], quantity), "A valid");
        let differing = outcome([1, 2, 2], quantity);
        assert!(differing.starts_with("A invalid the rules of items in a joined"), "{differing}");
    }
    assert_eq!(outcome([1, 2, 2], "{ value = \"1\" }"), "A valid");
}

/// Rows that are no items, such as one of taxes, add none for those that share them.
#[test]
fn joined_items_of_a_later_row_count() {
    let keys = FEES.split_once("[[item]]").unwrap().0.to_owned()
        + "[item]\nname.column = \"fees.Kind\"\nquantity.value = \"1\"\nprice.column = \"fees.Amount\"\n";
    let keys = format!("item_rows = {{ column = \"Name\", is_not = \"Mug\" }}\n{keys}");
    let fees = format!("{FEES_FILE}B,Box,2\n");
    insta::assert_snapshot!(items_of(("orders.csv", ROWS), &keys, &fees), @r#"
    "A" 5.9 [{"name":"Shipping","price":4.9,"quantity":1},{"name":"Gift wrap","price":1,"quantity":1}]
    "B" 2 [{"name":"Box","price":2,"quantity":1}]
    "#);
}

/// A list that cannot be read is one problem, however many rows share it.
#[test]
fn shared_list_that_cannot_be_read_is_one_problem() {
    let keys = PACKED_CART;
    let ran = check(("orders.csv", ROWS), keys, "Order,Items\nA,Mug;Cup|3\nB,Jug|20\n", "");
    let results = ran.results();
    let problems = results[0]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    // Each refund would take all of them off.
    let net = "[refunds]\nrows = { column = \"Qty\", less = 0 }\nmode = \"net\"\n";
    let ran = check(("orders.csv", ROWS), &format!("{net}{keys}"), "Order,Items\nA,Mug|1\n", "");
    insta::assert_snapshot!(refusal(&ran), @r#"
    error[profile]: "net" takes the items of a row off its order, but all rows with a key share the list "cart.Items" of a joined file
      --> shop.toml:11:8  refunds.mode
       |
    11 | mode = "net"
       |        ^^^^^ expected amount, the rule of what is taken off, or "leave_out"
    "#);
}
