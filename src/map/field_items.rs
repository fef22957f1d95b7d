//! Items that are fields of a row: a list in a cell, groups of columns, rows of side files.
//!
//! Part of `mapper`.

use std::{
    collections::btree_map::Entry,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    bound_rule::{BoundRule, FieldBinding, PackedSource},
    collector::Collector,
    group_columns::ItemGroup,
    item_view::{ItemFields, ItemView},
    mapper::Mapper,
    view::{Found, Value, View},
};
use crate::model::{
    draft::{AddedSideRows, MappedRow},
    origin::FileId,
    problem::{Code, Problem},
    side_row::SideItems,
};

impl<S> Mapper<'_, S> {
    /// Whether the items of a row have fields besides its own values.
    pub(super) fn has_item_fields(&self) -> bool {
        self.own_items.have_fields
    }

    /// Adds the items that are fields of a row. Those of an earlier row would count twice; a list in
    /// a joined file is shared by the rows that have its key.
    pub(super) fn add_field_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let n_items = into.items.len();
        if let Some(packed) = &self.packed {
            self.add_packed(view, packed, order, into);
        }
        self.add_groups(view, order, into);
        if let Some(first) = into.items.get(n_items) {
            let at = first.at;
            let row = at.position();
            let earlier = match into.item_fields.entry(self.item_fields(view, row.file)) {
                Entry::Occupied(earlier) => *earlier.get(),
                Entry::Vacant(unseen) => {
                    unseen.insert(row);
                    return;
                }
            };
            let is_shared = earlier == row
                && previous.is_some_and(|previous| self.repeats_items(view, previous));
            if is_shared {
                into.items.truncate(n_items);
            } else {
                let line = earlier.line;
                let message = format!(
                    "the row in line {line} of the same order has the same items; they would count \
                     twice"
                );
                order.problems.push(Problem::for_order(Code::ItemsRepeated, at, message));
            }
        }
    }

    /// Whether the rules of items read equal values in a row and the one before it.
    fn repeats_items<'a, V: View<'a, Source = S>>(&self, view: V, previous: V) -> bool {
        let of_row = |source: &&S| view.item_field(source).is_none();
        self.own_items.sources().filter(of_row).all(|source| view.repeats(previous, source))
    }

    /// A digest of the file of a list of items and the fields that they are made of.
    fn item_fields<'a, V: View<'a, Source = S>>(&self, view: V, file: FileId) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Equal items of two files are a problem of their own.
        file.hash(&mut hasher);
        let of_groups = self.groups.iter().flat_map(|group| &group.columns);
        for source in self.packed.iter().map(|packed| &packed.source).chain(of_groups) {
            view.find(source).value.text().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Adds the items of a list in a cell; none if one of them cannot be read.
    fn add_packed<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        packed: &'a PackedSource<'_, S>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let Found { value, at } = view.find(&packed.source);
        let items = match value {
            Value::Missing | Value::Null => return,
            Value::Text(text) if self.profile.is_null(text) => return,
            Value::Text(text) => {
                packed.items.items(text).map_err(|error| (Code::ItemUnreadable, error))
            }
            other => Err((Code::NotAScalar, other.unexpected("a text with a list of items"))),
        };
        match items {
            Ok(items) => {
                let views = items.into_iter().map(|item| {
                    let fields = ItemFields::Packed(item);
                    ItemView { row: view, fields, first_field: self.first_own_field, at }
                });
                let drafts: Vec<_> =
                    views.filter_map(|view| self.item(view, &self.own_items, order)).collect();
                into.items.extend(drafts);
            }
            Err((code, message)) => order.problems.push(Problem::for_order(code, at, message)),
        }
    }

    /// Adds the items of the groups of columns. An empty group is passed over, but none behind it
    /// may be filled: what is between them may be lost.
    fn add_groups<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let mut empty = None;
        for ItemGroup { number, columns, fields } in &self.groups {
            let mut cells = columns.iter().map(|column| view.find(column));
            let is_null = |text: &str| self.profile.is_null(text);
            let filled = cells.find(|found| found.value.is_filled_unless(is_null));
            match (filled, empty) {
                (None, _) => empty = empty.or(Some(number)),
                (Some(Found { at, .. }), Some(empty)) => {
                    let message = format!("item {number} is filled, but item {empty} is empty");
                    order.problems.push(Problem::for_order(Code::ItemsGap, at, message));
                    return;
                }
                (Some(Found { at, .. }), None) => {
                    let fields = ItemFields::Columns(fields);
                    let first_field = self.first_own_field;
                    let view = ItemView { row: view, fields, first_field, at };
                    into.items.extend(self.item(view, &self.own_items, order));
                }
            }
        }
    }

    /// Adds the items of joined files. Rows of the order that have the same key share them, and a
    /// refund that is taken off the order has none.
    pub(super) fn add_joined_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        if self.joined_items.is_empty() || self.is_netted(view) {
            return;
        }
        for items in &self.joined_items {
            let found = items.join.and_then(|join| Some((join, view.side_items(join)?)));
            let Some((join, SideItems { rows, first_field })) = found else { continue };
            let Some(first) = rows.first() else { continue };
            let added = AddedSideRows { join, first: first.number };
            if order.added_side_rows.contains(&added) {
                let mut columns = items.row_columns.iter();
                let is_repeated =
                    |previous: V| columns.all(|column| view.repeats(previous, column));
                if !items.row_columns.is_empty() && !previous.is_some_and(is_repeated) {
                    let message = OTHER_ROW.to_owned();
                    order.problems.push(Problem::for_order(Code::RowsDisagree, view.at(), message));
                }
                continue;
            }
            order.added_side_rows.push(added);
            for row in rows {
                let view = ItemView::of_side(view, row, first_field);
                into.items.extend(self.item(view, items, order));
            }
        }
    }
}

/// Whether an item has a value of its own, besides those of its row.
pub(super) fn has_field<'a, V: View<'a>>(rules: &[BoundRule<'_, V::Source>], view: V) -> bool {
    let bindings = rules.iter().filter_map(BoundRule::binding);
    bindings.flat_map(FieldBinding::chain).any(|binding| {
        let mut fields = binding.sources.iter().filter(|source| view.item_field(source).is_some());
        fields.any(|field| view.find(field).value.is_filled(binding.rule))
    })
}

const OTHER_ROW: &str = "the rules of items in a joined file read columns in which this row differs \
    from the one before it of the same order, so it is not known which values are theirs";
