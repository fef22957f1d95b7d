//! Key of a request for the fault scheduler: a digest of its content and, for events of a cart, of
//! the ADD before it.
//!
//! It selects no faults. Called by `fault_injector` and `scheduler`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::super::message::parse_object;
use super::super::request_kind::TenantRequestKind;

/// A digest of a request's path and of its message without `browser_id`, which differs in each run.
// Requests with the same digest share their count, which is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::sandbox) struct RequestKey(u64);

/// A request whose relation to earlier events of its browser is not resolved yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) struct RequestContent {
    key: RequestKey,
    relation: OrderRelation,
}

/// The relation of a request to the ones before it. A browser is given by the digest of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OrderRelation {
    Standalone,
    Add(u64),
    // These events do not, or not always, identify their order: many `CLEAR_CART`s have equal
    // messages.
    AfterAdd(u64),
}

impl RequestContent {
    pub(in crate::sandbox) fn parse(path: &str, message: Option<&str>) -> Self {
        let (text, relation) = match parse_object(message) {
            Ok(event) => content_and_relation(event),
            Err(_) => (message.unwrap_or_default().to_owned(), OrderRelation::Standalone),
        };
        Self { key: RequestKey(digest(&[path.as_bytes(), b"\n", text.as_bytes()])), relation }
    }
}

fn content_and_relation(mut event: Map<String, Value>) -> (String, OrderRelation) {
    let browser_id = event.remove("browser_id");
    let browser = digest(&[browser_id.unwrap_or_default().to_string().as_bytes()]);
    let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let relation = match TenantRequestKind::from_event_type(event_type) {
        TenantRequestKind::Add => OrderRelation::Add(browser),
        kind if kind.is_of_cart() => OrderRelation::AfterAdd(browser),
        _ => OrderRelation::Standalone,
    };
    (Value::Object(event).to_string(), relation)
}

impl RequestKey {
    pub(super) fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    fn after_add(self, add: Self) -> Self {
        Self(digest(&[&add.to_le_bytes(), &self.to_le_bytes()]))
    }
}

/// The last ADD of each browser. It distinguishes the events of different orders whose messages are
/// equal.
#[derive(Debug, Default)]
pub(super) struct LastAddByBrowser(HashMap<u64, RequestKey>);

impl LastAddByBrowser {
    pub(super) fn key_of(
        &mut self,
        RequestContent { key, relation }: RequestContent,
    ) -> RequestKey {
        match relation {
            OrderRelation::Standalone => {}
            OrderRelation::Add(browser) => {
                self.0.insert(browser, key);
            }
            OrderRelation::AfterAdd(browser) => {
                return self.0.get(&browser).map_or(key, |add| key.after_add(*add));
            }
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

    fn content(kind: &str, browser: &str, value: &Value) -> RequestContent {
        let event = json!({ "type": kind, "browser_id": browser, "value": value });
        RequestContent::parse("/v1.2/event/create.json", Some(&event.to_string()))
    }

    /// The keys of an order's ADD and of the events after it, whose messages are equal for all
    /// orders.
    fn of_order(adds: &mut LastAddByBrowser, n: u32, browser: &str) -> Vec<RequestKey> {
        let rest = ["ADD_CONTACTS", "ADD_CONSUMERS", "CONFIRM", "CHECKOUT", "CLEAR_CART"];
        let add = adds.key_of(content("ADD", browser, &json!(n)));
        [add]
            .into_iter()
            .chain(rest.map(|kind| adds.key_of(content(kind, browser, &json!("same")))))
            .collect()
    }

    #[test]
    fn cart_events_share_the_key_of_their_add() {
        let mut adds = LastAddByBrowser::default();
        let (one, other) = (of_order(&mut adds, 1, "a"), of_order(&mut adds, 2, "b"));
        assert!(one.iter().zip(&other).all(|(one, other)| one != other));
        assert_eq!(one, of_order(&mut LastAddByBrowser::default(), 1, "c"));
        assert_eq!(one, of_order(&mut adds, 1, "b"));
        assert_eq!(adds.key_of(content("CLEAR_CART", "a", &json!("same"))), one[5], "again");
    }

    #[test]
    fn request_key_ignores_the_browser() {
        let key = |path, message| {
            LastAddByBrowser::default().key_of(RequestContent::parse(path, message))
        };
        let identity =
            |browser| LastAddByBrowser::default().key_of(content("IDENTITY", browser, &json!(1)));
        assert_eq!(identity("a"), identity("b"));
        assert_ne!(
            identity("a"),
            LastAddByBrowser::default().key_of(content("IDENTITY", "a", &json!(2)))
        );
        let create = |message| key("/v1.2/browser/create.json", message);
        assert_eq!(create(Some("{}")), create(Some(" { } ")));
        assert_ne!(create(Some("{}")), key("/v1.2/event/create.json", Some("{}")));
        assert_ne!(create(Some("no JSON")), create(None));
    }
}
