//! A reference that two orders of one run have: the tenant could not tell them apart, so neither is sent. Likewise an order
//! that stands there twice, with its reference spelt in two ways.

use std::{borrow::Cow, collections::HashMap};

use super::ValidateSettings;
use crate::model::{
    order::{OrderRecord, SAME_ORDER_WINDOW},
    planned::DedupHash,
    problem::{Code, Problem},
    reference::normalize_reference,
};

/// An order that shares its reference with others.
#[derive(Debug, Clone, Copy)]
pub struct SharedReference<'a> {
    /// The order.
    pub record: &'a OrderRecord,
    /// Its guest, time, items and amounts, if it passed every other check.
    pub dedup_hash: Option<DedupHash>,
}

/// What is wrong with each of the orders of one reference, none of them skipped, in the order of the input: nothing, or
/// the first one that it clashes with. Two or more days apart they may be sent where the settings say so. An order that
/// is invalid already counts as the other half of a valid one, and needs no second reason.
#[must_use]
pub fn find_conflicts(orders: &[SharedReference<'_>], settings: &ValidateSettings) -> Vec<Option<Problem>> {
    let is_conflict = |one: &OrderRecord, other: &OrderRecord| {
        let distance = one.ordered_at.zip(other.ordered_at).map(|(one, other)| (one - other).abs());
        one.id != other.id
            && (!settings.sends_reused_references || distance.is_none_or(|distance| distance < SAME_ORDER_WINDOW))
    };
    let problem = |order: &SharedReference<'_>| {
        let other = orders
            .iter()
            .find(|other| is_conflict(order.record, other.record))
            .filter(|_| order.dedup_hash.is_some())?;
        let message =
            "another order of this run has the same reference; its profile's key tells them apart, the tenant cannot";
        Some(Problem::for_order(Code::ReferenceReused, other.record.source, message))
    };
    orders.iter().map(problem).collect()
}

/// Of one order the first spelling of its reference, and the first other one.
type Spellings<'a> = (&'a OrderRecord, Option<&'a OrderRecord>);

/// What is wrong with each of some orders in the order of the input: nothing, or the first other one with the same likeness
/// whose reference differs only as a spreadsheet would spell it.
#[must_use]
pub fn find_duplicates(orders: &[SharedReference<'_>]) -> Vec<Option<Problem>> {
    let mut spellings: HashMap<_, Spellings<'_>> = HashMap::new();
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
            "{:?} here and {:?} there, with the same guest, time and amounts: one order, its reference spelt in two ways",
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
            let records: Vec<_> = (0..).zip(orders).map(|(id, (reference, _))| record(id, reference)).collect();
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
        assert_eq!(found(&[("001", Some(1)), ("1.0", Some(1)), ("1", Some(1))]), [Some(1), Some(0), Some(0)]);
        assert_eq!(found(&[("001", Some(1)), ("1", Some(2))]), [None, None], "other content");
        assert_eq!(found(&[("001", Some(1)), ("2", Some(1))]), [None, None], "another reference");
        assert_eq!(found(&[("1", Some(1)), ("1", Some(1))]), [None, None], "the same reference is another problem");
        assert_eq!(found(&[("1", None), ("01", Some(1))]), [None, None], "what an invalid order holds is not known");
    }
}
