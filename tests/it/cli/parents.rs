//! Tests of `parent`: lines of their own that belong to the document of an order, near it or far
//! from it. Rejects are read again with the same profile.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use orderferry::model::outcome::Outcome;
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    arbitrary,
    support::{
        rng::TestRng,
        workspace::{RunResult, Workspace},
    },
};

pub(super) const PROFILE: &str = r#"name = "shop"
parent = { path = "parentId", to = "id" }
item_rows = { path = "sku", exists = true }
[order]
referenceId = { path = "id" }
orderedAt = { path = "at" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { path = "total" }
paymentType = { value = "other" }
[item]
type = { value = "PRODUCT" }
productId = { path = "sku" }
name = { path = "sku" }
quantity = { value = "1" }
price = { path = "price" }
[guest]
email = { path = "email" }
"#;

/// Of the help about profiles.
const EXAMPLE: &str = r#"parent = { path = "__parentId", to = "id" }
item_rows = { path = "id", starts_with = "gid://shopify/LineItem/" }
"#;

const CHECK: &str = "check orders.ndjson --profile shop.toml --pos x --max-invalid 100%";

fn order(id: &str) -> String {
    let at = "2025-03-01T10:00:00Z";
    format!("{{\"id\":\"{id}\",\"at\":\"{at}\",\"total\":5,\"email\":\"ann@example.com\"}}\n")
}

fn item(id: &str, parent: &str) -> String {
    format!("{{\"id\":\"{id}\",\"parentId\":\"{parent}\",\"sku\":\"S-{id}\",\"price\":5}}\n")
}

fn note(id: &str, parent: &str) -> String {
    format!("{{\"id\":\"{id}\",\"parentId\":\"{parent}\",\"note\":\"n\"}}\n")
}

fn workspace(lines: &str, profile: &str) -> Workspace {
    let workspace = Workspace::with("orders.ndjson", lines);
    workspace.file("shop.toml", profile);
    workspace
}

fn codes(ran: &RunResult) -> Vec<(Value, Value, Vec<Value>)> {
    let of_result = |result: Value| {
        let problems = result["problems"].as_array().unwrap().iter();
        let codes = problems.map(|problem| problem["code"].clone()).collect();
        (result["referenceId"].clone(), result["outcome"].clone(), codes)
    };
    ran.results().into_iter().map(of_result).collect()
}

/// Checks an export, and its rejects, which must get the same judgement.
fn report(lines: &str, profile: &str) -> String {
    let workspace = workspace(lines, profile);
    let ran = workspace.run(CHECK);
    if ran.code == 1 {
        let rejects = ran.text("rejects/orders.ndjson");
        assert!(rejects.lines().all(|reject| lines.contains(reject)), "{rejects}");
        workspace.file("orders.ndjson", &rejects);
        let invalid: Vec<_> =
            codes(&ran).into_iter().filter(|(_, outcome, _)| outcome == "invalid").collect();
        let again = workspace.run(CHECK);
        // Without any order its members are missing in the whole file.
        if !again.err.contains("no document has") {
            assert_eq!(codes(&again), invalid, "{rejects}");
        }
    }
    let summary = || format!("{} items, {} left out", ran.summary()["items"], left_out(&ran));
    let summary = if ran.code == 2 { String::new() } else { summary() };
    format!("{summary} {}", ran.report())
}

fn left_out(ran: &RunResult) -> Value {
    ran.summary()["rows_skipped"].clone()
}

fn cases(cases: &[(&str, &[String])]) -> String {
    let case =
        |(name, lines): &(&str, &[String])| format!("{name}: {}", report(&lines.concat(), PROFILE));
    cases.iter().map(case).collect()
}

#[test]
fn lines_belong_to_the_document_with_their_parent() {
    let number =
        "{\"id\":17,\"at\":\"2025-03-01T10:00:00Z\",\"total\":5,\"email\":\"ann@example.com\"}\n";
    let found = cases(&[
        ("behind it", &[order("A"), item("1", "A"), note("2", "A"), order("B"), item("3", "B")]),
        ("before it", &[item("1", "A"), item("2", "A"), order("A"), order("B")]),
        ("far from it", &[item("1", "A"), order("B"), item("3", "B"), order("A"), item("2", "A")]),
        ("of a child", &[order("A"), note("1", "A"), item("2", "1"), note("3", "2")]),
        ("before a child", &[item("3", "2"), item("2", "1"), item("1", "A"), order("A")]),
        ("a number", &[number.to_owned(), item("1", "17")]),
        (
            "the id of an order and a line",
            &[order("A"), item("B", "A"), order("B"), item("1", "B")],
        ),
    ]);
    insta::assert_snapshot!(found, @r#"
    behind it: 2 items, 1 left out exit 0
        A valid
        B valid
    before it: 2 items, null left out exit 0
        A valid
            total_differs 3:47 the items add up to 10, the order's price is 5
        B valid
            order_without_items 4:null the order has no items
    far from it: 3 items, null left out exit 0
        the rows of 1 order are scattered: the export is read a second time
        B valid
        A valid
            total_differs 4:47 the items add up to 10, the order's price is 5
    of a child: 0 items, 3 left out exit 0
        documents may be apart from their parent: the export is read a second time
        A valid
            order_without_items 1:null the order has no items
    before a child: 1 items, 2 left out exit 0
        documents may be apart from their parent: the export is read a second time
        A valid
    a number: 1 items, null left out exit 0
        17 valid
    the id of an order and a line: 2 items, null left out exit 0
        documents may be apart from their parent: the export is read a second time
        A valid
        B valid
    "#);
}

#[test]
fn topic_has_the_tested_example() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(EXAMPLE));
    let gid = |kind: &str, number: u8| format!("gid:\\/\\/shopify\\/{kind}\\/{number}");
    let [order_id, item_id, discount] = [gid("Order", 1), gid("LineItem", 2), gid("Discount", 3)];
    let lines = [order(&order_id), item(&item_id, &order_id), note(&discount, &order_id)];
    let (_, rest) = PROFILE.split_once("[order]").unwrap();
    let profile = format!("name = \"shop\"\n{EXAMPLE}[order]{rest}");
    let lines = lines.concat().replace("parentId", "__parentId");
    insta::assert_snapshot!(report(&lines, &profile), @r#"
    1 items, 1 left out exit 0
        gid://shopify/Order/1 valid
    "#);
}

#[test]
fn lines_without_their_document_are_problems() {
    let found = cases(&[
        ("an orphan", &[order("A"), item("1", "A"), item("2", "B"), note("3", "B")]),
        ("far apart", &[item("2", "B"), order("A"), item("1", "A"), item("3", "B")]),
        ("no item", &[order("A"), note("1", "B")]),
        ("its own parent", &[order("A"), item("B", "B")]),
        ("a wrong item", &[order("A"), item("1", "B").replace('5', "\"five\"")]),
        ("a child of an orphan", &[item("1", "B"), item("2", "1"), order("A")]),
    ]);
    insta::assert_snapshot!(found, @r#"
    an orphan: 1 items, null left out exit 1
        A valid
        B invalid
            parent_missing 3:22 no document has the id "B" of the one it belongs to
            parent_missing 4:null no document has the id "B" of the one it belongs to
    far apart: 1 items, null left out exit 1
        the rows of 1 order are scattered: the export is read a second time
        B invalid
            parent_missing 1:22 no document has the id "B" of the one it belongs to
            parent_missing 4:22 no document has the id "B" of the one it belongs to
        A valid
    no item: 0 items, null left out exit 1
        warning: orders.ndjson: no document has "price", which the profile reads for item.price
        warning: orders.ndjson: no document has "sku", which the profile reads for item.name
        warning: orders.ndjson: no document has "sku", which the profile reads for item.productId
        A valid
            order_without_items 1:null the order has no items
        B invalid
            parent_missing 2:null no document has the id "B" of the one it belongs to
    its own parent: 0 items, null left out exit 1
        A valid
            order_without_items 1:null the order has no items
        B invalid
            parent_circle 2:22 the document "B" belongs to itself
    a wrong item: 0 items, null left out exit 1
        A valid
            order_without_items 1:null the order has no items
        B invalid
            parent_missing 2:22 no document has the id "B" of the one it belongs to
            number_unreadable 2:46 "five" is not a decimal number such as 1234.50
    a child of an orphan: 0 items, 1 left out exit 1
        documents may be apart from their parent: the export is read a second time
        B invalid
            parent_missing 1:22 no document has the id "B" of the one it belongs to
        A valid
            order_without_items 3:null the order has no items
    "#);
}

/// The order was once sent without the item.
#[test]
fn item_with_another_spelling_of_its_order_makes_it_invalid() {
    let found = cases(&[
        ("a mark", &[order("A"), item("1", "A"), item("2", "#A"), order("B"), item("3", "B")]),
        ("another case", &[order("A"), item("1", "A"), order("B"), item("3", "B"), item("2", "a")]),
    ]);
    insta::assert_snapshot!(found, @r##"
    a mark: 1 items, null left out exit 1
        the rows of 1 order are scattered: the export is read a second time
        A invalid
            parent_missing 1:null the order is "A", and the document in line 3 belongs to "#A": they differ in their spelling only, so that the document may be a part of this order
        #A invalid
            parent_missing 3:22 no document has the id "#A" of the one it belongs to
        B valid
    another case: 1 items, null left out exit 1
        the rows of 1 order are scattered: the export is read a second time
        A invalid
            parent_missing 1:null the order is "A", and the document in line 5 belongs to "a": they differ in their spelling only, so that the document may be a part of this order
        B valid
        a invalid
            parent_missing 5:22 no document has the id "a" of the one it belongs to
    "##);
}

#[test]
fn documents_that_are_there_twice_are_problems() {
    let other = order("A").replace("\"total\":5", "\"total\":6");
    let found = cases(&[
        ("an order", &[order("A"), item("1", "A"), order("A")]),
        ("with other content", &[order("A"), item("1", "A"), other]),
        ("without lines", &[order("A"), order("B"), order("A"), item("1", "B")]),
        ("an item", &[order("A"), item("1", "A"), order("B"), item("1", "A")]),
        ("of two orders", &[order("A"), item("1", "A"), order("B"), item("1", "B")]),
        ("no item", &[order("A"), note("1", "A"), note("1", "A")]),
    ]);
    insta::assert_snapshot!(found, @r#"
    an order: 1 items, null left out exit 0
        A valid
            order_copied 3:null the document of the order is here again; it counts once
    with other content: 0 items, null left out exit 1
        A invalid
            order_in_two_files 3:null the order also appears here with different content; it is not known which one counts
    without lines: 1 items, null left out exit 0
        the rows of 2 orders are scattered: the export is read a second time
        A valid
            order_copied 3:null the document of the order is here again; it counts once
            order_without_items 1:null the order has no items
        B valid
    an item: 0 items, null left out exit 1
        the rows of 1 order are scattered: the export is read a second time
        A invalid
            items_repeated 4:null the item has the id "1" of the one in line 2; it would count twice
            total_differs 1:47 the items add up to 10, the order's price is 5
        B valid
            order_without_items 3:null the order has no items
    of two orders: 2 items, null left out exit 0
        documents may be apart from their parent: the export is read a second time
        A valid
        B valid
    no item: 0 items, 2 left out exit 0
        warning: orders.ndjson: no document has "price", which the profile reads for item.price
        warning: orders.ndjson: no document has "sku", which the profile reads for item.name
        warning: orders.ndjson: no document has "sku", which the profile reads for item.productId
        documents may be apart from their parent: the export is read a second time
        A valid
            order_without_items 1:null the order has no items
    "#);
}

#[test]
fn lines_that_belong_to_each_other_are_problems() {
    let found = cases(&[
        ("two", &[order("A"), item("1", "2"), note("2", "1")]),
        (
            "three, and one below",
            &[
                order("A"),
                item("1", "2"),
                item("2", "3"),
                item("4", "1"),
                item("3", "1"),
                item("5", "A"),
            ],
        ),
        ("one has the id of an order", &[order("A"), item("A", "1"), item("1", "A")]),
    ]);
    insta::assert_snapshot!(found, @r#"
    two: 0 items, null left out exit 1
        documents may be apart from their parent: the export is read a second time
        A valid
            order_without_items 1:null the order has no items
        2 invalid
            parent_circle 2:22 the document belongs to "2", and that one to others in a circle, so that none of them is of an order
        1 invalid
            parent_circle 3:null the document belongs to "1", and that one to others in a circle, so that none of them is of an order
    three, and one below: 1 items, 1 left out exit 1
        the rows of 1 order are scattered: the export is read a second time
        A valid
        2 invalid
            parent_circle 2:22 the document belongs to "2", and that one to others in a circle, so that none of them is of an order
        3 invalid
            parent_circle 3:22 the document belongs to "3", and that one to others in a circle, so that none of them is of an order
        1 invalid
            parent_circle 5:22 the document belongs to "1", and that one to others in a circle, so that none of them is of an order
    one has the id of an order: 1 items, 1 left out exit 0
        the rows of 1 order are scattered: the export is read a second time
        A valid
    "#);
}

#[test]
fn lines_that_belong_to_each_other_are_found_in_joined_files() {
    let [first, second] = [order("A") + &item("1", "2"), item("2", "1")];
    for keys in ["join_files = true", ""] {
        let workspace = workspace(&first, &format!("{keys}\n{PROFILE}"));
        workspace.file("more.ndjson", &second);
        let ran = workspace.run(&CHECK.replace("orders.ndjson", "orders.ndjson more.ndjson"));
        assert_eq!(ran.outcomes(), "A valid, 2 invalid, 1 invalid", "{keys}: {}", ran.err);
        let is_circle = ran.text("results.ndjson").contains("parent_circle");
        assert_eq!(is_circle, !keys.is_empty(), "{keys}");
    }
}

/// A night may have no items. Items that have another member for their parent end the run.
#[test]
fn export_may_have_orders_without_lines() {
    let of_ids =
        PROFILE.replace("path = \"sku\", exists = true", "path = \"id\", starts_with = \"L\"");
    let check = |lines: &[String]| report(&lines.concat(), &of_ids);
    insta::assert_snapshot!(check(&[order("A"), order("B")]), @r#"
    0 items, null left out exit 0
        warning: orders.ndjson: no document has "parentId", which the profile reads for parent
        warning: orders.ndjson: no document has "price", which the profile reads for item.price
        warning: orders.ndjson: no document has "sku", which the profile reads for item.name
        warning: orders.ndjson: no document has "sku", which the profile reads for item.productId
        A valid
            order_without_items 1:null the order has no items
        B valid
            order_without_items 2:null the order has no items
    "#);
    let near = |text: String| text.replace("parentId", "parent_id");
    insta::assert_snapshot!(check(&[order("A"), near(item("L1", "A"))]), @r#"
    exit 2
       error[profile]: no document has "parentId"
        --> shop.toml:2:19  parent
         |
       2 | parent = { path = "parentId", to = "id" }
         |                   ^^^^^^^^^^ it is not in orders.ndjson
         |
         = hint: did you mean "parent_id"?

       1 error in shop.toml. Nothing was sent.
    "#);
    let other = |text: String| text.replace("parentId", "order");
    insta::assert_snapshot!(check(&[order("A"), other(item("L1", "A"))]), @r#"
    exit 2
       warning: orders.ndjson: no document has "parentId", which the profile reads for parent
       error: orders.ndjson:2: the row has no order key; it is not known which order the row belongs to
         hint: the profile takes the document as an item or a refund: give it the id of its order, as parent reads it; if it is the order, let item_rows take items only, and rows of [refunds] refunds
    "#);
}

#[test]
fn lines_of_an_unknown_order_end_the_run() {
    let with = |parent: &str| {
        format!("{{\"id\":\"1\",\"parentId\":{parent},\"sku\":\"S-1\",\"price\":5}}\n")
    };
    let found = cases(&[
        ("an object", &[order("A"), with("{\"id\":\"A\"}")]),
        ("a list", &[order("A"), with("[]")]),
        ("no parent", &[order("A"), with("\"\""), item("2", "A")]),
        ("a boolean", &[order("A"), with("true")]),
        ("cut off", &[order("A"), item("1", "A"), order("B"), "{\"id\":\"2\",\"sku\"\n".into()]),
        (
            "cut off behind it",
            &[order("A"), "{\"parentId\":\"A\",\"sku\"\n".into(), item("1", "A")],
        ),
    ]);
    insta::assert_snapshot!(found, @r#"
    an object:  exit 2
        error: orders.ndjson:2: "parentId" is neither a text nor a number; expected the id of the document that this one belongs to; it is not known which order the row belongs to
          hint: fix the row; if such rows belong to no order, name them in the profile: ignore_rows = [{ raw = true, starts_with = "…" }]
    a list:  exit 2
        error: orders.ndjson:2: "parentId" is neither a text nor a number; expected the id of the document that this one belongs to; it is not known which order the row belongs to
          hint: fix the row; if such rows belong to no order, name them in the profile: ignore_rows = [{ raw = true, starts_with = "…" }]
    no parent:  exit 2
        error: orders.ndjson:2: the row has no order key; it is not known which order the row belongs to
          hint: the profile takes the document as an item or a refund: give it the id of its order, as parent reads it; if it is the order, let item_rows take items only, and rows of [refunds] refunds
    a boolean:  exit 2
        error: orders.ndjson:2: "parentId" is neither a text nor a number; expected the id of the document that this one belongs to; it is not known which order the row belongs to
          hint: fix the row; if such rows belong to no order, name them in the profile: ignore_rows = [{ raw = true, starts_with = "…" }]
    cut off:  exit 2
        error: orders.ndjson:4:15: the line is not a single JSON object: it ends within an object at column 15; it is not known which order the row belongs to
          hint: fix the row, or set unreadable_rows = "accept" to leave such rows out (exit code 1)
    cut off behind it: 0 items, null left out exit 1
        A invalid
            row_unreadable 2:21 the line is not a single JSON object: it ends within an object at column 21
    "#);
}

#[test]
fn conditions_leave_out_documents_and_lines() {
    let rules = "ignore_rows = [{ path = \"note\", exists = true }]
        [[skip]]\nreason = \"unpaid\"\nwhen = { path = \"at\", empty = true }
        [[skip]]\nreason = \"returned\"\nscope = \"row\"\nwhen = { path = \"returned\", is = \"true\" }\n[order]";
    let profile = PROFILE.replacen("[order]", rules, 1);
    let returned = |line: String| line.replacen('{', "{\"returned\":true,", 1);
    let unpaid = order("C").replace("\"at\"", "\"paid\"");
    let lines = [
        order("A"),
        note("1", "A"),
        note("2", "none"),
        item("3", "A"),
        returned(item("4", "A")),
        item("5", "4"),
        returned(order("B")),
        item("6", "B"),
        unpaid,
        item("7", "C"),
    ];
    insta::assert_snapshot!(report(&lines.concat(), &profile), @r#"
    1 items, 2 left out exit 0
        documents may be apart from their parent: the export is read a second time
        A valid
        B skipped
        C skipped
    "#);
}

/// It was once said that no document has the id.
#[test]
fn document_that_belongs_to_itself_is_a_circle() {
    let lines = [order("A"), item("1", "A"), item("2", "2")];
    let ran = workspace(&lines.concat(), PROFILE).run(CHECK);
    insta::assert_snapshot!(ran.report(), @r#"
    exit 1
        A valid
        2 invalid
            parent_circle 3:22 the document "2" belongs to itself
    "#);
}

#[test]
fn refunds_are_lines_of_their_order() {
    let refund = |id: &str, parent: &str| item(id, parent).replace("\"sku\"", "\"back\":1,\"sku\"");
    let lines = [
        order("A"),
        item("1", "A"),
        item("2", "A"),
        refund("3", "A"),
        order("B"),
        item("4", "B"),
        refund("6", "C"),
    ];
    let with = |refunds: &str| {
        let keys = format!("order_price = \"sum_of_lines\"\n[refunds]\n{refunds}\n[order]");
        let profile =
            PROFILE.replacen("[order]", &keys, 1).replace("price = { path = \"total\" }\n", "");
        report(&lines.concat(), &profile)
    };
    let rows = "rows = { path = \"back\", exists = true }";
    let netted = with(&format!("{rows}\nmode = \"net\""));
    insta::assert_snapshot!(format!("{}\n{netted}", with(rows)), @r#"
    3 items, 2 left out exit 0
        A valid
        B valid
        C skipped
            refund_without_order 7:null no other row of the export is of the order that was refunded

    4 items, null left out exit 0
        A valid
        B valid
        C skipped
            refund_without_order 7:null no other row of the export is of the order that was refunded
    "#);
}

#[test]
fn lines_are_found_in_joined_files() {
    let [first, second] = [order("A") + &item("1", "A"), item("2", "A") + &order("B")];
    for (keys, outcomes) in
        [("join_files = true", "A valid, B valid"), ("", "A invalid, A invalid, B valid")]
    {
        let workspace = workspace(&first, &format!("{keys}\n{PROFILE}"));
        workspace.file("more.ndjson", &second);
        let ran = workspace.run(&CHECK.replace("orders.ndjson", "orders.ndjson more.ndjson"));
        assert_eq!(ran.outcomes(), outcomes, "{keys}: {}", ran.err);
    }
    let again = order("A") + &item("1", "A");
    let workspace = workspace(&first, &format!("join_files = true\n{PROFILE}"));
    workspace.file("more.ndjson", again);
    let ran = workspace.run(&CHECK.replace("orders.ndjson", "orders.ndjson more.ndjson"));
    insta::assert_snapshot!(ran.report(), @r#"
    exit 1
        documents may be apart from their parent: the export is read a second time
        A invalid
            order_copied 1:null the document of the order is here again; it counts once
            items_repeated 2:null the item has the id "1" of the one in line 2 of orders.ndjson; it would count twice
            row_in_two_files 2:null the item equals the one at orders.ndjson:2; where parts of an export overlap, it would count twice; if both are meant, row_in_two_files = "warning" under [severity] of the profile sends both
            total_differs 1:47 the items add up to 10, the order's price is 5
    "#);
}

/// Each order was once looked up among the lines too, by its own id.
#[test]
fn order_needs_no_row_of_a_file_that_its_lines_read() {
    let join = "[[join]]\nas = 'p'\nfile = 'p.csv'\non = [{ path = 'id', to = 'Id' }]\n";
    let profile = |rule: &str| format!("{PROFILE}\n{rule}{join}");
    let lines = order("A") + &item("1", "A");
    for (rule, outcome) in [
        ("[item.ext]\ntitle = { path = 'p.Title' }\n", "A valid"),
        ("[order.ext]\ntitle = { path = 'p.Title', optional = true }\n", "A invalid"),
        ("[[skip]]\nreason = 'x'\nwhen = { path = 'p.Title', is = 'x' }\n", "A invalid"),
    ] {
        let workspace = workspace(&lines, &profile(rule));
        workspace.file("p.csv", "Id,Title\n1,Mug\n");
        let ran = workspace.run(CHECK);
        assert_eq!(ran.outcomes(), outcome, "{rule}: {}", ran.err);
    }
}

#[test]
fn explained_item_has_the_place_of_its_line() {
    let lines = [item("1", "A"), order("B"), order("A"), note("2", "A"), item("3", "A")];
    let ran = workspace(&lines.concat(), PROFILE).run(&format!("{CHECK} --explain A"));
    let (_, explained) = ran.out.split_once("\norder A").unwrap();
    let (items, _) = explained.split_once("\nguest").unwrap();
    insta::assert_snapshot!(items, @r#"
      valid  orders.ndjson, lines 1, 3, 4 and 5

    order             value                     from      what was done
      referenceId     A                         id     3  as it is
      orderedAt       2025-03-01T10:00:00.000Z  at     3  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       constant
      price           5                         total  3  as it is
      paymentType     other                     constant
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       x                         the target's value

    item 1         S-1  S-1  1 x 5   line 1
      type            PRODUCT                   constant
      quantity        1                         constant
    item 2         S-3  S-3  1 x 5   line 5
      type            PRODUCT                   constant
      quantity        1                         constant
                   adds up to 10, but the order says 5
    "#);
}

/// Orders with two items and a line that is none, which has a line of its own; some orders are not
/// there.
fn large_export(n_orders: usize) -> Vec<String> {
    let padding = "x".repeat(300);
    let lines_of = |number: usize| {
        let id = format!("A-{number}");
        let items = [item(&format!("{number}-1"), &id), item(&format!("{number}-2"), &id)];
        let below = [note(&format!("{number}-3"), &id), item("", &format!("{number}-3"))];
        let circle = (number % 100 == 9).then(|| {
            let [one, other] = [format!("{number}-4"), format!("{number}-5")];
            [item(&one, &other), note(&other, &one)]
        });
        let order = (number % 50 != 7).then(|| order(&id));
        let circle = circle.into_iter().flatten();
        order.into_iter().chain(items).chain(below).chain(circle).collect::<Vec<_>>()
    };
    let lines = (0..n_orders).flat_map(lines_of);
    lines.map(|line| line.replacen('{', &format!("{{\"padding\":\"{padding}\","), 1)).collect()
}

/// The results without positions, sorted.
fn judgements(ran: &RunResult) -> BTreeSet<String> {
    codes(ran).into_iter().map(|judgement| format!("{judgement:?}")).collect()
}

#[test]
fn line_order_and_memory_do_not_change_results() {
    let mut lines = large_export(600);
    let run = |lines: &[String], options: &str, cores: &str| {
        let workspace = workspace(&lines.concat(), PROFILE);
        let command = format!("{CHECK} {options}");
        workspace.run_with(command.trim_end(), &[("RAYON_NUM_THREADS", cores)], b"")
    };
    let adjacent = run(&lines, "", "1");
    assert_eq!(adjacent.summary()["orders"]["valid"], 588, "{}", adjacent.err);
    assert_eq!(adjacent.summary()["orders"]["invalid"], 12 + 12, "orders and lines of circles");
    assert_eq!((&adjacent.summary()["items"], left_out(&adjacent)), (&1176.into(), 1188.into()));
    TestRng::new(3).shuffle(&mut lines);
    for (options, cores) in [("--memory 1MB", "3"), ("--memory 1MB", "1"), ("", "2")] {
        let ran = run(&lines, options, cores);
        assert_eq!(judgements(&ran), judgements(&adjacent), "{options}");
        assert_eq!(left_out(&ran), left_out(&adjacent), "{options}");
    }
}

/// A document: its id, the id that it belongs to, and whether it is an item.
type Document = (u8, Option<u8>, bool);

fn document() -> impl Strategy<Value = Document> {
    (0_u8..8, prop::option::weighted(0.7, 0_u8..10), any::<bool>())
}

/// The ids of documents that belong to each other, in circles or between two of them.
fn circles(orders: &BTreeSet<u8>, documents: &[Document]) -> BTreeSet<u8> {
    let links = documents.iter().filter_map(|(id, parent, _)| Some((*id, (*parent)?)));
    let mut links: BTreeSet<_> =
        links.filter(|(id, parent)| id != parent && !orders.contains(parent)).collect();
    loop {
        let before = links.clone();
        links.retain(|(id, parent)| {
            before.iter().any(|(other, _)| other == parent)
                && before.iter().any(|(_, other)| other == id)
        });
        if links == before {
            return links.into_iter().map(|(id, _)| id).collect();
        }
    }
}

/// What becomes of documents: valid orders, invalid ones, items of valid ones, lines left out.
fn expected(documents: &[Document]) -> [u64; 4] {
    let orders: BTreeSet<_> =
        documents.iter().filter(|(_, parent, _)| parent.is_none()).map(|(id, ..)| *id).collect();
    let children: BTreeSet<_> = documents
        .iter()
        .filter(|(id, parent, _)| parent.is_some_and(|parent| parent != *id))
        .map(|(id, ..)| *id)
        .collect();
    let mut items: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let (mut orphans, mut n_left_out) = (BTreeSet::new(), 0);
    let circles = circles(&orders, documents);
    for (id, parent, is_item) in documents {
        let Some(parent) = parent else { continue };
        if orders.contains(parent) && *is_item {
            items.entry(*parent).or_default().push(*id);
        } else if circles.contains(id) && circles.contains(parent) {
            orphans.insert(*parent);
        } else if orders.contains(parent) || children.contains(parent) {
            n_left_out += 1;
        } else {
            orphans.insert(*parent);
        }
    }
    let (n_orders, n_orders_with_items) = (orders.len() + orphans.len(), items.len());
    items.retain(|_, ids| ids.iter().collect::<BTreeSet<_>>().len() == ids.len());
    let n_twice = n_orders_with_items - items.len();
    let n_valid = orders.len() - n_twice;
    let n_items = items.values().map(Vec::len).sum::<usize>();
    [n_valid, n_orders - n_valid, n_items, n_left_out].map(|number| number as u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_an_item_or_counted(documents in prop::collection::vec(document(), 0..24)) {
        // A file without any order is refused.
        let documents: Vec<_> = [(100, None, false)].into_iter().chain(documents).collect();
        let text = |(id, parent, is_item): &Document| match parent {
            None => order(&id.to_string()),
            Some(parent) if *is_item => item(&id.to_string(), &parent.to_string()),
            Some(parent) => note(&id.to_string(), &parent.to_string()),
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders.ndjson");
        fs::write(&path, documents.iter().map(text).collect::<String>()).unwrap();
        let profile = PROFILE.replacen("item_rows", "missing_columns = 'allow'\nitem_rows", 1);
        let summary = arbitrary::check(folder.path(), &path, &profile).summary;
        let orders = &summary.orders;
        let found = [orders[Outcome::Valid], orders[Outcome::Invalid]];
        let [n_valid, n_invalid, n_items, n_left_out] = expected(&documents);
        prop_assert_eq!(found, [n_valid, n_invalid], "{:?}", documents);
        prop_assert_eq!(summary.rows_skipped, n_left_out, "{:?}", documents);
        prop_assert_eq!(summary.items, n_items, "{:?}", documents);
    }
}
