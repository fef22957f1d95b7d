//! Rows: how times and snapshots are read from columns of the database. Runs no statement. Called
//! by `run`, `admin` and `targets`.

use chrono::{DateTime, Utc};
use rusqlite::Row;

use crate::{ledger::snapshot::OrderSnapshot, model::money::Money};

/// Converts stored milliseconds since 1970. A time that chrono cannot represent becomes 1970.
pub(super) fn time_from_millis(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Reads the snapshot of an order: status, total, currency and number of items, from column
/// `first` on.
pub(super) fn snapshot_from_row(
    row: &Row<'_>,
    first: usize,
) -> Result<OrderSnapshot, rusqlite::Error> {
    let text = |column: usize| row.get::<_, Option<String>>(first + column);
    let money = |amount: &str, currency: &str| {
        Some(Money { amount: amount.parse().ok()?, currency: currency.parse().ok()? })
    };
    let n_items: Option<i64> = row.get(first + 3)?;
    Ok(OrderSnapshot {
        status: text(0)?,
        money: text(1)?.zip(text(2)?).and_then(|(amount, currency)| money(&amount, &currency)),
        item_count: n_items.and_then(|n_items| n_items.try_into().ok()),
    })
}
