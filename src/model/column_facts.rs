//! Facts of columns: what the values of each column show over the whole export.
//!
//! A rule that a single value cannot answer asks here: which type an attribute has, whether a point
//! is a decimal mark. `shuffle` collects the facts from drafts, block by block, and `validate` uses
//! them. Neither the boundaries of blocks nor the number of cores changes a fact.

use super::{
    date_readings::FormatOverlap, decimal_mark::DecimalMark, extension_types::ExtensionTypes,
};

/// What the values of each column show over the whole export, or over a part of it.
#[derive(Debug, Clone, Default)]
pub struct ColumnFacts {
    /// The type of each extension attribute.
    pub types: ExtensionTypes,
    /// The points of order totals whose decimal mark the profile does not declare.
    pub totals: DecimalMark,
    /// The order dates, for each pair of formats that may read one text as different instants.
    pub dates: Vec<FormatOverlap>,
    /// Whether the orders have items.
    pub items: ItemsFact,
}

/// Whether orders have items, and whether an order could have had some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemsFact {
    /// An order has items.
    pub some_has: bool,
    /// An order has none, and the profile maps items without a condition that takes them.
    pub some_lacks: bool,
}

impl ItemsFact {
    /// Whether no order has items, so that one without is not remarkable.
    #[must_use]
    pub fn none_has(self) -> bool {
        self.some_lacks && !self.some_has
    }
}

impl ColumnFacts {
    /// Appends the facts of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.types.append(later.types);
        self.totals.append(later.totals);
        if self.dates.len() < later.dates.len() {
            self.dates.resize_with(later.dates.len(), FormatOverlap::default);
        }
        for (overlap, part) in self.dates.iter_mut().zip(later.dates) {
            overlap.append(part);
        }
        self.items.some_has |= later.items.some_has;
        self.items.some_lacks |= later.items.some_lacks;
    }

    /// Whether the decision about an order may depend on these facts.
    #[must_use]
    pub fn concern_orders(&self) -> bool {
        !self.types.is_uniform() || self.totals.ambiguous().is_some() || self.items.none_has()
    }
}
