//! Profile compiler: the text of a profile becomes its rules and settings.
//!
//! Every error names its field; the position of a wrong name is that in the TOML text. Loaded by
//! `cli`.

use std::{collections::BTreeMap, mem};

use chrono::NaiveDate;

use super::{
    answers::{Answer, answer},
    compared_texts::ensure_trimmed,
    condition::Condition,
    condition_compiler::{ConditionCompiler, ConditionLevel},
    currency_symbols::CurrencySymbols,
    error::MapError,
    extends::{self, EXTENDS, Merged, ReplacedValues},
    field_rules::RuleCompiler,
    file_syntax::FileSyntax,
    input_settings::SharedIdentifiers,
    item_kinds::{check_kinds, item_kinds},
    items_compiler::ItemsRules,
    joins_compiler::{check_joins, compile_joins},
    key_errors::{KeyError, KeyErrors, KeyPath},
    missing_name::NamePlaces,
    number::NumberMarks,
    open_questions::{self, ExpectedValues, open_questions, refuse},
    parent::{ParentRules, check_item_rows, compile_parent},
    profile::{
        FieldRule, ItemKindRules, PeopleRules, Profile, SharedIdentifierRules, SkipRule,
        reference_rule,
    },
    profile_schema::KeyType,
    profile_text::{GuestText, ProfileText, SkipScope},
    profile_texts::{NamedText, ProfileTexts, no_profile},
    refunds_compiler::{check_netted_items, compile_refunds},
    rule::Rule,
    toml_document::TomlDocument,
    words::words,
};
use crate::model::{
    diagnostic::{Diagnostic, Diagnostics},
    draft::ItemKind,
    field::Field,
    problem::Code,
    severity::{SeverityChoice, SeverityRules},
    source_map::SourceMap,
};

/// The earliest order of a profile that names none: shops had no web analytics before.
const DEFAULT_EARLIEST_ORDER: NaiveDate =
    NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar");

/// `max_addresses` of a profile that sets none.
const DEFAULT_MAX_ADDRESSES: u16 = 3;

/// A profile, and the errors of its text.
#[derive(Debug)]
pub struct ParsedProfile {
    /// The profile without what is wrong; none if the text is not one.
    pub profile: Option<Profile>,
    /// All errors, in the order of the text.
    pub errors: Vec<Diagnostic>,
    /// The rules of extended profiles of which only open questions are answered.
    pub answered: Vec<String>,
}

impl Profile {
    /// Compiles the built-in profile of a name.
    ///
    /// # Errors
    ///
    /// [`MapError::NoProfile`] if there is none.
    pub fn built_in(name: &str) -> Result<Self, MapError> {
        let text = NamedText::built_in(name).ok_or_else(|| no_profile(name))?;
        Self::compile(ProfileTexts::new(text, no_file), &[])
    }

    /// Compiles the profile of a TOML text, which extends none or a built-in one; messages contain
    /// `name` as the name of the file.
    ///
    /// # Errors
    ///
    /// [`MapError::Profile`] with all errors of the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        let (name, text) = (name.to_owned(), text.to_owned());
        let text = NamedText { id: name.clone(), name, text, is_built_in: false };
        Self::compile(ProfileTexts::new(text, no_file), &[])
    }

    /// Compiles the profile of these texts, with answers `KEY=VALUE` to its open questions.
    ///
    /// # Errors
    ///
    /// [`MapError::Profile`] with all errors of the texts and the answers.
    pub fn compile(texts: ProfileTexts, answers: &[String]) -> Result<Self, MapError> {
        let name = texts.sources.name().to_owned();
        let ParsedProfile { profile, errors, .. } = Self::compile_with_errors(texts, answers);
        match profile {
            Some(profile) if errors.is_empty() => Ok(profile),
            _ => Err(MapError::Profile(Diagnostics::before_reading(errors, &name))),
        }
    }

    /// Compiles the same as far as it is right.
    #[must_use]
    pub fn compile_with_errors(texts: ProfileTexts, answers: &[String]) -> ParsedProfile {
        let ProfileTexts { mut sources, is_built_in, extended, missing, expected_values } = texts;
        let answers = Answer::all(answers, &mut sources);
        let choices = |path: &[String]| KeyType::of(path).map_or_else(Vec::new, |key| key.choices);
        let mut document = TomlDocument::parse(&sources).with_choices(choices);
        let Merged { replaced, answered, taking_all } = extends::merge(&mut document);
        let answers = missing.is_none().then_some(answers.as_slice());
        settle_questions(&mut document, &sources, answers, expected_values);
        if let Some((at, message)) = &missing {
            document.add_error(Some(at.clone()), EXTENDS, message);
        }
        let compiled = document.read().map(compile);
        let mut wrong = document.wrong_paths();
        let lacks_text = missing.is_some() || wrong.iter().any(|path| *path == [EXTENDS]);
        if lacks_text {
            // Any part of the profile may be in the text that is missing.
            wrong.push(KeyPath::new());
        }
        let profile = compiled.map(|(profile, mut errors)| {
            errors.remove_at(&taking_all);
            wrong.extend(errors.paths().cloned());
            if !lacks_text {
                document.add_errors(errors);
            }
            profile
        });
        for values in replaced {
            add_errors_of(values, &mut document);
        }
        let (texts, errors) = (document.texts(), document.into_errors());
        let errors = errors.into_iter().map(|error| error.diagnostic).collect();
        let profile = profile.map(|profile| {
            let profile = Profile { extends: extended, ..profile };
            if is_built_in {
                return Profile { wrong, ..profile };
            }
            let (words, name_places) = (words(&texts, &wrong), NamePlaces::new(sources, texts));
            Profile { name_places, words, wrong, ..profile }
        });
        ParsedProfile { profile, errors, answered }
    }
}

/// The message about a name of no built-in profile, where files are not read.
fn no_file(name: &str, _by: &str) -> Result<NamedText, String> {
    Err(no_profile(name).to_string())
}

/// Answers the open questions of a profile, of which the others become errors. Without all of its
/// texts it is not known which ones are open, and there are no answers.
fn settle_questions<'t>(
    document: &mut TomlDocument<'t>,
    sources: &'t SourceMap,
    answers: Option<&[Answer]>,
    expected_values: ExpectedValues,
) {
    if document.has_syntax_error() {
        return;
    }
    let open = open_questions(document);
    if let Some(answers) = answers {
        let open = answer(document, sources, answers, open);
        refuse(document, sources, open, expected_values);
    } else {
        for question in open {
            document.remove_at(&question.path);
        }
    }
}

/// Adds the errors of replaced values. The rest of their profile has its errors in the merged one.
fn add_errors_of<'t>(replaced: ReplacedValues<'t>, document: &mut TomlDocument<'t>) {
    let mut alone = document.with_table(replaced.table);
    if alone.has_syntax_error() {
        return;
    }
    for question in open_questions(&alone) {
        open_questions::remove(&mut alone, &question.path);
    }
    if let Some((_, mut errors)) = alone.read().map(compile) {
        // What the profile alone lacks, such as the order key, may be in the merged one.
        errors.retain_below(&replaced.paths);
        alone.add_errors(errors);
    }
    document.add_errors_at(&replaced.places, alone);
}

/// What a profile does with rows for which a condition holds.
struct RowConditions {
    skips: Vec<SkipRule>,
    row_skips: Vec<SkipRule>,
    ignore_rows: Vec<Condition>,
    item_rows: Option<Condition>,
}

impl RowConditions {
    fn compile(
        text: &mut ProfileText,
        conditions: &ConditionCompiler<'_>,
        errors: &mut KeyErrors,
    ) -> Self {
        let item_rows = text.item_rows.take();
        Self {
            skips: conditions.skips(&text.skip, SkipScope::Order, errors),
            row_skips: conditions.skips(&text.skip, SkipScope::Row, errors),
            ignore_rows: conditions.ignored(mem::take(&mut text.ignore_rows), errors),
            item_rows: item_rows.and_then(|text| conditions.items(text, errors)),
        }
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
    items.complete(rules, &tested, errors);
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

/// Compiles a profile, without what is wrong, and returns its errors.
fn compile(mut text: ProfileText) -> (Profile, KeyErrors) {
    let mut errors = KeyErrors::default();
    if text.name.is_empty() {
        errors.add("name", "the key \"name\" is missing; expected a name for the profile");
    }
    let marks = errors.keep(number_marks(&text)).unwrap_or_default();
    let files = FileSyntax::compile(text.file_keys(), text.fill_down.is_some(), &mut errors);
    let earliest_order = errors.keep(earliest_order(text.earliest_order.take()));
    let earliest_order = earliest_order.unwrap_or_default();
    let severities = severity_rules(mem::take(&mut text.severity), &mut errors);
    let shared_identifiers = errors.keep_below(&["guest"], shared_identifier_rules(&text.guest));
    let attributes = text.guest.attributes.unwrap_or_default();
    let nulls = compile_nulls(mem::take(&mut text.nulls), &mut errors);
    let symbols = CurrencySymbols::new(mem::take(&mut text.currency_symbols), &mut errors);
    let mut items = ItemsRules::new(text.items.take(), &mut errors);
    let mut kinds = item_kinds(&text.item);
    let mut compiler = RuleCompiler {
        nulls: &nulls,
        marks,
        symbols,
        attributes,
        has_one_document: items.paths.is_some() || text.parent.is_some(),
        items: &items,
        kind: ItemKind::default(),
        errors: &mut errors,
    };
    let of_kinds: Vec<_> = kinds.iter().map(|of| of.kind).collect();
    let joins = compile_joins(mem::take(&mut text.join), (&nulls, marks), compiler.errors);
    let mut rules = compiler.field_rules(&mut text, &of_kinds);
    let mut people = compiler.all_people_rules(&mut text);
    let has_items_path = items.paths.as_ref().is_some_and(|paths| !paths.is_empty());
    let items_key = items.key();
    let has_key = text.key.is_some() || text.parent.is_some();
    let (parent, key) = parent_and_key(&mut text, items_key, &mut compiler, &rules);
    let of_refunds = text.refunds.as_mut().map(|refunds| compiler.refund_rules(refunds));
    let duplicates = text.duplicates.take().and_then(|text| compiler.duplicates(text));
    check_kinds(&text.item, &kinds, &rules, &mut errors);
    check_order_key(key.as_ref(), has_key, &rules, &mut errors);
    complete_conditions(&mut rules, &mut people, marks, (&items, has_items_path));
    let fill_down = fill_down(text.fill_down.take(), text.rows_adjacent, key.as_ref());
    let fill_down = errors.keep(fill_down).unwrap_or_default();
    let conditions = ConditionCompiler { rules: &rules, marks, items: &items, has_items_path };
    let has_item_rows = text.item_rows.is_some();
    let RowConditions { skips, row_skips, ignore_rows, item_rows } =
        RowConditions::compile(&mut text, &conditions, &mut errors);
    let uses = (text.order_price, duplicates.is_some(), parent.is_some());
    let refunds = text.refunds.zip(of_refunds);
    let refunds = refunds.map(|(text, rules)| compile_refunds(text, rules, uses, &conditions));
    let refunds = refunds.and_then(|refunds| errors.keep_below(&["refunds"], refunds)).flatten();
    conditions.kinds(&text.item, &mut kinds, &mut errors);
    complete_items(&mut items, &rules, (&kinds, item_rows.as_ref()), &mut errors);
    let profile = Profile {
        name: text.name,
        extends: Vec::new(),
        description: text.about,
        files,
        has_adjacent_rows: text.rows_adjacent.unwrap_or(!fill_down.is_empty()),
        fill_down,
        joins_files: text.join_files,
        unreadable_rows: text.unreadable_rows,
        unknown_columns: text.unknown_columns,
        missing_columns: text.missing_columns,
        severities,
        order_price: text.order_price,
        item_price: text.item_price,
        earliest_order,
        guest_attributes: attributes,
        mode: text.mode,
        item_paths: items.paths,
        packed_items: items.packed,
        repeated_items: items.repeated,
        checkout_events: text.checkout_events,
        joins,
        skips,
        row_skips,
        ignore_rows,
        item_rows,
        refunds,
        duplicates,
        item_kinds: kinds,
        nulls,
        shared_identifiers: shared_identifiers.unwrap_or_default(),
        parent,
        key: key.unwrap_or_default(),
        rules,
        people,
        name_places: NamePlaces::default(),
        words: Vec::new(),
        wrong: Vec::new(),
    };
    let items_key = items_key.or(profile.parent.is_some().then_some("parent"));
    check_joins(&profile, items_key, &mut errors);
    check_netted_items(&profile, &mut errors);
    check_item_rows(&profile, has_item_rows, &mut errors);
    (profile.with_required_columns(), errors)
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
    marks: NumberMarks,
    (items, has_items_path): (&ItemsRules, bool),
) {
    let of_people = people.iter().flat_map(|people| &people.rules);
    if !rules.iter().chain(of_people).any(|rule| rule.when.is_some()) {
        return;
    }
    let all = rules.to_vec();
    let conditions = ConditionCompiler { rules: &all, marks, items, has_items_path };
    conditions.complete(rules, ConditionLevel::Order);
    for people in people {
        conditions.complete(&mut people.rules, ConditionLevel::Person);
    }
}

/// The columns whose blank cells take the value above.
fn fill_down(
    columns: Option<Vec<String>>,
    rows_adjacent: Option<bool>,
    key: Option<&Rule>,
) -> Result<Vec<String>, KeyError> {
    let Some(columns) = columns else { return Ok(Vec::new()) };
    let error = |message: String| Err((FILL_DOWN, message));
    if columns.is_empty() {
        return error(
            "no name; expected the columns whose blank cells take the value above".into(),
        );
    }
    if let Some(name) = columns
        .iter()
        .enumerate()
        .find_map(|(at, name)| columns[..at].contains(name).then_some(name))
    {
        return error(format!("{name:?} is named twice"));
    }
    if rows_adjacent == Some(false) {
        return error(
            "rows_adjacent = false contradicts it: the order of a row with a blank cell \
                      is that of the row above"
                .into(),
        );
    }
    let several = key.map(|key| &key.columns).filter(|keys| keys.len() > 1);
    match several.into_iter().flatten().find(|name| columns.contains(name)) {
        Some(name) => error(format!(
            "{name:?} is one of several columns of the order key; expected a key of one column"
        )),
        None => Ok(columns),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        map::{profile::FieldTarget, profile_texts::BUILT_IN},
        model::{field::FieldGroup, guest_attributes::GuestAttributes, input::InputFormat},
    };

    fn parse_error(text: &str) -> String {
        Profile::parse("p.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn wrong_type_lists_what_the_key_takes() {
        let text = "name = 'x'\ncells = true\nragged_rows = true\nitem_price = 3\n\
                    [[skip]]\nreason = 'r'\nscope = 'rows'\nwhen = { column = 'a', is = 'b' }\n\
                    [severity]\ncontent_repeated = true\n[order]\n\
                    referenceId = { column = 'a', disagree = true, values = 'x' }";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: cells: invalid type; expected "spreadsheet"
          p.toml:3:15: ragged_rows: invalid type; expected "refuse", "pad"
          p.toml:4:14: item_price: invalid type; expected "unit", "line"
          p.toml:7:9: skip.scope: unknown value "rows"; meant "row"? or "order"
          p.toml:10:20: severity.content_repeated: invalid type; expected "off", "warning", "error"
          p.toml:12:42: order.referenceId.disagree: invalid type; expected "invalid", "first", "last"
          p.toml:12:57: order.referenceId.values: found the text "x"; expected a table
        "#);
    }

    #[test]
    fn sections_are_no_lists() {
        let text = "name = 'x'\nevent = []\n[[order]]\nstatus = { value = 'PURCHASED' }\n\
                    [[guest]]\n[[guest]]\n[[severity]]\n[[cells]]\n[[nulls]]\n[[contact.id]]\n";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: event: found a list; expected a table
          hint: one table is [name] or name = { … }, without other brackets
          p.toml:3:3: order: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:5:3: guest: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:7:3: severity: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml:8:3: cells: invalid type; expected "spreadsheet"
          p.toml:9:1: nulls: found a table; expected a string
          p.toml:10:11: contact.id: found a list; expected a table
            hint: one table is [name] or name = { … }, without other brackets
          p.toml: order.referenceId: no rule for the order key; expected key or order.referenceId
        "#);
    }

    #[test]
    fn values_of_no_use_are_refused() {
        let text = "name = 'x'\nnulls = ['NA', ' ']\ncurrency_symbols = { '' = 'EUR', 1 = 'EUR' }\n\
                    [order]\nreferenceId = { column = [], path = 'a..b' }\n\
                    orderedAt = { column = 'a', date = [] }\n\
                    status = { column = 'a', values = {} }\n\
                    cardType = { path = 'a..b', type = 'string' }\n\
                    paymentType = { column = 'a', values = { 'a ' = 'other' }, strip_prefix = '' }\n\
                    [guest]\ntitle = { columns = ['a'], table = [[' a', 'Mr']] }\n\
                    firstname = { column = 'a', type = 'string' }\n\
                    lastname = { column = 'a', empty = ['-', ' -'], strip_suffix = 'x ' }";
        insta::assert_snapshot!(parse_error(text), @r#"
        p.toml:2:9: nulls: "nulls" has " ", but values have no blanks around them; expected ""
          p.toml:3:1: currency_symbols: "" is no symbol of a currency; expected one such as €
          p.toml:3:38: currency_symbols.1: "1" is no symbol of a currency; expected one such as €
          p.toml:5:26: order.referenceId.column: "column" is empty; expected a name or several
          p.toml:6:36: order.orderedAt.date: "date" is empty; expected a format
          p.toml:7:26: order.status.values: "values" is empty; expected texts of the export and what they stand for
          p.toml:8:1: order.cardType: "a..b" has an empty name; a member without a name is written ""
          p.toml:9:31: order.paymentType.values: "values" has "a ", but values have no blanks around them; expected "a"
          p.toml:9:75: order.paymentType.strip_prefix: "strip_prefix" is empty; expected the text that is stripped
          p.toml:11:36: guest.title.table: "table" has " a", but values have no blanks around them; expected "a"
          p.toml:12:1: guest.firstname: "firstname" has a type, which its field has already
          p.toml:13:36: guest.lastname.empty: "empty" has " -", but values have no blanks around them; expected "-"
          p.toml:13:64: guest.lastname.strip_suffix: "strip_suffix" has "x ", but values have no blanks around them; expected "x"
        "#);
    }

    #[test]
    fn wrong_name_of_the_extended_profile_is_one_error() {
        let error = parse_error("name = 'x'\nextends = ['canonical']");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("p.toml:2:11: extends: "), "{error}");
    }

    #[test]
    fn formats_of_json_are_one() {
        for format in ["json", "ndjson"] {
            let text =
                format!("name = 'x'\nformat = '{format}'\norder.referenceId = {{ path = 'a' }}");
            let profile = Profile::parse("p.toml", &text).unwrap();
            assert_eq!(profile.files.format, Some(InputFormat::Ndjson));
        }
    }

    #[test]
    fn built_in_profiles_are_valid() {
        for (name, _) in BUILT_IN {
            assert_eq!(Profile::built_in(name).unwrap().name, *name);
        }
    }

    #[test]
    fn canonical_profile_covers_every_field() {
        let profile = Profile::built_in("canonical").unwrap();
        // Amounts of which a price is made are no fields of a target.
        let is_made = |field: &&Field| matches!(field, Field::ItemLinePrice | Field::ItemDiscount);
        for field in Field::NAMED.iter().filter(|field| !is_made(field)) {
            let found = profile
                .rules
                .iter()
                .find(|rule| matches!(&rule.target, FieldTarget::Field(known) if known == field));
            assert_eq!(
                found.map(|rule| rule.rule.columns.clone()),
                Some(vec![field.to_string()]),
                "{field}"
            );
        }
        for people in &profile.people {
            for field in Field::NAMED.iter().filter(|field| field.group() == FieldGroup::Guest) {
                let is_of_field = |rule: &&FieldRule| matches!(&rule.target, FieldTarget::Field(known) if known == field);
                let found =
                    people.rules.iter().find(is_of_field).map(|rule| rule.rule.columns.clone());
                assert_eq!(found, Some(vec![people.role.field_name(&field.to_string())]));
            }
        }
        assert_eq!(profile.people.len(), 2);
    }

    #[test]
    fn unknown_name_has_line_and_suggestion() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nreferenceId = { colum = 'a' }\n"), @r#"p.toml:3:17: order.referenceId: unknown key "colum"; meant "column"?"#);
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nrefrenceId = { column = 'a' }\n"), @r#"p.toml:3:1: order: unknown key "refrenceId"; meant "referenceId"?"#);
    }

    #[test]
    fn people_need_a_path_and_rules() {
        let with = |rest: &str| {
            parse_error(&format!("name = 'x'\n{rest}\n[order]\nreferenceId = {{ path = 'a' }}"))
        };
        insta::assert_snapshot!(with("contact.email = { path = 'email' }"), @r#"p.toml:2:1: contact: "contact" has a path, but contacts, the path of the array, is not set"#);
        insta::assert_snapshot!(with("consumers = 'pax'"), @r#"p.toml:2:13: consumers: "consumers" is set, but [consumer] has no path"#);
        insta::assert_snapshot!(with("consumer.email = { type = 'text' }"), @r#"
        p.toml:2:10: consumer.email: "email" has no column, no path and no value
          p.toml:2:27: consumer.email.type: unknown type "text"; expected string, boolean, integer or float
        "#);
    }

    #[test]
    fn attributes_are_set_in_guest() {
        let with = |rest: &str| {
            let text = format!("name = 'x'\norder.referenceId = {{ column = 'a' }}\n{rest}");
            Profile::parse("p.toml", &text)
        };
        assert_eq!(with("").unwrap().guest_attributes, GuestAttributes::Lenient);
        let strict = with("[guest]\nattributes = 'strict'").unwrap();
        assert_eq!(strict.guest_attributes, GuestAttributes::Strict);
        insta::assert_snapshot!(with("[contact]\nattributes = 'strict'").unwrap_err(), @r#"p.toml:4:14: contact.attributes: "attributes" is for [guest] only"#);
    }

    #[test]
    fn earliest_order_is_a_day() {
        let with = |line: &str| {
            let order = "[order]\nreferenceId = { column = 'a' }";
            Profile::parse("p.toml", &format!("name = 'x'\n{line}\n{order}"))
        };
        assert_eq!(with("").unwrap().earliest_order.to_string(), "2000-01-01");
        let early = with("earliest_order = '1995-06-01'").unwrap();
        assert_eq!(early.earliest_order.to_string(), "1995-06-01");
        insta::assert_snapshot!(with("earliest_order = '1995'").unwrap_err(), @r#"p.toml:2:18: earliest_order: invalid date "1995"; expected YYYY-MM-DD"#);
    }

    /// A wrong value is one error, not also a missing one.
    #[test]
    fn every_error_is_reported_once_in_file_order() {
        insta::assert_snapshot!(parse_error("
name = 'x'
delimitr = ';'
decimal = 'xx'
item_rows = { any = [{ column = 'a', less = 'x' }, { path = 'b' }] }
severity = { missing_pos = 'off', missing_poss = 'off' }
[[skip]]
resaon = 'test'
when = { column = 'a', is = 3 }
[[skip]]
reason = 'test'
[order]
refrenceId = { colum = 'a' }
orderedAt = { column = ['a', 3], date = '%q', zone = 'Europe/Lodnon', kind = 'mail' }
status = { column = 3 }
price = { path = 'a', scale = 'euro', strip_prefix = '(' }
ext.a = { column = 'a', values = { b = { skp = 'c' } }, other = 'd' }
guest.max_addresses = 'many'
"), @r#"
        p.toml:3:1: unknown key "delimitr"; meant "delimiter"?
          p.toml:4:11: decimal: invalid decimal "xx"; expected one character such as ","
          p.toml:5:45: item_rows.any[1].less: invalid number "x": not a decimal number such as 1234.50
          p.toml:5:52: item_rows.any[2]: element 2 of "any" has no test; expected one of is, is_not, starts_with, ends_with, contains, list_contains, empty, exists, equals, less, greater
          p.toml:6:28: severity.missing_pos: missing_pos = "off"; expected "error": the service would refuse such an order, or it would be sent in part or twice
          p.toml:6:35: severity.missing_poss: unknown value "missing_poss"; meant "missing_pos"?
          p.toml:8:1: skip[1]: unknown key "resaon"; meant "reason"? or "scope", "when"
          p.toml:9:29: skip[1].when.is: expected a string or a list of strings
          p.toml:13:1: order: unknown key "refrenceId"; meant "referenceId"?
          p.toml:14:24: order.orderedAt.column: expected a string or a list of strings
          p.toml:14:41: order.orderedAt.date: date format "%q" has no whole date; expected a year, a month and a day
          p.toml:14:54: order.orderedAt.zone: unknown time zone "Europe/Lodnon"
            hint: did you mean "Europe/London"?
          p.toml:14:78: order.orderedAt.kind: unknown value "mail"; meant "email"? or "phone", "currency"
          p.toml:15:21: order.status.column: expected a string or a list of strings
          p.toml:16:31: order.price.scale: expected a number of decimals, "currency" or { beside = "…", default = … }
          p.toml:17:36: order.ext.a, value of "b": expected a string or { skip = "reason" }
          p.toml:18:1: order: unknown key "guest"; expected "ext", "status", "price", "orderedAt", "cardType" or one of 3 others
        "#);
        insta::assert_snapshot!(parse_error("name = 'x\n[order\nstatus = = 3\n"), @"
        p.toml:1:10: invalid literal string; expected '
          p.toml:2:7: unclosed table; expected ]
          p.toml:3:10: extra =; expected nothing
        ");
    }

    #[test]
    fn order_is_left_out_for_a_reason() {
        insta::assert_snapshot!(parse_error("
name = 'x'
[[skip]]
reason = ''
when = { column = 'a', is = '3' }
[[skip]]
reason = ' '
scope = 'row'
when = { column = 'a', is = '4' }
[order]
referenceId = { column = 'id' }
status = { column = 's', values = { paid = 'PURCHASED', open = { skip = '' } } }
ext.a = { column = 'a', values = { b = 'c' }, other = { skip = '' } }
ext.b = { columns = ['a', 'b'], table = [['x', '*', { skip = ' ' }]] }
"), @r#"
        p.toml:4:10: skip[1].reason: "reason" is empty; expected why the orders are left out
          p.toml:7:10: skip[2].reason: "reason" is empty; expected why the orders are left out
          p.toml:12:26: order.status.values: skip is empty; expected why the orders are left out
          p.toml:13:47: order.ext.a.other: skip is empty; expected why the orders are left out
          p.toml:14:41: order.ext.b.table: skip is empty; expected why the orders are left out
        "#);
    }

    #[test]
    fn invalid_rule_names_its_field() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\norderedAt = { column = 'a', date = '%Y-%m-%d' }\n"), @r#"
        p.toml:2:2: order.referenceId: no rule for the order key; expected key or order.referenceId
          p.toml:3:36: order.orderedAt.date: a date format without an offset needs a zone, such as zone = "Europe/London"
        "#);
        insta::assert_snapshot!(parse_error("name = 'x'\n"), @"p.toml: order.referenceId: no rule for the order key; expected key or order.referenceId");
        insta::assert_snapshot!(parse_error("name = 'x'\ndelimiter = '§'\n[order]\nreferenceId = { column = 'a' }"), @r"p.toml:2:13: delimiter: invalid character '§'; expected an ASCII character such as ; or \t");
        insta::assert_snapshot!(Profile::built_in("cannonical").unwrap_err(), @r#"
        unknown profile "cannonical"; expected a file or a built-in profile: canonical
          hint: did you mean "canonical"?
        "#);
        for file in ["nosuch.toml", "profiles/nosuch"] {
            let error = Profile::built_in(file).unwrap_err().to_string();
            assert_eq!(error, format!("the file {file:?} does not exist"));
        }
    }
}
