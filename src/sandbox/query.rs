//! Text in URLs: parameters of a query by name, percent-encoding by RFC 3986, section 2.1.
//!
//! It does not know the paths. Called by `server` and `order_url`.

// Not `form_urlencoded`: messages of the Stream API are percent-encoded, not form-encoded, so `+`
// is a plus, never a blank.

/// The decoded value of the first parameter called `name`; `None` if it is absent or cannot be
/// decoded.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| decode(value))
}

/// The value of a parameter as a form of a page sends it: `+` is a blank there.
pub(super) fn form_parameter(query: &str, name: &str) -> Option<String> {
    parameter(&query.replace('+', "%20"), name)
}

/// Percent-encodes all that RFC 3986, section 2.3, does not leave unreserved.
pub(super) fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// Percent-decodes a text; `None` if a `%` is not followed by two hexadecimal digits or if the
/// result is not UTF-8.
pub(super) fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => 16 * digit(rest.next()?)? + digit(rest.next()?)?,
            literal => literal,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(hexadecimal: u8) -> Option<u8> {
    let value = char::from(hexadecimal).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_percent_but_not_plus() {
        for (encoded, expected) in [
            ("", Some("")),
            ("a+b", Some("a+b")),
            ("a%2Bb%2bc", Some("a+b+c")),
            ("%7B%22n%22:%22J%C3%BCrgen%20%26%20Co%22%7D", Some(r#"{"n":"Jürgen & Co"}"#)),
            ("{}", Some("{}")),
            ("100%", None),
            ("%4", None),
            ("%zz", None),
            ("%+1", None),
            ("%FF", None),
        ] {
            assert_eq!(decode(encoded).as_deref(), expected, "{encoded}");
        }
    }

    #[test]
    fn encoded_text_decodes_to_itself() {
        assert_eq!(encode("a/b c%2F\"ü.~"), "a%2Fb%20c%252F%22%C3%BC.~");
        for text in ["", "..", "+", "%41", "\u{0}\u{7f}\u{10ffff}", "日本 #1?&=<script>"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
    }

    #[test]
    fn plus_is_a_blank_in_forms_only() {
        let query = "reference=a+b%2Bc";
        assert_eq!(form_parameter(query, "reference").as_deref(), Some("a b+c"));
        assert_eq!(parameter(query, "reference").as_deref(), Some("a+b+c"));
    }

    #[test]
    fn finds_parameters_by_name() {
        let query = "client_key=k%20y&empty=&flag&message={\"a\":\"b=c\"}&message=second";
        for (name, expected) in [
            ("client_key", Some("k y")),
            ("empty", Some("")),
            ("flag", Some("")),
            ("message", Some("{\"a\":\"b=c\"}")),
            ("absent", None),
        ] {
            assert_eq!(parameter(query, name).as_deref(), expected, "{name}");
        }
    }
}
