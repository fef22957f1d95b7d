//! Items of a row or document, with their kinds and their people.
//!
//! Part of `mapper`; items that are fields of a row, not the row itself, are in `field_items`.

use super::{
    bound_rule::{ArraySource, BoundKind, BoundRule},
    collector::Collector,
    elements::elements,
    field_items::{has_filled_source, has_own_value},
    item_set::{ItemRows, ItemSet},
    mapper::{Mapper, apply_rules, capacity},
    tested_row::{decide, holds},
    view::{Value, View},
};
use crate::model::{
    draft::{Cells, ItemDraft, MappedRow, OrderItem, PersonRole},
    problem::{Code, Problem},
};

impl<S> Mapper<'_, S> {
    /// Adds the items, and the people of the row and of its items.
    pub(super) fn add_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        match &self.items {
            _ if self.has_item_fields() => self.add_field_items(view, order, into),
            // The items are documents of their own.
            _ if self.parent.is_some() => {}
            Some(arrays) => self.add_elements(view, arrays, order, into),
            None if self.own_items.kinds.is_empty() => {}
            None => return self.add_row_item(view, order, into),
        }
        for people in &self.people {
            people.add((view, None), self.profile, order, &mut into.people);
        }
    }

    /// Adds the item that a row is, and its people.
    fn add_row_item<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let item =
            self.item(view.as_element(), &self.own_items, order).map(|item| push_item(item, into));
        for people in &self.people {
            let item = item.filter(|_| people.role == PersonRole::Consumer);
            people.add((view, item), self.profile, order, &mut into.people);
        }
    }

    /// Adds the items of a document's arrays, and their consumers.
    fn add_elements<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        arrays: &'a [ArraySource<'_, S>],
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        for array in arrays {
            for element in elements(view, array, None, order) {
                let item =
                    self.item(element, &self.own_items, order).map(|item| push_item(item, into));
                self.add_consumers((element, item), order, into);
            }
        }
    }

    /// Adds the consumers of an item.
    pub(super) fn add_consumers<'a, V: View<'a, Source = S>>(
        &'a self,
        of_item: (V, Option<usize>),
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        for people in self.people.iter().filter(|people| people.role == PersonRole::Consumer) {
            people.add(of_item, self.profile, order, &mut into.people);
        }
    }

    /// Adds what a row says of the items that are made of values of its order.
    pub(super) fn add_order_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        for BoundKind { kind, when, tests_own_amounts, rules } in &self.order_kinds {
            if when.as_ref().is_some_and(|when| !holds(when, view, self.profile, order)) {
                // Such as a when that the price is above 0: a refund takes off what is below.
                let may_take_off = *tests_own_amounts && self.is_netted(view);
                if !may_take_off {
                    continue;
                }
            }
            // The condition may not hold for the row that is repeated.
            let previous = previous.filter(|_| when.is_none());
            let mut item = Collector::new(view.at(), Cells::default());
            apply_rules(&mut item, rules, view, previous, self.profile);
            order.problems.append(&mut item.problems);
            order.skip = order.skip.take().or(item.take_skip());
            if !item.cells.is_empty() {
                let draft = ItemDraft {
                    at: view.at(),
                    kind: *kind,
                    is_refund: false,
                    cells: item.cells.trimmed(),
                };
                into.order_items.push(OrderItem { item: draft, is_filled: item.filled > 0 });
            }
        }
    }

    /// The item of a row or of an element, if one of its values is filled.
    pub(super) fn item<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        items: &'a ItemSet<'_, S>,
        order: &mut Collector<'a>,
    ) -> Option<ItemDraft<'a>> {
        // A row that is a refund is one of an item: item_rows says which others are.
        let is_refund = || self.items.is_none() && items.join.is_none() && self.is_netted(view);
        let rows = match &items.rows {
            ItemRows::OfProfile => self.item_rows.as_ref(),
            ItemRows::OfJoin(rows) => rows.as_ref(),
        };
        if let Some(rows) = rows
            && !holds(rows, view, self.profile, order)
            && !is_refund()
        {
            return None;
        }
        let BoundKind { kind, rules, .. } = self.kind_of(view, items, order)?;
        let capacity = capacity(view, rules);
        let mut item = Collector::new(view.at(), Cells::with_capacity(capacity));
        apply_rules(&mut item, rules, view, None, self.profile);
        let has_own_value = || has_own_value(rules, view, &item.cells);
        let is_filled = item.filled > 0 && (!items.have_fields || has_own_value());
        order.problems.append(&mut item.problems);
        let skip = item.take_skip();
        // A value that leaves the order out is one too.
        if !is_filled && skip.is_none() {
            order.problems.extend(self.element_error(view, items, rules));
        }
        order.skip = order.skip.take().or(skip);
        let draft = || ItemDraft {
            at: view.at(),
            kind: *kind,
            is_refund: false,
            cells: item.cells.trimmed(),
        };
        is_filled.then(draft)
    }

    /// The rules of items, if all are of one kind and none is made of values of the order.
    pub(super) fn only_item_rules(&self) -> Option<&[BoundRule<'_, S>]> {
        match (&*self.own_items.kinds, &*self.order_kinds, &*self.joined_items) {
            ([only], [], []) if only.when.is_none() => Some(&only.rules),
            _ => None,
        }
    }

    /// The kind of an item: the only one whose condition holds.
    fn kind_of<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        items: &'a ItemSet<'_, S>,
        order: &mut Collector<'a>,
    ) -> Option<&'a BoundKind<'a, S>> {
        let (mut found, mut is_decided) = (None, true);
        for of in &items.kinds {
            let when = of.when.as_ref();
            match when.map_or(Some(true), |when| decide(when, view, self.profile, order)) {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    is_decided = false;
                    continue;
                }
            }
            let Some(first) = found.replace(of) else { continue };
            let (first, second) = (first.kind.index + 1, of.kind.index + 1);
            let message = format!(
                "the item is of two kinds: the conditions of the [[item]] tables {first} and \
                 {second} hold"
            );
            order.problems.push(Problem::for_order(Code::ItemOfTwoKinds, view.at(), message));
            return None;
        }
        if found.is_none() && is_decided {
            let is_null = |text: &str| self.profile.is_null(text);
            let mut sources = items.sources();
            order.problems.extend(
                if sources.any(|source| view.find(source).value.is_filled_unless(is_null)) {
                    let key = items.key_of_rows();
                    let message =
                        format!("{NO_KIND}; {key} says which rows and elements are items");
                    Some(Problem::for_order(Code::ItemWithoutKind, view.at(), message))
                } else {
                    self.element_error(view, items, &[])
                },
            );
        }
        found
    }

    /// Why an element without a value for the items' rules is no item: if it was passed over, the
    /// order would be sent in part. One of whose texts all count as empty is as an empty row.
    fn element_error<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        items: &ItemSet<'_, S>,
        rules: &[BoundRule<'_, S>],
    ) -> Option<Problem> {
        if self.items.is_none() && !items.have_fields && self.parent.is_none() {
            return None;
        }
        let is_own = |source: &S| !items.have_fields || view.item_field(source).is_some();
        let has_text = |source: &S| {
            is_own(source) && view.find(source).value.text().is_some_and(|text| !text.is_empty())
        };
        let (code, message) = match Value::of(view.node()) {
            // An item in the list of a cell is no value of its own.
            Value::Object(_) | Value::Missing => {
                let is_filled = has_filled_source(rules, view, is_own);
                if !is_filled && items.sources().any(has_text) {
                    return None;
                }
                let what = if is_filled { NO_VALUE_OF_RULES } else { NO_ITEM_VALUE };
                let key = items.key_of_rows();
                (Code::ItemEmpty, format!("{what}; {key} says which elements are items"))
            }
            Value::Null => (Code::ItemEmpty, "null where an item is expected".to_owned()),
            other => (Code::NotAScalar, format!("{} where an item is expected", other.type_name())),
        };
        Some(Problem::for_order(code, view.at(), message))
    }
}

pub(super) fn push_item<'a>(item: ItemDraft<'a>, into: &mut MappedRow<'a>) -> usize {
    into.items.push(item);
    into.items.len() - 1
}

const NO_KIND: &str = "the item is of no kind: no condition of an [[item]] table holds";

const NO_ITEM_VALUE: &str = "the item has no value that the profile reads";

const NO_VALUE_OF_RULES: &str = "no rule of the profile makes a value of what the item has";
