//! Encoding of a valid order: its events by its route, and what the ledger and the plan need.
//!
//! It checks nothing: `size` has measured the events. Called by `pipeline`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    content_hash::{content_hash, dedup_hash, dedup_hash_in_export},
    event_json,
    multi_event::{UrlLimits, sequence},
    payload::StreamPayload,
};
use crate::model::{
    guest::Identifier,
    order::{Order, OrderRecord},
    outcome::OrderResult,
    planned::{ContentHash, DedupHash, Payload, PlannedOrder},
    route::Route,
};

/// A valid order that is encoded and no longer borrows from its rows.
#[derive(Debug, Serialize, Deserialize)]
pub struct EncodedOrder {
    /// The key of its guest.
    pub guest: Identifier<'static>,
    /// What identifies its guest.
    pub identity: Payload,
    /// When it was ordered.
    pub ordered_at: DateTime<Utc>,
    /// The hash of its content.
    pub content: ContentHash,
    /// Its status, for the ledger.
    pub status: String,
    /// The hash that the same order under another reference would share, for the ledger.
    pub dedup_hash: DedupHash,
    /// See [`dedup_hash_in_export`].
    pub dedup_hash_in_export: u64,
    /// The route by which it is sent.
    pub route: Route,
    /// The number of its own requests, without retries.
    pub n_requests: u64,
    /// What is sent.
    pub payload: Payload,
}

impl EncodedOrder {
    /// Encodes an order.
    #[must_use]
    pub fn of(order: &Order<'_>, limits: UrlLimits<'_>) -> Self {
        let (guest, payload) = (order.guest.key(), payload(order, limits));
        Self {
            guest: Identifier {
                provider: guest.provider.clone().into_owned().into(),
                id: guest.id.clone().into_owned().into(),
            },
            identity: identity(order),
            ordered_at: order.ordered_at,
            content: content_hash(order),
            status: order.status.clone().into_owned(),
            dedup_hash: dedup_hash(order),
            dedup_hash_in_export: dedup_hash_in_export(order),
            route: order.route,
            n_requests: payload.n_requests(),
            payload: Payload::from(&payload),
        }
    }

    /// Returns its guest, and the order as the plan stores it.
    #[must_use]
    pub fn into_planned(
        self,
        record: OrderRecord,
        is_uncertain: bool,
        held_result: Option<OrderResult>,
    ) -> (Identifier<'static>, PlannedOrder) {
        let planned = PlannedOrder {
            record,
            ordered_at: self.ordered_at,
            content: self.content,
            status: self.status,
            dedup_hash: self.dedup_hash,
            route: self.route,
            n_requests: self.n_requests,
            payload: self.payload,
            is_uncertain,
            held_result,
        };
        (self.guest, planned)
    }
}

/// Encodes what identifies the guest of an order.
#[must_use]
pub fn identity(order: &Order<'_>) -> Payload {
    Payload::new(&event_json::identity(&order.guest, &order.common))
}

/// Encodes the events of an order.
#[must_use]
pub fn payload(order: &Order<'_>, limits: UrlLimits<'_>) -> StreamPayload {
    match order.route {
        Route::Single => StreamPayload::single(order),
        Route::Multi => sequence(order, limits),
    }
}
