//! How one order fares on its way through a delivery.

use super::cart::{AfterClear, CartState};
use crate::model::planned::PlannedOrder;

/// What is said of an order that is sent again as someone chose.
const SENT_BY_EARLIER_RUN: &str = "sent by an earlier run, and no answer came";

/// How the current order fares.
#[derive(Debug, Default)]
pub(super) struct OrderProgress {
    /// Tries of the current step.
    pub(super) tries: u32,
    /// Sendings of the order's last event.
    pub(super) attempts: u32,
    /// What came of an earlier sending that may have been taken.
    pub(super) uncertainty: Option<String>,
    /// It was sent again in spite of a doubt.
    pub(super) was_resent: bool,
    /// It already got a new browser because the service did not know the one before.
    pub(super) has_new_browser: bool,
    /// How often it began anew.
    pub(super) n_restarts: u32,
    /// Steps that were left when it had come as far as it ever came.
    pub(super) furthest_step: Option<usize>,
    /// Its own browser, where it is assembled from several events.
    pub(super) cart: Option<CartState>,
    /// CLEAR_CART is under way, and this follows.
    pub(super) pending_clear: Option<AfterClear>,
    /// Why a cart of it may hold something.
    pub(super) leftover_cart: Option<String>,
}

impl OrderProgress {
    pub(super) fn for_order(order: Option<&PlannedOrder>) -> Self {
        let is_uncertain = order.is_some_and(|order| order.is_uncertain);
        Self { uncertainty: is_uncertain.then(|| SENT_BY_EARLIER_RUN.to_owned()), ..Self::default() }
    }
}
