//! Ledger writes: what a run writes to its ledger. Does no I/O; a `Ledger` stores them. Made by
//! `pipeline`, and by `disposition` for changed orders.

use super::{
    change::ChangedOrder,
    entry::{AttemptId, AttemptState, CartId, OrderKey},
};
use crate::model::{field::AttributeType, money::Money, planned::DedupHash};

/// An order whose last event is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The order.
    pub order: OrderKey,
    // Status, total and number of items are stored so that a later run can report what changed.
    /// Its status.
    pub status: String,
    /// Its total.
    pub money: Option<Money>,
    /// The number of its items.
    pub item_count: usize,
    /// The hash that it shares with the same order under another reference.
    pub dedup_hash: Option<DedupHash>,
}

/// One write to the ledger.
#[derive(Debug, Clone)]
pub enum LedgerWrite {
    /// An order's last event is about to be sent.
    Intent(Intent),
    /// The outcome of an attempt.
    Outcome {
        /// The attempt.
        attempt: AttemptId,
        /// How it ended.
        state: AttemptState,
        /// The types of the extension attributes that the order was sent with. If it was accepted,
        /// the tenant keeps them for ever.
        types: Vec<AttributeType>,
    },
    /// The attempt was never sent, so there is none. Its order is known only if another attempt
    /// or an earlier run submitted it.
    Withdraw(AttemptId),
    /// An order's items are about to be added to the cart of a session.
    OpenCart {
        /// The order's reference.
        reference: String,
        /// The target's id of the session.
        session: String,
        /// What the target needs to empty the cart.
        clear_cart: String,
    },
    /// Nothing is left in the cart.
    CloseCart(CartId),
    /// An accepted order has changed. Each change is stored once, so that the operator can
    /// acknowledge it.
    RecordChange(Box<ChangedOrder>),
    /// The changes that this run recorded are in a finished report.
    MarkReported,
}

impl LedgerWrite {
    /// Whether a request depends on it: that request must not be sent unless this is durable. The
    /// other writes record what has already happened.
    pub(super) fn is_intent(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::OpenCart { .. })
    }

    /// Whether it ends the doubt about an attempt. Without it the next run treats the order as
    /// unknown.
    pub(super) fn ends_attempt(&self) -> bool {
        matches!(self, Self::Outcome { .. } | Self::Withdraw(_))
    }
}
