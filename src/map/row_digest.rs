//! Row digest: what tells two rows of a join apart by all their values, also those that no rule
//! reads.
//!
//! Used by `side_file`. The same row has the same digest in every file, also with `5` for `5.00`.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::model::{
    document::{JsonNode, JsonValue},
    record::{Header, Record},
};

/// The digest of a record. The order of its columns does not matter.
pub(super) fn digest_of_record(record: &Record<'_>, header: &Header) -> u64 {
    let cells = header.names.iter().enumerate().map(|(index, name)| {
        let mut hasher = DefaultHasher::new();
        (name, without_zeros(record.cell(index))).hash(&mut hasher);
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
        JsonValue::Number(number) => JsonValue::Number(without_zeros(number)).hash(hasher),
        JsonValue::Text(text) => JsonValue::Text(without_zeros(text)).hash(hasher),
        value => value.hash(hasher),
    }
}

/// A decimal number without the zeros that end its decimals; any other text as it is.
fn without_zeros(text: &str) -> &str {
    let is_decimal = text.split_once('.').is_some_and(|(whole, decimals)| {
        let digits = whole.strip_prefix('-').unwrap_or(whole);
        [digits, decimals]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if is_decimal { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
