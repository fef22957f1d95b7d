//! Wrapped orders: an object around the array of all orders, `{"orders": [{…}, …]}`, as APIs
//! answer.
//!
//! Looks at the text of a document that has no order, for the hint what to do about it.
//! Called by `lost_row_hint`.

/// What a profile reads of a document.
pub(super) struct ReadMembers<'f> {
    /// Whether it reads a member with this name.
    pub(super) is_read: &'f dyn Fn(&str) -> bool,
    /// Whether a member with this name may be the order key.
    pub(super) is_key: &'f dyn Fn(&str) -> bool,
}

/// A member whose array holds objects.
struct Candidate<'t> {
    /// The name as it is written.
    name: &'t str,
    /// Whether one of the objects has the order key.
    has_key: bool,
}

/// The names of the members whose arrays may hold the orders of a document, of which the text is
/// the start: of the arrays of objects that the profile does not read, those with an order key, if
/// there are any.
pub(super) fn wrappers(text: &str, members: &ReadMembers<'_>) -> Vec<String> {
    let mut all = candidates(text, members);
    if all.iter().any(|candidate| candidate.has_key) {
        all.retain(|candidate| candidate.has_key);
    }
    let name = |candidate: Candidate<'_>| unescaped(candidate.name);
    all.into_iter().filter_map(name).collect()
}

fn candidates<'t>(text: &'t str, members: &ReadMembers<'_>) -> Vec<Candidate<'t>> {
    let (mut depth, mut at, mut name) = (0_u32, 0, "");
    let (mut found, mut is_in_candidate) = (Vec::<Candidate<'t>>::new(), false);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                let Some(length) = string_length(&text[at + 1..]) else { break };
                let string = &text[at + 1..at + 1 + length];
                at += length + 1;
                let is_name = || text[at + 1..].trim_start().starts_with(':');
                match depth {
                    1 => name = string,
                    3 if is_in_candidate && is_name() && (members.is_key)(string) => {
                        if let Some(candidate) = found.last_mut() {
                            candidate.has_key = true;
                        }
                    }
                    _ => {}
                }
            }
            b'{' | b'[' => {
                if depth == 1 {
                    let is_of_objects = || text[at + 1..].trim_start().starts_with('{');
                    is_in_candidate = *byte == b'[' && is_of_objects() && !(members.is_read)(name);
                    found.extend(is_in_candidate.then_some(Candidate { name, has_key: false }));
                }
                depth += 1;
            }
            b'}' | b']' => match depth.checked_sub(1) {
                // Another document follows.
                None | Some(0) => break,
                Some(above) => depth = above,
            },
            _ if depth == 0 && !byte.is_ascii_whitespace() => break,
            _ => {}
        }
        at += 1;
    }
    found
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

/// The text of a string as it is written.
fn unescaped(written: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{written}\"")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_orders_are_found() {
        let members =
            ReadMembers { is_read: &|name| name == "items", is_key: &|name| name == "id" };
        let none: &[&str] = &[];
        for (text, expected) in [
            ("{\"orders\": [\n  {\"id\": 1", &["orders"][..]),
            ("{\n \"meta\": {\"tags\": [{}]}, \"next\": \"a\\\"[{\",\n \"data\": [ {", &["data"]),
            // The one with the key, wherever it is; without one, all.
            ("{\"people\": [{\"name\": \"id\"}], \"orders\": [{}, {\"id\": 1}]}", &["orders"]),
            ("{\"a\": [{\"id\": 1}], \"b\": [{\"id\": 2}], \"c\": [{}]}", &["a", "b"]),
            ("{\"a\": [{\"x\": {\"id\": 1}}], \"b\": [{\"id", &["a", "b"]),
            ("{\"a \\\"b\\\" \\u00e9\": [{", &["a \"b\" é"]),
            ("{\"id\": 1, \"items\": [{\"sku\": 2}]}\n{\"orders\": [{}]}", none),
            ("{\"id\": 1, \"tags\": [\"a\"]}", none),
            ("{\"orders", none),
            ("[{\"orders\": [{}]}]", none),
            ("x {\"orders\": [{}]}", none),
            ("}{", none),
        ] {
            assert_eq!(wrappers(text, &members), expected, "{text}");
        }
    }
}
