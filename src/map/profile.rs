//! A profile, ready to be used: loaded from a file or built in, its rules checked.

use std::{borrow::Cow, path::Path, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    MapError,
    file::read_small_file,
    input_settings::{LastLineEnd, MissingColumns, ProfileFormat, UnknownColumns, UnreadableRows},
    profile_text::{EventFieldsText, GuestText, ItemText, OrderText, ProfileText, RuleText, toml_error},
    rule::{Condition, Rule, RuleResult},
};
use crate::model::{
    draft::PersonRole,
    field::{ExtensionKey, ExtensionType, Field, FieldGroup},
    pricing::{PriceBasis, TotalFrom},
    route::Mode,
    suggest::suggest,
};

/// The built-in profiles: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[("canonical", include_str!("profiles/canonical.toml"))];

/// The name under `ext` and `id` that stands for any.
const WILDCARD: &str = "*";

/// What a rule fills.
#[derive(Debug, Clone)]
pub enum FieldTarget {
    /// One field.
    Field(Field),
    /// Any extension attribute of the order, its name from the column.
    AnyExtension,
    /// Any extension attribute of an item.
    AnyItemExtension,
    /// Any further attribute of an item's `product`.
    AnyItemProduct,
    /// Any identifier, its provider from the column.
    AnyIdentifier,
}

impl FieldTarget {
    /// The type where none is said. Of a product's further attributes the manual names one, which is a number: a price
    /// that is sent as text makes totals of 0.
    #[must_use]
    pub fn default_type(&self, name: &str) -> ExtensionType {
        match (self, name) {
            (Self::AnyItemProduct, "originalPrice") => ExtensionType::Float,
            _ => ExtensionType::String,
        }
    }

    /// The part of the order that is filled.
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

/// One rule and what it fills.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// What it fills.
    pub target: FieldTarget,
    /// How.
    pub rule: Rule,
}

/// Where people beside the guest come from.
#[derive(Debug, Clone)]
pub struct PeopleRules {
    /// What they are to the order.
    pub role: PersonRole,
    /// Where the array of them stands in a JSON document; consumers may stand there in an item too.
    pub path: Option<String>,
    /// Where their fields come from, which are the guest's.
    pub rules: Vec<FieldRule>,
}

/// A rule that leaves orders out.
#[derive(Debug, Clone)]
pub struct SkipRule {
    /// Counted and reported under this name.
    pub reason: Arc<str>,
    /// An order is left out when this holds for any of its rows.
    pub when: Condition,
}

/// Which cell of an export means what.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// One line for a list.
    pub description: String,
    /// The form of the files, if it is always the same.
    pub format: Option<ProfileFormat>,
    /// What stands between two cells of a CSV file; ASCII.
    pub delimiter: u8,
    /// Whether a file must end with a line end.
    pub last_line_end: LastLineEnd,
    /// The rows of an order stand next to each other.
    pub has_adjacent_rows: bool,
    /// The rows of an order may come from several files.
    pub joins_files: bool,
    /// What a row does that cannot be read.
    pub unreadable_rows: UnreadableRows,
    /// What unknown columns do.
    pub unknown_columns: UnknownColumns,
    /// What missing columns do.
    pub missing_columns: MissingColumns,
    /// Where totals come from.
    pub order_price: TotalFrom,
    /// What the export's item prices are for.
    pub item_price: PriceBasis,
    /// How its orders are sent, if the target does not say.
    pub mode: Option<Mode>,
    /// Where the array of items stands in a JSON document; with it a document is a whole order.
    pub items_path: Option<String>,
    /// Which rows are items; without it those that have any item column filled.
    pub item_rows: Option<Condition>,
    /// Which orders are left out.
    pub skips: Vec<SkipRule>,
    /// Where the order key comes from.
    pub key: Rule,
    /// Where the fields come from.
    pub rules: Vec<FieldRule>,
    /// Where contacts and consumers come from, if from anywhere.
    pub people: Vec<PeopleRules>,
}

impl Profile {
    /// A built-in profile by its name, or the profile of a TOML file.
    pub fn load(name: &str) -> Result<Self, MapError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, text);
        }
        let path = Path::new(name);
        if !path.exists() {
            let suggestion = suggest(name, BUILT_IN.iter().map(|(built_in, _)| *built_in)).map(str::to_owned);
            return Err(MapError::NoProfile { name: name.to_owned(), suggestion });
        }
        let text = read_small_file(path).map_err(|error| MapError::Io { path: path.to_owned(), error })?;
        Self::parse(name, &text)
    }

    /// The order key that the text of a key's cell makes, if it makes one.
    #[must_use]
    pub fn key_of<'a>(&'a self, text: &'a str) -> Option<Cow<'a, str>> {
        match self.key.apply(text) {
            RuleResult::Value(key) if !key.is_empty() => Some(key),
            _ => None,
        }
    }

    /// The rules of all fields.
    pub fn all_rules(&self) -> impl Iterator<Item = &FieldRule> {
        self.rules.iter().chain(self.people.iter().flat_map(|people| &people.rules))
    }

    /// Whether orders of different keys have different references, whatever the rows hold.
    #[must_use]
    pub fn key_is_reference(&self) -> bool {
        reference_rule(&self.rules).is_some_and(|rule| rule == self.key)
    }

    /// Whether the time of an order may be a date without a time of day.
    #[must_use]
    pub fn is_midnight(&self, ordered_at: DateTime<Utc>) -> bool {
        let is_ordered_at = |rule: &&FieldRule| matches!(rule.target, FieldTarget::Field(Field::OrderedAt));
        self.rules.iter().find(is_ordered_at).is_some_and(|rule| rule.rule.is_midnight(ordered_at))
    }

    /// The profile that a TOML text describes; `name` is for messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, MapError> {
        let in_toml = |error| MapError::Toml { name: name.to_owned(), error: toml_error(&error, text) };
        let profile_text: ProfileText = toml::from_str(text).map_err(in_toml)?;
        compile(profile_text).map_err(|(field, message)| MapError::Rule { name: name.to_owned(), field, message })
    }
}

type ProfileError = (String, String);

fn compile(mut text: ProfileText) -> Result<Profile, ProfileError> {
    let mut rules = order_rules(&mut text.order)?;
    rules.extend(item_rules(&mut text.item)?);
    rules.extend(guest_rules(&mut text.guest)?);
    rules.extend(event_rules(&mut text.event)?);
    let contacts = people_rules(PersonRole::Contact, text.contacts, &mut text.contact)?;
    let consumers = people_rules(PersonRole::Consumer, text.consumers, &mut text.consumer)?;
    let key = match text.key {
        Some(key) => compile_rule("key", key, false)?,
        None => reference_rule(&rules).ok_or_else(|| for_field("key", "there is no key and no order.referenceId"))?,
    };
    let skips = text.skip.into_iter().map(|skip| {
        let when = Condition::new(skip.when).map_err(|error| for_field("skip", &error))?;
        Ok(SkipRule { reason: skip.reason.into(), when })
    });
    let item_rows = text.item_rows.map(Condition::new).transpose().map_err(|error| for_field("item_rows", &error))?;
    Ok(Profile {
        name: text.name,
        description: text.about,
        format: text.format,
        delimiter: delimiter(text.delimiter)?,
        last_line_end: text.last_line_end,
        has_adjacent_rows: text.rows_adjacent,
        joins_files: text.join_files,
        unreadable_rows: text.unreadable_rows,
        unknown_columns: text.unknown_columns,
        missing_columns: text.missing_columns,
        order_price: text.order_price,
        item_price: text.item_price,
        mode: text.mode,
        items_path: text.items,
        item_rows,
        skips: skips.collect::<Result<_, ProfileError>>()?,
        key,
        rules,
        people: contacts.into_iter().chain(consumers).collect(),
    })
}

fn for_field(field: &str, error: &str) -> ProfileError {
    (field.to_owned(), error.to_owned())
}

fn delimiter(delimiter: Option<char>) -> Result<u8, ProfileError> {
    let delimiter = delimiter.unwrap_or(',');
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        _ => Err(for_field(
            "delimiter",
            &format!("{delimiter:?} cannot stand between cells; expected one such as ; or \\t"),
        )),
    }
}

fn reference_rule(rules: &[FieldRule]) -> Option<Rule> {
    let is_reference = |rule: &&FieldRule| matches!(rule.target, FieldTarget::Field(Field::ReferenceId));
    rules.iter().find(is_reference).map(|found| found.rule.clone())
}

fn compile_rule(field: &str, text: RuleText, is_date: bool) -> Result<Rule, ProfileError> {
    Rule::new(text, is_date).map_err(|error| for_field(field, &error))
}

fn named_rules(part: FieldGroup, named: Vec<(&'static str, RuleText)>) -> Result<Vec<FieldRule>, ProfileError> {
    let compile = |(name, text)| {
        let field = Field::NAMED.iter().find(|field| field.group() == part && field.short_name() == name);
        let field = field.expect("the parts of a profile have the names of fields").clone();
        let is_date = matches!(field, Field::OrderedAt | Field::ItemOrderedAt);
        Ok(FieldRule { rule: compile_rule(&field.to_string(), text, is_date)?, target: FieldTarget::Field(field) })
    };
    named.into_iter().map(compile).collect()
}

/// The rules of `ext` or `id`: names are the user's own, `*` stands for any.
fn wildcard_rules(
    texts: &mut std::collections::BTreeMap<String, RuleText>,
    wildcard: &FieldTarget,
    field: impl Fn(&str, ExtensionType) -> Field,
) -> Result<Vec<FieldRule>, ProfileError> {
    let compile = |(name, text): (String, RuleText)| {
        let rule = compile_rule(&name, text, false)?;
        let extension_type = rule.extension_type.unwrap_or_else(|| wildcard.default_type(&name));
        let target = if name == WILDCARD { wildcard.clone() } else { FieldTarget::Field(field(&name, extension_type)) };
        Ok(FieldRule { target, rule })
    };
    std::mem::take(texts).into_iter().map(compile).collect()
}

fn extension_key(name: &str, extension_type: ExtensionType) -> Arc<ExtensionKey> {
    Arc::new(ExtensionKey { name: name.to_owned(), data_type: extension_type })
}

fn order_rules(text: &mut OrderText) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Order, text.named())?;
    let field = |name: &str, extension_type| Field::Extension(extension_key(name, extension_type));
    rules.extend(wildcard_rules(&mut text.ext, &FieldTarget::AnyExtension, field)?);
    Ok(rules)
}

fn item_rules(text: &mut ItemText) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Item, text.named())?;
    let field = |name: &str, extension_type| Field::ItemExtension(extension_key(name, extension_type));
    rules.extend(wildcard_rules(&mut text.ext, &FieldTarget::AnyItemExtension, field)?);
    let field = |name: &str, extension_type| Field::ItemProduct(extension_key(name, extension_type));
    rules.extend(wildcard_rules(&mut text.product, &FieldTarget::AnyItemProduct, field)?);
    Ok(rules)
}

fn guest_rules(text: &mut GuestText) -> Result<Vec<FieldRule>, ProfileError> {
    let mut rules = named_rules(FieldGroup::Guest, text.named())?;
    rules.extend(wildcard_rules(&mut text.id, &FieldTarget::AnyIdentifier, |name, _| {
        Field::Identifier((*name).into())
    })?);
    Ok(rules)
}

fn people_rules(
    role: PersonRole,
    path: Option<String>,
    text: &mut GuestText,
) -> Result<Option<PeopleRules>, ProfileError> {
    let rules = guest_rules(text).map_err(|(field, error)| (role.field_name(&field), error))?;
    let has_paths = rules.iter().any(|rule| !rule.rule.paths.is_empty());
    let (singular, plural) = (role.name(), format!("{}s", role.name()));
    match &path {
        None if has_paths => Err((singular.to_owned(), format!("has paths, but {plural} does not say where they are"))),
        Some(_) if !has_paths => Err((plural, format!("says where they are, but [{singular}] has no path"))),
        _ => Ok((!rules.is_empty()).then_some(PeopleRules { role, path, rules })),
    }
}

fn event_rules(text: &mut EventFieldsText) -> Result<Vec<FieldRule>, ProfileError> {
    named_rules(FieldGroup::Event, text.named())
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
            assert_eq!(Profile::load(name).unwrap().name, *name);
        }
    }

    #[test]
    fn canonical_profile_covers_every_field() {
        let profile = Profile::load("canonical").unwrap();
        for field in Field::NAMED {
            let found =
                profile.rules.iter().find(|rule| matches!(&rule.target, FieldTarget::Field(known) if known == field));
            assert_eq!(found.map(|rule| rule.rule.columns.clone()), Some(vec![field.to_string()]), "{field}");
        }
        for people in &profile.people {
            for field in Field::NAMED.iter().filter(|field| field.group() == FieldGroup::Guest) {
                let is_of_field =
                    |rule: &&FieldRule| matches!(&rule.target, FieldTarget::Field(known) if known == field);
                let found = people.rules.iter().find(is_of_field).map(|rule| rule.rule.columns.clone());
                assert_eq!(found, Some(vec![people.role.field_name(&field.to_string())]));
            }
        }
        assert_eq!(profile.people.len(), 2);
    }

    #[test]
    fn unknown_name_has_line_and_suggestion() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nreferenceId = { colum = 'a' }\n"), @r#"
        p.toml:3:17: unknown field `colum`, expected one of `column`, `path`, `value`, `default`, `values`, `other`, `date`, `zone`, `strip_prefix`, `strip_suffix`, `type`, `disagree`
          hint: did you mean "column"?
        "#);
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\nrefrenceId = { column = 'a' }\n"), @r#"
        p.toml:3:1: unknown field `refrenceId`, expected one of `referenceId`, `orderedAt`, `status`, `currencyCode`, `price`, `paymentType`, `cardType`, `ext`
          hint: did you mean "referenceId"?
        "#);
    }

    #[test]
    fn people_need_a_path_and_rules() {
        let with = |rest: &str| parse_error(&format!("name = 'x'\n{rest}\n[order]\nreferenceId = {{ path = 'a' }}"));
        insta::assert_snapshot!(with("contact.email = { path = 'email' }"), @"p.toml: contact: has paths, but contacts does not say where they are");
        insta::assert_snapshot!(with("consumers = 'pax'"), @"p.toml: consumers: says where they are, but [consumer] has no path");
        insta::assert_snapshot!(with("consumer.email = { type = 'text' }"), @"p.toml: consumer.email: names no column, no path and no value");
    }

    #[test]
    fn invalid_rule_names_its_field() {
        insta::assert_snapshot!(parse_error("name = 'x'\n[order]\norderedAt = { column = 'a', date = '%Y' }\n"), @r#"p.toml: orderedAt: a date format without an offset needs a zone, such as zone = "Europe/London""#);
        insta::assert_snapshot!(parse_error("name = 'x'\n"), @"p.toml: key: there is no key and no order.referenceId");
        insta::assert_snapshot!(parse_error("name = 'x'\ndelimiter = '§'\n[order]\nreferenceId = { column = 'a' }"), @r"p.toml: delimiter: '§' cannot stand between cells; expected one such as ; or \t");
        insta::assert_snapshot!(Profile::load("cannonical").unwrap_err(), @r#"
        no profile "cannonical": it is not built in and there is no such file
          hint: did you mean "canonical"?
        "#);
    }
}
