//! Progress of the current order in a delivery: counters and flags without logic. `delivery` and
//! `cart` change them.

use super::cart::{AfterClear, CartState};
use crate::model::planned::PlannedOrder;

/// The reason of the uncertainty of an order that is sent again by `--unknown resend`.
const SENT_BY_EARLIER_RUN: &str = "sent by an earlier run, and no answer came";

/// The progress of the current order.
#[derive(Debug, Default)]
pub(super) struct OrderProgress {
    /// Tries of the current step.
    pub(super) tries: u32,
    /// Submissions of the order's last event.
    pub(super) attempts: u32,
    /// The reason why an earlier submission may have been processed.
    pub(super) uncertainty: Option<String>,
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
    /// Why a cart of the order may still hold items.
    pub(super) leftover_cart: Option<String>,
}

impl OrderProgress {
    pub(super) fn for_order(order: Option<&PlannedOrder>) -> Self {
        let is_uncertain = order.is_some_and(|order| order.is_uncertain);
        Self { uncertainty: is_uncertain.then(|| SENT_BY_EARLIER_RUN.to_owned()), ..Self::default() }
    }
}
