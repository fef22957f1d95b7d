//! Bound refunds: which rows of one file are refunds, and of which order.
//!
//! `group` leaves them out or gives them to their orders; `validate` takes their amounts off. Made by
//! `header_rules` and `document_binding`, used by `mapper`.

use super::{
    bound_rule::{FieldBinding, TestedSource},
    collector::Collector,
    condition::Condition,
    order_key::key_of,
    profile::Profile,
    refunds::{REFUND_AMOUNT, Refunds},
    tested_row::test,
    view::View,
};
use crate::model::{
    draft::{Cell, Cells},
    problem::{Code, Problem},
};

/// The rows of a file that are refunds.
pub(super) struct BoundRefunds<'p, S> {
    pub(super) refunds: &'p Refunds,
    pub(super) rows: Option<Condition<TestedSource<S>>>,
    /// The sources of the key of their orders.
    pub(super) order: Vec<S>,
    /// The rule of their amounts.
    pub(super) amount: Option<FieldBinding<'p, S>>,
}

impl<S> BoundRefunds<'_, S> {
    /// Whether a row is a refund. One that cannot be tested is none; `mapper` reports it.
    pub(super) fn hold<'a, V: View<'a, Source = S>>(&'a self, view: V, profile: &Profile) -> bool {
        match (&self.rows, &self.refunds.order) {
            (Some(rows), _) => matches!(test(rows, view, profile), Ok(true)),
            (None, Some(rule)) => key_of(view, rule, &self.order).is_some(),
            (None, None) => false,
        }
    }

    /// Whether a row is a refund that is a record of its own.
    pub(super) fn is_record<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        profile: &Profile,
    ) -> bool {
        self.refunds.order.is_some() && self.hold(view, profile)
    }

    /// The amount of a refund. Its problems are added to `order`.
    pub(super) fn amount<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        profile: &Profile,
        order: &mut Collector<'a>,
    ) -> Option<Cell<'a>> {
        let mut found = Collector::new(view.at(), Cells::default());
        self.amount.as_ref()?.apply(&mut found, view, profile);
        let with_name = |problem| Problem { field: Some(REFUND_AMOUNT.to_owned()), ..problem };
        let is_reported = !found.problems.is_empty();
        order.problems.extend(found.problems.into_iter().map(with_name));
        let cell = found.cells.into_iter().next().filter(|cell| !cell.is_unparsable);
        if cell.is_none() && !is_reported {
            let message =
                "the refund has no amount, so it is not known what it takes off the order";
            order.problems.push(Problem::for_order(Code::RefundUnclear, view.at(), message));
        }
        cell
    }
}
