//! Guards before sending: the run is refused if too many orders are invalid or too old, or if
//! nothing but unreadable rows was read.
//!
//! They count only; `disposition` decides about the single old order. Called by `candidates` and
//! `resume`.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    disposition::{BackfillGuard, OldOrders, in_days},
    model::problem::Problem,
    report::Recorder,
};

/// Why a guard refuses a run.
#[derive(Debug, thiserror::Error)]
pub(super) enum GuardError {
    #[error(
        "every order read ({n_orders}) has the same problem; it is the profile or the \
         settings, not the data: {errors}; nothing was sent"
    )]
    NotTheData { n_orders: u64, errors: String },
    #[error(
        "no order was read, and {n_unreadable} rows cannot be read; nothing was sent\n  \
         hint: compare the first lines of the export with the profile: its format, delimiter and \
         key"
    )]
    NothingRead { n_unreadable: u64 },
    #[error(
        "{n_invalid} of {n_orders} orders are invalid, more than allowed ({max_invalid}); nothing \
         was sent\n  \
         hint: fix them, see rejects/ in the run folder, or allow more with --max-invalid"
    )]
    TooManyInvalid { n_invalid: u64, n_orders: u64, max_invalid: MaxInvalid },
    #[error(
        "{n_old} of {n_orders} orders are older than {}, more than allowed ({max_invalid}); the \
         oldest is of {oldest}; nothing was sent\n  \
         hint: imported history may trigger live campaigns; --backfill sends it all the same, \
         old_orders = \"skip\" leaves such orders out",
        in_days(*age)
    )]
    TooManyOld {
        n_old: u64,
        n_orders: u64,
        max_invalid: MaxInvalid,
        age: Duration,
        oldest: DateTime<Utc>,
    },
}

/// Refuses a run in which every order has the same problem.
pub(super) fn check_common_errors(recorder: &Recorder) -> Result<(), GuardError> {
    let (tally, names) = (&recorder.counters.tally, recorder.files().names());
    let describe = |problem: &Problem| {
        let Problem { code, field, at, message, .. } = problem;
        let field = field.as_deref().unwrap_or_default();
        format!("{code} of {field} ({message}; first in {})", names.locate(*at))
    };
    let n_orders = tally.common_errors().next().map(|(n_orders, _)| n_orders);
    let errors: Vec<_> =
        tally.common_errors().take(MAX_COMMON_ERRORS).map(|(_, first)| describe(first)).collect();
    n_orders.map_or(Ok(()), |n_orders| {
        Err(GuardError::NotTheData { n_orders, errors: errors.join(", ") })
    })
}

/// A wrong column may be missing in many fields.
const MAX_COMMON_ERRORS: usize = 5;

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
    /// Refuses a run with too many invalid orders.
    pub(super) fn check_invalid(self, n_invalid: u64, n_orders: u64) -> Result<(), GuardError> {
        if self.is_exceeded(n_invalid, n_orders) {
            return Err(GuardError::TooManyInvalid { n_invalid, n_orders, max_invalid: self });
        }
        Ok(())
    }

    /// Refuses a run with too many old orders.
    // A few old orders are stragglers and are held, while the others are sent. Many of them mean
    // that the export is history.
    pub(super) fn check_old(
        self,
        old_orders: OldOrders,
        n_orders: u64,
        guard: BackfillGuard,
    ) -> Result<(), GuardError> {
        let (n_old, max_invalid) = (old_orders.n_orders, self);
        match guard.held(old_orders) {
            Some((age, oldest)) if self.is_exceeded(n_old, n_orders) => {
                Err(GuardError::TooManyOld { n_old, n_orders, max_invalid, age, oldest })
            }
            _ => Ok(()),
        }
    }

    /// Whether more orders are invalid, or old, than allowed.
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
