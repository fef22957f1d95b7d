//! Items that are fields of a row: a list in a cell, groups of columns, rows of side files.
//!
//! Part of `mapper`.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    bound_rule::{BoundRule, FieldBinding, PackedSource},
    collector::Collector,
    group_columns::ItemGroup,
    item_set::ItemSet,
    item_view::{ItemFields, ItemView},
    mapper::Mapper,
    view::{Found, Value, View},
};
use crate::model::{
    draft::{AddedItems, AddedSideRows, CellOrigin, Cells, MappedRow, SharedItems},
    field::Field,
    origin::{FileId, Position},
    problem::{Code, Problem},
    side_row::SideItems,
};

impl<S> Mapper<'_, S> {
    /// Whether the items of a row have fields besides its own values.
    pub(super) fn has_item_fields(&self) -> bool {
        self.own_items.have_fields
    }

    /// Adds the items that are fields of a row. A list in a joined file is shared by the rows that
    /// have its key.
    pub(super) fn add_field_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let at = self.packed.as_ref().map_or(view.at(), |packed| view.find(&packed.source).at);
        let shared = SharedItems::Fields(self.item_fields(view, at.position().file));
        let added = self.own_items.added_by(view, at.position());
        add_shared((shared, added), order, into, |order, into| {
            if let Some(packed) = &self.packed {
                self.add_packed(view, packed, order, into);
            }
            self.add_groups(view, order, into);
        });
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
    /// may be filled: what is between them may be lost. So may a group that the file has no columns
    /// of, between others or before all of them.
    fn add_groups<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        // The first item has the number 1 or 0.
        let mut expected = self.groups.first().map_or(1, |first| first.number.min(1));
        let mut lost: Option<String> = None;
        for ItemGroup { number, columns, fields } in &self.groups {
            if *number != expected && lost.is_none() {
                lost = Some(format!("the file has no columns of item {expected}"));
            }
            expected = number.saturating_add(1);
            let mut cells = columns.iter().map(|column| view.find(column));
            let is_null = |text: &str| self.profile.is_null(text);
            let filled = cells.find(|found| found.value.is_filled_unless(is_null));
            match (filled, &lost) {
                (None, Some(_)) => {}
                (None, None) => lost = Some(format!("item {number} is empty")),
                (Some(Found { at, .. }), Some(lost)) => {
                    let message = format!("item {number} is filled, but {lost}");
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
            let shared = SharedItems::SideRows(AddedSideRows { join, first: first.number });
            let added = items.added_by(view, first.start());
            add_shared((shared, added), order, into, |order, into| {
                for row in rows {
                    let view = ItemView::of_side(view, row, first_field);
                    into.items.extend(self.item(view, items, order));
                }
            });
        }
    }
}

impl<S> ItemSet<'_, S> {
    /// Where a row has the items, with a digest of its values that their rules read.
    fn added_by<'a, V: View<'a, Source = S>>(&self, view: V, at: Position) -> AddedItems {
        let mut hasher = DefaultHasher::new();
        for column in &self.row_columns {
            view.find(column).value.text().hash(&mut hasher);
        }
        AddedItems { at, row_values: hasher.finish() }
    }
}

/// Adds items that rows of an order may share, once. Rows share them that read them at the same
/// place and have equal values for their rules.
fn add_shared<'a>(
    (shared, added): (SharedItems, AddedItems),
    order: &mut Collector<'a>,
    into: &mut MappedRow<'a>,
    add: impl FnOnce(&mut Collector<'a>, &mut MappedRow<'a>),
) {
    let earlier = into.added_items.get(&shared).copied();
    if earlier == Some(added) {
        return;
    }
    let (n_items, n_problems) = (into.items.len(), order.problems.len());
    add(order, into);
    let first = into.items.get(n_items);
    // A row that is no item may have the cells of another one.
    if first.is_none() && order.problems.len() == n_problems {
        return;
    }
    let at = first.map_or(CellOrigin::Known(added.at), |first| first.at);
    let Some(earlier) = earlier else {
        into.added_items.insert(shared, added);
        return;
    };
    order.problems.push(if earlier.at == added.at {
        into.items.truncate(n_items);
        Problem::for_order(Code::RowsDisagree, at, OTHER_VALUES)
    } else {
        let line = earlier.at.line;
        let message = format!(
            "the row in line {line} of the same order has the same items; they would count twice"
        );
        Problem::for_order(Code::ItemsRepeated, at, message)
    });
}

/// Whether a rule makes a value of what an item has, besides the values of its row.
pub(super) fn has_own_value<'a, V: View<'a>>(
    rules: &[BoundRule<'_, V::Source>],
    view: V,
    cells: &Cells<'a>,
) -> bool {
    let is_own = |source: &V::Source| view.item_field(source).is_some();
    let is_of = |field: &Field| cells.iter().any(|cell| !cell.is_default && *cell.field == *field);
    let own = rules.iter().filter_map(BoundRule::binding);
    own.filter(|binding| binding.sources().any(is_own)).any(|binding| is_of(&binding.field))
        && has_filled_source(rules, view, is_own)
}

/// Whether a source of a rule is filled, among those that count.
pub(super) fn has_filled_source<'a, V: View<'a>>(
    rules: &[BoundRule<'_, V::Source>],
    view: V,
    counts: impl Fn(&V::Source) -> bool,
) -> bool {
    let bindings = rules.iter().filter_map(BoundRule::binding);
    bindings.flat_map(FieldBinding::chain).any(|binding| {
        let mut sources = binding.sources.iter().filter(|source| counts(source));
        let is_empty = |text: &str| binding.rule.counts_as_empty(text);
        sources.any(|source| view.find(source).value.is_filled_unless(is_empty))
    })
}

const OTHER_VALUES: &str = "the rules of items in a joined file read columns in which the rows of the \
    order that share them differ, so it is not known which values are theirs";
