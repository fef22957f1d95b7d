//! Tests of refunds and child documents beside joined files: they need rows of those files only for
//! what is read of them.

use super::parents::PROFILE;
use crate::support::workspace::{RunResult, Workspace};

/// Refunds are records with an id of their own.
const RECORDS: &str = r#"name = "shop"
[refunds]
order = { column = "parent" }
amount = { column = "refunded" }
mode = "net"
[order]
referenceId = { column = "id" }
orderedAt = { column = "date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "total" }
paymentType = { value = "other" }
[guest]
email = { column = "contact.email" }
[[join]]
as = "contact"
file = "joined.csv"
on = [{ column = "id", to = "order" }]
"#;

const ROWS: &str = "id,parent,date,total,refunded,kind\n\
                    A,,2026-10-01T10:00:00Z,30.00,,sale\n\
                    R1,A,2026-10-02T10:00:00Z,,5.00,refund\n\
                    B,,2026-10-01T10:00:00Z,30.00,,sale\n\
                    C,,2026-10-01T10:00:00Z,30.00,,sale\n";

/// Of the orders A and B, not of C.
const JOINED: &str = "order,email,back,kind,currency,sku\n\
                      A,a@example.com,,sale,EUR,S-1\n\
                      B,b@example.com,,sale,EUR,S-1\n";

fn check(export: (&str, &str), joined: (&str, &str), profile: &str) -> RunResult {
    let workspace = Workspace::with("shop.toml", profile);
    workspace.file(export.0, export.1);
    workspace.file(joined.0, joined.1);
    let options = "--profile shop.toml --pos x --max-invalid 100%";
    workspace.run(&format!("check {} {options}", export.0))
}

/// The problems of the records with a profile that differs from [`RECORDS`].
fn of_records(from: &str, to: &str) -> String {
    assert!(RECORDS.contains(from));
    let profile = RECORDS.replace(from, to);
    check(("orders.csv", ROWS), ("joined.csv", JOINED), &profile).report()
}

/// A refund was once invalid, and its order with it, if a joined file had rows of orders alone.
#[test]
fn refund_record_needs_no_joined_row_of_an_order() {
    let skip =
        "[[skip]]\nwhen = { column = \"contact.kind\", is = \"test\" }\nreason = \"a test\"\n";
    for to in ["[[join]]".to_owned(), format!("{skip}[[join]]")] {
        insta::allow_duplicates! { insta::assert_snapshot!(of_records("[[join]]", &to), @r#"
        exit 1
            A valid
            B valid
            C invalid
                join_unmatched 5:1 no row of joined.csv has order "C"
        "#); }
    }
}

/// What is read of a refund must be known.
#[test]
fn refund_record_needs_the_joined_row_that_is_read_of_it() {
    for (from, to) in [
        ("column = \"refunded\"", "column = \"contact.back\""),
        ("{ value = \"EUR\" }", "{ column = \"contact.currency\" }"),
        (
            "amount = { column = \"refunded\" }",
            "amount = { column = \"refunded\" }\nrows = { column = \"contact.kind\", is_not = \"sale\" }",
        ),
        (
            "[order]",
            "[[skip]]\nscope = \"row\"\nwhen = { column = \"contact.kind\", is = \"note\" }\nreason = \"a note\"\n[order]",
        ),
    ] {
        let found = of_records(from, to);
        assert!(
            found.contains("join_unmatched 3:1 no row of joined.csv has order \"R1\""),
            "{found}"
        );
        assert!(!found.contains("A valid"), "{found}");
    }
}

/// The items of a refund are those that it takes off.
#[test]
fn items_of_a_refund_record_need_their_joined_row() {
    let by_items = RECORDS
        .replace("amount = { column = \"refunded\" }\n", "")
        .replace("[refunds]", "order_price = \"sum_of_lines\"\n[refunds]");
    let item = "[item]\nname = { column = \"contact.sku\" }\nquantity = { value = \"1\" }\n\
                price = { column = \"refunded\" }\n";
    let profile = format!("{by_items}{item}");
    let found = check(("orders.csv", ROWS), ("joined.csv", JOINED), &profile).report();
    assert!(found.contains("join_unmatched 3:1 no row of joined.csv has order \"R1\""), "{found}");
}

/// Added to the profile of child documents, whose refunds are such too.
const PRODUCTS: &str = r#"
[refunds]
rows = { path = "refunded", exists = true }
amount = { path = "refunded" }
mode = "net"
[[join]]
as = "product"
file = "products.json"
on = [{ path = "sku", to = "sku" }]
"#;

fn child_profile() -> String {
    let rules = PROFILE
        .replace("item_rows = { path = \"sku\"", "item_rows = { path = \"price\"")
        .replace("name = { path = \"sku\" }", "name = { path = \"product.name\" }");
    format!("{rules}{PRODUCTS}")
}

/// An item was once sent without what another file says of it, without a word.
#[test]
fn child_documents_need_the_joined_row_that_is_read_of_them() {
    let lines = r#"{"id":"A","at":"2026-10-01T10:00:00Z","total":30.00,"email":"a@example.com"}
{"id":"1","parentId":"A","sku":"S-1","price":10}
{"id":"2","parentId":"A","sku":"S-2","price":10}
{"id":"3","parentId":"A","sku":"S-3","refunded":10}
{"id":"4","parentId":"A","sku":"S-1","price":10}
"#;
    let products = "{\"sku\":\"S-1\",\"name\":\"Mug\"}\n";
    let found =
        check(("orders.ndjson", lines), ("products.json", products), &child_profile()).report();
    insta::assert_snapshot!(found, @r#"
    exit 1
        A invalid
            join_unmatched 3:32 no document of products.json has sku "S-2"
    "#);
}

/// A fulfilment of a product that the file lacks once made its order invalid.
#[test]
fn child_that_is_no_item_needs_no_joined_row() {
    let lines = r#"{"id":"A","at":"2026-10-01T10:00:00Z","total":30.00,"email":"a@example.com"}
{"id":"1","parentId":"A","sku":"S-1","price":10}
{"id":"2","parentId":"A","sku":"S-2","carrier":"post"}
"#;
    let products = "{\"sku\":\"S-1\",\"name\":\"Mug\",\"kind\":\"ware\",\"currency\":\"EUR\"}\n";
    let found = |profile: &str| {
        check(("orders.ndjson", lines), ("products.json", products), profile).report()
    };
    let children = child_profile();
    let valid = found(&children);
    assert!(valid.contains("exit 0") && !valid.contains("join_unmatched"), "{valid}");
    // Whether it is an item, or a row of the order, is not known without the file.
    let kind = "{ path = \"product.kind\", is = \"ware\" }";
    let skip = format!("[[skip]]\nscope = \"row\"\nwhen = {kind}\nreason = \"a ware\"\n[[join]]");
    for (from, to) in [
        ("item_rows = { path = \"price\", exists = true }", format!("item_rows = {kind}")),
        ("[[join]]", skip),
    ] {
        assert!(children.contains(from));
        let found = found(&children.replacen(from, &to, 1));
        assert!(
            found.contains("join_unmatched 3:32 no document of products.json has sku \"S-2\""),
            "{found}"
        );
    }
}
