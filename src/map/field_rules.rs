//! Compilation of the rules of fields: those of orders, items, guests, other people and events.
//!
//! Checks what a rule and its field say together, and reads no row. Called by `profile_keys`.

use std::{collections::BTreeMap, mem, sync::Arc};

use super::{
    combination::Combination,
    condition::Condition,
    condition_checks::AllCells,
    copies::Duplicates,
    copies_compiler::compile_duplicates,
    copies_text::DuplicatesText,
    currency_symbols::CurrencySymbols,
    date_keys::DateUse,
    items_compiler::ItemsRules,
    join::Join,
    join_checks::check_joined_paths,
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    language::LANGUAGE,
    max_length::MaxLength,
    number_marks::NumberMarks,
    one_or_list::OneOrList,
    one_or_many::OneOrMany,
    path_text::segments,
    profile::{FieldRule, FieldTarget, ItemKindRules, PeopleRules},
    profile_text::{EventFieldsText, GuestText, ItemText, OrderText, ProfileText, RefundsText},
    rule::Rule,
    rule_checks::check_path,
    rule_list,
    rule_text::{RuleText, RulesText},
};
use crate::model::{
    draft::{ItemKind, ItemSource, PersonRole},
    field::{ExtensionKey, Field, FieldGroup},
    guest_attributes::GuestAttributes,
    input::InputFormat,
    problem::Code,
};

// The key of a rule for any name, in the tables of custom fields (`ext`, `product`, `id`).
const WILDCARD: &str = "*";

/// The error of a condition on a field of an item where no item is.
pub(super) const NO_ITEM_TO_TEST: &str = "the condition tests a field of an item, which only item_rows, an \
    [[item]] of rows or elements and its rules can";

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
    /// Whether the values of an order are those of one document.
    pub(super) has_one_document: bool,
    /// The only format of which the export can be; none if the order key is for both.
    pub(super) format: Option<InputFormat>,
    /// Where the items are.
    pub(super) items: &'t ItemsRules,
    /// The files beside the export.
    pub(super) joins: &'t [Join],
    /// The kind of items of which rules are compiled.
    pub(super) kind: ItemKind,
    /// Whether the items of the kind have the fields of a list or a group of columns.
    pub(super) kind_has_fields: bool,
    /// The errors of all rules.
    pub(super) errors: &'t mut KeyErrors,
}

impl RuleCompiler<'_> {
    /// Compiles the rules of orders, items, guests and events.
    pub(super) fn field_rules(
        &mut self,
        text: &mut ProfileText,
        kinds: &[ItemKindRules],
    ) -> Vec<FieldRule> {
        let mut rules = self.order_rules(&mut text.order);
        rules.extend(self.item_rules(&mut text.item, kinds));
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
    pub(super) fn key_rule(&mut self, path: &[&str], text: RuleText) -> Option<Rule> {
        for (key, is_set) in [
            ("when", text.when.is_some()),
            ("disagree", text.disagree.is_some()),
            ("over_rows", text.over_rows.is_some()),
            ("split_name", text.split_name.is_some()),
        ] {
            if is_set {
                let path = [path, &[key]].concat();
                self.errors.add_at(&path, "is not for the order key, which every row has");
            }
        }
        let rule = Rule::new(text, DateUse::None).and_then(|rule| {
            rule.refuse_companion("the order key")?;
            if rule.max_length.is_some() {
                MaxLength::ensure_fits(&Field::ReferenceId).map_err(KeyErrors::of_rule)?;
            }
            self.completed(rule, Some(&Field::ReferenceId))
        });
        self.errors.keep_below(path, rule)
    }

    /// Compiles the rules of the order and of the amount of a refund.
    pub(super) fn refund_rules(&mut self, text: &mut RefundsText) -> (Option<Rule>, Option<Rule>) {
        let order = text.order.take();
        let order = order.and_then(|order| self.key_rule(&["refunds", "order"], order));
        let amount = text.amount.take().and_then(|amount| self.refund_amount(amount));
        (order, amount)
    }

    /// Compiles the rule of the amount of a refund.
    fn refund_amount(&mut self, text: RuleText) -> Option<Rule> {
        let path = ["refunds", "amount"];
        for (key, is_set) in [
            ("when", text.when.is_some()),
            ("disagree", text.disagree.is_some()),
            ("over_rows", text.over_rows.is_some()),
        ] {
            if is_set {
                let path = [&path[..], &[key]].concat();
                self.errors.add_at(&path, "is not for a refund, which has an amount of its own");
            }
        }
        let rule = Rule::new(text, DateUse::None).and_then(|rule| {
            check_field(&rule, &Field::Price, true)?;
            self.completed(rule, Some(&Field::Price))
        });
        self.errors.keep_below(&path, rule)
    }

    /// Compiles what says how new a copy of an order is.
    pub(super) fn duplicates(&mut self, text: DuplicatesText) -> Option<Duplicates> {
        let compiled = compile_duplicates(text, self.marks, |text, field| {
            let rule = Rule::new(text, timestamp(field))?;
            check_field(&rule, field, true)?;
            self.completed(rule, Some(field))
        });
        self.errors.keep_below(&["duplicates"], compiled)
    }

    /// Compiles the rules at a path, which fill a field, or with a wildcard others like it.
    fn rules_at(
        &mut self,
        path: &[&str],
        mut texts: RulesText,
        date_use: DateUse,
        field: impl Fn(&Rule) -> Field,
        wildcard: Option<&FieldTarget>,
    ) -> Vec<FieldRule> {
        let is_list = texts.is_list;
        if is_list {
            let checked = rule_list::check(&mut texts.tables, wildcard.is_some());
            self.errors.keep_below(path, checked);
        }
        let mut compiled: Vec<FieldRule> = Vec::new();
        for (index, text) in mem::take(&mut texts.tables).into_iter().enumerate() {
            let index = index.to_string();
            let path = texts.path_of(path, &index);
            let rule = self.rule_of_table(path[0], text, date_use).and_then(|(rule, when)| {
                let field = field(&rule);
                let mut errors = KeyErrors::default();
                errors.keep_below(&[], check_field(&rule, &field, is_list));
                errors.keep_below(&[], check_format(&rule, self.format));
                if wildcard.is_some() {
                    errors.keep_below(&[], rule.refuse_companion("a wildcard"));
                }
                let rule = self.completed(rule, Some(&field).filter(|_| wildcard.is_none()));
                let rule = errors.keep_below(&[], rule);
                errors.ensure_none()?;
                let mut rule = rule.ok_or_else(KeyErrors::default)?;
                if matches!(field, Field::Identifier(_)) {
                    rule.keep_placeholders();
                }
                let target = wildcard.cloned().unwrap_or(FieldTarget::Field(field));
                let path = path.iter().map(|name| (*name).to_owned()).collect();
                Ok(FieldRule { target, kind: self.kind, when, is_alternative: false, rule, path })
            });
            let Some(mut rule) = self.errors.keep_below(&path, rule) else { continue };
            if let Some(first) = compiled.first() {
                if let (FieldTarget::Field(one), FieldTarget::Field(other)) =
                    (&first.target, &rule.target)
                    && one != other
                {
                    let error = "has identifiers of another kind than the first rule of the list";
                    self.errors.add_at(&path, error);
                }
                rule.is_alternative = true;
            }
            compiled.push(rule);
        }
        compiled
    }

    /// Compiles a rule and its condition, or returns all errors of both.
    fn rule_of_table(
        &self,
        table: &str,
        text: RuleText,
        date_use: DateUse,
    ) -> Result<(Rule, Option<Condition>), KeyErrors> {
        let mut errors = KeyErrors::default();
        let when = text.when.clone().and_then(|when| {
            let cells = AllCells { marks: self.marks, nulls: self.nulls };
            let when = errors.keep_below(&["when"], Condition::new(when, cells))?;
            errors.keep(check_when(&text, &when))?;
            let mut of_when = KeyErrors::default();
            of_when.keep(self.check_tested_fields(table, &when));
            errors.keep_below(&["when"], of_when.ensure_none())?;
            Some(when)
        });
        let is_of_order =
            matches!(table, "order" | "guest" | "event") || self.kind.source == ItemSource::Order;
        let has_one_row = self.has_one_document && !self.adds_joined_rows(&text);
        errors.keep(check_rows(is_of_order, &text, has_one_row));
        let rule = errors.keep_below(&[], Rule::new(text, date_use));
        errors.ensure_none()?;
        rule.map(|rule| (rule, when)).ok_or_else(KeyErrors::default)
    }

    /// Whether a rule reads a joined file of which an order may have several rows.
    fn adds_joined_rows(&self, text: &RuleText) -> bool {
        let paths = text.path.clone().map(OneOrMany::into_vec).unwrap_or_default();
        let is_joined = |join: &Join| paths.iter().any(|path| join.has_column(path));
        self.joins.iter().any(|join| join.adds_rows() && is_joined(join))
    }

    /// Completes a rule by what the profile says of all cells. `field` is the one that it fills;
    /// `None` for a wildcard.
    fn completed(&self, mut rule: Rule, field: Option<&Field>) -> Result<Rule, KeyErrors> {
        let mut errors = KeyErrors::default();
        rule.add_nulls(self.nulls);
        for checked in [
            rule.check_looked_up(),
            self.check_fields(&rule, field),
            check_over_rows(&rule, field),
            check_language(&rule, field),
            check_combination(&rule, field).map_err(KeyErrors::of_rule),
            check_combined_names(&rule, self.format).map_err(KeyErrors::of_rule),
            check_joined_paths(&rule, self.joins),
        ] {
            errors.keep_below(&[], checked);
        }
        rule.set_symbols(&self.symbols);
        let completed = rule.complete_number(field, self.marks, &self.symbols);
        errors.keep_below(&[], completed.map_err(KeyErrors::of_rule));
        errors.ensure_none()?;
        Ok(rule)
    }

    /// Refuses a rule that reads a field of an item where there is none.
    fn check_fields(&self, rule: &Rule, field: Option<&Field>) -> Result<(), KeyErrors> {
        if rule.readers().all(|rule| rule.fields.is_empty()) {
            return Ok(());
        }
        let is_of_item = field.is_some_and(|field| field.group() == FieldGroup::Item);
        if !is_of_item || rule.fields.is_empty() {
            let error = "the rule reads a field of an item, which only the rules of one field of [item] can";
            return Err(KeyErrors::of_rule(error.into()));
        }
        if !self.kind_has_fields {
            let error = "the rule reads a field of an item, but from = \"order\" or the name of a join \
                         makes one of columns and paths";
            return Err(KeyErrors::of_rule(error.into()));
        }
        let mut errors = KeyErrors::default();
        errors.keep(self.items.check_fields(&rule.fields, self.errors));
        errors.ensure_none()
    }

    /// Refuses a condition that tests a field of an item where there is none.
    fn check_tested_fields(&self, table: &str, when: &Condition) -> Result<(), KeyError> {
        let fields = when.fields();
        if !fields.is_empty() && (table != "item" || !self.kind_has_fields) {
            return Err((WHOLE_RULE, NO_ITEM_TO_TEST.into()));
        }
        self.items.check_fields(fields, self.errors)
    }

    fn named_rules(
        &mut self,
        group: FieldGroup,
        table: &[&str],
        named: Vec<(&'static str, RulesText)>,
        date_use: impl Fn(&Field) -> DateUse,
    ) -> Vec<FieldRule> {
        let compile = |(name, texts)| {
            let mut fields = Field::NAMED.iter().filter(|field| field.group() == group);
            let field = fields.find(|field| field.short_name() == name);
            let field = field.expect("every key of a profile's group is the name of a field");
            let path = [table, &[name]].concat();
            self.rules_at(&path, texts, date_use(field), |_| field.clone(), None)
        };
        named.into_iter().flat_map(compile).collect()
    }

    /// The rules of a table of custom fields, whose names are the user's; `*` matches any name.
    fn wildcard_rules(
        &mut self,
        table: &[&str],
        texts: &mut BTreeMap<String, RulesText>,
        wildcard: &FieldTarget,
        field: impl Fn(&str, &Rule) -> Field,
    ) -> Vec<FieldRule> {
        let compile = |(name, texts): (String, RulesText)| {
            let path = [table, &[name.as_str()]].concat();
            let wildcard = Some(wildcard).filter(|_| name == WILDCARD);
            self.rules_at(&path, texts, DateUse::None, |rule| field(&name, rule), wildcard)
        };
        mem::take(texts).into_iter().flat_map(compile).collect()
    }

    fn order_rules(&mut self, text: &mut OrderText) -> Vec<FieldRule> {
        let mut rules = self.named_rules(FieldGroup::Order, &["order"], text.named(), timestamp);
        let wildcard = &FieldTarget::AnyExtension;
        rules.extend(self.wildcard_rules(
            &["order", "ext"],
            &mut text.ext,
            wildcard,
            |name, rule| Field::Extension(extension_key(name, rule, wildcard)),
        ));
        rules
    }

    /// The rules of all kinds of items, one kind behind the other.
    fn item_rules(
        &mut self,
        texts: &mut OneOrList<ItemText>,
        kinds: &[ItemKindRules],
    ) -> Vec<FieldRule> {
        let mut rules = Vec::new();
        for (index, of) in kinds.iter().enumerate().take(texts.tables.len()) {
            self.kind = of.kind;
            self.kind_has_fields = of.has_fields();
            let name = index.to_string();
            let table = texts.path_of(&["item"], &name);
            rules.extend(self.rules_of_kind(&table, &mut texts.tables[index]));
        }
        (self.kind, self.kind_has_fields) = (ItemKind::default(), true);
        rules
    }

    fn rules_of_kind(&mut self, table: &[&str], text: &mut ItemText) -> Vec<FieldRule> {
        let mut rules = self.named_rules(FieldGroup::Item, table, text.named(), timestamp);
        let (path, wildcard) = ([table, &["ext"]].concat(), &FieldTarget::AnyItemExtension);
        rules.extend(self.wildcard_rules(&path, &mut text.ext, wildcard, |name, rule| {
            Field::ItemExtension(extension_key(name, rule, wildcard))
        }));
        let (path, wildcard) = ([table, &["product"]].concat(), &FieldTarget::AnyItemProduct);
        rules.extend(self.wildcard_rules(&path, &mut text.product, wildcard, |name, rule| {
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
        let mut rules = self.named_rules(FieldGroup::Guest, &[table], text.named(), date_use);
        if let Some(name) = text.name.take() {
            self.add_name_rules(&[table, "name"], name, &mut rules);
        }
        let implausible = attributes.code(Code::PhoneImplausible);
        for FieldRule { target, rule, .. } in &mut rules {
            rule.kind = rule.kind.map(|kind| kind.of_attribute(implausible));
            if let Some(companion) = &mut rule.companion {
                companion.set_attributes(attributes);
            }
            if matches!(target, FieldTarget::Field(field) if field.is_checked_attribute()) {
                rule.set_attributes(attributes);
            }
        }
        let field = |name: &str, rule: &Rule| Field::Identifier(rule.provider(name));
        let wildcard = &FieldTarget::AnyIdentifier;
        rules.extend(self.wildcard_rules(&[table, "id"], &mut text.id, wildcard, field));
        rules
    }

    /// Adds the rules of a whole name behind those of the first and of the last name.
    fn add_name_rules(&mut self, path: &[&str], texts: RulesText, rules: &mut Vec<FieldRule>) {
        for (index, text) in texts.tables.iter().enumerate() {
            if text.split_name.is_none() {
                let index = index.to_string();
                let error = "has no split_name; expected which word is the last name: \
                             split_name = \"last_word\" or \"first_word\"";
                self.errors.add_at(&texts.path_of(path, &index), error);
            }
        }
        let whole = self.rules_at(path, texts, DateUse::None, |_| Field::GuestLastname, None);
        for field in [Field::GuestFirstname, Field::GuestLastname] {
            let own = rules.iter().rposition(|rule| rule.fills(&field));
            if let Some(own) = own.map(|last| &rules[last]).filter(|own| own.always_yields()) {
                let own: Vec<_> = own.path.iter().map(String::as_str).collect();
                let error = "has a value where the export has none, so that name would never count";
                self.errors.add_at(&own, error);
            }
            let of_field = whole.iter().enumerate().map(|(index, of_name)| {
                let mut of_field = of_name.clone();
                of_field.target = FieldTarget::Field(field.clone());
                of_field.is_alternative = index > 0 || own.is_some();
                of_field.rule.kind = of_field.rule.kind.map(|kind| kind.of_field(&field));
                of_field
            });
            let behind = own.map_or(rules.len(), |last| last + 1);
            rules.splice(behind..behind, of_field.collect::<Vec<_>>());
        }
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
        self.named_rules(FieldGroup::Event, &["event"], text.named(), timestamp)
    }
}

/// Refuses adding up what is no number, or is of many fields.
fn check_over_rows(rule: &Rule, field: Option<&Field>) -> Result<(), KeyErrors> {
    let error = match field {
        _ if !rule.over_rows.is_sum() => return Ok(()),
        Some(field) if field.is_number() => return Ok(()),
        Some(_) => "is for numbers, and its field is not a number",
        None => "is not for a wildcard; give the field a rule of its own",
    };
    let mut errors = KeyErrors::default();
    errors.add("over_rows", error);
    Err(errors)
}

/// Refuses a rule that yields nothing in any export, since only the other format has its sources.
fn check_format(rule: &Rule, format: Option<InputFormat>) -> Result<(), KeyErrors> {
    let (lacks_source, error) = match format {
        None => return Ok(()),
        Some(InputFormat::Csv) => (
            rule.columns.is_empty() && !rule.paths.is_empty(),
            "the rule has a path only, but the order key a column only, as in CSV; expected a column",
        ),
        Some(InputFormat::Ndjson) => (
            rule.paths.is_empty() && !rule.columns.is_empty(),
            "the rule has a column only, but the order key a path only, as in JSON; expected a path",
        ),
    };
    if lacks_source { Err(KeyErrors::of_rule(error.to_owned())) } else { Ok(()) }
}

/// The only format of which an export can be that has the order key of a profile.
pub(super) fn format_of_key(text: &ProfileText) -> Option<InputFormat> {
    let of_reference = text.order.referenceId.iter().flat_map(|rules| &rules.tables);
    let rules: Vec<&RuleText> = match &text.key {
        _ if text.parent.is_some() => return Some(InputFormat::Ndjson),
        Some(key) => vec![key],
        None => of_reference.collect(),
    };
    let is_of = |rule: &&RuleText| match (&rule.column, &rule.path) {
        (Some(_), None) => Some(InputFormat::Csv),
        (None, Some(_)) => Some(InputFormat::Ndjson),
        _ => None,
    };
    let first = rules.first().and_then(is_of)?;
    rules.iter().all(|rule| is_of(rule) == Some(first)).then_some(first)
}

/// Refuses a text in several languages where it cannot be one.
fn check_language(rule: &Rule, field: Option<&Field>) -> Result<(), KeyErrors> {
    let is_text = |field: &Field| {
        let is_date = *field == Field::GuestDob || timestamp(field) == DateUse::Instant;
        let is_id = matches!(
            field,
            Field::ReferenceId | Field::ItemReferenceId | Field::Identifier(_) | Field::GuestEmail
        );
        !field.is_number() && !is_date && !is_id
    };
    let error = match field {
        _ if rule.language.is_none() => return Ok(()),
        Some(field) if is_text(field) => return Ok(()),
        Some(_) => "is for texts; a number, a date and an identifier have no language",
        None => "is not for a wildcard; give the field a rule of its own",
    };
    let mut errors = KeyErrors::default();
    errors.add(LANGUAGE, error);
    Err(errors)
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

/// Refuses names of a sum or a concat that are no paths, such as `Price [EUR]`, unless the export
/// may have columns.
fn check_combined_names(rule: &Rule, format: Option<InputFormat>) -> Result<(), String> {
    let takes_all = match rule.combination {
        Combination::Sum(_) => true,
        Combination::Concat(_) => false,
        _ => return Ok(()),
    };
    let may_be_column = |name: &str| match format {
        Some(InputFormat::Csv) => true,
        Some(InputFormat::Ndjson) => false,
        None => segments(name).is_err(),
    };
    let mut paths = rule.paths.iter().filter(|name| !may_be_column(name));
    paths.try_for_each(|path| check_path(path, takes_all))
}

/// Refuses what becomes of the values of several rows where each row has its own.
fn check_rows(is_of_order: bool, text: &RuleText, has_one_row: bool) -> Result<(), KeyError> {
    let keys = [("disagree", text.disagree.is_some()), ("over_rows", text.over_rows.is_some())];
    let Some((key, _)) = keys.into_iter().find(|(_, is_set)| *is_set) else { return Ok(()) };
    if !is_of_order {
        let error = "is for fields of the order; each row is an item or a person of its own";
        return Err((key, error.into()));
    }
    if has_one_row && is_for_documents_only(text) {
        let error = "has no effect: with items or parent, an order is one document";
        return Err((key, error.into()));
    }
    Ok(())
}

/// Refuses a condition that a rule for one format only could not test there.
fn check_when(text: &RuleText, when: &Condition) -> Result<(), KeyError> {
    let has_columns = text.column.is_some() || text.columns.is_some();
    let has_paths = text.path.is_some() || text.paths.is_some();
    // The row as it is in the file is there in either format, and so may fields of items be.
    let tested: Vec<_> = when.sources().into_iter().filter(|source| source.has_name()).collect();
    let error = |message: &str| Err(("when", message.to_owned()));
    if has_columns && !has_paths && tested.iter().any(|source| source.column.is_none()) {
        return error("has a path only, but its rule a column only; expected a column");
    }
    if has_paths && !has_columns && tested.iter().any(|source| source.path.is_none()) {
        return error("has a column only, but its rule a path only; expected a path");
    }
    Ok(())
}

fn is_for_documents_only(text: &RuleText) -> bool {
    text.column.is_none() && text.path.is_some()
}

/// Refuses what a field cannot have.
fn check_field(rule: &Rule, field: &Field, is_list: bool) -> Result<(), KeyErrors> {
    if let Some(kind) = rule.kind {
        kind.ensure_fits(field).map_err(KeyErrors::of_rule)?;
    }
    if rule.max_length.is_some() {
        MaxLength::ensure_fits(field).map_err(KeyErrors::of_rule)?;
    }
    let has_own_type = Field::NAMED.contains(field) || matches!(field, Field::Identifier(_));
    if rule.extension_type.is_some() && has_own_type {
        let error = "has a type, which its field has already".to_owned();
        return Err(KeyErrors::of_rule(error));
    }
    match (field, rule.date()) {
        // The dates of several rules are not compared over the whole export.
        (Field::OrderedAt, _) if !is_list => Ok(()),
        (Field::OrderedAt | Field::ItemOrderedAt, Some(date)) => {
            date.ensure_no_overlap().map_err(KeyErrors::of_rule)
        }
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
