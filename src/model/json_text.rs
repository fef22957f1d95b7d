//! JSON texts written without serde, where there are millions of them.

/// Appends a text with its quotes, as `serde_json` writes it.
pub fn push_json_text(into: &mut Vec<u8>, text: &str) {
    if needs_no_escape(text) {
        into.push(b'"');
        into.extend_from_slice(text.as_bytes());
        into.push(b'"');
    } else {
        serde_json::to_writer(into, text)
            .expect("text always serializes, and a Vec accepts all bytes");
    }
}

/// Whether JSON writes a text unchanged.
fn needs_no_escape(text: &str) -> bool {
    // A count instead of `any`: it looks at many bytes at once, which is faster than to stop
    // early.
    text.bytes().filter(|byte| matches!(byte, 0..b' ' | b'"' | b'\\')).count() == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_equal_those_of_serde(text in prop_oneof!["[ -~]{0,20}", "\\PC{0,9}", any::<String>()]) {
            let mut written = Vec::new();
            push_json_text(&mut written, &text);
            prop_assert_eq!(String::from_utf8(written).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
