//! Bound refunds: which rows of one file are refunds.
//!
//! `group` leaves them out or gives them to their orders; `validate` takes their amounts off. Made by
//! `header_binding` and `document_binding`, used by `mapper`.

use super::{
    bound_rule::TestedSource, condition::Condition, profile::Profile, refunds::Refunds,
    tested_row::test, view::View,
};

/// The rows of a file that are refunds.
pub(super) struct BoundRefunds<'p, S> {
    pub(super) refunds: &'p Refunds,
    pub(super) rows: Condition<TestedSource<S>>,
}

impl<S> BoundRefunds<'_, S> {
    /// Whether a row is a refund. One that cannot be tested is none; `mapper` reports it.
    pub(super) fn hold<'a, V: View<'a, Source = S>>(&self, view: V, profile: &Profile) -> bool {
        matches!(test(&self.rows, view, profile), Ok(true))
    }
}
