//! A reference that two orders of one run have: the tenant could not tell them apart, so neither is sent.

use std::collections::HashMap;

use super::Settings;
use crate::model::{
    order::{Checked, ONE_ORDER, Verdict},
    problem::{Code, Problem},
};

/// Makes orders invalid whose reference another order of the run has. Two or more days apart they may be sent
/// where the settings say so.
pub(super) fn check(all: &mut [Checked], settings: &Settings) {
    let mut by_reference: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, checked) in all.iter().enumerate() {
        let is_left_out = matches!(checked.verdict, Verdict::Skipped(_)) || checked.record.reference.is_empty();
        if !is_left_out {
            by_reference.entry(&checked.record.reference).or_default().push(index);
        }
    }
    let shared = by_reference.into_values().filter(|indices| indices.len() > 1);
    let mut clashes: Vec<(usize, usize)> = shared.flat_map(|indices| clashes(&indices, all, settings)).collect();
    clashes.sort_unstable();
    // An order that is invalid already counts as the other half of a valid one, and needs no second reason.
    clashes.retain(|(index, _)| matches!(all[*index].verdict, Verdict::Valid(_)));
    for (index, other) in clashes {
        let at = all[other].record.source;
        let words =
            "another order of this run has the same reference; its profile's key tells them apart, the tenant cannot";
        all[index].record.problems.push(Problem::of_order(Code::ReferenceReused, at, words));
        all[index].verdict = Verdict::Invalid;
    }
}

/// Each order that clashes, with the first one that it clashes with.
fn clashes(indices: &[usize], all: &[Checked], settings: &Settings) -> Vec<(usize, usize)> {
    let is_clash = |one: usize, other: usize| {
        let distance =
            all[one].record.ordered_at.zip(all[other].record.ordered_at).map(|(one, other)| (one - other).abs());
        one != other && (!settings.sends_reused_references || distance.is_none_or(|distance| distance < ONE_ORDER))
    };
    let clash = |&one: &usize| indices.iter().find(|&&other| is_clash(one, other)).map(|other| (one, *other));
    indices.iter().filter_map(clash).collect()
}
