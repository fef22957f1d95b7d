//! The same order in a second file, or in a second document: a copy counts once, anything else makes all invalid.

use std::collections::HashMap;

use super::merge::comparable;
use crate::model::{
    draft::{Cell, Draft},
    field::{Field, Part},
    problem::{Code, Problem},
};

/// The drafts without copies of others.
pub(super) fn resolved(mut drafts: Vec<Draft>) -> Vec<Draft> {
    let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.key.is_empty()) {
        by_key.entry(&draft.key).or_default().push(index);
    }
    let mut repeated: Vec<Vec<usize>> = by_key.into_values().filter(|indices| indices.len() > 1).collect();
    repeated.sort_unstable();
    let mut is_copy = vec![false; drafts.len()];
    for indices in repeated {
        settle(&mut drafts, &indices, &mut is_copy);
    }
    let mut copies = is_copy.into_iter();
    drafts.retain(|_| !copies.next().unwrap_or(false));
    drafts
}

fn settle(drafts: &mut [Draft], indices: &[usize], is_copy: &mut [bool]) {
    let mut distinct: Vec<(usize, Content)> = Vec::new();
    for &index in indices {
        let content = content(&drafts[index]);
        let is_sound = |index: usize| !drafts[index].problems.iter().any(Problem::is_error);
        let mut known = distinct.iter().filter(|(known, _)| is_sound(*known) && is_sound(index));
        match known.find(|(_, known)| *known == content) {
            Some(&(original, _)) => {
                is_copy[index] = true;
                let words = "the order stands here again, with equal content; it counts once";
                let problem = Problem::of_order(Code::OrderCopied, drafts[index].position(), words);
                drafts[original].problems.push(problem);
            }
            None => distinct.push((index, content)),
        }
    }
    if distinct.len() > 1 {
        for (index, _) in &distinct {
            let other = distinct.iter().find(|(other, _)| other != index).map_or(*index, |(other, _)| *other);
            let words = "the order stands here too, with other content; it is not known which one counts";
            let problem = Problem::of_order(Code::OrderInTwoFiles, drafts[other].position(), words);
            drafts[*index].problems.push(problem);
        }
    }
}

/// What must be equal: the order itself, its items in any order, and who ordered it.
#[derive(PartialEq)]
struct Content {
    order: Vec<(Field, String)>,
    items: Vec<Vec<(Field, String)>>,
    is_skipped: bool,
}

fn content(draft: &Draft) -> Content {
    let has_identifier = draft.cells.iter().any(|cell| matches!(cell.field, Field::Identifier(_)));
    let counts = |cell: &&Cell| match cell.field {
        Field::Identifier(_) => true,
        Field::GuestEmail => !has_identifier,
        ref field => field.part() == Part::Order,
    };
    let mut items: Vec<_> = draft.items.iter().map(|item| values(item.cells.iter())).collect();
    items.sort_unstable();
    Content { order: values(draft.cells.iter().filter(counts)), items, is_skipped: draft.skip.is_some() }
}

fn values<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<(Field, String)> {
    let mut values: Vec<_> = cells.map(|cell| (cell.field.clone(), comparable(cell))).collect();
    values.sort_unstable();
    values
}
