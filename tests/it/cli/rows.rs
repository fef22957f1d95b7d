//! Tests of rows that are no plain part of an order: quotes that may be data, headers within a
//! file, rows that belong to no order.

use serde_json::Value;

use crate::support::workspace::{ExportRow, HEADER, Workspace, row, run_cases};

const CHECK: &str = "check orders.csv --pos x --max-invalid 100%";

/// The canonical profile with further keys at its start.
fn canonical_with(keys: &str) -> String {
    let canonical = Workspace::new().run("profiles show canonical").out;
    canonical.replacen("unknown_columns", &format!("{keys}\nunknown_columns"), 1)
}

#[test]
fn ambiguous_quotes_are_refused() {
    let named =
        |reference: &str, name: &str| ExportRow { reference, name, ..ExportRow::default() }.csv();
    let with = |first: &str, second: &str| {
        format!("{HEADER}{}{}{}", named("A-1", first), named("A-2", second), row("A-3"))
    };
    let found = run_cases(
        "orders.csv",
        CHECK,
        &[
            ("an opening and a closing quote as data", with("\"Wonder Rope", "Frame 8x10\"")),
            ("an opening quote as data", with("\"Wonder Rope", "Frame")),
            ("lines within a cell", with("\"Wonder\nRope\"", "Frame")),
            ("a quote after blanks", with(" \"Wonder Rope\"", "Frame")),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    an opening and a closing quote as data: exit 2
        error: orders.csv:2: the record of lines 2 to 3 can be read in two ways: a quote within it encloses line breaks, but each of its lines has as many cells as the header
          hint: if quotes are data in this export, set quote = "none" in the profile; otherwise the export must write a quote within a cell as ""
    an opening quote as data: exit 2
        error: orders.csv:2: the record of lines 2 to 4 can be read in two ways: a quote within it encloses line breaks, but each of its lines has as many cells as the header
          hint: if quotes are data in this export, set quote = "none" in the profile; otherwise the export must write a quote within a cell as ""
    lines within a cell: exit 0
        A-1 valid
        A-2 valid
        A-3 valid
    a quote after blanks: exit 1
        A-1 invalid
            row_unreadable 2:57 the cell of column "item.name" begins with blanks and a quote, expected the quote first; skip_blanks = true skips the blanks, and where quotes are data, set quote = "none"
        A-2 valid
        A-3 valid
    "#);
}

/// The rows between a cut one and the next quote were once taken for a text, without a word.
#[test]
fn rows_within_quotes_are_refused() {
    let header = "Order,Date,Total,Note,Mail\n";
    let row =
        |id: &str, note: &str| format!("{id},2026-10-01T10:00:00Z,10.00,{note},{id}@example.com\n");
    let cut = "A2,2026-10-01T10:00:00Z,10.00,\"please ring\n";
    let export = |rows: &[&str]| format!("{header}{}", rows.concat());
    let [one, three, four] = ["A1", "A3", "A4"].map(|id| row(id, ""));
    let quote = row("A5", "\"");
    let profile = "name = \"shop\"\nunreadable_rows = \"accept\"\n[order]\n\
        referenceId.column = \"Order\"\norderedAt.column = \"Date\"\n\
        status.value = \"PURCHASED\"\ncurrencyCode.value = \"EUR\"\nprice.column = \"Total\"\n\
        paymentType.value = \"other\"\next.note.column = \"Note\"\n\
        [guest]\nemail.column = \"Mail\"\n";
    let check = |export: String| {
        let workspace = Workspace::with("orders.csv", export);
        workspace.file("shop.toml", profile);
        workspace.run("check orders.csv --profile shop.toml --pos x").report()
    };
    for swallowed in
        [export(&[&one, cut, &three, &four, &quote]), export(&[&one, cut, &three, &four])]
    {
        let found = check(swallowed);
        assert!(
            found.contains("orders.csv:4: the line looks like a row, but it is within"),
            "{found}"
        );
    }
    // Lines of a text, some of which have as many cells as the header.
    let note = "\"Dear Ann,\nring twice, at 5, or 6, at the door, please\nA3,not,a,row,here\nbye\"";
    insta::assert_snapshot!(check(export(&[&one, &row("A2", note), &three])), @r#"
    exit 0
        A1 valid
        A2 valid
        A3 valid
    "#);
}

#[test]
fn quotes_are_data_if_the_profile_says_so() {
    let rows = [
        ExportRow { name: "\"Wonder Rope", ..ExportRow::default() }.csv(),
        ExportRow { reference: "A-2", name: "Frame 8x10\"", ..ExportRow::default() }.csv(),
    ];
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", rows.concat()));
    workspace.file("shop.toml", canonical_with("quote = \"none\""));
    let ran = workspace.run("check orders.csv --pos x --profile shop.toml");
    assert_eq!((ran.code, ran.outcomes()), (0, "A-1 valid, A-2 valid".to_owned()), "{}", ran.err);
}

/// A header within a file starts a second export: its orders are copies, not further rows.
#[test]
fn repeated_header_starts_a_second_export() {
    let other = ExportRow { reference: "A-1", price: "31", ..ExportRow::default() }.csv();
    let (a, b) = (row("A-1"), row("A-2"));
    let marked = format!("\u{feff}{HEADER}");
    let quoted = HEADER.trim_end().split(',').map(|name| format!("\"{name}\""));
    let quoted = format!("\u{feff}{}\n", quoted.collect::<Vec<_>>().join(","));
    let found = run_cases(
        "orders.csv",
        CHECK,
        &[
            ("other orders", format!("{HEADER}{a}{HEADER}{marked}{quoted}{b}")),
            ("a copy", format!("{HEADER}{a}{b}{HEADER}{a}{b}")),
            ("a copy in the rows' order", format!("{HEADER}{a}{HEADER}{a}{b}")),
            ("another content", format!("{HEADER}{a}{a}{HEADER}{a}")),
            ("another total", format!("{HEADER}{a}{HEADER}{other}")),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    other orders: exit 0
        A-1 valid
        A-2 valid
    a copy: exit 0
        the rows of 2 orders are scattered: the export is read a second time
        A-1 valid
            order_copied 5:null the order appears here again with equal content; it counts once
        A-2 valid
            order_copied 6:null the order appears here again with equal content; it counts once
    a copy in the rows' order: exit 0
        the rows of 1 order are scattered: the export is read a second time
        A-1 valid
            order_copied 4:null the order appears here again with equal content; it counts once
        A-2 valid
    another content: exit 1
        the rows of 1 order are scattered: the export is read a second time
        A-1 invalid
            order_repeated 3:null this item is not in the order at orders.csv:5; it is not known which one counts
            total_differs 2:40 the items add up to 61.20, the order's price is 30.60
        A-1 invalid
            order_repeated 5:null the item at orders.csv:3 is not in the order here; it is not known which one counts
    another total: exit 1
        the rows of 1 order are scattered: the export is read a second time
        A-1 invalid
            order_repeated 2:40 "30.60" here, but "31" at orders.csv:4:40; it is not known which one counts
        A-1 invalid
            order_repeated 4:40 "31" here, but "30.60" at orders.csv:2:40; it is not known which one counts
            total_differs 4:40 the items add up to 30.60, the order's price is 31
    "#);
    let ran = Workspace::with("orders.csv", format!("{HEADER}{a}{HEADER}{HEADER}{a}")).run(CHECK);
    let summary = ran.summary();
    assert_eq!((&summary["rows"], &summary["headers_repeated"]), (&2.into(), &2.into()));
    assert!(ran.out.contains("2 headers repeated\n"), "{}", ran.out);
}

/// The rows below such a header were read by the names of the first one.
#[test]
fn header_in_another_order_ends_the_run() {
    let exchanged = HEADER.replace("item.price,item.quantity", "item.quantity,item.price");
    assert_ne!(exchanged, HEADER);
    let (a, b) = (row("A-1"), row("A-2"));
    for header in [exchanged.clone(), format!("\u{feff}{exchanged}")] {
        let workspace = Workspace::with("orders.csv", format!("{HEADER}{a}{header}{b}"));
        for set in ["unreadable_rows=refuse", "unreadable_rows=accept"] {
            let ran = workspace.run(&format!("{CHECK} --set {set}"));
            assert_eq!(ran.code, 2, "{set}: {}", ran.err);
            let found = "orders.csv:3: the header again, with the columns in another order";
            assert!(ran.err.contains(found), "{set}: {}", ran.err);
        }
    }
}

/// Equal rows of one file are two items, of two joined files an overlap.
#[test]
fn equal_rows_of_joined_files_are_a_problem() {
    let (a, b) = (row("A-1"), row("A-2"));
    let other = ExportRow { name: "Rod", ..ExportRow::default() }.csv();
    let workspace = Workspace::with("a.csv", format!("{HEADER}{a}{a}{b}"));
    workspace.file("shop.toml", canonical_with("join_files = true"));
    let check = "check a.csv b.csv --pos x --profile shop.toml --max-invalid 100%";
    let outcomes = |rows: &str| {
        workspace.file("b.csv", format!("{HEADER}{rows}"));
        workspace.run(check)
    };
    let parts = outcomes(&other);
    assert_eq!(parts.outcomes(), "A-1 valid, A-2 valid", "{}", parts.report());
    assert_eq!(parts.summary()["items"], 4);
    let overlap = outcomes(&format!("{other}{b}"));
    assert_eq!(overlap.outcomes(), "A-1 valid, A-2 invalid");
    let report = overlap.report();
    assert!(
        report.contains("row_in_two_files 3:null the item equals the one at a.csv:4"),
        "{report}"
    );
    assert!(report.contains("row_in_two_files = \"warning\" under [severity]"), "{report}");
    let both = "join_files = true\nseverity.row_in_two_files = 'warning'\n";
    workspace.file("shop.toml", canonical_with(both));
    let meant = outcomes(&format!("{other}{b}"));
    assert_eq!(meant.outcomes(), "A-1 valid, A-2 valid");
    assert_eq!(meant.summary()["items"], 5);
}

/// What both rows add up would be doubled, as an item would.
#[test]
fn equal_sums_of_joined_files_are_a_problem() {
    let profile = |keys: &str| {
        let rules = "\n[order]\nreferenceId = { column = 'id' }\n\
             orderedAt = { value = '2026-11-01T10:00:00Z' }\nstatus = { value = 'PURCHASED' }\n\
             currencyCode = { value = 'EUR' }\nprice = { column = 'line', over_rows = 'add' }\n\
             paymentType = { value = 'other' }\nguest.email = { value = 'a@example.com' }\n";
        let rules = rules.replace("guest.email", "[guest]\nemail");
        format!("name = 'parts'\njoin_files = true\n{keys}{rules}")
    };
    let workspace = Workspace::with("a.csv", "id,line\nA,10.50\nA,10.50\nA,0\n");
    let check = |keys, rows: &str| {
        workspace.file("shop.toml", profile(keys));
        workspace.file("b.csv", format!("id,line\n{rows}"));
        workspace.run("check a.csv b.csv --pos x --profile shop.toml --max-invalid 100%")
    };
    assert_eq!(check("", "A,3\nA,0.00\n").outcomes(), "A valid");
    let overlap = check("", "A,3\nA,10.5\n");
    assert_eq!(overlap.outcomes(), "A invalid");
    let report = overlap.report();
    let found = "row_in_two_files 3:null the row adds the same as the one at a.csv:2";
    assert!(report.contains(found), "{report}");
    assert_eq!(check("severity.row_in_two_files = 'warning'\n", "A,10.5\n").outcomes(), "A valid");
}

#[test]
fn ignored_rows_belong_to_no_order() {
    let rows = format!(
        "{HEADER}# 2025-03-01\n{}\n# next\n{}\"2 record(s) downloaded\"\n\"Seller ID : shop\"",
        row("A-1"),
        row("A-1")
    );
    let workspace = Workspace::with("orders.csv", rows);
    let ignored = r##"ignore_rows = [{ raw = true, starts_with = ["#", '"'] }]"##;
    workspace.file("shop.toml", canonical_with(ignored));
    let ran = workspace.run("check orders.csv --pos x --profile shop.toml");
    insta::assert_snapshot!(ran.report(), @"
    exit 0
        A-1 valid
            total_differs 3:40 the items add up to 61.20, the order's price is 30.60
    ");
    let summary = ran.summary();
    let counts = ["rows", "rows_ignored", "rows_unreadable", "items"].map(|name| &summary[name]);
    assert_eq!(counts, [6, 4, 0, 2].map(Value::from).each_ref(), "{}", ran.out);
    assert!(!ran.err.contains("ignores all rows"), "{}", ran.err);
    workspace.file("shop.toml", canonical_with("ignore_rows = [{ raw = true, is_not = 'x' }]"));
    let ran = workspace.run("check orders.csv --pos x --profile shop.toml");
    assert!(ran.err.contains("warning: the profile ignores all rows"), "{}", ran.err);
}

/// A quote in a comment may enclose the orders below it.
#[test]
fn rows_that_may_hold_others_are_not_ignored() {
    let profile = canonical_with(r##"ignore_rows = [{ raw = true, starts_with = "#" }]"##);
    let (a, b) = (row("A-1"), row("A-2"));
    for rows in [
        format!("{a}# part two,\"as told\n{b}{b}"),
        format!("{a}# part two,\"as told\n{b}\"\n{b}"),
        format!("{a}# part two,\"as\" told\n{b}"),
        format!("{a}# part two,\"as told\n{b}\",,,,,,,,,,\n"),
    ] {
        let workspace = Workspace::with("orders.csv", format!("{HEADER}{rows}"));
        let ran = workspace
            .file("shop.toml", &profile)
            .run("check orders.csv --pos x --profile shop.toml --max-invalid 100%");
        assert_ne!(ran.code, 0, "{rows}");
        assert_eq!(ran.summary()["rows_ignored"].as_u64(), None, "{rows}");
    }
    let lines = "{\"op\": \"d\"}{\"referenceId\": \"A-1\"}\n";
    let ran = Workspace::with("orders.ndjson", lines)
        .file("shop.toml", profile.replace("\"#\"", "'{\"op\"'"))
        .run("check orders.ndjson --pos x --profile shop.toml");
    assert_eq!(ran.code, 2, "{}", ran.err);
}

/// The end of a block is after any row.
#[test]
fn lost_row_below_a_header_belongs_to_what_follows() {
    let profile = canonical_with("rows_adjacent = true");
    let outcomes = |n_blank: usize| {
        let blank = "\n".repeat(n_blank);
        let rows = [&row("A-1"), HEADER, &blank, "lost\n", &blank, &row("A-2")].concat();
        let workspace = Workspace::with("orders.csv", format!("{HEADER}{rows}"));
        workspace
            .file("shop.toml", &profile)
            .run("check orders.csv --pos x --profile shop.toml --max-invalid 100%")
            .outcomes()
    };
    assert_eq!(outcomes(0), "A-1 valid, A-2 invalid");
    assert_eq!(outcomes(300_000), "A-1 valid, A-2 invalid");
}

/// Accepted rows are given up, but never the items of an order, and never a whole export.
#[test]
fn accepted_unreadable_rows_set_the_exit_code() {
    let check = "check orders.csv --pos x --set unreadable_rows=accept";
    let a = row("A-1");
    let no_item = "GEAR,Rope,30.60,1,";
    let without_key = |row: String| row.replace("2025-03-01T10:00:00Z", "");
    let found = run_cases(
        "orders.csv",
        check,
        &[
            ("a footer", format!("{HEADER}{a}end\n")),
            (
                "no key and no item",
                format!("{HEADER}{a}{}", without_key(row("").replace(no_item, ",,,,"))),
            ),
            ("an item without a key", format!("{HEADER}{a}{}", without_key(row("")))),
            ("no order", format!("{HEADER}end\nend\n")),
        ],
    );
    insta::assert_snapshot!(found, @"
    a footer: exit 1
        A-1 valid
    no key and no item: exit 1
        A-1 valid
    an item without a key: exit 2
        error: orders.csv:3: the row has cells of an item, but no order key; it is not known which order the row belongs to
          hint: give the row the key of its order, which would go without the item; rows that belong to no order are named in ignore_rows of the profile
    no order: exit 2
        error: no order was read, and 2 rows cannot be read; nothing was sent
          hint: compare the first lines of the export with the profile: its format, delimiter and key
    ");
}

#[test]
fn json_over_several_lines_below_a_line_is_told() {
    let pretty = "{\n  \"referenceId\": \"A-1\",\n  \"price\": 5\n}\n";
    // The first line shows that each line is a document.
    let workspace = Workspace::with("orders.json", format!("{{}}\n{pretty}"));
    let refused = workspace.run("check orders.json --pos x");
    let accepted = workspace.run("check orders.json --pos x --set unreadable_rows=accept");
    insta::assert_snapshot!(refused.report() + &accepted.report(), @r#"
    exit 2
        error: orders.json:2:1: the line is not a single JSON object: it ends within an object at column 1; it is not known which order the row belongs to (3 more such rows)
          hint: fix the row; if documents are over several lines, or several are on one, set documents = "." in the profile
    exit 2
        error: no order was read, and 4 rows cannot be read; nothing was sent
          hint: compare the first lines of the export with the profile: its format, delimiter and key
    "#);
}

/// Each of these is to be an object or an array, and is a text.
#[test]
fn text_in_place_of_an_object_is_named() {
    let order = r#"{"referenceId":"A-1","orderedAt":"2026-05-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":5,"paymentType":"other","orderItems":[{"type":"GEAR","name":"Rope","price":5,"quantity":1,"productId":"R-1"}],"guest":{"email":"ann@example.com"}}"#;
    let problems = |from: &str, to: &str| {
        let line = order.replace(from, to);
        assert_ne!(line, order);
        let workspace = Workspace::with("orders.ndjson", line + "\n");
        let ran = workspace.run("check orders.ndjson --pos x --max-invalid 100%");
        let result: serde_json::Value = serde_json::from_str(&ran.text("results.ndjson")).unwrap();
        let problems = result["problems"].as_array().unwrap().iter();
        let shown = problems.map(|one| {
            let text = |name: &str| one[name].as_str().unwrap_or_default();
            format!("{}:{} {}: {}", one["column"], text("code"), text("field"), text("message"))
        });
        shown.collect::<Vec<_>>().join("\n")
    };
    let found = [
        problems(r#"{"email":"ann@example.com"}"#, r#""ann@example.com""#),
        problems(
            r#"[{"type":"GEAR","name":"Rope","price":5,"quantity":1,"productId":"R-1"}]"#,
            r#""Rope""#,
        ),
        problems(r#""guest""#, r#""ext":"gift","guest""#),
        problems(r#""guest""#, r#""event":"web","guest""#),
    ];
    insta::assert_snapshot!(found.join("\n---\n"), @r#"
    225:not_a_scalar guest.email: a string where an object is expected
    ---
    144:not_a_scalar : "orderItems" is a string, expected an array of items
    ---
    223:extension_value : a string where an object of extension attributes is expected
    ---
    225:not_a_scalar event.channel: a string where an object is expected
    "#);
}

#[test]
fn row_without_key_shows_no_name_in_any_message() {
    let nameless = ExportRow { reference: "", name: "Jane Miller", ..ExportRow::default() };
    let rows = [row("A-1"), nameless.csv().replace("EUR", "Ann Lee")];
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", rows.concat()));
    let shown = workspace.run(CHECK).out;
    assert!(shown.contains("missing_attribute") && shown.contains("unknown_currency"), "{shown}");
    assert!(!shown.contains("Jane") && !shown.contains("Lee"), "{shown}");
}

#[test]
fn text_in_place_of_an_events_order_is_named() {
    let order = r#"{"referenceId":"A-1","orderedAt":"2026-05-01T10:00:00Z","status":"PURCHASED","currencyCode":"EUR","price":5,"paymentType":"other","orderItems":[{"type":"GEAR","name":"Rope","price":5,"quantity":1,"productId":"R-1"}]}"#;
    let event = |order: &str| {
        format!(
            "{{\"type\":\"ORDER_CHECKOUT\",\"pos\":\"x\",\"guest\":{{\"email\":\"ann@example.com\"}},\"order\":{order}}}\n"
        )
    };
    let wrong = event("\"A-2\"");
    let reports = [wrong.clone(), event(order) + &wrong].map(|lines| {
        let workspace = Workspace::with("orders.ndjson", lines);
        workspace.run("check orders.ndjson --max-invalid 100%").report()
    });
    insta::assert_snapshot!(reports.join("---\n"), @r#"
        exit 1
             invalid
                row_without_key 1:null there is no order key, so it is not known which order this is
                not_a_scalar 1:80 a string where an object is expected
                missing_attribute 1:null referenceId is required and has no value
                missing_attribute 1:null orderedAt is required and has no value
                missing_attribute 1:null status is required and has no value
                missing_attribute 1:null currencyCode is required and has no value
                missing_attribute 1:null price is required and has no value
                missing_attribute 1:null paymentType is required and has no value
        ---
        exit 1
            A-1 valid
             invalid
                row_without_key 2:null there is no order key, so it is not known which order this is
                not_a_scalar 2:80 a string where an object is expected
                missing_attribute 2:null referenceId is required and has no value
                missing_attribute 2:null orderedAt is required and has no value
                missing_attribute 2:null status is required and has no value
                missing_attribute 2:null currencyCode is required and has no value
                missing_attribute 2:null price is required and has no value
                missing_attribute 2:null paymentType is required and has no value
                order_without_items 2:null the order has no items
        "#);
}

/// A typing error in `item_rows` leaves out the items of all orders.
#[test]
fn condition_that_takes_no_item_is_a_warning() {
    const PROFILE: &str = r#"
name = "shop"
[order]
referenceId = { column = "id", path = "id" }
orderedAt = { column = "at", path = "at", date = "iso8601" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "total", path = "total" }
paymentType = { value = "other" }
[item]
type = { value = "PRODUCT" }
name = { column = "name", path = "name" }
[guest]
email = { column = "mail", path = "mail" }
"#;
    let rows =
        "id,at,total,mail,kind,name\nA-1,2026-11-20T10:00:00Z,1.00,ann@example.com,Item,Mug\n";
    let document = "{\"id\":\"A-1\",\"at\":\"2026-11-20T10:00:00Z\",\"total\":1,\
                    \"mail\":\"ann@example.com\",\"lines\":[{\"kind\":\"Item\",\"name\":\"Mug\"}]}\n";
    let check = |file: &str, content: &str, keys: &str| {
        let workspace = Workspace::with(file, content);
        workspace.file("shop.toml", format!("{keys}{PROFILE}"));
        workspace.run(&format!("check {file} --pos x --profile shop.toml")).report()
    };
    let takes = |word| format!("item_rows = {{ column = 'kind', path = 'kind', is = '{word}' }}\n");
    let lines = format!("items = 'lines'\n{}", takes("item"));
    let without = document.replace("{\"kind\":\"Item\",\"name\":\"Mug\"}", "");
    let reports = [
        check("orders.csv", rows, &takes("item")),
        check("orders.csv", rows, &takes("Item")),
        check("orders.ndjson", document, &lines),
        // An export of orders that have none.
        check("orders.ndjson", &without, "items = 'lines'"),
    ];
    insta::assert_snapshot!(reports.join("---\n"), @r#"
    exit 0
        A-1 valid
            order_without_items 2:null the order has no items
    ---
    exit 0
        A-1 valid
    ---
    exit 0
        A-1 valid
            order_without_items 1:null the order has no items
    ---
    exit 0
        A-1 valid
    "#);
}
