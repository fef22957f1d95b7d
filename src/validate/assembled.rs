//! Choice of the route, and the rules of orders that are assembled from several events: what ADD,
//! CONFIRM and CHECKOUT require in addition to ORDER_CHECKOUT, and what they cannot carry.
//!
//! Does not measure events; `size` does. Called by `check`, `order` and `size`, and by `pipeline`
//! for the session time of a saved plan.

use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};

use rust_decimal::Decimal;

use super::{
    findings::{Findings, item_cell},
    lists,
    settings::ValidateSettings,
};
use crate::model::{
    draft::{Cell, Draft, ItemDraft, PersonRole},
    field::Field,
    forecast::IDENTIFY_REQUESTS,
    money::Amount,
    order::{Item, Order},
    problem::{Code, Problem},
    route::{Mode, Route},
};

/// "Personalize keeps 100 events of a session", and an order needs some in addition to the ADDs.
const MAX_ITEMS: usize = 95;

/// Maximum number of attributes that a warning names; a longer list would not be read.
const MAX_LISTED_NAMES: usize = 10;

/// The fields that every ADD requires of the item. The item's date, currency and reference default
/// to the order's.
const REQUIRED_FIELDS: [Field; 5] =
    [Field::ItemType, Field::ItemName, Field::ItemQuantity, Field::ItemPrice, Field::ItemProductId];

/// Returns the route that the mode and the item types require. Whether the single event is too
/// large is checked later.
pub(super) fn route_by_types(draft: &Draft<'_>, mode: Mode) -> Route {
    match mode {
        Mode::Multi => Route::Multi,
        Mode::Auto if draft.items.iter().any(needs_multi) => Route::Multi,
        Mode::Single | Mode::Auto => Route::Single,
    }
}

fn needs_multi(item: &ItemDraft<'_>) -> bool {
    item_cell(item, &Field::ItemType).is_some_and(|cell| lists::is_multi_only_type(&cell.text))
}

/// Checks the items of an order of which each gets an ADD.
pub(super) fn check_add_items(draft: &Draft<'_>, findings: &mut Findings) {
    if draft.items.is_empty() {
        findings.on_order(
            Code::NoItems,
            "the order has no items, but an order assembled from several events needs at least one",
        );
    }
    if draft.items.len() > MAX_ITEMS {
        let message =
            format!("{} items, but a session keeps only 100 events, so it loses the first ones", draft.items.len());
        findings.on_order(Code::TooManyItems, message);
    }
    for item in &draft.items {
        for field in REQUIRED_FIELDS.iter().filter(|field| item.cell(field).is_none()) {
            let message = format!("{field} is required when an order is assembled from several events");
            findings.problems.push(Problem::for_field(Code::MissingAttribute, field, item.at.position(), message));
        }
    }
}

/// Warns if the items do not add up to the order's price. CHECKOUT carries no total: the tenant
/// adds up the ADDs.
pub(super) fn warn_total_differs(order: &Order<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    // A missing price or quantity is reported by `check_add_items`.
    let line = |item: &Item<'_>| {
        let price = item.product.as_deref().and_then(|product| product.unit_price)?;
        price.checked_mul(item.quantity?)
    };
    let sum = order.items.iter().map(line).try_fold(Amount(Decimal::ZERO), |sum, line| sum.checked_add(line?));
    let difference = sum.and_then(|sum| Some((sum, sum.0.checked_sub(order.price.0)?)));
    let Some((sum, difference)) = difference.filter(|(_, by)| !by.is_zero() && !order.items.is_empty()) else { return };
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

/// Warns about extensions, which neither ADD nor CHECKOUT accepts.
pub(super) fn warn_extensions_dropped(draft: &Draft<'_>, findings: &mut Findings) {
    let cells = draft.cells.custom().chain(draft.items.iter().flat_map(|item| item.cells.custom()));
    let is_extension = |cell: &&Cell<'_>| matches!(*cell.field, Field::Extension(_) | Field::ItemExtension(_));
    let names: BTreeSet<String> = cells.filter(is_extension).map(|cell| cell.field.to_string()).collect();
    if !names.is_empty() {
        let message =
            format!("an order assembled from several events carries no extensions; not sent: {}", join_names(&names));
        findings.on_order(Code::ExtensionLeftOut, message);
    }
}

/// Warns about what an order sent as a single event loses: people and product attributes, which
/// only several events carry.
pub(super) fn warn_multi_only(order: &Order<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    if draft.people.is_empty() && order.items.iter().all(|item| item.product.is_none()) {
        return;
    }
    let n_of = |role| draft.people.iter().filter(|person| person.role == role).count();
    let people = [PersonRole::Contact, PersonRole::Consumer].into_iter().map(|role| (n_of(role), role.name()));
    let people = people.filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}{}", if n == 1 { "" } else { "s" }));
    let products = order.items.iter().filter_map(|item| item.product.as_deref());
    let attributes = products.flat_map(|product| product.attributes.iter());
    let names: BTreeSet<String> = attributes.map(|(name, _)| format!("item.product.{name}")).collect();
    let names = (!names.is_empty()).then(|| join_names(&names));
    let dropped: Vec<_> = people.chain(names).collect();
    let message = format!("a single event cannot carry {}; mode multi can", dropped.join(", "));
    findings.on_order(Code::DetailLeftOut, message);
}

fn join_names(names: &BTreeSet<String>) -> String {
    let first: Vec<_> = names.iter().take(MAX_LISTED_NAMES).map(String::as_str).collect();
    let n_more = names.len() - first.len();
    let more = if n_more == 0 { String::new() } else { format!(" and {n_more} more") };
    first.join(", ") + &more
}

/// Whether an order can be assembled while its session lasts; records a problem if not.
pub(super) fn fits_session(n_requests: u64, settings: &ValidateSettings, findings: &mut Findings) -> bool {
    let reason = exceeds_session(n_requests, settings);
    let fits = reason.is_none();
    if let Some(message) = reason {
        findings.on_order(Code::SequenceTooSlow, message);
    }
    fits
}

/// Returns why an order assembled from several events does not fit its session, if it does not.
///
/// The pause after IDENTITY and `n_requests` in addition to the guest's own must take at most half
/// of the session. The other half is for responses, retries and other orders.
#[must_use]
pub fn exceeds_session(n_requests: u64, settings: &ValidateSettings) -> Option<String> {
    let n_requests = IDENTIFY_REQUESTS + n_requests;
    let (pause, timeout) = (settings.identity_pause, settings.session_timeout);
    let at_rate =
        |rate: NonZeroU32| Duration::from_nanos(NANOS_PER_SECOND.saturating_mul(n_requests) / u64::from(rate.get()));
    let sending = settings.rate.map(at_rate).unwrap_or_default();
    let total = pause.saturating_add(sending);
    if total <= timeout / 2 {
        return None;
    }
    let requests = settings.rate.map(|rate| format!("{n_requests} requests at {rate}/s"));
    // A pause below 1 % of the total explains nothing.
    let pause = (!pause.is_zero() && pause >= total / 100).then(|| format!("the pause of {} s", pause.as_secs_f64()));
    let parts: Vec<_> = requests.into_iter().chain(pause).collect();
    let verb = if settings.rate.is_none() { "takes" } else { "take" };
    // A pause that already takes half of the session is not fixed by a higher rate.
    let hint = if settings.rate.is_some() && settings.identity_pause < timeout / 2 {
        "; a higher rate may help (--rate)"
    } else {
        ""
    };
    Some(format!(
        "{} {verb} at least {} s, more than half of a session, which ends after {} s{hint}",
        parts.join(" and "),
        round_up_tenths(total),
        timeout.as_secs_f64()
    ))
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Formats seconds with at most one decimal, rounded up so that the limit is never understated.
fn round_up_tenths(time: Duration) -> String {
    let tenths = time.as_nanos().div_ceil(100_000_000);
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}
