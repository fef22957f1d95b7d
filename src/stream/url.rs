//! URLs of the Stream API, and their length in percent-encoded form.
//!
//! A URL carries the whole event, so it is never shown; only the endpoints without a query may
//! appear in messages. Does no I/O. Called by `size` (lengths), `dispatch` (requests) and the
//! `sequence` module.

use super::event_json::{BROWSER_ID_LENGTH, with_browser_id};
use crate::model::{planned::EventJson, target::Target};

/// Maximum URL length in bytes that can be sent at all: the limit of the `http` crate, which HTTP
/// clients in Rust use.
pub const MAX_URL_BYTES: usize = 65_534;

/// Returns the endpoint that creates browsers: a URL without a query, which may be shown.
#[must_use]
pub fn browser_endpoint(target: &Target) -> String {
    format!("{}/v1.2/browser/create.json", target.base_url)
}

/// Returns the endpoint that events are sent to: a URL without a query, which may be shown.
#[must_use]
pub fn event_endpoint(target: &Target) -> String {
    format!("{}/v1.2/event/create.json", target.base_url)
}

/// Returns the URL that creates a browser.
#[must_use]
pub fn browser_create(target: &Target) -> String {
    build_url(browser_endpoint(target), target, "{}")
}

/// Returns the URL that sends an event.
#[must_use]
pub fn event_create(target: &Target, event: &EventJson, browser_id: &str) -> String {
    build_url(event_endpoint(target), target, &with_browser_id(event, browser_id))
}

/// Returns the length in bytes of an event's percent-encoded URL, with a browser ID as the service
/// creates it.
#[must_use]
pub fn event_url_length(target: &Target, event: &EventJson) -> usize {
    let frame = build_url(event_endpoint(target), target, &with_browser_id(&EventJson(String::new()), ""));
    frame.len() + BROWSER_ID_LENGTH + percent_encoded_length(&event.0)
}

fn build_url(endpoint: String, target: &Target, message: &str) -> String {
    let mut url = endpoint;
    url.push_str("?client_key=");
    percent_encode(&mut url, &target.client_key);
    url.push_str("&message=");
    percent_encode(&mut url, message);
    url
}

/// Whether a byte stays as it is in a query: the characters that RFC 3986 §3.4 allows there, with
/// four exceptions.
// `&` and `+` are encoded because servers read them as "next parameter" and "blank", `#` because
// it ends the query, and `'` because the URL standard encodes it in the query of an HTTP URL, so a
// URL parser would lengthen the URL after it was measured. Encoding more would waste length, which
// is scarce.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'('
                | b')'
                | b'*'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'/'
                | b'?'
        )
}

fn percent_encode(url: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if is_unreserved(byte) {
            url.push(char::from(byte));
        } else {
            url.push('%');
            url.push(char::from(HEX[usize::from(byte >> 4)]));
            url.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// Returns the number of bytes that a text takes within the URL of an event, without its quotes.
#[must_use]
pub fn encoded_json_length(text: &str) -> usize {
    // A table lookup per byte, so that the size check of an order need not build the encoded text.
    text.bytes().map(|byte| usize::from(ENCODED_JSON_BYTES[usize::from(byte)])).sum()
}

/// The number of URL bytes that each byte of a text takes: escaped for JSON, then percent-encoded.
const ENCODED_JSON_BYTES: [u8; 256] = {
    let (mut lengths, mut byte) = ([3; 256], 0_u8);
    loop {
        lengths[byte as usize] = match byte {
            // `\"` and `\\`; then `\n` and other short escapes; then `\u0001`.
            b'"' | b'\\' => 6,
            8 | 9 | 10 | 12 | 13 => 4,
            0..=31 => 8,
            byte if is_unreserved(byte) => 1,
            _ => 3,
        };
        if byte == u8::MAX {
            break lengths;
        }
        byte += 1;
    }
};

pub(super) fn percent_encoded_length(text: &str) -> usize {
    text.bytes().map(|byte| if is_unreserved(byte) { 1 } else { 3 }).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// Base URLs as they are typed, some with a path.
    const BASE_URLS: &str = "https://(([a-z]{1,9}\\.)?example|\\[::1\\]|10\\.0\\.0\\.1)(:[1-9][0-9]{1,3})?(/[a-zA-Z0-9 .~'%{}|^_-]{0,9}){0,3}/?";

    /// Any characters, with ASCII as frequent as all others.
    fn any_text() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof!["[\\x00-\\x7f]", any::<char>().prop_map(String::from)], 0..60)
            .prop_map(|chars| chars.concat())
    }

    fn target() -> Target {
        Target { base_url: "https://stream.example".into(), client_key: "k&y".into() }
    }

    #[test]
    fn only_reserved_bytes_are_percent_encoded() {
        let event = EventJson("\",\"a\":\"b c+d&e#f'g/h?i:j@k%l\u{e9}\"}".into());
        insta::assert_snapshot!(event_create(&target(), &event, "B"), @"https://stream.example/v1.2/event/create.json?client_key=k%26y&message=%7B%22browser_id%22:%22B%22,%22a%22:%22b%20c%2Bd%26e%23f%27g/h?i:j@k%25l%C3%A9%22%7D");
        insta::assert_snapshot!(browser_create(&target()), @"https://stream.example/v1.2/browser/create.json?client_key=k%26y&message=%7B%7D");
    }

    proptest! {
        #[test]
        fn encoded_json_length_equals_encoding(text in "[\\x00-\\x7f\u{e9}\u{20ac}]*") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(encoded_json_length(&text), percent_encoded_length(&json[1..json.len() - 1]));
        }

        #[test]
        fn event_url_length_equals_sent_url(text in any_text(), client_key in any_text(), base_url in BASE_URLS) {
            prop_assume!(!client_key.trim().is_empty());
            let (target, event) = (Target::new(&base_url, &client_key).unwrap(), EventJson(text));
            let url = event_create(&target, &event, "a38b230c-11eb-4cf9-8d5d-274e9f344925");
            prop_assert_eq!(event_url_length(&target, &event), url.len());
            let parsed = Url::parse(&url).unwrap();
            prop_assert_eq!(parsed.as_str(), url);
            let message = parsed.query_pairs().find(|(name, _)| name == "message").unwrap().1;
            prop_assert_eq!(message, with_browser_id(&event, "a38b230c-11eb-4cf9-8d5d-274e9f344925"));
        }
    }
}
