//! Where runs begin and end, and which lost rows they are told of.

use super::*;

const ADJACENT: Settings = Settings { has_adjacent_rows: true, ..ALONE };

fn blank(line: u64) -> Given {
    row(RowKind::Blank, 0, line, &[])
}

fn lines(positions: &[Position]) -> String {
    positions.iter().map(|at| at.line.to_string()).collect::<Vec<_>>().join(",")
}

/// `KEY first-last suspects` of each run; the lost rows before the first one, and the last one behind the last run.
fn found(settings: Settings, rows: &[Given]) -> (Vec<String>, String, Option<u64>) {
    let keyed: Vec<_> = rows.iter().map(Given::keyed).collect();
    let found = Runs::of(&keyed, settings);
    let line = |row: Option<&KeyedRow<'_>>| row.unwrap().row.origin.line;
    let show = |run: &Run<'_>| {
        let (first, last) = (line(run.rows.first()), line(run.rows.last()));
        format!("{} {first}-{last} {}", run.key(), lines(&run.suspects)).trim().to_owned()
    };
    (found.runs.iter().map(show).collect(), lines(&found.leading), found.trailing.map(|at| at.line))
}

fn a(line: u64) -> Given {
    part("A", 0, line, &[])
}

fn b(line: u64) -> Given {
    part("B", 0, line, &[])
}

#[test]
fn a_run_ends_where_another_order_begins() {
    let rows = [a(2), a(3), b(4), a(5), bad(6, Some("A")), bad(7, Some("B"))];
    let runs = ["A 2-3", "B 4-4", "A 5-6", "B 7-7"].map(ToOwned::to_owned);
    assert_eq!(found(ALONE, &rows), (runs.to_vec(), String::new(), None));
}

#[test]
fn what_stands_between_the_rows_of_an_order_ends_no_run() {
    assert_eq!(found(ALONE, &[blank(1), a(2), blank(3), bad(4, None), a(5), blank(6)]).0, ["A 2-5"]);
    assert_eq!(found(ADJACENT, &[a(2), bad(3, None), a(4)]).0, ["A 2-4 3,3"]);
}

#[test]
fn a_document_is_a_run_of_its_own_and_so_is_a_row_without_a_key() {
    let without_key = |line| keyless_of(row(RowKind::Keyless(None), 0, line, &[(Field::OrderedAt, "t1")]));
    let rows =
        [whole("A", 0, 1, &[]), whole("A", 0, 2, &[]), a(3), whole("A", 0, 4, &[]), without_key(5), without_key(6)];
    let keyed: Vec<_> = rows.iter().map(Given::keyed).collect();
    let runs = Runs::of(&keyed, ALONE).runs;
    assert_eq!(runs.iter().map(Run::key).collect::<Vec<_>>(), ["A", "A", "A", "A", "", ""]);
    assert_eq!(runs.iter().map(Run::is_part).collect::<Vec<_>>(), [false, false, true, false, false, false]);
}

#[test]
fn lost_rows_are_held_against_the_runs_beside_them() {
    let rows =
        [bad(1, None), bad(2, None), a(3), a(4), bad(5, None), b(6), blank(7), a(8), bad(9, None), bad(10, None)];
    let runs = ["A 3-4 2,5", "B 6-6 5", "A 8-8 9,10"].map(ToOwned::to_owned);
    assert_eq!(found(ADJACENT, &rows), (runs.to_vec(), "1,2".to_owned(), Some(10)));
    // Where orders may stand anywhere, a lost row is near none.
    assert_eq!(found(ALONE, &rows), (vec!["A 3-4".into(), "B 6-6".into(), "A 8-8".into()], String::new(), None));
    // Without a run all stand before the first one of what follows.
    assert_eq!(found(ADJACENT, &rows[..2]), (vec![], "1,2".to_owned(), Some(2)));
}

#[test]
fn rows_are_counted_but_for_blank_ones() {
    let keyed: Vec<_> =
        [blank(1), a(2), bad(3, Some("A")), bad(4, None), keyless(&[])].iter().map(Given::keyed).collect();
    let found = Runs::of(&keyed, ALONE);
    assert_eq!((found.n_rows, found.n_unreadable, found.lost.n_rows), (4, 3, 2));
    let listed: Vec<_> = found.lost.told.iter().map(|problem| (problem.at.line, problem.message.as_str())).collect();
    assert_eq!(listed, [(4, "bad"), (9, "the row has no order key")]);
}

#[test]
fn lost_rows_are_told_one_by_one_up_to_a_bound() {
    let many = |first: u64| {
        let mut lost = Lost::default();
        (first..first + 900).for_each(|line| lost.add(bad(line, None).row.origin.position(), "bad"));
        lost
    };
    let mut lost = many(1);
    lost.append(many(901));
    assert_eq!((lost.told.len(), lost.told.last().unwrap().at.line, lost.n_rows), (1000, 1000, 1800));
    let error = lost.check(ALONE).unwrap_err();
    assert_eq!((error.at.line, error.n_more), (1, 1799));
}

proptest! {
    #[test]
    fn gathered_rows_are_those_of_the_runs(keys in prop::collection::vec(0_u8..4, 0..40)) {
        let rows: Vec<_> = (0..).zip(&keys).map(|(line, key)| part(&key.to_string(), 0, line, &[])).collect();
        let keyed: Vec<_> = rows.iter().map(Given::keyed).collect();
        let lines = |rows: &[&KeyedRow<'_>]| rows.iter().map(|row| row.row.origin.line).collect::<Vec<_>>();
        let runs = Runs::of(&keyed, ALONE).runs;
        for order in gathered(&keyed, ALONE) {
            let key = order[0].kind.part_of().unwrap_or_default();
            let of_runs: Vec<_> = runs.iter().filter(|run| run.key() == key).flat_map(|run| run.rows).collect();
            prop_assert_eq!(lines(&order), lines(&of_runs));
        }
        prop_assert!(runs.windows(2).all(|pair| pair[0].key() != pair[1].key()));
    }
}
