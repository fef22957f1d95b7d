//! Compilation of `join`: files beside the export.
//!
//! Called by `profile_compiler`.

use super::{
    condition::Condition,
    date_keys::DateUse,
    file_syntax::FileSyntax,
    input_settings::Many,
    join::{Join, JoinKey},
    join_text::{JoinItemsText, JoinKeyText, JoinText},
    key_errors::{KeyError, KeyErrors},
    number::NumberMarks,
    path_text::{ensure_named, segments},
    pick::Pick,
    profile::{FieldRule, FieldTarget, Profile},
    rule::Rule,
    rule_text::RuleText,
};

/// Compiles the joins without what is wrong.
pub(super) fn compile_joins(
    texts: Vec<JoinText>,
    (nulls, marks): (&[String], NumberMarks),
    errors: &mut KeyErrors,
) -> Vec<Join> {
    let (mut joins, mut names) = (Vec::new(), Vec::new());
    for (index, text) in texts.into_iter().enumerate() {
        let place = index.to_string();
        if names.contains(&text.r#as) {
            let error = format!("two joins have the name {:?}; expected another one", text.r#as);
            errors.add_at(&["join", &place, "as"], &error);
        }
        names.push(text.r#as.clone());
        let join = compile_join(text, index, (nulls, marks));
        joins.extend(errors.keep_below(&["join", &place], join));
    }
    joins
}

fn compile_join(
    text: JoinText,
    index: usize,
    (nulls, marks): (&[String], NumberMarks),
) -> Result<Join, KeyErrors> {
    let mut errors = KeyErrors::default();
    errors.keep(check_name(&text.r#as));
    if text.file.as_deref().is_some_and(|file| file.trim().is_empty()) {
        errors.add("file", "is empty; expected the name of a file, or no key for --join");
    }
    if text.on.is_empty() {
        errors.add("on", "is empty; expected the key: [{ column = \"customer_id\", to = \"id\" }]");
    }
    let mut of_file = KeyErrors::default();
    let files = FileSyntax::compile(text.profile, false, &mut of_file);
    errors.keep_below(&["profile"], of_file.ensure_none());
    let mut keys = Vec::new();
    for (index, JoinKeyText { from, to }) in text.on.into_iter().enumerate() {
        let index = index.to_string();
        let from = errors.keep_below(&["on", &index], key_rule(from, nulls));
        let to = errors.keep_below(&["on", &index, "to"], key_rule(to, nulls));
        keys.extend(from.zip(to).map(|(from, to)| JoinKey { from, to }));
    }
    let (has_items, item_path) = match text.items {
        Some(JoinItemsText::Path(path)) => (true, errors.keep(item_path(&path))),
        Some(JoinItemsText::Rows(are_items)) => (are_items, None),
        None => (false, None),
    };
    if has_items && text.many.is_some() {
        errors.add("many", "without effect: all rows of a key are items");
    }
    if text.pick.is_some() && text.many != Some(Many::All) {
        errors.add("pick", "is for all rows of a key; expected many = \"all\" beside it");
    }
    let pick = text.pick.map(|pick| Pick::new(pick, marks)).transpose();
    let pick = errors.keep(pick).flatten();
    errors.ensure_none()?;
    let many = text.many.unwrap_or_default();
    Ok(Join {
        index,
        name: text.r#as,
        file: text.file,
        files,
        keys,
        many,
        pick,
        has_items,
        item_path,
    })
}

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
    let index = join.index.to_string();
    let key = ["join", &*index, "items"];
    if let Some(other) = other {
        errors.add_at(&key, &format!("contradicts {other}, which has the items too"));
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
    let is_of_items = |rule: &FieldRule| rule.reads_items();
    if let Some(column) =
        columns_beside(profile, is_of_items, false).find(|name| join.has_column(name))
    {
        let error = format!(
            "has the items, of which only the rules of items can read columns; {column:?} is read \
             by another rule or condition"
        );
        errors.add_at(&key, &error);
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

/// The columns and paths that rules, without some of them, conditions and the order key read. With `of_items` also
/// the conditions on items.
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

/// The path of the array whose elements are items, without the brackets at its end.
fn item_path(path: &str) -> Result<String, KeyError> {
    let array = path.strip_suffix("[]").unwrap_or(path);
    match segments(array).and_then(|segments| ensure_named(array, &segments)) {
        Ok(()) => Ok(array.to_owned()),
        Err(error) => Err(("items", error)),
    }
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

/// The name is the start of the names of columns, and part of an option of the command line.
fn check_name(name: &str) -> Result<(), KeyError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(is_word) {
        let error =
            format!("invalid name {name:?}; expected letters, digits, _ and -, such as customer");
        return Err(("as", error));
    }
    Ok(())
}

/// Compiles the rule of a part of a key: a text, after the steps of the rule.
fn key_rule(text: RuleText, nulls: &[String]) -> Result<Rule, KeyErrors> {
    let mut errors = KeyErrors::default();
    for (key, is_set) in [
        ("when", text.when.is_some()),
        ("default", text.default.is_some()),
        ("value", text.value.is_some()),
        ("disagree", text.disagree.is_some()),
        ("over_rows", text.over_rows.is_some()),
        ("date", text.date.is_some()),
        ("max_length", text.max_length.is_some()),
        ("optional", text.optional),
    ] {
        if is_set {
            errors.add(key, "is not for the key of a join, which is compared as a text");
        }
    }
    errors.ensure_none()?;
    let mut rule = Rule::new(text, DateUse::None)?;
    let has_name = !rule.columns.is_empty() || !rule.paths.is_empty();
    if rule.combines() || !has_name || !rule.fields.is_empty() {
        let error = "is no column and no path; expected one of them for each part of the key";
        return Err(KeyErrors::of_rule(error.to_owned()));
    }
    rule.add_nulls(nulls);
    Ok(rule)
}
