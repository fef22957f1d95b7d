//! Types of a JSON Schema: what a value may be, with references resolved.
//!
//! Used by `profile_schema` and `key_examples`.

use serde_json::{Map, Value};

/// The schemas of which one must fit, with references resolved.
pub(super) fn alternatives<'s>(root: &'s Value, node: &'s Value) -> Vec<&'s Map<String, Value>> {
    let Some(members) = node.as_object() else { return Vec::new() };
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#'));
        return target.map_or_else(Vec::new, |target| alternatives(root, target));
    }
    let several = ["anyOf", "oneOf", "allOf"].iter().find_map(|key| members.get(*key)?.as_array());
    match several {
        Some(nodes) => nodes.iter().flat_map(|node| alternatives(root, node)).collect(),
        None => vec![members],
    }
}
