//! What a request is, as far as it decides about its faults: what it says, and for some what its browser said before.
//!
//! It decides nothing. Called by `night`, and by the dealer.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::message;

/// A digest of a request, whichever browser it came from: of its path and its message without `browser_id`, which is
/// another one in each run. Two that have the same digest share their count, which harms nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::sandbox) struct Thing(u64);

/// A request before it is known what its browser said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct Said {
    thing: Thing,
    part: Part,
}

/// What a request has to do with those before it. A browser stands as the digest of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Alone,
    Add(u64),
    /// Of an order that it does not name, or not always: many a `CLEAR_CART` has the same words.
    AfterAdd(u64),
}

impl Said {
    pub(in crate::sandbox) fn read(path: &str, message: Option<&str>) -> Self {
        let (text, relation) = match message::read_object(message) {
            Ok(event) => words_and_part(event),
            Err(_) => (message.unwrap_or_default().to_owned(), Part::Alone),
        };
        Self { thing: Thing(digest(&[path.as_bytes(), b"\n", text.as_bytes()])), part: relation }
    }
}

fn words_and_part(mut event: Map<String, Value>) -> (String, Part) {
    let browser_id = event.remove("browser_id");
    let browser = digest(&[browser_id.unwrap_or_default().to_string().as_bytes()]);
    let part = match event.get("type").and_then(Value::as_str) {
        Some("ADD") => Part::Add(browser),
        Some("ADD_CONTACTS" | "ADD_CONSUMERS" | "CONFIRM" | "CHECKOUT" | "CLEAR_CART") => Part::AfterAdd(browser),
        _ => Part::Alone,
    };
    (Value::Object(event).to_string(), part)
}

impl Thing {
    pub(super) fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    fn after(self, before: Self) -> Self {
        Self(digest(&[&before.to_le_bytes(), &self.to_le_bytes()]))
    }
}

/// The ADD that each browser sent last, which tells one order's events from another's though their words are equal.
#[derive(Debug, Default)]
pub(super) struct LastAdds(HashMap<u64, Thing>);

impl LastAdds {
    pub(super) fn thing(&mut self, Said { thing: key, part: relation }: Said) -> Thing {
        match relation {
            Part::Alone => {}
            Part::Add(browser) => {
                self.0.insert(browser, key);
            }
            Part::AfterAdd(browser) => return self.0.get(&browser).map_or(key, |add| key.after(*add)),
        }
        key
    }
}

fn digest(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let (words, _) = hash.as_bytes().as_chunks();
    u64::from_le_bytes(words[0])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: &str, browser: &str, words: &Value) -> Said {
        let event = json!({ "type": kind, "browser_id": browser, "words": words });
        Said::read("/v1.2/event/create.json", Some(&event.to_string()))
    }

    /// The things of an order's ADD and of what comes after it with the same words for each order.
    fn of_order(adds: &mut LastAdds, n: u32, browser: &str) -> Vec<Thing> {
        let rest = ["ADD_CONTACTS", "ADD_CONSUMERS", "CONFIRM", "CHECKOUT", "CLEAR_CART"];
        let add = adds.thing(said("ADD", browser, &json!(n)));
        [add].into_iter().chain(rest.map(|kind| adds.thing(said(kind, browser, &json!("same"))))).collect()
    }

    #[test]
    fn what_comes_after_an_add_is_of_its_order_whichever_the_browser() {
        let mut adds = LastAdds::default();
        let (one, other) = (of_order(&mut adds, 1, "a"), of_order(&mut adds, 2, "b"));
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
        assert_eq!(one, of_order(&mut LastAdds::default(), 1, "c"));
        assert_eq!(one, of_order(&mut adds, 1, "b"));
        assert_eq!(adds.thing(said("CLEAR_CART", "a", &json!("same"))), one[5], "again");
    }

    #[test]
    fn a_thing_is_its_path_and_its_message_without_the_browser() {
        let thing = |path, message| LastAdds::default().thing(Said::read(path, message));
        let identity = |browser| LastAdds::default().thing(said("IDENTITY", browser, &json!(1)));
        assert_eq!(identity("a"), identity("b"));
        assert_ne!(identity("a"), LastAdds::default().thing(said("IDENTITY", "a", &json!(2))));
        let create = |message| thing("/v1.2/browser/create.json", message);
        assert_eq!(create(Some("{}")), create(Some(" { } ")));
        assert_ne!(create(Some("{}")), thing("/v1.2/event/create.json", Some("{}")));
        assert_ne!(create(Some("no JSON")), create(None));
    }
}
