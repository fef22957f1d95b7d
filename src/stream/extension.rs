//! Types of the extension attributes in an encoded event, as the tenant infers them.
//!
//! Reads the JSON that is sent rather than the profile, because the tenant fixes an attribute's
//! type from that JSON. Does not check for conflicts. Called by `pipeline` when the
//! intent of an order is recorded, and by `planned`.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::payload::StreamPayload;
use crate::model::{
    field::{AttributeType, ExtensionScope, ExtensionType},
    planned::{Payload, PlannedOrder},
    route::Route,
};

/// Members of an extension object that are not attributes.
const RESERVED_MEMBERS: [&str; 2] = ["name", "key"];

/// The start of the `extensions` member in an event.
const EXTENSIONS_MEMBER: &str = "\"extensions\":[";

#[derive(Deserialize)]
struct CheckoutExtensions<'a> {
    #[serde(borrow)]
    order: OrderExtensions<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderExtensions<'a> {
    #[serde(borrow, default)]
    extensions: Vec<RawAttributes<'a>>,
    #[serde(borrow, default)]
    order_items: Vec<ItemExtensions<'a>>,
}

#[derive(Deserialize)]
struct ItemExtensions<'a> {
    #[serde(borrow, default)]
    extensions: Vec<RawAttributes<'a>>,
}

type RawAttributes<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// Returns the types of the extension attributes that an order is sent with, sorted and without
/// duplicates. An order assembled from several events carries none.
#[must_use]
pub fn types_sent(order: &PlannedOrder) -> Vec<AttributeType> {
    if order.encoded.route == Route::Single { types_in(&order.encoded.payload) } else { Vec::new() }
}

fn types_in(payload: &Payload) -> Vec<AttributeType> {
    // A substring search, so that events without extensions are not parsed.
    if !payload.as_str().contains(EXTENSIONS_MEMBER) {
        return Vec::new();
    }
    // The program encoded the event itself, so it always parses.
    let Ok(StreamPayload { events, .. }) = payload.parse() else { return Vec::new() };
    let checkout = events.last().map_or("", |event| event.1.as_str());
    let Ok(CheckoutExtensions { order }) = serde_json::from_str(checkout) else {
        return Vec::new();
    };
    let order_attributes =
        order.extensions.iter().map(|attributes| (ExtensionScope::Order, attributes));
    let item_attributes = order.order_items.iter().flat_map(|item| &item.extensions);
    let all = order_attributes
        .chain(item_attributes.map(|attributes| (ExtensionScope::Item, attributes)));
    let mut types: Vec<_> =
        all.flat_map(|(scope, attributes)| types_of(scope, attributes)).collect();
    types.sort_unstable();
    types.dedup();
    types
}

fn types_of(
    scope: ExtensionScope,
    attributes: &RawAttributes<'_>,
) -> impl Iterator<Item = AttributeType> {
    let is_attribute = |(name, _): &(&Cow<'_, str>, _)| !RESERVED_MEMBERS.contains(&&***name);
    let to_type = move |(name, value): (&Cow<'_, str>, &&RawValue)| AttributeType {
        scope,
        name: name.clone().into_owned(),
        data_type: json_type(value.get()),
    };
    attributes.iter().filter(is_attribute).map(to_type)
}

fn json_type(json: &str) -> ExtensionType {
    match json.as_bytes().first() {
        Some(b'"') => ExtensionType::String,
        Some(b't' | b'f') => ExtensionType::Boolean,
        _ if json.contains(['.', 'e', 'E']) => ExtensionType::Float,
        _ => ExtensionType::Integer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::order::ExtensionValue,
        stream::event_json::tests::{extension, order},
    };

    #[test]
    fn types_sent_match_json() {
        let mut order = order();
        let types = |order: &_| {
            let types = types_in(&Payload::from(&StreamPayload::single(order)));
            let shown = types
                .iter()
                .map(|of| format!("{}.{} {}", of.scope.as_str(), of.name, of.data_type.name()));
            shown.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(types(&order), "order.refundable boolean");
        order.items[0].extension =
            extension("weight", ExtensionValue::Float("10".parse().unwrap()));
        order.extension = extension("n\"1", ExtensionValue::Number("10".parse().unwrap()));
        assert_eq!(types(&order), "order.n\"1 integer, item.weight float");
        order.extension = extension("note", ExtensionValue::Text("1.5".into()));
        order.items[0].extension = crate::model::order::Extension::default();
        assert_eq!(types(&order), "order.note string");
        order.extension = crate::model::order::Extension::default();
        assert_eq!(types(&order), "");
    }
}
