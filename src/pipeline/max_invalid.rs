//! Limit of invalid orders, as the user gives it.

use std::fmt;

use rust_decimal::Decimal;

/// Maximum invalid orders, of those not skipped; with more, nothing is sent. The same limit holds
/// for orders that are too old to be sent without `--backfill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxInvalid {
    /// Ten percent, but at least five orders.
    // Of five orders, one that is invalid must not stop the run.
    #[default]
    Default,
    /// A number of orders.
    Orders(u64),
    /// A share of the orders, in percent.
    Percent(Decimal),
}

/// Limits of [`MaxInvalid::Default`].
const DEFAULT_PERCENT: Decimal = Decimal::TEN;
const DEFAULT_ORDERS: u64 = 5;

impl MaxInvalid {
    /// Whether more orders are invalid than allowed.
    pub(super) fn is_exceeded(self, n_invalid: u64, n_orders: u64) -> bool {
        match self {
            Self::Default => {
                let (percent, orders) =
                    (Self::Percent(DEFAULT_PERCENT), Self::Orders(DEFAULT_ORDERS));
                percent.is_exceeded(n_invalid, n_orders) && orders.is_exceeded(n_invalid, n_orders)
            }
            Self::Orders(max) => n_invalid > max,
            Self::Percent(max) => {
                Decimal::from(n_invalid) * Decimal::ONE_HUNDRED > max * Decimal::from(n_orders)
            }
        }
    }
}

impl fmt::Display for MaxInvalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "{DEFAULT_PERCENT}%, but at least {DEFAULT_ORDERS}"),
            Self::Orders(max) => write!(f, "{max}"),
            Self::Percent(max) => write!(f, "{max}%"),
        }
    }
}
