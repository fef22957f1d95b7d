//! How one order fares on its way through a delivery.

use super::cart::{Cart, Then};
use crate::model::planned::PlannedOrder;

/// What is said of an order that is sent again as someone chose.
const SENT_BEFORE: &str = "sent by an earlier run, and no answer came";

/// How the current order fares.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Tries of the current step.
    pub(super) tries: u32,
    /// Sendings of the order's last event.
    pub(super) attempts: u32,
    /// What came of an earlier sending that may have been taken.
    pub(super) doubt: Option<String>,
    /// It was sent again in spite of a doubt.
    pub(super) was_repeated: bool,
    /// It already got a new browser because the service did not know the one before.
    pub(super) has_new_browser: bool,
    /// How often it began anew.
    pub(super) n_restarts: u32,
    /// Steps that were left when it had come as far as it ever came.
    pub(super) fewest_left: Option<usize>,
    /// Its own browser, where it is assembled from several events.
    pub(super) cart: Option<Cart>,
    /// CLEAR_CART is under way, and this follows.
    pub(super) clearing: Option<Then>,
    /// Why a cart of it may hold something.
    pub(super) left_open: Option<String>,
}

impl Course {
    pub(super) fn of(order: Option<&PlannedOrder>) -> Self {
        let is_uncertain = order.is_some_and(|order| order.may_be_there);
        Self { doubt: is_uncertain.then(|| SENT_BEFORE.to_owned()), ..Self::default() }
    }
}
