//! Binding of a profile to the paths of documents, which are split once per file.
//!
//! Documents have no header, so which of the paths occur is known only after the last one
//! (`paths`). Called by `file_mapper`.

use std::convert::Infallible;

use super::{
    bound_rule::{
        ArraySource, BoundPeople, BoundRule, CustomMembers, CustomRule, FieldBinding, TestedSource,
    },
    condition::{CellSource, Condition},
    document_view::PathSource,
    error::MapError,
    known_fields::KnownFields,
    mapper::Mapper,
    paths::path_beside,
    profile::{FieldRule, FieldTarget, PeopleRules, Profile},
};
use crate::model::field::FieldGroup;

/// Binds a profile to a file of documents. `file` is the file's name in messages.
pub(super) fn bind<'p>(
    profile: &'p Profile,
    file: &str,
) -> Result<Mapper<'p, PathSource>, MapError> {
    if profile.key.paths.is_empty() {
        return Err(MapError::other_format(file, true, "the order's reference"));
    }
    profile.ensure_conditions_apply(file, true, |source| source.path.as_ref())?;
    let (item_rules, order_rules): (Vec<_>, Vec<_>) =
        profile.rules.iter().partition(|rule| rule.target.group() == FieldGroup::Item);
    let skips = profile.skips.iter().map(|skip| (skip, bind_condition(&skip.when)));
    Ok(Mapper {
        profile,
        key: profile.key.paths.iter().map(|path| PathSource::new(path)).collect(),
        order_rules: order_rules.into_iter().map(bind_rule).collect(),
        order_columns: Vec::new(),
        item_rules: item_rules.into_iter().map(bind_rule).collect(),
        items: profile.items_path.as_deref().map(array_at),
        may_have_items: profile.maps_items(),
        people: profile.people.iter().filter_map(bind_people).collect(),
        skips: skips.collect(),
        ignore_rows: profile.ignore_rows.iter().map(bind_condition).collect(),
        item_rows: profile.item_rows.as_ref().map(bind_condition),
    })
}

fn bind_rule(FieldRule { target, rule }: &FieldRule) -> BoundRule<'_, PathSource> {
    let source = |path: &str| PathSource::of_group(path, target.group());
    let FieldTarget::Field(field) = target else {
        let members = rule.paths.iter().map(|path| match path.strip_suffix('*') {
            Some(prefix) => CustomMembers::Prefix(prefix),
            None => CustomMembers::Object(source(path)),
        });
        return BoundRule::Custom(CustomRule {
            target,
            rule,
            members: members.collect(),
            known: KnownFields::new(),
        });
    };
    // A rule that combines several values looks beside each of them.
    let member = rule.scale_member().filter(|_| !rule.combines());
    let beside = member.map_or_else(Vec::new, |name| {
        rule.paths.iter().map(|path| source(&path_beside(path, name))).collect()
    });
    let sources = rule.paths.iter().map(|path| Some(source(path))).collect();
    BoundRule::Field(FieldBinding::new(field.clone(), rule, sources, beside))
}

/// The people of one role, if the profile has the path of their array.
fn bind_people(people: &PeopleRules) -> Option<BoundPeople<'_, PathSource>> {
    let array = array_at(people.path.as_deref()?);
    let rules = people.rules.iter().map(bind_rule).collect();
    Some(BoundPeople { role: people.role, array: Some(array), rules })
}

fn array_at(path: &str) -> ArraySource<'_, PathSource> {
    ArraySource { path, source: PathSource::new(path) }
}

fn bind_condition(condition: &Condition) -> Condition<TestedSource<PathSource>> {
    let bound = condition.bind(&mut |source: &CellSource| {
        Ok::<_, Infallible>(match (&source.path, source.is_raw) {
            (_, true) => TestedSource::Raw,
            (Some(path), false) => TestedSource::Value(PathSource::of_condition(path)),
            (None, false) => TestedSource::Missing,
        })
    });
    bound.unwrap_or_else(|never| match never {})
}
