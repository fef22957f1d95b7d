//! Range of dates that are numbers: a number of another unit is outside of it.
//!
//! Used by `epoch` and `date_rule`.

use chrono::{Datelike, NaiveDateTime};

/// The range, for messages.
pub(super) const PLAUSIBLE_YEARS: &str = "of the years 1980 to 2099";

/// Whether a time is in the range.
pub(super) fn is_plausible(time: NaiveDateTime) -> bool {
    (1980..2100).contains(&time.year())
}
