//! Mapper: applies the rules and conditions of a profile to the rows of one file.
//!
//! The same for all formats: a [`View`] finds the values. Bound once per file by `header_binding`
//! (CSV) and `document_binding` (JSON); called by `file_mapper`.

use std::{borrow::Cow, ops::RangeInclusive};

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
    item_view::{ItemFields, ItemView},
    order_key::{joined_key, key_of},
    profile::{Profile, SkipRule},
    row_joins::RowJoins,
    tested_row::{decide, holds, test, tested_value},
    view::{Found, Value, View},
};
use crate::model::{
    copy_version::CopyVersion,
    draft::{
        AddedSideRows, CellOrigin, Cells, ItemDraft, MappedRow, OrderItem, PersonDraft, PersonRole,
        RowKind,
    },
    id_text::ROUNDED,
    problem::{Code, Problem},
    reference::{HIDDEN_FLOAT, hides_float},
};

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
    pub(super) item_kinds: Vec<BoundKind<'p, S>>,
    /// The kinds of the items that are made of values of the order.
    pub(super) order_kinds: Vec<BoundKind<'p, S>>,
    /// The arrays of the items; if it is none, each row is an item.
    pub(super) items: Option<Vec<ArraySource<'p, S>>>,
    /// The list of the items in a cell, if they are in one.
    pub(super) packed: Option<PackedSource<'p, S>>,
    /// The groups of columns of the items, if they are in such.
    pub(super) groups: Vec<ItemGroup<S>>,
    /// Whether the items are rows of a side file.
    pub(super) has_side_items: bool,
    /// The side files whose rows belong to those of the file.
    pub(super) joins: RowJoins<'p, S>,
    /// The joins whose rows are added up.
    pub(super) added_joins: Vec<usize>,
    /// Whether the file has items; constants alone do not add one. If several files are joined,
    /// another one may have them.
    pub(super) may_have_items: bool,
    pub(super) people: Vec<BoundPeople<'p, S>>,
    pub(super) skips: Vec<(&'p SkipRule, Condition<TestedSource<S>>)>,
    pub(super) row_skips: Vec<(&'p SkipRule, Condition<TestedSource<S>>)>,
    pub(super) ignore_rows: Vec<Condition<TestedSource<S>>>,
    pub(super) item_rows: Option<Condition<TestedSource<S>>>,
    /// The rows that are refunds, if they are not rows as all others.
    pub(super) refunds: Option<BoundRefunds<'p, S>>,
    /// What says how new a copy of an order is, if the export may have several.
    pub(super) version: Option<FieldBinding<'p, S>>,
}

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
        let Some(refunds) = self.refunds.as_ref().filter(|one| one.hold(view, self.profile)) else {
            return Err(key);
        };
        let BoundRefunds { refunds, order, .. } = refunds;
        let is_netted = refunds.are_netted;
        let key = match &refunds.order {
            Some(rule) => key_of(view, rule, order),
            None => key,
        };
        match key {
            Some(key) => Ok(RowKind::Refund { key, is_netted }),
            // It is left out, of whatever order.
            None if !is_netted => Ok(RowKind::Ignored),
            None => Err(None),
        }
    }

    /// Why the profile skips a row, if it does.
    pub(super) fn row_skip<'a, V: View<'a, Source = S>>(&'a self, view: V) -> Option<&'a str> {
        let mut skips = self.row_skips.iter();
        let skip = skips.find(|(_, when)| matches!(test(when, view, self.profile), Ok(true)));
        skip.map(|(skip, _)| &*skip.reason)
    }

    /// The order key of a readable row.
    pub(super) fn order_key<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Cow<'a, str>> {
        match self.profile.key.key_separator() {
            Some(separator) => joined_key(view, &self.profile.key, &self.key, separator),
            None => self.key_at(view, &self.key),
        }
    }

    /// The key of an unreadable row, if it is reliable.
    ///
    /// A fallback does not replace the first source, whose value may be damaged.
    pub(super) fn reliable_key<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Cow<'a, str>> {
        if let Some(parent) = &self.parent {
            return Self::reliable_parent(view, parent);
        }
        // What is damaged may be a refund of any order.
        let is_of_own_key =
            |of: &BoundRefunds<'_, S>| of.refunds.order.is_none() || !of.refunds.are_netted;
        if !self.refunds.as_ref().is_none_or(is_of_own_key) {
            return None;
        }
        if let Some(separator) = self.profile.key.key_separator() {
            let are_certain = self.key.iter().all(|source| view.is_certain_key(source));
            let key = joined_key(view, &self.profile.key, &self.key, separator);
            return key.filter(|_| are_certain);
        }
        let first = self.key.first().filter(|source| view.is_certain_key(source))?;
        self.key_at(view, std::slice::from_ref(first))
    }

    fn key_at<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        sources: &[S],
    ) -> Option<Cow<'a, str>> {
        let text = self.key_value(view, sources)?.text()?;
        // The keys of nearly all exports.
        if self.is_key_verbatim { Some(Cow::Borrowed(text)) } else { self.profile.key_of(text) }
    }

    pub(super) fn key_value<'a, V: View<'a, Source = S>>(
        &self,
        view: V,
        sources: &[S],
    ) -> Option<Value<'a>> {
        let mut values = sources.iter().map(|source| view.find(source).value);
        values.find(|value| value.is_filled(&self.profile.key))
    }

    /// Whether the key is a number of JSON.
    pub(super) fn has_number_key<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        !self.profile.key.has_constants()
            && !self.profile.key.combines()
            && matches!(self.key_value(view, &self.key), Some(Value::Number(_)))
            && !self.is_child(view)
    }

    /// How new the copy of a row is, or why that is not known; none if an order has one copy.
    pub(super) fn copy_version<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
    ) -> Option<Result<CopyVersion, Box<Problem>>> {
        let (by, duplicates) = self.version.as_ref().zip(self.profile.duplicates.as_ref())?;
        Some(copy_version(by, view, (self.profile, duplicates)))
    }

    /// Adds a problem for each part of the order key that is a rounded number, which other orders
    /// may have too, or has the `.0` of a spreadsheet: the joined key hides it from the checks of
    /// whole references.
    fn check_key_parts<'a, V: View<'a, Source = S>>(&self, view: V, order: &mut Collector<'a>) {
        let separator = self.profile.key.key_separator().unwrap_or_default();
        for (index, source) in self.key.iter().enumerate() {
            let Found { value, at } = view.find(source);
            let Some(text) = value.text() else { continue };
            let is_last = index + 1 == self.key.len();
            let (code, problem) = if value.notation().is_rounded(text) {
                (Code::ScientificNotation, ROUNDED)
            } else if !is_last && hides_float(text, separator) {
                (Code::SpreadsheetNumber, HIDDEN_FLOAT)
            } else {
                continue;
            };
            let message = format!("order key {text:?}: {problem}");
            order.problems.push(Problem::for_order(code, at.position(), message));
        }
    }

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
            order.problems.extend(self.joins.problems(view, previous));
        }
        let is_repeated = |previous: V| view.repeats_columns(previous, &self.order_columns);
        // The rows of an order repeat most of it, so this usually skips all rules of the order.
        let mut refunds = self.refunds.iter();
        if refunds.any(|refunds| refunds.is_record(view, self.profile)) {
            // Its own values are not those of its order.
        } else if self.counts_each_row || !previous.is_some_and(is_repeated) {
            order.cells.reserve(capacity(view, &self.order_rules));
            apply_rules(&mut order, &self.order_rules, view, previous, self.profile);
        }
        if self.checks_key_parts {
            self.check_key_parts(view, &mut order);
        }
        let undated = self.copy_version(view).and_then(Result::err);
        order.problems.extend(undated.map(|problem| *problem));
        into.may_have_items |= self.may_have_items;
        let netted = self.refunds.as_ref().filter(|_| self.is_netted(view));
        if let Some(refunds) = netted.filter(|refunds| refunds.amount.is_some()) {
            into.refunds.extend(refunds.amount(view, self.profile, &mut order));
        } else {
            let n_items = into.items.len();
            self.add_items(view, previous, &mut order, into);
            self.net_items(view, &mut into.items[n_items..], &mut order);
        }
        self.add_order_items(view, previous, &mut order, into);
        let mut is_decided = true;
        for when in self.row_conditions() {
            is_decided &= decide(when, view, self.profile, &mut order).is_some();
        }
        let mut skips = self.skips.iter();
        let skip = skips.find(|(_, when)| holds(when, view, self.profile, &mut order));
        let skip = skip.map(|(skip, _)| &skip.reason).filter(|_| is_decided);
        if !is_decided {
            // The row may be none of the order, so it does not leave the order out.
            order.forget_skips();
            into.may_be_of_none = true;
        }
        for join in &self.added_joins {
            let first = view.side_rows(*join).first();
            let added = first.map(|row| AddedSideRows { join: Some(*join), first: row.number });
            order.added_side_rows.extend(added);
        }
        order.finish_into(skip, into);
    }

    /// Whether a row makes the profile skip its order, or a condition cannot be tested on it.
    pub(super) fn skips_or_doubts<'a, V: View<'a, Source = S>>(&self, view: V) -> bool {
        self.skips.iter().any(|(_, when)| !matches!(test(when, view, self.profile), Ok(false)))
            || self.row_conditions().any(|when| test(when, view, self.profile).is_err())
    }

    /// The conditions that have decided whether a row is one of its order.
    pub(super) fn row_conditions(&self) -> impl Iterator<Item = &Condition<TestedSource<S>>> {
        let of_rows = self.row_skips.iter().map(|(_, when)| when);
        let refunds = self.refunds.iter().filter_map(|refunds| refunds.rows.as_ref());
        self.ignore_rows.iter().chain(of_rows).chain(refunds)
    }

    /// Takes the items of a row off its order, if it is such a refund.
    pub(super) fn net_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        items: &mut [ItemDraft<'a>],
        order: &mut Collector<'a>,
    ) {
        if self.is_netted(view) {
            order.problems.extend(items.is_empty().then(|| no_item_of_refund(view.at())));
            for item in items {
                item.is_refund = true;
            }
        }
    }

    /// Whether a row is a refund that is taken off its order.
    fn is_netted<'a, V: View<'a, Source = S>>(&'a self, view: V) -> bool {
        let netted = self.refunds.as_ref().filter(|refunds| refunds.refunds.are_netted);
        netted.is_some_and(|refunds| refunds.hold(view, self.profile))
    }

    /// Whether a row may hold an item; none if that cannot be tested.
    pub(super) fn may_be_item<'a, V: View<'a, Source = S>>(&self, view: V) -> Option<bool> {
        self.item_rows.as_ref().map_or(Some(true), |rows| test(rows, view, self.profile).ok())
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

    /// Adds the items, and the people of the row and of its items.
    fn add_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        if self.has_item_fields() {
            let n_items = into.items.len();
            if let Some(packed) = &self.packed {
                self.add_packed(view, packed, order, into);
            }
            self.add_groups(view, order, into);
            self.add_side_items(view, order, into);
            let added = into.items.get(n_items).map(|first| first.at);
            let repeated = previous.filter(|previous| self.repeats_items(view, *previous));
            order.problems.extend(added.zip(repeated).map(|(at, _)| {
                Problem::for_order(Code::ItemsRepeated, at, REPEATED_ITEMS.to_owned())
            }));
            for people in &self.people {
                people.add((view, None), self.profile, order, &mut into.people);
            }
            return;
        }
        if self.parent.is_some() {
            for people in &self.people {
                people.add((view, None), self.profile, order, &mut into.people);
            }
            return;
        }
        let Some(items) = &self.items else {
            let item = self.item(view.as_element(), order).map(|item| push_item(item, into));
            for people in &self.people {
                let item = item.filter(|_| people.role == PersonRole::Consumer);
                people.add((view, item), self.profile, order, &mut into.people);
            }
            return;
        };
        let consumers = || self.people.iter().filter(|people| people.role == PersonRole::Consumer);
        for array in items {
            for element in elements(view, array, None, order) {
                let item = self.item(element, order).map(|item| push_item(item, into));
                for people in consumers() {
                    people.add((element, item), self.profile, order, &mut into.people);
                }
            }
        }
        for people in &self.people {
            people.add((view, None), self.profile, order, &mut into.people);
        }
    }

    /// Whether the items of a row have fields besides its own values.
    pub(super) fn has_item_fields(&self) -> bool {
        self.packed.is_some() || !self.groups.is_empty() || self.has_side_items
    }

    /// Adds the items of a side file. Rows of the order that have the same key share them.
    fn add_side_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let Some(first) = view.side_items().first() else { return };
        let added = AddedSideRows { join: None, first: first.number };
        if order.added_side_rows.contains(&added) {
            return;
        }
        order.added_side_rows.push(added);
        for side in view.side_items() {
            let (at, fields) = (CellOrigin::Known(side.start()), ItemFields::Side(side));
            into.items.extend(self.item(ItemView { row: view, fields, at }, order));
        }
    }

    /// Whether the previous row of the order has the same items.
    fn repeats_items<'a, V: View<'a, Source = S>>(&self, view: V, previous: V) -> bool {
        if self.has_side_items {
            return false;
        }
        let of_groups = self.groups.iter().flat_map(|group| &group.columns);
        let mut sources = self.packed.iter().map(|packed| &packed.source).chain(of_groups);
        sources.all(|source| view.repeats(previous, source))
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
                    into.items.extend(self.item(ItemView { row: view, fields, at }, order));
                }
            }
        }
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
                    ItemView { row: view, fields, at }
                });
                let drafts: Vec<_> = views.filter_map(|view| self.item(view, order)).collect();
                into.items.extend(drafts);
            }
            Err((code, message)) => order.problems.push(Problem::for_order(code, at, message)),
        }
    }

    /// Adds what a row says of the items that are made of values of its order.
    fn add_order_items<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        previous: Option<V>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        for BoundKind { kind, when, rules } in &self.order_kinds {
            if when.as_ref().is_some_and(|when| !holds(when, view, self.profile, order)) {
                continue;
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
        order: &mut Collector<'a>,
    ) -> Option<ItemDraft<'a>> {
        // A row that is a refund is one of an item: item_rows says which others are.
        let is_refund = || self.items.is_none() && self.is_netted(view);
        if let Some(rows) = &self.item_rows
            && !holds(rows, view, self.profile, order)
            && !is_refund()
        {
            return None;
        }
        let BoundKind { kind, rules, .. } = self.kind_of(view, order)?;
        let capacity = capacity(view, rules);
        let mut item = Collector::new(view.at(), Cells::with_capacity(capacity));
        apply_rules(&mut item, rules, view, None, self.profile);
        let is_filled = item.filled > 0 && (!self.has_item_fields() || has_field(rules, view));
        if !is_filled {
            order.problems.extend(self.element_error(view));
        }
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
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
        match (self.item_kinds.as_slice(), self.order_kinds.as_slice()) {
            ([only], []) if only.when.is_none() => Some(&only.rules),
            _ => None,
        }
    }

    /// The kind of an item: the only one whose condition holds.
    fn kind_of<'a, V: View<'a, Source = S>>(
        &'a self,
        view: V,
        order: &mut Collector<'a>,
    ) -> Option<&'a BoundKind<'a, S>> {
        let (mut found, mut is_decided) = (None, true);
        for of in &self.item_kinds {
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
            let mut sources = self.item_kinds.iter().flat_map(BoundKind::sources);
            order.problems.extend(
                if sources.any(|source| view.find(source).value.is_filled_unless(is_null)) {
                    let message = NO_KIND.to_owned();
                    Some(Problem::for_order(Code::ItemWithoutKind, view.at(), message))
                } else {
                    self.element_error(view)
                },
            );
        }
        found
    }

    /// Why an element without a value for the items' rules is no item: if it was passed over, the
    /// order would be sent in part. One with a text that counts as empty is as an empty row.
    fn element_error<'a, V: View<'a, Source = S>>(&self, view: V) -> Option<Problem> {
        if self.items.is_none() && !self.has_item_fields() && self.parent.is_none() {
            return None;
        }
        let is_own = |source: &S| !self.has_item_fields() || view.item_field(source).is_some();
        let has_text = |source: &S| {
            is_own(source) && view.find(source).value.text().is_some_and(|text| !text.is_empty())
        };
        let (code, message) = match Value::of(view.node()) {
            // An item in the list of a cell is no value of its own.
            Value::Object(_) | Value::Missing => {
                if self.item_kinds.iter().flat_map(BoundKind::sources).any(has_text) {
                    return None;
                }
                (Code::ItemEmpty, NO_ITEM_VALUE.to_owned())
            }
            Value::Null => (Code::ItemEmpty, "null where an item is expected".to_owned()),
            other => (Code::NotAScalar, format!("{} where an item is expected", other.type_name())),
        };
        Some(Problem::for_order(code, view.at(), message))
    }
}

/// The problem of a refund that takes nothing off its order.
fn no_item_of_refund(at: CellOrigin<'_>) -> Problem {
    let message = "the refund has no item, so it is not known what it takes off the order; \
                   mode = \"leave_out\" under [refunds] leaves refunds out";
    Problem::for_order(Code::RefundUnclear, at, message)
}

const NO_KIND: &str = "the item is of no kind: no condition of an [[item]] table holds; item_rows \
    says which rows and elements are items";

const REPEATED_ITEMS: &str = "the row before it of the same order has the same items; they would \
    count twice";

const NO_ITEM_VALUE: &str = "the item has no value that the profile reads; item_rows says which \
    elements are items";

impl<S> BoundPeople<'_, S> {
    /// Adds the people of a row or of an element.
    pub(super) fn add<'a, V: View<'a, Source = S>>(
        &'a self,
        (view, item): (V, Option<usize>),
        profile: &Profile,
        order: &mut Collector<'a>,
        into: &mut Vec<PersonDraft<'a>>,
    ) {
        let Some(array) = &self.array else {
            return into.extend(self.person((view, item), profile, order));
        };
        for element in elements(view, array, Some(self.role), order) {
            into.extend(self.person((element, item), profile, order));
        }
    }

    /// A person, if one of its values is filled.
    fn person<'a, V: View<'a, Source = S>>(
        &'a self,
        (view, item): (V, Option<usize>),
        profile: &Profile,
        order: &mut Collector<'a>,
    ) -> Option<PersonDraft<'a>> {
        let capacity = capacity(view, &self.rules);
        let mut person = Collector::new(view.at(), Cells::with_capacity(capacity));
        let (role, value) = (self.role.name(), Value::of(view.node()));
        if !matches!(value, Value::Missing | Value::Object(_) | Value::Null) {
            let message = format!("{} where a {role} is expected", value.type_name());
            let at = view.at();
            order.problems.push(Problem::for_field(Code::NotAScalar, role, at, message));
        }
        apply_rules(&mut person, &self.rules, view, None, profile);
        person.finish_person(self.role, item, order)
    }
}

/// Whether an item has a value of its own, besides those of its row.
fn has_field<'a, V: View<'a>>(rules: &[BoundRule<'_, V::Source>], view: V) -> bool {
    let bindings = rules.iter().filter_map(|rule| match rule {
        BoundRule::Field(binding) => Some(binding),
        BoundRule::Custom(_) => None,
    });
    bindings.flat_map(FieldBinding::chain).any(|binding| {
        let mut fields = binding.sources.iter().filter(|source| view.item_field(source).is_some());
        fields.any(|field| view.find(field).value.is_filled(binding.rule))
    })
}

pub(super) fn push_item<'a>(item: ItemDraft<'a>, into: &mut MappedRow<'a>) -> usize {
    into.items.push(item);
    into.items.len() - 1
}

/// The elements of an array: the people of `role`, or the items if it is `None`.
fn elements<'a, V: View<'a>>(
    view: V,
    array: &ArraySource<'_, V::Source>,
    role: Option<PersonRole>,
    order: &mut Collector<'a>,
) -> Vec<V> {
    view.elements(&array.source).unwrap_or_else(|Found { value, at }| {
        let expected = if role.is_some() { "people" } else { "items" };
        let found = match value {
            Value::WithinArray => "goes on within an array".to_owned(),
            Value::WithinScalar(_) => format!("goes on within {}", value.type_name()),
            Value::Several => "selects several elements".to_owned(),
            value => format!("is {}", value.type_name()),
        };
        let message = format!("{:?} {found}, expected an array of {expected}", array.path);
        let problem = Problem::for_order(Code::NotAScalar, at, message);
        let field = role.map(|role| format!("{}s", role.name()));
        order.problems.push(Problem { field, ..problem });
        Vec::new()
    })
}

/// The capacity for the cells of a view: one per rule, but hardly more than it has values.
fn capacity<'a, V: View<'a>>(view: V, rules: &[BoundRule<'_, V::Source>]) -> usize {
    rules.len().min(view.max_values() + 1)
}

fn apply_rules<'a, V: View<'a>>(
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
