//! Content changes: an accepted order as a later run reads it, with other content or no longer
//! sent by the export. Does no I/O; stored by `sqlite`, reported by `pipeline`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::OrderKey;
use crate::model::{money::Money, planned::ContentHash};

/// A short description of an order, as it was accepted or as a later run reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderSnapshot {
    /// Its status.
    pub status: Option<String>,
    /// Its total.
    pub money: Option<Money>,
    /// The number of its items.
    pub item_count: Option<u64>,
}

impl OrderSnapshot {
    /// Lists the differences to a later snapshot, where both values are known:
    /// `status PURCHASED -> REFUNDED, items 2 -> 1`. Empty if nothing differs.
    #[must_use]
    pub fn differences(&self, now: &Self) -> String {
        let total = |money: &Money| format!("{} {}", money.amount, money.currency);
        let status = difference("status", self.status.as_ref(), now.status.as_ref(), Clone::clone);
        let money = difference("total", self.money.as_ref(), now.money.as_ref(), total);
        let n_items = difference("items", self.item_count.as_ref(), now.item_count.as_ref(), u64::to_string);
        [status, money, n_items].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

// A value that is missing on one side is no difference: attempts before version 4 have no
// snapshot.
fn difference<T: PartialEq>(
    name: &str,
    was: Option<&T>,
    now: Option<&T>,
    text: impl Fn(&T) -> String,
) -> Option<String> {
    let (was, now) = was.zip(now).filter(|(was, now)| was != now)?;
    Some(format!("{name} {} -> {}", text(was), text(now)))
}

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
pub fn unsent_change_hash(accepted_at: DateTime<Utc>, reasons: &[String], snapshot: &OrderSnapshot) -> ContentHash {
    let OrderSnapshot { status, money, item_count } = snapshot;
    // Compared by value: an export that writes 30.6 instead of 30.60 has not changed the order.
    let money = money.as_ref().map(|money| (money.amount.0.normalize().to_string(), money.currency));
    let accepted_millis = accepted_at.timestamp_millis();
    let encoded = serde_json::to_vec(&("unsent", accepted_millis, reasons, status, money, item_count))
        .expect("strings and numbers always serialize");
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::hash(&encoded).as_bytes()[..16]);
    ContentHash(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(status: &str, total: &str, item_count: u64) -> OrderSnapshot {
        let money = Money { currency: "EUR".parse().unwrap(), amount: total.parse().unwrap() };
        OrderSnapshot { status: Some(status.into()), money: Some(money), item_count: Some(item_count) }
    }

    #[test]
    fn differences_skip_missing_values() {
        let was = snapshot("PURCHASED", "30.60", 2);
        let differences = |now: &OrderSnapshot| was.differences(now);
        assert_eq!(
            differences(&snapshot("REFUNDED", "20", 1)),
            "status PURCHASED -> REFUNDED, total 30.60 EUR -> 20 EUR, items 2 -> 1"
        );
        assert_eq!(differences(&snapshot("PURCHASED", "30.6", 2)), "");
        assert_eq!(differences(&OrderSnapshot { item_count: Some(3), ..OrderSnapshot::default() }), "items 2 -> 3");
        assert_eq!(OrderSnapshot::default().differences(&was), "", "an attempt before version 4 has no snapshot");
    }

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
        assert_ne!(unsent_change_hash(later, &["refunded".to_owned()], &snapshot("REFUNDED", "30.60", 1)), baseline);
    }
}
