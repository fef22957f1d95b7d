//! Validation of drafts: each becomes an order, or all of its problems are reported.
//!
//! The only stage that builds an `Order`: if one exists, it follows the manual pages of the events
//! that it is sent as, and each event fits one request. One small function per rule; all problems
//! are collected, none ends the run. No I/O, no clock: the time is passed in. Called by
//! `pipeline`; depends only on `model` and `event`.

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

/// The rules that depend on settings.
#[derive(Debug, Clone)]
pub struct ValidateSettings {
    /// The tenant that orders are sent to; its base URL and key are part of every event's length.
    pub target: Target,
    /// The common attributes of events for orders whose export has none.
    pub common: CommonDefaults,
    /// Maximum URL length, in bytes of the percent-encoded form.
    pub max_url_bytes: usize,
    /// Whether an order's total is exported or the sum of its lines.
    pub total_from: TotalFrom,
    /// Whether the export's item prices are per unit or per line.
    pub price_basis: PriceBasis,
    /// Whether the target's item prices are per unit or per line.
    pub target_price_basis: PriceBasis,
    /// The route by which orders are sent: single, multi or auto.
    pub mode: Mode,
    /// Whether one CONFIRM names all items of an order assembled from several events, or several
    /// name a part each.
    pub confirm: ConfirmMode,
    /// How long the tenant keeps the session in which such an order is assembled.
    pub session_timeout: Duration,
    /// The pause after the guest's IDENTITY, within that session.
    pub identity_pause: Duration,
    /// Maximum number of requests per second; none means unlimited.
    pub rate: Option<NonZeroU32>,
    /// Whether orders of one reference are sent if they are two or more days apart.
    pub sends_reused_references: bool,
    /// When the run started.
    pub now: DateTime<Utc>,
}

impl ValidateSettings {
    /// The limits within which the events of an order are encoded.
    #[must_use]
    pub fn url_limits(&self) -> UrlLimits<'_> {
        UrlLimits { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
    }
}

/// The common attributes of events for orders whose export has none.
#[derive(Debug, Clone, Default)]
pub struct CommonDefaults {
    /// Default: `WEB`.
    pub channel: Option<String>,
    /// Default: `EN`.
    pub language: Option<String>,
    /// Default: the order's currency.
    pub currency: Option<String>,
    /// Default: `oms-import`.
    pub page: Option<String>,
    /// No default.
    pub pos: Option<String>,
}

/// Checks a draft. `types` are the extension types of the whole run.
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
    // Kept for orders that are not sent too: it is compared with the status that was accepted.
    let status = || draft.cells.get(&Field::Status).map(|cell| cell.text.to_string());
    // An order that the profile skips need not be valid.
    if let Some(reason) = draft.skip {
        record.problems.clear();
        return CheckedOrder { record, status: status(), validity: Validity::Skipped(reason) };
    }
    // Attributes that the single route does not send need not be valid either.
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

/// The result of checking a draft for one route.
struct RouteAttempt<'a> {
    route: Route,
    order: Option<Box<Order<'a>>>,
    money: Option<Money>,
    findings: Findings,
    /// Whether a single ORDER_CHECKOUT cannot carry the order.
    is_too_large: bool,
}

impl<'a> RouteAttempt<'a> {
    fn new(draft: &Draft<'a>, route: Route, settings: &'a ValidateSettings, types: &ExtensionTypes) -> Self {
        let mut findings = Findings::new(draft);
        let (order, money) = order::check_order(draft, route, settings, types, &mut findings);
        // An order that the profile skips need not fit.
        let sent = order.as_ref().filter(|_| draft.skip.is_none());
        let fits = sent.is_none_or(|order| size::fits(order, draft, settings, &mut findings));
        Self { route, order, money, findings, is_too_large: !fits && route == Route::Single }
    }

    /// Checks the same draft for the multi route. If that fails too, both reasons are reported.
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

/// Returns the amount of an order if its currency and price are both valid.
fn money(currency: Option<Currency>, price: Option<Amount>) -> Option<Money> {
    Some(Money { currency: currency?, amount: price? })
}
