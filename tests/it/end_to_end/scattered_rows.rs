//! Tests of widely scattered rows of one order: in the first and the last row, in two files, in any
//! format.

use std::{fmt::Write as _, io::Write as _};

use crate::support::workspace::{RunResult, Workspace};

/// One document per row, without a total: the rows of an order are equivalent in every format.
const PROFILE: &str = r#"
name = "parts"
order_price = "sum_of_lines"
[order]
referenceId = { column = "id", path = "id" }
orderedAt = { column = "at", path = "at", date = "iso8601" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
paymentType = { value = "other" }
[item]
type = { value = "PRODUCT" }
name = { column = "name", path = "name" }
price = { value = "2.50" }
quantity = { value = "1" }
[guest]
email = { value = "ann@example.com" }
"#;

/// Number of rows of other orders in between: more than a block.
const N_BETWEEN: usize = 4000;

/// The format of a test file.
#[derive(Debug, Clone, Copy)]
enum FileForm {
    Csv,
    Lines,
    Array,
}

impl FileForm {
    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Lines => "ndjson",
            Self::Array => "json",
        }
    }

    /// A file with one item for each of these orders.
    fn file(self, ids: &[String]) -> String {
        let json = |id: &String| {
            format!(
                "{{\"id\":\"{id}\",\"at\":\"2025-03-01T10:00:00Z\",\"name\":\"Rope of many threads, {id}\"}}"
            )
        };
        let documents = ids.iter().map(json).collect::<Vec<_>>();
        match self {
            Self::Csv => ids.iter().fold("id,at,name\n".to_owned(), |mut text, id| {
                writeln!(
                    text,
                    "{id},2025-03-01T10:00:00Z,\"Rope of many threads, {id}, and more\""
                )
                .unwrap();
                text
            }),
            Self::Lines => documents.join("\n") + "\n",
            Self::Array => format!("[\n{}\n]\n", documents.join(",\n")),
        }
    }
}

const FORMS: [FileForm; 3] = [FileForm::Csv, FileForm::Lines, FileForm::Array];

fn others(file: &str) -> Vec<String> {
    (0..N_BETWEEN).map(|number| format!("{file}-{number}")).collect()
}

/// The order FAR, many other orders, and FAR again.
fn ids_with_returning_key() -> Vec<String> {
    let mut ids = vec!["FAR".to_owned()];
    ids.extend(others("A"));
    ids.push("FAR".to_owned());
    ids
}

fn workspace_with_profile(more: &str) -> Workspace {
    Workspace::with("parts.toml", format!("{more}{PROFILE}"))
}

const OPTIONS: &str = "--profile parts.toml --pos x --memory 1MB";

/// Asserts that the order FAR is the first one and the only one with two items.
fn assert_one_scattered_order(ran: &RunResult, n_orders: usize, what: &str) {
    let (summary, results) = (ran.summary(), ran.results());
    assert_eq!(ran.code, 0, "{what}: {}", ran.err);
    let counts = ["read", "valid"].map(|outcome| summary["orders"][outcome].as_u64());
    assert_eq!(counts, [Some(n_orders as u64); 2], "{what}");
    assert_eq!(
        (&summary["items"], &summary["scattered"]),
        (&(n_orders + 1).into(), &1.into()),
        "{what}"
    );
    assert_eq!(results[0]["referenceId"], "FAR", "{what}");
    assert_eq!(results.iter().filter(|result| result["referenceId"] == "FAR").count(), 1, "{what}");
    assert!(ran.out.contains("the rows of 1 order are scattered"), "{what}: {}", ran.out);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn key_returning_in_the_last_row_is_one_order() {
    for form in FORMS {
        let (text, name) = (form.file(&ids_with_returning_key()), format!("a.{}", form.ending()));
        let (workspace, n_orders) = (workspace_with_profile(""), N_BETWEEN + 1);
        workspace.file(&name, &text);
        workspace.file(&format!("{name}.gz"), gzip(&text));
        workspace.file(&format!("{name}.zst"), zstd::encode_all(text.as_bytes(), 1).unwrap());
        for name in [name.clone(), format!("{name}.gz"), format!("{name}.zst")] {
            assert_one_scattered_order(
                &workspace.run(&format!("check {name} {OPTIONS}")),
                n_orders,
                &name,
            );
        }
        let ran = workspace.run_with(&format!("check - {OPTIONS}"), &[], text.as_bytes());
        assert_one_scattered_order(&ran, n_orders, &format!("{form:?} through standard input"));
    }
}

#[test]
fn key_returning_in_a_joined_file_is_one_order() {
    for (one, other) in [
        (FileForm::Csv, FileForm::Csv),
        (FileForm::Lines, FileForm::Array),
        (FileForm::Array, FileForm::Csv),
    ] {
        let (mut first, mut second) = (vec!["FAR".to_owned()], others("B"));
        first.extend(others("A"));
        second.push("FAR".to_owned());
        let (a, b) = (format!("a.{}", one.ending()), format!("b.{}.gz", other.ending()));
        let workspace =
            workspace_with_profile("join_files = true\nseverity.row_in_two_files = 'off'\n");
        workspace.file(&a, one.file(&first)).file(&b, gzip(&other.file(&second)));
        assert_one_scattered_order(
            &workspace.run(&format!("check {a} {b} {OPTIONS}")),
            2 * N_BETWEEN + 1,
            &format!("{one:?} and {other:?}"),
        );
    }
}

#[test]
fn key_returning_in_an_unjoined_file_is_invalid() {
    let workspace = workspace_with_profile("");
    workspace.file("a.csv", FileForm::Csv.file(&["FAR".to_owned(), "A".to_owned()]));
    workspace
        .file("b.csv", FileForm::Csv.file(&["B".to_owned(), "FAR".to_owned(), "FAR".to_owned()]));
    let ran = workspace.run(&format!("check a.csv b.csv {OPTIONS} --max-invalid 100%"));
    assert_eq!(ran.outcomes(), "FAR invalid, A valid, B valid, FAR invalid");
    assert_eq!(ran.results()[0]["problems"][0]["code"], "order_in_two_files");
}

/// With so many scattered keys the first pass is abandoned if the size of the file is known. The
/// size of a compressed file is not, so its keys are collected to the end. Some rows are damaged.
#[test]
fn all_orders_scattered_give_the_same_results() {
    const N_ORDERS: usize = 25_000;
    let ids: Vec<String> = (0..N_ORDERS).map(|number| format!("A-{number}")).collect();
    let mut text = FileForm::Csv.file(&[ids.clone(), ids].concat());
    text.insert_str(
        "id,at,name\n".len(),
        "A-7,2025-03-01T10:00:00Z\n\nA-8,2025-03-01T10:00:00Z,\"two\nlines\"\n",
    );
    text += ",2025-03-02T10:00:00Z,no key\nA-9,2025-03-01T10:00:00Z,cut off";
    let workspace = workspace_with_profile("");
    workspace.file("a.csv", &text);
    workspace.file("b.csv.gz", gzip(&text));
    let [spilled, collected] = ["a.csv", "b.csv.gz"].map(|name| {
        let ran = workspace.run(&format!("check {name} {OPTIONS} --max-invalid 100%"));
        assert_eq!(ran.code, 1, "{}", ran.err);
        let summary = ran.summary();
        let problems = summary["problems"].to_string();
        for code in ["row_unreadable", "row_without_key", "no_final_newline"] {
            assert!(problems.contains(code), "{name}: {problems}");
        }
        assert_eq!(summary["scattered"], N_ORDERS);
        let of_orders = (
            summary["orders"].clone(),
            summary["items"].clone(),
            summary["money"].clone(),
            problems,
        );
        (
            of_orders,
            ran.text("results.ndjson").replace(name, "file"),
            ran.err.contains("a second time, with up to"),
        )
    });
    assert!(spilled.2 && collected.2, "the required disk space is reported");
    assert_eq!(spilled.0, collected.0);
    assert!(spilled.1 == collected.1, "results differ");
    assert_eq!(spilled.1.lines().count(), N_ORDERS + 1);
}

/// In the first pass, the header of an order has no items and its items have no header, so that
/// all of them are invalid. A send keeps only what the second pass decided.
#[test]
fn first_pass_leaves_nothing_in_the_plan() {
    let orders: Vec<_> = (0..50).map(|n| format!("A-{n}")).collect();
    let headers = orders.iter().fold("id,at,name\n".to_owned(), |mut text, id| {
        writeln!(text, "{id},2025-03-01T10:00:00Z,").unwrap();
        text
    });
    let items = orders.iter().fold("id,at,name\n".to_owned(), |mut text, id| {
        writeln!(text, "{id},,Rope").unwrap();
        text
    });
    let workspace = workspace_with_profile("join_files = true\n");
    workspace.file("headers.csv", headers).file("items.csv", items);
    let send =
        format!("--limit 1 {OPTIONS} --sandbox --rate unlimited --identity-pause 0s --backfill");
    let ran = workspace.run(&format!("send headers.csv items.csv {send}"));
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert_eq!(ran.text("left_out.ndjson"), "");
    let target = "--sandbox --rate unlimited --identity-pause 0s --backfill";
    let resumed = workspace.run(&format!("send --resume run-1 {target}"));
    assert_eq!(resumed.code, 0, "{}", resumed.err);
}
