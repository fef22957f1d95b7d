//! Drafts → orders, or all problems of a draft.
//!
//! The only stage that makes an `Order`: if one exists, it obeys the manual pages of the events that it is sent as, and
//! each of them fits one request. One small function per rule; all problems are collected, none ends the run. No I/O, no
//! clock: the time is passed in. Called by `pipeline`; knows only `model` and `event`.

mod assembled;
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
mod references;
mod size;
mod values;

#[cfg(test)]
mod tests;

pub use assembled::exceeds_session;
pub use extension::{ExtensionTypes, MAX_EXTENSION_NAMES};
pub use references::{SharedReference, find_conflicts, find_duplicates};

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    event::sequence::UrlLimits,
    model::{
        draft::Draft,
        field::Field,
        money::{Amount, Currency, Money},
        order::{CheckedOrder, Order, OrderId, OrderRecord, Validity},
        pricing::{PriceBasis, TotalFrom},
        problem::{Code, Problem},
        route::{ConfirmMode, Mode, Route},
        target::Target,
    },
};
use findings::Findings;

/// The rules that are settings.
#[derive(Debug, Clone)]
pub struct ValidateSettings {
    /// Where orders go: its base URL and key are part of every event's length.
    pub target: Target,
    /// The events' attributes where the export has none.
    pub common: CommonDefaults,
    /// The longest URL, in bytes of its final form.
    pub max_url_bytes: usize,
    /// Where an order's total comes from.
    pub total_from: TotalFrom,
    /// What the export's item prices are for.
    pub price_basis: PriceBasis,
    /// What the target's item prices are for.
    pub target_price_basis: PriceBasis,
    /// How orders are sent.
    pub mode: Mode,
    /// How CONFIRM names the items of an order that is assembled from several events.
    pub confirm: ConfirmMode,
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

impl ValidateSettings {
    /// How the events of an order are packed into requests.
    #[must_use]
    pub fn url_limits(&self) -> UrlLimits<'_> {
        UrlLimits { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
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
pub fn check<'a>(draft: Draft<'a>, settings: &'a ValidateSettings, types: &ExtensionTypes) -> CheckedOrder<'a> {
    let mut attempt = RouteAttempt::new(&draft, assembled::route_by_types(&draft, settings.mode), settings, types);
    if attempt.is_too_large && settings.mode == Mode::Auto {
        attempt = attempt.or_multi(&draft, settings, types);
    }
    let RouteAttempt { route, order, money, findings, .. } = attempt;
    let reference = findings::draft_cell(&draft, &Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
    let mut record = OrderRecord {
        id: draft.rows.first().map_or(OrderId(0), OrderId::from_origin),
        reference: reference.to_string(),
        ordered_at: draft.cell(&Field::OrderedAt).and_then(values::timestamp),
        source: draft.position(),
        money,
        item_count: draft.items.len(),
        rows: draft.rows,
        problems: draft.problems,
    };
    // Whether it can be sent or not: it is compared with what was accepted.
    let status = || draft.cells.get(&Field::Status).map(|cell| cell.text.to_string());
    // What a rule leaves out need not be sound.
    if let Some(reason) = draft.skip {
        record.problems.clear();
        return CheckedOrder { record, status: status(), validity: Validity::Skipped(reason) };
    }
    // What stays behind need not be sound either.
    if route == Route::Single {
        record.problems.drop_multi_only();
    }
    record.problems.append(findings.problems);
    let has_errors = record.problems.iter().any(Problem::is_error);
    match order {
        Some(order) if !has_errors => CheckedOrder { record, status: None, validity: Validity::Valid(order) },
        _ => CheckedOrder { record, status: status(), validity: Validity::Invalid },
    }
}

/// What comes of a draft that is sent one way.
struct RouteAttempt<'a> {
    route: Route,
    order: Option<Box<Order<'a>>>,
    money: Option<Money>,
    findings: Findings,
    /// One ORDER_CHECKOUT would have to carry it, and cannot.
    is_too_large: bool,
}

impl<'a> RouteAttempt<'a> {
    fn new(draft: &Draft<'a>, route: Route, settings: &'a ValidateSettings, types: &ExtensionTypes) -> Self {
        let mut findings = Findings::new(draft);
        let (order, money) = order::check_order(draft, route, settings, types, &mut findings);
        // What a rule leaves out need not fit.
        let sent = order.as_ref().filter(|_| draft.skip.is_none());
        let fits = sent.is_none_or(|order| size::fits(order, draft, settings, &mut findings));
        Self { route, order, money, findings, is_too_large: !fits && route == Route::Single }
    }

    /// The same draft as several events; if that is no way either, why neither is.
    fn or_multi(self, draft: &Draft<'a>, settings: &'a ValidateSettings, types: &ExtensionTypes) -> Self {
        let mut multi = Self::new(draft, Route::Multi, settings, types);
        if multi.findings.problems.iter().any(Problem::is_error) {
            let too_large = self.findings.problems.iter().filter(|problem| problem.code == Code::EventTooLarge);
            let unreported = too_large.filter(|problem| !multi.findings.problems.contains(problem)).cloned();
            multi.findings.problems.extend(unreported.collect::<Vec<_>>());
        }
        multi
    }
}

/// What an order is worth, if both can be read.
fn money(currency: Option<Currency>, price: Option<Amount>) -> Option<Money> {
    Some(Money { currency: currency?, amount: price? })
}
