//! The words of a service's answer that are shown and counted: those of a list, and no other, since
//! the service may repeat any value of the order.
//!
//! Called by `failure` and `report`. The whole answer is in `results.ndjson` and beside the
//! rejects, which hold the order itself.

use super::cut_text::{cut_end, until_quote};

/// Maximum length of the service's message in a reason, in characters.
const MAX_MESSAGE_CHARS: usize = 120;

/// The words of a service's message that are shown: those of error messages and of the manual's
/// events.
const SHOWN_WORDS: &str = "\
    a able about above action adding after allowed already also an and any are array as at attribute \
    attributes available bad be been before below between body boolean both browser but by can cannot \
    cart changed channel characters checkout code confirm contact contacts consumer consumers content \
    could country create currency currencycode customer data date decimal deleted denied did different \
    disabled do does doesn't duplicate e-mail email empty encoded error event events exceed exceeded exceeds \
    exist existing exists expected expired extension fail failed failure field fields firstname for \
    forbidden format found from greater guest has have header http id identified identifier \
    identifiers identity in incorrect injected fault integer internal into invalid is isn't it item \
    items its json key known language lastname least length less limit list long longer malformed \
    many match matches maximum message minimum missing more most must name names no none not null \
    number object of on one only or order ordercheckout ordereditems orderedat orderitems other out \
    page parameter parse parsed paymenttype please pos present price processed processing product \
    productid property provided provider providers quantity rate read received referenceid refused \
    rejected request requests required resource response same schema server service session should \
    size small string such support supported than that the there this time timed timestamp to too \
    try again type types unable unauthorized unexpected unknown unprocessable unrecognized \
    unsupported url use used valid validate validation value values version was were with within \
    without wrong you your zero";

/// Returns the words of the message within a body that are of [`SHOWN_WORDS`].
/// `{"message":"phone of N-17 is invalid","code":1}` becomes `phone of … is invalid`.
pub(super) fn shown_message(body: &str) -> String {
    shown_words(service_message(body))
}

/// Returns the words of a text that are of [`SHOWN_WORDS`], and `…` for all others.
#[must_use]
pub fn shown_words(text: &str) -> String {
    let is_shown = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        SHOWN_WORDS.split_whitespace().any(|shown| shown == word)
    };
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        match is_shown(word) {
            true => words.push(word.trim_matches(['"', '\\', '{', '}', '[', ']'])),
            false if words.last() != Some(&"…") => words.push("…"),
            false => {}
        }
    }
    cut_end(&words.join(" "), MAX_MESSAGE_CHARS)
}

/// Returns the start of the message within a body of JSON, which may be cut off; any other body is
/// one itself.
fn service_message(body: &str) -> &str {
    let of_key =
        |key: &str| body.split_once(key)?.1.trim_start_matches([':', ' ']).strip_prefix('"');
    let keys = ["\"message\"", "\"developerMessage\"", "\"error\""];
    keys.into_iter().find_map(of_key).map_or(body, until_quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_that_a_service_repeats_is_shown() {
        for (body, shown) in [
            (
                r#"{"status":400,"message":"guest Ann Leewood, phone +49 30 1234567, \"GEAR\" unknown","code":2000}"#,
                "guest … unknown",
            ),
            (r#"{"message":"the type GEAR is not known"}"#, "the type … is not known"),
            // Cut off, and with a redacted word that held the end of the text.
            (r#"{"message":"no such type [redacted] in Ann"#, "no such type … in …"),
            ("<html><body>Leewood</body>", "…"),
            ("", ""),
        ] {
            assert_eq!(shown_message(body), shown);
        }
    }

    #[test]
    fn message_ends_at_its_closing_quote() {
        for body in [
            r#"{"message":"email is invalid","code":400,"field":"guest"}"#,
            r#"{"message": "email is invalid", "code": 400, "field": "guest"}"#,
            r#"{ "code" : 400, "message" : "email is invalid" }"#,
            r#"{"message": "email is invalid"#,
        ] {
            assert_eq!(shown_message(body), "email is invalid", "{body}");
        }
        assert_eq!(shown_message(r#"{"error":"no \"type\" \\","code":1}"#), "no type …");
    }
}
