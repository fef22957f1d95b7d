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
    header_binding::ITEM_FIELDS,
    known_fields::KnownFields,
    mapper::Mapper,
    packed_items::PackedItems,
    path_text::arrays_of,
    paths::path_beside,
    profile::{FieldRule, FieldTarget, ItemKindRules, PeopleRules, Profile, SkipRule},
    refunds::Refunds,
    rule::Rule,
};
use crate::model::field::Field;

/// Binds a profile to a file of documents. `file` is the file's name in messages.
pub(super) fn bind<'p>(
    profile: &'p Profile,
    file: &str,
) -> Result<Mapper<'p, PathSource>, MapError> {
    if profile.key.paths.is_empty() {
        return Err(MapError::other_format(file, true, "the order's reference"));
    }
    profile.ensure_conditions_apply(file, true, |source| source.path.as_ref())?;
    let version_of = profile.duplicates.as_ref();
    if version_of.is_some_and(|duplicates| duplicates.by.paths.is_empty()) {
        return Err(MapError::other_format(file, true, VERSION));
    }
    for (rule, name) in profile.refunds.iter().flat_map(Refunds::named_rules) {
        if rule.paths.is_empty() {
            return Err(MapError::other_format(file, true, name));
        }
    }
    let order_rules: Vec<_> = profile.rules.iter().filter(|rule| !rule.is_of_items()).collect();
    let bind_skip = |skip: &'p SkipRule| (skip, bind_condition(&skip.when, None));
    let mut skips: Vec<_> = profile.skips.iter().map(bind_skip).collect();
    let mut row_skips: Vec<_> = profile.row_skips.iter().map(bind_skip).collect();
    // The only row of an order is the document.
    if profile.item_paths.is_some() {
        skips.append(&mut row_skips);
    }
    // The rows of an order are its document, without which it is left out, and the children.
    if profile.parent.is_some() {
        skips.extend(profile.row_skips.iter().map(bind_skip));
    }
    let parent = profile.parent.as_ref().and_then(|rule| {
        let path = rule.paths.first()?;
        let no_id = format!(
            "{path:?} is neither a text nor a number; expected the id of the document that this \
             one belongs to"
        );
        Some(ParentSource { rule, source: PathSource::new(path), no_id })
    });
    let item_paths = profile.item_paths.as_ref();
    let has_item_fields = profile.packed_items.is_some() || profile.repeated_items.is_some();
    // A list in a column is in no document.
    let packed = profile.packed_items.as_ref().filter(|items| items.path.is_some());
    let packed_at = packed.and_then(|items| Some((items, items.path.as_deref()?)));
    if has_item_fields && packed_at.is_none() && item_paths.is_none() {
        return Err(MapError::other_format(file, true, ITEM_FIELDS));
    }
    Ok(Mapper {
        profile,
        key: profile.key.paths.iter().map(|path| PathSource::new(path)).collect(),
        is_key_verbatim: profile.key.is_verbatim(),
        checks_key_parts: profile.checks_key_parts(),
        parent,
        order_rules: bind_rules(&order_rules, packed),
        order_columns: Vec::new(),
        // A document is never compared with the one before it.
        counts_each_row: false,
        item_kinds: bind_kinds(profile, packed, false),
        order_kinds: bind_kinds(profile, packed, true),
        items: item_paths.map(|paths| paths.iter().map(|path| array_at(path)).collect()),
        packed: packed_at
            .map(|(items, path)| PackedSource { items, source: PathSource::new(path) }),
        groups: Vec::new(),
        has_side_items: false,
        added_joins: Vec::new(),
        may_have_items: profile.maps_items(),
        people: profile.people.iter().filter_map(bind_people).collect(),
        skips,
        row_skips,
        ignore_rows: profile
            .ignore_rows
            .iter()
            .map(|ignored| bind_condition(ignored, None))
            .collect(),
        item_rows: profile.item_rows.as_ref().map(|rows| bind_condition(rows, packed)),
        refunds: profile.refunds.as_ref().map(bind_refunds),
        version: version_of.map(|of| bind_sources(&of.field, &of.by, None)),
    })
}

/// Binds the rules of refunds.
fn bind_refunds(refunds: &Refunds) -> BoundRefunds<'_, PathSource> {
    let order = refunds.order.iter().flat_map(|order| &order.paths);
    BoundRefunds {
        refunds,
        rows: refunds.rows.as_ref().map(|rows| bind_condition(rows, None)),
        order: order.map(|path| PathSource::new(path)).collect(),
        amount: refunds.amount.as_ref().map(|amount| bind_sources(&Field::Price, amount, None)),
    }
}

/// Binds the kinds of items that are made of values of the order, or the others.
fn bind_kinds<'p>(
    profile: &'p Profile,
    packed: Option<&PackedItems>,
    are_of_order: bool,
) -> Vec<BoundKind<'p, PathSource>> {
    let kinds = profile.item_kinds.iter().filter(|of| of.kind.is_of_order == are_of_order);
    let bind = |ItemKindRules { kind, when }: &'p ItemKindRules| {
        let rules = profile.rules.iter().filter(|rule| rule.is_of_items() && rule.kind == *kind);
        let rules = bind_rules(&rules.collect::<Vec<_>>(), packed);
        BoundKind {
            kind: *kind,
            when: when.as_ref().map(|when| bind_condition(when, packed)),
            rules,
        }
    };
    kinds.map(bind).collect()
}

fn bind_rules<'p>(
    rules: &[&'p FieldRule],
    packed: Option<&PackedItems>,
) -> Vec<BoundRule<'p, PathSource>> {
    let of_fields = rules.chunk_by(|_, next| next.is_alternative);
    of_fields.filter_map(|rules| bind_rules_of(rules, packed)).collect()
}

/// Binds the rules of one field, or a wildcard.
fn bind_rules_of<'p>(
    rules: &[&'p FieldRule],
    packed: Option<&PackedItems>,
) -> Option<BoundRule<'p, PathSource>> {
    let mut chain = Vec::new();
    for rule in rules {
        match &rule.target {
            FieldTarget::Field(field) => chain.push(bind_rule(field, rule, packed)),
            _ => return Some(BoundRule::Custom(bind_wildcard(rule, packed))),
        }
    }
    FieldBinding::chained(chain).map(BoundRule::Field)
}

fn bind_wildcard<'p>(
    FieldRule { target, rule, when, .. }: &'p FieldRule,
    packed: Option<&PackedItems>,
) -> CustomRule<'p, PathSource> {
    let members = rule.paths.iter().map(|path| match path.strip_suffix('*') {
        Some(prefix) => CustomMembers::Prefix(prefix),
        None => CustomMembers::Object(PathSource::of_group(path, target.group())),
    });
    let when = when.as_ref().map(|when| bind_condition(when, packed));
    CustomRule { target, rule, when, members: members.collect(), known: KnownFields::new() }
}

/// Binds the rule of a field. `packed` is the list that has the fields of its items.
pub(super) fn bind_rule<'p>(
    field: &Field,
    FieldRule { rule, when, .. }: &'p FieldRule,
    packed: Option<&PackedItems>,
) -> FieldBinding<'p, PathSource> {
    let binding = bind_sources(field, rule, packed);
    // Without a path it yields its default everywhere.
    let when = when.as_ref().filter(|_| !binding.sources.is_empty() || !rule.has_source());
    FieldBinding { when: when.map(|when| bind_condition(when, packed)), ..binding }
}

/// Binds a rule to the paths of its values and of its zone.
fn bind_sources<'p>(
    field: &Field,
    rule: &'p Rule,
    packed: Option<&PackedItems>,
) -> FieldBinding<'p, PathSource> {
    let source = |path: &str| PathSource::of_group(path, field.group());
    // A rule that combines several values looks beside each of them.
    let member = rule.scale_member().filter(|_| !rule.combines());
    let beside = member.map_or_else(Vec::new, |name| {
        rule.paths.iter().map(|path| source(&path_beside(path, name))).collect()
    });
    let language = rule.language.iter().flat_map(|language| &language.paths);
    let language = language.map(|path| source(path)).collect();
    let indexes =
        rule.fields.iter().filter_map(|field| packed.and_then(|packed| packed.field_index(field)));
    let fields = indexes.map(PathSource::of_field);
    let sources: Vec<_> =
        rule.paths.iter().map(|path| source(path)).chain(fields).map(Some).collect();
    let zone = rule.zone.as_deref().map(|zone| {
        let sources = zone.paths.iter().map(|path| Some(source(path))).collect();
        Box::new(FieldBinding::new(field.clone(), zone, sources, Vec::new()))
    });
    let bound = FieldBinding::new(field.clone(), rule, sources, beside);
    FieldBinding { language, zone, ..bound }
}

/// The people of one role, if the profile has the path of their array.
fn bind_people(people: &PeopleRules) -> Option<BoundPeople<'_, PathSource>> {
    let array = array_at(people.path.as_deref()?);
    let rules: Vec<_> = people.rules.iter().collect();
    Some(BoundPeople { role: people.role, array: Some(array), rules: bind_rules(&rules, None) })
}

fn array_at(path: &str) -> ArraySource<'_, PathSource> {
    // `lines[]` is the array `lines`.
    let array = path.strip_suffix("[]").unwrap_or(path);
    let walks_arrays = !arrays_of(array).is_empty();
    ArraySource { path, source: PathSource::new(array), walks_arrays }
}

/// Binds a condition. `packed` is the list that has the fields of its items.
fn bind_condition(
    condition: &Condition,
    packed: Option<&PackedItems>,
) -> Condition<TestedSource<PathSource>> {
    let bound = condition.bind(&mut |source: &CellSource| {
        Ok::<_, Infallible>(match (&source.path, source.is_raw) {
            (_, true) => TestedSource::Raw,
            _ if source.field.is_some() => {
                let index = source.field.as_ref().and_then(|field| packed?.field_index(field));
                let field = index.map(PathSource::of_field);
                field.map_or(TestedSource::Missing, TestedSource::Value)
            }
            (Some(path), false) => TestedSource::Value(PathSource::of_condition(path)),
            (None, false) => TestedSource::Missing,
        })
    });
    bound.unwrap_or_else(|never| match never {})
}
