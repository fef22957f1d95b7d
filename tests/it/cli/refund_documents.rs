//! Tests of refunds that are documents of their own beside `parent` and a joined file: orders,
//! their items and their refunds are lines of one export, their customers are in another file.

use crate::support::{
    rng::TestRng,
    workspace::{RunResult, Workspace},
};

const PROFILE: &str = r#"name = "shop"
parent = { path = "parentId", to = "id" }
item_rows = { path = "sku", exists = true }
[refunds]
rows = { path = "refunded", exists = true }
amount = { path = "refunded" }
mode = "net"
[[join]]
as = "customer"
file = "customers.json"
profile = { documents = "customers[]" }
on = [{ path = "customerId", to = "id" }]
[order]
referenceId = { path = "id" }
orderedAt = { path = "at" }
status = { value = "PURCHASED" }
currencyCode = { path = "currency" }
price = { path = "total" }
paymentType = { value = "other" }
[item]
type = { value = "PRODUCT" }
productId = { path = "sku" }
name = { path = "sku" }
quantity = { value = "1" }
price = { path = "price" }
[guest]
email = { path = "customer.contact.email" }
"#;

fn order(id: &str, customer: usize) -> String {
    let at = "2026-10-01T10:00:00Z";
    format!(
        "{{\"id\":\"{id}\",\"at\":\"{at}\",\"currency\":\"EUR\",\"total\":30.00,\"customerId\":{customer}}}\n"
    )
}

fn item(id: &str, parent: &str) -> String {
    format!("{{\"id\":\"{id}\",\"parentId\":\"{parent}\",\"sku\":\"S-{id}\",\"price\":15}}\n")
}

/// `rest` is the end of the object.
fn refund(id: &str, parent: &str, rest: &str) -> String {
    format!("{{\"id\":\"{id}\",\"parentId\":\"{parent}\",\"refunded\":{rest}}}\n")
}

fn customers(n: usize) -> String {
    let one = |id| format!("{{\"id\":\"{id}\",\"contact\":{{\"email\":\"c{id}@example.com\"}}}}");
    format!("{{\"customers\":[{}]}}\n", (0..n).map(one).collect::<Vec<_>>().join(",\n"))
}

fn check(lines: &[String], options: &str, cores: &str) -> RunResult {
    let workspace = Workspace::with("shop.toml", PROFILE);
    workspace.file("orders.ndjson", lines.concat());
    workspace.file("customers.json", customers(50));
    let command = "check orders.ndjson --profile shop.toml --pos x --max-invalid 100%";
    workspace.run_with(&format!("{command} {options}"), &[("RAYON_NUM_THREADS", cores)], b"")
}

#[test]
fn refunds_of_documents_are_taken_off_the_given_total() {
    let lines = [
        refund("r1", "A", "4.50"),
        order("A", 1),
        item("1", "A"),
        item("2", "A"),
        order("B", 2),
        item("3", "B"),
        item("4", "B"),
        refund("r2", "B", "5,\"currency\":\"USD\""),
        order("C", 99),
        item("5", "C"),
        refund("r3", "C", "\"none\""),
        order("D", 3),
        refund("r4", "D", "-30,\"currency\":\"EUR\""),
        refund("r5", "A", "-5.5"),
        refund("r7", "E", "1"),
    ];
    let ran = check(&lines, "--memory 256MB", "2");
    insta::assert_snapshot!(format!("{}{}", ran.report(), ran.summary()["money"]), @r#"
    exit 1
        the rows of 1 order are scattered: the export is read a second time
        A invalid
            refund_unclear 14:38 the refund has another sign than the one in line 1, so it is not known which of them the order gets back; name the rows that are refunds in rows of [refunds]
        B invalid
            mixed_currencies 8:51 the refund is in "USD" and its order in "EUR", so it cannot be taken off
        C invalid
            join_unmatched 9:83 no document of customers.json has id "99"
            total_differs 9:64 the items add up to 15, the order's price is 30.00
            number_unreadable 11:38 "none" is not a decimal number such as 1234.50
        D skipped
            order_without_items 12:null the order has no items
        E skipped
            refund_without_order 15:null no other row of the export is of the order that was refunded
    [{"accepted":"0","already_sent":"0","changed":"0","currency":"EUR","failed":"0","invalid":"45.00","not_attempted":"0","orders":3,"read":"45.00","refused":"0","skipped":"0.00","unknown":"0","valid":"0"}]
    "#);
    let one_sign: Vec<_> = lines.iter().map(|line| line.replace(":-5.5", ":5.5")).collect();
    let ran = check(&one_sign, "--memory 256MB --explain A", "2");
    let (_, explained) = ran.out.split_once("\norder A").unwrap();
    let (explained, _) = explained.split_once("\nguest").unwrap();
    insta::assert_snapshot!(explained, @r#"
      valid  orders.ndjson, 5 lines from 1 to 14

    order             value                     from         what was done
      referenceId     A                         id        2  as it is
      orderedAt       2026-10-01T10:00:00.000Z  at        2  10:00:00Z, rewritten
      status          PURCHASED                 constant
      currencyCode    EUR                       currency  2  as it is
      price           20.00                     total     2  30.00, rewritten, less
                                                             the refunds 4.50, 5.5
      paymentType     other                     constant
      event.channel   WEB                       default
      event.language  EN                        default
      event.currency  EUR                       the order
      event.page      oms-import                default
      event.pos       x                         the target's value

    item 1         S-1  S-1  1 x 15   line 3
      type            PRODUCT                   constant
      quantity        1                         constant
    item 2         S-2  S-2  1 x 15   line 4
      type            PRODUCT                   constant
      quantity        1                         constant
    "#);
}

/// Their orders were once sent at the full amount, with a warning of the refund at most.
#[test]
fn refund_document_without_the_id_of_its_order_ends_the_run() {
    let orphan = "{\"id\":\"r1\",\"refunded\":1}\n".to_owned();
    let of_a_refund = [refund("r1", "A", "1"), refund("r2", "r1", "1")].concat();
    let mut messages = Vec::new();
    for refunds in [refund("r1", "1", "1"), of_a_refund, orphan] {
        let lines = [order("A", 1), item("1", "A"), item("2", "A"), refunds];
        for options in ["--memory 256MB", "--memory 1MB"] {
            let ran = check(&lines, options, "2");
            assert_eq!(ran.code, 2);
            messages.push(ran.err);
        }
    }
    messages.dedup();
    insta::assert_snapshot!(messages.concat(), @r#"
    documents may be apart from their parent: the export is read a second time
    error: orders.ndjson:4: the refund belongs to "1", a document that belongs to another one; it is not known which order the row belongs to
      hint: let parent read the id of the order itself, or leave refunds out with mode = "leave_out" under [refunds]
    documents may be apart from their parent: the export is read a second time
    error: orders.ndjson:5: the refund belongs to "r1", a document that belongs to another one; it is not known which order the row belongs to
      hint: let parent read the id of the order itself, or leave refunds out with mode = "leave_out" under [refunds]
    error: orders.ndjson:4: the row has no order key; it is not known which order the row belongs to
      hint: the profile takes the document as an item or a refund: give it the id of its order, as parent reads it; if it is the order, let item_rows take items only, and rows of [refunds] refunds
    "#);
}

/// It would be left out as a line of a line.
#[test]
fn document_of_a_line_that_may_be_a_refund_ends_the_run() {
    let workspace = Workspace::with("customers.json", customers(5));
    let exists = "rows = { path = \"refunded\", exists = true }";
    let is_refund = "rows = { path = \"kind\", is = \"refund\" }";
    workspace.file("shop.toml", PROFILE.replace(exists, is_refund));
    let check = |kind: &str| {
        let below = refund("r1", "1", &format!("1,\"kind\":{kind}"));
        let lines = [order("A", 1), item("1", "A"), item("2", "A"), below];
        workspace.file("orders.ndjson", lines.concat());
        workspace.run("check orders.ndjson --profile shop.toml --pos x")
    };
    assert_eq!(check("\"note\"").code, 0);
    insta::assert_snapshot!(check("[\"refund\"]").err, @r#"
    documents may be apart from their parent: the export is read a second time
    error: orders.ndjson:4: the document may be a refund, since rows of [refunds] cannot be tested on it, and belongs to "1", a document that belongs to another one; it is not known which order the row belongs to
      hint: let parent read the id of the order itself, or leave refunds out with mode = "leave_out" under [refunds]
    "#);
}

/// It may be in another file than the document that it belongs to.
#[test]
fn refund_of_a_line_in_another_file_ends_the_run() {
    let workspace = Workspace::with("shop.toml", PROFILE);
    workspace.file("orders.ndjson", [order("A", 1), item("1", "A"), item("2", "A")].concat());
    workspace.file("refunds.ndjson", refund("r1", "1", "1"));
    workspace.file("customers.json", customers(5));
    let ran = workspace.run("check orders.ndjson refunds.ndjson --profile shop.toml --pos x");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("refunds.ndjson:1: the refund belongs to \"1\""), "{}", ran.err);
}

/// Each would be taken off twice.
#[test]
fn refund_documents_count_once() {
    let lines = [
        order("A", 1),
        item("1", "A"),
        item("2", "A"),
        refund("r1", "A", "4.50"),
        refund("r1", "A", "4.50"),
    ];
    let ran = check(&lines, "--memory 256MB", "2");
    insta::assert_snapshot!(ran.report(), @r#"
    exit 1
        documents may be apart from their parent: the export is read a second time
        A invalid
            refund_repeated 5:null the refund has the id "r1" of the one in line 4; it would count twice
    "#);
    let by_items = PROFILE
        .replace("amount = { path = \"refunded\" }\n", "")
        .replace("price = { path = \"total\" }\n", "")
        .replace("parent =", "order_price = \"sum_of_lines\"\nparent =");
    let rest = "1,\"sku\":\"S-1\",\"price\":15";
    let lines = [&lines[..3], &[refund("r1", "A", rest), refund("r1", "A", rest)]].concat();
    let workspace = Workspace::with("shop.toml", by_items);
    workspace.file("orders.ndjson", lines.concat());
    workspace.file("customers.json", customers(5));
    let ran = workspace.run("check orders.ndjson --profile shop.toml --pos x --max-invalid 100%");
    insta::assert_snapshot!(ran.report(), @r#"
    exit 1
        documents may be apart from their parent: the export is read a second time
        A invalid
            refund_repeated 5:null the refund has the id "r1" of the one in line 4; it would count twice
    "#);
}

#[test]
fn results_do_not_depend_on_cores_or_memory() {
    let lines_of = |number: usize| {
        let id = format!("A{number}");
        let of_items = [0, 1].map(|n| item(&format!("{number}-{n}"), &id));
        let amount = if number.is_multiple_of(41) { "31" } else { "2.5" };
        let refunded =
            number.is_multiple_of(3).then(|| refund(&format!("{number}-r"), &id, amount));
        let order = (!number.is_multiple_of(57)).then(|| order(&id, number % 52));
        order.into_iter().chain(of_items).chain(refunded).collect::<Vec<_>>()
    };
    let mut lines: Vec<_> = (1..400).flat_map(lines_of).collect();
    TestRng::new(5).shuffle(&mut lines);
    let results = |memory: &str, cores: &str| {
        let ran = check(&lines, &format!("--memory {memory}"), cores);
        assert_eq!(ran.code, 1, "{}", ran.err);
        (ran.results(), ran.summary()["money"].clone(), ran.summary()["rows_skipped"].clone())
    };
    let expected = results("256MB", "1");
    assert_eq!(expected.0.len(), 399, "each order has one result");
    for (memory, cores) in [("256MB", "3"), ("1MB", "1"), ("1MB", "3")] {
        assert_eq!(results(memory, cores), expected, "{memory}, {cores} cores");
    }
}
