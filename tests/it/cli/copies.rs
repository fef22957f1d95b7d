//! Tests of exports that have an order several times, of which the newest copy counts.

use super::{
    both_formats::{RESOURCES, Resources, check_both},
    csv_dialects::outcomes,
};
use crate::support::workspace::RunResult;

/// The key of the topic of profiles.
const DUPLICATES: &str = r#"duplicates = { keep = "newest", by = "updated_at" }
"#;

const RULES: &str = r#"
[order]
referenceId = { column = "Order", path = "Order" }
orderedAt = { column = "Date", path = "Date" }
status = { value = "PURCHASED" }
currencyCode = { value = "EUR" }
price = { column = "Total", path = "Total", over_rows = "add" }
paymentType = { value = "other" }

[item]
name = { column = "Name", path = "Name" }

[guest]
email = { column = "Email", path = "Email" }
"#;

const HEADER: &str = "Order,updated_at,Date,Email,Name,Total\n";

fn row(order: &str, version: impl std::fmt::Display, total: impl std::fmt::Display) -> String {
    format!("{order},{version},2026-10-01T10:00:00Z,{order}@example.com,Gel {order},{total}\n")
}

/// Checks files with these rows, as CSV and as NDJSON.
fn check(files: &[&[String]], keys: &str, resources: Resources<'_>) -> [RunResult; 2] {
    check_both(files, HEADER, |_| format!("name = \"shop\"\n{keys}\n{RULES}"), resources)
}

/// The outcomes of both formats, which are equal, with the sum of what is sent.
fn outcome_of(files: &[&[String]]) -> String {
    let [csv, ndjson] = check(files, DUPLICATES, RESOURCES).map(|ran| {
        let sum = &ran.summary()["money"][0]["valid"];
        format!("{}\n{sum}", without_columns(&outcomes(&ran)))
    });
    assert_eq!(csv, ndjson);
    csv
}

/// A text with the lines of its places, which both formats have in common.
fn without_columns(text: &str) -> String {
    let line = |place: &str| {
        let parts: Vec<_> = place.trim_end_matches(';').splitn(3, ':').take(2).collect();
        parts.join(":").replace(".ndjson", ".csv")
    };
    let word = |word: &str| if word.starts_with("part-") { line(word) } else { word.to_owned() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn newest_copy_counts_wherever_it_is() {
    assert!(include_str!("../../../src/cli/help/profile.md").contains(DUPLICATES));
    let old = [row("A", 9, 10), row("A", 9, 10)];
    let new = [row("A", 10, 1), row("A", 10, 2)];
    let other = [row("B", 1, 100)];
    let adjacent = [&old[..], &new, &other].concat();
    let reversed = [&new[..], &old, &other].concat();
    let mixed = [&old[..1], &new[..1], &other, &old[1..], &new[1..]].concat();
    for rows in [&adjacent, &reversed, &mixed] {
        let found = outcome_of(&[rows]);
        assert!(found.contains("A valid an older copy") && found.ends_with("\"103\""), "{found}");
    }
    insta::assert_snapshot!(outcome_of(&[&old, &new, &other]), @r#"
    A valid an older copy of the order is here; that at part-2.csv:2 counts
    B valid
    "103"
    "#);
    insta::assert_snapshot!(outcome_of(&[&new, &other, &old]), @r#"
    A valid an older copy of the order is here; that at part-1.csv:2 counts
    B valid
    "103"
    "#);
}

#[test]
fn dates_are_versions_without_a_time() {
    let rows = |versions: [&str; 2]| versions.map(|version| row("A", version, 5));
    insta::assert_snapshot!(outcome_of(&[&rows(["2026-11-01", "2026-11-02"])]), @r#"
    A valid an older copy of the order is here; that at part-1.csv:3 counts
    "5"
    "#);
    insta::assert_snapshot!(outcome_of(&[&rows(["2026-11-01", "2026-11-02T10:00:00Z"])]), @r#"
    A invalid another copy is at part-1.csv:3, and it is not known which of them is newer
    A invalid another copy is at part-1.csv:2, and it is not known which of them is newer
    "0"
    "#);
}

/// A default is compared with what the export has.
#[test]
fn default_of_the_version_is_read_as_its_values() {
    let rows = [row("A", "", 5), row("A", "02.11.2026 10:00", 7)];
    let keys = |default: &str| {
        format!(
            "[duplicates]\nkeep = 'newest'\nby = {{ column = 'updated_at', path = 'updated_at', \
             date = '%d.%m.%Y %H:%M', zone = 'Europe/Berlin', default = '{default}' }}\n"
        )
    };
    for (default, sum) in
        [("01.11.2026 10:00", 7), ("03.11.2026 10:00", 5), ("2026-11-03T00:00:00Z", 5)]
    {
        for ran in check(&[&rows], &keys(default), RESOURCES) {
            let money = &ran.summary()["money"][0]["valid"];
            assert_eq!(*money, sum.to_string(), "{default} {}", ran.err);
        }
    }
    let [wrong, _] = check(&[&rows], &keys("2026-11-03"), RESOURCES);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("duplicates.by.default"), "{}", wrong.err);
    let no_version = DUPLICATES.replace(
        "\"updated_at\" }",
        "{ column = 'updated_at', path = 'updated_at', default = 'old' } }",
    );
    let [wrong, _] = check(&[&rows], &no_version, RESOURCES);
    assert!(wrong.err.contains("duplicates.by.default"), "{}", wrong.err);
}

#[test]
fn copies_of_equal_version_must_be_equal() {
    let copy = |total| [row("A", 2, total)];
    let old = [row("A", 1, 7)];
    insta::assert_snapshot!(outcome_of(&[&copy(5), &old, &copy(5)]), @r#"
    A valid an older copy of the order is here; that at part-1.csv:2 counts
    "5"
    "#);
    insta::assert_snapshot!(outcome_of(&[&copy(5), &old, &copy(6)]), @r#"
    A invalid an older copy of the order is here; that at part-1.csv:2 counts
    A invalid "6" here, but "5" at part-1.csv:2 it is not known which one counts
    "0"
    "#);
}

#[test]
fn results_do_not_depend_on_cores_or_memory() {
    let rows: Vec<_> = (0..1200)
        .map(|number| {
            let total = if number % 97 == 0 { "none".to_owned() } else { number.to_string() };
            row(&format!("N{}", number * 7 % 400), number / 2 % 5, total)
        })
        .collect();
    let results = |resources| {
        check(&[&rows[..700], &rows[700..]], DUPLICATES, resources)
            .map(|ran| (ran.results(), ran.code))
    };
    assert_eq!(results(("3", "1MB")), results(("1", "256MB")));
}

#[test]
fn rejects_have_the_copy_that_counts() {
    let rows = [row("A", 1, 5), row("A", 2, "none"), row("B", "soon", 5), row("C", 1, 5)];
    for ran in check(&[&rows], DUPLICATES, RESOURCES) {
        let rejects = [ran.path("rejects/part-1.csv"), ran.path("rejects/part-1.ndjson")];
        let [csv, ndjson] = rejects.map(|file| std::fs::read_to_string(file).unwrap_or_default());
        let text = csv + &ndjson;
        // The newest copy of A, and B.
        assert_eq!(text.matches("@example.com").count(), 2, "{text}");
        assert!(text.contains("none") && text.contains("soon"), "{text}");
    }
}

#[test]
fn half_of_the_key_is_refused() {
    let message = |keys: &str| {
        let [csv, _] = check(&[&[row("A", 1, 1)]], keys, RESOURCES);
        assert_eq!(csv.code, 2);
        csv.err.split("\n\n").next().unwrap().to_owned()
    };
    insta::assert_snapshot!(message("duplicates = { by = \"updated_at\" }"), @r#"
    error[profile]: the key "keep" is missing
     --> shop.toml:2:1  duplicates
      |
    2 | duplicates = { by = "updated_at" }
      | ^^^^^^^^^^
    "#);
    insta::assert_snapshot!(message("duplicates = { keep = \"newest\", by = 3 }"), @r#"
    error[profile]: found the number 3
     --> shop.toml:2:38  duplicates.by
      |
    2 | duplicates = { keep = "newest", by = 3 }
      |                                      ^
      |
      = expected a column or path such as "updated_at", or { column = "Updated",
        date = "…" }
    "#);
    insta::assert_snapshot!(message("duplicates = { keep = \"newest\", by = \"updated\" }"), @r#"
    error[profile]: there is no column "updated" in the export
     --> shop.toml:2:38  duplicates
      |
    2 | duplicates = { keep = "newest", by = "updated" }
      |                                      ^^^^^^^^^
      |
      = part-1.csv has "updated_at", its 2nd column of 6
    "#);
    let when = "duplicates = { keep = \"newest\", by = { column = \"updated_at\", date = \"%d\", \
                disagree = \"last\" } }";
    insta::assert_snapshot!(message(when), @r#"
    error[profile]: date format "%d" has no whole date
     --> shop.toml:2:70  duplicates.by.date
      |
    2 | …west", by = { column = "updated_at", date = "%d", disagree = "last" } }
      |                                              ^^^^
      |
      = expected a year, a month and a day
    "#);
}
