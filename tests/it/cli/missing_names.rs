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

/// The parts of an export, with their names and texts, by a profile with these keys.
fn check_parts(parts: [(&str, &str); 2], keys: &str) -> RunResult {
    let profile = format!(
        "name = \"shop\"\njoin_files = true\n{keys}\n[order]\nreferenceId.column = \"Order\"\n\
         orderedAt.column = \"Date\"\nstatus.value = \"PURCHASED\"\ncurrencyCode.value = \"EUR\"\n\
         price.column = \"Total\"\npaymentType.value = \"other\"\n"
    );
    let workspace = Workspace::with("shop.toml", &profile);
    let names = parts.map(|(name, text)| {
        workspace.file(name, text);
        name
    });
    let options = "--profile shop.toml --pos x --max-invalid 100%";
    workspace.run(&format!("check {} {options}", names.join(" ")))
}

/// A list of names is filled by another one; the condition has none.
#[test]
fn condition_on_a_column_that_no_part_has_is_refused() {
    let keys = "[[skip]]\nreason = \"cancelled\"\nwhen = { column = \"State\", is = \"cancelled\" }\n\
                [guest]\nemail.column = \"Email\"\nfirstname.column = [\"State\", \"Forename\"]\n";
    let parts = [
        (
            "o1.csv",
            "Order,Date,Total,Email,Forename\nA,2026-10-01T10:00:00Z,5.00,a@example.com,Ann\n",
        ),
        ("o2.csv", "Order,Name\nA,Mug\n"),
    ];
    let ran = check_parts(parts, keys);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("there is no column \"State\""), "{}", ran.err);
}

/// Parts without the columns of items have no items, and no warning without rules of items.
#[test]
fn parts_of_an_export_without_item_rules_lack_no_items() {
    let parts = [
        ("o1.csv", "Order,Date,Total,Email\nA,2026-10-01T10:00:00Z,5.00,a@example.com\n"),
        ("o2.csv", "Order,Date,Total,Email\nB,2026-10-01T10:00:00Z,5.00,a@example.com\n"),
    ];
    let ran = check_parts(parts, "[guest]\nemail.column = \"Email\"\n");
    assert!(!ran.out.contains("order_without_items"), "{}", ran.out);
    assert_eq!(ran.summary()["orders"]["valid"], 2);
}

/// Without its list an order would have no items.
#[test]
fn misspelt_path_of_packed_items_is_refused() {
    let check = |path: &str, keys: &str, rule: &str| {
        let profile = format!(
            "name = \"shop\"\n{keys}\norder_price = \"sum_of_lines\"\n[order]\nreferenceId.path = \"id\"\n\
             orderedAt.path = \"at\"\nstatus.value = \"PURCHASED\"\ncurrencyCode.value = \"EUR\"\n\
             paymentType.value = \"other\"\n{rule}\n\
             [guest]\nemail.path = \"mail\"\n[items.packed]\npath = \"{path}\"\nseparator = \";\"\n\
             fields = {{ separator = \"|\", names = [\"n\", \"p\"] }}\n\
             [item]\nname.field = \"n\"\nprice.field = \"p\"\nquantity.value = \"1\"\n"
        );
        let workspace = Workspace::with("shop.toml", profile);
        workspace.file(
            "o.ndjson",
            "{\"id\":\"A\",\"at\":\"2026-10-01T10:00:00Z\",\"mail\":\"a@example.com\",\"products\":\"Mug|4\"}\n",
        );
        workspace.run("check o.ndjson --profile shop.toml --pos x")
    };
    // Another member, which some documents have.
    let other = "ext.shop = { path = \"product\", optional = true }";
    assert_eq!(check("products", "", other).code, 0);
    let ran = check("produkts", "", "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("produkts") && ran.err.contains("\"products\""), "{}", ran.err);
    let ran = check("cart.list", "", "");
    assert_eq!(ran.code, 2, "{}", ran.err);
    // Without its items an order would be sent in part.
    let allowed = check("cart.list", "missing_columns = \"allow\"", "");
    assert_eq!(allowed.code, 2, "{}", allowed.err);
}

fn check_documents(documents: &str, refunds: &str) -> RunResult {
    let profile = format!(
        "name = \"shop\"\n[refunds]\n{refunds}\n[order]\nreferenceId.path = \"id\"\n\
         orderedAt.path = \"at\"\nstatus.value = \"PURCHASED\"\ncurrencyCode.value = \"EUR\"\n\
         price.path = \"total\"\npaymentType.value = \"other\"\n[guest]\nemail.path = \"mail\"\n"
    );
    let workspace = Workspace::with("shop.toml", &profile);
    workspace.file("o.ndjson", documents);
    workspace.run("check o.ndjson --profile shop.toml --pos x")
}

/// By a misspelt path all orders are refunds.
#[test]
fn misspelt_path_makes_no_order_a_refund() {
    let order = |id: &str, rest: &str| {
        format!(
            "{{\"id\":{id:?},\"at\":\"2026-10-01T10:00:00Z\",\"total\":5,\
             \"mail\":\"a@example.com\"{rest}}}\n"
        )
    };
    let orders = order("A", ",\"parent_id\":0") + &order("B", ",\"parent_id\":0");
    for (path, code) in [("parent_id", 0), ("parentid", 2)] {
        let rows = format!("rows = {{ not = {{ path = {path:?}, equals = 0 }} }}");
        let ran = check_documents(&orders, &rows);
        assert_eq!(ran.code, code, "{path} {}", ran.err);
    }
    // A refund without an id is left out, and has the path all the same.
    let refund = order("A", "") + "{\"kind\":\"refund\"}\n";
    let ran = check_documents(&refund, "rows = { path = \"kind\", is = \"refund\" }");
    assert_eq!((ran.code, ran.err.contains("no document has")), (0, false), "{}", ran.err);
}

/// The times of the other member are those of a zone.
#[test]
fn similar_time_in_another_zone_is_not_proposed() {
    let hint = "may be in another time zone";
    for (name, wanted, found, is_doubtful) in [
        ("o.csv", "date_created_gmt", "date_created", true),
        ("o.ndjson", "date_created_gmt", "date_created", true),
        ("o.ndjson", "date_created", "date_creatd", false),
    ] {
        let profile = format!(
            "name = 'shop'\n[order]\nreferenceId = {{ column = 'Id', path = 'Id' }}\n\
             orderedAt = {{ column = '{wanted}', path = '{wanted}', date = '%Y-%m-%dT%H:%M:%S', zone = 'UTC' }}\n\
             status = {{ value = 'PURCHASED' }}\ncurrencyCode = {{ value = 'EUR' }}\n\
             price = {{ column = 'Total', path = 'Total' }}\npaymentType = {{ value = 'other' }}\n\
             [guest]\nemail = {{ column = 'Email', path = 'Email' }}\n"
        );
        let workspace = Workspace::with("shop.toml", &profile);
        workspace.file(
            "o.csv",
            format!("Id,{found},Total,Email\nA,2026-11-01T10:00:00,5.00,a@example.com\n"),
        );
        let document = format!(
            r#"{{"Id":"A","{found}":"2026-11-01T10:00:00","Total":5.00,"Email":"a@example.com"}}"#
        );
        workspace.file("o.ndjson", document + "\n");
        let ran = workspace.run(&format!("check {name} --profile shop.toml --pos x"));
        assert_eq!(ran.code, 2, "{}", ran.err);
        let err = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(err.contains(hint), is_doubtful, "{}", ran.err);
        assert_eq!(err.contains("did you mean"), !is_doubtful, "{}", ran.err);
    }
}
