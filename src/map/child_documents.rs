//! Child documents: lines of their own that belong to the document of an order, such as its items.
//!
//! Tells which documents are such, and maps them: a child has an item at most, and says nothing
//! of its order. Part of `mapper`, for profiles with `parent`.

use std::borrow::Cow;

use super::{
    bound_rule::ParentSource,
    collector::Collector,
    join_readers::RowUse,
    mapper::Mapper,
    row_items::push_item,
    tested_row::test,
    view::{Value, View},
};
use crate::model::draft::{MappedRow, RowKind};

impl<S> Mapper<'_, S> {
    /// The role in grouping of a document that may belong to another one.
    pub(super) fn kind_by_parent<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        parent: &'a ParentSource<'_, S>,
    ) -> RowKind<'a> {
        match (parent_id(view, parent), self.order_key(view)) {
            (Err(reason), _) => RowKind::Unreadable { key: None, reason },
            (Ok(Some(order)), _) => {
                let child = |_| RowKind::ChildDocument { order, id: self.own_id(view) };
                self.other_kind(view, Some(Cow::Borrowed(order))).unwrap_or_else(child)
            }
            // Some order would go without the item, or at its full price.
            (Ok(None), _)
                if self.row_skip(view).is_none()
                    && (self.is_item(view) || self.is_netted(view)) =>
            {
                RowKind::WithoutKey { ordered_at: None, has_item: true }
            }
            // A rule that skips rows skips the whole order, if it skips its document.
            (Ok(None), Some(key)) => match self.refund_kind(view, Some(key)) {
                Ok(kind) => kind,
                Err(key) => RowKind::OrderDocument(key.unwrap_or_default()),
            },
            (Ok(None), None) if view.is_blank(|text| self.profile.is_null(text)) => RowKind::Blank,
            (Ok(None), None) => {
                let lost = |_| RowKind::WithoutKey { ordered_at: None, has_item: false };
                self.other_kind(view, None).unwrap_or_else(lost)
            }
        }
    }

    /// Whether `item_rows` takes a document.
    fn is_item<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        let test = |rows| test(rows, view, self.profile);
        self.item_rows.as_ref().map(test).is_some_and(|is_item| matches!(is_item, Ok(true)))
    }

    /// Whether a document belongs to another one.
    pub(super) fn is_child<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        self.parent.as_ref().is_some_and(|parent| matches!(parent_id(view, parent), Ok(Some(_))))
    }

    /// The id of a document that belongs to another one, by which its own children find it, and
    /// that of the other one. None of one that is its own parent.
    pub(super) fn child_and_parent<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
    ) -> Option<(&'a str, &'a str)> {
        let parent = parent_id(view, self.parent.as_ref()?).ok()??;
        self.own_id(view).filter(|id| *id != parent).map(|id| (id, parent))
    }

    pub(super) fn own_id<'a, V: View<'a, Source = S>>(&self, view: V) -> Option<&'a str> {
        self.key_value(view, &self.key)?.text()
    }

    /// The order of a damaged document that belongs to another one. One whose parent was not read
    /// may be a child of any order.
    pub(super) fn reliable_parent<'a, V: View<'a, Source = S>>(
        view: V,
        parent: &ParentSource<'_, S>,
    ) -> Option<Cow<'a, str>> {
        parent_id(view, parent).ok()?.map(Cow::Borrowed)
    }

    /// Adds the item of a document that belongs to another one, if it is one.
    pub(super) fn map_child<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        into: &mut MappedRow<'a>,
    ) {
        let mut order = Collector::new(view.at(), std::mem::take(&mut into.cells));
        order.problems.append(&mut into.problems);
        into.may_have_items |= self.may_have_items;
        if !self.joins.is_empty() {
            order.problems.extend(self.joins.problems(view, None, |view| self.use_of_child(view)));
        }
        if !self.add_refund(view, &mut order, into) {
            self.add_child_item(view, &mut order, into);
        }
        into.may_be_refund = !self.decide_row(view, &mut order) && self.refunds.is_some();
        order.finish_into(None, into);
    }

    /// What is read of a document that belongs to another one: of one that is neither a refund nor
    /// an item, only that.
    fn use_of_child<'a, V: View<'a, Source = S>>(&'a self, view: V) -> RowUse {
        match self.refunds.as_ref().filter(|_| self.is_netted(view)) {
            Some(refund) => refund.row_use(),
            None if self.may_be_item(view) == Some(false) => RowUse::Kind,
            None => RowUse::Items,
        }
    }

    fn add_child_item<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let n_items = into.items.len();
        if let Some(item) = self.item(view, &self.own_items, order) {
            let item = push_item(item, into);
            self.add_consumers((view, Some(item)), order, into);
        }
        self.net_items(view, &mut into.items[n_items..], order);
    }
}

/// The id of the parent of a document, if it has one. An error is why it cannot be read.
fn parent_id<'a, 'm, V: View<'a>>(
    view: V,
    ParentSource { rule, source, no_id }: &'m ParentSource<'_, V::Source>,
) -> Result<Option<&'a str>, &'m str> {
    match view.find(source).value {
        Value::Missing | Value::Null => Ok(None),
        value @ (Value::Text(text) | Value::Number(text)) => {
            Ok(Some(text).filter(|_| value.is_filled(rule)))
        }
        value @ Value::WithinScalar { .. } if !value.is_misplaced(rule) => Ok(None),
        _ => Err(no_id),
    }
}
