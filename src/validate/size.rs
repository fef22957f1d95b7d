//! Whether an order's events fit one request each: they travel in the query of a GET.

use super::{Settings, findings::Findings};
use crate::{
    event::{json, url},
    model::{draft::Draft, field::Field, order::Order, problem::Code},
};

/// The most bytes of a URL that a byte of a value takes: a control character is `\u0001`, its backslash `%5C`.
const WORST_BYTE: usize = 8;

/// The most that an attribute takes beside its value: its name, quotes and marks, and the digits that a number such as
/// `1e20` stands for. The longest is the one identifier, `%22identifiers%22:%5B%7B%22provider%22:%22email%22,%22id%22:`.
const ATTRIBUTE: usize = 64;

/// The most that an item takes beside its attributes: braces, and the frame of its extensions.
const ITEM: usize = 120;

/// The same for the whole event: browser id, type, common attributes, the frames of order and guest.
const EVENT: usize = 600;

/// Whether it takes a closer look to know that the events fit: of nearly all orders the size of their cells tells it.
pub(super) fn may_be_too_large(draft: &Draft<'_>, settings: &Settings) -> bool {
    let common = &settings.common;
    let defaults = [&common.channel, &common.language, &common.currency, &common.page, &common.pos];
    let defaults: usize = defaults.into_iter().flatten().map(String::len).sum();
    let items = draft.items.iter().flat_map(|item| item.cells.iter());
    let cells = draft.cells.iter().chain(items);
    let cells: usize = cells.map(|cell| WORST_BYTE * cell.text.len() + ATTRIBUTE + name_length(&cell.field)).sum();
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    EVENT + target + WORST_BYTE * defaults + cells + ITEM * draft.items.len() > settings.max_url_bytes
}

/// Only the names of extension attributes and providers are of any length.
fn name_length(field: &Field) -> usize {
    match field {
        Field::Extension(key) | Field::ItemExtension(key) => WORST_BYTE * key.name.len(),
        Field::Identifier(provider) => WORST_BYTE * provider.len(),
        _ => 0,
    }
}

/// Finds the events that are too long.
pub(super) fn fits_one_request(order: &Order<'_>, settings: &Settings, findings: &mut Findings) {
    let events =
        [("ORDER_CHECKOUT", json::order_checkout(order)), ("IDENTITY", json::identity(&order.guest, &order.common))];
    for (name, event) in events {
        let length = url::event_url_length(&settings.target, &event);
        if length > settings.max_url_bytes {
            let items = if name == "IDENTITY" { String::new() } else { format!(" with {} items", order.items.len()) };
            let words = format!(
                "{name}{items} makes a URL of {length} bytes, more than the {} that are allowed",
                settings.max_url_bytes
            );
            findings.order(Code::EventTooLarge, words);
        }
    }
}
