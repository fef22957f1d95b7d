//! Repeated content: finds orders of one export with the same guest, time, items and amounts under
//! unrelated references.
//!
//! They may be two orders, or one order that the export holds twice, so they are reported and still
//! sent. Orders of earlier runs are compared in `history`. Orders are added by `triage` and sorted
//! by dedup hash in `sink`.

use std::io;

use serde::{Deserialize, Serialize};

use super::memory::MemoryBudget;
use crate::{
    model::{
        order::OrderRecord,
        origin::{InputNames, Position},
        problem::{Code, Problem},
    },
    spill::{batch::Batch, groups::Groups, sorter::Sorter},
    storage::RunFolder,
};

/// Dedup hash and id of an order.
pub(super) type ContentKey = (u64, u64);

/// Maximum orders that are listed one by one; the others are counted.
const MAX_LISTED: usize = 100;

/// Position and reference of an order, by which a message names it.
#[derive(Serialize, Deserialize)]
struct OrderRef<'a> {
    at: Position,
    reference: &'a str,
}

/// Adds an order that may be sent, keyed by its dedup hash and then by its position in the input.
pub(super) fn add(dedup_hash: u64, record: &OrderRecord, into: &mut Batch<ContentKey>) {
    let order = OrderRef { at: record.source, reference: &record.reference };
    let written = into.push_with((dedup_hash, record.id.0), |payload| {
        *payload = postcard::to_extend(&order, std::mem::take(payload)).map_err(io::Error::other)?;
        Ok(())
    });
    written.expect("a position and a text always serialize, and a Vec accepts all bytes");
}

/// Sorts all orders that may be sent by their dedup hash.
pub(super) struct RepeatedContentSorter(Sorter<ContentKey>);

/// Orders with the content of an earlier order of the input.
#[derive(Default)]
pub(super) struct RepeatedContent {
    pub(super) listed: Vec<Problem>,
    pub(super) n_omitted: u64,
}

impl RepeatedContentSorter {
    pub(super) fn new(folder: &RunFolder, memory: MemoryBudget) -> Self {
        Self(Sorter::new(folder.path(), ".alike", memory.repeated_content))
    }

    pub(super) fn push_all(&self, orders: &mut Batch<ContentKey>) -> io::Result<()> {
        self.0.push_all(orders)
    }

    /// Finds the orders with the dedup hash of an earlier one. `names` are the inputs' names by
    /// `FileId`.
    pub(super) fn find(self, names: &InputNames) -> io::Result<RepeatedContent> {
        let (mut groups, mut repeated) = (Groups::new(self.0.sorted()?), RepeatedContent::default());
        let mut first = Vec::new();
        while let Some(mut group) = groups.next()? {
            first.clear();
            if let Some((_, order)) = group.next()? {
                first.extend_from_slice(order);
            }
            while let Some((_, order)) = group.next()? {
                if repeated.listed.len() == MAX_LISTED {
                    repeated.n_omitted += 1;
                } else {
                    repeated.listed.push(problem(&decode_order(order)?, &decode_order(&first)?, names));
                }
            }
        }
        Ok(repeated)
    }
}

fn decode_order(order: &[u8]) -> io::Result<OrderRef<'_>> {
    postcard::from_bytes(order).map_err(io::Error::other)
}

fn problem(order: &OrderRef<'_>, first: &OrderRef<'_>, names: &InputNames) -> Problem {
    let message = format!(
        "{:?} here and {:?} at {}, with the same guest, time, items and amounts",
        order.reference,
        first.reference,
        names.locate(first.at)
    );
    Problem::for_order(Code::ContentRepeated, order.at, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        model::{
            guest::{Guest, Identifier},
            money::Amount,
            order::{CommonAttributes, Extension, Item, Order},
            route::Route,
        },
        stream::content_hash::{dedup_hash, dedup_hash_in_export},
    };

    fn amounts() -> impl Strategy<Value = Option<Amount>> {
        let amount = proptest::sample::select(vec!["1", "1.0", "1.00", "10", "0", "-1", "0.0"]);
        proptest::option::of(amount.prop_map(|amount| amount.parse().unwrap()))
    }

    /// Few values, so that many orders have the same content.
    fn orders() -> impl Strategy<Value = Order<'static>> {
        let text = || proptest::sample::select(vec!["", "a", "b", "ab"]);
        let item = (text(), proptest::option::of(text()), amounts(), amounts());
        let items = proptest::collection::vec(item, 0..3);
        (text(), text(), 0..2_i64, amounts(), text(), items).prop_map(|(reference, id, time, price, status, items)| {
            let item = |(name, product_id, quantity, price): (&'static str, Option<&'static str>, _, _)| Item {
                name: Some(name.into()),
                product_id: product_id.map(Into::into),
                quantity,
                price,
                ..Item::default()
            };
            let identifiers = vec![Identifier { provider: "email".into(), id: id.into() }];
            Order {
                reference: reference.into(),
                ordered_at: chrono::DateTime::from_timestamp_millis(time).unwrap(),
                status: status.into(),
                price: price.unwrap_or("5".parse().unwrap()),
                items: items.into_iter().map(item).collect(),
                guest: Guest { identifiers, ..Guest::default() },
                currency: "EUR".parse().unwrap(),
                payment_type: "Card".into(),
                card_type: None,
                extension: Extension::default(),
                common: CommonAttributes {
                    channel: "WEB".into(),
                    language: "EN".into(),
                    currency: "EUR".parse().unwrap(),
                    page: "checkout".into(),
                    pos: "shop".into(),
                },
                route: Route::Single,
                contacts: Vec::new(),
                consumers: Vec::new(),
            }
        })
    }

    /// The same order with its items in another order and each amount with more zeros.
    fn respelled(order: &Order<'static>) -> Order<'static> {
        let with_zeros = |amount: Amount| {
            let mut amount = amount.0;
            amount.rescale(amount.scale() + 2);
            Amount(amount)
        };
        let mut other = order.clone();
        other.price = with_zeros(order.price);
        other.items.reverse();
        for item in &mut other.items {
            item.price = item.price.map(with_zeros);
            item.quantity = item.quantity.map(with_zeros);
        }
        Order { reference: "other".into(), status: "other".into(), ..other }
    }

    proptest! {
        #[test]
        fn both_dedup_hashes_are_equivalent(one in orders(), other in orders()) {
            let is_equal = dedup_hash(&one) == dedup_hash(&other);
            prop_assert_eq!(dedup_hash_in_export(&one) == dedup_hash_in_export(&other), is_equal);
            let same = respelled(&one);
            prop_assert_eq!(dedup_hash(&one), dedup_hash(&same));
            prop_assert_eq!(dedup_hash_in_export(&one), dedup_hash_in_export(&same));
        }
    }
}
