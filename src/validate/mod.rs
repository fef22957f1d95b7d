//! Drafts → orders, or all problems of a draft.
//!
//! The only stage that makes an `Order`: if one exists, it obeys the manual pages "ORDER_CHECKOUT event" and "IDENTITY
//! event" and fits one request. One small function per rule; all problems are collected, none ends the run. No I/O, no
//! clock: the time is passed in. Called by `pipeline`; knows only `model` and `event`.

mod common;
mod extension;
mod findings;
mod guest;
mod items;
mod lists;
mod order;
mod references;
mod values;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use crate::{
    event::{json, url},
    model::{
        draft::Draft,
        field::Field,
        money::Money,
        order::{Checked, Order, OrderId, OrderRecord, Verdict},
        pricing::{PricePer, TotalFrom},
        problem::Code,
        target::Target,
    },
};
use extension::ExtensionKinds;
use findings::Findings;

/// The rules that are settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where orders go: its base URL and key are part of every event's length.
    pub target: Target,
    /// The events' attributes where the export has none.
    pub common: CommonDefaults,
    /// The longest URL, in bytes of its final form.
    pub max_url_bytes: usize,
    /// Where an order's total comes from.
    pub total_from: TotalFrom,
    /// What the export's item prices are for.
    pub price_per: PricePer,
    /// What the target's item prices are for.
    pub target_price_per: PricePer,
    /// Whether a reference may be used again for an order two or more days apart.
    pub sends_reused_references: bool,
    /// When the run started.
    pub now: DateTime<Utc>,
}

/// The events' attributes where the export has none.
#[derive(Debug, Clone, Default)]
pub struct CommonDefaults {
    /// `WEB` if not said.
    pub channel: Option<String>,
    /// `EN` if not said.
    pub language: Option<String>,
    /// The order's own if not said.
    pub currency: Option<String>,
    /// `oms-import` if not said.
    pub page: Option<String>,
    /// Has no default.
    pub pos: Option<String>,
}

/// Checks all drafts on all cores; they come out in the order they went in. `checked` is called once for each.
#[must_use]
pub fn check_all(drafts: Vec<Draft>, settings: &Settings, checked: impl Fn() + Sync) -> Vec<Checked> {
    let kinds = ExtensionKinds::of(&drafts);
    let numbered: Vec<(u32, Draft)> = (0..).zip(drafts).collect();
    let mut all: Vec<Checked> = numbered
        .into_par_iter()
        .map(|(id, draft)| {
            let result = check(OrderId(id), draft, settings, &kinds);
            checked();
            result
        })
        .collect();
    references::check(&mut all, settings);
    all
}

fn check(id: OrderId, draft: Draft, settings: &Settings, kinds: &ExtensionKinds) -> Checked {
    let mut findings = Findings::new(&draft);
    let (order, money) = order::checked(&draft, settings, kinds, &mut findings);
    let reference = findings::of_draft(&draft, &Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
    let mut record = OrderRecord {
        id,
        reference: reference.to_string(),
        ordered_at: draft.cell(&Field::OrderedAt).and_then(values::timestamp),
        source: draft.position(),
        money,
        n_items: draft.items.len(),
        rows: draft.rows,
        problems: draft.problems,
    };
    // What a rule leaves out need not be sound.
    if let Some(reason) = draft.skip {
        record.problems.clear();
        return Checked { record, verdict: Verdict::Skipped(reason) };
    }
    if let Some(order) = &order {
        fits_one_request(order, settings, &mut findings);
    }
    record.problems.append(&mut findings.problems);
    let has_errors = record.problems.iter().any(crate::model::problem::Problem::is_error);
    let verdict = match order {
        Some(order) if !has_errors => Verdict::Valid(Box::new(order)),
        _ => Verdict::Invalid,
    };
    Checked { record, verdict }
}

/// An event travels in the query of one GET.
fn fits_one_request(order: &Order, settings: &Settings, findings: &mut Findings) {
    let events =
        [("ORDER_CHECKOUT", json::order_checkout(order)), ("IDENTITY", json::identity(&order.guest, &order.common))];
    for (name, event) in events {
        let length = url::event_url_length(&settings.target, &event);
        if length > settings.max_url_bytes {
            let items = if name == "IDENTITY" { String::new() } else { format!(" with {} items", order.items.len()) };
            let words = format!(
                "{name}{items} makes a URL of {length} bytes, more than the {} that are allowed",
                settings.max_url_bytes
            );
            findings.order(Code::EventTooLarge, words);
        }
    }
}

/// What an order is worth, if both can be read.
fn money(currency: Option<crate::model::money::Currency>, price: Option<crate::model::money::Amount>) -> Option<Money> {
    Some(Money { currency: currency?, amount: price? })
}
