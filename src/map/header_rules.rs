//! Rules and conditions of a profile, bound to the columns of a header.
//!
//! Called by `header_binding`; `header_columns` finds the columns.

use std::{collections::HashSet, ops::RangeInclusive};

use super::{
    bound_refunds::BoundRefunds,
    bound_rule::{BoundKind, BoundPeople, BoundRule, FieldBinding, TestedSource},
    condition::{CellSource, Condition},
    copies::{Duplicates, VERSION},
    error::MapError,
    header_columns::HeaderColumns,
    item_set::ItemSet,
    join::Join,
    join_readers::JoinReaders,
    mapper::{BoundSkips, Mapper},
    profile::{FieldRule, FieldTarget, ItemKindRules, SkipRule},
    refunds::{REFUND_AMOUNT, REFUND_ORDER, Refunds},
    row_joins::{RowJoin, RowJoins},
    side_table::SideTable,
    spreadsheet_text::is_guarded,
    wildcard::wildcard_field,
};
use crate::model::{draft::ItemSource, field::Field, problem::Code};

impl<'p> HeaderColumns<'p, '_> {
    /// Binds the rules and conditions of the profile; `key` are the columns of the order key.
    pub(super) fn bind_mapper(
        &mut self,
        key: Vec<usize>,
        joins: RowJoins<'p, usize>,
    ) -> Result<Mapper<'p, usize>, MapError> {
        let profile = self.profile;
        let of_order = profile.rules.iter().filter(|rule| !rule.is_of_items());
        let order_rules = self.bind_rules(of_order, Field::to_string)?;
        let of_order = profile.item_kinds.iter().filter(|of| of.kind.source == ItemSource::Order);
        let order_kinds = self.bind_kinds(of_order)?;
        let own_kinds = self.bind_kinds(profile.item_kinds_of(None))?;
        let joined_items = self.bind_joined_items()?;
        let (skips, row_skips) =
            (self.bind_skips(&profile.skips)?, self.bind_skips(&profile.row_skips)?);
        let ignored = profile.ignore_rows.iter().map(|when| self.bind_condition(when));
        let ignore_rows = ignored.collect::<Result<_, _>>()?;
        let item_rows = profile.item_rows.as_ref().map(|when| self.bind_condition(when));
        let item_rows = item_rows.transpose()?;
        let refunds = profile.refunds.as_ref().map(|refunds| self.bind_refunds(refunds));
        let refunds = refunds.transpose()?;
        let version = profile.duplicates.as_ref().map(|copies| self.bind_version(copies));
        let version = version.transpose()?;
        let people = self.bind_people()?;
        let packed = self.find_packed()?;
        let groups = self.find_groups()?;
        let own_items = ItemSet {
            row_columns: self.row_columns(&own_kinds),
            ..ItemSet::of_export(own_kinds, packed.is_some() || !groups.is_empty())
        };
        let has_items =
            joined_items.iter().chain([&own_items]).any(|items| items.sources().next().is_some());
        let counts_each_row =
            order_rules.iter().any(|rule| rule.chain().any(|binding| binding.counts_each_row));
        Ok(Mapper {
            profile,
            key,
            is_key_verbatim: profile.key.is_verbatim(),
            checks_key_parts: profile.checks_key_parts(),
            // Only documents belong to others.
            parent: None,
            order_columns: column_ranges(&order_rules),
            counts_each_row,
            order_rules: order_rules.into_iter().map(BoundRule::Field).collect(),
            own_items,
            first_own_field: SideTable::first_field(self.sides, self.sides.len()),
            joined_items,
            order_kinds,
            items: None,
            packed,
            groups,
            joins,
            added_joins: self.profile.added_joins(),
            may_have_items: profile.joins_files && profile.maps_items() || has_items,
            people,
            skips,
            row_skips,
            ignore_rows,
            item_rows,
            refunds,
            version,
        })
    }

    /// The joins of the profile with the columns of their keys.
    pub(super) fn bind_joins(&mut self) -> Result<RowJoins<'p, usize>, MapError> {
        let (profile, mut bound) = (self.profile, Vec::new());
        for (index, (join, table)) in profile.joins.iter().zip(self.sides).enumerate() {
            let mut keys = Vec::new();
            for key in &join.keys {
                let purpose = join.purpose_of_key();
                if key.from.columns.is_empty() {
                    return Err(MapError::other_format(self.file, false, &purpose));
                }
                let columns = self.find_all(&key.from, &purpose, true)?;
                keys.push((columns.into_iter().flatten().collect(), &key.from));
            }
            let readers = JoinReaders::new(profile, join);
            let first_field = SideTable::first_field(self.sides, index);
            bound.push(RowJoin { join, table, keys, readers, first_field });
        }
        Ok(RowJoins(bound))
    }

    /// Binds rules. `name` returns the name of a field in messages.
    fn bind_rules<'r>(
        &mut self,
        rules: impl Iterator<Item = &'r FieldRule>,
        name: impl Fn(&Field) -> String,
    ) -> Result<Vec<FieldBinding<'r, usize>>, MapError> {
        let (mut bound, rules) = (Vec::new(), rules.collect::<Vec<_>>());
        for of_field in rules.chunk_by(|_, next| next.is_alternative) {
            let mut chain = Vec::new();
            for field_rule in of_field {
                match &field_rule.target {
                    FieldTarget::Field(field) => {
                        chain.extend(self.bind_rule(field, field_rule, &name(field))?);
                    }
                    wildcard => bound.extend(self.wildcard_columns(wildcard, field_rule)?),
                }
            }
            bound.extend(FieldBinding::chained(chain));
        }
        Ok(bound)
    }

    /// Binds the rule of a field; none if it yields nothing in this file, which has no column of it
    /// while it has no default.
    fn bind_rule<'r>(
        &mut self,
        field: &Field,
        FieldRule { rule, when, .. }: &'r FieldRule,
        name: &str,
    ) -> Result<Option<FieldBinding<'r, usize>>, MapError> {
        let is_required = self.profile.needs_source(rule, field);
        let columns = if rule.fields.is_empty() {
            self.find_all(rule, name, is_required)?
        } else {
            // The fields of an item are behind the cells of its row and of joined files.
            let index = |field| Some(self.header.names.len() + self.profile.field_index(field)?);
            rule.fields.iter().map(index).collect()
        };
        let has_column = columns.iter().any(Option::is_some);
        if !has_column && rule.default_value.is_none() {
            return Ok(None);
        }
        let binding = FieldBinding {
            added_join: Join::added_by(rule, &rule.columns, &self.profile.joins),
            ..FieldBinding::new(field.clone(), rule, columns, Vec::new())
        };
        let binding = self.with_companion(binding, name)?;
        // Without a column it yields its default everywhere.
        let when = when.as_ref().filter(|_| has_column || !rule.has_source());
        self.with_condition(binding, when).map(Some)
    }

    /// Binds the rules that leave out orders or rows.
    fn bind_skips(&mut self, skips: &'p [SkipRule]) -> Result<BoundSkips<'p, usize>, MapError> {
        skips.iter().map(|skip| Ok((skip, self.bind_condition(&skip.when)?))).collect()
    }

    fn bind_condition(
        &mut self,
        condition: &Condition,
    ) -> Result<Condition<TestedSource<usize>>, MapError> {
        condition.bind(&mut |source| tested_column(source, self))
    }

    /// Binds the condition of a rule.
    fn with_condition<'r>(
        &mut self,
        binding: FieldBinding<'r, usize>,
        when: Option<&Condition>,
    ) -> Result<FieldBinding<'r, usize>, MapError> {
        let Some(when) = when else { return Ok(binding) };
        let when = self.bind_condition(when)?;
        let sources = when.sources();
        let tests_raw = sources.iter().any(|tested| matches!(tested, TestedSource::Raw));
        let tested = sources.into_iter().filter_map(TestedSource::value_source);
        let tested = binding.tested.iter().chain(tested).copied().collect();
        let counts_each_row = binding.counts_each_row || tests_raw;
        Ok(FieldBinding { tested, counts_each_row, when: Some(when), ..binding })
    }

    /// Binds the companion of a rule, if it has one.
    fn with_companion<'r>(
        &mut self,
        binding: FieldBinding<'r, usize>,
        name: &str,
    ) -> Result<FieldBinding<'r, usize>, MapError> {
        let Some(rule) = binding.rule.companion.as_deref() else { return Ok(binding) };
        let name = format!("the {} of {name}", binding.rule.companion_kind().name());
        let columns = self.find_all(rule, &name, !rule.may_be_missing())?;
        let companion = FieldBinding::new(binding.field.clone(), rule, columns, Vec::new());
        let tested = companion.sources.clone();
        Ok(FieldBinding { tested, companion: Some(Box::new(companion)), ..binding })
    }

    /// Binds a wildcard rule to each matching column that has no rule of its own.
    fn wildcard_columns<'r>(
        &mut self,
        wildcard: &FieldTarget,
        FieldRule { rule, when, .. }: &'r FieldRule,
    ) -> Result<Vec<FieldBinding<'r, usize>>, MapError> {
        let prefixes: Vec<&str> =
            rule.columns.iter().filter_map(|column| column.strip_suffix('*')).collect();
        let has_own_rule =
            |name: &String| self.profile.all_rules().any(|other| other.rule.columns.contains(name));
        // A set: comparing with all earlier names would be quadratic in the columns.
        let (mut bound, mut seen) = (Vec::new(), HashSet::new());
        let names = self.header.names.iter().enumerate();
        for (index, name) in names.filter(|(_, name)| !has_own_rule(name)) {
            let rest = prefixes
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix))
                .filter(|rest| !rest.is_empty());
            if let Some(rest) = rest {
                let field = wildcard_field(wildcard, rule, rest, None);
                if !seen.insert(name) {
                    return Err(self.ambiguous_column(name, &field.to_string()));
                }
                let binding = FieldBinding::new(field, rule, vec![Some(index)], Vec::new());
                bound.push(self.with_condition(binding, when.as_ref())?);
            }
        }
        Ok(bound)
    }

    /// Binds the kinds of the items of each joined file that has some.
    fn bind_joined_items(&mut self) -> Result<Vec<ItemSet<'p, usize>>, MapError> {
        let profile = self.profile;
        let joins = profile.joins.iter().filter(|join| join.has_items);
        let bind = |join: &Join| {
            let kinds = self.bind_kinds(profile.item_kinds_of(Some(join)))?;
            let rows = join.item_rows.as_ref().map(|rows| self.bind_condition(rows));
            let row_columns = self.row_columns(&kinds);
            Ok(ItemSet { row_columns, ..ItemSet::of_join(profile, join, kinds, rows.transpose()?) })
        };
        joins.map(bind).collect()
    }

    /// The columns of the rows of orders, or of other joined files, that rules of kinds read.
    fn row_columns(&self, kinds: &[BoundKind<'_, usize>]) -> Vec<usize> {
        let fields = SideTable::first_field(self.sides, self.sides.len());
        let n_columns = self.header.names.len() - fields;
        let rules = kinds.iter().flat_map(|of| &of.rules).filter_map(BoundRule::binding);
        let bindings = rules.flat_map(FieldBinding::chain);
        let columns = bindings.flat_map(|binding| binding.sources.iter().chain(&binding.tested));
        let tested = kinds.iter().flat_map(|of| &of.when).flat_map(Condition::sources);
        let tested = tested.filter_map(TestedSource::value_source);
        columns.chain(tested).copied().filter(|column| *column < n_columns).collect()
    }

    /// Binds kinds of items.
    fn bind_kinds(
        &mut self,
        kinds: impl IntoIterator<Item = &'p ItemKindRules>,
    ) -> Result<Vec<BoundKind<'p, usize>>, MapError> {
        let (mut bound, profile) = (Vec::new(), self.profile);
        for ItemKindRules { kind, when, .. } in kinds {
            let rules = self.bind_rules(profile.rules_of_kind(*kind), Field::to_string)?;
            let when = when.as_ref().map(|when| self.bind_condition(when)).transpose()?;
            let rules = rules.into_iter().map(BoundRule::Field).collect();
            let tests_own_amounts = profile.tests_own_amounts(*kind);
            bound.push(BoundKind { kind: *kind, when, tests_own_amounts, rules });
        }
        Ok(bound)
    }

    /// Binds the rules of the roles for which the file has a column; constants alone do not add a
    /// person.
    fn bind_people(&mut self) -> Result<Vec<BoundPeople<'p, usize>>, MapError> {
        let mut bound = Vec::new();
        for people in &self.profile.people {
            let role = people.role;
            let rules =
                self.bind_rules(people.rules.iter(), |field| role.field_name(&field.to_string()))?;
            if rules.iter().any(|binding| binding.sources().next().is_some()) {
                let rules = rules.into_iter().map(BoundRule::Field).collect();
                bound.push(BoundPeople { role, array: None, rules });
            }
        }
        Ok(bound)
    }

    /// Binds the rule of what says how new a copy of an order is.
    fn bind_version(
        &mut self,
        duplicates: &'p Duplicates,
    ) -> Result<FieldBinding<'p, usize>, MapError> {
        let Duplicates { field, by, .. } = duplicates;
        let columns = self.find_of_rows(by, VERSION)?;
        let binding = FieldBinding::new(field.clone(), by, columns, Vec::new());
        self.with_companion(binding, VERSION)
    }

    /// Binds the rules of refunds.
    fn bind_refunds(&mut self, refunds: &'p Refunds) -> Result<BoundRefunds<'p, usize>, MapError> {
        let rows = refunds.rows.as_ref().map(|rows| self.bind_condition(rows)).transpose()?;
        let (order, shared_parts) = match &refunds.order {
            Some(order) => {
                let shared_parts = Refunds::shared_parts(&order.columns, &self.profile.key);
                let columns = self.find_of_rows(order, REFUND_ORDER)?;
                // Without a part of their key there are no refunds.
                let lacks_part = order.combines() && columns.iter().any(Option::is_none);
                (if lacks_part { Vec::new() } else { columns }, shared_parts)
            }
            None => (Vec::new(), Vec::new()),
        };
        let order = order.into_iter().flatten().collect();
        let amount = match &refunds.amount {
            Some(amount) => {
                let columns = self.find_of_rows(amount, REFUND_AMOUNT)?;
                Some(FieldBinding::new(Field::Price, amount, columns, Vec::new()))
            }
            None => None,
        };
        Ok(BoundRefunds { refunds, rows, order, shared_parts, amount })
    }
}

fn tested_column(
    source: &CellSource,
    columns: &mut HeaderColumns<'_, '_>,
) -> Result<TestedSource<usize>, MapError> {
    if source.is_raw {
        return Ok(TestedSource::Raw);
    }
    if let Some(field) = &source.field {
        let index = columns.profile.field_index(field);
        let column = index.map(|index| columns.header.names.len() + index);
        return Ok(column.map_or(TestedSource::Missing, TestedSource::Value));
    }
    let Some(column) = columns.find_tested(source)? else { return Ok(TestedSource::Missing) };
    let HeaderColumns { profile, header, .. } = columns;
    let is_guarded = !profile.severities.is_off(Code::SpreadsheetText)
        && is_guarded(&header.names[column], profile, header);
    Ok(if is_guarded { TestedSource::Guarded(column) } else { TestedSource::Value(column) })
}

/// The columns of rules as ranges of adjacent columns.
fn column_ranges(rules: &[FieldBinding<'_, usize>]) -> Vec<RangeInclusive<usize>> {
    let chains = rules.iter().flat_map(FieldBinding::chain);
    let mut columns: Vec<usize> =
        chains.flat_map(|binding| binding.sources.iter().chain(&binding.tested).copied()).collect();
    columns.sort_unstable();
    let mut ranges: Vec<RangeInclusive<usize>> = Vec::new();
    for column in columns {
        match ranges.last_mut().filter(|last| column <= last.end() + 1) {
            Some(last) => *last = *last.start()..=column,
            None => ranges.push(column..=column),
        }
    }
    ranges
}
