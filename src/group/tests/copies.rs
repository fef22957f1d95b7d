//! Tests of several copies of one order.

use super::*;
use crate::model::{copy_version::CopyVersion, money::Amount};

fn version(text: &str) -> CopyVersion {
    let number = text.parse::<Amount>().ok().map(CopyVersion::Number);
    let time = || text.parse().ok().map(CopyVersion::Time);
    number.or_else(time).unwrap_or(CopyVersion::Unknown)
}

/// The lines of the copies of rows with these versions.
fn split(versions: &[&str]) -> Vec<(Vec<u64>, CopyVersion)> {
    let rows: Vec<_> = (0..)
        .zip(versions)
        .map(|(line, version)| {
            order_row("A", 0, line, &[(Field::Status, (*version).to_owned().leak())])
        })
        .collect();
    let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
    let of_row =
        |row: &KeyedRow<'_>| version(versions[usize::try_from(row.row.origin.line).unwrap()]);
    let copies = split_copies(keyed.iter().collect(), of_row).into_iter();
    let lines = |rows: Vec<&KeyedRow<'_>>| rows.iter().map(|row| row.row.origin.line).collect();
    copies.map(|(rows, version)| (lines(rows), version)).collect()
}

#[test]
fn rows_of_equal_version_are_one_copy() {
    assert_eq!(split(&["1", "1.0"]), [(vec![0, 1], version("1"))]);
    let copies = [(vec![0, 2], version("1")), (vec![1], version("2"))];
    assert_eq!(split(&["1", "2", "1"]), copies);
    // A row without a version is of the only copy, which then cannot be compared.
    assert_eq!(split(&["1", "?", "1"]), [(vec![0, 1, 2], CopyVersion::Unknown)]);
    let unknown =
        [(vec![0], version("1")), (vec![1], CopyVersion::Unknown), (vec![2], version("2"))];
    assert_eq!(split(&["1", "?", "2"]), unknown);
}

/// The lines and codes of the copies that are left of some, each a document of its own.
fn kept(versions: &[&str]) -> Vec<String> {
    let drafts = (1..).zip(versions).map(|(line, text)| {
        let price: &'static str = (*text).to_owned().leak();
        let mut draft =
            grouped(SEPARATE_FILES, &[document("A", 0, line, &[(Field::Price, price)])]).unwrap();
        let draft = draft.drafts.pop().unwrap();
        Draft { version: Some(version(text)), ..draft }
    });
    let kept = merge_by_key(drafts.collect(), &RepeatedHeaders::default(), &InputNames::default())
        .into_iter();
    let codes = |draft: &Draft<'_>| {
        draft.problems.iter().map(|problem| problem.code.as_str()).collect::<Vec<_>>().join(",")
    };
    kept.map(|draft| format!("{} {}", draft.position().line, codes(&draft))).collect()
}

#[test]
fn newest_copy_is_kept() {
    assert_eq!(kept(&["9", "10", "1"]), ["2 older_copy,older_copy"]);
    let times = ["2026-01-02T00:00:00Z", "2026-01-01T23:30:00-01:00"];
    assert_eq!(kept(&times), ["2 older_copy"]);
    assert_eq!(kept(&["10", "9", "10.0"]), ["1 older_copy,order_copied"]);
}

#[test]
fn copies_that_cannot_be_compared_are_invalid() {
    let unknown = ["1 newest_copy_unknown", "2 newest_copy_unknown"];
    assert_eq!(kept(&["1", "?"]), unknown);
    assert_eq!(kept(&["1", "2026-01-02T00:00:00Z"]), unknown);
}
