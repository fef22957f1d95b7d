//! Reference conflicts between orders of one run: two orders with the same reference, or one order
//! under two spellings of its reference.
//!
//! The tenant cannot distinguish such orders, so none of them is sent. Earlier runs are not
//! compared here. Called by `pending` with the orders that may conflict.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

use super::undecided::UndecidedOrder;
use crate::model::{
    id_text::{composed, visible},
    order::{OrderRecord, SAME_ORDER_WINDOW},
    planned::DedupHash,
    problem::{Code, Problem, line_beside},
    reference::{normalize_reference, without_float_parts},
};

/// An order that shares its reference with others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SharedReference<'a> {
    /// The record of the order.
    pub(crate) record: &'a OrderRecord,
    /// The hash of its guest, time, items and amounts; none if it failed another check.
    pub(crate) dedup_hash: Option<DedupHash>,
}

impl<'a> From<&'a UndecidedOrder> for SharedReference<'a> {
    fn from(order: &'a UndecidedOrder) -> Self {
        Self { record: &order.record, dedup_hash: order.dedup_hash() }
    }
}

/// Makes those orders invalid that conflict with another one. They are in the order of the input,
/// and their references are equal, or equal except for their spelling.
pub(super) fn mark_conflicts(orders: &mut [UndecidedOrder], sends_reused_references: bool) {
    let problems = find_duplicates(&orders.iter().map(SharedReference::from).collect::<Vec<_>>());
    orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add_problem(problem));
    let problems = find_misspelt(orders);
    orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add_problem(problem));
    let problems = find_respelt_refunds(orders);
    orders.iter_mut().zip(problems).for_each(|(order, problem)| order.add_problem(problem));
    let problems = find_respelt_parents(orders);
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
        let (at, beside) = (order.record.source, other.record.source);
        let message = format!(
            "the order in {} has the same reference; the order key distinguishes them, the tenant \
             cannot",
            line_beside(beside, at)
        );
        Some(Problem::for_order(Code::ReferenceReused, at, message).beside(beside))
    };
    orders.iter().map(problem).collect()
}

/// The first spelling of an order's reference, and the first different one.
type Spellings<'a> = (&'a OrderRecord, Option<&'a OrderRecord>);

/// Adds the reference of an order to those with the same key.
fn add_spelling<'a, K: Eq + Hash>(
    spellings: &mut HashMap<K, Spellings<'a>>,
    key: K,
    record: &'a OrderRecord,
) {
    let (first, other) = spellings.entry(key).or_insert((record, None));
    if first.reference != record.reference {
        other.get_or_insert(record);
    }
}

/// Returns an order with another spelling of this reference.
fn other_spelling<'a>((first, other): &Spellings<'a>, reference: &str) -> Option<&'a OrderRecord> {
    if first.reference == reference { *other } else { Some(first) }
}

/// Returns for each order, in input order, the duplicate with the same hash whose reference
/// differs only as a spreadsheet would change it, if there is one.
fn find_duplicates(orders: &[SharedReference<'_>]) -> Vec<Option<Problem>> {
    let mut spellings: HashMap<_, Spellings<'_>> = HashMap::new();
    // A spreadsheet turns `000001001` into `1001` or `1001.0`, so one order would be accepted
    // several times.
    for order in orders {
        let Some(key) = spelling_key(order) else { continue };
        add_spelling(&mut spellings, key, order.record);
    }
    let problem = |order: &SharedReference<'_>| {
        let spellings = spellings.get(&spelling_key(order)?)?;
        let other = other_spelling(spellings, &order.record.reference)?;
        let (at, beside) = (order.record.source, other.source);
        let message = format!(
            "{:?} here and {:?} in {}, with the same guest, time and amounts: one order, its \
             reference spelt in two ways",
            order.record.reference,
            other.reference,
            line_beside(beside, at)
        );
        Some(Problem::for_order(Code::DuplicateContent, at, message).beside(beside))
    };
    orders.iter().map(problem).collect()
}

/// Returns for each valid order another one whose reference differs only in invisible characters,
/// in how its letters are composed or in a `.0`, if there is one: they may be parts of one order,
/// as may refunds be. Skipped orders are not compared.
fn find_misspelt(orders: &[UndecidedOrder]) -> Vec<Option<Problem>> {
    let mut spellings: HashMap<_, Spellings<'_>> = HashMap::new();
    for UndecidedOrder { record, .. } in
        orders.iter().filter(|order| !order.is_skipped() || order.may_be_a_part())
    {
        add_spelling(&mut spellings, plain_reference(&record.reference), record);
    }
    let problem = |order: &UndecidedOrder| {
        order.may_be_a_part().then_some(())?;
        let record = &order.record;
        let reference = &record.reference;
        let other = other_spelling(spellings.get(&plain_reference(reference))?, reference)?;
        let shown = |reference| composed(visible(reference));
        let code = if shown(reference) == shown(&other.reference) {
            Code::InvisibleCharacters
        } else {
            Code::SpreadsheetNumber
        };
        let message = format!(
            "{reference:?} here and {:?} in {}: one of them is what a spreadsheet or a copied \
             cell made of the other, and the order may be split between them",
            other.reference,
            line_beside(other.source, record.source)
        );
        Some(Problem::for_order(code, record.source, message).beside(other.source))
    };
    orders.iter().map(problem).collect()
}

/// Returns for refunds without their order one of which the reference is the same but for its
/// spelling, and for that order the refunds, if there are such: it may be theirs.
fn find_respelt_refunds(orders: &[UndecidedOrder]) -> Vec<Option<Problem>> {
    if !orders.iter().any(UndecidedOrder::is_refunds) {
        return Vec::new();
    }
    let may_be_one = |order: &UndecidedOrder, other: &UndecidedOrder| {
        order.may_be_a_part()
            && other.may_be_a_part()
            && other.is_refunds() != order.is_refunds()
            && other.record.reference != order.record.reference
    };
    find_respelt(orders, Code::RefundMisspelt, may_be_one, |order, other_reference, line| {
        let reference = &order.record.reference;
        if order.is_refunds() {
            format!(
                "the refund is of {reference:?}, and the order in {line} is {other_reference:?}: \
                 they differ in their spelling only, so that the refund may be one of that order"
            )
        } else {
            format!(
                "the order is {reference:?}, and the refund in {line} is of {other_reference:?}: \
                 they differ in their spelling only, so that the refund may be one of this order"
            )
        }
    })
}

/// Returns for orders documents of an order that the export lacks, whose reference is the same but
/// for its spelling, if there are such: they may be parts of this one.
fn find_respelt_parents(orders: &[UndecidedOrder]) -> Vec<Option<Problem>> {
    if !orders.iter().any(UndecidedOrder::lacks_parent) {
        return Vec::new();
    }
    let may_be_one = |order: &UndecidedOrder, other: &UndecidedOrder| {
        order.order.is_ok() && other.lacks_parent()
    };
    find_respelt(orders, Code::ParentMissing, may_be_one, |order, other_reference, line| {
        format!(
            "the order is {:?}, and the document in {line} belongs to {other_reference:?}: they \
             differ in their spelling only, so that the document may be a part of this order",
            order.record.reference
        )
    })
}

/// Returns for each order the problem of another one whose reference differs in its spelling only,
/// of those that may be one with it. `message` is given the reference and the line of that one.
fn find_respelt(
    orders: &[UndecidedOrder],
    code: Code,
    may_be_one: impl Fn(&UndecidedOrder, &UndecidedOrder) -> bool,
    message: impl Fn(&UndecidedOrder, &str, &str) -> String,
) -> Vec<Option<Problem>> {
    let problem = |order: &UndecidedOrder| {
        let reference = normalize_reference(&order.record.reference);
        let is_respelt = |other: &&UndecidedOrder| {
            may_be_one(order, other) && normalize_reference(&other.record.reference) == reference
        };
        let other = &orders.iter().find(is_respelt)?.record;
        let at = order.record.source;
        let message = message(order, &other.reference, &line_beside(other.source, at));
        Some(Problem::for_order(code, at, message).beside(other.source))
    };
    orders.iter().map(problem).collect()
}

/// The reference without invisible characters, with composed letters and without the `.0` of a
/// spreadsheet.
fn plain_reference(reference: &str) -> String {
    without_float_parts(&composed(visible(reference))).into_owned()
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
            side_rows: Vec::new(),
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
            let line_of_other = |problem: &Problem| {
                let (_, other) = problem.message.split_once(" in line ").unwrap();
                other.split(',').next().unwrap().parse().unwrap()
            };
            let problems = find_duplicates(&orders);
            let lines: Vec<Option<u64>> =
                problems.iter().map(|problem| problem.as_ref().map(line_of_other)).collect();
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
