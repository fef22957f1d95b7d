//! Netted items: those of a refund that is taken off its order.
//!
//! Part of `mapper`; `validate` takes them off.

use super::{
    bound_refunds::BoundRefunds, collector::Collector, mapper::Mapper, tested_row::test, view::View,
};
use crate::model::{
    draft::{CellOrigin, ItemDraft},
    problem::{Code, Problem},
};

impl<S> Mapper<'_, S> {
    /// Takes the items of a row off its order, if it is such a refund.
    pub(super) fn net_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        items: &mut [ItemDraft<'a>],
        order: &mut Collector<'a>,
    ) {
        if self.is_netted(view) {
            if items.is_empty() && !order.problems.iter().any(Problem::hides_items) {
                order.problems.push(no_item_of_refund(view.at()));
            }
            for item in items {
                item.is_refund = true;
            }
        }
    }

    /// Whether a row may be a refund that is taken off its order: it cannot be tested.
    pub(super) fn may_be_netted<'a, V: View<'a, Source = S>>(&'a self, view: V) -> bool {
        let rows = self.netted_refunds().and_then(|refunds| refunds.rows.as_ref());
        rows.is_some_and(|rows| test(rows, view, self.profile).is_err())
    }

    /// Whether a row is a refund that is taken off its order.
    pub(super) fn is_netted<'a, V: View<'a, Source = S>>(&'a self, view: V) -> bool {
        self.netted_refunds().is_some_and(|refunds| refunds.hold(view, self.profile))
    }

    /// Whether a row is a refund.
    pub(super) fn is_refund<'a, V: View<'a, Source = S>>(&'a self, view: V) -> bool {
        self.refunds.as_ref().is_some_and(|refunds| refunds.hold(view, self.profile))
    }

    /// The rows that are refunds, if they are taken off their orders.
    fn netted_refunds(&self) -> Option<&BoundRefunds<'_, S>> {
        self.refunds.as_ref().filter(|refunds| refunds.refunds.are_netted)
    }
}

/// The problem of a refund that takes nothing off its order.
fn no_item_of_refund(at: CellOrigin<'_>) -> Problem {
    let message = "the refund has no item, so it is not known what it takes off the order; \
                   mode = \"leave_out\" under [refunds] leaves refunds out";
    Problem::for_order(Code::RefundUnclear, at, message)
}
