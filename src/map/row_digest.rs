//! Row digest: what tells two rows of a join apart by all their values, also those that no rule reads.
//!
//! Used by `side_file`. The same row has the same digest in every file.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{
    document::{JsonNode, JsonValue},
    record::{Header, Record},
};

/// The digest of a record. The order of its columns does not matter.
pub(super) fn digest_of_record(record: &Record<'_>, header: &Header) -> u64 {
    let cells = header.names.iter().enumerate().map(|(index, name)| {
        let mut hasher = DefaultHasher::new();
        (name, record.cell(index)).hash(&mut hasher);
        hasher.finish()
    });
    cells.fold(0, u64::wrapping_add)
}

/// The digest of a document or a value of it.
pub(super) fn digest_of_value(node: JsonNode<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_value(node, &mut hasher);
    hasher.finish()
}

fn hash_value(node: JsonNode<'_>, hasher: &mut DefaultHasher) {
    match node.value() {
        JsonValue::Object => {
            let members: Vec<_> = node.members().collect();
            (JsonValue::Object, members.len()).hash(hasher);
            for (name, member) in members {
                name.hash(hasher);
                hash_value(member, hasher);
            }
        }
        JsonValue::Array => {
            let elements: Vec<_> = node.elements().into_iter().flatten().collect();
            (JsonValue::Array, elements.len()).hash(hasher);
            for element in elements {
                hash_value(element, hasher);
            }
        }
        value => value.hash(hasher),
    }
}
