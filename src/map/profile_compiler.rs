//! Profile compiler: the text of a profile becomes its rules and settings.
//!
//! Every error names its field; the position of a wrong name is that in the TOML text. Loaded by
//! `cli`.

use chrono::NaiveDate;

use super::{
    condition_compiler::ConditionCompiler,
    error::{MapError, ProfileError, for_field, toml_error},
    field_rules::{WILDCARD, all_people_rules, compile_rule, field_rules},
    input_settings::SharedIdentifiers,
    number::NumberMarks,
    profile::{
        FieldRule, FieldTarget, PeopleRules, Profile, SharedIdentifierRules, reference_rule,
    },
    profile_text::{GuestText, ProfileText, RuleText},
    rule::{DateUse, Rule},
};
use crate::model::{field::Field, severity::SeverityRules, suggest::suggest};

/// The built-in profiles: name and TOML text.
pub const BUILT_IN: &[(&str, &str)] = &[("canonical", include_str!("profiles/canonical.toml"))];

/// The earliest order of a profile that names none: shops had no web analytics before.
const DEFAULT_EARLIEST_ORDER: NaiveDate =
    NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar");

/// `max_addresses` of a profile that sets none.
const DEFAULT_MAX_ADDRESSES: u16 = 3;

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

fn compile(mut text: ProfileText) -> Result<Profile, ProfileError> {
    let mut rules = field_rules(&mut text)?;
    let shared_identifiers = shared_identifier_rules(&text.guest)?;
    let mut people = all_people_rules(&mut text)?;
    let mut key = key_rule(text.key, &rules)?;
    let marks = NumberMarks::new(text.decimal.as_deref(), text.thousands.as_deref())
        .and_then(|marks| marks.or(NumberMarks::default()))
        .map_err(|error| for_field("decimal", &error))?;
    complete_rules(&mut rules, &mut people, &text.nulls, marks)?;
    complete_key(&mut key, &text.nulls)?;
    let has_items_path = text.items.is_some();
    let conditions = ConditionCompiler { rules: &rules, marks, has_items_path };
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
        order_price: text.order_price,
        item_price: text.item_price,
        earliest_order: earliest_order(text.earliest_order)?,
        guest_attributes: text.guest.attributes.unwrap_or_default(),
        mode: text.mode,
        items_path: text.items,
        checkout_events: text.checkout_events,
        skips: conditions.skips(text.skip)?,
        ignore_rows: conditions.ignored(text.ignore_rows)?,
        item_rows: text.item_rows.map(|text| conditions.items(text)).transpose()?,
        nulls: text.nulls,
        shared_identifiers,
        key,
        rules,
        people,
    })
}

/// The rule of the order key; without one of its own it is that of the reference.
fn key_rule(text: Option<RuleText>, rules: &[FieldRule]) -> Result<Rule, ProfileError> {
    let Some(text) = text else {
        let missing = || for_field("key", "missing; expected key or order.referenceId");
        return reference_rule(rules).cloned().ok_or_else(missing);
    };
    compile_rule("key", text, DateUse::None)
}

/// Completes the rules by what the profile says of all cells: its nulls and the marks of its
/// numbers.
fn complete_rules(
    rules: &mut [FieldRule],
    people: &mut [PeopleRules],
    nulls: &[String],
    marks: NumberMarks,
) -> Result<(), ProfileError> {
    let of_people = people.iter_mut().flat_map(|people| &mut people.rules);
    for field_rule in rules.iter_mut().chain(of_people) {
        field_rule.rule.add_nulls(nulls);
        complete_number(field_rule, marks)?;
    }
    Ok(())
}

/// Completes the rule of the key, which is no number.
fn complete_key(key: &mut Rule, nulls: &[String]) -> Result<(), ProfileError> {
    key.add_nulls(nulls);
    key.complete_number(Some(&Field::ReferenceId), NumberMarks::default())
        .map_err(|error| for_field("key", &error))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{field::FieldGroup, guest_attributes::GuestAttributes};

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
