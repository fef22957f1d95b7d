//! Price settings: the source of an order's total and the basis of an item's price.
//!
//! Data only; `validate` does the arithmetic. Profiles set both (`order_price`, `item_price`); the
//! setting `item_price` declares what the target expects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source of an order's total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TotalFrom {
    /// The export contains it.
    #[default]
    Given,
    /// It is the sum of the items' line totals.
    SumOfLines,
}

/// What the price of an item refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PriceBasis {
    /// One piece.
    #[default]
    Unit,
    /// The line: all pieces of the item together.
    Line,
}
