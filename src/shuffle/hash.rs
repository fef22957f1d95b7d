//! Hashes of keys, references and identifiers, by which equal ones are found over the whole export.
//!
//! They compare no texts. Used by all files of the shuffle, and by `pipeline`.

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{id_text::visible, reference::trim_reference};

/// Returns the hash by which repeated keys and references are found.
// A collision only costs time: two keys with one hash are grouped together and then compared as
// text.
#[must_use]
pub fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

/// Returns the hash of a key or a reference that does not depend on its spelling, as spreadsheets
/// change it. Orders whose references may be the same are then decided together.
#[must_use]
pub fn hash_reference(reference: &str) -> u64 {
    const MAX_BYTES: usize = 64;
    let visible = visible(reference);
    let trimmed = trim_reference(&visible);
    // A buffer of a fixed size: its ASCII check and lower-casing process many bytes at once.
    let mut buffer = [0; MAX_BYTES];
    if let Some(start) = buffer.get_mut(..trimmed.len()) {
        start.copy_from_slice(trimmed.as_bytes());
        if buffer.is_ascii() {
            buffer.make_ascii_lowercase();
            return xxh3_64(&buffer[..trimmed.len()]);
        }
    }
    xxh3_64(trimmed.to_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::normalize_reference;

    #[test]
    fn hash_ignores_reference_spelling() {
        let long = format!("0{}", "Ab".repeat(40));
        for reference in [
            "000001001",
            "1001.0",
            "#SO-1",
            "so-1",
            "\u{c9}T\u{c9}-1",
            "A1\u{200b}",
            "",
            "0",
            &long,
        ] {
            assert_eq!(
                hash_reference(reference),
                hash(&normalize_reference(reference)),
                "{reference}"
            );
        }
    }
}
