//! Tests of rows that are no plain part of an order: quotes that may be data, headers within a
//! file, rows that belong to no order.

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
            row_unreadable 2:null the cell of column "item.name" begins with blanks and a quote, expected the quote first; where quotes are data, set quote = "none"
        A-2 valid
        A-3 valid
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
