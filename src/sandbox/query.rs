//! Parser of a URL's query: parameters by name, percent-decoded by RFC 3986, section 2.1.
//!
//! It does not decode forms. Called by `server`.

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

/// Percent-decodes a text; `None` if a `%` is not followed by two hexadecimal digits or if the
/// result is not UTF-8.
fn decode(encoded: &str) -> Option<String> {
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
