//! Content changes: an accepted order as a later run reads it, with other content or no longer
//! sent by the export. Does no I/O; stored by `sqlite`, reported by `pipeline`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{entry::OrderKey, snapshot::OrderSnapshot};
use crate::model::planned::ContentHash;

/// An accepted order that has changed, as a later run reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedOrder {
    /// The order. Its content identifies the change.
    pub order: OrderKey,
    /// Why the export no longer sends it; none where its content differs.
    pub cause: Option<String>,
    /// The order as the run reads it.
    pub snapshot: OrderSnapshot,
}

/// What earlier runs and the operator did with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeState {
    /// No run has reported it.
    New,
    /// A run has reported it.
    Reported,
    /// The operator has acknowledged it.
    Acknowledged,
}

/// Hashes the change of an order that the export no longer sends, in place of its content. The
/// hash is the same in every run as long as the order is left out for the same reasons and reads
/// the same. `accepted_at` is the time of the accepted order: two orders of one reference have
/// separate changes.
#[must_use]
pub fn unsent_change_hash(
    accepted_at: DateTime<Utc>,
    reasons: &[String],
    snapshot: &OrderSnapshot,
) -> ContentHash {
    let OrderSnapshot { status, money, item_count } = snapshot;
    // Compared by value: an export that writes 30.6 instead of 30.60 has not changed the order.
    let money =
        money.as_ref().map(|money| (money.amount.0.normalize().to_string(), money.currency));
    let accepted_millis = accepted_at.timestamp_millis();
    let encoded =
        serde_json::to_vec(&("unsent", accepted_millis, reasons, status, money, item_count))
            .expect("strings and numbers always serialize");
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(&encoded).as_bytes()[..16]);
    ContentHash(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::snapshot::tests::snapshot;

    #[test]
    fn unsent_change_hash_is_stable() {
        let of = |reason: &str, snapshot: &OrderSnapshot| {
            unsent_change_hash(DateTime::UNIX_EPOCH, &[reason.to_owned()], snapshot)
        };
        let baseline = of("refunded", &snapshot("REFUNDED", "30.60", 1));
        assert_eq!(of("refunded", &snapshot("REFUNDED", "30.6", 1)), baseline);
        for other in [
            of("cancelled", &snapshot("REFUNDED", "30.60", 1)),
            of("refunded", &snapshot("CANCELLED", "30.60", 1)),
            of("refunded", &snapshot("REFUNDED", "30.61", 1)),
            of("refunded", &snapshot("REFUNDED", "30.60", 2)),
            of("refunded", &OrderSnapshot::default()),
        ] {
            assert_ne!(other, baseline);
        }
        let later = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(9);
        assert_ne!(
            unsent_change_hash(later, &["refunded".to_owned()], &snapshot("REFUNDED", "30.60", 1)),
            baseline
        );
    }
}
