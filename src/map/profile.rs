//! Profiles: loading, compilation and checks of the rules that map columns and paths to fields.
//!
//! A profile is compiled once per run and bound to each file by `file_mapper`. Does not look at
//! any row. Loaded by `cli`; used by `pipeline` for its settings.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::{
    condition::{CellSource, Condition, TestedValue},
    date::DateRule,
    error::{MapError, toml_error},
    input_settings::{
        LastLineEnd, MissingColumns, Quote, SharedIdentifiers, UnknownColumns, UnreadableRows,
    },
    number::NumberMarks,
    profile_text::{
        ConditionText, EventFieldsText, GuestText, ItemText, OrderText, ProfileText, RuleText,
    },
    rule::{DateUse, Rule, RuleResult},
};
use crate::model::{
    draft::PersonRole,
    field::{ExtensionKey, ExtensionType, Field, FieldGroup},
    guest_attributes::GuestAttributes,
    input::InputFormat,
    pricing::{PriceBasis, TotalFrom},
    problem::Code,
    route::Mode,
    severity::SeverityRules,
    suggest::suggest,
};

/// The built-in profiles: name and TOML text.
pub const BUILT_IN: &[(&str, &str)] = &[("canonical", include_str!("profiles/canonical.toml"))];

/// The earliest order of a profile that names none: shops had no web analytics before.
const DEFAULT_EARLIEST_ORDER: NaiveDate =
    NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar");

/// `max_addresses` of a profile that sets none.
const DEFAULT_MAX_ADDRESSES: u16 = 3;

// The key of a rule for any name, in the tables of custom fields (`ext`, `product`, `id`).
const WILDCARD: &str = "*";

/// The field or fields that a rule fills.
#[derive(Debug, Clone)]
pub enum FieldTarget {
    /// One field.
    Field(Field),
    /// Any extension attribute of the order, named by the column.
    AnyExtension,
    /// Any extension attribute of an item.
    AnyItemExtension,
    /// Any further attribute of an item's `product`.
    AnyItemProduct,
    /// Any identifier, its provider named by the column.
    AnyIdentifier,
}

impl FieldTarget {
    /// The type of a custom field that declares none.
    #[must_use]
    pub fn default_type(&self, name: &str) -> ExtensionType {
        match (self, name) {
            // The only further attribute of `product` that the manual names. It is a number: a
            // price that is sent as text makes the totals at the tenant 0.
            (Self::AnyItemProduct, "originalPrice") => ExtensionType::Float,
            _ => ExtensionType::String,
        }
    }

    /// The group of the fields that are filled.
    #[must_use]
    pub fn group(&self) -> FieldGroup {
        match self {
            Self::Field(field) => field.group(),
            Self::AnyExtension => FieldGroup::Order,
            Self::AnyItemExtension | Self::AnyItemProduct => FieldGroup::Item,
            Self::AnyIdentifier => FieldGroup::Guest,
        }
    }
}

/// A rule and its target.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// The field or fields that the rule fills.
    pub target: FieldTarget,
    /// The rule itself.
    pub rule: Rule,
}

/// The rules for the people of one role, in addition to the guest.
#[derive(Debug, Clone)]
pub struct PeopleRules {
    /// The role of the people.
    pub role: PersonRole,
    /// The path of their array in a JSON document; of consumers also the path within an item.
    pub path: Option<String>,
    /// The rules of their fields, which are the guest's fields.
    pub rules: Vec<FieldRule>,
}

/// A rule that skips orders.
#[derive(Debug, Clone)]
pub struct SkipRule {
    /// The reason, under which the orders are counted and reported.
    pub reason: Arc<str>,
    /// An order is skipped if this condition holds for any of its rows.
    pub when: Condition,
}

/// What becomes of orders whose identifier is that of several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedIdentifierRules {
    /// Whether they are sent.
    pub choice: SharedIdentifiers,
    /// Maximum e-mail addresses under one identifier.
    pub max_addresses: u16,
}

/// The rules and settings for one type of export.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// A description in one line, for a list.
    pub description: String,
    /// The format of the files, if it is always the same.
    pub format: Option<InputFormat>,
    /// The ASCII character between two cells of a CSV file.
    pub delimiter: u8,
    /// What quotes mean in a CSV file.
    pub quote: Quote,
    /// Whether a file must end with a line break.
    pub last_line_end: LastLineEnd,
    /// Whether the rows of an order are adjacent.
    pub has_adjacent_rows: bool,
    /// Whether the rows of an order may come from several files.
    pub joins_files: bool,
    /// How to handle unreadable rows that belong to no known order.
    pub unreadable_rows: UnreadableRows,
    /// How to handle columns that the profile does not use.
    pub unknown_columns: UnknownColumns,
    /// How to handle columns that the file lacks.
    pub missing_columns: MissingColumns,
    /// The severities of problem codes that the profile sets.
    pub severities: SeverityRules,
    /// Cells that count as empty, everywhere.
    pub nulls: Vec<String>,
    /// The source of totals.
    pub order_price: TotalFrom,
    /// The basis of the export's item prices.
    pub item_price: PriceBasis,
    /// The first day on which an order can have been made; an earlier one is an error.
    pub earliest_order: NaiveDate,
    /// What becomes of an optional attribute of a person that the target would not take.
    pub guest_attributes: GuestAttributes,
    /// The mode of sending, if the target does not set it.
    pub mode: Option<Mode>,
    /// The path of the array of items in a JSON document. If set, a document is a complete order.
    pub items_path: Option<String>,
    /// Whether a document may be an ORDER_CHECKOUT event, whose order is in its member `order`.
    pub checkout_events: bool,
    /// The rows that belong to no order and are left out: footers, totals, comments. A row is one
    /// if any of these conditions holds.
    pub ignore_rows: Vec<Condition>,
    /// The rows that are items; if not set, every row with a filled item column.
    pub item_rows: Option<Condition>,
    /// What becomes of orders whose identifier is that of several people.
    pub shared_identifiers: SharedIdentifierRules,
    /// The rules that skip orders; the first one that applies is the reason.
    pub skips: Vec<SkipRule>,
    /// The rule of the order key.
    pub key: Rule,
    /// The rules of the fields.
    pub rules: Vec<FieldRule>,
    /// The rules of contacts and consumers, if the profile has any.
    pub people: Vec<PeopleRules>,
}

impl Profile {
    /// Compiles the built-in profile of a name.
    ///
    /// # Errors
    ///
    /// [`MapError::NoProfile`] if there is none.
    pub fn built_in(name: &str) -> Result<Self, MapError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, text);
        }
        let suggestion = suggest(name, BUILT_IN.iter().map(|(built_in, _)| *built_in));
        Err(MapError::NoProfile {
            name: name.to_owned(),
            suggestion: suggestion.map(str::to_owned),
        })
    }

    /// The order key of the text of a key's cell, if its rule yields one.
    #[must_use]
    pub fn key_of<'a>(&'a self, text: &'a str) -> Option<Cow<'a, str>> {
        match self.key.apply(text) {
            RuleResult::Value(key) if !key.is_empty() => Some(key),
            _ => None,
        }
    }

    /// The rules of all fields, those of contacts and consumers included.
    pub fn all_rules(&self) -> impl Iterator<Item = &FieldRule> {
        self.rules.iter().chain(self.people.iter().flat_map(|people| &people.rules))
    }

    /// Whether a cell that no rule reads counts as empty.
    pub(super) fn is_null(&self, text: &str) -> bool {
        text.is_empty() || self.nulls.iter().any(|null| null == text)
    }

    /// What a condition tests in a cell: nothing, where it counts as empty.
    pub(super) fn tested_text<'a>(&self, text: &'a str) -> TestedValue<'a> {
        TestedValue::Text(if self.is_null(text) { "" } else { text })
    }

    /// Whether the profile reads items from the export.
    #[must_use]
    pub fn maps_items(&self) -> bool {
        let is_of_item = |rule: &&FieldRule| rule.target.group() == FieldGroup::Item;
        self.rules.iter().filter(is_of_item).any(|rule| rule.rule.has_source())
    }

    /// Whether an order needs a value of this field from the export.
    pub(super) fn requires(&self, field: &Field) -> bool {
        match field {
            Field::ReferenceId | Field::OrderedAt | Field::Status | Field::CurrencyCode => true,
            Field::Price => self.order_price == TotalFrom::Given,
            _ => false,
        }
    }

    /// The conditions on the rows and documents of an order, those on items left out.
    pub(super) fn order_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.skips.iter().map(|skip| &skip.when).chain(&self.ignore_rows)
    }

    /// Returns an error if a condition has no name of a cell in a file's format: it would find
    /// nothing in any row.
    pub(super) fn ensure_conditions_apply(
        &self,
        file: &str,
        expected: &'static str,
        name: impl Fn(&CellSource) -> Option<&String>,
    ) -> Result<(), MapError> {
        let conditions = self.order_conditions().chain(&self.item_rows);
        let mut sources = conditions.flat_map(Condition::sources);
        let Some(source) = sources.find(|source| !source.is_raw && name(source).is_none()) else {
            return Ok(());
        };
        let other = source.column.as_ref().or(source.path.as_ref());
        let field = format!("the condition on {:?}", other.map(String::as_str).unwrap_or_default());
        Err(MapError::OtherFormat { file: file.to_owned(), expected, field })
    }

    /// Whether orders with different keys always have different references.
    // True only where both come from equal rules; otherwise the rows decide.
    #[must_use]
    pub fn key_is_reference(&self) -> bool {
        reference_rule(&self.rules).is_some_and(|rule| rule == self.key)
    }

    /// Whether a number of this field may be a text whose decimal mark the profile does not
    /// declare.
    #[must_use]
    pub fn reads_undeclared(&self, field: &Field) -> bool {
        // A total that is the sum of the lines is not read.
        let is_read = *field != Field::Price || self.order_price == TotalFrom::Given;
        is_read && self.rule_of(field).is_some_and(Rule::reads_undeclared_numbers)
    }

    /// The number of pairs of formats that may read one text of `orderedAt` as different instants.
    #[must_use]
    pub fn date_overlaps(&self) -> usize {
        self.order_date().map_or(0, |date| date.overlaps().len())
    }

    /// The instants that the two formats of a pair read in a text of `orderedAt`.
    #[must_use]
    pub fn overlapping_dates(&self, pair: usize, text: &str) -> [Option<DateTime<Utc>>; 2] {
        let dates = |(date, text): (&DateRule, &str)| {
            let (first, other) = date.overlaps()[pair];
            [date.parse_as(first, text), date.parse_as(other, text)]
        };
        self.rule_of(&Field::OrderedAt).and_then(|rule| rule.date_of(text)).map_or([None; 2], dates)
    }

    /// Whether day and month of `orderedAt` may be exchanged.
    #[must_use]
    pub fn has_exchangeable_dates(&self) -> bool {
        self.order_date().is_some_and(DateRule::is_exchangeable)
    }

    /// The local time in a text of `orderedAt`, and the one with day and month exchanged.
    #[must_use]
    pub fn dates_in_both_orders(&self, text: &str) -> [Option<NaiveDateTime>; 2] {
        let rule = self.rule_of(&Field::OrderedAt);
        rule.and_then(|rule| rule.date_of(text))
            .map_or([None; 2], |(date, text)| date.parse_both_orders(text))
    }

    fn order_date(&self) -> Option<&DateRule> {
        self.rule_of(&Field::OrderedAt).and_then(Rule::date)
    }

    /// Whether a field has a column or a path, and not only a constant.
    #[must_use]
    pub fn has_source(&self, field: &Field) -> bool {
        self.rule_of(field).is_some_and(|rule| !rule.columns.is_empty() || !rule.paths.is_empty())
    }

    /// Whether a field has a rule.
    #[must_use]
    pub fn has_rule(&self, field: &Field) -> bool {
        self.rule_of(field).is_some()
    }

    /// Whether guests may have an identifier, their e-mail address included.
    #[must_use]
    pub fn identifies_guests(&self) -> bool {
        self.rules.iter().any(|rule| {
            matches!(
                rule.target,
                FieldTarget::AnyIdentifier
                    | FieldTarget::Field(Field::Identifier(_) | Field::GuestEmail)
            )
        })
    }

    fn rule_of(&self, field: &Field) -> Option<&Rule> {
        let is_of_field =
            |rule: &&FieldRule| matches!(&rule.target, FieldTarget::Field(known) if known == field);
        self.rules.iter().find(is_of_field).map(|found| &found.rule)
    }

    /// Whether guests may have identifiers other than e-mail addresses.
    #[must_use]
    pub fn has_identifiers(&self) -> bool {
        self.rules.iter().any(|rule| match &rule.target {
            FieldTarget::AnyIdentifier => true,
            FieldTarget::Field(field) => field.is_text_identifier(),
            _ => false,
        })
    }

    /// Whether the time of an order may come from a date without a time of day.
    #[must_use]
    pub fn is_midnight(&self, ordered_at: DateTime<Utc>) -> bool {
        let is_ordered_at =
            |rule: &&FieldRule| matches!(rule.target, FieldTarget::Field(Field::OrderedAt));
        self.rules.iter().find(is_ordered_at).is_some_and(|rule| rule.rule.is_midnight(ordered_at))
    }

    /// Compiles the profile of a TOML text; messages contain `name` as the name of the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        let in_toml =
            |error| MapError::Toml { name: name.to_owned(), error: toml_error(&error, text) };
        let profile_text: ProfileText = toml::from_str(text).map_err(in_toml)?;
        compile(profile_text).map_err(|(field, message)| MapError::Rule {
            name: name.to_owned(),
            field,
            message,
        })
    }
}

// The field and the message; `Profile::parse` adds the name of the file.
type ProfileError = (String, String);

fn compile(mut text: ProfileText) -> Result<Profile, ProfileError> {
    let mut rules = order_rules(&mut text.order)?;
    rules.extend(item_rules(&mut text.item)?);
    let attributes = text.guest.attributes.unwrap_or_default();
    rules.extend(guest_rules(&mut text.guest, attributes)?);
    let shared_identifiers = shared_identifier_rules(&text.guest)?;
    rules.extend(event_rules(&mut text.event)?);
    let contacts = people_rules(PersonRole::Contact, text.contacts, &mut text.contact, attributes)?;
    let consumers =
        people_rules(PersonRole::Consumer, text.consumers, &mut text.consumer, attributes)?;
    let mut people: Vec<PeopleRules> = contacts.into_iter().chain(consumers).collect();
    let mut key = match text.key {
        Some(key) => compile_rule("key", key, DateUse::None)?,
        None => reference_rule(&rules)
            .ok_or_else(|| for_field("key", "missing; expected key or order.referenceId"))?,
    };
    let of_people = people.iter_mut().flat_map(|people| &mut people.rules);
    let of_fields = rules.iter_mut().chain(of_people).map(|field| &mut field.rule);
    of_fields.chain([&mut key]).for_each(|rule| rule.add_nulls(&text.nulls));
    let marks = NumberMarks::new(text.decimal.as_deref(), text.thousands.as_deref())
        .and_then(|marks| marks.or(NumberMarks::default()))
        .map_err(|error| for_field("decimal", &error))?;
    let of_people = people.iter_mut().flat_map(|people| &mut people.rules);
    rules.iter_mut().chain(of_people).try_for_each(|rule| complete_number(rule, marks))?;
    key.complete_number(Some(&Field::ReferenceId), NumberMarks::default())
        .map_err(|error| for_field("key", &error))?;
    let has_items_path = text.items.is_some();
    let order_rule = |source: &CellSource| number_rule(&rules, source, has_items_path, false);
    let item_rule = |source: &CellSource| number_rule(&rules, source, has_items_path, true);
    let skips = text.skip.into_iter().map(|skip| {
        let when = condition("skip", skip.when, marks, &order_rule)?;
        ensure_no_raw("skip", &when)?;
        Ok(SkipRule { reason: skip.reason.into(), when })
    });
    let skips = skips.collect::<Result<_, ProfileError>>()?;
    let ignored = text.ignore_rows.into_iter();
    let ignore_rows = ignored
        .map(|text| condition("ignore_rows", text, marks, &order_rule))
        .collect::<Result<_, ProfileError>>()?;
    let item_rows = text.item_rows.map(|text| condition("item_rows", text, marks, &item_rule));
    let item_rows = item_rows.transpose()?;
    item_rows.iter().try_for_each(|condition| ensure_no_raw("item_rows", condition))?;
    Ok(Profile {
        name: text.name,
        description: text.about,
        format: text.format,
        delimiter: delimiter(text.delimiter)?,
        quote: text.quote,
        last_line_end: text.last_line_end,
        has_adjacent_rows: text.rows_adjacent,
        joins_files: text.join_files,
        unreadable_rows: text.unreadable_rows,
        unknown_columns: text.unknown_columns,
        missing_columns: text.missing_columns,
        severities: SeverityRules::new(text.severity)
            .map_err(|error| for_field("severity", &error))?,
        nulls: text.nulls,
        order_price: text.order_price,
        item_price: text.item_price,
        earliest_order: earliest_order(text.earliest_order)?,
        guest_attributes: attributes,
        mode: text.mode,
        items_path: text.items,
        checkout_events: text.checkout_events,
        ignore_rows,
        item_rows,
        shared_identifiers,
        skips,
        key,
        rules,
        people,
    })
}

/// The rule that converts the numbers of a condition's cells, if there is one. With `has_items_path`
/// the paths of an item's rules begin at the item, as those of its conditions do (`is_of_item`).
fn number_rule(
    rules: &[FieldRule],
    source: &CellSource,
    has_items_path: bool,
    is_of_item: bool,
) -> Option<Arc<Rule>> {
    let names = |names: &[String], sought: &Option<String>| {
        sought.as_ref().is_some_and(|sought| names.contains(sought))
    };
    let reads_source = |FieldRule { target, rule }: &&FieldRule| {
        let is_at_same_level =
            !has_items_path || (target.group() == FieldGroup::Item) == is_of_item;
        names(&rule.columns, &source.column) || is_at_same_level && names(&rule.paths, &source.path)
    };
    let found = rules.iter().filter(|field| field.rule.converts_numbers()).find(reads_source)?;
    Some(Arc::new(found.rule.clone()))
}

/// Compiles a condition. It reads numbers by `marks`, or as the `rule` of the same cells does.
fn condition(
    field: &str,
    text: ConditionText,
    marks: NumberMarks,
    rule: &impl Fn(&CellSource) -> Option<Arc<Rule>>,
) -> Result<Condition, ProfileError> {
    let mut condition = Condition::new(text, marks).map_err(|error| for_field(field, &error))?;
    condition.read_numbers_by(rule);
    Ok(condition)
}

/// Returns an error if a condition on cells tests the whole row.
fn ensure_no_raw(field: &str, condition: &Condition) -> Result<(), ProfileError> {
    if condition.sources().iter().any(|source| source.is_raw) {
        return Err(for_field(field, "raw is for ignore_rows only; expected a column or path"));
    }
    Ok(())
}

/// Completes how a rule reads numbers, by the marks of the whole profile.
fn complete_number(
    FieldRule { target, rule }: &mut FieldRule,
    marks: NumberMarks,
) -> Result<(), ProfileError> {
    let (field, name) = match target {
        FieldTarget::Field(field) => (Some(&*field), field.to_string()),
        _ => (None, WILDCARD.to_owned()),
    };
    rule.complete_number(field, marks).map_err(|error| for_field(&name, &error))
}

fn for_field(field: &str, error: &str) -> ProfileError {
    (field.to_owned(), error.to_owned())
}

fn delimiter(delimiter: Option<char>) -> Result<u8, ProfileError> {
    let delimiter = delimiter.unwrap_or(',');
    // Quotes and line breaks have a meaning of their own in CSV.
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        _ => Err(for_field(
            "delimiter",
            &format!(
                "invalid character {delimiter:?}; expected an ASCII character such as ; or \\t"
            ),
        )),
    }
}

fn earliest_order(text: Option<String>) -> Result<NaiveDate, ProfileError> {
    let Some(text) = text else { return Ok(DEFAULT_EARLIEST_ORDER) };
    NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(|_| {
        for_field("earliest_order", &format!("invalid date {text:?}; expected YYYY-MM-DD"))
    })
}

fn reference_rule(rules: &[FieldRule]) -> Option<Rule> {
    let is_reference =
        |rule: &&FieldRule| matches!(rule.target, FieldTarget::Field(Field::ReferenceId));
    rules.iter().find(is_reference).map(|found| found.rule.clone())
}

fn compile_rule(field: &str, text: RuleText, date_use: DateUse) -> Result<Rule, ProfileError> {
    Rule::new(text, date_use).map_err(|error| for_field(field, &error))
}

/// The use of the date of a field of the order, an item or the event.
fn timestamp(field: &Field) -> DateUse {
    match field {
        Field::OrderedAt | Field::ItemOrderedAt => DateUse::Instant,
        _ => DateUse::None,
    }
}

fn named_rules(
    group: FieldGroup,
    named: Vec<(&'static str, RuleText)>,
    date_use: impl Fn(&Field) -> DateUse,
) -> Result<Vec<FieldRule>, ProfileError> {
    let compile = |(name, text)| {
        let field =
            Field::NAMED.iter().find(|field| field.group() == group && field.short_name() == name);
        let field = field.expect("every key of a profile's group is the name of a field").clone();
        let rule = compile_rule(&field.to_string(), text, date_use(&field))?;
        ensure_kind_fits(&rule, &field)?;
        if let (Field::ItemOrderedAt, Some(date)) = (&field, rule.date()) {
            date.ensure_no_overlap().map_err(|error| for_field(&field.to_string(), &error))?;
        }
        Ok(FieldRule { rule, target: FieldTarget::Field(field) })
    };
    named.into_iter().map(compile).collect()
}

/// The rules of a table of custom fields, whose names are the user's; `*` matches any name.
fn wildcard_rules(
    texts: &mut std::collections::BTreeMap<String, RuleText>,
    wildcard: &FieldTarget,
    field: impl Fn(&str, &Rule) -> Field,
) -> Result<Vec<FieldRule>, ProfileError> {
    let compile = |(name, text): (String, RuleText)| {
        let rule = compile_rule(&name, text, DateUse::None)?;
        let field = field(&name, &rule);
        ensure_kind_fits(&rule, &field)?;
        let target = if name == WILDCARD { wildcard.clone() } else { FieldTarget::Field(field) };
        Ok(FieldRule { target, rule })
    };
    std::mem::take(texts).into_iter().map(compile).collect()
}

fn ensure_kind_fits(rule: &Rule, field: &Field) -> Result<(), ProfileError> {
    let Some(kind) = rule.kind else { return Ok(()) };
    kind.ensure_fits(field).map_err(|error| for_field(&field.to_string(), &error))
}

/// The key of a custom attribute, of the type that its rule or else the wildcard declares.
fn extension_key(name: &str, rule: &Rule, wildcard: &FieldTarget) -> Arc<ExtensionKey> {
    let data_type = rule.extension_type.unwrap_or_else(|| wildcard.default_type(name));
    Arc::new(ExtensionKey { name: name.to_owned(), data_type })
}

fn order_rules(text: &mut OrderText) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Order, text.named(), timestamp)?;
    let wildcard = &FieldTarget::AnyExtension;
    rules.extend(wildcard_rules(&mut text.ext, wildcard, |name, rule| {
        Field::Extension(extension_key(name, rule, wildcard))
    })?);
    Ok(rules)
}

fn item_rules(text: &mut ItemText) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Item, text.named(), timestamp)?;
    let wildcard = &FieldTarget::AnyItemExtension;
    rules.extend(wildcard_rules(&mut text.ext, wildcard, |name, rule| {
        Field::ItemExtension(extension_key(name, rule, wildcard))
    })?);
    let wildcard = &FieldTarget::AnyItemProduct;
    rules.extend(wildcard_rules(&mut text.product, wildcard, |name, rule| {
        Field::ItemProduct(extension_key(name, rule, wildcard))
    })?);
    Ok(rules)
}

/// `shared_identifiers` and `max_addresses` of `[guest]`.
fn shared_identifier_rules(guest: &GuestText) -> Result<SharedIdentifierRules, ProfileError> {
    let choice = guest.shared_identifiers.unwrap_or_default();
    match (choice, guest.max_addresses) {
        (_, Some(0)) => Err(for_field("guest.max_addresses", "is 0, expected at least 1")),
        (SharedIdentifiers::Send, Some(_)) => {
            let error = "has no effect with shared_identifiers = \"send\"";
            Err(for_field("guest.max_addresses", error))
        }
        (choice, max_addresses) => Ok(SharedIdentifierRules {
            choice,
            max_addresses: max_addresses.unwrap_or(DEFAULT_MAX_ADDRESSES),
        }),
    }
}

fn guest_rules(
    text: &mut GuestText,
    attributes: GuestAttributes,
) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Guest, text.named(), |field| match field {
        Field::GuestDob => DateUse::BirthDate { unreadable: attributes.code(Code::DobUnreadable) },
        _ => DateUse::None,
    })?;
    let implausible = attributes.code(Code::PhoneImplausible);
    for FieldRule { target, rule } in &mut rules {
        rule.kind = rule.kind.map(|kind| kind.of_attribute(implausible));
        if matches!(target, FieldTarget::Field(field) if field.is_checked_attribute()) {
            rule.set_unlisted(attributes.code(Code::ValueNotInTable));
        }
    }
    let field = |name: &str, rule: &Rule| Field::Identifier(rule.provider(name));
    rules.extend(wildcard_rules(&mut text.id, &FieldTarget::AnyIdentifier, field)?);
    Ok(rules)
}

fn people_rules(
    role: PersonRole,
    path: Option<String>,
    text: &mut GuestText,
    attributes: GuestAttributes,
) -> Result<Option<PeopleRules>, ProfileError> {
    if text.shared_identifiers.is_some()
        || text.max_addresses.is_some()
        || text.attributes.is_some()
    {
        let error =
            "has shared_identifiers, max_addresses or attributes, which are for [guest] only";
        return Err(for_field(role.name(), error));
    }
    let rules =
        guest_rules(text, attributes).map_err(|(field, error)| (role.field_name(&field), error))?;
    let has_paths = rules.iter().any(|rule| !rule.rule.paths.is_empty());
    let (singular, plural) = (role.name(), format!("{}s", role.name()));
    match &path {
        None if has_paths => Err((
            singular.to_owned(),
            format!("has a path, but {plural}, the path of the array, is not set"),
        )),
        Some(_) if !has_paths => Err((plural, format!("is set, but [{singular}] has no path"))),
        _ => Ok((!rules.is_empty()).then_some(PeopleRules { role, path, rules })),
    }
}

fn event_rules(text: &mut EventFieldsText) -> Result<Vec<FieldRule>, ProfileError> {
    named_rules(FieldGroup::Event, text.named(), timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_error(text: &str) -> String {
        Profile::parse("p.toml", text).unwrap_err().to_string()
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
        for field in Field::NAMED {
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
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nreferenceId = { colum = 'a' }\n"), @r#"
        p.toml:3:17: unknown field `colum`, expected one of `column`, `path`, `value`, `default`, `optional`, `empty`, `values`, `other`, `date`, `zone`, `strip_prefix`, `strip_suffix`, `decimal`, `thousands`, `negative`, `scale`, `type`, `kind`, `country`, `disagree`
          hint: did you mean "column"?
        "#);
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nrefrenceId = { column = 'a' }\n"), @r#"
        p.toml:3:1: unknown field `refrenceId`, expected one of `referenceId`, `orderedAt`, `status`, `currencyCode`, `price`, `paymentType`, `cardType`, `ext`
          hint: did you mean "referenceId"?
        "#);
    }

    #[test]
    fn people_need_a_path_and_rules() {
        let with = |rest: &str| {
            parse_error(&format!("name = 'x'\n{rest}\n[order]\nreferenceId = {{ path = 'a' }}"))
        };
        insta::assert_snapshot!(with("contact.email = { path = 'email' }"), @"p.toml: contact: has a path, but contacts, the path of the array, is not set");
        insta::assert_snapshot!(with("consumers = 'pax'"), @"p.toml: consumers: is set, but [consumer] has no path");
        insta::assert_snapshot!(with("consumer.email = { type = 'text' }"), @"p.toml: consumer.email: has no column, no path and no value");
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
        insta::assert_snapshot!(with("[contact]\nattributes = 'strict'").unwrap_err(), @"p.toml: contact: has shared_identifiers, max_addresses or attributes, which are for [guest] only");
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
        insta::assert_snapshot!(with("earliest_order = '1995'").unwrap_err(), @r#"p.toml: earliest_order: invalid date "1995"; expected YYYY-MM-DD"#);
    }

    #[test]
    fn invalid_rule_names_its_field() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\norderedAt = { column = 'a', date = '%Y-%m-%d' }\n"), @r#"p.toml: orderedAt: a date format without an offset needs a zone, such as zone = "Europe/London""#);
        insta::assert_snapshot!(parse_error("name = 'x'\n"), @"p.toml: key: missing; expected key or order.referenceId");
        insta::assert_snapshot!(parse_error("name = 'x'\ndelimiter = '§'\n[order]\nreferenceId = { column = 'a' }"), @r"p.toml: delimiter: invalid character '§'; expected an ASCII character such as ; or \t");
        insta::assert_snapshot!(Profile::built_in("cannonical").unwrap_err(), @r#"
        unknown profile "cannonical"; expected a built-in profile or a file
          hint: did you mean "canonical"?
        "#);
    }
}
