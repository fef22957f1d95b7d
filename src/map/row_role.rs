//! Role of a row in grouping: of an order, a refund, ignored, left out.
//!
//! Tests the conditions of the profile on rows. Part of `mapper`; the documents of a profile with
//! `parent` are in `child_documents`.

use std::borrow::Cow;

use super::{
    bound_refunds::{BoundRefunds, REFUND_WITHOUT_KEY, UNTESTED_REFUND, UNTESTED_WITHOUT_KEY},
    bound_rule::TestedSource,
    collector::Collector,
    condition::Condition,
    mapper::Mapper,
    tested_row::{decide, test, tested_value},
    view::{Value, View},
};
use crate::model::draft::RowKind;

impl<S> Mapper<'_, S> {
    /// The role in grouping of a readable row, with its order key.
    pub(super) fn kind<'a, V: View<'a, Source = S>>(&'a self, view: V) -> RowKind<'a> {
        if let Some(parent) = &self.parent {
            return self.kind_by_parent(view, parent);
        }
        let key = self.order_key(view);
        if key.is_none() && view.is_blank(|text| self.profile.is_null(text)) {
            return RowKind::Blank;
        }
        match self.other_kind(view, key) {
            Ok(kind) => kind,
            Err(key) if self.items.is_some() => RowKind::Document(key),
            Err(Some(key)) => RowKind::OrderRow(key),
            Err(None) => RowKind::WithoutKey { ordered_at: None, has_item: false },
        }
    }

    /// The role of a row that is left out of its order or taken off it. An error is the key of any
    /// other.
    pub(super) fn other_kind<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        key: Option<Cow<'a, str>>,
    ) -> Result<RowKind<'a>, Option<Cow<'a, str>>> {
        // The rules that skip documents are those that skip orders.
        match (self.row_skip(view), key) {
            (Some(reason), Some(key)) => Ok(RowKind::Skipped { key, reason }),
            (Some(_), None) => Ok(RowKind::Ignored),
            (None, key) => self.refund_kind(view, key),
        }
    }

    /// The role of a row that is a refund. An error is the key of any other.
    pub(super) fn refund_kind<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        key: Option<Cow<'a, str>>,
    ) -> Result<RowKind<'a>, Option<Cow<'a, str>>> {
        let Some(bound) = &self.refunds else { return Err(key) };
        match bound.rows.as_ref().map(|rows| test(rows, view, self.profile)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return Err(key),
            Some(Err(_)) => return self.possible_record_kind(view, bound, key),
        }
        let (has_rows, is_netted) = (bound.rows.is_some(), bound.refunds.are_netted);
        let key = match (bound.refunds.order.is_some(), bound.order_key(view)) {
            (false, _) => key,
            // It is left out, of whatever order.
            (true, Err(_)) if has_rows && !is_netted => key,
            (true, Err(reason)) => return Ok(RowKind::LostRefund { reason }),
            (true, Ok(None)) if !has_rows => return Err(key),
            (true, Ok(order)) => order,
        };
        match key {
            Some(key) => Ok(RowKind::Refund { key, is_netted }),
            None if !is_netted => Ok(RowKind::Ignored),
            // Any order may be the one that was refunded.
            None => Ok(RowKind::LostRefund { reason: REFUND_WITHOUT_KEY }),
        }
    }

    /// The role of a row that is a refund of the order that it names, or an order itself: `rows`
    /// cannot be tested on it. An error is the key of the order that it makes invalid.
    fn possible_record_kind<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        bound: &'a BoundRefunds<'_, S>,
        key: Option<Cow<'a, str>>,
    ) -> Result<RowKind<'a>, Option<Cow<'a, str>>> {
        if !bound.refunds.are_netted {
            return Err(key);
        }
        let reason = match bound.order_key(view) {
            Err(reason) => reason,
            Ok(None) if key.is_some() => return Err(key),
            Ok(None) => UNTESTED_WITHOUT_KEY,
            // Other rows of its own order may be valid without it.
            Ok(order) if self.items_are_rows() && order != key => UNTESTED_REFUND,
            Ok(order) => return Err(order),
        };
        Ok(RowKind::LostRefund { reason })
    }

    /// Whether several rows of an order may each be an item of it.
    fn items_are_rows(&self) -> bool {
        let are_elsewhere = self.items.is_some() || self.own_items.have_fields;
        self.may_have_items && !are_elsewhere && self.own_items.sources().next().is_some()
    }

    /// Why the profile skips a row, if it does.
    pub(super) fn row_skip<'a, V: View<'a, Source = S>>(&'a self, view: V) -> Option<&'a str> {
        let mut skips = self.row_skips.iter();
        let skip = skips.find(|(_, when)| matches!(test(when, view, self.profile), Ok(true)));
        skip.map(|(skip, _)| &*skip.reason)
    }

    /// Whether the profile ignores a row, of which `view` shows what could be read. `raw` is the
    /// row as it is in the file, if that is known.
    pub(super) fn is_ignored<'a, V: View<'a, Source = S>>(
        &self,
        view: Option<V>,
        is_damaged: bool,
        raw: Option<&'a str>,
    ) -> bool {
        let value = |tested: &TestedSource<S>| match (tested, view) {
            (TestedSource::Raw, _) => raw.map_or(Value::Lost, Value::Text),
            (TestedSource::Missing, _) => Value::Missing,
            (TestedSource::Value(_) | TestedSource::Guarded(_), None) => Value::Lost,
            (TestedSource::Value(source) | TestedSource::Guarded(source), Some(view))
                if is_damaged && !view.is_certain(source) =>
            {
                Value::Lost
            }
            (tested, Some(view)) => tested_value(tested, view, self.profile),
        };
        self.ignore_rows.iter().any(|ignored| matches!(ignored.holds(&value), Ok(true)))
    }

    /// The conditions that have decided whether a row is one of its order, in the same order as
    /// those of the profile.
    pub(super) fn row_conditions(&self) -> impl Iterator<Item = &Condition<TestedSource<S>>> {
        let of_rows = self.row_skips.iter().map(|(_, when)| when);
        let refunds = self.refunds.iter().filter_map(|refunds| refunds.rows.as_ref());
        of_rows.chain(&self.ignore_rows).chain(refunds)
    }

    /// Whether it is known that a row is one of its order. A condition that cannot be tested is a
    /// problem.
    pub(super) fn decide_row<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
    ) -> bool {
        let tested = self.row_conditions().map(|when| decide(when, view, self.profile, order));
        tested.fold(true, |is_decided, holds| is_decided & holds.is_some())
    }

    /// Whether a row makes the profile skip its order, or a condition cannot be tested on it.
    pub(super) fn skips_or_doubts<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        self.skips.iter().any(|(_, when)| !matches!(test(when, view, self.profile), Ok(false)))
            || self.row_conditions().any(|when| test(when, view, self.profile).is_err())
    }

    /// Whether a row may hold an item; none if that cannot be tested.
    pub(super) fn may_be_item<'a, V: View<'a, Source = S>>(&self, view: V) -> Option<bool> {
        self.item_rows.as_ref().map_or(Some(true), |rows| test(rows, view, self.profile).ok())
    }
}
