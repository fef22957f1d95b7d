//! Rows built in memory and grouped in the same two steps as in the pipeline: first the facts
//! about all rows, then draft by draft.

mod children;
mod copies;
mod order_items;
mod refunds;
mod runs;
mod values;

use std::borrow::Cow;

use chrono::{DateTime, Days};
use proptest::prelude::*;

use super::*;
use crate::model::{
    draft::{
        Cell, CellOrigin, Draft, ItemDraft, ItemKind, KeyedRow, MappedRow, Notation, RowKind,
        ValueSkip,
    },
    field::Field,
    origin::{FileId, InputNames, Position, RowOrigin},
    over_rows::OverRows,
    problem::{Code, Problem},
    row::{Row, RowContent, RowDamage, Unreadable},
};

/// A row and what a profile maps it to.
#[derive(Clone)]
struct TestRow {
    row: &'static Row<'static>,
    kind: RowKind<'static>,
    cells: Vec<Cell<'static>>,
    items: Vec<ItemDraft<'static>>,
    value_skips: Vec<ValueSkip>,
    problems: Vec<Problem>,
    /// The keys of other orders that it may hold.
    other_keys: &'static [&'static str],
}

impl TestRow {
    fn keyed(&self) -> KeyedRow<'static> {
        KeyedRow { row: self.row, kind: self.kind.clone() }
    }

    fn map(&self, into: &mut MappedRow<'static>) {
        into.cells =
            std::mem::take(&mut into.cells).into_iter().chain(self.cells.iter().cloned()).collect();
        into.items.extend(self.items.iter().cloned());
        into.value_skips.extend(self.value_skips.iter().cloned());
        into.problems.extend(self.problems.iter().cloned());
    }

    fn without_items(mut self) -> Self {
        self.items.clear();
        self
    }
}

/// A text such as `t2` also gets a time: the second day.
fn cell(field: Field, text: &'static str, at: CellOrigin<'static>) -> Cell<'static> {
    let day = text.strip_prefix('t').and_then(|day| day.parse().ok());
    let time = day.and_then(|day| DateTime::UNIX_EPOCH.checked_add_days(Days::new(day)));
    let (field, text) = (Cow::Owned(field), Cow::Borrowed(text));
    Cell {
        field,
        text,
        time,
        at,
        is_unparsable: false,
        is_default: false,
        over_rows: OverRows::Equal,
        notation: Notation::Text,
    }
}

/// A row with one item.
fn row(kind: RowKind<'static>, file: u32, line: u64, cells: &[(Field, &'static str)]) -> TestRow {
    let origin = RowOrigin { file: FileId(file), line, column: 1, bytes: line * 10..line * 10 + 9 };
    let content = RowContent::Unreadable(Unreadable {
        reason: "not looked at".into(),
        at: None,
        column_name: None,
        damage: RowDamage::Other,
        salvaged: None,
    });
    let row: &Row<'_> = Box::leak(Box::new(Row { origin, content }));
    let at = CellOrigin::Row(row);
    let cells = cells.iter().map(|(field, text)| cell(field.clone(), text, at)).collect();
    let item = cell(Field::ItemName, format!("line {line}").leak(), at);
    let items = vec![ItemDraft {
        at,
        kind: ItemKind::default(),
        is_refund: false,
        cells: std::iter::once(item).collect(),
    }];
    let (value_skips, problems) = (Vec::new(), Vec::new());
    TestRow { row, kind, cells, items, value_skips, problems, other_keys: &[] }
}

fn order_row(key: &str, file: u32, line: u64, cells: &[(Field, &'static str)]) -> TestRow {
    row(RowKind::OrderRow(key.to_owned().into()), file, line, cells)
}

fn document(key: &str, file: u32, line: u64, cells: &[(Field, &'static str)]) -> TestRow {
    row(RowKind::Document(Some(key.to_owned().into())), file, line, cells).without_items()
}

fn unreadable(line: u64, key: Option<&'static str>) -> TestRow {
    row(RowKind::Unreadable { key: key.map(Cow::Borrowed), reason: "bad" }, 0, line, &[])
        .without_items()
}

fn row_without_key(cells: &[(Field, &'static str)]) -> TestRow {
    into_row_without_key(row(
        RowKind::WithoutKey { ordered_at: None, has_item: false },
        0,
        9,
        cells,
    ))
}

fn into_row_without_key(row: TestRow) -> TestRow {
    let mut mapped = MappedRow::default();
    row.map(&mut mapped);
    TestRow {
        kind: RowKind::WithoutKey {
            ordered_at: mapped.cells.get(&Field::OrderedAt).and_then(Cell::reliable_time),
            has_item: !mapped.items.is_empty(),
        },
        ..row
    }
}

#[derive(Debug)]
struct Grouped {
    drafts: Vec<Draft<'static>>,
    lost: LostRows,
}

/// Groups rows that are sorted by file.
fn grouped(settings: GroupSettings, rows: &[TestRow]) -> Result<Grouped, GroupError> {
    let map = |row: &'static Row<'static>,
               _: Option<&'static Row<'static>>,
               into: &mut MappedRow<'static>| {
        rows.iter().find(|test_row| std::ptr::eq(test_row.row, row)).unwrap().map(into);
    };
    let (mut lost, mut runs) = (LostRows::default(), Vec::new());
    for file in rows
        .chunk_by(|one, next| settings.joins_files || one.row.origin.file == next.row.origin.file)
    {
        let keyed: &'static [_] = file.iter().map(TestRow::keyed).collect::<Vec<_>>().leak();
        let mut block = BlockRuns::of(keyed, settings);
        if let Some(last) = block.runs.last_mut() {
            last.possible_rows.extend(block.gap_after.take_possible_rows());
        }
        lost.append(block.lost);
        runs.extend(block.runs);
    }
    lost.ensure_allowed(settings)?;
    let readable =
        runs.iter().flat_map(|run| run.rows).filter(|row| !row.kind.has_no_order()).cloned();
    let readable: &'static [_] = readable.collect::<Vec<_>>().leak();
    let drafts =
        group_scattered(readable, settings, &RepeatedHeaders::default()).into_iter().map(|order| {
            let is_of_order = |run: &&Run<'_>| {
                run.rows.iter().any(|row| order.iter().any(|of| std::ptr::eq(of.row, row.row)))
            };
            let of_order: Vec<_> = runs.iter().filter(is_of_order).collect();
            let possible_rows: Vec<_> =
                of_order.iter().flat_map(|run| run.possible_rows.iter().cloned()).collect();
            let merged = draft(order.into_iter(), map, &possible_rows);
            if let [only] = of_order[..] {
                assert_eq!(
                    draft(only.rows.iter(), map, &only.possible_rows),
                    merged,
                    "a contiguous order needs no scattered rows brought together"
                );
            }
            merged
        });
    let mut drafts =
        merge_by_key(drafts.collect(), &RepeatedHeaders::default(), &InputNames::default());
    let ambiguities = ambiguities(settings, rows);
    for draft in &mut drafts {
        ambiguities.mark(draft, settings);
    }
    Ok(Grouped { drafts, lost })
}

fn ambiguities(settings: GroupSettings, rows: &[TestRow]) -> Ambiguities {
    let mut ambiguities = Ambiguities::default();
    for test_row in rows {
        let at = test_row.row.origin.position();
        if let RowKind::WithoutKey { ordered_at: Some(ordered_at), .. } = test_row.kind {
            ambiguities.add_row_without_key(ordered_at, test_row.row.origin.clone());
        }
        test_row.other_keys.iter().for_each(|key| ambiguities.add_merged_row(key, at, settings));
    }
    ambiguities
}

/// `KEY lines problems` of each draft.
fn shown(settings: GroupSettings, rows: impl AsRef<[TestRow]>) -> Vec<String> {
    let show = |draft: &Draft<'_>| {
        let lines: Vec<_> = draft.rows.iter().map(|row| row.line.to_string()).collect();
        let codes: Vec<_> = draft.problems.iter().map(|problem| problem.code.as_str()).collect();
        format!("{} {} {}", draft.key, lines.join(","), codes.join(",")).trim().to_owned()
    };
    grouped(settings, rows.as_ref()).unwrap().drafts.iter().map(show).collect()
}

const SEPARATE_FILES: GroupSettings = GroupSettings {
    joins_files: false,
    has_adjacent_rows: false,
    nets_refunds: false,
    accepts_unreadable: false,
};

#[test]
fn scattered_rows_form_one_order() {
    let rows =
        vec![order_row("A", 0, 2, &[]), order_row("B", 0, 3, &[]), order_row("A", 0, 4, &[])];
    assert_eq!(shown(SEPARATE_FILES, rows), ["A 2,4", "B 3"]);
}

#[test]
fn conflict_is_reported_once_per_field() {
    let price = |line, price: &'static str| order_row("A", 0, line, &[(Field::Price, price)]);
    assert_eq!(
        shown(SEPARATE_FILES, vec![price(2, "5"), price(3, "6"), price(4, "7")]),
        ["A 2,3,4 rows_disagree"]
    );
    assert_eq!(shown(SEPARATE_FILES, vec![price(2, "5.0"), price(3, "5")]), ["A 2,3"]);
    let mut first = price(2, "5");
    first.cells[0].over_rows = OverRows::First;
    assert_eq!(shown(SEPARATE_FILES, vec![first, price(3, "6")]), ["A 2,3 first_value_taken"]);
}

#[test]
fn last_value_counts_in_the_order_of_the_export() {
    let price = |reference, line, price: &'static str| {
        let mut row = order_row(reference, 0, line, &[(Field::Price, price)]);
        row.cells[0].over_rows = OverRows::Last;
        row
    };
    // Those of A are scattered.
    let rows = [price("A", 2, "5"), price("B", 3, "1"), price("A", 4, "6"), price("A", 5, "7.0")];
    let drafts = grouped(SEPARATE_FILES, &rows).unwrap();
    assert_eq!(drafts.drafts[0].cells[0].text, "7.0");
    assert_eq!(drafts.drafts[0].cells[0].at.position().line, 5);
    assert_eq!(shown(SEPARATE_FILES, &rows), ["A 2,4,5 last_value_taken", "B 3"]);
    assert_eq!(shown(SEPARATE_FILES, vec![price("A", 2, "5.0"), price("A", 3, "5")]), ["A 2,3"]);
}

#[test]
fn rows_add_up_exactly() {
    let price = |line, price: &'static str, notation| {
        let mut row = order_row("A", 0, line, &[(Field::Price, price)]);
        row.cells[0].over_rows = OverRows::Sum { n_rows: 1 };
        row.cells[0].notation = notation;
        row
    };
    let declared = |line, text| price(line, text, Notation::Declared);
    let total = |rows: &[TestRow]| {
        let drafts = grouped(SEPARATE_FILES, rows).unwrap();
        let cell = &drafts.drafts[0].cells[0];
        let mark = if cell.is_unparsable { "!" } else { "" };
        let problems = drafts.drafts[0].problems.iter();
        let problems = problems.map(|problem| format!("; {} {}", problem.at.line, problem.message));
        format!("{}{mark} {:?}{}", cell.text, cell.over_rows, problems.collect::<String>())
    };
    let rows = [declared(2, "0.10"), declared(3, "0.10"), declared(4, "-3")];
    insta::assert_snapshot!(total(&rows), @"-2.80 Sum { n_rows: 3 }");
    // Rows of other orders are between them.
    let other = order_row("B", 0, 3, &[]);
    assert_eq!(total(&[rows[0].clone(), other, rows[1].clone(), rows[2].clone()]), total(&rows));
    let mut default = declared(2, "7");
    default.cells[0].is_default = true;
    insta::assert_snapshot!(total(&[default.clone(), declared(3, "1"), default]), @"1 Sum { n_rows: 1 }");
    let mut unparsable = declared(3, "x");
    unparsable.cells[0].is_unparsable = true;
    insta::assert_snapshot!(total(&[declared(2, "1"), unparsable, declared(4, "1")]), @"1! Sum { n_rows: 1 }");
    let minor = price(3, "100", Notation::MinorUnits);
    insta::assert_snapshot!(total(&[declared(2, "1"), minor]), @"1! Sum { n_rows: 2 }; 3 in another unit than the rows of the order before it");
    let long = "79228162514264337593543950335";
    insta::assert_snapshot!(total(&[declared(2, long), declared(3, long)]), @"79228162514264337593543950335! Sum { n_rows: 2 }; 3 the sum of the rows has more digits than can be kept exactly");
}

#[test]
fn value_that_does_not_count_skips_no_order() {
    let row = |line, status: &'static str, over_rows| {
        let mut row = order_row("A", 0, line, &[(Field::Status, status)]);
        row.cells[0].over_rows = over_rows;
        if status == "open" {
            let at = row.row.origin.position();
            row.value_skips = vec![ValueSkip { field: Field::Status, at, reason: "open".into() }];
        }
        row
    };
    for (over_rows, statuses, is_skipped) in [
        (OverRows::Equal, ["open", "open"], true),
        (OverRows::Equal, ["open", "PURCHASED"], false),
        (OverRows::Equal, ["PURCHASED", "open"], false),
        (OverRows::Last, ["open", "PURCHASED"], false),
        (OverRows::Last, ["PURCHASED", "open"], true),
        (OverRows::First, ["open", "PURCHASED"], true),
        (OverRows::First, ["PURCHASED", "open"], false),
    ] {
        let rows = [row(2, statuses[0], over_rows), row(3, statuses[1], over_rows)];
        let drafts = grouped(SEPARATE_FILES, &rows).unwrap();
        let draft = &drafts.drafts[0];
        assert_eq!(draft.skip.is_some(), is_skipped, "{over_rows:?} {statuses:?}");
        let disagrees = draft.problems.iter().any(|problem| problem.code == Code::RowsDisagree);
        assert_eq!(disagrees, over_rows == OverRows::Equal && !is_skipped);
    }
}

#[test]
fn exported_value_overrides_default() {
    let mut fallback = order_row("A", 0, 2, &[(Field::Status, "PURCHASED")]);
    fallback.cells[0].is_default = true;
    let drafts = grouped(
        SEPARATE_FILES,
        &[fallback, order_row("A", 0, 3, &[(Field::Status, "PAYMENT_PENDING")])],
    )
    .unwrap()
    .drafts;
    assert_eq!(&*drafts[0].cells[0].text, "PAYMENT_PENDING");
    assert!(drafts[0].problems.is_empty());
}

#[test]
fn order_in_two_files_is_duplicate_or_conflict() {
    let at = |file, price: &'static str| {
        order_row("A", file, 2, &[(Field::Price, price), (Field::GuestCity, price)]).without_items()
    };
    assert_eq!(shown(SEPARATE_FILES, vec![at(0, "5"), at(1, "5.00")]), ["A 2 order_copied"]);
    assert_eq!(
        shown(SEPARATE_FILES, vec![at(0, "5"), at(1, "6")]),
        ["A 2 order_in_two_files", "A 2 order_in_two_files"]
    );
    let joined = GroupSettings { joins_files: true, ..SEPARATE_FILES };
    assert_eq!(shown(joined, vec![at(0, "5"), at(1, "5")]), ["A 2,2"]);
}

#[test]
fn repeated_document_is_duplicate() {
    let price = |line, price: &'static str| document("A", 0, line, &[(Field::Price, price)]);
    assert_eq!(shown(SEPARATE_FILES, vec![price(1, "5"), price(2, "5")]), ["A 1 order_copied"]);
    assert_eq!(shown(SEPARATE_FILES, vec![price(1, "5"), price(2, "6")]).len(), 2);
}

#[test]
fn unreadable_row_invalidates_possible_orders() {
    let rows = |bad| {
        vec![
            order_row("A", 0, 2, &[]),
            order_row("B", 0, 3, &[]),
            bad,
            order_row("C", 0, 5, &[]),
            order_row("D", 0, 6, &[]),
        ]
    };
    assert_eq!(
        shown(SEPARATE_FILES, rows(unreadable(4, Some("A")))),
        ["A 2,4 row_unreadable", "B 3", "C 5", "D 6"]
    );
    let error = grouped(SEPARATE_FILES, &rows(unreadable(4, None))).unwrap_err();
    assert_eq!((error.at.line, error.more_rows), (4, 0));
    let adjacent = GroupSettings { has_adjacent_rows: true, ..SEPARATE_FILES };
    let expected = ["A 2", "B 3,4 neighbour_unreadable", "C 5,4 neighbour_unreadable", "D 6"];
    assert_eq!(shown(adjacent, rows(unreadable(4, None))), expected);
    // It may be a refund of A.
    let netting = GroupSettings { nets_refunds: true, ..adjacent };
    assert_eq!(grouped(netting, &rows(unreadable(4, None))).unwrap_err().at.line, 4);
    let accepting = GroupSettings { accepts_unreadable: true, ..SEPARATE_FILES };
    let accepted = grouped(accepting, &rows(unreadable(4, None))).unwrap();
    assert_eq!((accepted.drafts.len(), accepted.lost.listed.len()), (4, 1));
}

#[test]
fn order_missing_merged_row_is_invalid() {
    let merged_row = TestRow { other_keys: &["B", "xB"], ..unreadable(3, Some("A")) };
    let rows = vec![
        order_row("A", 0, 2, &[]),
        merged_row,
        order_row("B", 0, 4, &[]),
        order_row("C", 0, 5, &[]),
    ];
    assert_eq!(
        shown(SEPARATE_FILES, rows),
        ["A 2,3 row_unreadable", "B 4 neighbour_unreadable", "C 5"]
    );
}

#[test]
fn joined_files_have_adjacent_rows() {
    let rows = || vec![order_row("A", 0, 2, &[]), unreadable(3, None), order_row("B", 1, 2, &[])];
    let adjacent = GroupSettings { has_adjacent_rows: true, ..SEPARATE_FILES };
    assert_eq!(shown(adjacent, rows()), ["A 2,3 neighbour_unreadable", "B 2"]);
    let joined = GroupSettings { joins_files: true, ..adjacent };
    assert_eq!(shown(joined, rows()), ["A 2,3 neighbour_unreadable", "B 2,3 neighbour_unreadable"]);
}

#[test]
fn row_without_key_affects_orders_of_its_time() {
    let at =
        |key: &str, line, time: &'static str| order_row(key, 0, line, &[(Field::OrderedAt, time)]);
    let rows = |without_key| vec![at("A", 2, "t1"), at("B", 3, "t2"), without_key];
    assert_eq!(
        shown(SEPARATE_FILES, rows(row_without_key(&[(Field::OrderedAt, "t2")]))),
        ["A 2", "B 3 row_without_key", "9 row_without_key"]
    );
    assert_eq!(
        shown(SEPARATE_FILES, rows(row_without_key(&[(Field::OrderedAt, "t3")]))),
        ["A 2", "B 3", "9 row_without_key"]
    );
    assert!(grouped(SEPARATE_FILES, &rows(row_without_key(&[]))).is_err());
}

#[test]
fn row_without_key_is_invalid_order() {
    let without_key = row_without_key(&[(Field::OrderedAt, "t9"), (Field::ReferenceId, "R")]);
    assert_eq!(shown(SEPARATE_FILES, vec![without_key]), ["9 row_without_key"]);
}

#[test]
fn only_reliable_time_excludes_row_without_key() {
    let known = || order_row("A", 0, 2, &[(Field::OrderedAt, "t2"), (Field::Price, "5")]);
    for price in ["5.0", "6", "5o"] {
        let damaged = row_without_key(&[(Field::OrderedAt, "t2"), (Field::Price, price)]);
        assert_eq!(shown(SEPARATE_FILES, vec![known(), damaged])[0], "A 2 row_without_key");
    }
    let mut unparsable = row_without_key(&[(Field::OrderedAt, "t2")]);
    unparsable.cells[0].is_unparsable = true;
    assert!(grouped(SEPARATE_FILES, &[known(), into_row_without_key(unparsable)]).is_err());
    let mut first_wins = known();
    first_wins.cells[0].over_rows = OverRows::First;
    assert_eq!(
        shown(SEPARATE_FILES, vec![first_wins, row_without_key(&[(Field::OrderedAt, "t3")])])[0],
        "A 2 row_without_key"
    );
}

#[test]
fn draft_with_error_is_no_duplicate() {
    let whole = |file| order_row("A", file, 2, &[]).without_items();
    let bad = row(RowKind::Unreadable { key: Some("A".into()), reason: "bad" }, 1, 3, &[])
        .without_items();
    let both = ["A 2 order_in_two_files", "A 2,3 row_unreadable,order_in_two_files"];
    assert_eq!(shown(SEPARATE_FILES, vec![whole(0), whole(1), bad]), both);
}

/// Blocks are processed in any order.
#[test]
fn appending_ambiguities_is_order_independent() {
    let merged_row = |line| TestRow { other_keys: &["B"], ..unreadable(line, Some("A")) };
    let at = |line, time| {
        into_row_without_key(row(
            RowKind::WithoutKey { ordered_at: None, has_item: false },
            0,
            line,
            &[(Field::OrderedAt, time)],
        ))
    };
    let rows = [merged_row(2), at(3, "t1"), at(4, "t2"), merged_row(5), at(6, "t1"), at(7, "t3")];
    let all = ambiguities(SEPARATE_FILES, &rows);
    for middle in 0..=rows.len() {
        let (mut early, mut late) = (
            ambiguities(SEPARATE_FILES, &rows[..middle]),
            ambiguities(SEPARATE_FILES, &rows[middle..]),
        );
        let (early_again, late_again) = (early.clone(), late.clone());
        early.append(late_again);
        late.append(early_again);
        assert_eq!((&early, &late), (&all, &all), "{middle}");
    }
    assert!(!all.is_empty() && !all.exceeds_limit() && Ambiguities::default().is_empty());
}

#[test]
fn unreliable_time_marks_first_row_without_key() {
    let at = |line, time| {
        into_row_without_key(row(
            RowKind::WithoutKey { ordered_at: None, has_item: false },
            0,
            line,
            &[(Field::OrderedAt, time)],
        ))
    };
    let grouped =
        grouped(SEPARATE_FILES, &[order_row("A", 0, 2, &[]), at(5, "t9"), at(6, "t1")]).unwrap();
    assert_eq!(
        grouped.drafts[0].problems.iter().map(|problem| problem.at.line).collect::<Vec<_>>(),
        [5]
    );
}

proptest! {
    #[test]
    fn every_row_is_in_exactly_one_draft(mut keys in prop::collection::vec((0_u32..3, 0_u8..6), 0..60)) {
        keys.sort_by_key(|(file, _)| *file);
        let rows: Vec<_> = keys.iter().enumerate()
            .map(|(line, (file, key))| order_row(&key.to_string(), *file, line as u64, &[]))
            .collect();
        let n_rows = rows.len();
        let drafts = grouped(SEPARATE_FILES, &rows).unwrap();
        // Every row has a different item, so no draft is a duplicate.
        let mut lines: Vec<_> = drafts.drafts.iter().flat_map(|draft| draft.rows.iter().map(|row| row.line)).collect();
        lines.sort_unstable();
        prop_assert_eq!(lines, (0..n_rows as u64).collect::<Vec<_>>());
        let n_items: usize = drafts.drafts.iter().map(|draft| draft.items.len()).sum();
        prop_assert_eq!(n_items, n_rows);
    }
}
