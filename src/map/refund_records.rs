//! Refund records: refunds that are rows or documents with an id of their own, and their amounts.
//!
//! Nothing else of such a record counts but its currency, which is to be that of its order. Part of
//! `mapper`.

use super::{
    bound_rule::BoundRule,
    collector::Collector,
    mapper::{Mapper, apply_rules},
    order_key::key_of,
    view::View,
};
use crate::model::{
    draft::{MappedRow, RefundRecord},
    field::Field,
};

impl<S> Mapper<'_, S> {
    /// Adds what a refund takes off its order by an amount of its own. Returns whether it has such
    /// an amount: its items do not count then.
    pub(super) fn add_refund<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) -> bool {
        let netted = self.refunds.as_ref().filter(|_| self.is_netted(view));
        let Some(refunds) = netted else { return false };
        if self.is_child(view) || refunds.is_record(view, self.profile) {
            self.add_currency(view, order);
        }
        into.refund_records.extend(self.refund_record(view));
        if refunds.amount.is_none() {
            return false;
        }
        into.refunds.extend(refunds.amount(view, self.profile, order));
        true
    }

    fn add_currency<'a, V: View<'a, Source = S>>(&'a self, view: V, order: &mut Collector<'a>) {
        let is_currency = |rule: &&BoundRule<'_, S>| rule.field() == Some(&Field::CurrencyCode);
        for rule in self.order_rules.iter().filter(is_currency) {
            apply_rules(order, std::slice::from_ref(rule), view, None, self.profile);
        }
    }

    /// The id of a refund that is one row or document and no more, so that it counts once.
    fn refund_record<'a, V: View<'a, Source = S>>(&'a self, view: V) -> Option<RefundRecord<'a>> {
        let refunds = self.refunds.as_ref()?;
        // Rows of one record may each have an item of it.
        let is_whole = refunds.amount.is_some() || self.items.is_some();
        let id = if self.is_child(view) {
            self.own_id(view)?.into()
        } else {
            let order = refunds.refunds.order.as_ref().filter(|_| is_whole)?;
            let order = key_of(view, order, &refunds.order);
            self.order_key(view).filter(|id| Some(id) != order.as_ref())?
        };
        Some(RefundRecord { id, at: view.at().position() })
    }
}
