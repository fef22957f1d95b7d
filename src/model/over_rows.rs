//! What the rows of one order make of their values of a field.
//!
//! Data only: a profile declares it, `map` gives it to the cells, `group` merges them by it.

/// What becomes of the values that the rows of one order have for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverRows {
    /// They must be equal: a difference makes the order invalid.
    #[default]
    Equal,
    /// The first one counts; a difference is a warning.
    First,
    /// The last one counts; a difference is a warning.
    Last,
    /// They are numbers, which are added up.
    Sum {
        /// The number of rows so far.
        n_rows: u32,
    },
}

impl OverRows {
    /// Whether each row adds to the value.
    #[must_use]
    pub fn is_sum(self) -> bool {
        matches!(self, Self::Sum { .. })
    }
}
