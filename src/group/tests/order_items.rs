//! Unit tests of items that are made of values of an order.

use super::*;
use crate::model::draft::{ItemKind, ItemSource, OrderItem};

/// What a row says of the shipping of its order.
fn shipping(
    price: &'static str,
    over_rows: OverRows,
    at: CellOrigin<'static>,
) -> OrderItem<'static> {
    let kind = ItemKind { index: 1, source: ItemSource::Order };
    let constant = Cell { is_default: true, ..cell(Field::ItemName, "Shipping", at) };
    let price =
        (!price.is_empty()).then(|| Cell { over_rows, ..cell(Field::ItemPrice, price, at) });
    let is_filled = price.is_some();
    let cells = [constant].into_iter().chain(price).collect();
    OrderItem { item: ItemDraft { at, kind, is_refund: false, cells }, is_filled }
}

/// The items of an order whose rows have these prices of shipping, and its problems.
fn merged(prices: &[&'static str], over_rows: OverRows) -> (Vec<String>, Vec<String>) {
    let rows: Vec<_> =
        (2..).zip(prices).map(|(line, price)| (order_row("A", 0, line, &[]), *price)).collect();
    let keyed: &'static [_] = rows.iter().map(|(row, _)| row.keyed()).collect::<Vec<_>>().leak();
    let map = |row: &'static Row<'static>, _: Option<_>, into: &mut MappedRow<'static>| {
        let (of_row, price) = rows.iter().find(|(one, _)| std::ptr::eq(one.row, row)).unwrap();
        of_row.map(into);
        into.order_items.push(shipping(price, over_rows, CellOrigin::Row(row)));
    };
    let draft = draft(keyed.iter(), map, &[]);
    let texts = |item: &ItemDraft<'_>| {
        item.cells.iter().map(|cell| &*cell.text).collect::<Vec<_>>().join(" ")
    };
    let problems = draft.problems.iter().map(|one| format!("{} {}", one.code, one.message));
    (draft.items.iter().map(texts).collect(), problems.collect())
}

#[test]
fn order_item_is_one_of_all_rows() {
    let all = |prices: &[&'static str]| merged(prices, OverRows::Equal);
    let (items, problems) = all(&["5.00", "", "5.0"]);
    assert_eq!(items, ["line 2", "line 3", "line 4", "Shipping 5.00"]);
    assert_eq!(problems, [""; 0]);
    let (items, problems) = all(&["", "4.00"]);
    assert_eq!((items.len(), items[2].as_str(), problems.len()), (3, "Shipping 4.00", 0));
    assert_eq!(all(&["", ""]).0, ["line 2", "line 3"]);
}

#[test]
fn rows_agree_in_an_order_item() {
    let (items, problems) = merged(&["5.00", "6.00", "7.00"], OverRows::Equal);
    assert_eq!(items.len(), 4);
    assert_eq!(problems, ["rows_disagree \"6.00\" here, but \"5.00\" in line 2"]);
    let (items, problems) = merged(&["5.00", "6.00"], OverRows::Last);
    assert_eq!(items[2], "Shipping 6.00");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let (items, problems) = merged(&["5.00", "", "6.00"], OverRows::Sum { n_rows: 1 });
    assert_eq!((items[3].as_str(), problems.len()), ("Shipping 11.00", 0));
}
