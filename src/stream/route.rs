//! Choice of the routes that an order may take, by the mode and its item types.
//!
//! Does not check the order: `validate` does, by the rules of the route, and `size` says whether
//! its events fit. Called by `pipeline` for each draft.

use super::rules::{MULTI, SINGLE};
use crate::model::{
    draft::{Draft, ItemDraft},
    field::Field,
    route::Mode,
    rules::TargetRules,
};

/// The routes that an order may take.
#[derive(Debug, Clone, Copy)]
pub struct RouteChoice {
    /// The rules of the route to try first.
    pub first: &'static TargetRules,
    /// Those of the route to try if the order is too large for the first one.
    pub next: Option<&'static TargetRules>,
}

/// Returns the routes that the mode and the item types of an order allow.
#[must_use]
pub fn routes(draft: &Draft<'_>, mode: Mode) -> RouteChoice {
    match mode {
        Mode::Single => RouteChoice { first: &SINGLE, next: None },
        Mode::Multi => RouteChoice { first: &MULTI, next: None },
        Mode::Auto if draft.items.iter().any(needs_multi) => {
            RouteChoice { first: &MULTI, next: None }
        }
        Mode::Auto => RouteChoice { first: &SINGLE, next: Some(&MULTI) },
    }
}

/// Returns the rules of all routes that some order may take in a mode.
#[must_use]
pub fn routes_of(mode: Mode) -> Vec<&'static TargetRules> {
    match mode {
        Mode::Single => vec![&SINGLE],
        Mode::Multi => vec![&MULTI],
        Mode::Auto => vec![&SINGLE, &MULTI],
    }
}

/// Returns the rules of the single event, unless the mode rules it out for all orders.
#[must_use]
pub fn single_route(mode: Mode) -> Option<&'static TargetRules> {
    match mode {
        Mode::Single | Mode::Auto => Some(&SINGLE),
        Mode::Multi => None,
    }
}

fn needs_multi(item: &ItemDraft<'_>) -> bool {
    let item_type = item.cell(&Field::ItemType).filter(|cell| !cell.is_unparsable);
    item_type.is_some_and(|cell| SINGLE.items.barred_types.contains_ignoring_case(&cell.text))
}
