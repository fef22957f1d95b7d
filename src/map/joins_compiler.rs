//! Compilation of `join`: files beside the export.
//!
//! Called by `profile_compiler`.

use super::{
    condition::Condition,
    date_keys::DateUse,
    file_syntax::FileSyntax,
    join::{Join, JoinKey},
    join_text::{JoinKeyText, JoinText},
    key_errors::{KeyError, KeyErrors},
    profile::Profile,
    rule::Rule,
    rule_text::RuleText,
};
use crate::model::input::InputFormat;

/// Compiles the joins without what is wrong.
pub(super) fn compile_joins(
    texts: Vec<JoinText>,
    nulls: &[String],
    errors: &mut KeyErrors,
) -> Vec<Join> {
    let (mut joins, mut names) = (Vec::new(), Vec::new());
    for (index, text) in texts.into_iter().enumerate() {
        let index = index.to_string();
        if names.contains(&text.r#as) {
            let error = format!("two joins have the name {:?}; expected another one", text.r#as);
            errors.add_at(&["join", &index, "as"], &error);
        }
        names.push(text.r#as.clone());
        let join = compile_join(text, nulls);
        joins.extend(errors.keep_below(&["join", &index], join));
    }
    joins
}

fn compile_join(text: JoinText, nulls: &[String]) -> Result<Join, KeyErrors> {
    let mut errors = KeyErrors::default();
    errors.keep(check_name(&text.r#as));
    if text.file.as_deref().is_some_and(|file| file.trim().is_empty()) {
        errors.add("file", "is empty; expected the name of a file, or no key for --join");
    }
    if text.on.is_empty() {
        errors.add("on", "is empty; expected the key: [{ column = \"customer_id\", to = \"id\" }]");
    }
    let mut of_file = KeyErrors::default();
    let is_json = text.profile.format == Some(InputFormat::Ndjson);
    for (key, _) in [("format", is_json), ("documents", text.profile.documents.is_some())]
        .into_iter()
        .filter(|(_, is_set)| *is_set)
    {
        of_file.add(key, "is for JSON, and a join reads CSV files");
    }
    let files = FileSyntax::compile(text.profile, false, &mut of_file);
    errors.keep_below(&["profile"], of_file.ensure_none());
    let mut keys = Vec::new();
    for (index, JoinKeyText { from, to }) in text.on.into_iter().enumerate() {
        let index = index.to_string();
        let from = errors.keep_below(&["on", &index], key_rule(from, nulls));
        let to = errors.keep_below(&["on", &index, "to"], key_rule(to, nulls));
        keys.extend(from.zip(to).map(|(from, to)| JoinKey { from, to }));
    }
    if text.items && text.many.is_some() {
        errors.add("many", "without effect: all rows of a key are items");
    }
    errors.ensure_none()?;
    let (many, has_items) = (text.many.unwrap_or_default(), text.items);
    Ok(Join { name: text.r#as, file: text.file, files, keys, many, has_items })
}

/// Refuses what contradicts a join whose rows are items. `other` is the key of other items, if the
/// profile has any.
pub(super) fn check_item_joins(profile: &Profile, other: Option<&str>, errors: &mut KeyErrors) {
    let mut with_items = profile.joins.iter().enumerate().filter(|(_, join)| join.has_items);
    let Some((index, join)) = with_items.next() else { return };
    let index = index.to_string();
    let key = ["join", &*index, "items"];
    if let Some(other) = other {
        errors.add_at(&key, &format!("contradicts {other}, which has the items too"));
    }
    for (index, _) in with_items {
        let error = "two joins have the items; expected one";
        errors.add_at(&["join", &index.to_string(), "items"], error);
    }
    let rules: Vec<_> = profile.all_rules().filter(|rule| !rule.reads_items()).collect();
    let of_kinds = profile.item_kinds.iter().filter(|of| of.kind.is_of_order);
    let conditions = rules.iter().flat_map(|rule| &rule.when);
    let conditions = conditions.chain(of_kinds.flat_map(|of| &of.when));
    let conditions = conditions.chain(profile.order_conditions());
    let tested = conditions.flat_map(Condition::sources);
    let readers = rules.iter().map(|rule| &rule.rule).chain(profile.row_rules());
    let mut columns = readers
        .flat_map(Rule::readers)
        .flat_map(|rule| &rule.columns)
        .chain(tested.filter_map(|source| source.column.as_ref()))
        .chain(profile.joins.iter().flat_map(Join::columns));
    if let Some(column) = columns.find(|column| join.has_column(column)) {
        let error = format!(
            "has the items, of which only the rules of items can read columns; {column:?} is read \
             by another rule or condition"
        );
        errors.add_at(&key, &error);
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
    if rule.combines() || rule.columns.is_empty() || !rule.fields.is_empty() {
        let error = "is no column; expected a column of a CSV file for each part of the key";
        return Err(KeyErrors::of_rule(error.to_owned()));
    }
    rule.add_nulls(nulls);
    Ok(rule)
}
