//! Planned orders that can no longer be sent as they were encoded, with other settings or after
//! other orders.
//!
//! It knows no history. Called by `pipeline` for the orders of a saved plan.

use super::{extension::types_sent, session::exceeds_session, settings::StreamSettings};
use crate::model::{
    field::{AttributeType, AttributeTypes},
    outcome::{OrderResult, Outcome},
    planned::PlannedOrder,
    problem::{Code, Problem},
    route::Route,
};

/// Returns the result of an order that cannot be sent: its session would be too long at this rate,
/// or the tenant has another type for one of its extension attributes (`types`). Adds the problem
/// to its record.
pub fn result_if_unsendable(
    order: &mut PlannedOrder,
    settings: &StreamSettings,
    types: &AttributeTypes,
) -> Option<OrderResult> {
    result_if_too_slow(order, settings).or_else(|| result_of_type_conflict(order, types))
}

/// The result of an order that was planned for a higher rate or a longer session than this run's.
fn result_if_too_slow(order: &PlannedOrder, settings: &StreamSettings) -> Option<OrderResult> {
    if order.encoded.route != Route::Multi {
        return None;
    }
    let message = exceeds_session(order.encoded.n_requests, settings)?;
    Some(OrderResult::not_attempted(order.is_uncertain, Some(message)))
}

/// The result of an order if the tenant received another type for one of its extension attributes
/// after it had been planned.
fn result_of_type_conflict(
    order: &mut PlannedOrder,
    types: &AttributeTypes,
) -> Option<OrderResult> {
    let tenant_type = |sent: &AttributeType| {
        types.get(sent.scope, &sent.name).filter(|data_type| *data_type != sent.data_type)
    };
    let conflict = types_sent(order).into_iter().find_map(|sent| Some((tenant_type(&sent)?, sent)));
    let (tenant, sent) = conflict?;
    let message = format!(
        "extension attribute {}: {} here, but {} at the tenant, as an earlier run sent it: an \
         attribute keeps its type",
        sent.name,
        sent.data_type.name(),
        tenant.name()
    );
    if order.is_uncertain {
        return Some(OrderResult::not_attempted(true, Some(message)));
    }
    let problem = Problem::for_order(Code::ExtensionTypeConflict, order.record.source, message);
    order.record.problems.push(problem);
    Some(OrderResult::without_request(Outcome::Invalid, None))
}
