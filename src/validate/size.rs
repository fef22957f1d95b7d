//! Whether an order's events fit one request each: they travel in the query of a GET.

use super::{Settings, findings::Findings};
use crate::{
    event::{json, url},
    model::{
        draft::{Cell, Draft},
        field::{Field, Part},
        order::Order,
        problem::Code,
    },
};

/// The most bytes of a URL that a byte of a value takes: a control character is `\u0001`, its backslash `%5C`.
const WORST_BYTE: usize = 8;

/// The most that an attribute takes beside its value: its name, quotes and marks. The longest is
/// `%22currencyCode%22:%22EUR%22,`.
const ATTRIBUTE: usize = 32;

/// The most digits that a number such as `1e20` stands for.
const NUMBER: usize = 32;

/// `%22identifiers%22:%5B%7B%22provider%22:%22email%22,%22id%22:%22%22%7D%5D,`
const IDENTIFIER: usize = 80;

/// The most that an item takes beside its attributes: braces, and the frame of its extensions.
const ITEM: usize = 120;

/// The same for the whole event: browser id, type, common attributes, the frames of order and guest.
const EVENT: usize = 600;

/// Whether it takes a closer look to know that the events fit: of nearly all orders the size of their cells tells it.
pub(super) fn may_be_too_large(draft: &Draft<'_>, settings: &Settings) -> bool {
    let common = &settings.common;
    let defaults = [&common.channel, &common.language, &common.currency, &common.page, &common.pos];
    let defaults: usize = defaults.into_iter().flatten().map(String::len).sum();
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    let most = |of: fn(&str) -> usize| {
        let (identity, checkout) = sizes(draft, of);
        identity.max(checkout) + EVENT + target + WORST_BYTE * defaults
    };
    most(|text| WORST_BYTE * text.len()) > settings.max_url_bytes && most(url::text_length) > settings.max_url_bytes
}

/// The most that the attributes of IDENTITY and of ORDER_CHECKOUT take, if a text takes so many bytes.
fn sizes(draft: &Draft<'_>, of: fn(&str) -> usize) -> (usize, usize) {
    let size = |cell: &Cell<'_>| size(cell, of(&cell.text));
    let (mut identity, mut checkout) = (0, 0);
    for cell in draft.cells.iter() {
        match cell.field.part() {
            Part::Guest => identity += size(cell),
            Part::Event => (identity, checkout) = (identity + size(cell), checkout + size(cell)),
            Part::Order | Part::Item => checkout += size(cell),
        }
    }
    for item in &draft.items {
        checkout += ITEM + item.cells.iter().map(size).sum::<usize>();
    }
    (identity, checkout)
}

/// The most that the attribute of a cell takes whose text takes so many bytes.
fn size(cell: &Cell<'_>, text: usize) -> usize {
    match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) => ATTRIBUTE + NUMBER + WORST_BYTE * key.name.len() + text,
        // An address is made lower case, in which a letter may have three bytes instead of two, and may be the identifier
        // too.
        Field::Identifier(provider) => IDENTIFIER + WORST_BYTE * provider.len() + 2 * text,
        Field::GuestEmail => IDENTIFIER + ATTRIBUTE + 3 * text,
        // Each line is a text of its own.
        Field::GuestStreet => ATTRIBUTE + 2 * text,
        field if field.is_number() => ATTRIBUTE + NUMBER + text,
        Field::OrderedAt | Field::ItemOrderedAt => ATTRIBUTE + NUMBER + text,
        _ => ATTRIBUTE + text,
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
