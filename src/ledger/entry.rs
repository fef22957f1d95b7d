//! Ledger entries: an order as the ledger identifies it, its attempts and their states, and the
//! carts that are open. Does no I/O and derives nothing (see `prior_state`). Shared by all files of
//! `ledger`, and by `pipeline`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::snapshot::OrderSnapshot;
use crate::model::planned::ContentHash;

/// An order as the ledger identifies it: by reference and time, compared by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey {
    /// The order's reference.
    pub reference: String,
    /// When it was ordered. Part of the key, because shops reuse references.
    pub ordered_at: DateTime<Utc>,
    /// The hash of its content.
    pub content: ContentHash,
}

/// One attempt to send an order's last event, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId(pub i64);

/// The cart of the session in which an order is assembled, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartId(pub i64);

/// A cart that may still contain an order's items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCart {
    /// Its number.
    pub cart: CartId,
    /// The order's reference.
    pub reference: String,
    /// The target's id of the session that holds it.
    pub session: String,
    /// What the target needs to empty the cart.
    pub clear_cart: String,
}

/// The state of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// It was about to be sent; no outcome was recorded.
    Intended,
    /// The service accepted it.
    Accepted,
    /// It is known not to be accepted.
    NotAccepted,
    /// It was sent, and no conclusive response came.
    Unknown,
}

impl AttemptState {
    /// Whether the service may or may not have accepted it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Unknown)
    }
}

/// An earlier attempt to send an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The order.
    pub order: OrderKey,
    /// Its state.
    pub state: AttemptState,
    /// Whether the operator set this state with `ledger settle`.
    pub is_manual: bool,
    /// What was sent, as far as it was recorded.
    pub snapshot: OrderSnapshot,
}
