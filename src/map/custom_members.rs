//! Custom members: the fields of a document whose names are the shop's, such as extension
//! attributes and identifiers.
//!
//! A CSV file names them in its header, so that `header_rules` makes a rule of each; the members of
//! a document are known only when it is read. Used by `mapper` and `plain_documents`.

use std::borrow::Cow;

use super::{
    bound_rule::{CustomMembers, CustomRule},
    collector::{Collector, RawValue},
    profile::FieldTarget,
    rule_result::RuleResult,
    view::{Found, Value, View},
};
use crate::model::{
    document::{JsonNode, JsonValue},
    draft::{Cell, CellOrigin, Notation},
    field::{ExtensionType, Field, Provider},
    problem::{Code, Problem},
};

/// What a document has where its own names are expected.
pub(super) enum CustomMember<'a> {
    /// An attribute or an identifier, by its name.
    Named(&'a str, JsonNode<'a>),
    /// An identifier with its provider, both filled; the object may also have its expiry date.
    Identifier { provider: &'a str, id: JsonNode<'a>, object: JsonNode<'a> },
    /// An identifier without its provider or without the id.
    Incomplete(CellOrigin<'a>),
    /// Something else in the place of an object of attributes, or the second object and their
    /// number.
    NoObject(Found<'a>, Option<usize>),
}

/// Visits the members for a rule in their order, until `visit` returns none.
pub(super) fn visit<'a, V: View<'a>>(
    custom: &CustomRule<'_, V::Source>,
    view: V,
    mut visit: impl FnMut(CustomMember<'a>) -> Option<()>,
) -> Option<()> {
    for place in &custom.members {
        match place {
            CustomMembers::Object(source) => {
                let found = view.find(source);
                match custom.target {
                    FieldTarget::AnyIdentifier => visit_identifiers(found, view, &mut visit)?,
                    _ => visit_attributes(found, view, &mut visit)?,
                }
            }
            CustomMembers::Prefix(prefix) => {
                for (name, member) in view.node().into_iter().flat_map(JsonNode::members) {
                    if let Some(name) = name.strip_prefix(prefix) {
                        visit(CustomMember::Named(name, member))?;
                    }
                }
            }
        }
    }
    Some(())
}

/// Visits identifiers: `[{provider, id}]`, or an object whose members are named by provider.
fn visit_identifiers<'a, V: View<'a>>(
    found: Found<'a>,
    view: V,
    visit: &mut impl FnMut(CustomMember<'a>) -> Option<()>,
) -> Option<()> {
    match found.value {
        Value::Array(array) => {
            array.elements()?.try_for_each(|object| visit(identifier(object, view)))
        }
        Value::Object(object) if object.member("provider").is_some() => {
            visit(identifier(object, view))
        }
        Value::Object(object) => {
            object.members().try_for_each(|(name, member)| visit(CustomMember::Named(name, member)))
        }
        // A single value has no provider: a problem, since the identifier would be lost silently.
        value if is_filled_text(value) => visit(CustomMember::Incomplete(found.at)),
        _ => Some(()),
    }
}

fn identifier<'a>(object: JsonNode<'a>, view: impl View<'a>) -> CustomMember<'a> {
    let filled = |name: &str| {
        let text = Value::of(object.member(name)).text().filter(|text| !text.is_empty())?;
        Some((text, object.member(name)?))
    };
    match (filled("provider"), filled("id")) {
        (Some((provider, _)), Some((_, id))) => CustomMember::Identifier { provider, id, object },
        _ => CustomMember::Incomplete(view.place_of(object)),
    }
}

/// Visits extension attributes: an object, or the array of one that an event has.
fn visit_attributes<'a, V: View<'a>>(
    found: Found<'a>,
    view: V,
    visit: &mut impl FnMut(CustomMember<'a>) -> Option<()>,
) -> Option<()> {
    let of = |node| Found { value: Value::of(Some(node)), at: view.place_of(node) };
    let object = match found.value {
        Value::Object(object) => object,
        Value::Array(array) => {
            let mut elements = array.elements()?;
            match (elements.next(), elements.next()) {
                (None, _) => return Some(()),
                (Some(single), None) if single.is_object() => single,
                (Some(other), None) => return visit(CustomMember::NoObject(of(other), None)),
                (Some(_), Some(second)) => {
                    let n_objects = elements.count() + 2;
                    return visit(CustomMember::NoObject(of(second), Some(n_objects)));
                }
            }
        }
        Value::WithinScalar { .. } => return visit(CustomMember::NoObject(found, None)),
        value if is_filled_text(value) => return visit(CustomMember::NoObject(found, None)),
        _ => return Some(()),
    };
    // The event's array form has these two members in addition to the attributes.
    let is_of_event = |name: &str, member: JsonNode<'_>| match name {
        "name" => member.value() == JsonValue::Text("ext"),
        "key" => member.value() == JsonValue::Text("default"),
        _ => false,
    };
    let mut attributes = object.members().filter(|(name, member)| !is_of_event(name, *member));
    attributes.try_for_each(|(name, member)| visit(CustomMember::Named(name, member)))
}

fn is_filled_text(value: Value<'_>) -> bool {
    value.text().is_some_and(|text| !text.is_empty())
}

/// Adds the fields of all members.
pub(super) fn apply<'a, V: View<'a>>(
    collector: &mut Collector<'a>,
    custom: &'a CustomRule<'_, V::Source>,
    view: V,
) {
    let fields = CustomFields { custom, view };
    visit(custom, view, |member| {
        match member {
            CustomMember::Named(name, node) => {
                fields.push(collector, custom.field(name, json_type(custom, node)), node);
            }
            CustomMember::Identifier { provider, id, object } => {
                fields.push_identifier(collector, provider, id, object);
            }
            CustomMember::Incomplete(at) => push_incomplete_identifier(collector, at),
            CustomMember::NoObject(found, n_objects) => {
                fields.push_no_object(collector, found, n_objects);
            }
        }
        Some(())
    });
}

/// The fields of one rule, in one document or element.
struct CustomFields<'a, V, S> {
    custom: &'a CustomRule<'a, S>,
    view: V,
}

impl<'a, V: View<'a>> CustomFields<'a, V, V::Source> {
    /// Adds the value of a field.
    fn push(&self, collector: &mut Collector<'a>, field: Cow<'a, Field>, node: JsonNode<'a>) {
        let (rule, at, value) = (self.custom.rule, self.view.place_of(node), Value::of(Some(node)));
        match value.text() {
            Some(text) if !text.is_empty() => {
                let found = RawValue { text, at, notation: value.notation(), beside: None };
                collector.push_value(field, rule, Some(found));
            }
            None if !matches!(value, Value::Null) => {
                collector.push_nested(field, rule, Found { value, at });
            }
            _ => collector.push_value(field, rule, None),
        }
    }

    fn push_identifier(
        &self,
        collector: &mut Collector<'a>,
        provider: &'a str,
        id: JsonNode<'a>,
        object: JsonNode<'a>,
    ) {
        let n_cells = collector.cells.len();
        self.push(collector, self.custom.field(provider, None), id);
        // An id that counts as empty, or cannot be converted, has no expiry date either.
        let is_read = |cell: &Cell<'_>| !cell.is_unparsable && !cell.is_default;
        if collector.cells[n_cells..].first().is_some_and(is_read) {
            self.add_expiry_date(collector, self.custom.rule.provider(provider), object);
        }
    }

    /// Adds when an identifier expires, which its rule does not convert.
    fn add_expiry_date(
        &self,
        collector: &mut Collector<'a>,
        provider: Provider,
        object: JsonNode<'a>,
    ) {
        let Some(node) = object.member("expiry_date") else { return };
        let (field, at) = (Cow::Owned(Field::IdentifierExpiry(provider)), self.view.place_of(node));
        match Value::of(Some(node)) {
            Value::Null => {}
            value => match value.text() {
                Some("") => {}
                Some(text) => {
                    let (result, text) =
                        (RuleResult::Value(Cow::Borrowed(text)), Cow::Borrowed(text));
                    collector.push_result(
                        field,
                        self.custom.rule,
                        result,
                        text,
                        (at, Notation::Text),
                    );
                }
                None => collector.push_not_a_scalar(field, at, value.type_name()),
            },
        }
    }

    /// Records what is in the place of an object of attributes: something else, or several objects.
    fn push_no_object(
        &self,
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
        let is_product = matches!(self.custom.target, FieldTarget::AnyItemProduct);
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

/// The type of an attribute by its value, where its name declares none.
pub(super) fn json_type<S>(
    custom: &CustomRule<'_, S>,
    value: JsonNode<'_>,
) -> Option<ExtensionType> {
    if matches!(custom.target, FieldTarget::AnyIdentifier) {
        return None;
    }
    match Value::of(Some(value)) {
        Value::Boolean(_) => Some(ExtensionType::Boolean),
        Value::Number(digits) if digits.contains(['.', 'e', 'E']) => Some(ExtensionType::Float),
        Value::Number(_) => Some(ExtensionType::Integer),
        _ => None,
    }
}
