use proptest::prelude::*;

use super::*;
use crate::model::{
    draft::{Cell, ItemDraft},
    field::Field,
};

fn origin(file: u32, line: u64) -> RowOrigin {
    RowOrigin { file: FileId(file), line, bytes: line * 10..line * 10 + 9 }
}

fn cell(field: Field, text: &str, at: Position) -> Cell {
    Cell { field, text: text.into(), at, is_broken: false, is_fallback: false, first_counts: false }
}

fn row(kind: RowKind, origin: RowOrigin, cells: &[(Field, &str)]) -> MappedRow {
    let at = origin.position();
    let cells = cells.iter().map(|(field, text)| cell(field.clone(), text, at)).collect();
    let item = ItemDraft { at, cells: vec![cell(Field::ItemName, &format!("line {}", origin.line), at)] };
    MappedRow { origin, kind, cells, items: vec![item], skip: None, problems: Vec::new() }
}

fn part(key: &str, file: u32, line: u64, cells: &[(Field, &str)]) -> MappedRow {
    row(RowKind::Part(key.into()), origin(file, line), cells)
}

fn whole(key: &str, file: u32, line: u64, cells: &[(Field, &str)]) -> MappedRow {
    let mut row = row(RowKind::Whole(Some(key.into())), origin(file, line), cells);
    row.items.clear();
    row
}

fn grouped(settings: Settings, rows: Vec<MappedRow>) -> Result<Grouped, GroupError> {
    let mut grouper = Grouper::new(settings);
    for row in rows {
        grouper.add(row);
    }
    grouper.finish(|text| Some(text.into()))
}

/// `KEY lines problems` of each draft.
fn shown(settings: Settings, rows: Vec<MappedRow>) -> Vec<String> {
    let show = |draft: &Draft| {
        let lines: Vec<_> = draft.rows.iter().map(|row| row.line.to_string()).collect();
        let codes: Vec<_> = draft.problems.iter().map(|problem| problem.code.as_str()).collect();
        format!("{} {} {}", draft.key, lines.join(","), codes.join(",")).trim().to_owned()
    };
    grouped(settings, rows).unwrap().drafts.iter().map(show).collect()
}

const ALONE: Settings = Settings { joins_files: false, has_adjacent_rows: false, accepts_unreadable: false };

#[test]
fn rows_of_an_order_may_stand_anywhere_in_a_file() {
    let rows = vec![part("A", 0, 2, &[]), part("B", 0, 3, &[]), part("A", 0, 4, &[])];
    assert_eq!(shown(ALONE, rows), ["A 2,4", "B 3"]);
}

#[test]
fn rows_that_disagree_are_told_once_a_field() {
    let price = |line, price: &'static str| part("A", 0, line, &[(Field::Price, price)]);
    assert_eq!(shown(ALONE, vec![price(2, "5"), price(3, "6"), price(4, "7")]), ["A 2,3,4 rows_disagree"]);
    assert_eq!(shown(ALONE, vec![price(2, "5.0"), price(3, "5")]), ["A 2,3"]);
    let mut first = price(2, "5");
    first.cells[0].first_counts = true;
    assert_eq!(shown(ALONE, vec![first, price(3, "6")]), ["A 2,3 first_value_taken"]);
}

#[test]
fn a_cell_of_the_export_counts_before_a_default() {
    let mut fallback = part("A", 0, 2, &[(Field::Status, "PURCHASED")]);
    fallback.cells[0].is_fallback = true;
    let drafts = grouped(ALONE, vec![fallback, part("A", 0, 3, &[(Field::Status, "PAYMENT_PENDING")])]).unwrap().drafts;
    assert_eq!(&*drafts[0].cells[0].text, "PAYMENT_PENDING");
    assert!(drafts[0].problems.is_empty());
}

#[test]
fn the_same_order_in_two_files() {
    let at = |file, price: &'static str| {
        let mut row = part("A", file, 2, &[(Field::Price, price), (Field::GuestCity, price)]);
        row.items.clear();
        row
    };
    assert_eq!(shown(ALONE, vec![at(0, "5"), at(1, "5.00")]), ["A 2 order_copied"]);
    assert_eq!(shown(ALONE, vec![at(0, "5"), at(1, "6")]), ["A 2 order_in_two_files", "A 2 order_in_two_files"]);
    let joined = Settings { joins_files: true, ..ALONE };
    assert_eq!(shown(joined, vec![at(0, "5"), at(1, "5")]), ["A 2,2"]);
}

#[test]
fn the_same_document_twice_in_a_file_is_a_copy() {
    let price = |line, price: &'static str| whole("A", 0, line, &[(Field::Price, price)]);
    assert_eq!(shown(ALONE, vec![price(1, "5"), price(2, "5")]), ["A 1 order_copied"]);
    assert_eq!(shown(ALONE, vec![price(1, "5"), price(2, "6")]).len(), 2);
}

#[test]
fn an_unreadable_row_never_leaves_an_order_in_part() {
    let bad = |line, key: Option<&str>| {
        let mut row = row(
            RowKind::Unreadable { key: key.map(Into::into), reason: "bad".into(), cell_ends: Vec::new() },
            origin(0, line),
            &[],
        );
        row.items.clear();
        row
    };
    let rows = |bad| vec![part("A", 0, 2, &[]), part("B", 0, 3, &[]), bad, part("C", 0, 5, &[]), part("D", 0, 6, &[])];
    assert_eq!(shown(ALONE, rows(bad(4, Some("A")))), ["A 2,4 row_unreadable", "B 3", "C 5", "D 6"]);
    let error = grouped(ALONE, rows(bad(4, None))).unwrap_err();
    assert_eq!((error.at.line, error.n_more), (4, 0));
    let adjacent = Settings { has_adjacent_rows: true, ..ALONE };
    let neighbours = ["A 2", "B 3 neighbour_unreadable", "C 5 neighbour_unreadable", "D 6"];
    assert_eq!(shown(adjacent, rows(bad(4, None))), neighbours);
    let accepting = Settings { accepts_unreadable: true, ..ALONE };
    let accepted = grouped(accepting, rows(bad(4, None))).unwrap();
    assert_eq!((accepted.drafts.len(), accepted.accepted_unreadable.len()), (4, 1));
}

#[test]
fn an_order_that_lost_a_row_to_another_one_is_not_sent() {
    let kind = RowKind::Unreadable { key: Some("A".into()), reason: "bad".into(), cell_ends: vec!["xB".into()] };
    let rows = vec![part("A", 0, 2, &[]), row(kind, origin(0, 3), &[]), part("B", 0, 4, &[]), part("C", 0, 5, &[])];
    assert_eq!(shown(ALONE, rows), ["A 2,3 row_unreadable", "B 4 neighbour_unreadable", "C 5"]);
}

#[test]
fn neighbours_of_joined_files_stand_next_to_each_other() {
    let bad = row(RowKind::Unreadable { key: None, reason: "bad".into(), cell_ends: Vec::new() }, origin(0, 3), &[]);
    let rows = || vec![part("A", 0, 2, &[]), bad.clone(), part("B", 1, 2, &[])];
    let adjacent = Settings { has_adjacent_rows: true, ..ALONE };
    assert_eq!(shown(adjacent, rows()), ["A 2 neighbour_unreadable", "B 2"]);
    let joined = Settings { joins_files: true, ..adjacent };
    assert_eq!(shown(joined, rows()), ["A 2 neighbour_unreadable", "B 2 neighbour_unreadable"]);
}

#[test]
fn a_row_without_a_key_spoils_only_orders_it_may_belong_to() {
    let at = |key: &str, line, time: &'static str| part(key, 0, line, &[(Field::OrderedAt, time)]);
    let keyless = |cells: &[(Field, &str)]| row(RowKind::Keyless, origin(0, 9), cells);
    let rows = |keyless| vec![at("A", 2, "t1"), at("B", 3, "t2"), keyless];
    assert_eq!(
        shown(ALONE, rows(keyless(&[(Field::OrderedAt, "t2")]))),
        ["A 2", "B 3 row_without_key", "9 row_without_key"]
    );
    assert_eq!(shown(ALONE, rows(keyless(&[(Field::OrderedAt, "t3")]))), ["A 2", "B 3", "9 row_without_key"]);
    assert!(grouped(ALONE, rows(keyless(&[]))).is_err());
}

#[test]
fn a_row_without_a_key_is_an_invalid_order_of_its_own_even_with_a_reference() {
    let keyless = row(RowKind::Keyless, origin(0, 9), &[(Field::OrderedAt, "t9"), (Field::ReferenceId, "R")]);
    assert_eq!(shown(ALONE, vec![keyless]), ["9 row_without_key"]);
}

#[test]
fn nothing_but_a_certain_time_tells_a_row_without_a_key_apart() {
    let keyless = |cells: &[(Field, &str)]| row(RowKind::Keyless, origin(0, 9), cells);
    let known = || part("A", 0, 2, &[(Field::OrderedAt, "t2"), (Field::Price, "5")]);
    for price in ["5.0", "6", "5o"] {
        let damaged = keyless(&[(Field::OrderedAt, "t2"), (Field::Price, price)]);
        assert_eq!(shown(ALONE, vec![known(), damaged])[0], "A 2 row_without_key");
    }
    let mut broken = keyless(&[(Field::OrderedAt, "garbage")]);
    broken.cells[0].is_broken = true;
    assert!(grouped(ALONE, vec![known(), broken]).is_err());
    let mut first_counts = known();
    first_counts.cells[0].first_counts = true;
    assert_eq!(shown(ALONE, vec![first_counts, keyless(&[(Field::OrderedAt, "t3")])])[0], "A 2 row_without_key");
}

#[test]
fn a_copy_with_an_error_is_no_copy() {
    let bare = |kind, file, line| {
        let mut row = row(kind, origin(file, line), &[]);
        row.items.clear();
        row
    };
    let whole = |file| bare(RowKind::Part("A".into()), file, 2);
    let bad = bare(RowKind::Unreadable { key: Some("A".into()), reason: "bad".into(), cell_ends: Vec::new() }, 1, 3);
    let both = ["A 2 order_in_two_files", "A 2,3 row_unreadable,order_in_two_files"];
    assert_eq!(shown(ALONE, vec![whole(0), whole(1), bad]), both);
}

proptest! {
    #[test]
    fn rows_out_are_rows_in(keys in prop::collection::vec((0_u32..3, 0_u8..6), 0..60)) {
        let rows: Vec<_> = keys.iter().enumerate()
            .map(|(line, (file, key))| part(&key.to_string(), *file, line as u64, &[]))
            .collect();
        let n_rows = rows.len();
        let drafts = grouped(ALONE, rows).unwrap();
        // Every row has an item of its own, so no draft is a copy of another.
        let mut lines: Vec<_> = drafts.drafts.iter().flat_map(|draft| draft.rows.iter().map(|row| row.line)).collect();
        lines.sort_unstable();
        prop_assert_eq!(lines, (0..n_rows as u64).collect::<Vec<_>>());
        let n_items: usize = drafts.drafts.iter().map(|draft| draft.items.len()).sum();
        prop_assert_eq!(n_items, n_rows);
    }
}
