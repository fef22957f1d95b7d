//! Compilation of the rules of fields: those of orders, items, guests, other people and events.
//!
//! Checks what a rule and its field say together, and reads no row. Called by `profile_compiler`.

use std::{collections::BTreeMap, mem, sync::Arc};

use super::{
    error::{ProfileError, for_field},
    profile::{FieldRule, FieldTarget, PeopleRules},
    profile_text::{EventFieldsText, GuestText, ItemText, OrderText, ProfileText, RuleText},
    rule::{DateUse, Rule},
};
use crate::model::{
    draft::PersonRole,
    field::{ExtensionKey, Field, FieldGroup},
    guest_attributes::GuestAttributes,
    problem::Code,
};

// The key of a rule for any name, in the tables of custom fields (`ext`, `product`, `id`).
pub(super) const WILDCARD: &str = "*";

/// Compiles the rules of orders, items, guests and events.
pub(super) fn field_rules(text: &mut ProfileText) -> Result<Vec<FieldRule>, ProfileError> {
    let attributes = text.guest.attributes.unwrap_or_default();
    let mut rules = order_rules(&mut text.order)?;
    rules.extend(item_rules(&mut text.item)?);
    rules.extend(guest_rules(&mut text.guest, attributes)?);
    rules.extend(event_rules(&mut text.event)?);
    Ok(rules)
}

/// Compiles the rules of contacts and consumers.
pub(super) fn all_people_rules(text: &mut ProfileText) -> Result<Vec<PeopleRules>, ProfileError> {
    let attributes = text.guest.attributes.unwrap_or_default();
    let (contacts, consumers) = (text.contacts.take(), text.consumers.take());
    let contacts = people_rules(PersonRole::Contact, contacts, &mut text.contact, attributes)?;
    let consumers = people_rules(PersonRole::Consumer, consumers, &mut text.consumer, attributes)?;
    Ok(contacts.into_iter().chain(consumers).collect())
}

/// Compiles a rule of a field with this name.
pub(super) fn compile_rule(
    field: &str,
    text: RuleText,
    date_use: DateUse,
) -> Result<Rule, ProfileError> {
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
    texts: &mut BTreeMap<String, RuleText>,
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
    mem::take(texts).into_iter().map(compile).collect()
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
