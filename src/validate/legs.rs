//! Order of the items of a journey: "outbound, then return".
//!
//! Only a route that carries details sends the items in an order. Called by `order`.

use super::findings::{Findings, item_cell};
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    problem::Code,
};

/// Returns the item indexes (from 0, in the export's order) in sending order: by leg, and within a
/// leg as in the export.
pub(super) fn order_by_leg(draft: &Draft<'_>, findings: &mut Findings) -> Vec<usize> {
    // An item without a leg takes the leg of the item before it, so that a seat follows its
    // flight. Items before the first leg come first.
    let mut last_leg = 0;
    let mut legs = Vec::with_capacity(draft.items.len());
    for item in &draft.items {
        last_leg = item_cell(item, &Field::ItemLeg)
            .and_then(|cell| leg(cell, findings))
            .unwrap_or(last_leg);
        legs.push(last_leg);
    }
    let mut indices: Vec<usize> = (0..legs.len()).collect();
    indices.sort_by_key(|index| legs[*index]);
    indices
}

/// Parses a leg: `outbound` is 1 and `return` is 2; a longer journey numbers its legs.
fn leg(cell: &Cell<'_>, findings: &mut Findings) -> Option<u64> {
    let number = match &*cell.text {
        "outbound" => Some(1),
        "return" => Some(2),
        text => text.parse().ok(),
    };
    if number.is_none() {
        let message =
            format!("invalid leg {:?}; expected outbound, return or a whole number", cell.text);
        findings.on_cell(Code::UnknownLeg, cell, message);
    }
    number
}
