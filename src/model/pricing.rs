//! What a price is the price of.

use serde::{Deserialize, Serialize};

/// Where an order's total comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TotalFrom {
    /// The export gives it.
    #[default]
    Given,
    /// It is what the items add up to.
    SumOfLines,
}

/// What an item's price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum PriceBasis {
    /// One piece.
    #[default]
    Unit,
    /// The line: all pieces together.
    Line,
}
