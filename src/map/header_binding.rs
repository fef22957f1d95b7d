//! Binding of a profile to the columns of a header.
//!
//! Finds the columns of each rule once per file, expands wildcards, and reports columns that no
//! rule uses. Does not look at rows. Called by `file_mapper`; `paths` uses its
//! message about unknown names.

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc};

use super::{
    bound_refunds::BoundRefunds,
    bound_rule::{BoundKind, BoundPeople, BoundRule, FieldBinding, PackedSource, TestedSource},
    condition::{CellSource, Condition},
    copies::{Duplicates, VERSION},
    error::MapError,
    fill_down::FillDown,
    group_columns::{ItemGroup, item_groups, lacking_columns},
    header_hint::{has_names, header_hint, position_of},
    input_settings::{MissingColumns, UnknownColumns},
    join::Join,
    known_columns::KnownColumns,
    mapper::Mapper,
    missing_name::MissingName,
    misspelling::misspelling,
    profile::{FieldRule, FieldTarget, ItemKindRules, Profile},
    record_view::HeaderNames,
    refunds::{REFUND_AMOUNT, REFUND_ORDER, Refunds},
    row_joins::{RowJoin, RowJoins},
    rule::Rule,
    side_table::SideTable,
    spreadsheet_text::{SpreadsheetTexts, is_guarded},
    wildcard::wildcard_field,
};
use crate::model::{
    diagnostic::Note,
    field::Field,
    origin::{FileId, InputNames, Place, Position},
    problem::{Code, Problem},
    record::Header,
    redact::without_address,
    suggest::suggest,
};

/// A profile bound to the columns of a file.
pub(super) struct HeaderBinding<'p> {
    pub(super) mapper: Mapper<'p, usize>,
    /// The columns of the file, and behind them those of side files.
    pub(super) header: Arc<Header>,
    /// The columns of the file.
    pub(super) own_header: Arc<Header>,
    pub(super) names: HeaderNames,
    /// The column of the order key, if it alone says what a row is: the key is its text, and the
    /// profile neither ignores nor leaves out rows.
    pub(super) key_column: Option<usize>,
    /// A warning for each column that the profile does not use.
    pub(super) unknown: Vec<Problem>,
    /// The columns that the file lacks, if files are joined: another one may have them.
    pub(super) missing: Vec<MissingName>,
    /// The columns whose blank cells take the value above.
    pub(super) fill_down: Option<FillDown>,
    /// The columns whose cells are not to be texts as a spreadsheet writes them.
    pub(super) spreadsheet_texts: SpreadsheetTexts,
}

impl<'p> HeaderBinding<'p> {
    /// Binds a profile to a header. `file` is the file's name in messages.
    pub(super) fn new(
        profile: &'p Profile,
        header: &Arc<Header>,
        file: &str,
        sides: &'p [SideTable],
    ) -> Result<Self, MapError> {
        if profile.key.columns.is_empty() {
            let field = "the order's reference";
            return Err(MapError::other_format(file, false, field));
        }
        profile.ensure_conditions_apply(file, false, |source| source.column.as_ref())?;
        let (own_header, header) = (header, with_side_columns(header, sides, false));
        // The columns of items are behind the cells of a record, as fields of items are.
        let all = with_side_columns(&header, sides, true);
        let mut columns = HeaderColumns::new(profile, (&all, own_header), file, sides);
        let joins = columns.bind_joins()?;
        let key = columns.find_all(&profile.key, "referenceId", true)?;
        // Of an order key of several columns each file needs all of them.
        let lacks_key = if profile.key.combines() {
            key.iter().any(Option::is_none)
        } else {
            key.iter().all(Option::is_none)
        };
        let key: Vec<usize> = key.into_iter().flatten().collect();
        let mapper = columns.bind_mapper(key, joins)?;
        let filled = columns.find_filled()?;
        if !profile.joins_files || lacks_key {
            columns.ensure_complete()?;
        }
        let unknown = columns.unknown_columns();
        let names = HeaderNames::new(own_header);
        let fill_down = FillDown::new(filled, &mapper);
        let spreadsheet_texts =
            SpreadsheetTexts::new(profile, &header, |name| columns.is_known(name));
        let missing = columns.missing;
        Ok(Self {
            own_header: Arc::clone(own_header),
            header,
            names,
            key_column: key_column(&mapper),
            mapper,
            unknown,
            missing,
            fill_down,
            spreadsheet_texts,
        })
    }
}

/// The column of the order key, if it alone says what a row is.
fn key_column(mapper: &Mapper<'_, usize>) -> Option<usize> {
    let has_row_rules =
        !mapper.ignore_rows.is_empty() || !mapper.row_skips.is_empty() || mapper.refunds.is_some();
    let is_key_text = mapper.is_key_verbatim && !mapper.profile.key.combines();
    match mapper.key.as_slice() {
        [column] if is_key_text && !has_row_rules => Some(*column),
        _ => None,
    }
}

/// A header, and behind its columns those of side files that are read: of files with items or of
/// the others.
fn with_side_columns(header: &Arc<Header>, sides: &[SideTable], have_items: bool) -> Arc<Header> {
    let mut sides = sides.iter().filter(|side| side.has_items == have_items).peekable();
    if sides.peek().is_none() {
        return Arc::clone(header);
    }
    let mut all = Header::clone(header);
    for column in sides.flat_map(|side| &side.columns) {
        all.names.push(column.clone());
        // A place of the file, which messages name with the column.
        all.positions.extend(header.positions.first());
    }
    Arc::new(all)
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

/// The columns of one header, and the names that the profile reads and the header lacks.
struct HeaderColumns<'p, 'h> {
    profile: &'p Profile,
    header: &'h Header,
    file: &'h str,
    /// The columns of the file itself, without those of side files behind them.
    own: &'h Header,
    sides: &'p [SideTable],
    /// All columns that the profile reads.
    known: KnownColumns<'p>,
    /// The names of the file's own columns that the profile does not read.
    // Found once: each missing column is compared with them.
    unknown: Vec<&'h str>,
    /// The missing columns: those that a file must have, and misspelt ones.
    pub(super) missing: Vec<MissingName>,
}

impl<'p, 'h> HeaderColumns<'p, 'h> {
    fn new(
        profile: &'p Profile,
        (header, own): (&'h Header, &'h Header),
        file: &'h str,
        sides: &'p [SideTable],
    ) -> Self {
        let known = KnownColumns::of(profile);
        let names = own.names.iter().map(String::as_str);
        let unknown = names.filter(|name| !known.contain(name)).collect();
        Self { profile, header, file, own, sides, known, unknown, missing: Vec::new() }
    }

    /// The joins of the profile with the columns of their keys.
    fn bind_joins(&mut self) -> Result<RowJoins<'p, usize>, MapError> {
        let (profile, mut bound) = (self.profile, Vec::new());
        for (join, table) in profile.joins.iter().zip(self.sides) {
            let mut keys = Vec::new();
            for key in &join.keys {
                let purpose = join.purpose_of_key();
                if key.from.columns.is_empty() {
                    return Err(MapError::other_format(self.file, false, &purpose));
                }
                let columns = self.find_all(&key.from, &purpose, true)?;
                keys.push((columns.into_iter().flatten().collect(), &key.from));
            }
            bound.push(RowJoin { join, table, keys });
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
        let is_required = !rule.may_be_missing()
            && (self.profile.missing_columns == MissingColumns::Refuse
                || self.profile.requires(field));
        let columns = if rule.fields.is_empty() {
            self.find_all(rule, name, is_required)?
        } else {
            // The fields of an item are behind the cells of its row.
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
        let binding = self.with_zone(binding, name)?;
        // Without a column it yields its default everywhere.
        let when = when.as_ref().filter(|_| has_column || !rule.has_source());
        self.with_condition(binding, when).map(Some)
    }

    /// Binds the condition of a rule.
    fn with_condition<'r>(
        &mut self,
        binding: FieldBinding<'r, usize>,
        when: Option<&Condition>,
    ) -> Result<FieldBinding<'r, usize>, MapError> {
        let Some(when) = when else { return Ok(binding) };
        let when = when.bind(&mut |source| tested_column(source, self))?;
        let sources = when.sources();
        let tests_raw = sources.iter().any(|tested| matches!(tested, TestedSource::Raw));
        let tested = sources.into_iter().filter_map(|tested| match tested {
            TestedSource::Value(column) | TestedSource::Guarded(column) => Some(*column),
            TestedSource::Missing | TestedSource::Raw => None,
        });
        let tested = binding.tested.iter().copied().chain(tested).collect();
        let counts_each_row = binding.counts_each_row || tests_raw;
        Ok(FieldBinding { tested, counts_each_row, when: Some(when), ..binding })
    }

    /// Binds the rule of a date's zone, if it has one.
    fn with_zone<'r>(
        &mut self,
        binding: FieldBinding<'r, usize>,
        name: &str,
    ) -> Result<FieldBinding<'r, usize>, MapError> {
        let Some(rule) = binding.rule.zone.as_deref() else { return Ok(binding) };
        let name = format!("the zone of {name}");
        let columns = self.find_all(rule, &name, !rule.may_be_missing())?;
        let zone = FieldBinding::new(binding.field.clone(), rule, columns, Vec::new());
        let tested = zone.sources.clone();
        Ok(FieldBinding { tested, zone: Some(Box::new(zone)), ..binding })
    }

    /// Binds the rules and conditions of the profile; `key` are the columns of the order key.
    fn bind_mapper(
        &mut self,
        key: Vec<usize>,
        joins: RowJoins<'p, usize>,
    ) -> Result<Mapper<'p, usize>, MapError> {
        let profile = self.profile;
        let of_order = profile.rules.iter().filter(|rule| !rule.is_of_items());
        let order_rules = self.bind_rules(of_order, Field::to_string)?;
        let (order_kinds, item_kinds): (Vec<_>, Vec<_>) =
            self.bind_kinds()?.into_iter().partition(|of| of.kind.is_of_order);
        let mut bind =
            |condition: &Condition| condition.bind(&mut |source| tested_column(source, self));
        let (mut skips, mut row_skips) = (Vec::new(), Vec::new());
        for skip in &profile.skips {
            skips.push((skip, bind(&skip.when)?));
        }
        for skip in &profile.row_skips {
            row_skips.push((skip, bind(&skip.when)?));
        }
        let ignore_rows = profile.ignore_rows.iter().map(&mut bind).collect::<Result<_, _>>()?;
        let item_rows = profile.item_rows.as_ref().map(&mut bind).transpose()?;
        let refund_rows = match &profile.refunds {
            Some(Refunds { rows: Some(rows), .. }) => Some(bind(rows)?),
            _ => None,
        };
        let refunds = match &profile.refunds {
            Some(refunds) => Some(self.bind_refunds(refunds, refund_rows)?),
            None => None,
        };
        let version = match &profile.duplicates {
            Some(duplicates) => Some(self.bind_version(duplicates)?),
            None => None,
        };
        let people = self.bind_people()?;
        let packed = self.find_packed()?;
        let groups = self.find_groups()?;
        let has_items = item_kinds.iter().any(|of| of.sources().next().is_some());
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
            item_kinds,
            order_kinds,
            items: None,
            packed,
            groups,
            joins,
            added_joins: self.profile.added_joins(),
            has_side_items: self.sides.iter().any(|side| side.has_items),
            may_have_items: profile.joins_files || has_items,
            people,
            skips,
            row_skips,
            ignore_rows,
            item_rows,
            refunds,
            version,
        })
    }

    /// Binds the rule of what says how new a copy of an order is.
    fn bind_version(
        &mut self,
        duplicates: &'p Duplicates,
    ) -> Result<FieldBinding<'p, usize>, MapError> {
        let Duplicates { field, by, .. } = duplicates;
        let columns = self.find_of_rows(by, VERSION)?;
        let binding = FieldBinding::new(field.clone(), by, columns, Vec::new());
        self.with_zone(binding, VERSION)
    }

    /// Binds the rules of refunds.
    fn bind_refunds(
        &mut self,
        refunds: &'p Refunds,
        rows: Option<Condition<TestedSource<usize>>>,
    ) -> Result<BoundRefunds<'p, usize>, MapError> {
        let order = match &refunds.order {
            Some(order) => self.find_of_rows(order, REFUND_ORDER)?,
            None => Vec::new(),
        };
        let order = order.into_iter().flatten().collect();
        let amount = match &refunds.amount {
            Some(amount) => {
                let columns = self.find_of_rows(amount, REFUND_AMOUNT)?;
                Some(FieldBinding::new(Field::Price, amount, columns, Vec::new()))
            }
            None => None,
        };
        Ok(BoundRefunds { refunds, rows, order, amount })
    }

    /// The columns of a rule that fills no field.
    fn find_of_rows(&mut self, rule: &Rule, name: &str) -> Result<Vec<Option<usize>>, MapError> {
        if rule.columns.is_empty() {
            return Err(MapError::other_format(self.file, false, name));
        }
        self.find_all(rule, name, !rule.may_be_missing())
    }

    /// Binds the kinds of items.
    fn bind_kinds(&mut self) -> Result<Vec<BoundKind<'p, usize>>, MapError> {
        let (mut bound, profile) = (Vec::new(), self.profile);
        for ItemKindRules { kind, when } in &profile.item_kinds {
            let of_kind = |rule: &&FieldRule| rule.is_of_items() && rule.kind == *kind;
            let rules = self.bind_rules(profile.rules.iter().filter(of_kind), Field::to_string)?;
            let bind = |when: &Condition| when.bind(&mut |source| tested_column(source, self));
            let when = when.as_ref().map(bind).transpose()?;
            let rules = rules.into_iter().map(BoundRule::Field).collect();
            bound.push(BoundKind { kind: *kind, when, rules });
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

    /// The columns of a rule, as far as the header has them. It is an error later if the header has
    /// none of them, or not all of those that are combined, and one is required or probably
    /// misspelt.
    fn find_all(
        &mut self,
        rule: &Rule,
        field: &str,
        is_required: bool,
    ) -> Result<Vec<Option<usize>>, MapError> {
        let mut found = Vec::new();
        for column in &rule.columns {
            found.push(self.find(column, rule.nth, field)?);
            if rule.combines() && found.last().is_some_and(Option::is_none) {
                let near = self.near(column);
                self.add_missing(column, field, is_required, near);
            }
        }
        if !rule.combines()
            && found.iter().all(Option::is_none)
            && let Some(first) = rule.columns.first()
        {
            let near = rule.columns.iter().find_map(|column| self.near(column));
            self.add_missing(first, field, is_required, near);
        }
        Ok(found)
    }

    /// The column of a condition, if the header has it.
    fn find_tested(&mut self, source: &CellSource) -> Result<Option<usize>, MapError> {
        let name = source.column.as_deref().unwrap_or_default();
        let found = self.find(name, None, CONDITION)?;
        if found.is_none() {
            let near = self.near(name);
            self.add_missing(name, CONDITION, !source.is_optional, near);
        }
        Ok(found)
    }

    /// The column of a list of items, if the profile reads one.
    fn find_packed(&mut self) -> Result<Option<PackedSource<'p, usize>>, MapError> {
        let Some(items) = &self.profile.packed_items else { return Ok(None) };
        let Some(name) = &items.column else {
            return Err(MapError::other_format(self.file, false, ITEM_FIELDS));
        };
        let found = self.find(name, None, ITEM_FIELDS)?;
        if found.is_none() {
            self.add_missing(name, ITEM_FIELDS, true, self.near(name));
        }
        Ok(found.map(|source| PackedSource { items, source }))
    }

    /// The groups of columns of items, if the profile reads such.
    fn find_groups(&mut self) -> Result<Vec<ItemGroup<usize>>, MapError> {
        let Some(items) = &self.profile.repeated_items else { return Ok(Vec::new()) };
        let groups = item_groups(items, self.own).map_err(|same| self.same_column(same))?;
        for name in lacking_columns(items, &groups) {
            let near = self.near(&name);
            self.add_missing(&name, ITEM_FIELDS, true, near);
            if let Some(missing) = self.missing.last_mut() {
                missing.named_by = Some(items.pattern.clone());
            }
        }
        Ok(groups)
    }

    /// The columns whose blank cells take the value above.
    fn find_filled(&mut self) -> Result<Vec<usize>, MapError> {
        let profile = self.profile;
        let mut found = Vec::new();
        for name in &profile.fill_down {
            match self.find(name, None, FILL_DOWN)? {
                Some(column) => found.push(column),
                None => self.add_missing(name, FILL_DOWN, true, self.near(name)),
            }
        }
        Ok(found)
    }

    /// The index of a column, if the header has it. Of several with the same name it is the `nth`,
    /// from 1; without it they are an error.
    fn find(&self, column: &str, nth: Option<u16>, field: &str) -> Result<Option<usize>, MapError> {
        let same: Vec<_> = (0..self.header.names.len())
            .filter(|index| self.header.names[*index] == column)
            .collect();
        match (same.as_slice(), nth) {
            ([], _) => Ok(None),
            ([index], None) => Ok(Some(*index)),
            (_, None) => Err(self.ambiguous_column(column, field)),
            (same, Some(nth)) => match same.get(usize::from(nth) - 1) {
                Some(index) => Ok(Some(*index)),
                None => Err(self.too_few_columns(column, nth, field)),
            },
        }
    }

    /// The column that no rule uses and that a missing one probably means.
    fn near(&self, column: &str) -> Option<String> {
        misspelling(column, self.unknown.iter().copied()).map(str::to_owned)
    }

    /// Whether the profile reads a column of the header.
    fn is_known(&self, name: &str) -> bool {
        !self.unknown.contains(&name)
    }

    fn add_missing(&mut self, column: &str, field: &str, is_required: bool, near: Option<String>) {
        if self.missing.iter().any(|missing| missing.name == column) {
            return;
        }
        if let Some(missing) = self.sides.iter().find_map(|side| side.missing(column, field)) {
            let near = missing.near.filter(|_| is_required);
            return self.missing.push(MissingName { is_required, near, ..missing });
        }
        let names = self.own.names.iter().map(String::as_str);
        // A similar name is shown only where the column is required.
        let shown = near.as_deref().or_else(|| suggest(column, names).filter(|_| is_required));
        let fact = shown.and_then(|name| position_of(name, self.own, self.file));
        self.missing.push(MissingName {
            file: self.file.to_owned(),
            name: column.to_owned(),
            purpose: format!("the profile needs it for {field}"),
            named_by: None,
            is_path: false,
            side_format: None,
            is_required,
            near,
            notes: fact.map(Note::Fact).into_iter().collect(),
        });
    }

    /// Returns an error if the file lacks columns that it must have, or has misspelt ones.
    fn ensure_complete(&self) -> Result<(), MapError> {
        let mut missing = refused_names(&self.missing);
        let has_known = self.own.names.iter().any(|name| self.is_known(name));
        let is_known = |name: &str| self.is_known(name);
        let hint = header_hint(self.profile, self.own, is_known);
        // Every name is missing then, and one says it.
        if !has_known || hint.is_some() {
            missing.truncate(1);
        }
        let without_near = missing.iter_mut().find(|missing| missing.notes.is_empty());
        match (hint, without_near) {
            (Some(hint), _) => {
                if let Some(first) = missing.first_mut() {
                    first.notes.push(Note::Hint(hint));
                }
            }
            (None, Some(first)) => {
                first.notes.push(Note::Fact(has_names(self.own, self.file)));
                if !has_known {
                    let line = match self.own.positions.first().map(|at| at.line) {
                        Some(line) if line > 1 => format!("line {line}"),
                        _ => "the first line".to_owned(),
                    };
                    let hint = format!(
                        "{line} was taken for the header, and has none of the profile's columns; \
                         if lines are above the header, set skip_lines in the profile, for example \
                         skip_lines = 2; if the file has none, name the columns: header = \
                         [\"Order\", …]"
                    );
                    first.notes.push(Note::Hint(hint));
                }
            }
            (None, None) => {}
        }
        if missing.is_empty() { Ok(()) } else { Err(self.profile.name_places.error(&missing)) }
    }

    fn ambiguous_column(&self, column: &str, field: &str) -> MapError {
        let places = self.places_of(column);
        let hint = if field == CONDITION {
            "rename or remove one in the export; which one is meant is not guessed"
        } else {
            "nth = 1 in its rule takes the first one; which one is meant is not guessed"
        };
        MapError::ambiguous_column(self.file, &places, &without_address(column), field, hint)
    }

    /// The error of two columns for one field of an item.
    fn same_column(&self, [first, second]: [usize; 2]) -> MapError {
        let hint = "remove or rename one in the export; which one is meant is not guessed";
        let names = [first, second].map(|index| self.header.names[index].as_str());
        let mut places: Vec<_> = names.iter().flat_map(|name| self.places_of(name)).collect();
        places.dedup();
        let name = without_address(names[0]);
        MapError::ambiguous_column(self.file, &places, &name, ITEM_FIELDS, hint)
    }

    fn too_few_columns(&self, column: &str, nth: u16, field: &str) -> MapError {
        let places = self.places_of(column);
        MapError::too_few_columns(self.file, &places, &without_address(column), nth, field)
    }

    /// The places of all columns of this name.
    fn places_of(&self, column: &str) -> Vec<String> {
        let inputs: InputNames = [self.file].into_iter().collect();
        let columns = self.header.names.iter().zip(&self.header.positions);
        let same = columns.filter(|(name, _)| *name == column);
        same.map(|(_, at)| inputs.locate(Position { file: FileId(0), ..*at })).collect()
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

    /// A warning for each column that no rule and no condition uses.
    fn unknown_columns(&self) -> Vec<Problem> {
        if self.profile.unknown_columns == UnknownColumns::Ignore {
            return Vec::new();
        }
        let named = self.own.names.iter().zip(&self.own.positions);
        named
            .filter(|(name, _)| !self.is_known(name))
            .map(|(name, at)| unknown_column(name, *at, &self.known.names))
            .collect()
    }
}

/// What a condition's column is needed for, as part of a message.
pub(super) const CONDITION: &str = "a condition";

/// The same of the columns of items in a list or in groups.
pub(super) const ITEM_FIELDS: &str = "the items";

/// The same of a column whose blank cells are filled.
const FILL_DOWN: &str = "fill_down";

/// The missing names for which the export is refused.
pub(super) fn refused_names(missing: &[MissingName]) -> Vec<MissingName> {
    missing.iter().filter(|name| name.is_required || name.near.is_some()).cloned().collect()
}

pub(super) fn unknown_column(name: &str, at: Position, known: &[&str]) -> Problem {
    let hint = suggest(name, known.iter().copied())
        .map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    let name = without_address(name).into_owned();
    let at = Place { position: at, column_name: Some(name.clone()) };
    Problem::for_order(Code::UnknownColumn, at, format!("{name:?} is unknown and ignored{hint}"))
}
