//! Rows that are given by hand, brought together as the pipeline does it: first what is to be known of all of them, then
//! draft by draft.

mod runs;

use std::borrow::Cow;

use chrono::{DateTime, Days};
use proptest::prelude::*;

use super::*;
use crate::model::{
    draft::{Cell, Draft, ItemDraft, KeyedRow, MappedRow, Place, RowKind},
    field::Field,
    origin::RowOrigin,
    row::{Content, Row, Unreadable},
};

/// A row and what a profile makes of it.
#[derive(Clone)]
struct Given {
    row: &'static Row<'static>,
    kind: RowKind<'static>,
    cells: Vec<Cell<'static>>,
    items: Vec<ItemDraft<'static>>,
    /// The keys of others that it may hold.
    other_keys: &'static [&'static str],
}

impl Given {
    fn keyed(&self) -> KeyedRow<'static> {
        KeyedRow { row: self.row, kind: self.kind.clone() }
    }

    fn map(&self, into: &mut MappedRow<'static>) {
        into.cells = std::mem::take(&mut into.cells).into_iter().chain(self.cells.iter().cloned()).collect();
        into.items.extend(self.items.iter().cloned());
    }

    fn without_items(mut self) -> Self {
        self.items.clear();
        self
    }
}

/// `t2` is a time, the second day.
fn cell(field: Field, text: &'static str, at: Place<'static>) -> Cell<'static> {
    let day = text.strip_prefix('t').and_then(|day| day.parse().ok());
    let time = day.and_then(|day| DateTime::UNIX_EPOCH.checked_add_days(Days::new(day)));
    let (field, text) = (Cow::Owned(field), Cow::Borrowed(text));
    Cell { field, text, time, at, is_broken: false, is_fallback: false, first_counts: false }
}

/// Has an item of its own.
fn row(kind: RowKind<'static>, file: u32, line: u64, cells: &[(Field, &'static str)]) -> Given {
    let origin = RowOrigin { file: FileId(file), line, bytes: line * 10..line * 10 + 9 };
    let content = Content::Unreadable(Unreadable { reason: "not looked at".into(), remains: None });
    let row: &Row<'_> = Box::leak(Box::new(Row { origin, content }));
    let at = Place::Row(row);
    let cells = cells.iter().map(|(field, text)| cell(field.clone(), text, at)).collect();
    let item = cell(Field::ItemName, format!("line {line}").leak(), at);
    let items = vec![ItemDraft { at, cells: std::iter::once(item).collect() }];
    Given { row, kind, cells, items, other_keys: &[] }
}

fn part(key: &str, file: u32, line: u64, cells: &[(Field, &'static str)]) -> Given {
    row(RowKind::Part(key.to_owned().into()), file, line, cells)
}

fn whole(key: &str, file: u32, line: u64, cells: &[(Field, &'static str)]) -> Given {
    row(RowKind::Whole(Some(key.to_owned().into())), file, line, cells).without_items()
}

/// A row that cannot be read.
fn bad(line: u64, key: Option<&'static str>) -> Given {
    row(RowKind::Unreadable { key: key.map(Cow::Borrowed), reason: "bad" }, 0, line, &[]).without_items()
}

fn keyless(cells: &[(Field, &'static str)]) -> Given {
    keyless_of(row(RowKind::Keyless(None), 0, 9, cells))
}

fn keyless_of(row: Given) -> Given {
    let mut mapped = MappedRow::default();
    row.map(&mut mapped);
    Given { kind: RowKind::Keyless(mapped.cells.of(&Field::OrderedAt).and_then(Cell::certain_time)), ..row }
}

#[derive(Debug)]
struct Grouped {
    drafts: Vec<Draft<'static>>,
    lost: Lost,
}

/// The rows of files stand one behind the other.
fn grouped(settings: Settings, rows: &[Given]) -> Result<Grouped, GroupError> {
    let map = |row: &'static Row<'static>, _: Option<&'static Row<'static>>, into: &mut MappedRow<'static>| {
        rows.iter().find(|test_row| std::ptr::eq(test_row.row, row)).unwrap().map(into);
    };
    let (mut lost, mut runs) = (Lost::default(), Vec::new());
    for file in rows.chunk_by(|one, next| settings.joins_files || one.row.origin.file == next.row.origin.file) {
        let keyed: &'static [_] = file.iter().map(Given::keyed).collect::<Vec<_>>().leak();
        let block = Runs::of(keyed, settings);
        lost.append(block.lost);
        runs.extend(block.runs);
    }
    lost.check(settings)?;
    let readable = runs.iter().flat_map(|run| run.rows).filter(|row| !row.kind.is_lost()).cloned();
    let readable: &'static [_] = readable.collect::<Vec<_>>().leak();
    let drafts = gathered(readable, settings).into_iter().map(|order| {
        let is_of_order =
            |run: &&Run<'_>| run.rows.iter().any(|row| order.iter().any(|of| std::ptr::eq(of.row, row.row)));
        let of_order: Vec<_> = runs.iter().filter(is_of_order).collect();
        let possible_rows: Vec<_> = of_order.iter().flat_map(|run| run.suspects.iter().copied()).collect();
        let merged = draft(order.into_iter(), map, &possible_rows);
        if let [only] = of_order[..] {
            assert_eq!(
                draft(only.rows.iter(), map, &only.suspects),
                merged,
                "what stands together need not be gathered"
            );
        }
        merged
    });
    let mut drafts = resolved(drafts.collect());
    let ambiguities = doubts(settings, rows);
    for draft in &mut drafts {
        ambiguities.tell(draft, settings);
    }
    Ok(Grouped { drafts, lost })
}

fn doubts(settings: Settings, rows: &[Given]) -> Doubts {
    let mut doubts = Doubts::default();
    for test_row in rows {
        let at = test_row.row.origin.position();
        if let RowKind::Keyless(Some(ordered_at)) = test_row.kind {
            doubts.add_keyless(ordered_at, at);
        }
        test_row.other_keys.iter().for_each(|key| doubts.add_run_together(key, at, settings));
    }
    doubts
}

/// `KEY lines problems` of each draft.
fn shown(settings: Settings, rows: impl AsRef<[Given]>) -> Vec<String> {
    let show = |draft: &Draft<'_>| {
        let lines: Vec<_> = draft.rows.iter().map(|row| row.line.to_string()).collect();
        let codes: Vec<_> = draft.problems.iter().map(|problem| problem.code.as_str()).collect();
        format!("{} {} {}", draft.key, lines.join(","), codes.join(",")).trim().to_owned()
    };
    grouped(settings, rows.as_ref()).unwrap().drafts.iter().map(show).collect()
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
    let drafts = grouped(ALONE, &[fallback, part("A", 0, 3, &[(Field::Status, "PAYMENT_PENDING")])]).unwrap().drafts;
    assert_eq!(&*drafts[0].cells[0].text, "PAYMENT_PENDING");
    assert!(drafts[0].problems.is_empty());
}

#[test]
fn the_same_order_in_two_files() {
    let at = |file, price: &'static str| {
        part("A", file, 2, &[(Field::Price, price), (Field::GuestCity, price)]).without_items()
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
    let rows = |bad| vec![part("A", 0, 2, &[]), part("B", 0, 3, &[]), bad, part("C", 0, 5, &[]), part("D", 0, 6, &[])];
    assert_eq!(shown(ALONE, rows(bad(4, Some("A")))), ["A 2,4 row_unreadable", "B 3", "C 5", "D 6"]);
    let error = grouped(ALONE, &rows(bad(4, None))).unwrap_err();
    assert_eq!((error.at.line, error.n_more), (4, 0));
    let adjacent = Settings { has_adjacent_rows: true, ..ALONE };
    let expected = ["A 2", "B 3 neighbour_unreadable", "C 5 neighbour_unreadable", "D 6"];
    assert_eq!(shown(adjacent, rows(bad(4, None))), expected);
    let accepting = Settings { accepts_unreadable: true, ..ALONE };
    let accepted = grouped(accepting, &rows(bad(4, None))).unwrap();
    assert_eq!((accepted.drafts.len(), accepted.lost.told.len()), (4, 1));
}

#[test]
fn an_order_that_lost_a_row_to_another_one_is_not_sent() {
    let merged_row = Given { other_keys: &["B", "xB"], ..bad(3, Some("A")) };
    let rows = vec![part("A", 0, 2, &[]), merged_row, part("B", 0, 4, &[]), part("C", 0, 5, &[])];
    assert_eq!(shown(ALONE, rows), ["A 2,3 row_unreadable", "B 4 neighbour_unreadable", "C 5"]);
}

#[test]
fn neighbours_of_joined_files_stand_next_to_each_other() {
    let rows = || vec![part("A", 0, 2, &[]), bad(3, None), part("B", 1, 2, &[])];
    let adjacent = Settings { has_adjacent_rows: true, ..ALONE };
    assert_eq!(shown(adjacent, rows()), ["A 2 neighbour_unreadable", "B 2"]);
    let joined = Settings { joins_files: true, ..adjacent };
    assert_eq!(shown(joined, rows()), ["A 2 neighbour_unreadable", "B 2 neighbour_unreadable"]);
}

#[test]
fn a_row_without_a_key_spoils_only_orders_it_may_belong_to() {
    let at = |key: &str, line, time: &'static str| part(key, 0, line, &[(Field::OrderedAt, time)]);
    let rows = |without_key| vec![at("A", 2, "t1"), at("B", 3, "t2"), without_key];
    assert_eq!(
        shown(ALONE, rows(keyless(&[(Field::OrderedAt, "t2")]))),
        ["A 2", "B 3 row_without_key", "9 row_without_key"]
    );
    assert_eq!(shown(ALONE, rows(keyless(&[(Field::OrderedAt, "t3")]))), ["A 2", "B 3", "9 row_without_key"]);
    assert!(grouped(ALONE, &rows(keyless(&[]))).is_err());
}

#[test]
fn a_row_without_a_key_is_an_invalid_order_of_its_own_even_with_a_reference() {
    let without_key = keyless(&[(Field::OrderedAt, "t9"), (Field::ReferenceId, "R")]);
    assert_eq!(shown(ALONE, vec![without_key]), ["9 row_without_key"]);
}

#[test]
fn nothing_but_a_certain_time_tells_a_row_without_a_key_apart() {
    let known = || part("A", 0, 2, &[(Field::OrderedAt, "t2"), (Field::Price, "5")]);
    for price in ["5.0", "6", "5o"] {
        let damaged = keyless(&[(Field::OrderedAt, "t2"), (Field::Price, price)]);
        assert_eq!(shown(ALONE, vec![known(), damaged])[0], "A 2 row_without_key");
    }
    let mut unparsable = keyless(&[(Field::OrderedAt, "t2")]);
    unparsable.cells[0].is_broken = true;
    assert!(grouped(ALONE, &[known(), keyless_of(unparsable)]).is_err());
    let mut first_wins = known();
    first_wins.cells[0].first_counts = true;
    assert_eq!(shown(ALONE, vec![first_wins, keyless(&[(Field::OrderedAt, "t3")])])[0], "A 2 row_without_key");
}

#[test]
fn a_copy_with_an_error_is_no_copy() {
    let whole = |file| part("A", file, 2, &[]).without_items();
    let bad = row(RowKind::Unreadable { key: Some("A".into()), reason: "bad" }, 1, 3, &[]).without_items();
    let both = ["A 2 order_in_two_files", "A 2,3 row_unreadable,order_in_two_files"];
    assert_eq!(shown(ALONE, vec![whole(0), whole(1), bad]), both);
}

/// Parts of the input are seen in any order.
#[test]
fn doubts_come_together_as_if_they_were_found_in_one() {
    let merged_row = |line| Given { other_keys: &["B"], ..bad(line, Some("A")) };
    let at = |line, time| keyless_of(row(RowKind::Keyless(None), 0, line, &[(Field::OrderedAt, time)]));
    let rows = [merged_row(2), at(3, "t1"), at(4, "t2"), merged_row(5), at(6, "t1"), at(7, "t3")];
    let all = doubts(ALONE, &rows);
    for middle in 0..=rows.len() {
        let (mut early, mut late) = (doubts(ALONE, &rows[..middle]), doubts(ALONE, &rows[middle..]));
        let (early_again, late_again) = (early.clone(), late.clone());
        early.append(late_again);
        late.append(early_again);
        assert_eq!((&early, &late), (&all, &all), "{middle}");
    }
    assert!(!all.is_empty() && !all.are_too_many() && Doubts::default().is_empty());
}

#[test]
fn an_order_whose_time_is_not_certain_is_told_of_the_first_row_without_a_key() {
    let at = |line, time| keyless_of(row(RowKind::Keyless(None), 0, line, &[(Field::OrderedAt, time)]));
    let grouped = grouped(ALONE, &[part("A", 0, 2, &[]), at(5, "t9"), at(6, "t1")]).unwrap();
    assert_eq!(grouped.drafts[0].problems.iter().map(|problem| problem.at.line).collect::<Vec<_>>(), [5]);
}

proptest! {
    #[test]
    fn rows_out_are_rows_in(mut keys in prop::collection::vec((0_u32..3, 0_u8..6), 0..60)) {
        keys.sort_by_key(|(file, _)| *file);
        let rows: Vec<_> = keys.iter().enumerate()
            .map(|(line, (file, key))| part(&key.to_string(), *file, line as u64, &[]))
            .collect();
        let n_rows = rows.len();
        let drafts = grouped(ALONE, &rows).unwrap();
        // Every row has an item of its own, so no draft is a copy of another.
        let mut lines: Vec<_> = drafts.drafts.iter().flat_map(|draft| draft.rows.iter().map(|row| row.line)).collect();
        lines.sort_unstable();
        prop_assert_eq!(lines, (0..n_rows as u64).collect::<Vec<_>>());
        let n_items: usize = drafts.drafts.iter().map(|draft| draft.items.len()).sum();
        prop_assert_eq!(n_items, n_rows);
    }
}
