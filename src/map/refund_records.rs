//! Refund records: refunds that are rows or documents with an id of their own, and their amounts.
//!
//! Nothing else of such a record counts but its currency, which is to be that of its order. Part of
//! `mapper`.

use std::borrow::Cow;

use super::{
    bound_rule::BoundRule,
    collector::Collector,
    mapper::{Mapper, apply_rules},
    order_key::key_of,
    view::View,
};
use crate::model::{
    draft::{MappedRow, RefundId, RefundRecord},
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
        let held = self.refunds.as_ref().filter(|refunds| refunds.hold(view, self.profile));
        let Some(refunds) = held else { return false };
        into.refund_records.extend(self.refund_record(view));
        if !refunds.refunds.are_netted {
            return false;
        }
        if self.is_child(view) || refunds.is_record(view, self.profile) {
            self.add_currency(view, order);
        }
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

    /// The refund that a row is as a record of its own, if it is one.
    fn refund_record<'a, V: View<'a, Source = S>>(&'a self, view: V) -> Option<RefundRecord<'a>> {
        let refunds = self.refunds.as_ref()?;
        let is_child = self.is_child(view);
        let is_document = self.items.is_some() && refunds.refunds.are_netted;
        let order = match &refunds.refunds.order {
            Some(order) => key_of(view, order, &refunds.order),
            None if is_child => None,
            None if is_document => self.order_key(view),
            None => return None,
        };
        let id = if is_child { self.own_id(view).map(Cow::Borrowed) } else { self.order_key(view) };
        let has_order_id = id.is_some() && id == order;
        let names_itself = has_order_id && refunds.rows.is_none();
        let id = match id.filter(|_| !has_order_id) {
            Some(id) => RefundId::Own(id),
            // A row that is a refund of the order with its key: equal ones are often legitimate.
            None if has_order_id && !names_itself && !is_document => return None,
            None => RefundId::Row(view.raw().text()?),
        };
        // Rows of one record may each have an item of it.
        let is_whole = is_child || refunds.amount.is_some() || self.items.is_some();
        let counts_once = is_whole && refunds.refunds.are_netted;
        Some(RefundRecord { id, at: view.at().position(), counts_once, names_itself })
    }
}
