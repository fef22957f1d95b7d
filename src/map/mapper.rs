//! Mapper: applies the rules and conditions of a profile to the rows of one file.
//!
//! The same for all formats: a [`View`] finds the values. Its parts are in files of their own: what
//! a row is (`row_role`, `row_key`), its items (`row_items`, `field_items`, `netted_items`), its
//! people (`row_people`), and documents of another one (`child_documents`). Bound once per file by
//! `header_binding` (CSV) and `document_binding` (JSON); called by `file_mapper`.

use std::{ops::RangeInclusive, sync::Arc};

use super::{
    bound_refunds::BoundRefunds,
    bound_rule::{
        ArraySource, BoundKind, BoundPeople, BoundRule, FieldBinding, PackedSource, ParentSource,
        TestedSource,
    },
    collector::Collector,
    condition::Condition,
    copy_version::copy_version,
    custom_members,
    group_columns::ItemGroup,
    item_set::ItemSet,
    join_readers::RowUse,
    profile::{Profile, SkipRule},
    row_joins::RowJoins,
    tested_row::holds,
    view::View,
};
use crate::model::{
    copy_version::CopyVersion,
    draft::{AddedSideRows, MappedRow},
    problem::Problem,
};

/// Rules that leave out orders or rows, with their bound conditions.
pub(super) type BoundSkips<'p, S> = Vec<(&'p SkipRule, Condition<TestedSource<S>>)>;

/// A profile bound to a file. `S` is where its rules find their values: a column or a path.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the file, decided once")]
pub(super) struct Mapper<'p, S> {
    pub(super) profile: &'p Profile,
    /// The sources of the order key; the first filled one is used, unless all of them are the key.
    pub(super) key: Vec<S>,
    /// [`Rule::is_verbatim`](super::rule::Rule::is_verbatim) of the rule of the order key.
    pub(super) is_key_verbatim: bool,
    /// [`Profile::checks_key_parts`].
    pub(super) checks_key_parts: bool,
    /// Where a document has the id of the one that it belongs to, if any may have one.
    pub(super) parent: Option<ParentSource<'p, S>>,
    pub(super) order_rules: Vec<BoundRule<'p, S>>,
    /// The columns of `order_rules` as ranges of adjacent columns; empty for documents. If all
    /// ranges repeat the previous row, no rule needs to be applied.
    pub(super) order_columns: Vec<RangeInclusive<usize>>,
    /// Whether a rule of the order counts each row, also one that repeats the previous one.
    pub(super) counts_each_row: bool,
    /// The kinds of the items that have a row, an element or a text of their own; at least one.
    pub(super) own_items: ItemSet<'p, S>,
    /// The index of the first field of items of the export: those of joined files come before.
    pub(super) first_own_field: usize,
    /// The items of joined files.
    pub(super) joined_items: Vec<ItemSet<'p, S>>,
    /// The kinds of the items that are made of values of the order.
    pub(super) order_kinds: Vec<BoundKind<'p, S>>,
    /// The arrays of the items; if it is none, each row is an item.
    pub(super) items: Option<Vec<ArraySource<'p, S>>>,
    /// The list of the items in a cell, if they are in one.
    pub(super) packed: Option<PackedSource<'p, S>>,
    /// The groups of columns of the items, if they are in such.
    pub(super) groups: Vec<ItemGroup<S>>,
    /// The side files whose rows belong to those of the file.
    pub(super) joins: RowJoins<'p, S>,
    /// The joins whose rows are added up.
    pub(super) added_joins: Vec<usize>,
    /// Whether the file has items; constants alone do not add one. If several files are joined,
    /// another one may have them.
    pub(super) may_have_items: bool,
    pub(super) people: Vec<BoundPeople<'p, S>>,
    pub(super) skips: BoundSkips<'p, S>,
    pub(super) row_skips: BoundSkips<'p, S>,
    pub(super) ignore_rows: Vec<Condition<TestedSource<S>>>,
    pub(super) item_rows: Option<Condition<TestedSource<S>>>,
    /// The rows that are refunds, if they are not rows as all others.
    pub(super) refunds: Option<BoundRefunds<'p, S>>,
    /// What says how new a copy of an order is, if the export may have several.
    pub(super) version: Option<FieldBinding<'p, S>>,
}

impl<S> Mapper<'_, S> {
    /// Maps a row and adds the result to `into`. Cells that repeat the `previous` row of the same
    /// order are omitted.
    pub(super) fn map<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        into: &mut MappedRow<'a>,
    ) {
        if self.is_child(view) {
            return self.map_child(view, into);
        }
        let mut order = Collector::new(view.at(), std::mem::take(&mut into.cells));
        order.problems.append(&mut into.problems);
        order.added_side_rows.append(&mut into.added_side_rows);
        if !self.joins.is_empty() {
            let row_use = |view| self.row_use(view);
            order.problems.extend(self.joins.problems(view, previous, row_use));
        }
        // Other values of a refund record than its own are not those of its order.
        if !self.refunds.as_ref().is_some_and(|refunds| refunds.is_record(view, self.profile)) {
            self.add_order_values(view, previous, &mut order);
        }
        if self.checks_key_parts {
            self.check_key_parts(view, &mut order);
        }
        let undated = self.copy_version(view).and_then(Result::err);
        order.problems.extend(undated.map(|problem| *problem));
        into.may_have_items |= self.may_have_items;
        if !self.add_refund(view, &mut order, into) {
            let n_items = into.items.len();
            self.add_items(view, &mut order, into);
            self.net_items(view, &mut into.items[n_items..], &mut order);
            self.add_joined_items(view, &mut order, into);
        }
        self.add_order_items(view, previous, &mut order, into);
        let skip = self.skip_reason(view, &mut order, into);
        for join in &self.added_joins {
            let first = view.side_rows(*join).first();
            let added = first.map(|row| AddedSideRows { join: *join, first: row.number });
            order.added_side_rows.extend(added);
        }
        order.finish_into(skip, into);
    }

    /// What is read of a row: of a refund record, nothing of its order.
    fn row_use<'a, V: View<'a, Source = S>>(&'a self, view: V) -> RowUse {
        match &self.refunds {
            Some(refunds) if refunds.is_record(view, self.profile) => refunds.row_use(),
            _ if self.is_no_item(view) => RowUse::OrderWithoutItem,
            _ => RowUse::Order,
        }
    }

    /// Whether rows may be items, and this one is none.
    fn is_no_item<'a, V: View<'a, Source = S>>(&'a self, view: V) -> bool {
        let are_rows = self.items.is_none() && !self.has_item_fields();
        let is_other = || self.may_be_item(view) == Some(false) && !self.is_netted(view);
        are_rows && (self.parent.is_some() || is_other())
    }

    /// Adds what a row says of its order.
    fn add_order_values<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
    ) {
        // The rows of an order repeat most of it, so this usually skips all rules of the order.
        let is_repeated = |previous: V| view.repeats_columns(previous, &self.order_columns);
        if self.counts_each_row || !previous.is_some_and(is_repeated) {
            order.cells.reserve(capacity(view, &self.order_rules));
            apply_rules(order, &self.order_rules, view, previous, self.profile);
        }
    }

    /// Why a row leaves its order out, if it does. One that may be none of the order does not.
    fn skip_reason<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) -> Option<&'a Arc<str>> {
        let is_decided = self.decide_row(view, order);
        let mut skips = self.skips.iter();
        let skip = skips.find(|(_, when)| holds(when, view, self.profile, order));
        if !is_decided {
            order.forget_skips();
            into.may_be_of_none = true;
            into.may_be_refund = self.refunds.is_some();
            return None;
        }
        skip.map(|(skip, _)| &skip.reason)
    }

    /// How new the copy of a row is, or why that is not known; none if an order has one copy.
    pub(super) fn copy_version<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Result<CopyVersion, Box<Problem>>> {
        let (by, duplicates) = self.version.as_ref().zip(self.profile.duplicates.as_ref())?;
        Some(copy_version(by, view, (self.profile, duplicates)))
    }
}

pub(super) fn apply_rules<'a, V: View<'a>>(
    collector: &mut Collector<'a>,
    rules: &'a [BoundRule<'_, V::Source>],
    view: V,
    previous: Option<V>,
    profile: &Profile,
) {
    for rule in rules {
        match rule {
            BoundRule::Field(binding) => {
                if !previous.is_some_and(|previous| binding.is_repeated(view, previous)) {
                    binding.apply(collector, view, profile);
                }
            }
            BoundRule::Custom(custom) => {
                let when = custom.when.as_ref();
                if when.is_none_or(|when| holds(when, view, profile, collector)) {
                    custom_members::apply(collector, custom, view);
                }
            }
        }
    }
}

/// The capacity for the cells of a view: one per rule, but hardly more than it has values.
pub(super) fn capacity<'a, V: View<'a>>(view: V, rules: &[BoundRule<'_, V::Source>]) -> usize {
    rules.len().min(view.max_values() + 1)
}
