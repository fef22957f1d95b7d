//! Progress of the current order in a delivery: counters, flags and the order's cart, and what
//! they add to its result.
//!
//! It knows no steps and chooses no action. `machine` reads and changes it.

use super::cart::{AfterClear, CartState};
use crate::model::{
    failure::{Failure, FailureCause},
    outcome::{OrderResult, Outcome},
    planned::PlannedOrder,
    request::RequestKind,
    route::Route,
};

/// The progress of the current order.
#[derive(Debug, Default)]
pub(super) struct OrderProgress {
    /// Tries of the current step.
    pub(super) tries: u32,
    /// Submissions of the order's last event.
    pub(super) attempts: u32,
    /// Why an earlier submission may have been processed.
    pub(super) uncertainty: Option<Uncertainty>,
    /// The result so far, after a submission that was certainly not accepted.
    pub(super) refusal: Option<OrderResult>,
    /// The last event was sent again although an earlier submission may have been processed.
    pub(super) was_resent: bool,
    /// The order already got a new browser because the service did not know the previous one.
    pub(super) has_new_browser: bool,
    /// How often the order was restarted.
    pub(super) n_restarts: u32,
    /// The smallest number of steps that were ever left.
    // Counted from the end: an order on a renewed browser has more steps before the same event.
    pub(super) furthest_step: Option<usize>,
    /// The order's own browser and cart, if it is assembled from several events.
    pub(super) cart: Option<CartState>,
    /// What follows once CLEAR_CART, which is in progress, has ended.
    pub(super) pending_clear: Option<AfterClear>,
    /// The browser on which its last event was sent.
    pub(super) browser_id: Option<String>,
    /// Why a cart of the order may still hold items.
    pub(super) leftover_cart: Option<String>,
}

/// Why a submission of an order may have been processed.
#[derive(Debug)]
pub(super) struct Uncertainty {
    pub(super) failure: Failure,
    /// What happened, for people.
    pub(super) reason: String,
}

impl Uncertainty {
    /// That of an order that is sent again by `--unknown resend`.
    fn of_earlier_run(route: Route) -> Self {
        let request = match route {
            Route::Single => RequestKind::OrderCheckout,
            Route::Multi => RequestKind::Checkout,
        };
        let cause = FailureCause::SentByEarlierRun;
        Self { reason: cause.to_string(), failure: Failure { request, cause } }
    }
}

impl OrderProgress {
    pub(super) fn for_order(order: Option<&PlannedOrder>) -> Self {
        let uncertain = order.filter(|order| order.is_uncertain);
        Self {
            uncertainty: uncertain.map(|order| Uncertainty::of_earlier_run(order.encoded.route)),
            ..Self::default()
        }
    }

    /// Whether the order's cart may hold items that CLEAR_CART must remove.
    pub(super) fn has_cart_to_clear(&self) -> bool {
        self.cart.as_ref().is_some_and(CartState::needs_clearing)
    }

    /// Whether a CHECKOUT of this cart may have been processed.
    pub(super) fn has_uncertain_checkout(&self) -> bool {
        self.cart.as_ref().is_some_and(CartState::has_uncertain_checkout)
    }

    /// Changes the order's cart, if it has one.
    pub(super) fn update_cart(&mut self, change: impl FnOnce(&mut CartState)) {
        if let Some(cart) = &mut self.cart {
            change(cart);
        }
    }

    /// Records that the cart could not be cleared, and why.
    pub(super) fn set_leftover_cart(&mut self, then: &AfterClear, reason: &str) {
        let which = match then {
            AfterClear::Restart => "the cart from before a restart",
            AfterClear::Settle(_) => "its cart",
        };
        self.leftover_cart = Some(format!("{which} could not be cleared ({reason})"));
    }

    /// Turns a result into unknown, if an earlier submission may have been processed.
    pub(super) fn with_uncertainty(&mut self, mut result: OrderResult) -> OrderResult {
        let Some(Uncertainty { failure, reason: uncertainty }) = self.uncertainty.take() else {
            return result;
        };
        // A later refusal does not prove that the earlier submission was refused. Only an
        // acceptance ends the uncertainty.
        if result.outcome != Outcome::Accepted {
            let reason = match result.reason {
                Some(reason) => format!("{uncertainty}; then: {reason}"),
                None => uncertainty.clone(),
            };
            result = OrderResult {
                outcome: Outcome::Unknown,
                reason: Some(reason),
                failure: Some(failure),
                ..result
            };
        }
        result.uncertain_before = self.was_resent.then_some(uncertainty);
        result
    }

    /// Appends to the order's reason the cart that may still hold items.
    pub(super) fn with_leftover_cart(&mut self, result: OrderResult) -> OrderResult {
        let Some(leftover_cart) = self.leftover_cart.take() else { return result };
        let reason = match result.reason {
            Some(reason) => format!("{reason}, and {leftover_cart}"),
            None => leftover_cart,
        };
        OrderResult { reason: Some(reason), ..result }
    }
}
