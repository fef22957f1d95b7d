//! Reference conflicts between orders of one run: two orders with the same reference, or one order
//! under two spellings of its reference.
//!
//! The tenant cannot distinguish such orders, so none of them is sent. Earlier runs are not
//! compared here. Called by `pending` with the orders that may conflict.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::deferred::DeferredOrder;
use crate::model::{
    order::{OrderRecord, SAME_ORDER_WINDOW},
    planned::DedupHash,
    problem::{Code, Problem},
    reference::normalize_reference,
};

/// An order that shares its reference with others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedReference<'a> {
    /// The record of the order.
    pub(crate) record: &'a OrderRecord,
    /// The hash of its guest, time, items and amounts; none if it failed another check.
    pub(crate) dedup_hash: Option<DedupHash>,
}

impl<'a> From<&'a DeferredOrder> for SharedReference<'a> {
    fn from(order: &'a DeferredOrder) -> Self {
        Self { record: &order.record, dedup_hash: order.dedup_hash() }
    }
}

/// Makes those orders invalid that conflict with another one. They are in the order of the input,
/// and their references are equal, or equal except for their spelling.
pub(super) fn mark_conflicts(orders: &mut [DeferredOrder], sends_reused_references: bool) {
    let problems = find_duplicates(&orders.iter().map(SharedReference::from).collect::<Vec<_>>());
    orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add_problem(problem));
    let mut by_reference: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, order) in orders.iter().enumerate() {
        // Orders without a reference share none, and an order that a rule skips is not sent, so
        // that it conflicts with no other.
        if !order.record.reference.is_empty() && !order.is_skipped() {
            by_reference.entry(order.record.reference.clone()).or_default().push(index);
        }
    }
    for sharing in by_reference.into_values() {
        let orders_of_reference: Vec<_> =
            sharing.iter().map(|index| SharedReference::from(&orders[*index])).collect();
        let problems = find_conflicts(&orders_of_reference, sends_reused_references);
        sharing
            .into_iter()
            .zip(problems)
            .for_each(|(index, problem)| orders[index].add_problem(problem));
    }
}

/// Returns for each order of one reference the conflict with the first other order, if there is
/// one. The orders are in input order and none is skipped.
///
/// Orders two or more days apart do not conflict if `sends_reused_references` is set. An invalid
/// order may be the other half of a valid one, so it conflicts too, but gets no second problem
/// itself.
pub(crate) fn find_conflicts(
    orders: &[SharedReference<'_>],
    sends_reused_references: bool,
) -> Vec<Option<Problem>> {
    let is_conflict = |one: &OrderRecord, other: &OrderRecord| {
        let distance = one.ordered_at.zip(other.ordered_at).map(|(one, other)| (one - other).abs());
        one.id != other.id
            && (!sends_reused_references
                || distance.is_none_or(|distance| distance < SAME_ORDER_WINDOW))
    };
    let problem = |order: &SharedReference<'_>| {
        let other = orders
            .iter()
            .find(|other| is_conflict(order.record, other.record))
            .filter(|_| order.dedup_hash.is_some())?;
        let message = "another order of this run has the same reference; the order key \
            distinguishes them, the tenant cannot";
        Some(Problem::for_order(Code::ReferenceReused, other.record.source, message))
    };
    orders.iter().map(problem).collect()
}

/// The first spelling of an order's reference, and the first different one.
type Spellings<'a> = (&'a OrderRecord, Option<&'a OrderRecord>);

/// Returns for each order, in input order, the duplicate with the same hash whose reference
/// differs only as a spreadsheet would change it, if there is one.
fn find_duplicates(orders: &[SharedReference<'_>]) -> Vec<Option<Problem>> {
    let mut spellings: HashMap<_, Spellings<'_>> = HashMap::new();
    // A spreadsheet turns `000001001` into `1001` or `1001.0`, so one order would be accepted
    // several times.
    for order in orders {
        let Some(key) = spelling_key(order) else { continue };
        let (first, other) = spellings.entry(key).or_insert((order.record, None));
        if first.reference != order.record.reference {
            other.get_or_insert(order.record);
        }
    }
    let problem = |order: &SharedReference<'_>| {
        let (first, other) = spellings.get(&spelling_key(order)?)?;
        let other = if first.reference == order.record.reference { (*other)? } else { first };
        let message = format!(
            "{:?} here and {:?} there, with the same guest, time and amounts: one order, its \
             reference spelt in two ways",
            order.record.reference, other.reference
        );
        Some(Problem::for_order(Code::DuplicateContent, other.source, message))
    };
    orders.iter().map(problem).collect()
}

fn spelling_key<'a>(order: &SharedReference<'a>) -> Option<(Cow<'a, str>, DedupHash)> {
    Some((normalize_reference(&order.record.reference), order.dedup_hash?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::OrderId,
        origin::{FileId, Position},
    };

    #[test]
    fn duplicates_differ_only_in_reference_spelling() {
        let record = |id: u64, reference: &str| OrderRecord {
            id: OrderId(id),
            reference: reference.to_owned(),
            ordered_at: None,
            source: Position { file: FileId(0), line: id, column: None },
            money: None,
            item_count: 1,
            rows: Vec::new(),
            problems: Vec::new().into(),
        };
        let found = |orders: &[(&str, Option<u8>)]| {
            let records: Vec<_> =
                (0..).zip(orders).map(|(id, (reference, _))| record(id, reference)).collect();
            let like = |content: u8| DedupHash([content; 16]);
            let orders: Vec<_> = records
                .iter()
                .zip(orders)
                .map(|(record, order)| SharedReference { record, dedup_hash: order.1.map(like) })
                .collect();
            let lines: Vec<_> = find_duplicates(&orders)
                .iter()
                .map(|problem| problem.as_ref().map(|problem| problem.at.line))
                .collect();
            lines
        };
        assert_eq!(
            found(&[("001", Some(1)), ("1.0", Some(1)), ("1", Some(1))]),
            [Some(1), Some(0), Some(0)]
        );
        assert_eq!(found(&[("001", Some(1)), ("1", Some(2))]), [None, None], "other content");
        assert_eq!(found(&[("001", Some(1)), ("2", Some(1))]), [None, None], "another reference");
        assert_eq!(
            found(&[("1", Some(1)), ("1", Some(1))]),
            [None, None],
            "the same reference is another problem"
        );
        assert_eq!(
            found(&[("1", None), ("01", Some(1))]),
            [None, None],
            "the content of an invalid order is not known"
        );
    }
}
