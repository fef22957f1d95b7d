//! Compared texts: the texts of a profile with which values are compared.
//!
//! Values have no blanks around them, so a text that has some would never be found, and what it is
//! for would silently not be done. Called where the texts are compiled.

/// Refuses a text that no value can be.
pub(super) fn ensure_trimmed(text: &str) -> Result<(), String> {
    ensure_is(text, text.trim())
}

/// Refuses a text with which no value can start.
pub(super) fn ensure_start(text: &str) -> Result<(), String> {
    ensure_is(text, text.trim_start())
}

/// Refuses a text with which no value can end.
pub(super) fn ensure_end(text: &str) -> Result<(), String> {
    ensure_is(text, text.trim_end())
}

fn ensure_is(text: &str, trimmed: &str) -> Result<(), String> {
    if text == trimmed {
        return Ok(());
    }
    Err(format!("has {text:?}, but values have no blanks around them; expected {trimmed:?}"))
}
