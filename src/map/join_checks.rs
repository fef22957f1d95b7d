//! Checks of joins: what contradicts them in the rest of a profile.
//!
//! Called by `profile_keys`; `joins_compiler` checks each by itself.

use super::{
    condition::Condition,
    join::Join,
    key_errors::KeyErrors,
    profile::{FieldRule, FieldTarget, Profile},
    rule::Rule,
};

/// Refuses what contradicts the joins of a profile. `items` is the key of its items, if they are in
/// no join.
pub(super) fn check_joins(profile: &Profile, items: Option<&str>, errors: &mut KeyErrors) {
    check_item_joins(profile, items, errors);
    check_added_joins(profile, errors);
    check_join_keys(profile, errors);
    check_join_wildcards(profile, errors);
}

/// Refuses what contradicts a join whose rows are items. `other` is the key of other items, if the
/// profile has any.
fn check_item_joins(profile: &Profile, other: Option<&str>, errors: &mut KeyErrors) {
    let mut with_items = profile.joins.iter().filter(|join| join.has_items);
    let Some(join) = with_items.next() else { return };
    if let Some(other) = other {
        let error = format!("contradicts {other}, which has the items too");
        errors.add_at(&["join", &join.index.to_string(), "items"], &error);
    }
    if profile.refunds.as_ref().is_some_and(|refunds| refunds.are_netted) {
        let error = format!(
            "\"net\" takes the items of a row off its order, but each row has all items of the join \
             {:?}; expected \"leave_out\"",
            join.name
        );
        errors.add_at(&["refunds", "mode"], &error);
    }
    for other in with_items {
        let error = "two joins have the items; expected one";
        errors.add_at(&["join", &other.index.to_string(), "items"], error);
    }
    check_item_readers(profile, join, errors);
}

/// Refuses other rules and conditions than those of items that read columns of a join with the
/// items.
fn check_item_readers(profile: &Profile, join: &Join, errors: &mut KeyErrors) {
    let mut read = columns_beside(profile, FieldRule::reads_items, false);
    if let Some(column) = read.find(|name| join.has_column(name)) {
        let error = format!(
            "has the items, of which only the rules of items can read columns; {column:?} is read \
             by another rule or condition"
        );
        errors.add_at(&["join", &join.index.to_string(), "items"], &error);
    }
}

/// Refuses rules and conditions that read columns of a join with several rows and do not add them
/// up.
fn check_added_joins(profile: &Profile, errors: &mut KeyErrors) {
    for join in profile.joins.iter().filter(|join| join.adds_rows()) {
        let adds = |rule: &FieldRule| {
            rule.rule.over_rows.is_sum() && !rule.is_of_items() && {
                let mut names = rule.rule.columns.iter().chain(&rule.rule.paths);
                names.all(|name| join.has_column(name))
            }
        };
        let mut read: Vec<_> =
            columns_beside(profile, adds, true).filter(|name| join.has_column(name)).collect();
        read.sort_unstable();
        read.dedup();
        if !read.is_empty() {
            let names: Vec<_> = read.iter().map(|name| format!("{name:?}")).collect();
            let error = format!(
                "has several rows, but rules or conditions that take one value read {}; expected \
                 over_rows = \"add\" on a rule of the order that reads only this file, or \
                 pick = {{ largest = \"…\" }} in the join",
                names.join(", ")
            );
            errors.add_at(&["join", &join.index.to_string(), "many"], &error);
        }
    }
}

/// The columns and paths that rules, without some of them, conditions and the order key read. With
/// `of_items` also the conditions on items.
fn columns_beside(
    profile: &Profile,
    is_left_out: impl Fn(&FieldRule) -> bool,
    of_items: bool,
) -> impl Iterator<Item = &String> {
    let rules: Vec<_> = profile.all_rules().filter(|rule| !is_left_out(rule)).collect();
    let conditions = rules.iter().flat_map(|rule| &rule.when);
    let of_kinds = profile.item_kinds.iter().filter(|of| of.kind.is_of_order);
    let conditions = conditions.chain(of_kinds.flat_map(|of| &of.when));
    let conditions = conditions.chain(profile.order_conditions());
    let tested_of_items = profile.item_conditions().filter(move |_| of_items);
    let tested = conditions.chain(tested_of_items).flat_map(Condition::sources);
    let tested: Vec<_> =
        tested.flat_map(|source| source.column.iter().chain(&source.path)).collect();
    let readers = rules.into_iter().flat_map(|rule| rule.rule.readers());
    let columns = readers
        .chain(profile.row_rules().flat_map(Rule::readers))
        .flat_map(|rule| rule.columns.iter().chain(&rule.paths));
    columns.chain(tested)
}

/// Refuses rules for any name that read members of side files: only named ones are in memory.
fn check_join_wildcards(profile: &Profile, errors: &mut KeyErrors) {
    let is_wildcard = |rule: &&FieldRule| !matches!(rule.target, FieldTarget::Field(_));
    let wildcards = profile.all_rules().filter(is_wildcard);
    let paths: Vec<_> = wildcards.flat_map(|rule| &rule.rule.paths).collect();
    for join in &profile.joins {
        if let Some(path) = paths.iter().find(|path| join.has_column(path)) {
            let error =
                format!("has {path:?}, of which a rule takes any name; expected a rule for each");
            errors.add_at(&["join", &join.index.to_string(), "as"], &error);
        }
    }
}

/// Refuses keys of joins that are in side files: they are found in the export alone.
fn check_join_keys(profile: &Profile, errors: &mut KeyErrors) {
    for join in &profile.joins {
        let mut names = join.columns().chain(join.paths());
        let is_of_join = |name: &&String| profile.joins.iter().any(|join| join.has_column(name));
        if let Some(name) = names.find(is_of_join) {
            let error =
                format!("{name:?} is of a joined file; expected a column or path of the export");
            errors.add_at(&["join", &join.index.to_string(), "on"], &error);
        }
    }
}
