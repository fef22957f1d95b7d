//! Document mapper: maps JSON documents to cells, items and people.
//!
//! Handles the lines of an NDJSON file and the elements of a JSON array. Documents have no header,
//! so their names are observed while mapping ([`SeenNames`]). Called by `file_mapper`.

use std::borrow::Cow;

use super::{
    binding::wildcard_field,
    checkout_event::{EventDocument, event_path, members_beside},
    collector::{Collector, RawValue},
    condition::{CellSource, Condition, TestedValue},
    error::MapError,
    input_settings::UnknownColumns,
    paths::{known_paths, path_beside, unknown_members},
    profile::{FieldRule, FieldTarget, PeopleRules, Profile},
    rule::{Rule, RuleResult},
    seen_names::SeenNames,
};
use crate::model::{
    document::{JsonNode, JsonValue},
    draft::{
        Cell, CellOrigin, Cells, ItemDraft, MappedRow, Notation, PersonDraft, PersonRole, RowKind,
    },
    field::{ExtensionType, Field, FieldGroup, Provider},
    problem::{Code, Problem},
    row::Row,
};

pub(super) struct DocumentMapper<'p> {
    profile: &'p Profile,
    order_rules: Vec<&'p FieldRule>,
    item_rules: Vec<&'p FieldRule>,
    maps_items: bool,
}

impl<'p> DocumentMapper<'p> {
    pub(super) fn bind(profile: &'p Profile, file: &str) -> Result<Self, MapError> {
        if profile.key.paths.is_empty() {
            let field = "the order's reference".to_owned();
            return Err(MapError::OtherFormat { file: file.to_owned(), expected: "path", field });
        }
        profile.ensure_conditions_apply(file, "path", |source| source.path.as_ref())?;
        let (item_rules, order_rules) =
            profile.rules.iter().partition(|rule| rule.target.group() == FieldGroup::Item);
        Ok(Self { profile, order_rules, item_rules, maps_items: profile.maps_items() })
    }

    /// A warning for each member that the profile does not use, if it asks for warnings.
    pub(super) fn unknown_members(&self, seen: &SeenNames) -> Vec<Problem> {
        match self.profile.unknown_columns {
            UnknownColumns::Ignore => Vec::new(),
            UnknownColumns::Warn => unknown_members(&known_paths(self.profile), seen),
        }
    }

    pub(super) fn kind<'a>(&'a self, document: JsonNode<'a>) -> RowKind<'a> {
        let is_null = |node: JsonNode<'_>| is_empty(node, |text| self.profile.is_null(text));
        if document.members().all(|(_, member)| is_null(member)) {
            return RowKind::Blank;
        }
        let key = self.key(self.order_of(document));
        match (&self.profile.items_path, key) {
            (Some(_), key) => RowKind::Document(key),
            (None, Some(key)) => RowKind::OrderRow(key),
            (None, None) => RowKind::WithoutKey { ordered_at: None, has_item: false },
        }
    }

    pub(super) fn map<'a>(
        &'a self,
        row: &'a Row<'a>,
        document: JsonNode<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let mut order = Collector::new(CellOrigin::Row(row), std::mem::take(&mut into.cells));
        let context = DocumentContext { row };
        let event = self.checkout_event(document);
        match &event {
            None => context.apply(&mut order, self.order_rules.iter().copied(), document),
            Some(event) => self.apply_to_event(document, event, context, &mut order),
        }
        let order_node = event.map_or(document, |event| event.order);
        self.add_items(order_node, context, &mut order, into);
        into.may_have_items = self.maps_items;
        into.key_is_number |=
            !self.profile.key.has_table() && self.key_node(order_node).is_some_and(is_number);
        for ignored in &self.profile.ignore_rows {
            self.holds(ignored, document, context, &mut order);
        }
        let mut skips = self.profile.skips.iter();
        let skip = skips.find(|skip| self.holds(&skip.when, document, context, &mut order));
        order.finish_into(skip.map(|skip| &skip.reason), into);
    }

    /// Records the names in a document, under their paths in the form that is no event.
    pub(super) fn observe(&self, document: JsonNode<'_>, row: &Row<'_>, seen: &mut SeenNames) {
        let Some(event) = self.checkout_event(document) else {
            return seen.observe(document, row);
        };
        seen.observe(event.order, row);
        let is_attribute = |name: &str| {
            let mut paths = self.rules_of(FieldGroup::Event).flat_map(|rule| &rule.rule.paths);
            paths.any(|path| event_path(path) == name)
        };
        for (name, node) in members_beside(document, is_attribute) {
            seen.observe_member(name, node, row);
        }
    }

    fn checkout_event<'n>(&self, document: JsonNode<'n>) -> Option<EventDocument<'n>> {
        self.profile.checkout_events.then(|| EventDocument::of(document)).flatten()
    }

    /// The object that has the members of the order: the document, or that of an event.
    fn order_of<'n>(&self, document: JsonNode<'n>) -> JsonNode<'n> {
        self.checkout_event(document).map_or(document, |event| event.order)
    }

    fn rules_of(&self, group: FieldGroup) -> impl Iterator<Item = &'p FieldRule> {
        self.order_rules.iter().copied().filter(move |rule| rule.target.group() == group)
    }

    fn apply_to_event<'a>(
        &'a self,
        document: JsonNode<'a>,
        event: &EventDocument<'a>,
        context: DocumentContext<'a>,
        order: &mut Collector<'a>,
    ) {
        if let Some(message) = event.type_error() {
            let at = context.at(event.event_type).position();
            order.problems.push(Problem::for_field(
                Code::EventTypeUnsupported,
                "type",
                at,
                message,
            ));
        }
        context.apply(order, self.rules_of(FieldGroup::Order), event.order);
        context.apply(order, self.rules_of(FieldGroup::Guest), document);
        for FieldRule { target, rule } in self.rules_of(FieldGroup::Event) {
            let FieldTarget::Field(field) = target else { continue };
            let mut found = rule.paths.iter().filter_map(|path| document.at(event_path(path)));
            let found = found.find(|found| !is_empty(*found, |text| rule.yields_nothing(text)));
            context.push_value(order, Cow::Borrowed(field), rule, found, None);
        }
    }

    /// Whether a condition holds for a document or an item; one that cannot be tested is a problem
    /// of the order.
    fn holds<'a>(
        &self,
        condition: &Condition,
        node: JsonNode<'a>,
        context: DocumentContext<'a>,
        order: &mut Collector<'a>,
    ) -> bool {
        let value = |source: &CellSource| self.tested(source, Some(node));
        condition.holds(&value).unwrap_or_else(|(source, error)| {
            let path = source.path.as_deref();
            let tested = path.and_then(|path| node.at(path).or_else(|| node.array_within(path)));
            order.push_untestable(context.at(tested.unwrap_or(node)), error);
            false
        })
    }

    fn tested<'n>(&self, source: &CellSource, node: Option<JsonNode<'n>>) -> TestedValue<'n> {
        let path = source.path.as_deref();
        match TestedValue::of(path.and_then(|path| node?.at(path))) {
            TestedValue::Missing if path.is_some_and(|path| is_within_array(node, path)) => {
                TestedValue::WithinArray
            }
            TestedValue::Text(text) => self.profile.tested_text(text),
            TestedValue::Number(digits) if self.profile.is_null(digits) => TestedValue::Text(""),
            value => value,
        }
    }

    /// Whether the profile ignores a document. `raw` is the document as it is in the file.
    ///
    /// Of a damaged document the members behind the damage are lost.
    pub(super) fn is_ignored(
        &self,
        document: Option<JsonNode<'_>>,
        is_damaged: bool,
        raw: &str,
    ) -> bool {
        let value = |source: &CellSource| match (source.is_raw, self.tested(source, document)) {
            (true, _) => TestedValue::Text(raw),
            (false, TestedValue::Missing) if is_damaged => TestedValue::Lost,
            (false, value) => value,
        };
        self.profile.ignore_rows.iter().any(|ignored| ignored.holds(&value) == Ok(true))
    }

    /// The key of an unreadable document, if it is reliable.
    ///
    /// A fallback path does not replace the first path, whose member may be lost in the damage.
    pub(super) fn reliable_key<'a>(&'a self, document: JsonNode<'a>) -> Option<Cow<'a, str>> {
        let (rule, first_path) = (&self.profile.key, self.profile.key.paths.get(..1)?);
        self.profile.key_of(scalar(first_filled(self.order_of(document), rule, first_path)?)?)
    }

    fn key<'a>(&'a self, document: JsonNode<'a>) -> Option<Cow<'a, str>> {
        self.profile.key_of(scalar(self.key_node(document)?)?)
    }

    fn key_node<'n>(&self, document: JsonNode<'n>) -> Option<JsonNode<'n>> {
        first_filled(document, &self.profile.key, &self.profile.key.paths)
    }

    /// Adds the items, and the people of the document and of its items.
    fn add_items<'a>(
        &'a self,
        document: JsonNode<'a>,
        context: DocumentContext<'a>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        let elements = match &self.profile.items_path {
            None => vec![document],
            Some(path) => context.array_items(document, path, None, order),
        };
        for element in elements {
            let index = self.item(element, context, order).map(|item| {
                into.items.push(item);
                into.items.len() - 1
            });
            for people in
                self.profile.people.iter().filter(|people| people.role == PersonRole::Consumer)
            {
                add_people(people, element, index, context, order, &mut into.people);
            }
        }
        // Without a path of items the document is the only element, and its consumers are added
        // above.
        let is_element = self.profile.items_path.is_none();
        for people in self
            .profile
            .people
            .iter()
            .filter(|people| people.role == PersonRole::Contact || !is_element)
        {
            add_people(people, document, None, context, order, &mut into.people);
        }
    }

    fn item<'a>(
        &'a self,
        element: JsonNode<'a>,
        context: DocumentContext<'a>,
        order: &mut Collector<'a>,
    ) -> Option<ItemDraft<'a>> {
        let item_rows = self.profile.item_rows.as_ref();
        if item_rows.is_some_and(|rows| !self.holds(rows, element, context, order)) {
            return None;
        }
        let mut item = Collector::new(
            context.at(element),
            Cells::with_capacity(cell_capacity(element, &self.item_rules)),
        );
        context.apply(&mut item, self.item_rules.iter().copied(), element);
        if self.profile.items_path.is_some()
            && item.filled == 0
            && let Some((code, message)) = self.element_error(element)
        {
            let at = context.at(element).position();
            item.problems.push(Problem::for_order(code, at, message));
        }
        let filled = item.filled;
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
        (filled > 0).then(|| ItemDraft { at: context.at(element), cells: item.cells.trimmed() })
    }

    /// Why an element without a value for the items' rules is no item: if it was passed over, the
    /// order would be sent in part. One with a text that counts as empty is as an empty row.
    fn element_error(&self, element: JsonNode<'_>) -> Option<(Code, String)> {
        let mut members = self.item_rules.iter().flat_map(|field| &field.rule.paths);
        let has_text =
            |path: &String| element.at(path).and_then(scalar).is_some_and(|text| !text.is_empty());
        let (code, message) = match element.value() {
            JsonValue::Object if members.any(has_text) => return None,
            JsonValue::Object => (Code::ItemEmpty, NO_ITEM_VALUE.to_owned()),
            JsonValue::Null => (Code::ItemEmpty, "null where an item is expected".to_owned()),
            other => (Code::NotAScalar, format!("{} where an item is expected", type_name(other))),
        };
        Some((code, message))
    }
}

const NO_ITEM_VALUE: &str = "the item has no value that the profile reads; item_rows says which \
    elements are items";

/// Adds the people in a document or an item.
fn add_people<'a>(
    people: &'a PeopleRules,
    node: JsonNode<'a>,
    item: Option<usize>,
    context: DocumentContext<'a>,
    order: &mut Collector<'a>,
    into: &mut Vec<PersonDraft<'a>>,
) {
    let Some(path) = &people.path else { return };
    for element in context.array_items(node, path, Some(people.role), order) {
        let mut person = Collector::new(
            context.at(element),
            Cells::with_capacity(cell_capacity(element, &people.rules)),
        );
        if !matches!(element.value(), JsonValue::Object | JsonValue::Null) {
            let message = format!(
                "{} where a {} is expected",
                type_name(element.value()),
                people.role.name()
            );
            let at = context.at(element).position();
            order.problems.push(Problem::for_field(
                Code::NotAScalar,
                people.role.name(),
                at,
                message,
            ));
        }
        context.apply(&mut person, &people.rules, element);
        into.extend(person.finish_person(people.role, item, order));
    }
}

/// The capacity for the cells of an element: one per rule, but hardly more than it has members.
fn cell_capacity<R>(element: JsonNode<'_>, rules: &[R]) -> usize {
    rules.len().min(element.members().count() + 1)
}

/// The text of a member beside the value that [`first_filled`] finds.
fn beside<'n>(node: JsonNode<'n>, rule: &Rule, name: &str) -> Option<&'n str> {
    let is_filled = |found: JsonNode<'_>| !is_empty(found, |text| rule.yields_nothing(text));
    let taken = rule.paths.iter().find(|path| node.at(path).is_some_and(is_filled))?;
    let text = scalar(node.at(&path_beside(taken, name))?)?;
    (!rule.is_empty(text)).then_some(text)
}

/// Whether a path goes on within an array and selects none of its elements.
fn is_within_array(node: Option<JsonNode<'_>>, path: &str) -> bool {
    node.is_some_and(|node| node.array_within(path).is_some())
}

/// The value at the first of the paths that has one.
fn first_filled<'n>(node: JsonNode<'n>, rule: &Rule, paths: &[String]) -> Option<JsonNode<'n>> {
    let mut found = paths.iter().filter_map(|path| node.at(path));
    found.find(|found| !is_empty(*found, |text| rule.yields_nothing(text)))
}

/// Whether there is no value, or a text that counts as none.
fn is_empty(node: JsonNode<'_>, is_empty_text: impl Fn(&str) -> bool) -> bool {
    node.value() == JsonValue::Null || scalar(node).is_some_and(is_empty_text)
}

/// The text of a value that is neither an array nor an object nor `null`.
fn scalar(node: JsonNode<'_>) -> Option<&str> {
    match node.value() {
        JsonValue::Text(text) => Some(text.trim()),
        JsonValue::Number(digits) => Some(digits),
        JsonValue::Boolean(true) => Some("true"),
        JsonValue::Boolean(false) => Some("false"),
        JsonValue::Null | JsonValue::Array | JsonValue::Object => None,
    }
}

fn notation(node: JsonNode<'_>) -> Notation {
    if is_number(node) { Notation::JsonNumber } else { Notation::Text }
}

fn is_number(node: JsonNode<'_>) -> bool {
    matches!(node.value(), JsonValue::Number(_))
}

fn type_name(value: JsonValue<'_>) -> &'static str {
    match value {
        JsonValue::Array => "an array",
        JsonValue::Object => "an object",
        JsonValue::Null => "null",
        JsonValue::Boolean(_) => "a boolean",
        JsonValue::Number(_) => "a number",
        JsonValue::Text(_) => "a string",
    }
}

/// The row of a document, to which its nodes' positions refer.
#[derive(Clone, Copy)]
struct DocumentContext<'a> {
    row: &'a Row<'a>,
}

impl<'a> DocumentContext<'a> {
    fn at(self, node: JsonNode<'a>) -> CellOrigin<'a> {
        CellOrigin::Node(self.row, node)
    }

    /// The elements of the array at a path: the people of `role`, or the items if it is `None`.
    fn array_items(
        self,
        node: JsonNode<'a>,
        path: &str,
        role: Option<PersonRole>,
        order: &mut Collector<'a>,
    ) -> Vec<JsonNode<'a>> {
        let (at, found) = match (node.at(path), node.array_within(path)) {
            (Some(found), _) => match found.elements() {
                Some(elements) => return elements.collect(),
                None => (found, format!("is {}", type_name(found.value()))),
            },
            (None, Some(array)) => (array, "goes on within an array".to_owned()),
            (None, None) => return Vec::new(),
        };
        let expected = if role.is_some() { "people" } else { "items" };
        let message = format!("{path:?} {found}, expected an array of {expected}");
        let problem = Problem::for_order(Code::NotAScalar, self.at(at).position(), message);
        let field = role.map(|role| format!("{}s", role.name()));
        order.problems.push(Problem { field, ..problem });
        Vec::new()
    }

    fn apply(
        self,
        collector: &mut Collector<'a>,
        rules: impl IntoIterator<Item = &'a FieldRule>,
        node: JsonNode<'a>,
    ) {
        for FieldRule { target, rule } in rules {
            match target {
                FieldTarget::Field(field) => {
                    let found = first_filled(node, rule, &rule.paths);
                    let within = || rule.paths.iter().find_map(|path| node.array_within(path));
                    if found.is_none()
                        && let Some(array) = within()
                    {
                        let field = Cow::Borrowed(field);
                        collector.push_not_a_scalar(field, self.at(array), "an array");
                        continue;
                    }
                    let beside = rule.scale_member().and_then(|name| beside(node, rule, name));
                    self.push_value(collector, Cow::Borrowed(field), rule, found, beside);
                }
                FieldTarget::AnyIdentifier => self.identifiers(collector, rule, node),
                wildcard => self.extensions(collector, wildcard, rule, node),
            }
        }
    }

    fn push_value(
        self,
        collector: &mut Collector<'a>,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        node: Option<JsonNode<'a>>,
        beside: Option<&'a str>,
    ) {
        let Some(node) = node else { return collector.push_value(field, rule, None) };
        if let (JsonValue::Array, Field::GuestStreet) = (node.value(), &*field)
            && let Some(mut lines) = elements(node).map(scalar).collect::<Option<Vec<_>>>()
        {
            lines.retain(|line| line.is_empty() || !rule.is_empty(line));
            return self.push_lines(collector, field, rule, &lines, node);
        }
        match scalar(node) {
            Some(text) => {
                let found = RawValue { text, at: self.at(node), notation: notation(node), beside };
                collector.push_value(field, rule, Some(found));
            }
            None => collector.push_not_a_scalar(field, self.at(node), type_name(node.value())),
        }
    }

    /// Joins several lines of text to one value.
    fn push_lines(
        self,
        collector: &mut Collector<'a>,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        lines: &[&str],
        node: JsonNode<'a>,
    ) {
        let text = lines.join("\n");
        let result = rule.apply(text.trim()).into_owned();
        collector.push_result(
            field,
            rule,
            result,
            Cow::Owned(text.trim().to_owned()),
            (self.at(node), Notation::Text),
        );
    }

    /// Collects identifiers: `[{provider, id}]`, or an object or flat members keyed by provider.
    fn identifiers(self, collector: &mut Collector<'a>, rule: &'a Rule, node: JsonNode<'a>) {
        for path in &rule.paths {
            match node.at(path).map(|found| (found, found.value())) {
                Some((array, JsonValue::Array)) => {
                    for element in elements(array) {
                        self.identifier(collector, rule, element);
                    }
                }
                Some((found, JsonValue::Object)) if found.member("provider").is_some() => {
                    self.identifier(collector, rule, found);
                }
                // A single value has no provider: a problem, since the identifier would be lost
                // silently.
                Some((found, _)) if scalar(found).is_some_and(|text| !text.is_empty()) => {
                    self.identifier(collector, rule, found);
                }
                _ => {
                    for (name, member) in custom_members(node, path) {
                        let field = Cow::Owned(Field::Identifier(rule.provider(name)));
                        self.push_value(
                            collector,
                            field,
                            rule,
                            Some(member).filter(|member| !is_empty(*member, str::is_empty)),
                            None,
                        );
                    }
                }
            }
        }
    }

    fn identifier(self, collector: &mut Collector<'a>, rule: &'a Rule, element: JsonNode<'a>) {
        let member_text =
            |name| element.member(name).and_then(scalar).filter(|text| !text.is_empty());
        let id = element.member("id").filter(|_| member_text("id").is_some());
        if let (Some(provider), Some(id)) = (member_text("provider"), id) {
            let provider = rule.provider(provider);
            let field = Cow::Owned(Field::Identifier(provider.clone()));
            let n_cells = collector.cells.len();
            self.push_value(collector, field, rule, Some(id), None);
            // An id that counts as empty, or cannot be converted, has no expiry date either.
            let is_read = |cell: &Cell<'_>| !cell.is_unparsable && !cell.is_default;
            if collector.cells[n_cells..].first().is_some_and(is_read) {
                self.expiry_date(collector, rule, provider, element);
            }
            return;
        }
        let message =
            "identifier without a provider or an id; expected {\"provider\": …, \"id\": …}";
        let problem = Problem::for_field(
            Code::MissingAttribute,
            "guest.identifiers",
            self.at(element).position(),
            message,
        );
        collector.push_invalid(
            Cow::Owned(Field::Identifier("?".into())),
            problem,
            Cow::Borrowed(""),
            self.at(element),
        );
    }

    /// Collects when an identifier expires, which its rule does not convert.
    fn expiry_date(
        self,
        collector: &mut Collector<'a>,
        rule: &'a Rule,
        provider: Provider,
        element: JsonNode<'a>,
    ) {
        let Some(node) = element.member("expiry_date") else {
            return;
        };
        let field = Cow::Owned(Field::IdentifierExpiry(provider));
        match scalar(node) {
            Some("") => {}
            Some(text) => {
                let (value, text) = (RuleResult::Value(Cow::Borrowed(text)), Cow::Borrowed(text));
                collector.push_result(field, rule, value, text, (self.at(node), Notation::Text));
            }
            None if node.value() == JsonValue::Null => {}
            None => collector.push_not_a_scalar(field, self.at(node), type_name(node.value())),
        }
    }

    /// Collects extension attributes: an object, the event's array form, or flat members.
    fn extensions(
        self,
        collector: &mut Collector<'a>,
        wildcard: &FieldTarget,
        rule: &'a Rule,
        node: JsonNode<'a>,
    ) {
        for path in &rule.paths {
            let found = node.at(path);
            if let Some(found) =
                found.filter(|found| scalar(*found).is_some_and(|text| !text.is_empty()))
            {
                self.not_an_extension(collector, wildcard, found);
            }
            let array = found.filter(|found| found.value() == JsonValue::Array);
            let elements: Vec<_> = array.into_iter().flat_map(elements).collect();
            let members = match elements.as_slice() {
                [] if array.is_some() => continue,
                [] => custom_members(node, path),
                [single] if single.is_object() => single.members().collect(),
                [other] => {
                    self.not_an_extension(collector, wildcard, *other);
                    continue;
                }
                [_, second, ..] => {
                    let message = format!("{} extension objects, expected one", elements.len());
                    self.extension_error(collector, wildcard, *second, message);
                    continue;
                }
            };
            // The event's array form contains these two members in addition to the attributes.
            let is_event_form = |name: &str, value: JsonNode<'_>| match name {
                "name" => value.value() == JsonValue::Text("ext"),
                "key" => value.value() == JsonValue::Text("default"),
                _ => false,
            };
            for (name, value) in
                members.into_iter().filter(|(name, value)| !is_event_form(name, *value))
            {
                self.extension(collector, wildcard, rule, name, value);
            }
        }
    }

    fn not_an_extension(
        self,
        collector: &mut Collector<'a>,
        wildcard: &FieldTarget,
        found: JsonNode<'a>,
    ) {
        let message = format!(
            "{} where an object of extension attributes is expected",
            type_name(found.value())
        );
        self.extension_error(collector, wildcard, found, message);
    }

    fn extension_error(
        self,
        collector: &mut Collector<'a>,
        wildcard: &FieldTarget,
        found: JsonNode<'a>,
        message: String,
    ) {
        let problem = Problem::for_order(Code::ExtensionValue, self.at(found).position(), message);
        let field =
            matches!(wildcard, FieldTarget::AnyItemProduct).then(|| "item.product".to_owned());
        collector.problems.push(Problem { field, ..problem });
    }

    fn extension(
        self,
        collector: &mut Collector<'a>,
        wildcard: &FieldTarget,
        rule: &'a Rule,
        name: &str,
        value: JsonNode<'a>,
    ) {
        let json_type = match value.value() {
            JsonValue::Boolean(_) => Some(ExtensionType::Boolean),
            JsonValue::Number(digits) if digits.contains(['.', 'e', 'E']) => {
                Some(ExtensionType::Float)
            }
            JsonValue::Number(_) => Some(ExtensionType::Integer),
            _ => None,
        };
        let field = Cow::Owned(wildcard_field(wildcard, rule, name, json_type));
        let filled = Some(value).filter(|value| !is_empty(*value, str::is_empty));
        self.push_value(collector, field, rule, filled, None);
    }
}

/// The members of the object at a path; for a path that ends in `*` the members of `node` whose
/// names have the prefix before it.
fn custom_members<'n>(node: JsonNode<'n>, path: &str) -> Vec<(&'n str, JsonNode<'n>)> {
    match path.strip_suffix('*') {
        Some(prefix) => node
            .members()
            .filter_map(|(name, member)| Some((name.strip_prefix(prefix)?, member)))
            .collect(),
        None => node.at(path).into_iter().flat_map(JsonNode::members).collect(),
    }
}

/// The elements of an array.
fn elements(array: JsonNode<'_>) -> impl Iterator<Item = JsonNode<'_>> {
    array.elements().into_iter().flatten()
}
