//! Deduplication of drafts by order key: the same order in a second file, below a second header of
//! one file, or in a second document.
//!
//! A duplicate with equal content counts once and adds a warning; different content makes every
//! draft of that key invalid. Rows are never deduplicated by content, since equal rows of one
//! order are often legitimate. Called by `shuffle` with all drafts of some keys.

use std::collections::HashMap;

use super::{
    canonical::{ItemValues, item_values, order_values, refunded_values},
    copies,
    difference::difference,
    headers::RepeatedHeaders,
};
use crate::model::{
    draft::{Cell, Draft},
    field::{Field, FieldGroup},
    origin::InputNames,
    problem::{Code, Problem},
};

/// Returns the drafts without duplicates.
#[must_use]
pub(super) fn deduplicate<'a>(
    mut drafts: Vec<Draft<'a>>,
    headers: &RepeatedHeaders,
    names: &InputNames,
) -> Vec<Draft<'a>> {
    let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.key.is_empty()) {
        by_key.entry(&draft.key).or_default().push(index);
    }
    // Input order: a hash map iterates in random order.
    let mut repeated: Vec<Vec<usize>> =
        by_key.into_values().filter(|indices| indices.len() > 1).collect();
    repeated.sort_unstable();
    let mut is_duplicate = vec![false; drafts.len()];
    for indices in repeated {
        resolve(&mut drafts, &indices, (headers, names), &mut is_duplicate);
    }
    let mut duplicate_flags = is_duplicate.into_iter();
    drafts.retain(|_| !duplicate_flags.next().unwrap_or(false));
    drafts
}

fn resolve(
    drafts: &mut [Draft<'_>],
    indices: &[usize],
    (headers, names): (&RepeatedHeaders, &InputNames),
    is_duplicate: &mut [bool],
) {
    let mut distinct = Vec::new();
    let mut first_by_content: HashMap<DraftContent, usize> = HashMap::new();
    for index in copies::newest(drafts, indices, names, is_duplicate) {
        // The true content of a draft with errors is not known, so it is never a duplicate.
        let is_valid = !drafts[index].problems.iter().any(Problem::is_error);
        let original = if is_valid {
            *first_by_content.entry(content(&drafts[index])).or_insert(index)
        } else {
            index
        };
        if original == index {
            distinct.push(index);
        } else {
            is_duplicate[index] = true;
            let message = "the order appears here again with equal content; it counts once";
            let row = drafts[index].first_row().clone();
            let problem = Problem::for_row(Code::DuplicateOrder, row, message);
            drafts[original].problems.push(problem);
        }
    }
    if let [first, second, ..] = distinct[..] {
        for &index in &distinct {
            let other = if index == first { second } else { first };
            let (here, there) = (drafts[index].position(), drafts[other].position());
            let code = if headers.separate(here, there) {
                Code::OrderRepeated
            } else {
                Code::OrderInTwoFiles
            };
            let (draft, copy) = (&drafts[index], &drafts[other]);
            let problem = difference(code, (draft, copy), is_compared(draft), names);
            drafts[index].problems.push(problem);
        }
    }
}

/// What makes two drafts equal: the order's own attributes, its items in any order, and who
/// ordered it.
#[derive(PartialEq, Eq, Hash)]
struct DraftContent {
    order: Vec<(Field, String)>,
    items: Vec<ItemValues>,
    refunds: Vec<String>,
    is_skipped: bool,
}

fn content(draft: &Draft<'_>) -> DraftContent {
    let mut items: Vec<_> = draft.items.iter().map(|item| item_values(item, draft)).collect();
    items.sort_unstable();
    DraftContent {
        order: order_values(draft, is_compared(draft)),
        items,
        refunds: refunded_values(draft),
        is_skipped: draft.skip.is_some(),
    }
}

/// Which cells of a draft are compared: the attributes of the order, and who ordered it.
fn is_compared(draft: &Draft<'_>) -> impl Fn(&Cell<'_>) -> bool + use<> {
    let has_identifier = draft.cells.iter().any(|cell| matches!(*cell.field, Field::Identifier(_)));
    move |cell| match *cell.field {
        Field::Identifier(_) => true,
        Field::GuestEmail => !has_identifier,
        ref field => field.group() == FieldGroup::Order,
    }
}
