//! Version of a copy: how new one of several copies of an order is, by a number or a date of it.
//!
//! Read by `map`, compared by `group`.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};

use super::money::Amount;

/// How new a copy of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CopyVersion {
    /// A number that grows.
    Number(Amount),
    /// The day when it was written.
    Date(NaiveDate),
    /// When it was written.
    Time(DateTime<Utc>),
    /// It cannot be read.
    Unknown,
}

impl CopyVersion {
    /// Which of two copies is newer; none if that is not known.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => Some(one.cmp(&other)),
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(&other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }
}
