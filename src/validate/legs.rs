//! The order in which the items of a journey are sent: "outbound, then return".

use super::findings::{Findings, item_cell};
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    problem::Code,
};

/// The items (from 0, as the export has them) in the order in which they are sent: by their legs, and within a leg as the
/// export has them. An item without a leg goes with the one before it, so that a seat follows its flight; before the
/// first leg it comes first.
pub(super) fn order_by_leg(draft: &Draft<'_>, findings: &mut Findings) -> Vec<usize> {
    let mut last_leg = 0;
    let mut legs = Vec::with_capacity(draft.items.len());
    for item in &draft.items {
        last_leg = item_cell(item, &Field::ItemLeg).and_then(|cell| leg(cell, findings)).unwrap_or(last_leg);
        legs.push(last_leg);
    }
    let mut indices: Vec<usize> = (0..legs.len()).collect();
    indices.sort_by_key(|index| legs[*index]);
    indices
}

/// `outbound` is 1 and `return` 2; a longer journey numbers its legs.
fn leg(cell: &Cell<'_>, findings: &mut Findings) -> Option<u64> {
    let number = match &*cell.text {
        "outbound" => Some(1),
        "return" => Some(2),
        text => text.parse().ok(),
    };
    if number.is_none() {
        let message = format!("{:?} is no leg, expected outbound, return or a whole number", cell.text);
        findings.on_cell(Code::UnknownLeg, cell, message);
    }
    number
}
