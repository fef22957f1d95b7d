//! Routes: an order is sent as one event, or assembled from several.
//!
//! The routes and the settings that choose one. `stream` says which of them an order may take, and
//! encodes it.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::suggest::{did_you_mean, suggest};

/// The route by which an order is sent (manual, "Sending orders": using a single event, using
/// multiple events).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// One ORDER_CHECKOUT, on the guest's browser.
    #[default]
    Single,
    /// ADD per item, ADD_CONTACTS, CONFIRM and CHECKOUT, on a browser of the order's own.
    Multi,
}

/// The setting that chooses the route of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// An order is one event.
    #[default]
    Single,
    /// An order is assembled from several events.
    Multi,
    /// Several events only where a single one cannot carry the order, because of its item types
    /// or its size.
    Auto,
}

impl Mode {
    /// The modes with their names.
    pub const NAMES: [(&'static str, Self); 3] =
        [("single", Self::Single), ("multi", Self::Multi), ("auto", Self::Auto)];
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
        known.ok_or_else(|| {
            let hint = did_you_mean(suggest(name, Self::NAMES.iter().map(|(known, _)| *known)));
            format!("unknown mode {name:?}; expected single, multi or auto{hint}")
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name))
    }
}

/// The setting that decides how CONFIRM names the items of an order.
// `Whole` is the default because the manual does not document whether several CONFIRMs may each
// name a part of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfirmMode {
    /// One CONFIRM with all items. An order for which it is too long cannot be sent.
    #[default]
    Whole,
    /// As many CONFIRMs as their maximum length requires.
    Parts,
}
