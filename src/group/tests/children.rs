//! Unit tests of documents that belong to the document of an order.

use super::*;

/// The document of an order, in the line of this number.
fn order(key: &str, line: u64) -> TestRow {
    row(RowKind::OrderDocument(key.to_owned().into()), 0, line, &[]).without_items()
}

/// A document that is an item.
fn item(order: &'static str, id: Option<&'static str>, line: u64) -> TestRow {
    row(RowKind::ChildDocument { order, id }, 0, line, &[])
}

fn note(order: &'static str, line: u64) -> TestRow {
    item(order, None, line).without_items()
}

#[test]
fn document_of_the_order_is_its_first_row() {
    let rows = [item("A", Some("1"), 2), note("A", 3), order("B", 4), order("A", 5), note("A", 6)];
    assert_eq!(shown(SEPARATE_FILES, &rows), ["A 5,2,3,6", "B 4"]);
}

#[test]
fn each_child_without_its_document_is_a_problem() {
    let rows = [item("A", Some("1"), 2), order("B", 3), note("A", 4)];
    assert_eq!(shown(SEPARATE_FILES, &rows), ["A 2,4 parent_missing,parent_missing", "B 3"]);
}

#[test]
fn item_whose_id_is_there_twice_is_a_problem() {
    let rows = |second| [order("A", 2), item("A", Some("1"), 3), second];
    let repeated = ["A 2,3,4 items_repeated"];
    assert_eq!(shown(SEPARATE_FILES, rows(item("A", Some("1"), 4))), repeated);
    for other in [item("A", Some("2"), 4), item("A", None, 4)] {
        assert_eq!(shown(SEPARATE_FILES, rows(other)), ["A 2,3,4"]);
    }
    let no_item = item("A", Some("1"), 4).without_items();
    assert_eq!(shown(SEPARATE_FILES, rows(no_item)), ["A 2,3,4"]);
}

#[test]
fn children_that_are_no_items_are_counted() {
    let n_left_out = |rows: &[TestRow]| {
        let keyed: &'static [_] = rows.iter().map(TestRow::keyed).collect::<Vec<_>>().leak();
        let draft = &grouped(SEPARATE_FILES, rows).unwrap().drafts[0];
        count_left_out(keyed.iter(), draft)
    };
    let (first, second) = (item("A", Some("1"), 2), note("A", 3));
    assert_eq!(n_left_out(&[first.clone(), second.clone(), order("A", 4), note("A", 5)]), 2);
    assert_eq!(n_left_out(&[first, second]), 0);
}
