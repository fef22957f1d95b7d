//! Whether an order's events fit one request each: they travel in the query of a GET.

use super::{ValidateSettings, assembled, findings::Findings};
use crate::{
    event::{json, sequence, url},
    model::{
        draft::{Cell, Draft, PersonDraft, PersonRole},
        field::{Field, FieldGroup},
        order::Order,
        planned::{EventJson, EventSequence},
        problem::Code,
        route::{ConfirmMode, Mode, Route},
    },
};

/// The most bytes of a URL that a byte of a value takes: a control character is `\u0001`, its backslash `%5C`.
const MAX_BYTES_PER_BYTE: usize = 8;

/// The most that an attribute takes beside its value: its name, quotes and marks. The longest is
/// `%22currencyCode%22:%22EUR%22,`.
const ATTRIBUTE_OVERHEAD: usize = 32;

/// The most digits that a number such as `1e20` stands for.
const MAX_DIGITS: usize = 32;

/// `%22identifiers%22:%5B%7B%22provider%22:%22email%22,%22id%22:%22%22%7D%5D,`
const IDENTIFIER_OVERHEAD: usize = 80;

/// The most that an item takes beside its attributes: braces, and the frame of its extensions.
const ITEM_OVERHEAD: usize = 120;

/// The same for the whole event: browser id, type, common attributes, the frames of order and guest.
const EVENT_OVERHEAD: usize = 600;

/// What ADD says of every item beside the item's own cells: its id, and its date, currency and reference where the order
/// stands in for them.
const ADD_OVERHEAD: usize = 3 * (ATTRIBUTE_OVERHEAD + MAX_DIGITS);

/// The most that the name of an item takes: `,%7B%22item_id%22:%2218446744073709551615%22%7D`
const ITEM_NAME_BYTES: usize = 48;

/// About so many items does one CONFIRM of 8 KiB name.
const MAX_CONFIRMED_ITEMS: usize = 260;

/// The most bytes that some events of an order take.
#[derive(Default)]
struct SizeBounds {
    identity: usize,
    /// The longest of those that carry the order.
    largest: usize,
}

/// Whether the events of an order fit one request each; finds those that do not, and a sequence of them that takes too
/// long. Of nearly all orders the size of their cells tells it.
pub(super) fn fits(order: &Order<'_>, draft: &Draft<'_>, settings: &ValidateSettings, findings: &mut Findings) -> bool {
    let may_exceed = || may_exceed_limit(draft, order.route, settings);
    match order.route {
        Route::Single => !may_exceed() || fits_one_request(order, settings, findings),
        // What cannot be sent in time is not looked at any closer: it may be as long as the export is.
        Route::Multi => {
            !assembled::fits_session(min_requests(order), settings, findings)
                || !may_exceed()
                || sequence_fits(order, settings, findings)
        }
    }
}

/// ADDs, ADD_CONTACTS, CHECKOUT, one CONFIRM, and ADD_CONSUMERS if there are any.
fn min_requests(order: &Order<'_>) -> u64 {
    (order.items.len() + 3 + usize::from(!order.consumers.is_empty())) as u64
}

fn sequence_fits(order: &Order<'_>, settings: &ValidateSettings, findings: &mut Findings) -> bool {
    let sequence = sequence::sequence(order, settings.url_limits());
    // With CONFIRM in parts there may be more requests than were counted.
    assembled::fits_session(sequence.n_requests(), settings, findings);
    each_fits(order, &sequence, settings, findings)
}

/// Whether it takes a closer look to know that the events fit.
pub(super) fn may_exceed_limit(draft: &Draft<'_>, route: Route, settings: &ValidateSettings) -> bool {
    let common = &settings.common;
    let defaults = [&common.channel, &common.language, &common.currency, &common.page, &common.pos];
    let defaults: usize = defaults.into_iter().flatten().map(String::len).sum();
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    let max_bytes = |SizeBounds { identity, largest }| {
        identity.max(largest) + EVENT_OVERHEAD + target + MAX_BYTES_PER_BYTE * defaults
    };
    max_bytes(size_bounds(draft, route, |text| MAX_BYTES_PER_BYTE * text.len())) > settings.max_url_bytes
        && max_bytes(size_bounds(draft, route, url::encoded_json_length)) > settings.max_url_bytes
}

/// If a text takes so many bytes.
fn size_bounds(draft: &Draft<'_>, route: Route, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    match route {
        Route::Single => single_bounds(draft, text_bytes),
        Route::Multi => multi_bounds(draft, text_bytes),
    }
}

/// The most that the attributes of IDENTITY and of ORDER_CHECKOUT take.
fn single_bounds(draft: &Draft<'_>, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    let size = |cell: &Cell<'_>| max_attribute_bytes(cell, text_bytes(&cell.text));
    let (mut identity, mut checkout) = (0, 0);
    for cell in draft.cells.iter() {
        match cell.field.group() {
            FieldGroup::Guest => identity += size(cell),
            FieldGroup::Event => (identity, checkout) = (identity + size(cell), checkout + size(cell)),
            FieldGroup::Order | FieldGroup::Item => checkout += size(cell),
        }
    }
    for item in &draft.items {
        checkout += ITEM_OVERHEAD + item.cells.iter().map(&size).sum::<usize>();
    }
    SizeBounds { identity, largest: checkout }
}

/// The same of IDENTITY and of the events that assemble an order. CONFIRM names all items, in parts no more than fit.
fn multi_bounds(draft: &Draft<'_>, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    let size = |cells: &[Cell<'_>], is_in: fn(FieldGroup) -> bool| -> usize {
        cells
            .iter()
            .filter(|cell| is_in(cell.field.group()))
            .map(|cell| max_attribute_bytes(cell, text_bytes(&cell.text)))
            .sum()
    };
    let cells = &draft.cells[..];
    let (guest, event) =
        (size(cells, |group| group == FieldGroup::Guest), size(cells, |group| group == FieldGroup::Event));
    let order = size(cells, |group| group == FieldGroup::Order);
    let adds = draft.items.iter().map(|item| ITEM_OVERHEAD + ADD_OVERHEAD + order + size(&item.cells, |_| true));
    let people = |role| draft.people.iter().filter(move |person: &&PersonDraft<'_>| person.role == role);
    let people_bytes = |role| {
        people(role).map(|person| ITEM_OVERHEAD + ITEM_NAME_BYTES + size(&person.cells, |_| true)).sum::<usize>()
    };
    let contacts = ITEM_OVERHEAD + guest + people_bytes(PersonRole::Contact);
    let confirm = ITEM_NAME_BYTES * draft.items.len();
    let largest = [contacts, people_bytes(PersonRole::Consumer), confirm, order].into_iter().chain(adds).max();
    SizeBounds { identity: guest + event, largest: largest.unwrap_or(0) + event }
}

/// The most that the attribute of a cell takes whose text takes so many bytes.
fn max_attribute_bytes(cell: &Cell<'_>, text: usize) -> usize {
    match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
            ATTRIBUTE_OVERHEAD + MAX_DIGITS + MAX_BYTES_PER_BYTE * key.name.len() + text
        }
        // An address is made lower case, in which a letter may have three bytes instead of two, and may be the identifier
        // too.
        Field::Identifier(provider) => IDENTIFIER_OVERHEAD + MAX_BYTES_PER_BYTE * provider.len() + 2 * text,
        Field::GuestEmail => IDENTIFIER_OVERHEAD + ATTRIBUTE_OVERHEAD + 3 * text,
        // Each line is a text of its own.
        Field::GuestStreet => ATTRIBUTE_OVERHEAD + 2 * text,
        field if field.is_number() => ATTRIBUTE_OVERHEAD + MAX_DIGITS + text,
        Field::OrderedAt | Field::ItemOrderedAt => ATTRIBUTE_OVERHEAD + MAX_DIGITS + text,
        _ => ATTRIBUTE_OVERHEAD + text,
    }
}

/// Whether IDENTITY and ORDER_CHECKOUT fit; finds which does not.
fn fits_one_request(order: &Order<'_>, settings: &ValidateSettings, findings: &mut Findings) -> bool {
    let checkout = exceeds_url_limit(&json::order_checkout(order), settings);
    if let Some(excess) = &checkout {
        let needs_parts = settings.confirm == ConfirmMode::Whole && order.items.len() > MAX_CONFIRMED_ITEMS;
        let hint = match settings.mode {
            Mode::Single if needs_parts => {
                "; mode auto with confirm = \"parts\" assembles such orders from several events"
            }
            Mode::Single => "; mode auto assembles such orders from several events",
            Mode::Multi | Mode::Auto => "",
        };
        let message = format!("ORDER_CHECKOUT with {} items {excess}{hint}", order.items.len());
        findings.on_order(Code::EventTooLarge, message);
    }
    identity_fits(order, settings, findings);
    checkout.is_none()
}

/// Whether all events of a sequence, and IDENTITY, fit; finds which do not.
fn each_fits(
    order: &Order<'_>,
    sequence: &EventSequence,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> bool {
    let of_items = (1..).zip(&sequence.adds).map(|(item, add)| (format!("ADD of item {item}"), add));
    let confirm = format!("CONFIRM with {} items", order.items.len());
    let confirms = sequence.confirms.iter().map(|event| (confirm.clone(), event));
    let contacts = [("ADD_CONTACTS".to_owned(), &sequence.contacts), ("CHECKOUT".to_owned(), &sequence.checkout)];
    let consumers = sequence.consumers.iter().map(|event| ("ADD_CONSUMERS".to_owned(), event));
    let mut fit = true;
    for (name, event) in of_items.chain(contacts).chain(consumers).chain(confirms) {
        let Some(excess) = exceeds_url_limit(event, settings) else { continue };
        let may_be_split = name == confirm && settings.confirm == ConfirmMode::Whole;
        let hint = if may_be_split { "; confirm = \"parts\" would name them in several" } else { "" };
        findings.on_order(Code::EventTooLarge, format!("{name} {excess}{hint}"));
        fit = false;
    }
    identity_fits(order, settings, findings) && fit
}

fn identity_fits(order: &Order<'_>, settings: &ValidateSettings, findings: &mut Findings) -> bool {
    let excess = exceeds_url_limit(&json::identity(&order.guest, &order.common), settings);
    if let Some(excess) = &excess {
        findings.on_order(Code::EventTooLarge, format!("IDENTITY {excess}"));
    }
    excess.is_none()
}

fn exceeds_url_limit(event: &EventJson, settings: &ValidateSettings) -> Option<String> {
    let (length, limit) = (url::event_url_length(&settings.target, event), settings.max_url_bytes);
    (length > limit).then(|| format!("makes a URL of {length} bytes, more than the {limit} that are allowed"))
}
