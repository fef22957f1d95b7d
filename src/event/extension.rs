//! The types that extension attributes have in an event, as the tenant sees them.

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::for_browser;
use crate::model::{
    field::{ExtensionKind, ExtensionScope, ExtensionType},
    planned::OrderEvents,
};

/// Members of an extension object that are no attributes.
const NO_ATTRIBUTES: [&str; 2] = ["name", "key"];

/// What stands in front of an event's extensions.
const MARK: &str = "\"extensions\":[";

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    order: ObjectOfOrder<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectOfOrder<'a> {
    #[serde(borrow, default)]
    extensions: Vec<Attributes<'a>>,
    #[serde(borrow, default)]
    order_items: Vec<ObjectOfItem<'a>>,
}

#[derive(Deserialize)]
struct ObjectOfItem<'a> {
    #[serde(borrow, default)]
    extensions: Vec<Attributes<'a>>,
}

type Attributes<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// The types of the extension attributes that an order is sent with. Several events carry none.
#[must_use]
pub fn types_sent(events: &OrderEvents) -> Vec<ExtensionType> {
    let OrderEvents::Single(checkout) = events else { return Vec::new() };
    if !checkout.0.contains(MARK) {
        return Vec::new();
    }
    let json = for_browser(checkout, "");
    // An event that this program made always parses.
    let Ok(Event { order }) = serde_json::from_str(&json) else { return Vec::new() };
    let order_attributes = order.extensions.iter().map(|attributes| (ExtensionScope::Order, attributes));
    let item_attributes = order.order_items.iter().flat_map(|item| &item.extensions);
    let all = order_attributes.chain(item_attributes.map(|attributes| (ExtensionScope::Item, attributes)));
    let mut types: Vec<_> = all.flat_map(|(scope, attributes)| types_of(scope, attributes)).collect();
    types.sort_unstable();
    types.dedup();
    types
}

fn types_of(scope: ExtensionScope, attributes: &Attributes<'_>) -> impl Iterator<Item = ExtensionType> {
    let is_attribute = |(name, _): &(&Cow<'_, str>, _)| !NO_ATTRIBUTES.contains(&&***name);
    let to_type = move |(name, value): (&Cow<'_, str>, &&RawValue)| ExtensionType {
        scope,
        name: name.clone().into_owned(),
        kind: kind_of(value.get()),
    };
    attributes.iter().filter(is_attribute).map(to_type)
}

fn kind_of(json: &str) -> ExtensionKind {
    match json.as_bytes().first() {
        Some(b'"') => ExtensionKind::String,
        Some(b't' | b'f') => ExtensionKind::Boolean,
        _ if json.contains(['.', 'e', 'E']) => ExtensionKind::Float,
        _ => ExtensionKind::Integer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::json::{
            order_checkout,
            tests::{extension, order},
        },
        model::order::ExtensionValue,
    };

    #[test]
    fn types_are_those_of_the_json() {
        let mut order = order();
        let types = |order: &_| {
            let types = types_sent(&OrderEvents::Single(order_checkout(order)));
            let shown = types.iter().map(|of| format!("{}.{} {}", of.scope.as_str(), of.name, of.kind.name()));
            shown.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(types(&order), "order.refundable boolean");
        order.items[0].extension = extension("weight", ExtensionValue::Float("10".parse().unwrap()));
        order.extension = extension("n\"1", ExtensionValue::Number("10".parse().unwrap()));
        assert_eq!(types(&order), "order.n\"1 integer, item.weight float");
        order.extension = extension("note", ExtensionValue::Text("1.5".into()));
        order.items[0].extension = crate::model::order::Extension::default();
        assert_eq!(types(&order), "order.note string");
        order.extension = crate::model::order::Extension::default();
        assert_eq!(types(&order), "");
    }
}
