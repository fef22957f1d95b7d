//! Custom members: the fields of a document whose names are the shop's, such as extension
//! attributes and identifiers.
//!
//! A CSV file names them in its header, so that `header_binding` makes a rule of each; the members of a
//! document are known only when it is read. Called by `mapper`.

use std::borrow::Cow;

use super::{
    bound_rule::{CustomMembers, CustomRule},
    collector::{Collector, RawValue},
    profile::FieldTarget,
    rule::{Rule, RuleResult},
    view::{Found, Value, View},
    wildcard::wildcard_field,
};
use crate::model::{
    document::{JsonNode, JsonValue},
    draft::{Cell, CellOrigin, Notation},
    field::{ExtensionType, Field, Provider},
    problem::{Code, Problem},
};

/// Adds the fields of all members.
pub(super) fn apply<'a, V: View<'a>>(
    collector: &mut Collector<'a>,
    custom: &'a CustomRule<'_, V::Source>,
    view: V,
) {
    let members = CustomFields { target: custom.target, rule: custom.rule, view };
    for place in &custom.members {
        match place {
            CustomMembers::Object(source) => {
                let found = view.find(source);
                match custom.target {
                    FieldTarget::AnyIdentifier => members.add_identifiers(collector, found),
                    _ => members.add_extensions(collector, found),
                }
            }
            CustomMembers::Prefix(prefix) => {
                let all = view.node().into_iter().flat_map(JsonNode::members);
                let named =
                    all.filter_map(|(name, member)| Some((name.strip_prefix(prefix)?, member)));
                members.add_members(collector, named);
            }
        }
    }
}

/// The fields of one rule, in one document or element.
#[derive(Clone, Copy)]
struct CustomFields<'a, V> {
    target: &'a FieldTarget,
    rule: &'a Rule,
    view: V,
}

impl<'a, V: View<'a>> CustomFields<'a, V> {
    /// Adds each member as an identifier or as an attribute.
    fn add_members(
        self,
        collector: &mut Collector<'a>,
        members: impl IntoIterator<Item = (&'a str, JsonNode<'a>)>,
    ) {
        for (name, member) in members {
            let field = match self.target {
                FieldTarget::AnyIdentifier => Field::Identifier(self.rule.provider(name)),
                target => wildcard_field(target, self.rule, name, extension_type(member)),
            };
            self.push(collector, field, member);
        }
    }

    fn found(self, node: JsonNode<'a>) -> Found<'a> {
        Found { value: Value::of(Some(node)), at: self.view.place_of(node) }
    }

    /// Adds the value of a field.
    fn push(self, collector: &mut Collector<'a>, field: Field, node: JsonNode<'a>) {
        let (field, at, value) =
            (Cow::Owned(field), self.view.place_of(node), Value::of(Some(node)));
        match value.text() {
            Some(text) if !text.is_empty() => {
                let found = RawValue { text, at, notation: value.notation(), beside: None };
                collector.push_value(field, self.rule, Some(found));
            }
            None if !matches!(value, Value::Null) => {
                collector.push_nested(field, self.rule, Found { value, at });
            }
            _ => collector.push_value(field, self.rule, None),
        }
    }

    /// Adds identifiers: `[{provider, id}]`, or an object whose members are named by provider.
    fn add_identifiers(self, collector: &mut Collector<'a>, found: Found<'a>) {
        match found.value {
            Value::Array(array) => {
                for element in array.elements().into_iter().flatten() {
                    self.add_identifier(collector, element);
                }
            }
            Value::Object(object) if object.member("provider").is_some() => {
                self.add_identifier(collector, object);
            }
            Value::Object(object) => self.add_members(collector, object.members()),
            // A single value has no provider: a problem, since the identifier would be lost
            // silently.
            value if value.text().is_some_and(|text| !text.is_empty()) => {
                push_incomplete_identifier(collector, found.at);
            }
            _ => {}
        }
    }

    fn add_identifier(self, collector: &mut Collector<'a>, element: JsonNode<'a>) {
        let filled = |name: &str| {
            let member = element.member(name)?;
            Value::of(Some(member))
                .text()
                .filter(|text| !text.is_empty())
                .map(|text| (text, member))
        };
        let (Some((provider, _)), Some((_, id))) = (filled("provider"), filled("id")) else {
            return push_incomplete_identifier(collector, self.view.place_of(element));
        };
        let provider = self.rule.provider(provider);
        let n_cells = collector.cells.len();
        self.push(collector, Field::Identifier(provider.clone()), id);
        // An id that counts as empty, or cannot be converted, has no expiry date either.
        let is_read = |cell: &Cell<'_>| !cell.is_unparsable && !cell.is_default;
        if collector.cells[n_cells..].first().is_some_and(is_read) {
            self.add_expiry_date(collector, provider, element);
        }
    }

    /// Adds when an identifier expires, which its rule does not convert.
    fn add_expiry_date(
        self,
        collector: &mut Collector<'a>,
        provider: Provider,
        element: JsonNode<'a>,
    ) {
        let Some(node) = element.member("expiry_date") else { return };
        let (field, at) = (Cow::Owned(Field::IdentifierExpiry(provider)), self.view.place_of(node));
        match Value::of(Some(node)) {
            Value::Null => {}
            value => match value.text() {
                Some("") => {}
                Some(text) => {
                    let (result, text) =
                        (RuleResult::Value(Cow::Borrowed(text)), Cow::Borrowed(text));
                    collector.push_result(field, self.rule, result, text, (at, Notation::Text));
                }
                None => collector.push_not_a_scalar(field, at, value.type_name()),
            },
        }
    }

    /// Adds extension attributes: an object, or the array of one that an event has.
    fn add_extensions(self, collector: &mut Collector<'a>, found: Found<'a>) {
        let object = match found.value {
            Value::Object(object) => object,
            Value::Array(array) => {
                let elements: Vec<_> = array.elements().into_iter().flatten().collect();
                match elements.as_slice() {
                    [] => return,
                    [single] if single.is_object() => *single,
                    [other] => {
                        return self.push_extension_error(collector, self.found(*other), None);
                    }
                    [_, second, ..] => {
                        let found = self.found(*second);
                        return self.push_extension_error(collector, found, Some(elements.len()));
                    }
                }
            }
            value if value.text().is_some_and(|text| !text.is_empty()) => {
                return self.push_extension_error(collector, found, None);
            }
            _ => return,
        };
        // The event's array form has these two members in addition to the attributes.
        let is_of_event = |name: &str, member: JsonNode<'_>| match name {
            "name" => member.value() == JsonValue::Text("ext"),
            "key" => member.value() == JsonValue::Text("default"),
            _ => false,
        };
        let attributes = object.members();
        self.add_members(
            collector,
            attributes.filter(|(name, member)| !is_of_event(name, *member)),
        );
    }

    /// Records what is in the place of an object of attributes: something else, or several objects.
    fn push_extension_error(
        self,
        collector: &mut Collector<'a>,
        found: Found<'a>,
        n_objects: Option<usize>,
    ) {
        let message = if let Some(n_objects) = n_objects {
            format!("{n_objects} extension objects, expected one")
        } else {
            let found = found.value.type_name();
            format!("{found} where an object of extension attributes is expected")
        };
        let problem = Problem::for_order(Code::ExtensionValue, found.at, message);
        let is_product = matches!(self.target, FieldTarget::AnyItemProduct);
        let field = is_product.then(|| "item.product".to_owned());
        collector.problems.push(Problem { field, ..problem });
    }
}

/// Records an identifier of which a part is missing.
fn push_incomplete_identifier<'a>(collector: &mut Collector<'a>, at: CellOrigin<'a>) {
    let message = "identifier without a provider or an id; expected {\"provider\": …, \"id\": …}";
    let problem = Problem::for_field(Code::MissingAttribute, "guest.identifiers", at, message);
    collector.push_invalid(
        Cow::Owned(Field::Identifier("?".into())),
        problem,
        Cow::Borrowed(""),
        at,
    );
}

/// The type of an attribute whose name declares none.
fn extension_type(value: JsonNode<'_>) -> Option<ExtensionType> {
    match Value::of(Some(value)) {
        Value::Boolean(_) => Some(ExtensionType::Boolean),
        Value::Number(digits) if digits.contains(['.', 'e', 'E']) => Some(ExtensionType::Float),
        Value::Number(_) => Some(ExtensionType::Integer),
        _ => None,
    }
}
