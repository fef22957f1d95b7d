//! Written texts: how keys of a profile are written so that they are read as the same, for serde.
//!
//! Used by the types of a profile's syntax; `profile_writer` writes them.

use serde::{Serialize, Serializer};

/// The value of a key that a person has to decide about.
pub(super) const QUESTION: &str = "?";

/// Whether a key has the value that it has without being written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes a text that is no open question: in a list `?` is none.
pub(super) fn written_text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text == QUESTION { [text].serialize(serializer) } else { text.serialize(serializer) }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn written_text_if_any<S: Serializer>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match text {
        Some(text) => written_text(text, serializer),
        None => serializer.serialize_none(),
    }
}
