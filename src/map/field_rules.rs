//! Compilation of the rules of fields: those of orders, items, guests, other people and events.
//!
//! Checks what a rule and its field say together, and reads no row. Called by `profile_compiler`.

use std::{collections::BTreeMap, mem, sync::Arc};

use super::{
    combination::Combination,
    currency_symbols::CurrencySymbols,
    date_keys::DateUse,
    key_errors::KeyErrors,
    max_length::MaxLength,
    number::NumberMarks,
    profile::{FieldRule, FieldTarget, PeopleRules},
    profile_text::{EventFieldsText, GuestText, ItemText, OrderText, ProfileText, RuleText},
    rule::Rule,
};
use crate::model::{
    draft::PersonRole,
    field::{ExtensionKey, Field, FieldGroup},
    guest_attributes::GuestAttributes,
    problem::Code,
};

// The key of a rule for any name, in the tables of custom fields (`ext`, `product`, `id`).
const WILDCARD: &str = "*";

/// What the rules of a profile depend on, and their errors.
pub(super) struct RuleCompiler<'t> {
    /// Cells that count as empty.
    pub(super) nulls: &'t [String],
    /// The marks of the numbers.
    pub(super) marks: NumberMarks,
    /// The symbols of currencies.
    pub(super) symbols: CurrencySymbols,
    /// What becomes of attributes that the target would not take.
    pub(super) attributes: GuestAttributes,
    /// The errors of all rules.
    pub(super) errors: &'t mut KeyErrors,
}

impl RuleCompiler<'_> {
    /// Compiles the rules of orders, items, guests and events.
    pub(super) fn field_rules(&mut self, text: &mut ProfileText) -> Vec<FieldRule> {
        let mut rules = self.order_rules(&mut text.order);
        rules.extend(self.item_rules(&mut text.item));
        rules.extend(self.guest_rules("guest", &mut text.guest));
        rules.extend(self.event_rules(&mut text.event));
        rules
    }

    /// Compiles the rules of contacts and consumers.
    pub(super) fn all_people_rules(&mut self, text: &mut ProfileText) -> Vec<PeopleRules> {
        let (contacts, consumers) = (text.contacts.take(), text.consumers.take());
        let contacts = self.people_rules(PersonRole::Contact, contacts, &mut text.contact);
        let consumers = self.people_rules(PersonRole::Consumer, consumers, &mut text.consumer);
        contacts.into_iter().chain(consumers).collect()
    }

    /// Compiles the rule of the order key.
    pub(super) fn key_rule(&mut self, text: RuleText) -> Option<Rule> {
        let rule = Rule::new(text, DateUse::None).and_then(|mut rule| {
            if rule.max_length.is_some() {
                MaxLength::ensure_fits(&Field::ReferenceId).map_err(KeyErrors::of_rule)?;
            }
            self.complete(&mut rule, Some(&Field::ReferenceId))?;
            Ok(rule)
        });
        self.errors.keep_below(&["key"], rule)
    }

    /// Compiles the rule at a path, which fills a field, or with a wildcard others like it.
    fn field_rule(
        &mut self,
        path: &[&str],
        text: RuleText,
        date_use: DateUse,
        field: impl FnOnce(&Rule) -> Field,
        wildcard: Option<&FieldTarget>,
    ) -> Option<FieldRule> {
        let rule = Rule::new(text, date_use).and_then(|mut rule| {
            let field = field(&rule);
            check_field(&rule, &field)?;
            self.complete(&mut rule, Some(&field).filter(|_| wildcard.is_none()))?;
            let target = wildcard.cloned().unwrap_or(FieldTarget::Field(field));
            Ok(FieldRule { target, rule })
        });
        self.errors.keep_below(path, rule)
    }

    /// Completes a rule by what the profile says of all cells. `field` is the one that it fills;
    /// `None` for a wildcard.
    fn complete(&self, rule: &mut Rule, field: Option<&Field>) -> Result<(), KeyErrors> {
        rule.add_nulls(self.nulls);
        check_combination(rule, field).map_err(KeyErrors::of_rule)?;
        rule.set_symbols(&self.symbols);
        rule.complete_number(field, self.marks, &self.symbols).map_err(KeyErrors::of_rule)
    }

    fn named_rules(
        &mut self,
        group: FieldGroup,
        table: &str,
        named: Vec<(&'static str, RuleText)>,
        date_use: impl Fn(&Field) -> DateUse,
    ) -> Vec<FieldRule> {
        let compile = |(name, text)| {
            let mut fields = Field::NAMED.iter().filter(|field| field.group() == group);
            let field = fields.find(|field| field.short_name() == name);
            let field = field.expect("every key of a profile's group is the name of a field");
            self.field_rule(&[table, name], text, date_use(field), |_| field.clone(), None)
        };
        named.into_iter().filter_map(compile).collect()
    }

    /// The rules of a table of custom fields, whose names are the user's; `*` matches any name.
    fn wildcard_rules(
        &mut self,
        path: [&str; 2],
        texts: &mut BTreeMap<String, RuleText>,
        wildcard: &FieldTarget,
        field: impl Fn(&str, &Rule) -> Field,
    ) -> Vec<FieldRule> {
        let compile = |(name, text): (String, RuleText)| {
            let path = [path[0], path[1], &name];
            let wildcard = Some(wildcard).filter(|_| name == WILDCARD);
            self.field_rule(&path, text, DateUse::None, |rule| field(&name, rule), wildcard)
        };
        mem::take(texts).into_iter().filter_map(compile).collect()
    }

    fn order_rules(&mut self, text: &mut OrderText) -> Vec<FieldRule> {
        let mut rules = self.named_rules(FieldGroup::Order, "order", text.named(), timestamp);
        let wildcard = &FieldTarget::AnyExtension;
        rules.extend(self.wildcard_rules(
            ["order", "ext"],
            &mut text.ext,
            wildcard,
            |name, rule| Field::Extension(extension_key(name, rule, wildcard)),
        ));
        rules
    }

    fn item_rules(&mut self, text: &mut ItemText) -> Vec<FieldRule> {
        let mut rules = self.named_rules(FieldGroup::Item, "item", text.named(), timestamp);
        let wildcard = &FieldTarget::AnyItemExtension;
        rules.extend(self.wildcard_rules(
            ["item", "ext"],
            &mut text.ext,
            wildcard,
            |name, rule| Field::ItemExtension(extension_key(name, rule, wildcard)),
        ));
        let (path, wildcard) = (["item", "product"], &FieldTarget::AnyItemProduct);
        rules.extend(self.wildcard_rules(path, &mut text.product, wildcard, |name, rule| {
            Field::ItemProduct(extension_key(name, rule, wildcard))
        }));
        rules
    }

    fn guest_rules(&mut self, table: &str, text: &mut GuestText) -> Vec<FieldRule> {
        let attributes = self.attributes;
        let date_use = |field: &Field| match field {
            Field::GuestDob => {
                DateUse::BirthDate { unreadable: attributes.code(Code::DobUnreadable) }
            }
            _ => DateUse::None,
        };
        let mut rules = self.named_rules(FieldGroup::Guest, table, text.named(), date_use);
        let implausible = attributes.code(Code::PhoneImplausible);
        for FieldRule { target, rule } in &mut rules {
            rule.kind = rule.kind.map(|kind| kind.of_attribute(implausible));
            if matches!(target, FieldTarget::Field(field) if field.is_checked_attribute()) {
                rule.set_attributes(attributes);
            }
        }
        let field = |name: &str, rule: &Rule| Field::Identifier(rule.provider(name));
        let wildcard = &FieldTarget::AnyIdentifier;
        rules.extend(self.wildcard_rules([table, "id"], &mut text.id, wildcard, field));
        rules
    }

    fn people_rules(
        &mut self,
        role: PersonRole,
        path: Option<String>,
        text: &mut GuestText,
    ) -> Option<PeopleRules> {
        let (singular, plural) = (role.name(), format!("{}s", role.name()));
        for (key, is_set) in [
            ("shared_identifiers", text.shared_identifiers.is_some()),
            ("max_addresses", text.max_addresses.is_some()),
            ("attributes", text.attributes.is_some()),
        ] {
            if is_set {
                self.errors.add_at(&[singular, key], "is for [guest] only");
            }
        }
        let rules = self.guest_rules(singular, text);
        if self.errors.has_below(&[singular]) {
            return None;
        }
        // The names of combined sources serve either format.
        let has_paths =
            rules.iter().any(|rule| !rule.rule.paths.is_empty() && !rule.rule.has_shared_names());
        match &path {
            None if has_paths => {
                let error = format!("has a path, but {plural}, the path of the array, is not set");
                self.errors.add(singular, &error);
            }
            Some(_) if !has_paths => {
                self.errors.add(&plural, &format!("is set, but [{singular}] has no path"));
            }
            _ => {}
        }
        (!rules.is_empty()).then_some(PeopleRules { role, path, rules })
    }

    fn event_rules(&mut self, text: &mut EventFieldsText) -> Vec<FieldRule> {
        self.named_rules(FieldGroup::Event, "event", text.named(), timestamp)
    }
}

/// Refuses several sources where they do not make one value of the field.
fn check_combination(rule: &Rule, field: Option<&Field>) -> Result<(), String> {
    match (&rule.combination, field) {
        (Combination::First, _) => Ok(()),
        (_, None) => Err("is a wildcard, which takes its names from the export; give the field a \
                          rule of its own"
            .into()),
        (Combination::Sum(_), Some(field)) if !field.is_number() => {
            Err("has a sum, but its field is not a number".into())
        }
        (Combination::Concat(_), Some(field)) if field.is_number() => {
            Err("has a concat, but its field is a number; numbers are added up with sum".into())
        }
        (Combination::Join(_), Some(field)) if field.is_number() => {
            Err("has join, but its field is a number; numbers are added up with sum".into())
        }
        (Combination::Table(_), Some(field)) if timestamp(field) == DateUse::Instant => {
            Err("has a table, but its field is a timestamp".into())
        }
        (_, Some(_)) => Ok(()),
    }
}

/// Refuses what a field cannot have.
fn check_field(rule: &Rule, field: &Field) -> Result<(), KeyErrors> {
    if let Some(kind) = rule.kind {
        kind.ensure_fits(field).map_err(KeyErrors::of_rule)?;
    }
    if rule.max_length.is_some() {
        MaxLength::ensure_fits(field).map_err(KeyErrors::of_rule)?;
    }
    match (field, rule.date()) {
        (Field::ItemOrderedAt, Some(date)) => date.ensure_no_overlap().map_err(KeyErrors::of_rule),
        _ => Ok(()),
    }
}

/// The use of the date of a field of the order, an item or the event.
fn timestamp(field: &Field) -> DateUse {
    match field {
        Field::OrderedAt | Field::ItemOrderedAt => DateUse::Instant,
        _ => DateUse::None,
    }
}

/// The key of a custom attribute, of the type that its rule or else the wildcard declares.
fn extension_key(name: &str, rule: &Rule, wildcard: &FieldTarget) -> Arc<ExtensionKey> {
    let data_type = rule.extension_type.unwrap_or_else(|| wildcard.default_type(name));
    Arc::new(ExtensionKey { name: name.to_owned(), data_type })
}
