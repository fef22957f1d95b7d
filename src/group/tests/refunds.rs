//! Tests of rows that are refunds, which are of their order wherever they are.

use super::*;

fn refund(key: &str, file: u32, line: u64, is_netted: bool) -> TestRow {
    let kind = RowKind::Refund { key: key.to_owned().into(), is_netted };
    let mut row = row(kind, file, line, &[(Field::OrderedAt, "t9"), (Field::Price, "none")]);
    row.items.iter_mut().for_each(|item| item.is_refund = is_netted);
    row
}

/// The time of each draft, its items and those that were refunded, with its lines and problems.
fn shown_refunds(rows: &[TestRow]) -> Vec<String> {
    let drafts = grouped(SEPARATE_FILES, rows).unwrap().drafts;
    let time = |draft: &Draft<'_>| draft.cell(&Field::OrderedAt).map(|cell| cell.text.to_string());
    let items = |draft: &Draft<'_>| {
        let refunded = draft.items.iter().filter(|item| item.is_refund).count();
        format!("{} {refunded}", draft.items.len())
    };
    let all = drafts.iter().zip(shown(SEPARATE_FILES, rows));
    let show = |(draft, shown): (&Draft<'_>, _)| {
        let skip = draft.skip.as_deref().unwrap_or_default();
        format!("{} {} | {shown} {skip}", time(draft).unwrap_or_default(), items(draft))
    };
    all.map(show).map(|text| text.trim_end().to_owned()).collect()
}

#[test]
fn refund_decides_nothing_but_its_items() {
    let sale = |line| order_row("A", 0, line, &[(Field::OrderedAt, "t1")]);
    let other = || order_row("B", 0, 3, &[(Field::OrderedAt, "t2")]);
    let rows = |is_netted| [refund("A", 0, 2, is_netted), other(), sale(4), sale(5)];
    assert_eq!(shown_refunds(&rows(true)), ["t1 3 1 | A 4,5,2", "t2 1 0 | B 3"]);
    assert_eq!(shown_refunds(&rows(false)), ["t1 2 0 | A 4,5,2", "t2 1 0 | B 3"]);
}

#[test]
fn refund_of_another_file_is_of_its_order() {
    let sale = |file| order_row("A", file, 2, &[(Field::OrderedAt, "t1")]);
    for is_netted in [true, false] {
        let n_items = if is_netted { "2 1" } else { "1 0" };
        let expected = format!("t1 {n_items} | A 2,3");
        let rows = [sale(0), refund("A", 1, 3, is_netted)];
        assert_eq!(shown_refunds(&rows), [expected.as_str()]);
        assert_eq!(shown_refunds(&[refund("A", 0, 3, is_netted), sale(1)]), [expected.as_str()]);
    }
    let document = document("A", 0, 2, &[(Field::OrderedAt, "t1")]);
    assert_eq!(shown_refunds(&[document, refund("A", 0, 3, true)]), ["t1 1 1 | A 2,3"]);
}

#[test]
fn refunds_without_their_order_are_one_draft() {
    let rows = [refund("A", 0, 2, true), refund("A", 1, 3, true)];
    assert_eq!(
        shown_refunds(&rows),
        ["t9 2 2 | A 2,3 refund_without_order refund without its order"]
    );
}
