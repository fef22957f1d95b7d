//! JSON Schema of the profile language, generated from the types that read a profile, so that it
//! has the keys that the parser knows.
//!
//! For editors, and for the choices and types of the keys. Printed by `cli`.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Value, json};

use super::profile_text::ProfileText;

/// The schema of what a profile may say, without what TOML cannot.
#[must_use]
pub fn profile_schema() -> Schema {
    // Of the drafts the one that editors know best.
    let settings = SchemaSettings::draft07().for_deserialize();
    let settings = settings.with_transform(RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<ProfileText>()
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
    if schema.get("default").is_some_and(|default| default.is_null()) {
        schema.remove("default");
    }
}
