//! Drafts → orders, or all problems of a draft.
//!
//! The only stage that makes an `Order`: if one exists, it obeys the manual pages of the events that it is sent as, and
//! each of them fits one request. One small function per rule; all problems are collected, none ends the run. No I/O, no
//! clock: the time is passed in. Called by `pipeline`; knows only `model` and `event`.

mod common;
mod extension;
mod findings;
mod guest;
mod items;
mod legs;
mod lists;
mod order;
mod people;
mod product;
mod recipe;
mod references;
mod size;
mod values;

#[cfg(test)]
mod tests;

pub use extension::{ExtensionKinds, MOST_NAMES};
pub use recipe::too_slow;
pub use references::{Clash, clashes, duplicates};

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    event::sequence::Packing,
    model::{
        draft::Draft,
        field::Field,
        money::{Amount, Currency, Money},
        order::{Checked, Order, OrderId, OrderRecord, Verdict},
        pricing::{PricePer, TotalFrom},
        problem::{Code, Problem},
        recipe::{Confirm, Mode, Recipe},
        target::Target,
    },
};
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
    /// How orders are sent.
    pub mode: Mode,
    /// How CONFIRM names the items of an order that is assembled from several events.
    pub confirm: Confirm,
    /// How long the tenant keeps a session in which such an order is assembled.
    pub session_timeout: Duration,
    /// How long to wait behind the guest's IDENTITY, within that session.
    pub identity_pause: Duration,
    /// The most requests a second; none: as many as it takes.
    pub rate: Option<NonZeroU32>,
    /// Whether a reference may be used again for an order two or more days apart.
    pub sends_reused_references: bool,
    /// When the run started.
    pub now: DateTime<Utc>,
}

impl Settings {
    /// How the events of an order are packed into requests.
    #[must_use]
    pub fn packing(&self) -> Packing<'_> {
        Packing { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
    }
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

/// Checks a draft. `kinds` are those of the whole run, as far as attributes have several.
#[must_use]
pub fn check<'a>(draft: Draft<'a>, settings: &'a Settings, types: &ExtensionKinds) -> Checked<'a> {
    let mut attempt = Attempt::new(&draft, recipe::by_types(&draft, settings.mode), settings, types);
    if attempt.is_too_large && settings.mode == Mode::Auto {
        attempt = attempt.or_as_several_events(&draft, settings, types);
    }
    let Attempt { recipe, order, money, findings, .. } = attempt;
    let reference = findings::of_draft(&draft, &Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
    let mut record = OrderRecord {
        id: draft.rows.first().map_or(OrderId(0), OrderId::of),
        reference: reference.to_string(),
        ordered_at: draft.cell(&Field::OrderedAt).and_then(values::timestamp),
        source: draft.position(),
        money,
        n_items: draft.items.len(),
        rows: draft.rows,
        problems: draft.problems,
    };
    // Whether it can be sent or not: it is compared with what was accepted.
    let status = || draft.cells.of(&Field::Status).map(|cell| cell.text.to_string());
    // What a rule leaves out need not be sound.
    if let Some(reason) = draft.skip {
        record.problems.clear();
        return Checked { record, status: status(), verdict: Verdict::Skipped(reason) };
    }
    // What stays behind need not be sound either.
    if recipe == Recipe::Single {
        record.problems.forget_details();
    }
    record.problems.append(findings.problems);
    let has_errors = record.problems.iter().any(Problem::is_error);
    match order {
        Some(order) if !has_errors => Checked { record, status: None, verdict: Verdict::Valid(order) },
        _ => Checked { record, status: status(), verdict: Verdict::Invalid },
    }
}

/// What comes of a draft that is sent one way.
struct Attempt<'a> {
    recipe: Recipe,
    order: Option<Box<Order<'a>>>,
    money: Option<Money>,
    findings: Findings,
    /// One ORDER_CHECKOUT would have to carry it, and cannot.
    is_too_large: bool,
}

impl<'a> Attempt<'a> {
    fn new(draft: &Draft<'a>, route: Recipe, settings: &'a Settings, types: &ExtensionKinds) -> Self {
        let mut findings = Findings::new(draft);
        let (order, money) = order::checked(draft, route, settings, types, &mut findings);
        // What a rule leaves out need not fit.
        let sent = order.as_ref().filter(|_| draft.skip.is_none());
        let fits = sent.is_none_or(|order| size::fits(order, draft, settings, &mut findings));
        Self { recipe: route, order, money, findings, is_too_large: !fits && route == Recipe::Single }
    }

    /// The same draft as several events; if that is no way either, why neither is.
    fn or_as_several_events(self, draft: &Draft<'a>, settings: &'a Settings, kinds: &ExtensionKinds) -> Self {
        let mut several = Self::new(draft, Recipe::Multi, settings, kinds);
        if several.findings.problems.iter().any(Problem::is_error) {
            let too_large = self.findings.problems.iter().filter(|problem| problem.code == Code::EventTooLarge);
            let untold = too_large.filter(|problem| !several.findings.problems.contains(problem)).cloned();
            several.findings.problems.extend(untold.collect::<Vec<_>>());
        }
        several
    }
}

/// What an order is worth, if both can be read.
fn money(currency: Option<Currency>, price: Option<Amount>) -> Option<Money> {
    Some(Money { currency: currency?, amount: price? })
}
