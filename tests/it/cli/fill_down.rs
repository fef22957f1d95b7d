//! Tests of cells that take the value of the row above: exports with merged cells.

use std::fs;

use super::csv_dialects::{HEADER, assert_rejects_are_judged_again, check, explained, outcomes};
use crate::support::workspace::Workspace;

const KEYS: &str = "fill_down = [\"Order\"]";

fn first_row(reference: &str, total: &str) -> String {
    format!("{reference},2025-03-01 10:00:00,paid,{total},{reference}@example.com,S1,Mug,1,10.00\n")
}

const NEXT_ROW: &str = ",,,,,S2,Jug,1,20.00\n";

/// The outcomes of an export with these keys, and the first lines of its orders.
fn outcomes_with(keys: &str, rows: &str) -> String {
    let export = format!("{HEADER}{rows}");
    let workspace = Workspace::with("orders.csv", &export);
    let ran = check(&workspace, "orders.csv", keys, "");
    assert_rejects_are_judged_again(&workspace, &ran, &export, keys);
    let lines: Vec<_> =
        ran.results().iter().map(|result| result["source"]["line"].to_string()).collect();
    let outcomes = outcomes(&ran);
    let outcomes = outcomes.lines().zip(lines).map(|(outcome, lines)| format!("{lines} {outcome}"));
    outcomes.collect::<Vec<_>>().join("\n")
}

#[test]
fn blank_key_is_that_of_the_row_above() {
    let rows = [&first_row("A1", "30.00"), NEXT_ROW, ",,,,,,,,\n", &first_row("A2", "10.00")];
    insta::assert_snapshot!(outcomes_with(KEYS, &rows.concat()), @"
    2 A1 valid
    5 A2 valid
    ");
    let export = format!("{HEADER}{}", rows.concat());
    insta::assert_snapshot!(explained(&export, "fill_down = [\"Order\", \"Date\"]", "A1"), @"
    referenceId A1 Order 2 as it is
    item 1 S1 Mug 1 x 10.00 line 2
    item 2 S2 Jug 1 x 20.00 line 3
    ");
}

#[test]
fn first_row_needs_a_value() {
    let rows = [NEXT_ROW, &first_row("A1", "10.00")].concat();
    insta::assert_snapshot!(outcomes_with(KEYS, &rows), @"3 A1 invalid this row cannot be read and may belong to the order");
}

#[test]
fn value_of_another_order_is_not_taken() {
    let rows =
        [first_row("A1", "10.00"), first_row("A2", "10.00").replace("2025-03-01 10:00:00", "")];
    insta::assert_snapshot!(outcomes_with("fill_down = [\"Order\", \"Date\"]", &rows.concat()), @r#"
    2 A1 valid
    3 A2 invalid the cell of column "Date" is blank (fill_down), and no row of its order above has a value
    "#);
    insta::assert_snapshot!(outcomes_with("fill_down = [\"Date\"]", &rows.concat()), @r#"
    2 A1 valid
    3 A2 invalid the cell of column "Date" is blank (fill_down), and no row of its order above has a value
    "#);
}

#[test]
fn rows_below_an_unreadable_one_are_doubtful() {
    let damaged = "A2,2025-03-01 10:00:00,paid,30.00,x@example.com,S1,\"Mug\"s,1,10.00\n";
    let rows = [
        &first_row("A1", "30.00"),
        NEXT_ROW,
        damaged,
        NEXT_ROW,
        &first_row("A3", "10.00"),
        &first_row("A4", "10.00"),
    ];
    insta::assert_snapshot!(outcomes_with(KEYS, &rows.concat()), @"
    2 A1 invalid this row cannot be read and may belong to the order
    6 A3 invalid this row cannot be read and may belong to the order
    7 A4 valid
    ");
    // Its key is certain, so the rows below it are of its order.
    let short = "A2,2025-03-01 10:00:00,paid,30.00\n";
    let rows = [&first_row("A1", "30.00"), NEXT_ROW, short, NEXT_ROW, &first_row("A3", "10.00")];
    insta::assert_snapshot!(outcomes_with(KEYS, &rows.concat()), @r#"
    2 A1 valid
    4 A2 invalid the row has 4 cells, the header has 9; if it lacks only empty ones at its end, ragged_rows = "pad" adds them
    6 A3 valid
    "#);
}

#[test]
fn ignored_rows_carry_no_values() {
    let keys = format!(
        "{KEYS}\nignore_rows = [{{ column = \"Order\", starts_with = [\"#\", \"TEST\"] }}, \
         {{ column = \"Name\", is = \"Subtotal\" }}]"
    );
    let subtotals = [",,,30.00,,,Subtotal,2,\n", "A1,,,30.00,,,Subtotal,2,\n"].concat();
    let rows = [&first_row("A1", "30.00"), &subtotals, NEXT_ROW, &first_row("A2", "10.00")];
    insta::assert_snapshot!(outcomes_with(&keys, &rows.concat()), @"
    2 A1 valid
    6 A2 valid
    ");
    // A row with another key may be the first one of an order, whatever else it has.
    let rows = [&first_row("A1", "30.00"), "# page 2,,,,,,,,\n", NEXT_ROW];
    insta::assert_snapshot!(outcomes_with(&keys, &rows.concat()), @"2 A1 invalid this row cannot be read and may belong to the order");
    // An order that is ignored by its key: the rows below it are not those of the order above.
    let rows = [
        &first_row("A1", "10.00"),
        &first_row("TEST-1", "30.00"),
        NEXT_ROW,
        &first_row("A2", "10.00"),
        &first_row("A3", "10.00"),
    ];
    insta::assert_snapshot!(outcomes_with(&keys, &rows.concat()), @"
    2 A1 invalid this row cannot be read and may belong to the order
    5 A2 invalid this row cannot be read and may belong to the order
    6 A3 valid
    ");
}

#[test]
fn values_do_not_pass_from_file_to_file() {
    let workspace = Workspace::with("a.csv", format!("{HEADER}{}", first_row("A1", "10.00")));
    workspace.file("b.csv", format!("{HEADER}{NEXT_ROW}{}", first_row("B1", "10.00")));
    let ran = check(&workspace, "a.csv b.csv", KEYS, "");
    insta::assert_snapshot!(outcomes(&ran), @"
    A1 valid
    B1 invalid this row cannot be read and may belong to the order
    ");
}

/// It may be of an order in another file: nothing is known of it.
#[test]
fn row_without_an_order_beside_it_ends_the_run() {
    let first = first_row("A1", "10.00");
    let workspace = Workspace::with("a.csv", format!("{HEADER}{first}"));
    workspace.file("b.csv", format!("{HEADER}{NEXT_ROW}"));
    workspace.file("c.csv", format!("{HEADER}{first}{HEADER}{NEXT_ROW}{HEADER}"));
    for (files, at) in [("a.csv b.csv", "b.csv:2"), ("c.csv", "c.csv:4")] {
        let ran = check(&workspace, files, KEYS, "");
        assert_eq!(ran.code, 2);
        let error = format!(
            "{at}: the cell of column \"Order\" is blank (fill_down), and no row above has"
        );
        assert!(ran.err.contains(&error), "{}", ran.err);
        assert!(ran.err.contains("no row of an order is beside it"), "{}", ran.err);
    }
    let accepted = format!("{KEYS}\nunreadable_rows = \"accept\"");
    assert_eq!(check(&workspace, "a.csv b.csv", &accepted, "").code, 1);
}

#[test]
fn missing_column_is_an_error() {
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", first_row("A1", "10.00")));
    let ran = check(&workspace, "orders.csv", "fill_down = [\"Ordre\"]", "");
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err, @r#"
    error[profile]: there is no column "Ordre" in the export
     --> shop.toml:2:14  fill_down
      |
    2 | fill_down = ["Ordre"]
      |              ^^^^^^^
      |
      = orders.csv has "Order", its 1st column of 9

    1 error in shop.toml. Nothing was sent.
    "#);
}

/// The total of an order was once that of its first row, times the number of its rows.
#[test]
fn added_number_is_not_filled() {
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", first_row("A1", "10.00")));
    let price = "order.price = { column = \"Total\", over_rows = \"add\" }";
    workspace.file(
        "shop.toml",
        format!("name = \"shop\"\nfill_down = [\"Order\", \"Total\"]\n{price}\n"),
    );
    let ran = workspace.run("profiles check shop.toml");
    let expected = "\"Total\" is added up over the rows of an order (over_rows), so a filled cell";
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains(expected) || ran.out.contains(expected), "{}{}", ran.err, ran.out);
}

#[test]
fn rejects_of_filled_rows_are_readable() {
    let rows = [
        &first_row("A1", "99.00x"),
        NEXT_ROW,
        &first_row("A2", "10.00"),
        &first_row("A3", "1x"),
        NEXT_ROW,
    ];
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{}", rows.concat()));
    let ran = check(&workspace, "orders.csv", KEYS, "");
    let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
    assert_eq!(rejects, format!("{HEADER}{}", [rows[0], rows[1], rows[3], rows[4]].concat()));
    workspace.file("rejects.csv", rejects.replace("99.00x", "30.00").replace("1x", "30.00"));
    let again = check(&workspace, "rejects.csv", KEYS, "");
    insta::assert_snapshot!(outcomes(&again), @"
    A1 valid
    A3 valid
    ");
}

/// Orders over several blocks, some of them at two places, so that their rows are spilled.
#[test]
fn results_do_not_depend_on_blocks_or_memory() {
    let (mut rows, mut per_row) = (String::new(), String::new());
    for order in 0..5000 {
        let n_rows = 1 + order % 5;
        let reference = format!("A{}", if order % 50 == 49 { order - 40 } else { order });
        let total = format!("{}.00", 10 + 20 * (n_rows - 1));
        let first = first_row(&reference, &total);
        rows += &first;
        per_row += &first;
        for _ in 1..n_rows {
            rows += NEXT_ROW;
            per_row.extend([&*reference, NEXT_ROW]);
        }
    }
    let workspace = Workspace::with("orders.csv", format!("{HEADER}{rows}"));
    workspace.file("per_row.csv", format!("{HEADER}{per_row}"));
    let results = |file: &str, keys: &str, more: &str| {
        let ran = check(&workspace, file, keys, more);
        let results = ran.results();
        let line = |result: &serde_json::Value| result.to_string().replace(file, "");
        results.iter().map(line).collect::<Vec<_>>()
    };
    let expected = results("per_row.csv", "rows_adjacent = true", "");
    assert!(expected.len() > 4000);
    assert!(expected == results("orders.csv", KEYS, ""));
    assert!(expected == results("orders.csv", KEYS, "--memory 64MB"));
}

/// A row that may be of either order is in the rejects of both, with the rows that make it so.
#[test]
fn rejects_have_the_rows_that_may_be_of_an_order() {
    let damaged = |name: &str| {
        format!("A2,2025-03-01 10:00:00,paid,30.00,x@example.com,S1,\"{name}\"s,1,10.00\n")
    };
    let (mug, jug) = (damaged("Mug"), damaged("Jug"));
    let [a1, a3, a4] = ["A1", "A3", "A4"].map(|reference| first_row(reference, "10.00"));
    let skip = "[[skip]]\nreason = \"test\"\nwhen = { column = \"Order\", is = \"A1\" }";
    for (keys, rows) in [
        ("rows_adjacent = true".to_owned(), [&a1, &mug, &a3, &a4].as_slice()),
        // An order that is skipped too: alone, the two rows would be next to another order.
        (format!("rows_adjacent = true\n{skip}"), &[&a1, &mug, &jug, &a3, &a4]),
    ] {
        let export = rows.iter().fold(HEADER.to_owned(), |export, row| export + row);
        let workspace = Workspace::with("orders.csv", &export);
        let ran = check(&workspace, "orders.csv", &keys, "");
        assert_rejects_are_judged_again(&workspace, &ran, &export, &keys);
        let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
        let (_, of_rejects) = rows.split_last().unwrap();
        let expected = of_rejects.iter().fold(HEADER.to_owned(), |rejects, row| rejects + row);
        assert_eq!(rejects, expected);
    }
}

#[test]
fn repaired_row_comes_back_with_its_order() {
    let damaged = NEXT_ROW.replace("Jug", "\"Jug\"s");
    let rows = [&first_row("A1", "30.00"), &damaged, &first_row("A2", "10.00")];
    let export = rows.iter().fold(HEADER.to_owned(), |export, row| export + row);
    let workspace = Workspace::with("orders.csv", export);
    let ran = check(&workspace, "orders.csv", KEYS, "");
    let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
    workspace.file("rejects.csv", rejects.replace("\"Jug\"s", "Jug"));
    let again = check(&workspace, "rejects.csv", KEYS, "");
    insta::assert_snapshot!(outcomes(&again), @"
    A1 valid
    A2 valid
    ");
    assert_eq!(again.summary()["items"], 3);
}

/// The damaged row is of an order that is skipped, or accepted by an earlier run: alone in the
/// rejects, it would take the key of the order above that one.
#[test]
fn repaired_row_never_joins_another_order() {
    let damaged = NEXT_ROW.replace("Jug", "\"Jug\"s");
    let skip = "\n[[skip]]\nreason = \"test\"\nwhen = { column = \"Order\", is = \"A2\" }";
    let keys = format!("{KEYS}{skip}");
    let invalid = first_row("A1", "10.00").replace("Mug,1", "Mug,x");
    let rows = [&invalid, &first_row("A2", "30.00"), &damaged, &first_row("A3", "10.00")];
    let export = rows.iter().fold(HEADER.to_owned(), |export, row| export + row);
    let workspace = Workspace::with("orders.csv", &export);
    let ran = check(&workspace, "orders.csv", &keys, "");
    assert_rejects_are_judged_again(&workspace, &ran, &export, &keys);
    let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
    assert_eq!(rejects, export);
    workspace.file("rejects.csv", rejects.replace("\"Jug\"s", "Jug").replace("Mug,x", "Mug,1"));
    let again = check(&workspace, "rejects.csv", &keys, "");
    insta::assert_snapshot!(outcomes(&again), @"
    A1 valid
    A2 skipped
    A3 valid
    ");
    assert_eq!(again.summary()["items"], 2);
}

/// The row below a second header has no order above it, and none in the rejects either.
#[test]
fn row_below_a_header_never_joins_the_order_above() {
    let invalid = first_row("A1", "10.00").replace("Mug,1", "Mug,x");
    let rows = [&invalid, HEADER, NEXT_ROW, &first_row("A3", "10.00")];
    let export = rows.iter().fold(HEADER.to_owned(), |export, row| export + row);
    let workspace = Workspace::with("orders.csv", &export);
    let ran = check(&workspace, "orders.csv", KEYS, "");
    assert_rejects_are_judged_again(&workspace, &ran, &export, KEYS);
    assert_eq!(fs::read_to_string(ran.path("rejects/orders.csv")).unwrap(), export);
}
