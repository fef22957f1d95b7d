//! Binding of a profile to the paths of documents, which are split once per file.
//!
//! Documents have no header, so which of the paths occur is known only after the last one
//! (`paths`). Called by `file_mapper`.

use std::convert::Infallible;

use super::{
    bound_refunds::BoundRefunds,
    bound_rule::{
        ArraySource, BoundKind, BoundPeople, BoundRule, CustomMembers, CustomRule, FieldBinding,
        PackedSource, ParentSource, TestedSource,
    },
    condition::{CellSource, Condition},
    copies::VERSION,
    document_view::PathSource,
    error::MapError,
    item_field::ItemField,
    item_set::ItemSet,
    join::Join,
    join_readers::JoinReaders,
    known_fields::KnownFields,
    mapper::{BoundSkips, Mapper},
    missing_name::{CONDITION, ITEM_FIELDS, MissingName, refused_names},
    packed_items::PackedItems,
    path_text::{arrays_of, path_beside},
    profile::{FieldRule, FieldTarget, ItemKindRules, PeopleRules, Profile, SkipRule},
    refunds::Refunds,
    row_joins::{RowJoin, RowJoins},
    rule::Rule,
    side_missing::missing_in_sides,
    side_table::SideTable,
};
use crate::model::{draft::ItemSource, field::Field};

/// Binds a profile to a file of documents, with the tables of its joins. `file` is the file's name
/// in messages.
pub(super) fn bind<'p>(
    profile: &'p Profile,
    file: &str,
    sides: &'p [SideTable],
) -> Result<Mapper<'p, PathSource>, MapError> {
    ensure_reads_documents(profile, file)?;
    ensure_side_values(profile, sides)?;
    let joins = bind_joins(profile, file, sides)?;
    let order_rules: Vec<_> = profile.rules.iter().filter(|rule| !rule.is_of_items()).collect();
    // A list in a column is in no document.
    let packed = profile.packed_items.as_ref().filter(|items| items.path.is_some());
    let side_column = |join: usize, path: &str| {
        let index = sides.get(join)?.index_of_path(path)?;
        let is_field = profile.joins[join].has_items;
        Some(if is_field { SideTable::first_field(sides, join) + index } else { index })
    };
    let first_own_field = SideTable::first_field(sides, sides.len());
    let names = Names { packed, first_own_field, joins: &profile.joins, side_column: &side_column };
    let of_order = Names { packed: None, ..names };
    let (skips, row_skips) = bind_skips(profile, of_order);
    let ignore_rows = profile.ignore_rows.iter().map(|when| bind_condition(when, of_order));
    let item_paths = profile.item_paths.as_ref();
    let packed_at = packed.and_then(|items| {
        let source = of_order.source(items.path.as_deref()?);
        Some(PackedSource { items, source })
    });
    let version = profile.duplicates.as_ref();
    let refunds = profile.refunds.as_ref();
    let of_order_values =
        profile.item_kinds.iter().filter(|of| of.kind.source == ItemSource::Order);
    Ok(Mapper {
        profile,
        key: profile.key.paths.iter().map(|path| of_order.source(path)).collect(),
        is_key_verbatim: profile.key.is_verbatim(),
        checks_key_parts: profile.checks_key_parts(),
        parent: bind_parent(profile, of_order),
        order_rules: bind_rules(&order_rules, names),
        order_columns: Vec::new(),
        // A document is never compared with the one before it.
        counts_each_row: false,
        own_items: ItemSet::of_export(
            bind_kinds(profile, profile.item_kinds_of(None), names),
            packed_at.is_some(),
        ),
        first_own_field,
        joined_items: bind_joined_items(profile, names),
        order_kinds: bind_kinds(profile, of_order_values, names),
        items: item_paths.map(|paths| paths.iter().map(|path| array_at(path)).collect()),
        packed: packed_at,
        groups: Vec::new(),
        joins,
        added_joins: profile.added_joins(),
        may_have_items: profile.maps_items(),
        people: profile.people.iter().filter_map(|people| bind_people(people, of_order)).collect(),
        skips,
        row_skips,
        ignore_rows: ignore_rows.collect(),
        item_rows: profile.item_rows.as_ref().map(|rows| bind_condition(rows, names)),
        refunds: refunds.map(|refunds| bind_refunds(refunds, &profile.key, of_order)),
        version: version.map(|of| bind_sources(&of.field, &of.by, of_order)),
    })
}

/// Returns an error if a part of the profile is for columns only.
fn ensure_reads_documents(profile: &Profile, file: &str) -> Result<(), MapError> {
    let error = |name: &str| Err(MapError::other_format(file, true, name));
    if profile.key.paths.is_empty() {
        return error("the order's reference");
    }
    profile.ensure_conditions_apply(file, true, |source| source.path.as_ref())?;
    let version = profile.duplicates.as_ref().map(|duplicates| (&duplicates.by, VERSION));
    let of_refunds = profile.refunds.iter().flat_map(Refunds::named_rules);
    let mut rules = version.into_iter().chain(of_refunds);
    if let Some((_, name)) = rules.find(|(rule, _)| rule.paths.is_empty()) {
        return error(name);
    }
    let packed = profile.packed_items.as_ref();
    let has_item_fields = packed.is_some() || profile.repeated_items.is_some();
    let has_packed_path = packed.is_some_and(|items| items.path.is_some());
    if has_item_fields && !has_packed_path && profile.item_paths.is_none() {
        return error(ITEM_FIELDS);
    }
    Ok(())
}

/// Binds the rules that leave out orders, and those that leave out rows.
fn bind_skips<'p>(
    profile: &'p Profile,
    names: Names<'_>,
) -> (BoundSkips<'p, PathSource>, BoundSkips<'p, PathSource>) {
    let bind = |skip: &'p SkipRule| (skip, bind_condition(&skip.when, names));
    let mut skips: Vec<_> = profile.skips.iter().map(bind).collect();
    let mut row_skips: Vec<_> = profile.row_skips.iter().map(bind).collect();
    // The only row of an order is the document.
    if profile.item_paths.is_some() {
        skips.append(&mut row_skips);
    }
    // The rows of an order are its document, without which it is left out, and the children.
    if profile.parent.is_some() {
        skips.extend(profile.row_skips.iter().map(bind));
    }
    (skips, row_skips)
}

/// Where documents have the id of the one that they belong to, if the profile says so.
fn bind_parent<'p>(profile: &'p Profile, names: Names<'_>) -> Option<ParentSource<'p, PathSource>> {
    let rule = profile.parent.as_ref()?;
    let path = rule.paths.first()?;
    let no_id = format!(
        "{path:?} is neither a text nor a number; expected the id of the document that this one \
         belongs to"
    );
    Some(ParentSource { rule, source: names.source(path), no_id })
}

/// What the names of sources refer to, besides members of the document.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    /// The list that has the fields of its items.
    pub(super) packed: Option<&'a PackedItems>,
    /// The index of its first field among those of all items.
    pub(super) first_own_field: usize,
    pub(super) joins: &'a [Join],
    /// The index of a value in the side file of a join, by its path; none if no row has it.
    pub(super) side_column: &'a dyn Fn(usize, &str) -> Option<usize>,
}

impl Names<'_> {
    /// The value of a side file that a path names.
    fn side(self, path: &str) -> Option<PathSource> {
        let (index, join) =
            self.joins.iter().enumerate().find(|(_, join)| join.has_column(path))?;
        let column = (self.side_column)(index, path);
        match column.filter(|_| join.has_items) {
            // The values of items are fields beside the document.
            Some(column) => Some(PathSource::of_field(column)),
            None => Some(PathSource::of_side(index, column)),
        }
    }

    /// The field of an item in the list.
    fn field(self, field: &ItemField) -> Option<PathSource> {
        let index = self.packed?.field_index(field)?;
        Some(PathSource::of_field(self.first_own_field + index))
    }

    /// What a path names: a value of a side file, or one of the document.
    fn source(self, path: &str) -> PathSource {
        self.side(path).unwrap_or_else(|| PathSource::new(path))
    }
}

/// The joins of the profile with the paths of their keys.
fn bind_joins<'p>(
    profile: &'p Profile,
    file: &str,
    sides: &'p [SideTable],
) -> Result<RowJoins<'p, PathSource>, MapError> {
    let mut bound = Vec::new();
    for (index, (join, table)) in profile.joins.iter().zip(sides).enumerate() {
        if join.keys.iter().any(|key| key.from.paths.is_empty()) {
            return Err(MapError::other_format(file, true, &join.purpose_of_key()));
        }
        let sources =
            |rule: &Rule| rule.paths.iter().map(|path| PathSource::new(path)).collect::<Vec<_>>();
        let keys = join.keys.iter().map(|key| (sources(&key.from), &key.from));
        let readers = JoinReaders::new(profile, join);
        let first_field = SideTable::first_field(sides, index);
        bound.push(RowJoin { join, table, keys: keys.collect(), readers, first_field });
    }
    Ok(RowJoins(bound))
}

/// Returns an error if the side files lack values that rules and conditions read, or misspell them.
fn ensure_side_values(profile: &Profile, sides: &[SideTable]) -> Result<(), MapError> {
    let mut missing: Vec<MissingName> = Vec::new();
    let mut check = |paths: &[&str], purpose: &str, is_required: bool| {
        // What the documents have is known at the end of the export.
        let are_of_sides = |path: &&str| sides.iter().any(|side| side.has_name(path));
        if !paths.iter().all(are_of_sides) {
            return;
        }
        if let Some(name) = missing_in_sides(sides, paths, purpose, is_required) {
            MissingName { is_path: true, ..name }.add_to(&mut missing);
        }
    };
    let mut check_rule = |rule: &Rule, purpose: &str, is_required: bool| {
        for rule in rule.readers() {
            let paths: Vec<&str> = rule.paths.iter().map(String::as_str).collect();
            paths
                .chunks(rule.n_alternatives(paths.len()))
                .for_each(|paths| check(paths, purpose, is_required));
        }
    };
    for FieldRule { rule, target, .. } in profile.all_rules() {
        if let FieldTarget::Field(field) = target {
            check_rule(rule, &field.to_string(), profile.needs_source(rule, field));
        }
    }
    for rule in profile.row_rules() {
        check_rule(rule, "a row", false);
    }
    let of_rules = profile.conditional_rules().map(|(_, condition)| condition);
    let conditions = profile.order_conditions().chain(profile.item_conditions()).chain(of_rules);
    for source in conditions.flat_map(Condition::sources) {
        if let Some(path) = &source.path {
            check(&[path.as_str()], CONDITION, !source.is_optional);
        }
    }
    if let Some(path) = profile.packed_path() {
        check(&[path], ITEM_FIELDS, !profile.allows_missing_items());
    }
    let refused = refused_names(&missing);
    if refused.is_empty() { Ok(()) } else { Err(profile.name_places.error(&refused)) }
}

/// Binds the rules of refunds.
fn bind_refunds<'p>(
    refunds: &'p Refunds,
    key: &Rule,
    names: Names<'_>,
) -> BoundRefunds<'p, PathSource> {
    let order = refunds.order.as_ref().map_or(&[][..], |order| &order.paths);
    BoundRefunds {
        refunds,
        shared_parts: Refunds::shared_parts(order, key),
        rows: refunds.rows.as_ref().map(|rows| bind_condition(rows, names)),
        order: order.iter().map(|path| names.source(path)).collect(),
        amount: refunds.amount.as_ref().map(|amount| bind_sources(&Field::Price, amount, names)),
    }
}

/// Binds the kinds of the items of each joined file that has some.
fn bind_joined_items<'p>(profile: &'p Profile, names: Names<'_>) -> Vec<ItemSet<'p, PathSource>> {
    let joins = profile.joins.iter().filter(|join| join.has_items);
    let bind = |join: &Join| {
        let kinds = bind_kinds(profile, profile.item_kinds_of(Some(join)), names);
        let rows = join.item_rows.as_ref().map(|rows| bind_condition(rows, names));
        ItemSet::of_join(profile, join, kinds, rows)
    };
    joins.map(bind).collect()
}

/// Binds kinds of items.
fn bind_kinds<'p>(
    profile: &'p Profile,
    kinds: impl IntoIterator<Item = &'p ItemKindRules>,
    names: Names<'_>,
) -> Vec<BoundKind<'p, PathSource>> {
    let bind = |ItemKindRules { kind, when, .. }: &'p ItemKindRules| {
        let rules = bind_rules(&profile.rules_of_kind(*kind).collect::<Vec<_>>(), names);
        BoundKind {
            kind: *kind,
            when: when.as_ref().map(|when| bind_condition(when, names)),
            tests_own_amounts: profile.tests_own_amounts(*kind),
            rules,
        }
    };
    kinds.into_iter().map(bind).collect()
}

fn bind_rules<'p>(rules: &[&'p FieldRule], names: Names<'_>) -> Vec<BoundRule<'p, PathSource>> {
    let of_fields = rules.chunk_by(|_, next| next.is_alternative);
    of_fields.filter_map(|rules| bind_rules_of(rules, names)).collect()
}

/// Binds the rules of one field, or a wildcard.
fn bind_rules_of<'p>(
    rules: &[&'p FieldRule],
    names: Names<'_>,
) -> Option<BoundRule<'p, PathSource>> {
    let mut chain = Vec::new();
    for rule in rules {
        match &rule.target {
            FieldTarget::Field(field) => chain.push(bind_rule(field, rule, names)),
            _ => return Some(BoundRule::Custom(bind_wildcard(rule, names))),
        }
    }
    FieldBinding::chained(chain).map(BoundRule::Field)
}

fn bind_wildcard<'p>(
    FieldRule { target, rule, when, .. }: &'p FieldRule,
    names: Names<'_>,
) -> CustomRule<'p, PathSource> {
    let members = rule.paths.iter().map(|path| match path.strip_suffix('*') {
        Some(prefix) => CustomMembers::Prefix(prefix),
        None => CustomMembers::Object(PathSource::of_group(path, target.group())),
    });
    let when = when.as_ref().map(|when| bind_condition(when, names));
    CustomRule { target, rule, when, members: members.collect(), known: KnownFields::new() }
}

/// Binds the rule of a field.
pub(super) fn bind_rule<'p>(
    field: &Field,
    FieldRule { rule, when, .. }: &'p FieldRule,
    names: Names<'_>,
) -> FieldBinding<'p, PathSource> {
    let binding = bind_sources(field, rule, names);
    // Without a path it yields its default everywhere.
    let when = when.as_ref().filter(|_| !binding.sources.is_empty() || !rule.has_source());
    FieldBinding { when: when.map(|when| bind_condition(when, names)), ..binding }
}

/// Binds a rule to the paths of its values and of its companion.
pub(super) fn bind_sources<'p>(
    field: &Field,
    rule: &'p Rule,
    names: Names<'_>,
) -> FieldBinding<'p, PathSource> {
    let source =
        |path: &str| names.side(path).unwrap_or_else(|| PathSource::of_group(path, field.group()));
    // A rule that combines several values looks beside each of them.
    let member = rule.scale_member().filter(|_| !rule.combines());
    let beside = member.map_or_else(Vec::new, |name| {
        rule.paths.iter().map(|path| source(&path_beside(path, name))).collect()
    });
    let language = rule.language.iter().flat_map(|language| &language.paths);
    let language = language.map(|path| source(path)).collect();
    let fields = rule.fields.iter().filter_map(|field| names.field(field));
    let sources: Vec<_> =
        rule.paths.iter().map(|path| source(path)).chain(fields).map(Some).collect();
    let companion = rule.companion.as_deref().map(|companion| {
        let sources = companion.paths.iter().map(|path| Some(source(path))).collect();
        Box::new(FieldBinding::new(field.clone(), companion, sources, Vec::new()))
    });
    let added_join = Join::added_by(rule, &rule.paths, names.joins);
    let bound = FieldBinding::new(field.clone(), rule, sources, beside);
    FieldBinding { language, companion, added_join, ..bound }
}

/// The people of one role, if the profile has the path of their array.
fn bind_people<'p>(
    people: &'p PeopleRules,
    names: Names<'_>,
) -> Option<BoundPeople<'p, PathSource>> {
    let array = array_at(people.path.as_deref()?);
    let rules: Vec<_> = people.rules.iter().collect();
    Some(BoundPeople { role: people.role, array: Some(array), rules: bind_rules(&rules, names) })
}

fn array_at(path: &str) -> ArraySource<'_, PathSource> {
    // `lines[]` is the array `lines`.
    let array = path.strip_suffix("[]").unwrap_or(path);
    let walks_arrays = !arrays_of(array).is_empty();
    ArraySource { path, source: PathSource::new(array), walks_arrays }
}

/// Binds a condition.
fn bind_condition(condition: &Condition, names: Names<'_>) -> Condition<TestedSource<PathSource>> {
    let bound = condition.bind(&mut |source: &CellSource| {
        Ok::<_, Infallible>(match (&source.path, source.is_raw) {
            (_, true) => TestedSource::Raw,
            _ if source.field.is_some() => {
                let field = source.field.as_ref().and_then(|field| names.field(field));
                field.map_or(TestedSource::Missing, TestedSource::Value)
            }
            (Some(path), false) => TestedSource::Value(
                names.side(path).unwrap_or_else(|| PathSource::of_condition(path)),
            ),
            (None, false) => TestedSource::Missing,
        })
    });
    bound.unwrap_or_else(|never| match never {})
}
