//! Warnings about what a route does not carry: the order's total, extensions, details.
//!
//! Does not check the values. Called by `order`.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::findings::Findings;
use crate::model::{
    draft::{Draft, PersonRole},
    field::Field,
    money::Amount,
    order::{Item, Order},
    problem::Code,
    rules::TargetRules,
};

/// Maximum number of attributes that a warning names; a longer list would not be read.
const MAX_LISTED_NAMES: usize = 10;

/// Warns if the items do not add up to the order's price, where the tenant adds them up itself.
pub(super) fn warn_total_differs(order: &Order<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    // A missing price or quantity is reported by `items`.
    let line = |item: &Item<'_>| {
        let price = item.product.as_deref().and_then(|product| product.unit_price)?;
        price.checked_mul(item.quantity?)
    };
    let sum = order
        .items
        .iter()
        .map(line)
        .try_fold(Amount(Decimal::ZERO), |sum, line| sum.checked_add(line?));
    let difference = sum.and_then(|sum| Some((sum, sum.0.checked_sub(order.price.0)?)));
    let Some((sum, difference)) =
        difference.filter(|(_, by)| !by.is_zero() && !order.items.is_empty())
    else {
        return;
    };
    let more = if difference.is_sign_negative() { "less" } else { "more" };
    let message = format!(
        "the tenant adds the items up to {sum}, which is {} {more} than the order's price of {}",
        difference.abs(),
        order.price
    );
    match draft.cell(&Field::Price) {
        Some(cell) => findings.on_cell(Code::TotalDiffers, cell, message),
        None => findings.on_order(Code::TotalDiffers, message),
    }
}

/// Warns about extensions, where the route carries none.
pub(super) fn warn_extensions_dropped(
    draft: &Draft<'_>,
    rules: &TargetRules,
    findings: &mut Findings,
) {
    let cells = draft.cells.custom().chain(draft.items.iter().flat_map(|item| item.cells.custom()));
    let extensions = cells.filter(|cell| cell.field.extension_key().is_some());
    let names: BTreeSet<String> = extensions.map(|cell| cell.field.to_string()).collect();
    if !names.is_empty() {
        let message =
            format!("{} carries no extensions; not sent: {}", rules.carrier, join_names(&names));
        findings.on_order(Code::ExtensionLeftOut, message);
    }
}

/// Warns about the people and product attributes of an order, where the route does not carry them.
/// `hint` says what does.
pub(super) fn warn_details_dropped(
    order: &Order<'_>,
    draft: &Draft<'_>,
    (rules, hint): (&TargetRules, &str),
    findings: &mut Findings,
) {
    if draft.people.is_empty() && order.items.iter().all(|item| item.product.is_none()) {
        return;
    }
    let n_of = |role| draft.people.iter().filter(|person| person.role == role).count();
    let people = [PersonRole::Contact, PersonRole::Consumer]
        .into_iter()
        .map(|role| (n_of(role), role.name()));
    let people = people
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}{}", if n == 1 { "" } else { "s" }));
    let products = order.items.iter().filter_map(|item| item.product.as_deref());
    let attributes = products.flat_map(|product| product.attributes.iter());
    let names: BTreeSet<String> =
        attributes.map(|(name, _)| format!("item.product.{name}")).collect();
    let names = (!names.is_empty()).then(|| join_names(&names));
    let dropped: Vec<_> = people.chain(names).collect();
    let message = format!("{} cannot carry {}; {hint}", rules.carrier, dropped.join(", "));
    findings.on_order(Code::DetailLeftOut, message);
}

fn join_names(names: &BTreeSet<String>) -> String {
    let first: Vec<_> = names.iter().take(MAX_LISTED_NAMES).map(String::as_str).collect();
    let n_more = names.len() - first.len();
    let more = if n_more == 0 { String::new() } else { format!(" and {n_more} more") };
    first.join(", ") + &more
}
