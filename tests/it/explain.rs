//! Tests of `orderferry explain`, and of its examples: each is run, has its problem before and no
//! longer after, and its severity is the one that is explained.

use std::{collections::HashMap, fmt::Write};

use orderferry::model::{
    explanation::{ExampleBlock, Explanation},
    problem::{Code, Severity},
    severity::SeverityChoice,
};
use serde_json::Value;
use toml::{Table, Value as Toml};

use crate::support::{
    root,
    workspace::{RunResult, Workspace},
};

/// The width of a terminal.
const MAX_COLUMNS: usize = 80;

/// Codes whose examples are not run, and why.
const UNTESTED: &[(Code, &str)] =
    &[(Code::ColumnMissing, OF_CANONICAL), (Code::PathMissing, OF_CANONICAL)];

const OF_CANONICAL: &str = "the rules of an example are added to the canonical profile, of which all columns and paths may \
     be missing";

/// The code of which the file of the first example ends without a line end, as no block can.
const WITHOUT_LINE_END: Code = Code::NoFinalNewline;

/// The columns that every example has, unless it shows them.
const COLUMNS: [&str; 7] =
    ["referenceId", "orderedAt", "status", "currencyCode", "price", "paymentType", "guest.email"];

/// The valid values of these columns for the order of this number.
fn values(number: usize) -> [String; 7] {
    let [reference, time, email] = [
        format!("N-{number}"),
        format!("2024-11-{number:02}T10:00:00Z"),
        format!("guest{number}@example.com"),
    ];
    let [status, currency, price, payment] = ["PURCHASED", "EUR", "10.00", "PayPal"];
    [reference, time, status.into(), currency.into(), price.into(), payment.into(), email]
}

/// Writes out what `…` stands for: repeated rows, the numbers of a series, or a long text.
fn written_out(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(repeated) = line.strip_prefix("… ") {
            let n_rows = repeated.split(' ').next().unwrap().parse().unwrap();
            let row = lines.last().unwrap().clone();
            lines.extend(std::iter::repeat_n(row, n_rows));
        } else if let Some((start, end)) = line.split_once("1,…,") {
            let name = start.rsplit(',').next().unwrap();
            let last: u32 = end.strip_prefix(name).unwrap().parse().unwrap();
            let series: Vec<_> = (1..=last).map(|number| format!("{name}{number}")).collect();
            lines.push(start.strip_suffix(name).unwrap().to_owned() + &series.join(","));
        } else {
            lines.push(line.replace('…', &"x".repeat(100)));
        }
    }
    lines
}

fn cells(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect()
}

/// The rows of an example, with the columns that it does not show before them.
fn csv_file(text: &str) -> String {
    let lines = written_out(text);
    let header = cells(&lines[0]);
    let is_added = |column: &str| !header.iter().any(|shown| shown == column);
    let key_column = header.iter().position(|column| column == "referenceId").unwrap_or(0);
    let mut numbers = HashMap::new();
    let mut file = String::new();
    for line in &lines {
        let added: Vec<String> = if *line == lines[0] {
            COLUMNS.map(str::to_owned).into()
        } else {
            let key = cells(line).get(key_column).cloned();
            let next = numbers.len() + 1;
            values(*numbers.entry(key).or_insert(next)).into()
        };
        for (_, cell) in COLUMNS.iter().zip(added).filter(|(column, _)| is_added(column)) {
            write!(file, "{cell},").unwrap();
        }
        writeln!(file, "{line}").unwrap();
    }
    file
}

/// The documents of an example, with the members that it does not show at the start of the order.
fn json_file(text: &str) -> String {
    let mut file = String::new();
    // A line that begins with a blank continues the one before it.
    for (number, line) in (1..).zip(text.trim_end().replace("\n ", "").lines()) {
        let document: Value = serde_json::from_str(line).unwrap();
        let order = document.get("order").unwrap_or(&document);
        let mut members = String::new();
        for (name, value) in COLUMNS.iter().zip(values(number)) {
            match *name {
                "guest.email" => {}
                name if order.get(name).is_some() => {}
                name => write!(members, "{name:?}:{value:?},").unwrap(),
            }
        }
        let guest = match document.get("guest") {
            Some(_) => String::new(),
            None => format!("\"guest\":{{\"email\":{:?}}},", values(number)[6]),
        };
        let (start, rest) = match line.split_once("\"order\":{") {
            Some((start, rest)) => (format!("{start}{guest}\"order\":{{"), rest),
            None => (format!("{{{guest}"), &line[1..]),
        };
        writeln!(file, "{start}{members}{rest}").unwrap();
    }
    file
}

/// The canonical profile with the keys and rules of an example in place of its own.
fn profile(text: &str, severity: Option<(Code, &str)>) -> String {
    fn merge(into: &mut Table, from: Table) {
        const SECTIONS: [&str; 7] = ["order", "item", "guest", "event", "ext", "id", "product"];
        for (key, value) in from {
            match (into.get_mut(&key), value) {
                (Some(Toml::Table(into)), Toml::Table(from)) if SECTIONS.contains(&&*key) => {
                    merge(into, from);
                }
                (_, value) => drop(into.insert(key, value)),
            }
        }
    }
    let canonical = root().join("src/map/profiles/canonical.toml");
    let mut profile: Table = std::fs::read_to_string(canonical).unwrap().parse().unwrap();
    merge(&mut profile, text.parse().unwrap());
    if profile.contains_key("parent") {
        // Documents within others, and whole orders.
        profile.retain(|key, _| key != "items" && key != "checkout_events");
    }
    if profile.get("join").is_some_and(|joins| joins.to_string().contains("items")) {
        profile.remove("items");
    }
    if let Some((code, severity)) = severity {
        let severities = Table::from_iter([(code.to_string(), Toml::from(severity))]);
        profile.insert("severity".to_owned(), severities.into());
    }
    toml::to_string(&profile).unwrap()
}

/// Runs an example: its command, or a check of its files.
fn run(code: Code, blocks: &[ExampleBlock], severity: Option<&str>) -> RunResult {
    let workspace = Workspace::new();
    let (mut inputs, mut command, mut toml) = (Vec::new(), None, None);
    for ExampleBlock { kind, file, text } in blocks {
        let (name, content) = match *kind {
            "csv" => (file.unwrap_or("orders.csv"), csv_file(text)),
            "json" => (file.unwrap_or("orders.ndjson"), json_file(text)),
            "toml" => {
                toml = Some(*text);
                continue;
            }
            _ => {
                command = Some(text.trim_end().replace("\\\n ", ""));
                continue;
            }
        };
        let is_cut_off = code == WITHOUT_LINE_END && content.contains("129.9\n");
        workspace.file(name, if is_cut_off { content.trim_end() } else { &content });
        inputs.push(name);
    }
    if inputs.is_empty() {
        workspace.file("orders.csv", csv_file("referenceId\nA-1\n"));
        inputs.push("orders.csv");
    }
    let mut command =
        command.unwrap_or_else(|| format!("orderferry check {} --pos shop", inputs.join(" ")));
    if toml.is_some() || severity.is_some() {
        let severity = severity.map(|severity| (code, severity));
        workspace.file("shop.toml", profile(toml.unwrap_or_default(), severity));
        if !command.contains("--profile") {
            command.push_str(" --profile shop.toml");
        }
    }
    let command = command.strip_prefix("orderferry ").unwrap().replace("  ", " ");
    workspace.run(&format!("{command} --max-invalid 100%"))
}

/// What is there after the fix: the blocks of `after`, and those of `before` that it does not
/// replace.
fn fixed(Explanation { before, after, .. }: &Explanation) -> Vec<ExampleBlock> {
    let role = |block: &ExampleBlock| match block.kind {
        "csv" | "json" => "export",
        kind => kind,
    };
    let is_replaced = |block: &ExampleBlock| after.iter().any(|new| role(new) == role(block));
    let kept = before.iter().filter(|block| !is_replaced(block));
    kept.chain(after).copied().collect()
}

/// The severity of each code in the summary.
fn problems(ran: &RunResult) -> HashMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let summary = ran.summary();
    let problems = summary["problems"].as_array().unwrap().iter();
    problems.map(|problem| (text(&problem["code"]), text(&problem["severity"]))).collect()
}

/// Whether an order has a problem of this code that names no column and no path.
fn lacks_column(ran: &RunResult, code: Code) -> bool {
    ran.results().iter().any(|result| {
        let problems = result["problems"].as_array().unwrap();
        problems.iter().any(|one| one["code"] == code.as_str() && one["column_name"].is_null())
    })
}

fn tested_codes() -> impl Iterator<Item = Code> {
    let is_tested = |code: &Code| UNTESTED.iter().all(|(untested, _)| untested != code);
    Code::ALL.iter().copied().filter(is_tested)
}

#[test]
fn examples_show_the_problem_and_its_fix() {
    let mut without_column = Vec::new();
    for code in tested_codes() {
        let explanation = Explanation::of(code);
        let before = run(code, &explanation.before, None);
        let found = problems(&before);
        let severity = found.get(code.as_str()).map(String::as_str);
        assert_eq!(severity, Some(code.severity().as_str()), "{code}: {}", before.report());
        if lacks_column(&before, code) {
            without_column.push(code.as_str());
        }
        let after = run(code, &fixed(&explanation), None);
        let is_fixed = after.code == 0 && !problems(&after).contains_key(code.as_str());
        assert!(is_fixed, "{code} after the fix: {}", after.report());
    }
    // The others concern an order, its items or a row as a whole.
    insta::assert_snapshot!(without_column.join("\n"), @"
    event_type_unsupported
    spreadsheet_number
    too_many_items
    no_items
    items_duplicated
    item_without_kind
    item_of_two_kinds
    order_without_items
    consumer_incomplete
    extension_left_out
    detail_left_out
    too_many_extensions
    event_too_large
    sequence_too_slow
    row_in_two_files
    order_copied
    older_copy
    duplicate_content
    reference_reused
    refund_without_order
    refund_repeated
    refund_misspelt
    neighbour_unreadable
    no_final_newline
    ");
}

#[test]
fn severities_can_be_changed_as_explained() {
    for code in tested_codes() {
        let before = Explanation::of(code).before;
        for choice in SeverityChoice::allowed_for(code).iter().skip(1) {
            let name = format!("{choice:?}").to_lowercase();
            let ran = run(code, &before, Some(&name));
            let (found, invalid) = (problems(&ran), &ran.summary()["orders"]["invalid"]);
            let expected = (*choice != SeverityChoice::Off).then_some(&name);
            assert_eq!(found.get(code.as_str()), expected, "{code}: {}", ran.report());
            let is_invalid = *choice == SeverityChoice::Error;
            assert_eq!(*invalid != 0, is_invalid, "{code} = {name}: {}", ran.report());
        }
    }
}

#[test]
fn every_code_is_explained_and_fits_a_terminal() {
    let workspace = Workspace::new();
    let list = workspace.run("explain");
    assert_eq!((list.code, list.err.as_str()), (0, ""));
    for code in Code::ALL {
        let line = format!("  {:27}  {}\n", code.as_str(), code.title());
        assert!(list.out.contains(&line), "the list has no line {line:?}");
        let ran = workspace.run(&format!("explain {code}"));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{code}");
        for line in ran.out.lines().chain(list.out.lines()) {
            assert!(line.chars().count() <= MAX_COLUMNS, "{code}: too long: {line}");
        }
    }
    let n_errors = Code::ALL.iter().filter(|code| code.severity() == Severity::Error).count();
    let (errors, _) = list.out.split_once("\n\nwarnings").unwrap();
    assert_eq!(errors.lines().count(), n_errors + 1);
}

#[test]
fn explanation_of_a_code() {
    let ran = Workspace::new().run("explain decimal_ambiguous");
    insta::assert_snapshot!(ran.out, @r#"
    decimal_ambiguous: The point of a total can be read in two ways.
      A total such as `1.250` may be one and a quarter, or more than a thousand,
      and no total of the export, such as `12.50`, shows that its point is a decimal
      mark. From five such orders on, the run ends with exit code 2.

    Why
      The total would be wrong by a factor of 1000, and an accepted order cannot be
      corrected.

    How to fix it
      Declare the marks in the profile: `decimal = "."`, or `decimal = ","` and
      `thousands = "."`.

    Before
        referenceId,price
        A-1,1.250
        A-2,3.900

    After
      in the profile:
        decimal = ","
        thousands = "."

    Severity
      error: the order is not sent. To change that, write in the profile:
        [severity]
        decimal_ambiguous = "warning"    # or "off": the order is sent
    "#);
    let ran = Workspace::new().run("explain order_in_two_files");
    insta::assert_snapshot!(ran.out, @r#"
    order_in_two_files: An order comes twice, with different content.
      A second file, or a second document of one file, has the same order with
      different content.

    Why
      Which of the two counts is not known, and an accepted order cannot be
      corrected.

    How to fix it
      Read the newest file only, or remove the older version of the order; if a
      column says which version is newer, name it in `duplicates` of the profile. If
      the export was cut into parts, write `join_files = true` there.

    Before
      monday.csv:
        referenceId,price
        A-1,206.00

      tuesday.csv:
        referenceId,price
        A-1,212.00

    After
        orderferry check tuesday.csv --pos shop

    Severity
      error: the order is not sent.
      `[severity]` cannot change that: the service would refuse the order, or it
      would be sent in part or twice.
    "#);
}

#[test]
fn headings_are_bold_on_a_terminal_only() {
    let bold = |environment: &[(&str, &str)]| {
        let ran = Workspace::new().run_with("explain zero_total", environment, b"");
        ran.out.contains("\x1b[1mWhy\x1b[0m\n")
    };
    assert!(!bold(&[]));
    assert!(bold(&[("CLICOLOR_FORCE", "1")]));
    assert!(!bold(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn unknown_code_names_the_nearest_one() {
    for (name, hint) in [
        ("numer_unreadable", "did you mean \"number_unreadable\"?"),
        ("zero", "codes with \"zero\":\n    zero_total"),
        ("_card_", "codes with \"_card_\":\n    missing_card_type\n    unknown_card_type"),
        ("banana", "`orderferry explain` lists all codes"),
    ] {
        let ran = Workspace::new().run(&format!("explain {name}"));
        let message = format!("error: no problem code {name:?}\n  hint: {hint}\n");
        assert_eq!((ran.code, ran.out.as_str(), ran.err), (2, "", message));
    }
}
