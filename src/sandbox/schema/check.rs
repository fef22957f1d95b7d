//! Check of JSON objects against tables of attributes: the rows of a table, and the violations with
//! their paths.
//!
//! It knows the attributes that events share, no single event. Called by `single` and `cart`.

use serde_json::{Map, Value};

use super::super::format_rules::{self, SchemaError};

pub(super) type ObjectRule = Map<String, Value>;

/// One row of the manual's tables.
#[derive(Clone, Copy)]
pub(super) struct AttributeRule {
    pub(super) name: &'static str,
    is_required: bool,
    check: fn(&Value) -> SchemaError,
}

pub(super) const fn required(
    name: &'static str,
    check: fn(&Value) -> SchemaError,
) -> AttributeRule {
    AttributeRule { name, is_required: true, check }
}

pub(super) const fn optional(
    name: &'static str,
    check: fn(&Value) -> SchemaError,
) -> AttributeRule {
    AttributeRule { name, is_required: false, check }
}

/// The attributes of every event, in addition to `type` and `browser_id`, without which the
/// request is refused.
// The manual lists three channels, but its pages on other APIs of the service use more. So any
// value in upper case is valid.
const COMMON: &[AttributeRule] = &[
    required("channel", format_rules::upper_case),
    required("language", format_rules::language),
    required("currency", format_rules::currency),
    required("page", format_rules::non_empty),
    required("pos", format_rules::non_empty),
];

const IDENTIFIER: &[AttributeRule] = &[
    required("provider", format_rules::non_empty),
    required("id", format_rules::non_empty),
    optional("expiry_date", format_rules::text),
];

#[derive(Default)]
pub(super) struct SchemaErrors(pub(super) Vec<String>);

impl SchemaErrors {
    pub(super) fn common(event: &ObjectRule) -> Self {
        let mut reasons = Self::default();
        reasons.check_attributes("", event, COMMON);
        reasons
    }

    pub(super) fn identifiers(&mut self, at: &str, identifiers: &Value) {
        for (at, identifier) in self.non_empty_objects(at, identifiers) {
            self.check_attributes(&at, identifier, IDENTIFIER);
            self.check_undocumented(&at, identifier, IDENTIFIER, &[]);
        }
    }

    /// Checks the attributes of an object against a table.
    pub(super) fn check_attributes(
        &mut self,
        at: &str,
        object: &ObjectRule,
        table: &[AttributeRule],
    ) {
        for attribute in table {
            match object.get(attribute.name) {
                Some(value) => {
                    self.push_result(&join(at, attribute.name), (attribute.check)(value));
                }
                None if attribute.is_required => self.push(&join(at, attribute.name), "missing"),
                None => {}
            }
        }
    }

    // Without this check a misspelt optional attribute would be lost silently.
    pub(super) fn check_undocumented(
        &mut self,
        at: &str,
        object: &ObjectRule,
        table: &[AttributeRule],
        parts: &[&str],
    ) {
        for name in object.keys() {
            let is_known =
                parts.contains(&name.as_str()) || table.iter().any(|known| known.name == name);
            if !is_known {
                self.push(&join(at, name), "undocumented attribute");
            }
        }
    }

    /// The objects of an array, each with its path. Any other element is a violation.
    pub(super) fn objects<'a>(
        &mut self,
        at: &str,
        value: &'a Value,
    ) -> Vec<(String, &'a ObjectRule)> {
        let Value::Array(elements) = value else {
            self.wrong_type(at, value, "an array");
            return Vec::new();
        };
        let mut objects = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let at = format!("{at}[{index}]");
            match element {
                Value::Object(object) => objects.push((at, object)),
                other => self.wrong_type(&at, other, "an object"),
            }
        }
        objects
    }

    /// The objects of an array that must not be empty.
    pub(super) fn non_empty_objects<'a>(
        &mut self,
        at: &str,
        value: &'a Value,
    ) -> Vec<(String, &'a ObjectRule)> {
        if value.as_array().is_some_and(Vec::is_empty) {
            self.push(at, "empty, expected at least one");
        }
        self.objects(at, value)
    }

    pub(super) fn push_result(&mut self, at: &str, result: SchemaError) {
        if let Err(message) = result {
            self.push(at, message);
        }
    }

    pub(super) fn wrong_type(&mut self, at: &str, found: &Value, expected: &str) {
        self.push(at, format!("{}, expected {expected}", format_rules::json_type(found)));
    }

    pub(super) fn push(&mut self, at: &str, message: impl std::fmt::Display) {
        self.0.push(format!("{at}: {message}"));
    }
}

pub(super) fn join(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        owner => format!("{owner}.{name}"),
    }
}
