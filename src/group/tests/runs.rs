//! Where runs begin and end, and which lost rows are assigned to them.

use super::*;

const ADJACENT: GroupSettings = GroupSettings { has_adjacent_rows: true, ..SEPARATE_FILES };

fn blank(line: u64) -> TestRow {
    row(RowKind::Blank, 0, line, &[])
}

fn lines(rows: &[PossibleRows]) -> String {
    rows.iter().map(|gap| gap.first_lost.line.to_string()).collect::<Vec<_>>().join(",")
}

/// `KEY first-last possible_rows` of each run, and the first lost rows of the gaps before and
/// after them.
fn found_runs(settings: GroupSettings, rows: &[TestRow]) -> (Vec<String>, String, String) {
    let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
    let mut found = BlockRuns::of(&keyed, settings);
    let line = |row: Option<&KeyedRow<'_>>| row.unwrap().row.origin.line;
    let show = |run: &Run<'_>| {
        let (first, last) = (line(run.rows.first()), line(run.rows.last()));
        format!("{} {first}-{last} {}", run.key(), lines(&run.possible_rows)).trim().to_owned()
    };
    (
        found.runs.iter().map(show).collect(),
        lines(&found.gap_before.take_possible_rows()),
        lines(&found.gap_after.take_possible_rows()),
    )
}

fn a(line: u64) -> TestRow {
    order_row("A", 0, line, &[])
}

fn b(line: u64) -> TestRow {
    order_row("B", 0, line, &[])
}

#[test]
fn run_ends_at_next_order() {
    let rows = [a(2), a(3), b(4), a(5), unreadable(6, Some("A")), unreadable(7, Some("B"))];
    let runs = ["A 2-3", "B 4-4", "A 5-6", "B 7-7"].map(ToOwned::to_owned);
    assert_eq!(found_runs(SEPARATE_FILES, &rows), (runs.to_vec(), String::new(), String::new()));
}

#[test]
fn blank_and_lost_rows_do_not_end_run() {
    assert_eq!(
        found_runs(
            SEPARATE_FILES,
            &[blank(1), a(2), blank(3), unreadable(4, None), a(5), blank(6)]
        )
        .0,
        ["A 2-5"]
    );
    assert_eq!(found_runs(ADJACENT, &[a(2), unreadable(3, None), a(4)]).0, ["A 2-4 3"]);
}

#[test]
fn document_and_row_without_key_are_own_runs() {
    let without_key = |line| {
        into_row_without_key(row(
            RowKind::WithoutKey { ordered_at: None, has_item: false },
            0,
            line,
            &[(Field::OrderedAt, "t1")],
        ))
    };
    let rows = [
        document("A", 0, 1, &[]),
        document("A", 0, 2, &[]),
        a(3),
        document("A", 0, 4, &[]),
        without_key(5),
        without_key(6),
    ];
    let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
    let runs = BlockRuns::of(&keyed, SEPARATE_FILES).runs;
    assert_eq!(runs.iter().map(Run::key).collect::<Vec<_>>(), ["A", "A", "A", "A", "", ""]);
    assert_eq!(
        runs.iter().map(Run::may_continue).collect::<Vec<_>>(),
        [false, false, true, false, false, false]
    );
}

#[test]
fn lost_rows_are_assigned_to_adjacent_runs() {
    let rows = [
        unreadable(1, None),
        unreadable(2, None),
        a(3),
        a(4),
        unreadable(5, None),
        b(6),
        blank(7),
        a(8),
        unreadable(9, None),
        unreadable(10, None),
    ];
    let runs = ["A 3-4 5", "B 6-6 5", "A 8-8"].map(ToOwned::to_owned);
    assert_eq!(found_runs(ADJACENT, &rows), (runs.to_vec(), "1".to_owned(), "9".to_owned()));
    // Without adjacent rows a lost row is assigned to no run.
    assert_eq!(
        found_runs(SEPARATE_FILES, &rows),
        (vec!["A 3-4".into(), "B 6-6".into(), "A 8-8".into()], String::new(), String::new())
    );
    // Without a run all lost rows come before the first run of the next block.
    assert_eq!(found_runs(ADJACENT, &rows[..2]), (vec![], "1".to_owned(), String::new()));
}

/// Without the ignored rows the lost one may have another order when the rejects are read.
#[test]
fn gap_has_all_rows_between_two_orders() {
    let ignored = |line| row(RowKind::Ignored, 0, line, &[]);
    let rows = [a(2), ignored(3), b(4), ignored(5), unreadable(6, None), ignored(7), a(8)];
    let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
    let found = BlockRuns::of(&keyed, ADJACENT);
    let [first, second, third] = &found.runs[..] else { panic!("{:?}", found.runs) };
    let bytes = rows[3].row.origin.bytes.start..rows[5].row.origin.bytes.end;
    let gap = PossibleRows {
        rows: RowOrigin { file: FileId(0), line: 5, column: 1, bytes },
        first_lost: rows[4].row.origin.clone(),
    };
    assert_eq!(first.possible_rows, []);
    assert_eq!((&second.possible_rows, &third.possible_rows), (&vec![gap.clone()], &vec![gap]));
}

#[test]
fn gap_is_split_at_the_end_of_a_file() {
    let origin =
        |file, line| RowOrigin { file: FileId(file), line, column: 1, bytes: line..line + 1 };
    let (mut gap, mut later) = (Gap::default(), Gap::default());
    gap.push(&origin(0, 2), false);
    later.push(&origin(1, 3), false);
    later.push(&origin(1, 5), true);
    later.push(&origin(1, 7), true);
    gap.append(later);
    let rows = gap.take_possible_rows();
    let all = RowOrigin { file: FileId(1), line: 3, column: 1, bytes: 3..8 };
    assert_eq!(rows, [PossibleRows { rows: all, first_lost: origin(1, 5) }]);
    assert_eq!(gap, Gap::default());
}

/// An ignored row separates nothing, a header two exports.
#[test]
fn header_ends_a_run_within_and_across_blocks() {
    let ignored = |line| row(RowKind::Ignored, 0, line, &[]);
    let header = |line| row(RowKind::Header, 0, line, &[]);
    let block = |rows: &[TestRow]| {
        let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
        let found = BlockRuns::of(&keyed, SEPARATE_FILES);
        let headers: Vec<_> = found.headers.iter().map(|at| at.line).collect();
        (found.runs.len(), headers, found.starts_export, found.ends_export, found.counts)
    };
    let counts =
        |rows, ignored, headers| RowCounts { rows, ignored, headers, ..RowCounts::default() };
    let rows = [a(2), ignored(3), a(4), header(5), a(6), ignored(7)];
    assert_eq!(block(&rows), (2, vec![5], false, false, counts(5, 2, 1)));
    assert_eq!(block(&rows[..4]), (1, vec![5], false, true, counts(3, 1, 1)));
    assert_eq!(block(&rows[3..]), (1, vec![5], true, false, counts(2, 1, 1)));
    assert_eq!(block(&rows[3..4]), (0, vec![5], true, false, counts(0, 0, 1)));
}

#[test]
fn lost_rows_do_not_cross_a_header() {
    let header = |line| row(RowKind::Header, 0, line, &[]);
    let lost = |line| unreadable(line, None);
    let rows = [lost(1), header(2), lost(3), a(4), lost(5), header(6), lost(7), b(8)];
    let runs = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        found_runs(ADJACENT, &rows),
        (runs(&["A 4-4 3,5", "B 8-8 7"]), "1".to_owned(), String::new())
    );
    assert_eq!(found_runs(ADJACENT, &rows[..3]), (vec![], "1".to_owned(), "3".to_owned()));
    assert_eq!(
        found_runs(ADJACENT, &rows[3..7]),
        (runs(&["A 4-4 5"]), String::new(), "7".to_owned())
    );
}

#[test]
fn rows_below_a_header_are_another_order() {
    let keyed: Vec<_> = [a(2), a(4), b(6), a(7)].iter().map(TestRow::keyed).collect();
    let mut headers = RepeatedHeaders::default();
    headers.append(vec![Position { file: FileId(0), line: 5, column: None }]);
    for settings in [SEPARATE_FILES, GroupSettings { joins_files: true, ..SEPARATE_FILES }] {
        let orders = group_scattered(&keyed, settings, &headers);
        let lines = orders.iter().map(|rows| rows.iter().map(|row| row.row.origin.line).collect());
        assert_eq!(lines.collect::<Vec<Vec<_>>>(), [vec![2, 4], vec![6], vec![7]]);
    }
}

#[test]
fn joined_file_continues_the_part_before_it() {
    let rows = [("A", 0, 2), ("A", 0, 4), ("A", 1, 2), ("A", 1, 4)];
    let rows = rows.map(|(key, file, line)| order_row(key, file, line, &[]));
    let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
    let mut headers = RepeatedHeaders::default();
    let header = |file| Position { file: FileId(file), line: 3, column: None };
    headers.append(vec![header(0), header(1)]);
    let joined = GroupSettings { joins_files: true, ..SEPARATE_FILES };
    let sizes =
        |settings| group_scattered(&keyed, settings, &headers).iter().map(Vec::len).collect();
    let (joined, separate): (Vec<_>, Vec<_>) = (sizes(joined), sizes(SEPARATE_FILES));
    assert_eq!((joined, separate), (vec![1, 2, 1], vec![1, 1, 1, 1]));
}

#[test]
fn blank_rows_are_not_counted() {
    let keyed: Vec<_> =
        [blank(1), a(2), unreadable(3, Some("A")), unreadable(4, None), row_without_key(&[])]
            .iter()
            .map(TestRow::keyed)
            .collect();
    let found = BlockRuns::of(&keyed, SEPARATE_FILES);
    assert_eq!((found.counts.rows, found.counts.unreadable, found.lost.count), (4, 3, 2));
    let listed: Vec<_> = found
        .lost
        .listed
        .iter()
        .map(|problem| (problem.at.line, problem.message.as_str()))
        .collect();
    assert_eq!(listed, [(4, "bad"), (9, "the row has no order key")]);
}

#[test]
fn listed_lost_rows_are_limited() {
    let many = |first: u64| {
        let mut lost = LostRows::default();
        (first..first + 900).for_each(|line| lost.push_damaged(unreadable(line, None).row, "bad"));
        lost
    };
    let mut lost = many(1);
    lost.append(many(901));
    assert_eq!(
        (lost.listed.len(), lost.listed.last().unwrap().at.line, lost.count),
        (1000, 1000, 1800)
    );
    let error = lost.ensure_allowed(SEPARATE_FILES).unwrap_err();
    assert_eq!((error.at.line, error.more_rows), (1, 1799));
}

proptest! {
    #[test]
    fn scattered_groups_equal_runs(keys in prop::collection::vec(0_u8..4, 0..40)) {
        let rows: Vec<_> = (0..).zip(&keys).map(|(line, key)| order_row(&key.to_string(), 0, line, &[])).collect();
        let keyed: Vec<_> = rows.iter().map(TestRow::keyed).collect();
        let lines = |rows: &[&KeyedRow<'_>]| rows.iter().map(|row| row.row.origin.line).collect::<Vec<_>>();
        let runs = BlockRuns::of(&keyed, SEPARATE_FILES).runs;
        for order in group_scattered(&keyed, SEPARATE_FILES, &RepeatedHeaders::default()) {
            let key = order[0].kind.order_key().unwrap_or_default();
            let of_runs: Vec<_> = runs.iter().filter(|run| run.key() == key).flat_map(|run| run.rows).collect();
            prop_assert_eq!(lines(&order), lines(&of_runs));
        }
        prop_assert!(runs.windows(2).all(|pair| pair[0].key() != pair[1].key()));
    }
}
