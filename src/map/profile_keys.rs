//! Compilation of the keys of a profile: its settings, its rules, and its conditions on rows.
//!
//! Each part is compiled by a file of its own; here they meet, and what contradicts each other is
//! refused. Called by `profile_compiler`.

use std::{collections::BTreeMap, mem};

use chrono::NaiveDate;

use super::{
    compared_texts::ensure_trimmed,
    condition::Condition,
    condition_checks::AllCells,
    condition_compiler::{ConditionCompiler, ConditionLevel},
    copies::Duplicates,
    currency_symbols::CurrencySymbols,
    field_rules::{RuleCompiler, format_of_key},
    file_syntax::{FileSyntax, check_effect},
    input_settings::SharedIdentifiers,
    item_kinds::{check_kinds, item_kinds},
    items_compiler::ItemsRules,
    join::{Join, JoinKey},
    join_checks::check_joins,
    joins_compiler::compile_joins,
    key_errors::{KeyError, KeyErrors},
    missing_name::NamePlaces,
    number_marks::NumberMarks,
    parent::{ParentRules, check_item_rows, compile_parent},
    profile::{
        FieldRule, ItemKindRules, PeopleRules, Profile, SharedIdentifierRules, SkipRule,
        reference_rule,
    },
    profile_text::{GuestText, ProfileText, SkipScope},
    refunds::Refunds,
    refunds_compiler::{check_netted_items, compile_refunds},
    rule::Rule,
    unused_keys::check_unused_keys,
};
use crate::model::{
    draft::ItemKind,
    field::Field,
    guest_attributes::GuestAttributes,
    input::InputFormat,
    problem::Code,
    severity::{SeverityChoice, SeverityRules},
};

/// The earliest order of a profile that names none: shops had no web analytics before.
const DEFAULT_EARLIEST_ORDER: NaiveDate =
    NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar");

/// `max_addresses` of a profile that sets none.
const DEFAULT_MAX_ADDRESSES: u16 = 3;

/// Compiles a profile, without what is wrong, and returns its errors.
pub(super) fn compile(mut text: ProfileText) -> (Profile, KeyErrors) {
    let mut errors = KeyErrors::default();
    if text.name.is_empty() {
        errors.add("name", "the key \"name\" is missing; expected a name for the profile");
    }
    let settings = Settings::compile(&mut text, &mut errors);
    let mut items = ItemsRules::new(text.items.take(), &mut errors);
    let mut kinds = item_kinds(&text.item, &text.join, &mut errors);
    let items_key = items.key();
    let has_item_rows = text.item_rows.is_some();
    let rows_of_joins = text.join.iter_mut().map(|join| join.item_rows.take()).collect();
    let mut rules = AllRules::compile(&mut text, (&settings, &items, &kinds), &mut errors);
    let rows = RowRules::compile(&mut text, (&settings, &items, &rules), &mut kinds, &mut errors);
    let conditions = settings.conditions(&rules.fields, &items);
    conditions.joins(rows_of_joins, &mut rules.joins, &mut errors);
    complete_items(&mut items, &rules.fields, (&kinds, rows.item_rows.as_ref()), &mut errors);
    let item_tables = mem::take(&mut text.item);
    let profile = profile(text, settings, (items, kinds), rules, rows);
    let items_key = items_key.or(profile.parent.is_some().then_some("parent"));
    check_joins(&profile, items_key, &mut errors);
    check_netted_items(&profile, &mut errors);
    check_document_keys(&profile, &mut errors);
    check_filled_rows(&profile, &mut errors);
    check_item_rows(&profile, has_item_rows, &mut errors);
    check_unused_keys(&profile, &item_tables, &mut errors);
    (profile.with_required_columns(), errors)
}

/// What depends on no rule.
struct Settings {
    files: FileSyntax,
    marks: NumberMarks,
    nulls: Vec<String>,
    symbols: CurrencySymbols,
    attributes: GuestAttributes,
    earliest_order: NaiveDate,
    severities: SeverityRules,
    shared_identifiers: SharedIdentifierRules,
}

impl Settings {
    fn compile(text: &mut ProfileText, errors: &mut KeyErrors) -> Self {
        let marks = errors.keep(number_marks(text)).unwrap_or_default();
        let format = format_of_key(text);
        let keys = text.file_keys();
        if keys.format.is_none() {
            let of_key = match format {
                Some(InputFormat::Csv) => "the order key has a column only, as in CSV",
                _ => "the order key has a path only, as in JSON",
            };
            check_effect(&keys, format, of_key, errors);
        }
        let files = FileSyntax::compile(keys, errors);
        let earliest_order = errors.keep(earliest_order(text.earliest_order.take()));
        let severities = severity_rules(mem::take(&mut text.severity), errors);
        let shared_identifiers =
            errors.keep_below(&["guest"], shared_identifier_rules(&text.guest));
        Self {
            files,
            marks,
            nulls: compile_nulls(mem::take(&mut text.nulls), errors),
            symbols: CurrencySymbols::new(mem::take(&mut text.currency_symbols), errors),
            attributes: text.guest.attributes.unwrap_or_default(),
            earliest_order: earliest_order.unwrap_or_default(),
            severities,
            shared_identifiers: shared_identifiers.unwrap_or_default(),
        }
    }

    /// The compiler of conditions beside these rules.
    fn conditions<'r>(
        &'r self,
        rules: &'r [FieldRule],
        items: &'r ItemsRules,
    ) -> ConditionCompiler<'r> {
        let cells = AllCells { marks: self.marks, nulls: &self.nulls };
        ConditionCompiler { rules, cells, symbols: &self.symbols, items }
    }
}

/// The rules of a profile, and what they read besides the export.
struct AllRules {
    joins: Vec<Join>,
    fields: Vec<FieldRule>,
    people: Vec<PeopleRules>,
    parent: Option<Rule>,
    key: Option<Rule>,
    /// The rules of the order and the amount of a refund, if the profile has refunds.
    of_refunds: Option<(Option<Rule>, Option<Rule>)>,
    duplicates: Option<Duplicates>,
}

impl AllRules {
    fn compile(
        text: &mut ProfileText,
        (settings, items, kinds): (&Settings, &ItemsRules, &[ItemKindRules]),
        errors: &mut KeyErrors,
    ) -> Self {
        let Settings { nulls, marks, .. } = settings;
        let joins = compile_joins(mem::take(&mut text.join), (nulls, *marks), errors);
        let mut compiler = RuleCompiler {
            nulls,
            marks: *marks,
            symbols: settings.symbols.clone(),
            attributes: settings.attributes,
            has_one_document: items.paths.is_some() || text.parent.is_some(),
            format: format_of_key(text),
            items,
            joins: &joins,
            kind: ItemKind::default(),
            kind_has_fields: true,
            errors,
        };
        let mut fields = compiler.field_rules(text, kinds);
        let mut people = compiler.all_people_rules(text);
        let has_key = text.key.is_some() || text.parent.is_some();
        let (parent, key) = parent_and_key(text, items.key(), &mut compiler, &fields);
        let of_refunds = text.refunds.as_mut().map(|refunds| compiler.refund_rules(refunds));
        let duplicates = text.duplicates.take().and_then(|text| compiler.duplicates(text));
        check_kinds(&text.item, kinds, &fields, errors);
        check_order_key(key.as_ref(), has_key, &fields, errors);
        complete_conditions(&mut fields, &mut people, (settings, items), errors);
        Self { joins, fields, people, parent, key, of_refunds, duplicates }
    }
}

/// What a profile does with rows for which a condition holds.
struct RowRules {
    skips: Vec<SkipRule>,
    row_skips: Vec<SkipRule>,
    ignore_rows: Vec<Condition>,
    item_rows: Option<Condition>,
    refunds: Option<Refunds>,
}

impl RowRules {
    fn compile(
        text: &mut ProfileText,
        (settings, items, rules): (&Settings, &ItemsRules, &AllRules),
        kinds: &mut [ItemKindRules],
        errors: &mut KeyErrors,
    ) -> Self {
        let conditions = settings.conditions(&rules.fields, items);
        let skips = conditions.skips(&text.skip, SkipScope::Order, errors);
        let row_skips = conditions.skips(&text.skip, SkipScope::Row, errors);
        let ignore_rows = conditions.ignored(mem::take(&mut text.ignore_rows), errors);
        let item_rows = text.item_rows.take().and_then(|text| conditions.items(text, errors));
        let uses = (text.order_price, rules.duplicates.is_some(), rules.parent.is_some());
        let refunds = text.refunds.take().zip(rules.of_refunds.clone());
        let refunds = refunds.map(|(text, rules)| compile_refunds(text, rules, uses, &conditions));
        let refunds = refunds.and_then(|refunds| errors.keep_below(&["refunds"], refunds));
        conditions.kinds(&text.item, kinds, errors);
        Self { skips, row_skips, ignore_rows, item_rows, refunds: refunds.flatten() }
    }
}

/// The profile of all of its parts.
fn profile(
    text: ProfileText,
    settings: Settings,
    (items, item_kinds): (ItemsRules, Vec<ItemKindRules>),
    rules: AllRules,
    rows: RowRules,
) -> Profile {
    Profile {
        name: text.name,
        extends: Vec::new(),
        description: text.about,
        has_adjacent_rows: text.rows_adjacent.unwrap_or(!settings.files.fill_down.is_empty()),
        files: settings.files,
        joins_files: text.join_files,
        unreadable_rows: text.unreadable_rows,
        unknown_columns: text.unknown_columns,
        missing_columns: text.missing_columns,
        severities: settings.severities,
        order_price: text.order_price,
        item_price: text.item_price,
        earliest_order: settings.earliest_order,
        guest_attributes: settings.attributes,
        mode: text.mode,
        item_paths: items.paths,
        packed_items: items.packed,
        repeated_items: items.repeated,
        missing_items: items.missing,
        checkout_events: text.checkout_events,
        joins: rules.joins,
        skips: rows.skips,
        row_skips: rows.row_skips,
        ignore_rows: rows.ignore_rows,
        item_rows: rows.item_rows,
        refunds: rows.refunds,
        duplicates: rules.duplicates,
        item_kinds,
        nulls: settings.nulls,
        shared_identifiers: settings.shared_identifiers,
        parent: rules.parent,
        key: rules.key.unwrap_or_default(),
        rules: rules.fields,
        people: rules.people,
        name_places: NamePlaces::default(),
        words: Vec::new(),
        custom_names: Vec::new(),
        wrong: Vec::new(),
    }
}

/// The marks of all numbers.
fn number_marks(text: &ProfileText) -> Result<NumberMarks, KeyError> {
    let key = if text.decimal.is_some() { "decimal" } else { "thousands" };
    let marks = NumberMarks::new(text.decimal.as_deref(), text.thousands.as_deref())?;
    marks.or(NumberMarks::default()).map_err(|error| (key, error))
}

/// The texts that count as empty everywhere.
fn compile_nulls(nulls: Vec<String>, errors: &mut KeyErrors) -> Vec<String> {
    for error in nulls.iter().filter_map(|null| ensure_trimmed(null).err()) {
        errors.add("nulls", &error);
    }
    nulls
}

/// Compiles what says which order a row is of: the parent of its document, and the order key.
fn parent_and_key(
    text: &mut ProfileText,
    items_key: Option<&str>,
    compiler: &mut RuleCompiler<'_>,
    rules: &[FieldRule],
) -> (Option<Rule>, Option<Rule>) {
    let parent = compile_parent(text, items_key, compiler.nulls, compiler.errors);
    let (parent, id) = parent.map(|ParentRules { parent, id }| (parent, id)).unzip();
    let lacks_key = text.key.is_none();
    let own_key = text.key.take().and_then(|text| compiler.key_rule(&["key"], text));
    // Without one of its own it is that of the reference.
    let of_reference = reference_rule(rules).filter(|_| lacks_key);
    let key = id.or(own_key).or_else(|| of_reference.map(|reference| reference.rule.clone()));
    (parent, key)
}

/// Completes the description of the items by the fields that rules and conditions read.
fn complete_items(
    items: &mut ItemsRules,
    rules: &[FieldRule],
    (kinds, item_rows): (&[ItemKindRules], Option<&Condition>),
    errors: &mut KeyErrors,
) {
    let of_kinds = kinds.iter().flat_map(|of| &of.when);
    let of_rules = rules.iter().flat_map(|rule| &rule.when);
    let of_items = item_rows.into_iter().chain(of_kinds).chain(of_rules);
    let tested: Vec<_> = of_items.flat_map(Condition::sources).collect();
    let is_of_join =
        |rule: &&FieldRule| kinds.iter().any(|of| of.kind == rule.kind && of.join.is_some());
    let own: Vec<_> = rules.iter().filter(|rule| !is_of_join(rule)).cloned().collect();
    items.complete(&own, &tested, errors);
}

/// The severities, or the usual ones if some of them are wrong.
fn severity_rules(
    choices: BTreeMap<Code, SeverityChoice>,
    errors: &mut KeyErrors,
) -> SeverityRules {
    SeverityRules::new(choices).unwrap_or_else(|refused| {
        for (code, error) in refused {
            errors.add_at(&["severity", code.as_str()], &error);
        }
        SeverityRules::default()
    })
}

/// Refuses an order key that is missing, or that a row may lack. `is_own` tells whether the
/// profile has the key `key`; else it is the rule of the reference.
fn check_order_key(key: Option<&Rule>, is_own: bool, rules: &[FieldRule], errors: &mut KeyErrors) {
    let reference = ["order", "referenceId"];
    if key.is_some_and(|key| key.combines() && key.key_separator().is_none()) {
        let at = if is_own { &["key"][..] } else { &reference };
        let error = "an order key of several columns is a concat with a separator (without a \
                     backslash) and nothing else, such as { concat = [\"Shop\", \"Order\"], separator = \
                     \"-\" }; the reference may be another rule beside a key";
        errors.add_at(at, error);
    }
    if key.is_some_and(|key| !key.has_source()) {
        let at = if is_own { &["key"][..] } else { &reference };
        let error = "a constant is the order key of all rows; expected a column or path";
        errors.add_at(at, error);
    }
    let is_one_for_all =
        |rule: &FieldRule| rule.when.is_none() && !rule.is_alternative && !rule.rule.has_source();
    let mut reference_rules = rules.iter().filter(|rule| rule.fills(&Field::ReferenceId));
    if !errors.has_below(&reference) && reference_rules.any(is_one_for_all) {
        let error = "a constant is the reference of all orders; expected a column or path";
        errors.add_at(&reference, error);
    }
    if key.is_none() && !is_own && !errors.has_below(&reference) {
        errors.add_at(&reference, "no rule for the order key; expected key or order.referenceId");
    }
    let is_conditional = |rule: &FieldRule| rule.when.is_some() || rule.is_alternative;
    let mut reference_rules = rules.iter().filter(|rule| rule.fills(&Field::ReferenceId));
    if !is_own && reference_rules.any(is_conditional) {
        let error = "the reference is the order key too, which every row has; expected one rule \
                     without when, or key";
        errors.add_at(&reference, error);
    }
}

/// Lets the conditions of rules read numbers as the rules of the same cells do.
fn complete_conditions(
    rules: &mut [FieldRule],
    people: &mut [PeopleRules],
    (settings, items): (&Settings, &ItemsRules),
    errors: &mut KeyErrors,
) {
    let of_people = people.iter().flat_map(|people| &people.rules);
    if !rules.iter().chain(of_people).any(|rule| rule.when.is_some()) {
        return;
    }
    let all = rules.to_vec();
    let conditions = settings.conditions(&all, items);
    conditions.complete(rules, ConditionLevel::Order, errors);
    for people in people {
        conditions.complete(&mut people.rules, ConditionLevel::Person, errors);
    }
}

/// Refuses keys that concern documents in a profile that reads columns alone.
fn check_document_keys(profile: &Profile, errors: &mut KeyErrors) {
    if profile.key.columns.is_empty() || profile.read_paths().next().is_some() {
        return;
    }
    let error = "without effect: no rule has a path, as in JSON";
    if profile.item_paths.is_some() {
        errors.add("items", error);
    }
    if profile.checkout_events {
        errors.add("checkout_events", error);
    }
}

/// Refuses to fill cells where it is not known what is above them, or would count again.
fn check_filled_rows(profile: &Profile, errors: &mut KeyErrors) {
    let filled = &profile.files.fill_down;
    if !filled.is_empty() && !profile.has_adjacent_rows {
        let error = "rows_adjacent = false contradicts it: the order of a row with a blank cell is \
                     that of the row above";
        errors.add(FILL_DOWN, error);
    }
    let key = &profile.key.columns;
    check_filled_columns(&[FILL_DOWN], filled, (key, Clone::clone), profile, errors);
    for join in &profile.joins {
        let key: Vec<_> = join.keys.iter().flat_map(JoinKey::names_of_columns).collect();
        let as_read = |name: &String| join.column(name);
        let at = ["join", &join.index.to_string(), "profile", FILL_DOWN];
        check_filled_columns(&at, &join.files.fill_down, (&key, as_read), profile, errors);
    }
}

/// The same of the filled columns of one file, with its key; rules name its columns `as_read`.
fn check_filled_columns(
    at: &[&str],
    filled: &[String],
    (key, as_read): (&[String], impl Fn(&String) -> String),
    profile: &Profile,
    errors: &mut KeyErrors,
) {
    if let Some(name) = key.iter().find(|name| key.len() > 1 && filled.contains(name)) {
        let error =
            format!("{name:?} is one of several columns of the key; expected a key of one column");
        errors.add_at(at, &error);
    }
    let added = profile.rules.iter().filter(|rule| rule.rule.over_rows.is_sum());
    let added: Vec<&String> =
        added.flat_map(|rule| rule.rule.readers()).flat_map(|rule| &rule.columns).collect();
    if let Some(name) = filled.iter().find(|name| added.contains(&&as_read(name))) {
        let error = format!(
            "{name:?} is added up over the rows of an order (over_rows), so a filled cell would count \
             again; expected one of both"
        );
        errors.add_at(at, &error);
    }
}

const FILL_DOWN: &str = "fill_down";

fn earliest_order(text: Option<String>) -> Result<NaiveDate, KeyError> {
    let Some(text) = text else { return Ok(DEFAULT_EARLIEST_ORDER) };
    NaiveDate::parse_from_str(&text, "%Y-%m-%d")
        .map_err(|_| ("earliest_order", format!("invalid date {text:?}; expected YYYY-MM-DD")))
}

/// `shared_identifiers` and `max_addresses` of `[guest]`.
fn shared_identifier_rules(guest: &GuestText) -> Result<SharedIdentifierRules, KeyErrors> {
    let error = |message| {
        let mut errors = KeyErrors::default();
        errors.add("max_addresses", message);
        Err(errors)
    };
    let choice = guest.shared_identifiers.unwrap_or_default();
    match (choice, guest.max_addresses) {
        (_, Some(0)) => error("is 0, expected at least 1"),
        (SharedIdentifiers::Send, Some(_)) => {
            error("has no effect with shared_identifiers = \"send\"")
        }
        (choice, max_addresses) => Ok(SharedIdentifierRules {
            choice,
            max_addresses: max_addresses.unwrap_or(DEFAULT_MAX_ADDRESSES),
        }),
    }
}
