//! Compilation of `join`: files beside the export.
//!
//! Each by itself; `join_checks` compares them with the rest of the profile. Called by
//! `profile_keys`.

use super::{
    date_keys::DateUse,
    file_syntax::FileSyntax,
    input_settings::Many,
    join::{Join, JoinKey},
    join_text::{JoinItemsText, JoinKeyText, JoinText},
    key_errors::{KeyError, KeyErrors},
    number_marks::NumberMarks,
    path_text::{ensure_named, segments},
    pick::Pick,
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
    let files = FileSyntax::compile(text.profile, &mut of_file);
    errors.keep_below(&["profile"], of_file.ensure_none());
    let mut keys = Vec::new();
    for (index, JoinKeyText { from, to }) in text.on.into_iter().enumerate() {
        let index = index.to_string();
        let from = errors.keep_below(&["on", &index], key_rule(from, nulls));
        let to = errors.keep_below(&["on", &index, "to"], key_rule(to, nulls));
        keys.extend(from.zip(to).map(|(from, to)| with_one_kind(from, to)));
    }
    let (has_items, item_path) = match text.items {
        Some(JoinItemsText::Path(path)) => (true, errors.keep(item_path(&path))),
        Some(JoinItemsText::Rows(are_items)) => (are_items, None),
        None => (false, None),
    };
    if has_items {
        errors.keep(check_many_items(text.many, item_path.is_some()));
    }
    if text.pick.is_some() && text.many != Some(Many::All) {
        errors.add("pick", "is for all rows of a key; expected many = \"all\" beside it");
    } else if text.pick.is_some() && has_items {
        errors.add("pick", "takes one row of a key, but all of them are items");
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
        is_optional: text.optional,
        is_required: text.required,
        has_items,
        // Conditions are compiled once all rules are.
        item_rows: None,
        item_path,
    })
}

/// Refuses to choose among rows that are items: all count, or none where several documents have
/// those of one order.
fn check_many_items(many: Option<Many>, have_path: bool) -> Result<(), KeyError> {
    let error = match many {
        Some(_) if !have_path => "without effect: all rows of a key are items",
        Some(Many::First) => {
            "leaves out the items of all documents but one; expected \"refuse\" or \"all\""
        }
        _ => return Ok(()),
    };
    Err(("many", error.into()))
}

/// The path of the array whose elements are items, without the brackets at its end.
fn item_path(path: &str) -> Result<String, KeyError> {
    let array = path.strip_suffix("[]").unwrap_or(path);
    match segments(array).and_then(|segments| ensure_named(array, &segments)) {
        Ok(()) => Ok(array.to_owned()),
        Err(error) => Err(("items", error)),
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

/// A part of a key. What one rule says of the kind of its values is true of those of the other.
fn with_one_kind(mut from: Rule, mut to: Rule) -> JoinKey {
    from.kind = from.kind.or(to.kind);
    to.kind = to.kind.or(from.kind);
    JoinKey { from, to }
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
        ("split_name", text.split_name.is_some()),
        ("optional", text.optional),
    ] {
        if is_set {
            errors.add(key, "is not for the key of a join, which is compared as a text");
        }
    }
    errors.ensure_none()?;
    let mut rule = Rule::new(text, DateUse::None)?;
    rule.refuse_companion("the key of a join")?;
    let has_name = !rule.columns.is_empty() || !rule.paths.is_empty();
    if rule.combines() || !has_name || !rule.fields.is_empty() {
        let error = "is no column and no path; expected one of them for each part of the key";
        return Err(KeyErrors::of_rule(error.to_owned()));
    }
    let mut errors = KeyErrors::default();
    if rule.may_skip() {
        let error = "has { skip }, but the key of a join leaves out no order; expected a text, and a \
                     [[skip]] on the column";
        errors.add("values", error);
    }
    errors.ensure_none()?;
    rule.add_nulls(nulls);
    Ok(rule)
}
