//! Tests of what comes before the rows of a CSV file: lines above the header, a line for Excel, no
//! header at all. Rejects begin with the same lines, so that they are read in the same way.

use std::fs;

use crate::support::workspace::{ExportRow, HEADER, Workspace};

fn rows() -> String {
    let invalid = ExportRow { reference: "A-2", price: "none", ..ExportRow::default() }.csv();
    format!("{}{invalid}", ExportRow::default().csv())
}

/// A profile of the canonical columns with these keys.
fn profile(keys: &str) -> String {
    let canonical = include_str!("../../../src/map/profiles/canonical.toml");
    let name = canonical.lines().find(|line| line.starts_with("name")).unwrap();
    canonical.replacen(name, &format!("name = \"shop\"\n{keys}"), 1)
}

/// Checks an export, then its rejects, with the same profile. Returns the rejects.
fn check_twice(export: &str, keys: &str) -> String {
    let workspace = Workspace::with("orders.csv", export);
    workspace.file("shop.toml", profile(keys));
    let command = "check orders.csv --profile shop.toml --pos x --max-invalid 100%";
    let ran = workspace.run(command);
    let summary = ran.summary();
    let counts = [&summary["orders"]["read"], &summary["orders"]["invalid"]];
    assert_eq!(counts, [2, 1], "{keys}: {}{}", ran.err, ran.out);
    let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
    workspace.file("rejects.csv", &rejects);
    let again = workspace.run(&command.replace("orders.csv", "rejects.csv"));
    let references: Vec<_> =
        again.results().iter().map(|result| result["referenceId"].clone()).collect();
    assert_eq!(references, ["A-2"], "{keys}: {}", again.err);
    rejects
}

#[test]
fn rejects_begin_with_the_lines_before_the_rows() {
    let (rows, semicolons) = (rows(), |text: &str| text.replace(',', ";"));
    let invalid = rows.lines().nth(1).unwrap();
    let above = "Orders of a shop\n\n\"a quote, and\n";
    let rejects = check_twice(&format!("{above}{HEADER}{rows}"), "skip_lines = 3");
    assert_eq!(rejects, format!("{above}{HEADER}{invalid}\n"));

    let rejects = check_twice(&semicolons(&format!("sep=;\n{HEADER}{rows}")), "");
    assert_eq!(rejects, semicolons(&format!("sep=;\n{HEADER}{invalid}\n")));

    let names: Vec<_> = HEADER.trim_end().split(',').collect();
    let header = format!("header = {names:?}");
    assert_eq!(check_twice(&rows, &header), format!("{invalid}\n"));
    let keys = format!("{header}\nskip_lines = 1");
    assert_eq!(check_twice(&format!("Orders\n{rows}"), &keys), format!("Orders\n{invalid}\n"));
}

/// The first order of a file without the header that is replaced would be lost.
#[test]
fn order_in_the_place_of_a_replaced_header_is_refused() {
    let workspace = Workspace::with("a.csv", format!("{HEADER}{}", rows()));
    workspace.file("b.csv", ExportRow { reference: "B-1", ..ExportRow::default() }.csv());
    let names: Vec<_> = HEADER.trim_end().split(',').collect();
    workspace.file("shop.toml", profile(&format!("header = {names:?}\nskip_lines = 1")));
    let ran = workspace.run("check a.csv b.csv --profile shop.toml --pos x");
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err, @r#"
    error: b.csv:1: skip_lines passes over this line, which has the date of an order; nothing was sent
      hint: the file may lack the header that header in the profile replaces: give it one, or check it with a lower skip_lines
    "#);
}

#[test]
fn half_a_heading_is_refused() {
    let text = format!("{HEADER}{}", rows());
    let semicolons = text.replace(',', ";");
    let refusal = |export: &str, keys: &str| {
        let workspace = Workspace::with("orders.csv", export);
        workspace.file("shop.toml", profile(keys));
        let ran = workspace.run("check orders.csv --profile shop.toml --pos x");
        assert_eq!(ran.code, 2, "{keys}: {}", ran.err);
        ran.err
    };
    let found = [
        refusal(&format!("sep=;\n{semicolons}"), "delimiter = \",\""),
        refusal("Orders\n\n", "skip_lines = 3"),
        refusal("Orders\n\n", "skip_lines = 2"),
        refusal(&text, "skip_lines = 1"),
        refusal(&text, "header = []"),
        refusal(&text, "header = [\" Order\"]"),
        refusal(&text, "header = [\"id\", \"Date\", \"id\"]"),
        refusal(&text, "format = \"ndjson\"\nskip_lines = 1\ndelimiter = \";\""),
    ]
    .join("\n");
    insta::assert_snapshot!(found, @r#"
    error: orders.csv:1: the first line says that cells are separated by ';', expected ','
      hint: set delimiter = ";" in the profile

    error: orders.csv: the file has 2 lines, expected a header after 3 (skip_lines)
      hint: lower skip_lines in the profile; with 0 the first line is the header

    error: orders.csv:1: the file is empty, expected a header
      hint: a file without rows still has its header line; export it anew

    error[profile]: there is no column "referenceId" in the export
      --> shop.toml:15:26  order.referenceId
       |
    15 | referenceId = { column = "referenceId", path = "referenceId" }
       |                          ^^^^^^^^^^^^^
       |
       = orders.csv has "A***", "2***", "P***", "E***", "3***", …, 12 columns
       = hint: line 2 was taken for the header, and has none of the profile's
               columns; if lines are above the header, set skip_lines in the
               profile, for example skip_lines = 2; if the file has none, name the
               columns: header = ["Order", …]

    1 error in shop.toml. Nothing was sent.

    error[profile]: no name
     --> shop.toml:5:10  header
      |
    5 | header = []
      |          ^^ expected the names of all columns, in order

    1 error in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml

    error[profile]: name " Order" is empty or has blanks around it
     --> shop.toml:5:11  header
      |
    5 | header = [" Order"]
      |           ^^^^^^^^ expected a name

    1 error in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml

    error[profile]: "id" is the name of an earlier column
     --> shop.toml:5:25  header
      |
    5 | header = ["id", "Date", "id"]
      |                         ^^^^ expected another name

    1 error in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml

    error[profile]: without effect: the profile's format is JSON
     --> shop.toml:6:14  skip_lines
      |
    6 | skip_lines = 1
      |              ^

    error[profile]: without effect: the profile's format is JSON
     --> shop.toml:7:13  delimiter
      |
    7 | delimiter = ";"
      |             ^^^

    2 errors in shop.toml. Nothing was read or sent.
    next: orderferry profiles check shop.toml
    "#);
}
