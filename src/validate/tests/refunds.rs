//! Tests of refunds that are taken off their order.

use super::*;
use crate::model::draft::{RefundId, RefundRecord};

/// The valid order of two pieces for 20.00, of which two pieces were refunded for each price.
pub(super) fn with_refunds(prices: &[&str]) -> Draft<'static> {
    with_refunded(prices.iter().map(|price| [(Field::ItemPrice, *price)]))
}

fn with_refunded<'t, const N: usize>(
    refunds: impl Iterator<Item = [Change<'t>; N]>,
) -> Draft<'static> {
    let mut draft = order(&[]);
    for changes in refunds {
        let changes = changes.map(|(field, text)| (field, &*text.to_owned().leak()));
        let [item] = <[_; 1]>::try_from(order(&changes).items).unwrap();
        draft.items.push(ItemDraft { is_refund: true, ..item });
    }
    draft
}

/// The valid order, and a refund with an id of its own that is in two lines.
pub(super) fn with_record_twice(id: &'static str) -> Draft<'static> {
    let record = |line| RefundRecord {
        id: RefundId::Own(id.into()),
        at: Position { file: FileId(0), line, column: None },
        counts_once: true,
        names_itself: false,
    };
    Draft { refund_records: vec![record(7), record(8)], ..order(&[]) }
}

/// An order of which an amount was refunded.
pub(super) fn with_refunded_amount(draft: Draft<'static>, amount: &str) -> Draft<'static> {
    let refunds = cells(&[(Field::Price, amount)], LINE).into_iter().collect();
    Draft { refunds, ..draft }
}

#[test]
fn refund_is_taken_off_whatever_its_sign() {
    for (price, quantity) in [("3.50", "1"), ("-3.50", "1"), ("3.50", "-1"), ("-3.50", "-1")] {
        let changes = [(Field::ItemPrice, price), (Field::ItemQuantity, quantity)];
        let draft = with_refunded(std::iter::once(changes));
        let order = valid(draft, &sum_of_lines());
        let refunded = &order.items[1];
        let sent = (refunded.price.unwrap().to_string(), refunded.quantity.unwrap().to_string());
        assert_eq!(sent, ("-3.50".to_owned(), "1".to_owned()), "{price} x {quantity}");
        assert_eq!(order.price.to_string(), "16.50");
    }
}

#[test]
fn order_that_is_refunded_in_full_is_skipped() {
    let skipped = checked(with_refunds(&["10.00"]), &sum_of_lines());
    let Validity::Skipped(reason) = skipped.validity else { panic!("{skipped:?}") };
    assert_eq!(&*reason, "refunded in full");
    // A sale and its refund are no repeated rows.
    assert!(skipped.record.problems.is_empty(), "{:?}", skipped.record.problems);
    // A row that cannot be read may be another line of it.
    let mut partial = with_refunds(&["10.00"]);
    let at = partial.position();
    partial.problems.push(Problem::for_order(Code::RowUnreadable, at, "bad"));
    assert!(matches!(checked(partial, &sum_of_lines()).validity, Validity::Invalid));
}
