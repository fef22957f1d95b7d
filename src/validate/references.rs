//! A reference that two orders of one run have: the tenant could not tell them apart, so neither is sent.

use super::Settings;
use crate::model::{
    order::{ONE_ORDER, OrderRecord},
    problem::{Code, Problem},
};

/// An order that shares its reference with others.
#[derive(Debug, Clone, Copy)]
pub struct Clash<'a> {
    /// The order.
    pub record: &'a OrderRecord,
    /// It passed every other check.
    pub is_valid: bool,
}

/// What is wrong with each of the orders of one reference, none of them skipped, in the order of the input: nothing, or
/// the first one that it clashes with. Two or more days apart they may be sent where the settings say so. An order that
/// is invalid already counts as the other half of a valid one, and needs no second reason.
#[must_use]
pub fn clashes(orders: &[Clash<'_>], settings: &Settings) -> Vec<Option<Problem>> {
    let is_clash = |one: &OrderRecord, other: &OrderRecord| {
        let distance = one.ordered_at.zip(other.ordered_at).map(|(one, other)| (one - other).abs());
        one.id != other.id
            && (!settings.sends_reused_references || distance.is_none_or(|distance| distance < ONE_ORDER))
    };
    let problem = |order: &Clash<'_>| {
        let other = orders.iter().find(|other| is_clash(order.record, other.record)).filter(|_| order.is_valid)?;
        let words =
            "another order of this run has the same reference; its profile's key tells them apart, the tenant cannot";
        Some(Problem::of_order(Code::ReferenceReused, other.record.source, words))
    };
    orders.iter().map(problem).collect()
}
