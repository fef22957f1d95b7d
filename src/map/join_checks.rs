//! Checks of joins: what contradicts them in the rest of a profile.
//!
//! Called by `profile_keys`; `joins_compiler` checks each by itself.

use super::{
    combination::Combination,
    condition::{CellSource, Condition},
    join::{Join, JoinKey},
    join_readers::rule_reads,
    key_errors::KeyErrors,
    path_text::walks_arrays,
    profile::{FieldRule, FieldTarget, ItemKindRules, Profile},
    rule::Rule,
};
use crate::model::draft::ItemSource;

/// Refuses what contradicts the joins of a profile. `items` is the key of its items, if they are in
/// no join.
pub(super) fn check_joins(profile: &Profile, items: Option<&str>, errors: &mut KeyErrors) {
    check_item_joins(profile, items, errors);
    check_added_joins(profile, errors);
    check_join_keys(profile, errors);
    check_join_wildcards(profile, errors);
    check_joined_arrays(profile, errors);
    check_ignored_rows(profile, errors);
    check_groups(profile, errors);
}

/// Refuses groups of columns in a joined file: they are found in the header of the export.
fn check_groups(profile: &Profile, errors: &mut KeyErrors) {
    let Some(groups) = &profile.repeated_items else { return };
    if let Some(join) = profile.joins.iter().find(|join| join.has_column(&groups.pattern)) {
        let error = format!(
            "is {:?}, of the join {:?}; expected columns of the export: in a joined file each item is \
             a row (items = true), or all are a list in a cell ([items.packed])",
            groups.pattern, join.name
        );
        errors.add_at(&["items", "repeated", "columns"], &error);
    }
}

/// Refuses what contradicts joins whose rows are items. `other` is the key of other items of the
/// orders, if the profile has any.
fn check_item_joins(profile: &Profile, other: Option<&str>, errors: &mut KeyErrors) {
    for join in profile.joins.iter().filter(|join| join.has_items) {
        if is_taken_for_order(profile, join) {
            let error = "from = \"order\" makes an item of the whole order and names no join; \
                         expected another name for the join";
            errors.add_at(&["join", &join.index.to_string(), "as"], error);
            continue;
        }
        check_item_readers(profile, join, errors);
        check_items_read(profile, join, errors);
    }
    let unnamed = profile.joins.iter().filter(|join| !profile.names_as_source(join));
    for join in unnamed.filter(|join| join.item_rows.is_some()) {
        let error =
            "is for a join that from of an [[item]] names; expected item_rows of the profile";
        errors.add_at(&["join", &join.index.to_string(), "item_rows"], error);
    }
    check_own_items(profile, other, errors);
    check_netted_joins(profile, errors);
    let is_of_orders = |join: &&Join| join.has_items && !profile.names_as_source(join);
    let mut with_items = profile.joins.iter().filter(is_of_orders);
    let Some(join) = with_items.next() else { return };
    if let Some(other) = other {
        let error = format!("contradicts {other}, which has the items too");
        errors.add_at(&["join", &join.index.to_string(), "items"], &error);
    }
    if profile.nets_refunds() {
        let error = format!(
            "\"net\" takes the items of a row off its order, but each row has all items of the join \
             {:?}; expected \"leave_out\"",
            join.name
        );
        errors.add_at(&["refunds", "mode"], &error);
    }
    for other in with_items {
        let error = "two joins have the items; expected one, or an [[item]] with from = the name \
                     of the join for each";
        errors.add_at(&["join", &other.index.to_string(), "items"], error);
    }
}

/// Whether the rules of an item of the whole order read a join with the name that `from` has for
/// it.
fn is_taken_for_order(profile: &Profile, join: &Join) -> bool {
    let is_of_order =
        |rule: &&FieldRule| rule.is_of_items() && rule.kind.source == ItemSource::Order;
    let mut rules = profile.all_rules().filter(is_of_order);
    join.name == "order" && rules.any(|rule| rule_reads(&rule.rule, join))
}

/// Refuses items of the export where every [[item]] is for a join.
fn check_own_items(profile: &Profile, key: Option<&str>, errors: &mut KeyErrors) {
    let reads = |of: &&ItemKindRules| profile.rules_of_kind(of.kind).next().is_some();
    let has_own = profile.item_kinds_of(None).iter().any(reads);
    let are_of_joins = profile.item_kinds.iter().any(|of| of.join.is_some()) && !has_own;
    let key = key.or(profile.item_rows.is_some().then_some("item_rows"));
    if let (true, Some(key)) = (are_of_joins, key)
        && !profile.joins.iter().any(|join| join.has_items && !profile.names_as_source(join))
    {
        let error = "no [[item]] has the rules of these items; expected one without from";
        errors.add(if key.starts_with('[') { "items" } else { key }, error);
    }
}

/// Refuses a join with items whose rules do not read it: its rows would make no items.
/// The items of the orders may have kinds of constants beside others.
fn check_items_read(profile: &Profile, join: &Join, errors: &mut KeyErrors) {
    let kinds = profile.item_kinds_of(Some(join));
    let reads = |of: &&ItemKindRules| {
        profile.rules_of_kind(of.kind).any(|rule| rule_reads(&rule.rule, join))
    };
    let n_reading = kinds.iter().filter(|of| reads(of)).count();
    let is_enough = if profile.names_as_source(join) { kinds.len() } else { 1 };
    if n_reading < is_enough && !errors.has_below(&["item"]) {
        let error = format!(
            "has items, and no rule of them reads a column of it; expected for example price = \
             {{ column = \"{name}.Price\" }} in each [[item]] with from = {name:?}",
            name = join.name
        );
        errors.add_at(&["join", &join.index.to_string(), "items"], &error);
    }
}

/// Refuses to take refunds off orders where these may have rows of a join of their own, which are
/// not taken off, or the list of all items of the order.
fn check_netted_joins(profile: &Profile, errors: &mut KeyErrors) {
    let Some(refunds) = profile.refunds.as_ref().filter(|refunds| refunds.are_netted) else {
        return;
    };
    let list = profile.packed_items.as_ref();
    let lists = list.into_iter().flat_map(|list| list.column.iter().chain(&list.path));
    let mut joined = lists.filter(|name| profile.joins.iter().any(|join| join.has_column(name)));
    if let (Some(name), None) = (joined.next(), &refunds.amount) {
        let error = format!(
            "\"net\" takes the items of a row off its order, but all rows with a key share the list \
             {name:?} of a joined file; expected amount, the rule of what is taken off, or \
             \"leave_out\""
        );
        errors.add_at(&["refunds", "mode"], &error);
    }
    let Rule { columns, paths, .. } = &profile.key;
    let is_key = |of_key: &[String], of_join: &[String]| !of_join.is_empty() && of_key == of_join;
    let is_of_order = |join: &&Join| {
        join.keys.iter().all(|JoinKey { from, .. }| {
            is_key(columns, &from.columns) || is_key(paths, &from.paths)
        })
    };
    let mut named = profile.joins.iter().filter(|join| profile.names_as_source(join));
    if let Some(join) = named.find(|join| !is_of_order(join)) {
        let error = format!(
            "\"net\" takes off what a refund says, and it may have other rows of the join {:?} than \
             its order; expected the order key in on of the join, or \"leave_out\"",
            join.name
        );
        errors.add_at(&["refunds", "mode"], &error);
    }
}

/// Refuses other rules and conditions than those of its items that read columns of a join with
/// items.
fn check_item_readers(profile: &Profile, join: &Join, errors: &mut KeyErrors) {
    let kinds = profile.item_kinds_of(Some(join));
    let reads_items =
        |rule: &FieldRule| rule.is_of_items() && kinds.iter().any(|of| of.kind == rule.kind);
    let is_named = profile.names_as_source(join);
    let others = profile.item_kinds.iter().filter(|of| kinds.iter().all(|own| own.kind != of.kind));
    let of_others = others.flat_map(|of| &of.when);
    let of_rows = profile.joins.iter().filter(|other| other.index != join.index);
    let of_others = of_others.chain(of_rows.flat_map(|other| &other.item_rows));
    let conditions = of_others.chain(profile.item_rows.iter().filter(|_| is_named));
    let tested: Vec<_> = tested_names(conditions).collect();
    let mut read = columns_beside(profile, reads_items, false).chain(tested);
    if let Some(column) = read.find(|name| join.has_column(name)) {
        let (rules, which) = if is_named {
            ("its [[item]]", "item_rows in the join")
        } else {
            ("items", "item_rows")
        };
        let error = format!(
            "has items, of which only the rules of {rules} can read columns; {column:?} is read by {}; \
             {which} tells which rows of the file are items",
            reader_of(column, profile)
        );
        errors.add_at(&["join", &join.index.to_string(), "items"], &error);
    }
}

/// What reads a column or path, but no rule of items, as messages name it.
fn reader_of(name: &String, profile: &Profile) -> String {
    let tests = |condition: &Condition| {
        let sources = condition.sources();
        sources.iter().any(|source| [&source.column, &source.path].contains(&&Some(name.clone())))
    };
    let mut skips = profile.skips.iter().chain(&profile.row_skips);
    if let Some(skip) = skips.find(|skip| tests(&skip.when)) {
        return format!("the [[skip]] {:?}", skip.reason);
    }
    if profile.ignore_rows.iter().any(tests) {
        return "ignore_rows".to_owned();
    }
    if profile.item_rows.iter().any(tests) {
        return "item_rows".to_owned();
    }
    if profile.refunds.iter().flat_map(|refunds| &refunds.rows).any(tests) {
        return "rows of [refunds]".to_owned();
    }
    let reads = |rule: &&FieldRule| {
        let mut readers = rule.rule.readers();
        let is_read = readers.any(|rule| rule.columns.contains(name) || rule.paths.contains(name));
        is_read || rule.when.as_ref().is_some_and(tests)
    };
    let mut others = profile.all_rules().filter(|rule| !rule.reads_items());
    match others.find(reads).map(|rule| &rule.target) {
        Some(FieldTarget::Field(field)) => format!("the rule of {field}"),
        _ => "another rule or condition".to_owned(),
    }
}

/// Refuses rules and conditions that read columns of a join with several rows and do not add them
/// up.
fn check_added_joins(profile: &Profile, errors: &mut KeyErrors) {
    for join in profile.joins.iter().filter(|join| join.adds_rows()) {
        let adds = |rule: &FieldRule| {
            rule.rule.over_rows.is_sum() && !rule.is_of_items() && {
                let mut names = rule.rule.names();
                let mut tested = rule.when.iter().flat_map(Condition::sources);
                names.all(|name| join.has_column(name))
                    && tested.all(|source| is_tested_of(source, join, profile))
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
                 over_rows = \"add\" on a rule of the order that reads only this file, also in its \
                 when, or pick = {{ largest = \"…\" }} in the join",
                names.join(", ")
            );
            errors.add_at(&["join", &join.index.to_string(), "many"], &error);
        }
    }
}

/// Whether a condition on the rows of a join tests what all rows of an order share: the row of the
/// join, or a member of the only document.
fn is_tested_of(source: &CellSource, join: &Join, profile: &Profile) -> bool {
    let has_one_document = profile.item_paths.is_some() || profile.parent.is_some();
    let is_of_join = |name: &String| join.has_column(name);
    let (mut columns, mut paths) = (source.column.iter(), source.path.iter());
    !source.is_raw
        && columns.all(is_of_join)
        && paths.all(|path| has_one_document || is_of_join(path))
}

/// The columns and paths that rules, conditions and the order key read.
pub(super) fn all_columns(profile: &Profile) -> impl Iterator<Item = &String> {
    columns_beside(profile, |_| false, true)
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
    let conditions = conditions.chain(profile.order_conditions());
    let tested_of_items = profile.item_conditions().filter(move |_| of_items);
    let tested: Vec<_> = tested_names(conditions.chain(tested_of_items)).collect();
    let readers = rules.into_iter().flat_map(|rule| rule.rule.readers());
    let columns = readers.chain(profile.row_rules().flat_map(Rule::readers)).flat_map(Rule::names);
    columns.chain(tested)
}

/// The columns and paths that conditions test.
fn tested_names<'p>(
    conditions: impl Iterator<Item = &'p Condition>,
) -> impl Iterator<Item = &'p String> {
    let sources = conditions.flat_map(Condition::sources);
    sources.flat_map(CellSource::names)
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
            let error = format!(
                "{name:?} is of a joined file; expected a column or path of the export, or another \
                 name for the join"
            );
            errors.add_at(&["join", &join.index.to_string(), "on"], &error);
        }
    }
}

/// Refuses a rule that reads several values of one row of a joined file, of which each path has one
/// value in memory.
pub(super) fn check_joined_paths(rule: &Rule, joins: &[Join]) -> Result<(), KeyErrors> {
    let is_joined = |path: &&String| joins.iter().any(|join| join.has_column(path));
    let mut errors = KeyErrors::default();
    let mut paths = rule.readers().flat_map(|rule| rule.paths.iter().chain(&rule.columns));
    if let Some(path) = paths.find(|path| is_joined(path) && walks_arrays(path)) {
        let error = format!(
            "{path:?} has a value for each element, but one value of a joined file is read at each \
             path; expected an index such as \"addresses.0.city\", a filter, or items in the join"
        );
        return Err(KeyErrors::of_rule(error));
    }
    if let (Some(_), Some(column)) = (rule.nth, rule.columns.iter().find(is_joined)) {
        let error = format!("{column:?} is of a joined file, which has one column of each name");
        errors.add("nth", &error);
    }
    let languages = rule.language.iter().flat_map(|language| &language.paths);
    let is_member_read = rule.scale_member().is_some() && rule.combines();
    for (key, is_set, what) in [
        ("join", matches!(rule.combination, Combination::Join(_)), "the elements of an array"),
        ("language", rule.language.is_some(), "the texts in several languages"),
        ("scale", is_member_read, "the decimals beside each of several numbers"),
    ] {
        let path = rule.paths.iter().chain(languages.clone()).find(is_joined);
        if let (true, Some(path)) = (is_set, path) {
            errors.add(
                key,
                &format!("the rule reads {what}, and {path:?} is of a joined file; {ONE_VALUE}"),
            );
        }
    }
    errors.ensure_none()
}

const ONE_VALUE: &str = "expected a path of the export, or one value of the joined file";

/// Refuses arrays of items and people in joined files.
fn check_joined_arrays(profile: &Profile, errors: &mut KeyErrors) {
    let is_joined = |path: &&String| profile.joins.iter().any(|join| join.has_column(path));
    if let Some(path) = profile.item_paths.iter().flatten().find(is_joined) {
        let error = format!(
            "{path:?} is of a joined file; expected items = \"lines[]\" in its [[join]], and no \
             items of the export"
        );
        errors.add("items", &error);
    }
    for people in &profile.people {
        if let Some(path) = people.path.as_ref().filter(is_joined) {
            let error = format!("{path:?} is of a joined file; expected an array of the export");
            errors.add(&format!("{}s", people.role.name()), &error);
        }
    }
}

/// Refuses to ignore rows by a joined file where blank cells take the values above: the cells are
/// filled before the rows are joined, so those of an ignored row would be taken.
fn check_ignored_rows(profile: &Profile, errors: &mut KeyErrors) {
    if profile.files.fill_down.is_empty() {
        return;
    }
    for (index, ignored) in profile.ignore_rows.iter().enumerate() {
        let mut columns = ignored.sources().into_iter().flat_map(|source| &source.column);
        let is_joined = |column: &&String| profile.joins.iter().any(|join| join.has_column(column));
        if let Some(column) = columns.find(is_joined) {
            let error = format!(
                "the condition tests {column:?} of a joined file, but fill_down fills cells before rows are \
                 joined; expected a column of the export; [[skip]] leaves out whole orders"
            );
            errors.add_at(&["ignore_rows", &index.to_string()], &error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors_of(top: &str, rules: &str) -> String {
        let text = format!(
            "name = 'p'\n{top}\norder.referenceId = {{ column = 'id', path = 'id' }}\n{rules}\n\
             [[join]]\nas = 'c'\non = [{{ column = 'id', path = 'id', to = 'id' }}]"
        );
        Profile::parse("p", &text).unwrap_err().to_string()
    }

    #[test]
    fn several_values_of_a_joined_row_are_refused() {
        let rules = "
order.price = { sum = ['c.lines[].price', 'fee'], scale = { beside = 'digits' } }
order.ext.tags = { path = 'c.tags', join = ',' }
order.ext.name = { path = 'c.name', language = { path = 'c.locale' } }
order.ext.zip = { column = 'c.zip', nth = 2 }
order.ext.city = [{ path = 'city' }, { sum = ['c.a', 'b'], scale = { beside = 'digits' }, type = 'float' }]";
        insta::assert_snapshot!(errors_of("", rules), @r#"
        p:5:7: order.price: "c.lines[].price" has a value for each element, but one value of a joined file is read at each path; expected an index such as "addresses.0.city", a filter, or items in the join
          p:6:44: order.ext.tags.join: the rule reads the elements of an array, and "c.tags" is of a joined file; expected a path of the export, or one value of the joined file
          p:7:37: order.ext.name.language: the rule reads the texts in several languages, and "c.name" is of a joined file; expected a path of the export, or one value of the joined file
          p:8:43: order.ext.zip.nth: "c.zip" is of a joined file, which has one column of each name
          p:9:60: order.ext.city[2].scale: the rule reads the decimals beside each of several numbers, and "c.a" is of a joined file; expected a path of the export, or one value of the joined file
        "#);
    }

    #[test]
    fn arrays_of_a_joined_row_are_refused() {
        let top = "items = 'c.lines[]'\ncontacts = 'c.people'\ncontact.email = { path = 'email' }";
        insta::assert_snapshot!(errors_of(top, "item.name = { path = 'name' }"), @r#"
        p:2:9: items: "c.lines[]" is of a joined file; expected items = "lines[]" in its [[join]], and no items of the export
          p:3:12: contacts: "c.people" is of a joined file; expected an array of the export
        "#);
    }

    /// All rows of an order share the members of its only document.
    #[test]
    fn condition_of_added_rows_tests_the_only_document() {
        let with = |items: &str, when: &str| {
            let text = format!(
                "name = 'p'\n{items}\norder.referenceId = {{ path = 'id' }}\n\
                 order.price = {{ path = 'c.value', over_rows = 'add', when = {when} }}\n\
                 [[join]]\nas = 'c'\nmany = 'all'\non = [{{ path = 'id', to = 'id' }}]"
            );
            Profile::parse("p", &text).map_or_else(|error| error.to_string(), |_| String::new())
        };
        let of_document = "{ path = 'kind', is = 'sale' }";
        assert_eq!(with("items = 'lines'", of_document), "");
        assert_eq!(with("parent = { path = 'of', to = 'id' }", of_document), "");
        assert_eq!(with("", "{ path = 'c.kind', is = 'card' }"), "");
        for when in [of_document, "{ raw = true, contains = 'sale' }"] {
            let error = with("", when);
            assert!(error.contains("join.many: \"many\" has several rows"), "{error}");
        }
    }

    /// Their cells are filled before it is known which rows are ignored.
    #[test]
    fn filled_rows_are_not_ignored_by_joined_ones() {
        let top = "fill_down = ['id']\nignore_rows = [{ column = 'a', is = 'x' }, \
                   { any = [{ column = 'c.kind', is = 'test' }] }]";
        insta::assert_snapshot!(errors_of(top, ""), @r#"p:3:44: ignore_rows[2]: the condition tests "c.kind" of a joined file, but fill_down fills cells before rows are joined; expected a column of the export; [[skip]] leaves out whole orders"#);
    }
}
