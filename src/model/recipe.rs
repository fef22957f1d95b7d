//! How an order is sent: as one event, or assembled from several.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How an order is sent ("Sending orders": using a single event, using multiple events).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// As one ORDER_CHECKOUT, on the guest's browser.
    #[default]
    Single,
    /// As ADD for each item, ADD_CONTACTS, CONFIRM and CHECKOUT, on a browser of its own.
    Multi,
}

/// Which recipe orders are sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All by the single event.
    #[default]
    Single,
    /// All assembled from several events.
    Multi,
    /// Those by several events that the single one cannot carry, for their items' types or their size.
    Auto,
}

impl Mode {
    /// The modes by their names.
    pub const NAMES: [(&'static str, Self); 3] =
        [("single", Self::Single), ("multi", Self::Multi), ("auto", Self::Auto)];
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
        known.ok_or_else(|| format!("{name:?} is no mode, expected single, multi or auto"))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name))
    }
}

/// How CONFIRM names the items of an order. Whether several may each name a part of them is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// All in one; an order for which that is too long cannot be sent.
    #[default]
    Whole,
    /// In as many as it takes.
    Parts,
}
