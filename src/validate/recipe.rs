//! How an order is sent, and the rules of those that are assembled from several events: what ADD, CONFIRM and CHECKOUT
//! need beyond what ORDER_CHECKOUT does, and what they cannot carry.

use std::{collections::BTreeSet, num::NonZeroU32, time::Duration};

use rust_decimal::Decimal;

use super::{
    Settings,
    findings::{Findings, of_item},
    lists,
};
use crate::model::{
    draft::{Cell, Draft, ItemDraft, Role},
    field::Field,
    money::Amount,
    order::{Item, Order},
    problem::{Code, Problem},
    recipe::{Mode, N_TO_IDENTIFY, Recipe},
};

/// "Personalize keeps 100 events of a session", and some are needed beside the ADDs.
const MOST_ITEMS: usize = 95;

/// A warning that names more attributes than this is read by nobody.
const MOST_NAMES: usize = 10;

/// What every ADD needs; the order stands in for the item's date, currency and reference.
const REQUIRED: [Field; 5] =
    [Field::ItemType, Field::ItemName, Field::ItemQuantity, Field::ItemPrice, Field::ItemProductId];

/// How an order is sent as far as its items' types say. Whether the single event is too large is seen later.
pub(super) fn by_types(draft: &Draft<'_>, mode: Mode) -> Recipe {
    match mode {
        Mode::Multi => Recipe::Multi,
        Mode::Auto if draft.items.iter().any(needs_several) => Recipe::Multi,
        Mode::Single | Mode::Auto => Recipe::Single,
    }
}

fn needs_several(item: &ItemDraft<'_>) -> bool {
    of_item(item, &Field::ItemType).is_some_and(|cell| lists::needs_several_events(&cell.text))
}

/// What is wrong with the items of an order for which each gets an ADD.
pub(super) fn items(draft: &Draft<'_>, findings: &mut Findings) {
    if draft.items.is_empty() {
        findings.order(Code::NoItems, "there are no items, and an order of several events is made of them");
    }
    if draft.items.len() > MOST_ITEMS {
        let message =
            format!("{} items, but a session keeps 100 events: it loses sight of the first ones", draft.items.len());
        findings.order(Code::TooManyItems, message);
    }
    for item in &draft.items {
        for field in REQUIRED.iter().filter(|field| item.cell(field).is_none()) {
            let message = format!("{field} is required where an order is assembled from several events");
            findings.problems.push(Problem::of(Code::MissingAttribute, field, item.at.position(), message));
        }
    }
}

/// CHECKOUT carries no total: the tenant's is what the items add up to.
pub(super) fn total(order: &Order<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    let line = |item: &Item<'_>| {
        let price = item.product.as_deref().and_then(|product| product.unit_price)?;
        price.times(item.quantity?)
    };
    let sum = order.items.iter().map(line).try_fold(Amount(Decimal::ZERO), |sum, line| sum.plus(line?));
    let difference = sum.and_then(|sum| Some((sum, sum.0.checked_sub(order.price.0)?)));
    let Some((sum, difference)) = difference.filter(|(_, by)| !by.is_zero() && !order.items.is_empty()) else { return };
    let more = if difference.is_sign_negative() { "less" } else { "more" };
    let message = format!(
        "the tenant adds the items up to {sum}, which is {} {more} than the order's price of {}",
        difference.abs(),
        order.price
    );
    match draft.cell(&Field::Price) {
        Some(cell) => findings.cell(Code::TotalDiffers, cell, message),
        None => findings.order(Code::TotalDiffers, message),
    }
}

/// Neither ADD nor CHECKOUT takes extensions.
pub(super) fn extensions_left_out(draft: &Draft<'_>, findings: &mut Findings) {
    let cells = draft.cells.free().chain(draft.items.iter().flat_map(|item| item.cells.free()));
    let is_extension = |cell: &&Cell<'_>| matches!(*cell.field, Field::Extension(_) | Field::ItemExtension(_));
    let names: BTreeSet<String> = cells.filter(is_extension).map(|cell| cell.field.to_string()).collect();
    if !names.is_empty() {
        let message = format!("an order of several events carries no extensions: {} stay behind", listed(&names));
        findings.order(Code::ExtensionLeftOut, message);
    }
}

/// What of an order that is sent as one event only several could carry.
pub(super) fn details_left_out(order: &Order<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    if draft.people.is_empty() && order.items.iter().all(|item| item.product.is_none()) {
        return;
    }
    let n_of = |role| draft.people.iter().filter(|person| person.role == role).count();
    let people = [Role::Contact, Role::Consumer].into_iter().map(|role| (n_of(role), role.name()));
    let people = people.filter(|(n, _)| *n > 0).map(|(n, name)| format!("{n} {name}{}", if n == 1 { "" } else { "s" }));
    let products = order.items.iter().filter_map(|item| item.product.as_deref());
    let attributes = products.flat_map(|product| product.attributes.iter());
    let names: BTreeSet<String> = attributes.map(|(name, _)| format!("item.product.{name}")).collect();
    let names = (!names.is_empty()).then(|| listed(&names));
    let left_out: Vec<_> = people.chain(names).collect();
    let message = format!("a single event cannot carry {}; mode multi can", left_out.join(", "));
    findings.order(Code::DetailLeftOut, message);
}

fn listed(names: &BTreeSet<String>) -> String {
    let first: Vec<_> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let n_more = names.len() - first.len();
    let more = if n_more == 0 { String::new() } else { format!(" and {n_more} more") };
    first.join(", ") + &more
}

/// Finds that an order is not assembled while its session lasts.
pub(super) fn makes_it_in_time(n_requests: u64, settings: &Settings, findings: &mut Findings) -> bool {
    let fault = too_slow(n_requests, settings);
    let is_in_time = fault.is_none();
    if let Some(message) = fault {
        findings.order(Code::SequenceTooSlow, message);
    }
    is_in_time
}

/// Why an order of several events does not make it well inside its session, if it does not: the pause behind IDENTITY and
/// so many requests beside those of the guest take more than half of it. The other half is for answers, for what is
/// repeated, and for other orders.
#[must_use]
pub fn too_slow(n_requests: u64, settings: &Settings) -> Option<String> {
    let n_requests = N_TO_IDENTIFY + n_requests;
    let (pause, timeout) = (settings.identity_pause, settings.session_timeout);
    let at_rate = |rate: NonZeroU32| Duration::from_nanos(NANOS.saturating_mul(n_requests) / u64::from(rate.get()));
    let sending = settings.rate.map(at_rate).unwrap_or_default();
    let whole = pause.saturating_add(sending);
    if whole <= timeout / 2 {
        return None;
    }
    let requests = settings.rate.map(|rate| format!("{n_requests} requests at {rate}/s"));
    let pause = (!pause.is_zero() && pause >= whole / 100).then(|| format!("the pause of {} s", pause.as_secs_f64()));
    let parts: Vec<_> = requests.into_iter().chain(pause).collect();
    let verb = if settings.rate.is_none() { "takes" } else { "take" };
    let hint =
        if settings.rate.is_some() && settings.identity_pause < timeout / 2 { "; a higher rate may do" } else { "" };
    Some(format!(
        "{} {verb} {} s or more, more than half of a session, which ends after {} s{hint}",
        parts.join(" and "),
        tenths(whole),
        timeout.as_secs_f64()
    ))
}

const NANOS: u64 = 1_000_000_000;

/// Seconds with a decimal at most, rounded up.
fn tenths(time: Duration) -> String {
    let tenths = time.as_nanos().div_ceil(100_000_000);
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}
