//! Hashes of keys, references and identifiers, by which equal ones are found over the whole export.
//!
//! They compare no texts. Used by all files of the shuffle, and by `pipeline`.

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{
    id_text::{composed, visible},
    record::trim_blanks,
    reference::trim_reference,
};

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
    let visible = composed(visible(reference));
    let trimmed = trim_reference(&visible);
    hash_in_lower_case(&trimmed).unwrap_or_else(|| hash(&trimmed.to_lowercase()))
}

/// Returns the hash of a text about a person that does not depend on its case, on blanks around it
/// or on how its characters are composed.
pub(super) fn hash_person_text(text: &str) -> u64 {
    let trimmed = trim_blanks(text);
    hash_in_lower_case(trimmed).unwrap_or_else(|| hash(&composed(trimmed.to_lowercase().into())))
}

/// Returns the hash in lower case of a short text of ASCII and the letters from U+00C0 to U+00FF,
/// which are composed; `None` for any other text.
fn hash_in_lower_case(text: &str) -> Option<u64> {
    // Most references, names and addresses fit the small buffer, which takes half the time.
    if text.len() <= 32 { hash_in_buffer::<32>(text) } else { hash_in_buffer::<64>(text) }
}

fn hash_in_buffer<const MAX_BYTES: usize>(text: &str) -> Option<u64> {
    // A buffer of a fixed size: its ASCII check and lower-casing process many bytes at once.
    let mut buffer = [0; MAX_BYTES];
    buffer.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
    if !buffer.is_ascii() {
        make_latin_lowercase(&mut buffer[..text.len()])?;
    }
    buffer.make_ascii_lowercase();
    Some(xxh3_64(&buffer[..text.len()]))
}

/// Lower-cases the letters from U+00C0 to U+00FF in UTF-8; `None` if there are other characters
/// than these and ASCII.
fn make_latin_lowercase(text: &mut [u8]) -> Option<()> {
    let mut bytes = text.iter_mut();
    while let Some(byte) = bytes.next() {
        match *byte {
            0..0x80 => {}
            // As in ASCII, a small letter is 0x20 after the capital one. U+00D7 is no letter.
            0xc3 => {
                let second = bytes.next()?;
                if matches!(second, 0x80..=0x96 | 0x98..=0x9e) {
                    *second += 0x20;
                }
            }
            _ => return None,
        }
    }
    Some(())
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
            "Ko\u{308}ln-01",
            "e\u{301}01",
            "",
            "0",
            "0017-1001.0-A",
            &long,
        ] {
            assert_eq!(
                hash_reference(reference),
                hash(&normalize_reference(reference)),
                "{reference}"
            );
        }
    }

    #[test]
    fn hash_of_a_person_ignores_spelling() {
        let long = "Ab".repeat(40);
        for (text, same) in [
            (" Ann@Example.com", "ann@example.com"),
            ("RENE\u{301}", "ren\u{e9}"),
            ("\u{c5}SA\u{a0}", "\u{e5}sa"),
            (
                "\u{c0}\u{d6}\u{d7}\u{d8}\u{de}\u{df}\u{ff}",
                "\u{e0}\u{f6}\u{d7}\u{f8}\u{fe}\u{df}\u{ff}",
            ),
            ("\u{141}\u{d3}D\u{179}", "\u{142}\u{f3}d\u{17a}"),
            (&long, &long.to_lowercase()),
            (" ", ""),
        ] {
            assert_eq!(hash_person_text(text), hash(same), "{text}");
        }
        assert_ne!(hash_person_text("ann.b"), hash_person_text("annb"));
    }
}
