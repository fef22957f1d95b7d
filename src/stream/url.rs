//! URLs of the Stream API, and their length in percent-encoded form.
//!
//! A URL carries the whole event, so it is never shown; only the endpoints without a query may
//! appear in messages. Does no I/O. Called by `size` (lengths), `multi_event` (where to split
//! CONFIRM) and `service` (requests).

use super::event_json::{BROWSER_ID_LENGTH, EventJson, members, with_browser_id};
use crate::model::{request::RequestKind, target::Target};

/// Maximum URL length in bytes that can be sent at all: the limit of the `http` crate, which HTTP
/// clients in Rust use.
pub const MAX_URL_BYTES: usize = 65_534;

/// Returns the endpoint of a kind of request: a URL without a query, which may be shown.
#[must_use]
pub fn endpoint(target: &Target, kind: RequestKind) -> String {
    let resource = if kind == RequestKind::BrowserCreate { "browser" } else { "event" };
    format!("{}/v1.2/{resource}/create.json", target.base_url)
}

/// Returns the URL that sends a message: the complete event, or `{}` to create a browser.
#[must_use]
pub fn request_url(target: &Target, kind: RequestKind, message: &str) -> String {
    let mut url = endpoint(target, kind);
    url.push_str("?client_key=");
    percent_encode(&mut url, &target.client_key);
    url.push_str("&message=");
    percent_encode(&mut url, message);
    url
}

/// Returns the length in bytes of an event's percent-encoded URL, with a browser ID as the service
/// creates it.
#[must_use]
pub fn event_url_length(target: &Target, event: &EventJson) -> usize {
    // All events have the same endpoint.
    let frame = request_url(target, RequestKind::Identity, &with_browser_id("{", ""));
    frame.len() + BROWSER_ID_LENGTH + percent_encoded_length(members(event.as_str()))
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
            _ => PERCENT_ENCODED_BYTES[byte as usize],
        };
        if byte == u8::MAX {
            break lengths;
        }
        byte += 1;
    }
};

/// The number of URL bytes that each byte takes, percent-encoded.
const PERCENT_ENCODED_BYTES: [u8; 256] = {
    let (mut lengths, mut byte) = ([3; 256], 0_u8);
    loop {
        if is_unreserved(byte) {
            lengths[byte as usize] = 1;
        }
        if byte == u8::MAX {
            break lengths;
        }
        byte += 1;
    }
};

pub(super) fn percent_encoded_length(text: &str) -> usize {
    text.bytes().map(|byte| usize::from(PERCENT_ENCODED_BYTES[usize::from(byte)])).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use url::Url;

    use super::*;

    /// Base URLs as they are typed, some with a path.
    const BASE_URLS: &str = "https://(([a-z]{1,9}\\.)?example|\\[::1\\]|10\\.0\\.0\\.1)(:[1-9][0-9]{1,3})?(/[a-zA-Z0-9 .~'%{}|^_-]{0,9}){0,3}/?";

    /// Any characters, with ASCII as frequent as all others.
    fn any_text() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop_oneof!["[\\x00-\\x7f]", any::<char>().prop_map(String::from)],
            0..60,
        )
        .prop_map(|chars| chars.concat())
    }

    fn event(text: &str) -> EventJson {
        EventJson::of(&BTreeMap::from([("a", text)]))
    }

    fn target() -> Target {
        Target { base_url: "https://stream.example".into(), client_key: "k&y".into() }
    }

    #[test]
    fn only_reserved_bytes_are_percent_encoded() {
        let event = event("b c+d&e#f'g/h?i:j@k%l\u{e9}");
        insta::assert_snapshot!(request_url(&target(), RequestKind::Identity, &with_browser_id(event.as_str(), "B")), @"https://stream.example/v1.2/event/create.json?client_key=k%26y&message=%7B%22browser_id%22:%22B%22,%22a%22:%22b%20c%2Bd%26e%23f%27g/h?i:j@k%25l%C3%A9%22%7D");
        insta::assert_snapshot!(request_url(&target(), RequestKind::BrowserCreate, "{}"), @"https://stream.example/v1.2/browser/create.json?client_key=k%26y&message=%7B%7D");
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
            let (target, event) = (crate::stream::target(&base_url, &client_key).unwrap(), event(&text));
            let sent = with_browser_id(event.as_str(), "a38b230c-11eb-4cf9-8d5d-274e9f344925");
            let url = request_url(&target, RequestKind::Add, &sent);
            prop_assert_eq!(event_url_length(&target, &event), url.len());
            let parsed = Url::parse(&url).unwrap();
            prop_assert_eq!(parsed.as_str(), url);
            let message = parsed.query_pairs().find(|(name, _)| name == "message").unwrap().1;
            prop_assert_eq!(message, sent);
        }
    }
}
