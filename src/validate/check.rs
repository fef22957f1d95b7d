//! Check of a draft: the choice of its route, and the order or the problems that all rules find.
//!
//! Calls the rules in `order` and `size`; contains none itself. If the single route cannot carry an
//! order because of its size, it tries the multi route. Called by `pipeline` for each draft.

use super::{
    assembled,
    findings::{Findings, draft_cell},
    order,
    settings::ValidateSettings,
    size, values,
};
use crate::model::{
    draft::Draft,
    extension_types::ExtensionTypes,
    field::Field,
    money::Money,
    order::{CheckedOrder, Order, OrderId, OrderRecord, Validity},
    problem::{Code, Problem},
    route::{Mode, Route},
};

/// Checks a draft. `types` are the extension types of the whole run.
#[must_use]
pub fn check<'a>(draft: Draft<'a>, settings: &'a ValidateSettings, types: &ExtensionTypes) -> CheckedOrder<'a> {
    let mut attempt = RouteAttempt::new(&draft, assembled::route_by_types(&draft, settings.mode), settings, types);
    if attempt.is_too_large && settings.mode == Mode::Auto {
        attempt = attempt.or_multi(&draft, settings, types);
    }
    let RouteAttempt { route, order, money, findings, .. } = attempt;
    let reference = draft_cell(&draft, &Field::ReferenceId).map_or(&draft.key, |cell| &cell.text);
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
