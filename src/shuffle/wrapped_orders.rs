//! Wrapped orders: an object around the array of all orders, `{"orders": [{…}, …]}`, as APIs answer.
//!
//! Looks at the start of a file that cannot be read as it is, for the hint what to do about it.
//! Called by `lost_row_hint`.

/// The member whose array holds the objects of a document, of which the text is the start. None if
/// no member of the document, as far as the text goes, is such an array and has no other use.
pub(super) fn wrapper(text: &str, is_of_order: impl Fn(&str) -> bool) -> Option<&str> {
    let (mut depth, mut at, mut name) = (0_u32, 0, "");
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                let length = string_length(&text[at + 1..])?;
                if depth == 1 {
                    name = &text[at + 1..at + 1 + length];
                }
                at += length + 1;
            }
            b'{' | b'[' => {
                let is_of_objects = || text[at + 1..].trim_start().starts_with('{');
                if depth == 1 && *byte == b'[' && is_of_objects() && !is_of_order(name) {
                    return Some(name);
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
            _ if depth == 0 && !byte.is_ascii_whitespace() => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The bytes of a string before the quote that ends it.
fn string_length(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_of_orders_is_found() {
        for (text, expected) in [
            ("{\"orders\": [\n  {\"id\": 1", Some("orders")),
            (
                "{\n \"meta\": {\"tags\": [{}]}, \"next\": \"a\\\"[{\",\n \"data\": [ {",
                Some("data"),
            ),
            ("{\"id\": 1, \"items\": [{\"sku\": 2}]}\n{\"orders\": [{}]}", None),
            ("{\"id\": 1, \"tags\": [\"a\"]}", None),
            ("{\"orders", None),
            ("[{\"orders\": [{}]}]", None),
            ("x {\"orders\": [{}]}", None),
            ("}{", None),
        ] {
            assert_eq!(wrapper(text, |name| name == "items"), expected, "{text}");
        }
    }
}
