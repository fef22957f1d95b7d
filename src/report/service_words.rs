//! The words of a service's answer that are shown and counted: those of a list, and no other, since
//! the service may repeat any value of the order.
//!
//! Called by `reasons`. The whole answer is in `results.ndjson` and beside the rejects, which hold
//! the order itself.

use crate::model::{diagnostic::cut_end, failure::ServiceAnswer, request::RequestKind};

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

/// Returns an answer without what varies from order to order and may be a value of one.
/// `HTTP 400: field "phone" of N-17 is invalid` becomes `HTTP 400: field … of … is invalid`, after
/// the event if an order has several.
pub(super) fn shown_answer(request: RequestKind, answer: &ServiceAnswer) -> String {
    let message = shown_words(service_message(&answer.message));
    let answer = ServiceAnswer { message, ..*answer };
    if request.needs_cart() { format!("{}, {answer}", request.name()) } else { answer.to_string() }
}

/// Returns the words of a text that are of [`SHOWN_WORDS`], and `…` for all others.
pub(super) fn shown_words(text: &str) -> String {
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
    // What follows the message is not a part of it: `"code":400}`.
    let message = keys.into_iter().find_map(of_key);
    message.map_or(body, |message| message.split("\",\"").next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_that_a_service_repeats_is_shown() {
        use RequestKind::{Add, OrderCheckout};
        for (request, status, message, shown) in [
            (
                OrderCheckout,
                400,
                r#"{"status":400,"message":"guest Ann Leewood, phone +49 30 1234567, \"GEAR\" unknown","code":2000}"#,
                "HTTP 400: guest … unknown",
            ),
            (
                Add,
                400,
                r#"{"message":"the type GEAR is not known"}"#,
                "ADD, HTTP 400: the type … is not known",
            ),
            // Cut off, and with a redacted word that held the end of the text.
            (
                OrderCheckout,
                422,
                r#"{"message":"no such type [redacted] in Ann"#,
                "HTTP 422: no such type … in …",
            ),
            (OrderCheckout, 400, "<html><body>Leewood</body>", "HTTP 400: …"),
            (OrderCheckout, 400, "", "HTTP 400"),
        ] {
            let answer = ServiceAnswer { status, message: message.to_owned() };
            assert_eq!(shown_answer(request, &answer), shown);
        }
    }
}
