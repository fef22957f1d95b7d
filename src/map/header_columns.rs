//! Columns of a header, as a profile names them.
//!
//! Finds each name once per file, and collects those that the header lacks. Used by
//! `header_binding` and `header_rules`.

use super::{
    bound_rule::PackedSource,
    condition::{CellSource, Condition},
    error::MapError,
    group_columns::{ItemGroup, item_groups, lacking_columns, misspelt_columns},
    header_hint::{has_names, header_hint, no_known_column_hint, position_of},
    input_settings::UnknownColumns,
    known_columns::KnownColumns,
    mapper::Mapper,
    missing_name::{CONDITION, FILL_DOWN, ITEM_FIELDS, MissingName, refused_names},
    misspelling::{misspelling, other_zone},
    profile::Profile,
    repeated_items::RepeatedItems,
    rule::Rule,
    side_missing::missing_in_sides,
    side_table::SideTable,
};
use crate::model::{
    diagnostic::Note,
    origin::{FileId, InputNames, Place, Position},
    problem::{Code, Problem},
    record::Header,
    redact::without_address,
    suggest::suggest,
};

/// The columns of one header, and the names that the profile reads and the header lacks.
pub(super) struct HeaderColumns<'p, 'h> {
    pub(super) profile: &'p Profile,
    pub(super) header: &'h Header,
    pub(super) file: &'h str,
    /// The columns of the file itself, without those of side files behind them.
    pub(super) own: &'h Header,
    pub(super) sides: &'p [SideTable],
    /// All columns that the profile reads.
    known: KnownColumns<'p>,
    /// The names of the file's own columns that the profile does not read.
    // Found once: each missing column is compared with them.
    unknown: Vec<&'h str>,
    /// The missing columns: those that a file must have, and misspelt ones.
    pub(super) missing: Vec<MissingName>,
}

impl<'p, 'h> HeaderColumns<'p, 'h> {
    pub(super) fn new(
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

    /// The columns of a rule, as far as the header has them. It is an error later if the header has
    /// none of them, or not all of those that are combined, and one is required or probably
    /// misspelt.
    pub(super) fn find_all(
        &mut self,
        rule: &Rule,
        field: &str,
        is_required: bool,
    ) -> Result<Vec<Option<usize>>, MapError> {
        let mut found = Vec::new();
        for column in &rule.columns {
            found.push(self.find(column, rule.nth, field)?);
        }
        let columns: Vec<&str> = rule.columns.iter().map(String::as_str).collect();
        let n_together = rule.n_alternatives(columns.len());
        let n_before = self.missing.len();
        for (columns, found) in columns.chunks(n_together).zip(found.chunks(n_together)) {
            self.ensure_one(columns, found, field, is_required);
        }
        let is_allowed = self.profile.may_lack(rule, field) && (rule.is_optional || !is_required);
        for missing in self.missing[n_before..].iter_mut().filter(|_| !rule.combines()) {
            missing.default_value = rule.default_value.clone().filter(|_| !is_allowed);
        }
        Ok(found)
    }

    /// The columns of a rule that fills no field.
    pub(super) fn find_of_rows(
        &mut self,
        rule: &Rule,
        name: &str,
    ) -> Result<Vec<Option<usize>>, MapError> {
        if rule.columns.is_empty() {
            return Err(MapError::other_format(self.file, false, name));
        }
        self.find_all(rule, name, !rule.is_optional)
    }

    /// The column of a condition, if the header has it.
    pub(super) fn find_tested(&mut self, source: &CellSource) -> Result<Option<usize>, MapError> {
        let name = source.column.as_deref().unwrap_or_default();
        let found = self.find(name, None, CONDITION)?;
        self.ensure_one(&[name], &[found], CONDITION, !source.is_optional);
        Ok(found)
    }

    /// The column of a list of items, if the profile reads one.
    pub(super) fn find_packed(&mut self) -> Result<Option<PackedSource<'p, usize>>, MapError> {
        let Some(items) = &self.profile.packed_items else { return Ok(None) };
        let Some(name) = &items.column else {
            return Err(MapError::other_format(self.file, false, ITEM_FIELDS));
        };
        let found = self.find(name, None, ITEM_FIELDS)?;
        self.ensure_one(&[name], &[found], ITEM_FIELDS, !self.profile.allows_missing_items());
        Ok(found.map(|source| PackedSource { items, source }))
    }

    /// The groups of columns of items, if the profile reads such.
    pub(super) fn find_groups(&mut self) -> Result<Vec<ItemGroup<usize>>, MapError> {
        let Some(items) = &self.profile.repeated_items else { return Ok(Vec::new()) };
        let groups = item_groups(items, self.own).map_err(|same| self.same_column(same))?;
        let misspelt = misspelt_columns(items, &groups, &self.unknown);
        for (name, near) in misspelt {
            self.add_missing_of_group(items, &name, false, Some(near.to_owned()));
        }
        let lacking = match groups.as_slice() {
            [] if self.profile.allows_missing_items() => Vec::new(),
            groups => lacking_columns(items, groups),
        };
        for name in lacking {
            let near = self.near(&name);
            self.add_missing_of_group(items, &name, true, near);
        }
        Ok(groups)
    }

    /// The columns whose blank cells take the value above.
    pub(super) fn find_filled(&mut self) -> Result<Vec<usize>, MapError> {
        let profile = self.profile;
        let mut found = Vec::new();
        for name in &profile.files.fill_down {
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
    pub(super) fn is_known(&self, name: &str) -> bool {
        !self.unknown.contains(&name)
    }

    fn add_missing_of_group(
        &mut self,
        items: &RepeatedItems,
        column: &str,
        is_required: bool,
        near: Option<String>,
    ) {
        let missing = self.missing_name(column, ITEM_FIELDS, is_required, near);
        let named_by = Some(items.pattern.clone());
        MissingName { named_by, ..missing }.add_to(&mut self.missing);
    }

    /// Adds what is missing of columns of which one is enough; `found` are those that are there.
    fn ensure_one(
        &mut self,
        columns: &[&str],
        found: &[Option<usize>],
        field: &str,
        is_required: bool,
    ) {
        let sides = self.sides;
        let (of_sides, own): (Vec<_>, Vec<_>) = columns
            .iter()
            .zip(found)
            .partition(|(column, _)| sides.iter().any(|side| side.has_name(column)));
        if own.iter().any(|(_, found)| found.is_some()) {
            return;
        }
        let of_sides: Vec<&str> = of_sides.into_iter().map(|(column, _)| *column).collect();
        let in_sides = missing_in_sides(sides, &of_sides, field, is_required);
        if !of_sides.is_empty() && in_sides.is_none() {
            return;
        }
        let near = own.iter().find_map(|(column, _)| self.near(column));
        match (in_sides, own.first()) {
            (in_sides, Some((column, _))) if in_sides.is_none() || near.is_some() => {
                self.add_missing(column, field, is_required, near);
            }
            (Some(in_sides), _) => in_sides.add_to(&mut self.missing),
            _ => {}
        }
    }

    fn add_missing(&mut self, column: &str, field: &str, is_required: bool, near: Option<String>) {
        self.missing_name(column, field, is_required, near).add_to(&mut self.missing);
    }

    fn missing_name(
        &self,
        column: &str,
        field: &str,
        is_required: bool,
        near: Option<String>,
    ) -> MissingName {
        let names = self.own.names.iter().map(String::as_str);
        // A similar name is shown only where the column is required.
        let shown =
            near.as_deref().or_else(|| if is_required { suggest(column, names) } else { None });
        let fact = shown.and_then(|name| position_of(name, self.own, self.file)).map(Note::Fact);
        let other_zone = shown.and_then(|name| other_zone(column, name)).map(Note::Hint);
        MissingName {
            file: self.file.to_owned(),
            name: column.to_owned(),
            purpose: format!("the profile needs it for {field}"),
            named_by: None,
            is_path: false,
            side_format: None,
            is_of_part: false,
            is_required,
            near,
            default_value: None,
            notes: fact.into_iter().chain(other_zone).collect(),
        }
    }

    /// Returns an error if the file lacks columns that it must have, or has misspelt ones.
    pub(super) fn ensure_complete(&self) -> Result<(), MapError> {
        self.refuse(refused_names(&self.missing))
    }

    /// The same of one of several files with the rows of an order, of which another one may have
    /// the columns. A part with columns of items must have those that say which of its rows are
    /// items, or count at all. A column that it does not use is the misspelling of one of the items
    /// if it has others of the items, and of one of the orders if it has others of the orders.
    pub(super) fn ensure_complete_part(&self, mapper: &Mapper<'_, usize>) -> Result<(), MapError> {
        let has_items = self.has_columns_of_items(mapper);
        let has_orders = self.has_columns_of_orders(mapper);
        let decides_rows =
            |name: &String| names(self.profile.row_conditions()).any(|it| it == name);
        let mut missing = refused_names(&self.missing);
        missing.retain(|missing| {
            let is_of_items = self.is_of_items(missing);
            let is_misspelt =
                missing.near.is_some() && (is_of_items && has_items || !is_of_items && has_orders);
            is_misspelt || has_items && decides_rows(&missing.name)
        });
        for missing in &mut missing {
            missing.is_of_part = true;
            if missing.near.is_none() {
                let hint = "the file has columns of items; optional = true in the condition if its \
                            rows need not be tested";
                let facts =
                    [Note::Fact(has_names(self.own, self.file)), Note::Hint(hint.to_owned())];
                missing.notes.extend(facts);
            }
        }
        self.refuse(missing)
    }

    /// Whether rules of items or the conditions on them read a missing column.
    fn is_of_items(&self, missing: &MissingName) -> bool {
        let rules = || self.profile.all_rules().filter(|rule| rule.reads_items());
        let tested = rules().flat_map(|rule| &rule.when);
        let tested = names(tested.chain(self.profile.item_conditions()));
        let read = rules().flat_map(|rule| rule.rule.readers()).flat_map(|rule| &rule.columns);
        let packed = self.profile.packed_items.iter().flat_map(|items| &items.column);
        missing.named_by.is_some()
            || read.chain(tested).chain(packed).any(|name| *name == missing.name)
    }

    /// Whether the file has columns of the order that are none of its key.
    fn has_columns_of_orders(&self, mapper: &Mapper<'_, usize>) -> bool {
        let mut columns = mapper.order_columns.iter().cloned().flatten();
        columns.any(|column| column < self.own.names.len() && !mapper.key.contains(&column))
    }

    /// Whether the file has columns of items that are none of the order or its key.
    fn has_columns_of_items(&self, mapper: &Mapper<'_, usize>) -> bool {
        let is_of_order = |column: &usize| {
            mapper.key.contains(column)
                || mapper.order_columns.iter().any(|columns| columns.contains(column))
        };
        let is_of_item = |column: &usize| *column < self.own.names.len() && !is_of_order(column);
        mapper.packed.is_some()
            || !mapper.groups.is_empty()
            || mapper.own_items.sources().any(is_of_item)
    }

    /// Returns an error for missing columns, if there are any.
    fn refuse(&self, mut missing: Vec<MissingName>) -> Result<(), MapError> {
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
                    first.notes.push(Note::Hint(no_known_column_hint(self.profile, self.own)));
                }
            }
            (None, None) => {}
        }
        if missing.is_empty() { Ok(()) } else { Err(self.profile.name_places.error(&missing)) }
    }

    pub(super) fn ambiguous_column(&self, column: &str, field: &str) -> MapError {
        let places = self.places_of(column);
        if let Some(join) = self.profile.joins.iter().find(|join| join.has_column(column)) {
            let place = places.first().map_or(self.file, String::as_str);
            return MapError::column_of_join(
                self.file,
                place,
                &without_address(column),
                &join.name,
            );
        }
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
        let mut names = vec![self.header.names[first].as_str(), &self.header.names[second]];
        names.dedup();
        let places: Vec<_> = names.iter().flat_map(|name| self.places_of(name)).collect();
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

    /// A warning for each column that no rule and no condition uses.
    pub(super) fn unknown_columns(&self) -> Vec<Problem> {
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

/// The columns that conditions test.
fn names<'p>(conditions: impl Iterator<Item = &'p Condition>) -> impl Iterator<Item = &'p String> {
    conditions.flat_map(Condition::sources).filter_map(|source| source.column.as_ref())
}

pub(super) fn unknown_column(name: &str, at: Position, known: &[&str]) -> Problem {
    let hint = suggest(name, known.iter().copied())
        .map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    let name = without_address(name).into_owned();
    let at = Place { position: at, column_name: Some(name.clone()) };
    Problem::for_order(Code::UnknownColumn, at, format!("{name:?} is unknown and ignored{hint}"))
}
