//! Tests of how cells and rows of a CSV file are written: escapes, blanks before quotes, texts of a
//! spreadsheet, rows of other lengths. Rejects are the bytes of the export and are read again.

use std::fs;

use crate::support::workspace::{RunResult, Workspace};

pub(super) const PROFILE: &str = r#"
[order]
referenceId = { column = "Order" }
orderedAt = { column = "Date", date = "%Y-%m-%d %H:%M:%S", zone = "Europe/Berlin" }
status = { column = "Status", values = { paid = "PURCHASED" } }
currencyCode = { value = "EUR" }
price = { column = "Total" }
paymentType = { value = "other" }
[item]
type = { value = "PRODUCT" }
productId = { column = "SKU" }
name = { column = "Name" }
quantity = { column = "Qty" }
price = { column = "Price" }
[guest]
email = { column = "Email" }
"#;

pub(super) const HEADER: &str = "Order,Date,Status,Total,Email,SKU,Name,Qty,Price\n";

/// Checks an export with these keys of the profile.
pub(super) fn check(workspace: &Workspace, file: &str, keys: &str, more: &str) -> RunResult {
    workspace.file("shop.toml", format!("name = \"shop\"\n{keys}\n{PROFILE}"));
    let command =
        format!("check {file} --profile shop.toml --pos x --channel WEB --max-invalid 100% {more}");
    workspace.run(command.trim_end())
}

/// The outcome of each order, and its first problem.
pub(super) fn outcomes(ran: &RunResult) -> String {
    let outcome = |result: serde_json::Value| {
        let problem = &result["problems"][0];
        let words = [&result["referenceId"], &result["outcome"], &problem["message"]];
        let words = words.map(|word| word.as_str().unwrap_or_default().to_owned());
        words.join(" ").trim_end().to_owned()
    };
    let lines: Vec<_> = ran.results().into_iter().map(outcome).collect();
    assert!(!lines.is_empty(), "{}", ran.err);
    lines.join("\n")
}

/// The outcomes of an export, whose rejects come back with the same ones.
fn outcomes_of(export: &str, keys: &str) -> String {
    let workspace = Workspace::with("orders.csv", export);
    let ran = check(&workspace, "orders.csv", keys, "");
    assert_rejects_are_judged_again(&workspace, &ran, export, keys);
    outcomes(&ran)
}

/// Reads the rejects of a run, which are rows of its export, and compares the outcomes.
pub(super) fn assert_rejects_are_judged_again(
    workspace: &Workspace,
    ran: &RunResult,
    export: &str,
    keys: &str,
) {
    let found = outcomes(ran);
    let invalid: Vec<_> = found.lines().filter(|line| line.contains(" invalid")).collect();
    if invalid.is_empty() {
        return;
    }
    let rejects = fs::read_to_string(ran.path("rejects/orders.csv")).unwrap();
    for line in rejects.lines() {
        assert!(export.lines().any(|of_export| of_export == line), "{line}");
    }
    workspace.file("rejects.csv", rejects);
    let again = outcomes(&check(workspace, "rejects.csv", keys, ""));
    // Orders that are not invalid come back too, if a row in the rejects may be of them.
    let (again, others): (Vec<_>, Vec<_>) =
        again.lines().partition(|line| line.contains(" invalid"));
    assert_eq!(again, invalid);
    assert!(others.iter().all(|line| found.lines().any(|before| before == *line)), "{others:?}");
}

/// What `--explain` shows of the reference and the items of an order.
pub(super) fn explained(export: &str, keys: &str, reference: &str) -> String {
    let workspace = Workspace::with("orders.csv", export);
    let ran = check(&workspace, "orders.csv", keys, &format!("--explain {reference}"));
    let is_shown = |line: &&str| line.starts_with("item ") || line.starts_with("  referenceId ");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    ran.out.lines().filter(is_shown).map(words).collect::<Vec<_>>().join("\n")
}

#[test]
fn escaped_quotes_are_text() {
    let export = HEADER.to_owned()
        + r#"A1,2025-03-01 10:00:00,paid,20.00,ann@example.com,S1,"Foo \"Bar\"",2,10.00
A2,2025-03-01 10:00:00,paid,20.00,bob@example.com,S1,"12\", wide",2,10.00
A3,2025-03-01 10:00:00,paid,20.00,cy@example.com,S1,"Mug",2,10.00
A4,2025-03-01 10:00:00,paid,20.00,dee@example.com,S1,"C:\new",2,10.00
A5,2025-03-01 10:00:00,paid,20.00,eve@example.com,S1,"two \
lines",2,10.00
"#;
    let keys = r#"escape = "\\""#;
    insta::assert_snapshot!(outcomes_of(&export, keys), @r#"
    A1 valid
    A2 valid
    A3 valid
    A4 invalid the cell of column "Name" has an escape at column 57 that may be text; expected a quote, a delimiter, a line break or another escape behind it
    A5 valid
    "#);
    insta::assert_snapshot!(explained(&export, keys, "A2"), @r#"
    referenceId A2 Order 3 as it is
    item 1 S1 12", wide 2 x 10.00 line 3
    "#);
    // Without the key the quotes end cells, and the rows have no reliable key.
    let workspace = Workspace::with("orders.csv", &export);
    let ran = check(&workspace, "orders.csv", "", "");
    assert_eq!(ran.code, 2);
    insta::assert_snapshot!(ran.err, @r#"
    error: orders.csv:2:61: text after a closing quote at column 61, expected a delimiter; a quote within a cell is written ""; it is not known which order the row belongs to
      hint: set escape = "\\" in the profile if a quote within a cell is written \"
    "#);
}

#[test]
fn blanks_before_quotes_are_skipped() {
    let export = HEADER.to_owned()
        + "A1,2025-03-01 10:00:00,paid,20.00,ann@example.com, \"S1\", \"Mug, red\",2,10.00\n\
           A2,2025-03-01 10:00:00,none,20.00,bob@example.com, \"S1\", \"Mug\",2,10.00\n";
    insta::assert_snapshot!(outcomes_of(&export, "skip_blanks = true"), @r#"
    A1 valid
    A2 invalid "none" is not in the profile's values
    "#);
    insta::assert_snapshot!(explained(&export, "skip_blanks = true", "A1"), @"
    referenceId A1 Order 2 as it is
    item 1 S1 Mug, red 2 x 10.00 line 2
    ");
}

#[test]
fn texts_of_a_spreadsheet_are_unwrapped_everywhere() {
    let export = "'Order,Date,Status,\"=\"\"Total\"\"\",Email,SKU,Name,Qty,Price\n\
        =\"0017\",2025-03-01 10:00:00,'paid,'20.00,ann@example.com,\"=\"\"S1\"\"\",=\"Mug\",2,10.00\n\
        '0018,2025-03-01 10:00:00,'test,20.00,bob@example.com,S1,Mug,2,10.00\n\
        0019,2025-03-01 10:00:00,paid,20.00,bob@example.com,S1,=\"Mug,2,10.00\n";
    let keys = "cells = \"spreadsheet\"\n[[skip]]\nreason = \"test\"\n\
                when = { column = \"Status\", is = \"test\" }";
    insta::assert_snapshot!(outcomes_of(export, keys), @r#"
    0017 valid
    0018 skipped
    0019 invalid the cell of column "Name" begins with =", expected a quote at its end as in ="00123"
    "#);
    insta::assert_snapshot!(explained(export, keys, "0017"), @"
    referenceId 0017 Order 2 unwrapped
    item 1 S1 Mug 2 x 10.00 line 2
    ");
}

/// Without the key they are no values, whoever reads them: a rule, a condition, the order key.
#[test]
fn texts_of_a_spreadsheet_need_the_key() {
    let export = "Order,Date,Status,Total,Email,SKU,Name,Qty,Price,Note\n\
        =\"0017\",2025-03-01 10:00:00,paid,20.00,ann@example.com,S1,Mug,2,10.00,\n\
        0018,2025-03-01 10:00:00,\"=\"\"test\"\"\",20.00,bob@example.com,S1,Mug,2,10.00,\n\
        0019,2025-03-01 10:00:00,paid,20.00,cy@example.com,S1,\"5\"\" pipe\",2,10.00,=\"x\"\n";
    let skip = "[[skip]]\nreason = \"test\"\nwhen = { column = \"Status\", is = \"test\" }";
    insta::assert_snapshot!(outcomes_of(export, skip), @r#"
    ="0017" invalid the cell begins with =", as a spreadsheet writes a text such as ="00123"; cells = "spreadsheet" in the profile unwraps such cells
    0018 invalid "=\"test\"" is not in the profile's values
    0019 valid
    "#);
    let off = format!("[severity]\nspreadsheet_text = \"off\"\n{skip}");
    insta::assert_snapshot!(outcomes_of(export, &off), @r#"
    ="0017" valid
    0018 invalid "=\"test\"" is not in the profile's values
    0019 valid
    "#);
    // A rule that strips it takes the text.
    let export = "Order,Date,Status,Total,Email,SKU,Name,Qty,Price,Gift\n\
        A1,2025-03-01 10:00:00,paid,20.00,ann@example.com,S1,Mug,2,10.00,=\"yes\"\n";
    let strips =
        "[order.ext]\ngift = { column = \"Gift\", strip_prefix = '=\"', strip_suffix = '\"' }";
    insta::assert_snapshot!(outcomes_of(export, strips), @"A1 valid");
    for strips in ["'='", "'=\"'"] {
        let half = format!("[order.ext]\ngift = {{ column = \"Gift\", strip_prefix = {strips} }}");
        let outcome = outcomes_of(export, &half);
        assert!(outcome.starts_with("A1 invalid the cell begins with =\""), "{outcome}");
    }
    // Where quotes are data, no quote is around a cell.
    insta::assert_snapshot!(outcomes_of(export, "quote = \"none\"\n[order.ext]\ngift.column = \"Gift\""), @r#"A1 invalid the cell begins with =", as a spreadsheet writes a text such as ="00123"; cells = "spreadsheet" in the profile unwraps such cells"#);
}

#[test]
fn short_and_long_rows_are_padded() {
    let row = |reference: &str, end: &str| {
        format!(
            "{reference},2025-03-01 10:00:00,paid,20.00,{reference}@example.com,S1,Mug,2,10.00{end}"
        )
    };
    let header = HEADER.replace("Price\n", "Price,Gift\n");
    let rows = [row("A1", "\n"), row("A2", ",,\n"), row("A3", ",\n"), row("A4", ",x,y\n")].concat();
    let short = "A5,2025-03-01 10:00:00,paid\n";
    let export = header + &rows + short;
    insta::assert_snapshot!(outcomes_of(&export, "ragged_rows = \"pad\""), @r#"
    A1 valid
    A2 valid
    A3 valid
    A4 invalid the row has 11 cells, the header has 10; ragged_rows drops only empty ones at the end
    A5 invalid the row has 3 cells, the header has 10; ragged_rows adds none of column "Total", which is required
    "#);
}

#[test]
fn short_last_row_is_refused_again() {
    let header = HEADER.replace("Price\n", "Price,Gift\n");
    let row = |reference: &str| {
        format!("{reference},2025-03-01 10:00:00,paid,20.00,x@example.com,S1,Mug,2,10.00")
    };
    let keys = "ragged_rows = \"pad\"";
    let export = format!("{header}{}\n{}", row("A1"), row("A2"));
    insta::assert_snapshot!(outcomes_of(&export, keys), @r#"
    A1 valid
    A2 invalid the row has 9 cells, the header has 10; ragged_rows changes no last row without a line end, which may be cut off
    "#);
    // With rows of another order before it, and with the line ends of Windows.
    let export = format!("{header}{},x,y\n{}", row("A1"), row("A2"));
    insta::assert_snapshot!(outcomes_of(&export.replace('\n', "\r\n"), keys), @r#"
    A1 invalid the row has 11 cells, the header has 10; ragged_rows drops only empty ones at the end
    A2 invalid the row has 9 cells, the header has 10; ragged_rows changes no last row without a line end, which may be cut off
    "#);
}

#[test]
fn rows_without_a_tested_column_are_refused() {
    let row = |end: &str| {
        format!("A1,2025-03-01 10:00:00,paid,20.00,ann@example.com,S1,Mug,2,10.00{end}\n")
    };
    let header = HEADER.replace("Price\n", "Price,State,Gift\n");
    let export = header + &row("");
    let skip = "[[skip]]\nreason = \"test\"\nwhen = { column = \"State\", is = \"test\" }";
    let keys = format!("ragged_rows = \"pad\"\n{skip}");
    insta::assert_snapshot!(outcomes_of(&export, &keys), @r#"A1 invalid the row has 9 cells, the header has 11; ragged_rows adds none of column "State", which is required"#);
    let export = export.replace("10.00\n", "10.00,\n");
    insta::assert_snapshot!(outcomes_of(&export, &keys), @"A1 valid");
}

/// A condition that leaves rows or orders out would not find the text, and nothing would be said.
#[test]
fn text_of_a_spreadsheet_leaves_nothing_out() {
    let export = format!(
        "{HEADER}0017,2025-03-01 10:00:00,=\"paid\",20.00,ann@example.com,S1,Mug,2,10.00\n\
         0018,2025-03-01 10:00:00,paid,20.00,bob@example.com,S1,Mug,2,10.00\n"
    );
    let of = |keys: &str| outcomes_of(&export, keys);
    let condition = "{ column = \"Status\", is_not = \"paid\" }";
    insta::assert_snapshot!(of(&format!("ignore_rows = [{condition}]")), @r#"
    0017 invalid "=\"paid\"" is not in the profile's values
    0018 valid
    "#);
    insta::assert_snapshot!(of(&format!("[[skip]]\nreason = \"x\"\nwhen = {condition}")), @r#"
    0017 invalid "=\"paid\"" is not in the profile's values
    0018 valid
    "#);
    insta::assert_snapshot!(of(&format!("[[skip]]\nreason = \"x\"\nscope = \"row\"\nwhen = {condition}")), @r#"
    0017 invalid "=\"paid\"" is not in the profile's values
    0018 valid
    "#);
    let skip =
        "{ column = \"Status\", values = { paid = \"PURCHASED\" }, other = { skip = \"x\" } }";
    let workspace = Workspace::with("orders.csv", &export);
    let profile =
        PROFILE.replace("{ column = \"Status\", values = { paid = \"PURCHASED\" } }", skip);
    workspace.file("shop.toml", format!("name = \"shop\"\n{profile}"));
    let command = "check orders.csv --profile shop.toml --pos x --channel WEB --max-invalid 100%";
    insta::assert_snapshot!(outcomes(&workspace.run(command)), @r#"
    0017 invalid the cell begins with =", as a spreadsheet writes a text such as ="00123"; cells = "spreadsheet" in the profile unwraps such cells
    0018 valid
    "#);
}
