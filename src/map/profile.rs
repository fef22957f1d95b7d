//! Profiles: the rules and settings that map the rows of one type of export to fields.
//!
//! Compiled once per run by `profile_compiler`, and bound to each file by `file_mapper`. Does not
//! look at any row. Used by `pipeline` for its settings.

use std::{borrow::Cow, ops::Range, sync::Arc};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::{
    condition::{CellSource, Condition},
    copies::Duplicates,
    custom_names::CustomName,
    date::DateRule,
    error::{MapError, PROFILE},
    file_syntax::FileSyntax,
    input_settings::{MissingColumns, SharedIdentifiers, UnknownColumns, UnreadableRows},
    item_field::ItemField,
    join::{Join, JoinKey},
    key_errors::KeyPath,
    missing_name::NamePlaces,
    packed_items::PackedItems,
    path_text::{dotted_names, has_filter, path_beside},
    refunds::Refunds,
    repeated_items::RepeatedItems,
    rule::Rule,
    rule_result::RuleResult,
    words::ProfileWord,
};
use crate::model::{
    diagnostic::Diagnostic,
    document_path::DocumentPath,
    draft::{ItemKind, ItemSource, PersonRole},
    field::{ExtensionType, Field, FieldGroup, ITEM_AMOUNTS},
    guest_attributes::GuestAttributes,
    origin::Position,
    over_rows::OverRows,
    pricing::{PriceBasis, TotalFrom},
    problem::{Code, Problem},
    route::Mode,
    severity::SeverityRules,
    source_text::error_outside_files,
};

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
    /// The kind of items that has the field, if it is one of items.
    pub kind: ItemKind,
    /// Where the rule counts; none if it counts everywhere.
    pub when: Option<Condition>,
    /// Whether it is tried only where the rule before it, of the same field, yields no value.
    pub is_alternative: bool,
    /// The rule itself.
    pub rule: Rule,
    /// Where the profile has the rule.
    pub(super) path: KeyPath,
}

impl FieldRule {
    /// The path of the rule as messages show it, with the number of a table among several.
    pub(super) fn name(&self) -> String {
        let mut name = String::new();
        for key in &self.path {
            match key.parse::<usize>() {
                Ok(index) => name.extend(["[", &(index + 1).to_string(), "]"]),
                Err(_) if name.is_empty() => name.push_str(key),
                Err(_) => name.extend([".", key]),
            }
        }
        name
    }

    /// Whether its field is one of items, made of values of the order or not.
    pub(super) fn is_of_items(&self) -> bool {
        self.target.group() == FieldGroup::Item
    }

    /// Whether its sources are those of an item: of an element or a row, not of the order.
    pub(super) fn reads_items(&self) -> bool {
        self.is_of_items() && self.kind.source != ItemSource::Order
    }

    /// Whether it yields a value whatever the export has.
    pub(super) fn always_yields(&self) -> bool {
        self.rule.default_value.is_some() && (self.rule.has_source() || self.when.is_none())
    }

    /// Whether its field is a number.
    pub(super) fn fills_number(&self) -> bool {
        matches!(&self.target, FieldTarget::Field(field) if field.is_number())
    }

    /// Whether it is a rule of this field, and of no other.
    pub(super) fn fills(&self, field: &Field) -> bool {
        matches!(&self.target, FieldTarget::Field(known) if known == field)
    }
}

/// One of the kinds of items of a profile.
#[derive(Debug, Clone, Default)]
pub struct ItemKindRules {
    /// The kind.
    pub kind: ItemKind,
    /// The index of the join that `from` names, if it does.
    pub join: Option<usize>,
    /// Which items are of this kind, or for which orders there is such an item; none if all are.
    pub when: Option<Condition>,
}

impl ItemKindRules {
    /// Whether its items may have the fields of a list or a group of columns.
    pub(super) fn has_fields(&self) -> bool {
        self.kind.source != ItemSource::Order && self.join.is_none()
    }
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

/// A rule that skips orders or rows.
#[derive(Debug, Clone)]
pub struct SkipRule {
    /// The reason, under which the orders are counted and reported.
    pub reason: Arc<str>,
    /// An order is skipped if this condition holds for any of its rows; of a rule for rows, the
    /// rows for which it holds.
    pub when: Condition,
}

/// What becomes of orders whose identifier is that of several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
    /// The names of the profiles that it extends, the nearest first.
    pub extends: Vec<String>,
    /// A description in one line, for a list.
    pub description: String,
    /// How the files are written.
    pub files: FileSyntax,
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
    /// The paths of the arrays of items in a JSON document, without items none of them. If set, a
    /// document is a complete order.
    pub item_paths: Option<Vec<String>>,
    /// How the items are a list in one cell, if they are.
    pub packed_items: Option<PackedItems>,
    /// How the items are groups of columns, if they are.
    pub repeated_items: Option<RepeatedItems>,
    /// What happens if the export lacks the array, the list or the groups of columns.
    pub missing_items: MissingColumns,
    /// Whether a document may be an ORDER_CHECKOUT event, whose order is in its member `order`.
    pub checkout_events: bool,
    /// The files beside the export whose columns the rules can read too.
    pub joins: Vec<Join>,
    /// The rows that belong to no order and are left out: footers, totals, comments. A row is one
    /// if any of these conditions holds.
    pub ignore_rows: Vec<Condition>,
    /// The rows that are items; if not set, every row with a filled item column.
    pub item_rows: Option<Condition>,
    /// The kinds of items, at least one of which is not made of values of the order.
    pub item_kinds: Vec<ItemKindRules>,
    /// What becomes of orders whose identifier is that of several people.
    pub shared_identifiers: SharedIdentifierRules,
    /// The rules that skip orders; the first one that applies is the reason.
    pub skips: Vec<SkipRule>,
    /// The rules that skip rows, before rows are grouped; an order of such rows alone is skipped.
    pub row_skips: Vec<SkipRule>,
    /// The rows that are refunds, if they are not rows as all others.
    pub refunds: Option<Refunds>,
    /// How the copies of an order are distinguished, if the export may have several.
    pub duplicates: Option<Duplicates>,
    /// The rule of the id of the document that another one belongs to, if documents may; the order
    /// key is that of a document's own id then.
    pub parent: Option<Rule>,
    /// The rule of the order key.
    pub key: Rule,
    /// The rules of the fields; those of one field follow each other, in the order in which they
    /// are tried.
    pub rules: Vec<FieldRule>,
    /// The rules of contacts and consumers, if the profile has any.
    pub people: Vec<PeopleRules>,
    /// Where its text names columns and paths.
    pub(super) name_places: NamePlaces,
    /// The constants of its text.
    pub(super) words: Vec<ProfileWord>,
    /// The names that its text gives to attributes; none in a built-in profile.
    pub custom_names: Vec<CustomName>,
    /// The paths of what is wrong in its text and is left out; of a profile with errors only, which
    /// reads no export.
    pub(super) wrong: Vec<KeyPath>,
}

impl Profile {
    /// An error of the profile, at these bytes of its text or of the text as a whole. `subject` and
    /// `message` are those of [`SourceText::error`](crate::model::source_text::SourceText::error).
    #[must_use]
    pub fn error(&self, at: Option<Range<usize>>, subject: &str, message: &str) -> Diagnostic {
        match self.name_places.source() {
            Some(source) => source.error(at, subject, message),
            None => error_outside_files(PROFILE, &self.name, subject, message),
        }
    }

    /// The error of a name that its text gives to an attribute.
    #[must_use]
    pub fn custom_name_error(&self, name: &CustomName, message: &str) -> Diagnostic {
        self.error(name.span.clone(), &name.subject, message)
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

    /// The rules of rows that fill no field: those of the order key, of refunds, of the version of a
    /// copy and of the parent of a document.
    pub(super) fn row_rules(&self) -> impl Iterator<Item = &Rule> {
        let by = self.duplicates.iter().map(|duplicates| &duplicates.by);
        let of_refunds = self.refunds.iter().flat_map(Refunds::rules);
        std::iter::once(&self.key).chain(of_refunds).chain(by).chain(&self.parent)
    }

    /// Whether refunds are taken off their orders.
    #[must_use]
    pub fn nets_refunds(&self) -> bool {
        self.refunds.as_ref().is_some_and(|refunds| refunds.are_netted)
    }

    /// The indexes of the joins of which rules add up the rows.
    pub(super) fn added_joins(&self) -> Vec<usize> {
        let joins = self.joins.iter().enumerate();
        joins.filter(|(_, join)| join.adds_rows()).map(|(index, _)| index).collect()
    }

    /// The paths that rules, conditions and keys read, below the elements of items too.
    pub(super) fn read_paths(&self) -> impl Iterator<Item = &str> {
        let rules = self.all_rules().map(|rule| &rule.rule).chain(self.row_rules());
        let of_rules = self.conditional_rules().map(|(_, condition)| condition);
        let conditions = self.order_conditions().chain(self.item_conditions()).chain(of_rules);
        let tested = conditions.flat_map(Condition::sources);
        let of_joins = self.joins.iter().flat_map(Join::paths);
        let paths = rules.flat_map(Rule::readers).flat_map(|rule| &rule.paths).chain(of_joins);
        let tested = tested.filter_map(|source| source.path.as_deref());
        paths.map(String::as_str).chain(tested).chain(self.packed_path())
    }

    /// The path of a list of items in one text.
    pub(super) fn packed_path(&self) -> Option<&str> {
        self.packed_items.as_ref()?.path.as_deref()
    }

    /// The paths of the members beside numbers that have their numbers of decimals.
    pub(super) fn paths_beside(&self) -> impl Iterator<Item = String> {
        let rules = self.all_rules().map(|of_field| &of_field.rule).chain(self.row_rules());
        let scaled = rules.filter_map(|rule| rule.scale_member().map(|name| (rule, name)));
        scaled.flat_map(|(rule, name)| rule.paths.iter().map(|path| path_beside(path, name)))
    }

    /// A warning for each of several places of documents that no value of the export has. `found`
    /// has a bit for each that one has; `at` is the position of the warnings.
    #[must_use]
    pub fn places_without_documents(&self, found: u32, at: Position) -> Vec<Problem> {
        let places = self.files.documents.as_deref().unwrap_or_default();
        // Without a document there is nothing to compare.
        if places.len() < 2 || self.allows_missing() || found == 0 {
            return Vec::new();
        }
        let missing = (0..).zip(places).filter(|(index, _)| found >> index & 1_u32 == 0);
        let warning = |(_, place): (u32, &DocumentPath)| {
            let message = format!("no value has documents at {:?}, one of documents", place.text);
            Problem::for_order(Code::PathMissing, at, message)
        };
        missing.map(warning).collect()
    }

    /// Whether it reads a member at the root of a document, or below it.
    #[must_use]
    pub fn reads_member(&self, name: &str) -> bool {
        let of_rules = self.all_rules().flat_map(|of_field| &of_field.rule.paths);
        let of_rules = of_rules.chain(self.row_rules().flat_map(|rule| &rule.paths));
        let of_people = self.people.iter().filter_map(|people| people.path.as_ref());
        let paths = of_rules.chain(of_people).chain(self.item_paths.iter().flatten());
        let mut paths = paths.map(String::as_str).chain(self.packed_path());
        paths.any(|path| starts_with_name(path, name))
    }

    /// Whether it reads the order key of a document at this member of the root, or below it.
    #[must_use]
    pub fn may_be_key(&self, name: &str) -> bool {
        self.key.paths.iter().any(|path| starts_with_name(path, name))
    }

    /// Whether a cell that no rule reads counts as empty.
    pub(super) fn is_null(&self, text: &str) -> bool {
        text.is_empty() || self.nulls.iter().any(|null| null == text)
    }

    /// Whether the profile reads items from the export.
    #[must_use]
    pub fn maps_items(&self) -> bool {
        self.rules.iter().any(|rule| rule.reads_items() && rule.rule.has_source())
    }

    /// Whether an export may be one of orders without items: no condition or filter says what is
    /// an item, which leaves out all items if it is wrong.
    #[must_use]
    pub fn may_find_no_items(&self) -> bool {
        let is_filtered = self.item_paths.iter().flatten().any(|path| has_filter(path));
        self.maps_items() && self.item_rows.is_none() && !is_filtered
    }

    /// The index of a field of an item in a list or in a group of columns.
    pub(super) fn field_index(&self, field: &ItemField) -> Option<usize> {
        let packed = self.packed_items.as_ref().and_then(|items| items.field_index(field));
        packed.or_else(|| match field {
            ItemField::Name(name) => self.repeated_items.as_ref()?.field_index(name),
            ItemField::Part(_) => None,
        })
    }

    /// Whether an order needs a value of this field from the export.
    pub(super) fn requires(&self, field: &Field) -> bool {
        match field {
            Field::ReferenceId | Field::OrderedAt | Field::Status | Field::CurrencyCode => true,
            Field::Price => self.order_price == TotalFrom::Given,
            _ => false,
        }
    }

    /// Whether the export may lack what a rule reads for a field, without a word. Not the quantity
    /// of items with line prices unless its rule says so: the price of one piece is not known then.
    pub(super) fn may_lack(&self, rule: &Rule, field: &str) -> bool {
        let has_line_prices =
            || self.item_price == PriceBasis::Line || self.has_rule(&Field::ItemLinePrice);
        let divides_prices = || field == Field::ItemQuantity.to_string() && has_line_prices();
        rule.is_optional || self.allows_missing() && !divides_prices()
    }

    /// Whether the export must have a column or path of a rule. A default is for empty cells: where
    /// every order needs a value, or the total depends on it, it takes the place of a missing
    /// column only if the rule is `optional`.
    pub(super) fn needs_source(&self, rule: &Rule, field: &Field) -> bool {
        if self.requires(field) {
            return !rule.is_optional;
        }
        let has_default = rule.default_value.is_some() && !self.decides_total(field);
        !self.allows_missing() && !rule.is_optional && !has_default
    }

    /// Whether the export may lack any column or path that not every order needs.
    pub(super) fn allows_missing(&self) -> bool {
        self.missing_columns == MissingColumns::Allow
    }

    /// Whether the export may lack all items.
    pub(super) fn allows_missing_items(&self) -> bool {
        self.missing_items == MissingColumns::Allow
    }

    /// Whether a value of this field decides what an order costs, so that an empty cell in place
    /// of one that is cut off would change it.
    fn decides_total(&self, field: &Field) -> bool {
        self.order_price == TotalFrom::SumOfLines
            && (*field == Field::ItemQuantity || ITEM_AMOUNTS.contains(field))
    }

    /// The profile with the columns of which a padded row must have a cell, in the export and in the
    /// files of joins.
    pub(super) fn with_required_columns(mut self) -> Self {
        let columns = self.required_names(|rule| &rule.columns, |source| source.column.as_ref());
        let paths = self.required_names(|rule| &rule.paths, |source| source.path.as_ref());
        for join in self.joins.iter_mut().filter(|join| join.files.padded_beside.is_some()) {
            let own_name = |name: &String| join.own_name(name).map(str::to_owned);
            let of_paths = paths.iter().filter_map(own_name).map(|path| dotted_names(&path));
            let of_rules: Vec<_> = columns.iter().filter_map(own_name).chain(of_paths).collect();
            let of_keys = join.keys.iter().flat_map(JoinKey::names_of_columns);
            let picked = join.pick.iter().map(|pick| pick.column.clone());
            let filled = join.files.fill_down.iter().cloned();
            join.files.padded_beside =
                Some(of_rules.into_iter().chain(of_keys).chain(picked).chain(filled).collect());
        }
        if self.files.padded_beside.is_some() {
            self.files.padded_beside = Some(columns);
        }
        self
    }

    /// The names that a padded row must have: those of required fields and of what decides the
    /// total, of the order key, of the zones of dates and of conditions. They are columns or paths.
    fn required_names<'p>(
        &'p self,
        of_rule: impl Fn(&'p Rule) -> &'p Vec<String>,
        of_condition: impl Fn(&'p CellSource) -> Option<&'p String>,
    ) -> Vec<String> {
        let must_be_there = |field: &Field| self.requires(field) || self.decides_total(field);
        let is_required = |rule: &&FieldRule| matches!(&rule.target, FieldTarget::Field(field) if must_be_there(field));
        let rules = self.rules.iter().filter(is_required).map(|rule| &rule.rule);
        let companions = self.all_rules().filter_map(|rule| rule.rule.companion.as_deref());
        let of_joins = self.joins.iter().flat_map(|join| &join.keys).map(|key| &key.from);
        let rules = rules.chain(self.row_rules()).chain(companions).chain(of_joins);
        let of_conditional = self.conditional_rules().map(|(_, when)| when);
        let conditions = self.order_conditions().chain(self.item_conditions());
        let tested = conditions.chain(of_conditional).flat_map(Condition::sources);
        let of_items = self.packed_items.iter().filter_map(|packed| packed.column.as_ref());
        let mut names: Vec<String> = Vec::new();
        let of_profile =
            tested.filter_map(of_condition).chain(&self.files.fill_down).chain(of_items);
        for name in rules.flat_map(of_rule).chain(of_profile) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The conditions on the rows and documents of an order, those on items left out.
    pub(super) fn order_conditions(&self) -> impl Iterator<Item = &Condition> {
        let skips = self.skips.iter().chain(&self.row_skips);
        let of_kinds = self.conditions_of_kinds(|of| of.kind.source == ItemSource::Order);
        let refunds = self.refunds.iter().filter_map(|refunds| refunds.rows.as_ref());
        skips.map(|skip| &skip.when).chain(&self.ignore_rows).chain(refunds).chain(of_kinds)
    }

    /// Whether the condition of a kind of items tests only what the amounts of its items are read
    /// from: it says of no row what it is.
    pub(super) fn tests_own_amounts(&self, kind: ItemKind) -> bool {
        let is_amount = |rule: &&FieldRule| match &rule.target {
            FieldTarget::Field(field) => ITEM_AMOUNTS.contains(field),
            _ => false,
        };
        let names: Vec<_> =
            self.rules_of_kind(kind).filter(is_amount).flat_map(|rule| rule.rule.names()).collect();
        let is_own = |source: &CellSource| source.names().all(|name| names.contains(&name));
        self.conditions_of_kinds(|of| of.kind == kind)
            .flat_map(Condition::sources)
            .all(|source| source.has_name() && is_own(source))
    }

    /// The conditions that say which rows count, and which of them are items or refunds.
    pub(super) fn row_conditions(&self) -> impl Iterator<Item = &Condition> {
        let skips = self.row_skips.iter().map(|skip| &skip.when);
        let refunds = self.refunds.iter().filter_map(|refunds| refunds.rows.as_ref());
        skips.chain(&self.ignore_rows).chain(refunds).chain(self.own_item_conditions())
    }

    /// The conditions on items.
    pub(super) fn item_conditions(&self) -> impl Iterator<Item = &Condition> {
        self.own_item_conditions().chain(self.joined_item_conditions())
    }

    /// The conditions on the items of the export, or of a file that has the items of the orders.
    pub(super) fn own_item_conditions(&self) -> impl Iterator<Item = &Condition> {
        let is_own = |of: &ItemKindRules| of.kind.source != ItemSource::Order && of.join.is_none();
        self.item_rows.iter().chain(self.conditions_of_kinds(is_own))
    }

    /// The conditions on the items of joins that `from` names.
    pub(super) fn joined_item_conditions(&self) -> impl Iterator<Item = &Condition> {
        let of_rows = self.joins.iter().filter_map(|join| join.item_rows.as_ref());
        self.conditions_of_kinds(|of| of.join.is_some()).chain(of_rows)
    }

    fn conditions_of_kinds(
        &self,
        is_meant: impl Fn(&ItemKindRules) -> bool,
    ) -> impl Iterator<Item = &Condition> {
        let kinds = self.item_kinds.iter().filter(move |of| is_meant(of));
        kinds.filter_map(|of| of.when.as_ref())
    }

    /// Whether `from` of a kind of items names a join.
    pub(super) fn names_as_source(&self, join: &Join) -> bool {
        self.item_kinds.iter().any(|of| of.join == Some(join.index))
    }

    /// The kinds of the items of the export, or of a joined file. Without a `from` that names the
    /// join, the file has the items of the orders.
    pub(super) fn item_kinds_of(&self, join: Option<&Join>) -> Vec<&ItemKindRules> {
        let has_items_of_orders = |join: &Join| join.has_items && !self.names_as_source(join);
        let named = join.filter(|join| self.names_as_source(join)).map(|join| join.index);
        if join.is_none() && self.joins.iter().any(has_items_of_orders) {
            return Vec::new();
        }
        let kinds = self.item_kinds.iter();
        kinds.filter(|of| of.kind.source != ItemSource::Order && of.join == named).collect()
    }

    /// Whether the sources of a rule are those of an item of the export, or of a file that has the
    /// items of the orders.
    pub(super) fn reads_own_items(&self, rule: &FieldRule) -> bool {
        let mut kinds = self.item_kinds.iter().filter(|of| of.kind == rule.kind);
        rule.reads_items() && kinds.all(|of| of.join.is_none())
    }

    /// The rules that count only where a condition holds, with the condition.
    pub(super) fn conditional_rules(&self) -> impl Iterator<Item = (&FieldRule, &Condition)> {
        self.all_rules().filter_map(|rule| Some((rule, rule.when.as_ref()?)))
    }

    /// Returns an error if a condition has no name of a cell in a file's format: it would find
    /// nothing in any row.
    pub(super) fn ensure_conditions_apply(
        &self,
        file: &str,
        is_json: bool,
        name: impl Fn(&CellSource) -> Option<&String>,
    ) -> Result<(), MapError> {
        let is_of_format = |rule: &Rule| {
            let names = if is_json { &rule.paths } else { &rule.columns };
            !rule.has_source() || !names.is_empty() || !rule.fields.is_empty()
        };
        let of_rules =
            self.conditional_rules().filter(|(field_rule, _)| is_of_format(&field_rule.rule));
        let conditions = self.order_conditions().chain(self.item_conditions());
        let conditions = conditions.chain(of_rules.map(|(_, condition)| condition));
        let mut sources = conditions.flat_map(Condition::sources);
        let packed = self.packed_items.as_ref();
        let has_fields = if is_json {
            packed.is_some_and(|packed| packed.path.is_some())
        } else {
            packed.is_some_and(|packed| packed.column.is_some()) || self.repeated_items.is_some()
        };
        let lacks = |source: &&CellSource| match source.field {
            Some(_) => !has_fields,
            None => source.has_name() && name(source).is_none(),
        };
        let Some(source) = sources.find(lacks) else { return Ok(()) };
        if let Some(field) = &source.field {
            return Err(MapError::other_format(
                file,
                is_json,
                &format!("the condition on {field}"),
            ));
        }
        let other = source.column.as_ref().or(source.path.as_ref());
        let other = other.map(String::as_str).unwrap_or_default();
        Err(self.name_places.condition_error(other, is_json, file))
    }

    /// Whether orders with different keys always have different references.
    // True only where both come from equal rules; otherwise the rows decide.
    #[must_use]
    pub fn key_is_reference(&self) -> bool {
        let mut rules = self.rules_of(&Field::ReferenceId);
        let only = rules.next().filter(|_| rules.next().is_none());
        // Joined texts may be those of other parts.
        let joins = self.key.combines();
        only.is_some_and(|only| !joins && only.when.is_none() && only.rule == self.key)
    }

    /// Whether the parts of the order key are checked on their own. Those of a reference are, so
    /// there is no need to if both come from equal rules.
    pub(super) fn checks_key_parts(&self) -> bool {
        let mut rules = self.rules_of(&Field::ReferenceId);
        let is_key = |of_field: &FieldRule| of_field.when.is_none() && of_field.rule == self.key;
        self.key.combines() && !rules.next().is_some_and(is_key)
    }

    /// Whether a number of this field may be a text whose decimal mark the profile does not
    /// declare.
    #[must_use]
    pub fn reads_undeclared(&self, field: &Field) -> bool {
        // A total that is the sum of the lines is not read.
        let is_read = *field != Field::Price || self.order_price == TotalFrom::Given;
        is_read && self.rules_of(field).any(|of_field| of_field.rule.reads_undeclared_numbers())
    }

    /// The attributes that are decimal numbers whose decimal mark the profile does not declare.
    pub fn undeclared_attributes(&self) -> impl Iterator<Item = &Field> {
        let fields = self.rules.iter().filter_map(|of_field| match &of_field.target {
            FieldTarget::Field(field) => Some(field),
            _ => None,
        });
        let mut fields: Vec<_> =
            fields.filter(|field| field.is_float() && self.reads_undeclared(field)).collect();
        fields.sort_unstable();
        fields.dedup();
        fields.into_iter()
    }

    /// The number of pairs of formats that may read one text of `orderedAt` as different instants.
    #[must_use]
    pub fn date_overlaps(&self) -> usize {
        self.order_date().map_or(0, |date| date.overlaps().len())
    }

    /// The instants that the two formats of a pair read in a text of `orderedAt`.
    #[must_use]
    pub fn overlapping_dates(&self, pair: usize, text: &str) -> [Option<DateTime<Utc>>; 2] {
        let dates = |(date, text): (&DateRule, Cow<'_, str>)| {
            let (first, other) = date.overlaps()[pair];
            [date.parse_as(first, &text), date.parse_as(other, &text)]
        };
        self.order_date_of(text).map_or([None; 2], dates)
    }

    /// Whether day and month of `orderedAt` may be exchanged.
    #[must_use]
    pub fn has_exchangeable_dates(&self) -> bool {
        self.order_date().is_some_and(DateRule::is_exchangeable)
    }

    /// The local time in a text of `orderedAt`, and the one with day and month exchanged.
    #[must_use]
    pub fn dates_in_both_orders(&self, text: &str) -> [Option<NaiveDateTime>; 2] {
        self.order_date_of(text).map_or([None; 2], |(date, text)| date.parse_both_orders(&text))
    }

    fn order_date(&self) -> Option<&DateRule> {
        self.only_rule_of(&Field::OrderedAt).and_then(Rule::date)
    }

    fn order_date_of<'a>(&'a self, text: &'a str) -> Option<(&'a DateRule, Cow<'a, str>)> {
        self.only_rule_of(&Field::OrderedAt)?.date_of(text)
    }

    /// Whether a field has a column or a path, and not only a constant.
    #[must_use]
    pub fn has_source(&self, field: &Field) -> bool {
        self.rules_of(field).any(|of_field| of_field.rule.has_source())
    }

    /// Whether a field has a rule.
    #[must_use]
    pub fn has_rule(&self, field: &Field) -> bool {
        self.rules_of(field).next().is_some()
    }

    /// Whether the value at a path, a part of it or all around it is wrong and left out.
    #[must_use]
    pub fn is_wrong(&self, path: &[&str]) -> bool {
        self.wrong.iter().any(|wrong| wrong.iter().zip(path).all(|(one, other)| one == other))
    }

    /// Whether a field has no rule, not even one that is wrong.
    #[must_use]
    pub fn lacks_rule(&self, field: &Field) -> bool {
        !self.has_rule(field) && !self.is_wrong(&[field.group().table(), &field.short_name()])
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

    /// The rules of a field, in the order in which they are tried.
    pub(super) fn rules_of(&self, field: &Field) -> impl Iterator<Item = &FieldRule> {
        self.rules.iter().filter(move |rule| rule.fills(field))
    }

    /// The rules of a kind of items.
    pub(super) fn rules_of_kind(&self, kind: ItemKind) -> impl Iterator<Item = &FieldRule> {
        self.rules.iter().filter(move |rule| rule.is_of_items() && rule.kind == kind)
    }

    /// The rule of a field that has no other one: which of several made a text is not known.
    pub(super) fn only_rule_of(&self, field: &Field) -> Option<&Rule> {
        let mut rules = self.rules_of(field);
        rules.next().filter(|_| rules.next().is_none()).map(|only| &only.rule)
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

    /// Whether the rows of an order may have different times, of which one counts.
    #[must_use]
    pub fn times_may_differ(&self) -> bool {
        self.time_rules().0.iter().any(|rule| rule.over_rows != OverRows::Equal)
    }

    /// The rules of the times of orders.
    #[must_use]
    pub fn time_rules(&self) -> TimeRules<'_> {
        TimeRules(self.rules_of(&Field::OrderedAt).map(|of_field| &of_field.rule).collect())
    }
}

/// The rules of the times of orders, found once for all orders of a run.
pub struct TimeRules<'p>(Vec<&'p Rule>);

impl TimeRules<'_> {
    /// Whether the time of an order may come from a date without a time of day.
    #[must_use]
    pub fn may_be_date_only(&self, ordered_at: DateTime<Utc>) -> bool {
        self.0.iter().any(|rule| rule.may_be_date_only(ordered_at))
    }
}

/// The rule of the reference that is tried first, among those of an order.
pub(super) fn reference_rule(rules: &[FieldRule]) -> Option<&FieldRule> {
    rules.iter().find(|rule| rule.fills(&Field::ReferenceId))
}

/// Whether a path begins with this member.
fn starts_with_name(path: &str, name: &str) -> bool {
    path.split(['.', '[']).next() == Some(name)
}
