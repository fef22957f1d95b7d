//! JSON Schema of the profile language, generated from the types that read a profile, so that it
//! has the keys that the parser knows.
//!
//! For editors, and for the choices and types of the keys. Printed by `cli`.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use super::{
    extends::{EXTENDS, UNSET},
    key_examples::{add_examples, shown_example},
    profile_text::ProfileText,
    schema_types::alternatives,
    written_text::QUESTION,
};

/// The schema of what a profile may say.
#[must_use]
pub fn profile_schema() -> Value {
    let mut schema = typed_schema();
    // The profile itself is no question.
    for (_, member) in schema.as_object_mut().into_iter().flatten() {
        allow_questions(member);
    }
    schema
}

/// Allows an open question in place of a value that is no text. One in place of a text is a text.
fn allow_questions(schema: &mut Value) {
    match schema {
        Value::Array(schemas) => schemas.iter_mut().for_each(allow_questions),
        Value::Object(members) => {
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.push(json!(QUESTION));
            }
            let is_constant = |schema: &Value| schema.get("const").is_some();
            match members.get_mut("oneOf") {
                Some(Value::Array(constants)) if constants.iter().all(is_constant) => {
                    let description = "An open question, which only a person can answer.";
                    constants.push(json!({ "const": QUESTION, "description": description }));
                }
                _ => {}
            }
            if let Some(of @ ("boolean" | "integer" | "number" | "array" | "object")) =
                members.get("type").and_then(Value::as_str)
            {
                let types = json!([of, "string"]);
                members.insert("type".to_owned(), types);
                members.insert("pattern".to_owned(), json!("^[?]$"));
            }
            // Not the codes, which are names of keys, and not what is settled before questions are.
            let is_open = |name: &str| !["Code", "examples", EXTENDS, UNSET].contains(&name);
            let values = members.iter_mut().filter(|(name, _)| is_open(name));
            values.for_each(|(_, member)| allow_questions(member));
        }
        _ => {}
    }
}

/// The schema of the types with examples, without what TOML cannot say.
pub(super) fn typed_schema() -> Value {
    // Of the drafts the one that editors know best.
    let settings = SchemaSettings::draft07().for_deserialize();
    let settings = settings.with_transform(RecursiveTransform(without_null));
    let mut schema = settings.into_generator().into_root_schema_for::<ProfileText>().to_value();
    add_examples(&mut schema);
    schema
}

/// Removes `null`, the value of an option that is not set: TOML has none.
fn without_null(schema: &mut Schema) {
    let is_null = |value: &Value| *value == "null" || *value == json!({ "type": "null" });
    for key in ["type", "enum", "anyOf"] {
        let Some(Value::Array(choices)) = schema.get_mut(key) else { continue };
        choices.retain(|choice| !(is_null(choice) || choice.is_null()));
        let [only] = choices.as_mut_slice() else { continue };
        let only = only.take();
        match only {
            Value::Object(members) if key == "anyOf" => {
                schema.remove(key);
                for (name, member) in members {
                    schema.insert(name, member);
                }
            }
            only if key == "type" => drop(schema.insert(key.to_owned(), only)),
            only => drop(schema.insert(key.to_owned(), json!([only]))),
        }
    }
    // The default of a key that may be left out says nothing.
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

/// What a key takes, by the schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyType {
    /// Its values, if it takes no others.
    pub(super) choices: Vec<String>,
    /// Some of its values, if it takes many.
    pub(super) examples: Vec<String>,
    /// Whether it takes texts.
    pub(super) takes_text: bool,
    /// Whether such a text is one character.
    pub(super) takes_character: bool,
    /// Whether it takes something else: a number, a boolean, a list, a table.
    pub(super) takes_other: bool,
}

impl KeyType {
    /// The type of the key at a path; none if there is no such key.
    pub(super) fn of(path: &[String]) -> Option<Self> {
        let schema = typed_schema();
        let mut nodes = alternatives(&schema, &schema);
        let mut examples = Vec::new();
        for name in path {
            let below: Vec<_> = nodes.iter().filter_map(|node| member(node, name)).collect();
            nodes = below.iter().flat_map(|node| alternatives(&schema, node)).collect();
            let own = below.iter().filter_map(|node| examples_at(&schema, node));
            let own =
                own.chain(nodes.iter().filter_map(|node| node.get("examples")?.as_array())).next();
            examples = match own {
                Some(own) => own.clone(),
                // Those of the list are lists, or elements.
                None if is_index(name) => examples.into_iter().map(first_element).collect(),
                None => Vec::new(),
            };
        }
        let (mut choices, mut is_free) = (Vec::new(), nodes.is_empty());
        let examples = examples.iter().map(shown_example).collect();
        let mut key_type = Self { examples, ..Self::default() };
        for node in &nodes {
            let listed = node.get("enum").and_then(Value::as_array).map(Vec::as_slice);
            let listed = node.get("const").map(std::slice::from_ref).or(listed);
            match (node.get("type").and_then(Value::as_str), listed) {
                (Some("string"), Some(values)) => {
                    key_type.takes_text = true;
                    choices.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                (Some("string"), None) => {
                    key_type.takes_character |= node.get("maxLength") == Some(&json!(1));
                    (key_type.takes_text, is_free) = (true, true);
                }
                (Some("boolean"), _) => {
                    key_type.takes_other = true;
                    choices.extend(["true", "false"].map(str::to_owned));
                }
                _ => (key_type.takes_other, is_free) = (true, true),
            }
        }
        if !is_free {
            key_type.choices = choices;
        }
        (!nodes.is_empty()).then_some(key_type)
    }
}

/// The examples of a schema, or of the one that it refers to.
fn examples_at<'s>(root: &'s Value, node: &'s Value) -> Option<&'s Vec<Value>> {
    let own = node.get("examples").and_then(Value::as_array);
    own.or_else(|| {
        let reference = node.get("$ref").or_else(|| node.get("allOf")?.get(0)?.get("$ref"))?;
        root.pointer(reference.as_str()?.trim_start_matches('#'))?.get("examples")?.as_array()
    })
}

/// The first element of an example of a list.
fn first_element(example: Value) -> Value {
    match example {
        Value::Array(elements) => elements.into_iter().next().unwrap_or_default(),
        other => other,
    }
}

/// The schema of a member of a table, or of the elements of a list.
fn member<'s>(node: &'s Map<String, Value>, name: &str) -> Option<&'s Value> {
    let named = node.get("properties").and_then(|properties| properties.get(name));
    let other = || node.get("additionalProperties").filter(|schema| schema.is_object());
    named.or_else(other).or_else(|| node.get("items").filter(|_| is_index(name)))
}

fn is_index(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_type(path: &str) -> Option<KeyType> {
        KeyType::of(&path.split('.').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn types_of_keys_are_those_of_the_parser() {
        for (path, choices, takes_text, takes_other) in [
            ("order.orderedAt.zone", "", true, true),
            ("item_price", "unit line", true, false),
            ("rows_adjacent", "true false", false, true),
            ("skip_lines", "", false, true),
            ("order.price.scale", "", true, true),
            ("order.status.values.paid", "", true, true),
            ("order.status.table.0.2", "", true, true),
            ("skip.0.when.any.1.equals", "", true, true),
            ("severity.content_repeated", "off warning error", true, false),
            ("guest.dob.locale", "da de en es fr it nb nl pl pt sv", true, false),
            ("guest.id.email.kind", "email phone currency country", true, false),
            ("order.ext.gift.type", "string boolean integer float", true, false),
            ("format", "csv ndjson json", true, false),
        ] {
            let found = key_type(path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(found.choices.join(" "), choices, "{path}");
            assert_eq!((found.takes_text, found.takes_other), (takes_text, takes_other), "{path}");
        }
        assert_eq!(key_type("order.orderedAt.zone").unwrap().examples, ["Europe/Berlin", "UTC"]);
        for path in ["order.orderedAt.zoen", "no_such_key", "order.price.column.first"] {
            assert_eq!(key_type(path), None, "{path}");
        }
    }
}
