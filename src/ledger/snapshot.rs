//! Order snapshot: the few values by which two versions of an order are compared for the operator.
//! Does no I/O and decides nothing. Stored with attempts and changes; its differences are reported
//! by `pipeline` and `cli`.

use serde::{Deserialize, Serialize};

use crate::model::money::Money;

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
        let n_items =
            difference("items", self.item_count.as_ref(), now.item_count.as_ref(), u64::to_string);
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::ledger) fn snapshot(status: &str, total: &str, item_count: u64) -> OrderSnapshot {
        let money = Money { currency: "EUR".parse().unwrap(), amount: total.parse().unwrap() };
        OrderSnapshot {
            status: Some(status.into()),
            money: Some(money),
            item_count: Some(item_count),
        }
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
        assert_eq!(
            differences(&OrderSnapshot { item_count: Some(3), ..OrderSnapshot::default() }),
            "items 2 -> 3"
        );
        assert_eq!(
            OrderSnapshot::default().differences(&was),
            "",
            "an attempt before version 4 has no snapshot"
        );
    }
}
