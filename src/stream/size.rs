//! Size check: whether each event of an order fits one request, since events are sent in the query
//! of a GET.
//!
//! Fast path: an upper bound from the sizes of the cells, which is enough for nearly all orders.
//! Slow path: the events are encoded and measured. Does not send anything. Called by `pipeline`
//! for each order that `validate` builds.

use super::{
    event_json::{self, EventJson},
    multi_event,
    payload::OrderEvent,
    session::exceeds_session,
    settings::StreamSettings,
    url,
};
use crate::model::{
    draft::{Cell, Draft, PersonDraft, PersonRole},
    field::{Field, FieldGroup},
    order::Order,
    problem::{Code, Problem},
    request::RequestKind,
    route::{ConfirmMode, Mode, Route},
    rules::CommonDefaults,
};

/// Maximum URL bytes of one byte of a value: a control character is `\u0001`, and its backslash is
/// `%5C`.
const MAX_BYTES_PER_BYTE: usize = 8;

/// Maximum URL bytes of an attribute in addition to its value: name, quotes and punctuation. The
/// longest is `%22currencyCode%22:%22EUR%22,`.
const ATTRIBUTE_OVERHEAD: usize = 32;

/// How many times as many bytes an identifier may take in Unicode's composed form (UAX #15,
/// table "Expansion Factors").
const MAX_COMPOSED_GROWTH: usize = 3;

/// Maximum digits that a number such as `1e20` expands to.
const MAX_DIGITS: usize = 32;

/// URL bytes of an identifier without its values:
/// `%22identifiers%22:%5B%7B%22provider%22:%22email%22,%22id%22:%22%22%7D%5D,`
const IDENTIFIER_OVERHEAD: usize = 80;

/// Maximum URL bytes of an item in addition to its attributes: braces, and the frame of its
/// extensions.
const ITEM_OVERHEAD: usize = 120;

/// The same for the whole event: browser ID, type, common attributes, the frames of order and
/// guest.
const EVENT_OVERHEAD: usize = 600;

/// URL bytes that ADD has in addition to the item's own cells: its ID, and its date, currency and
/// reference if they are the order's.
const ADD_OVERHEAD: usize = 3 * (ATTRIBUTE_OVERHEAD + MAX_DIGITS);

/// Maximum URL bytes of an item's name in CONFIRM:
/// `,%7B%22item_id%22:%2218446744073709551615%22%7D`
const ITEM_NAME_BYTES: usize = 48;

/// The number of items, rounded down, that one CONFIRM of 8 KiB can name.
const MAX_CONFIRMED_ITEMS: usize = 260;

/// Upper bounds of the sizes of an order's events, in URL bytes.
#[derive(Default)]
struct SizeBounds {
    identity: usize,
    /// The largest event that carries the order.
    largest: usize,
}

/// Why the events of an order cannot be sent; none if they can.
#[derive(Debug, Default)]
pub struct Misfit {
    /// What was found, of the order as a whole.
    pub problems: Vec<Problem>,
    /// Whether the order is too large for one ORDER_CHECKOUT, so that the next route may carry it.
    pub is_too_large: bool,
}

/// Checks whether each event of an order fits one request, and whether the order is assembled
/// within its session. `defaults` are the common attributes that the events may have.
#[must_use]
pub fn misfit(
    order: &Order<'_>,
    draft: &Draft<'_>,
    defaults: &CommonDefaults,
    settings: &StreamSettings,
) -> Misfit {
    let mut misfit = Misfit::default();
    let mut record =
        |code, message| misfit.problems.push(Problem::for_order(code, draft.position(), message));
    let may_exceed = || may_exceed_limit(draft, order.route, defaults, settings);
    match order.route {
        Route::Single => {
            if may_exceed() {
                let is_too_large = !checkout_fits(order, settings, &mut record);
                check_identity(order, settings, &mut record);
                misfit.is_too_large = is_too_large;
            }
        }
        // An order that cannot be sent in time is not encoded: it may be as large as the export.
        Route::Multi => match exceeds_session(min_requests(order), settings) {
            Some(message) => record(Code::SequenceTooSlow, message),
            None if may_exceed() => check_sequence(order, settings, &mut record),
            None => {}
        },
    }
    misfit
}

/// The minimum number of requests: ADDs, ADD_CONTACTS, CHECKOUT, one CONFIRM, and ADD_CONSUMERS if
/// there are any.
fn min_requests(order: &Order<'_>) -> u64 {
    (order.items.len() + 3 + usize::from(!order.consumers.is_empty())) as u64
}

/// Whether the events may exceed the limit, so that the slow path must measure them.
fn may_exceed_limit(
    draft: &Draft<'_>,
    route: Route,
    defaults: &CommonDefaults,
    settings: &StreamSettings,
) -> bool {
    let CommonDefaults { channel, language, currency, page, pos } = defaults;
    let defaults: usize =
        [channel, language, currency, page, pos].into_iter().flatten().map(String::len).sum();
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    let max_bytes = |SizeBounds { identity, largest }| {
        identity.max(largest) + EVENT_OVERHEAD + target + MAX_BYTES_PER_BYTE * defaults
    };
    // The coarse bound needs only the lengths of the texts; the finer one reads every byte.
    max_bytes(size_bounds(draft, route, |text| MAX_BYTES_PER_BYTE * text.len()))
        > settings.max_url_bytes
        && max_bytes(size_bounds(draft, route, url::encoded_json_length)) > settings.max_url_bytes
}

/// The upper bounds of a draft's events, if `text_bytes` is the bound of a text.
fn size_bounds(draft: &Draft<'_>, route: Route, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    match route {
        Route::Single => single_bounds(draft, text_bytes),
        Route::Multi => multi_bounds(draft, text_bytes),
    }
}

/// The upper bounds of IDENTITY and ORDER_CHECKOUT, without their frames.
fn single_bounds(draft: &Draft<'_>, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    let size = |cell: &Cell<'_>| max_attribute_bytes(cell, text_bytes(&cell.text));
    let (mut identity, mut checkout) = (0, 0);
    for cell in draft.cells.iter() {
        match cell.field.group() {
            FieldGroup::Guest => identity += size(cell),
            FieldGroup::Event => {
                (identity, checkout) = (identity + size(cell), checkout + size(cell));
            }
            FieldGroup::Order | FieldGroup::Item => checkout += size(cell),
        }
    }
    for item in &draft.items {
        checkout += ITEM_OVERHEAD + item.cells.iter().map(&size).sum::<usize>();
    }
    SizeBounds { identity, largest: checkout }
}

/// The upper bounds of IDENTITY and of the events that assemble an order. CONFIRM counts with all
/// items; in parts it is never larger than the limit.
fn multi_bounds(draft: &Draft<'_>, text_bytes: impl Fn(&str) -> usize) -> SizeBounds {
    let size = |cells: &[Cell<'_>], is_in: fn(FieldGroup) -> bool| -> usize {
        cells
            .iter()
            .filter(|cell| is_in(cell.field.group()))
            .map(|cell| max_attribute_bytes(cell, text_bytes(&cell.text)))
            .sum()
    };
    let cells = &draft.cells[..];
    let (guest, event) = (
        size(cells, |group| group == FieldGroup::Guest),
        size(cells, |group| group == FieldGroup::Event),
    );
    let order = size(cells, |group| group == FieldGroup::Order);
    let adds = draft
        .items
        .iter()
        .map(|item| ITEM_OVERHEAD + ADD_OVERHEAD + order + size(&item.cells, |_| true));
    let people =
        |role| draft.people.iter().filter(move |person: &&PersonDraft<'_>| person.role == role);
    let people_bytes = |role| {
        people(role)
            .map(|person| ITEM_OVERHEAD + ITEM_NAME_BYTES + size(&person.cells, |_| true))
            .sum::<usize>()
    };
    let contacts = ITEM_OVERHEAD + guest + people_bytes(PersonRole::Contact);
    let confirm = ITEM_NAME_BYTES * draft.items.len();
    let largest = [contacts, people_bytes(PersonRole::Consumer), confirm, order]
        .into_iter()
        .chain(adds)
        .max();
    SizeBounds { identity: guest + event, largest: largest.unwrap_or(0) + event }
}

/// The upper bound of a cell's attribute, if its text takes `text` bytes.
fn max_attribute_bytes(cell: &Cell<'_>, text: usize) -> usize {
    match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
            ATTRIBUTE_OVERHEAD + MAX_DIGITS + MAX_BYTES_PER_BYTE * key.name.len() + text
        }
        // An address is converted to lower case, where a letter may have three bytes instead of
        // two, and may be sent as the identifier too.
        Field::Identifier(provider) => {
            let name = MAX_BYTES_PER_BYTE * provider.len();
            IDENTIFIER_OVERHEAD + name + 2 * MAX_COMPOSED_GROWTH * text
        }
        Field::GuestEmail => {
            IDENTIFIER_OVERHEAD + ATTRIBUTE_OVERHEAD + 3 * MAX_COMPOSED_GROWTH * text
        }
        // Each line becomes a string of its own, with its quotes and comma.
        Field::GuestStreet => ATTRIBUTE_OVERHEAD + 2 * text,
        field if field.is_number() => ATTRIBUTE_OVERHEAD + MAX_DIGITS + text,
        Field::OrderedAt | Field::ItemOrderedAt => ATTRIBUTE_OVERHEAD + MAX_DIGITS + text,
        _ => ATTRIBUTE_OVERHEAD + text,
    }
}

/// Whether ORDER_CHECKOUT fits; records if it does not.
fn checkout_fits(
    order: &Order<'_>,
    settings: &StreamSettings,
    record: &mut impl FnMut(Code, String),
) -> bool {
    let Some(excess) = exceeds_url_limit(&event_json::order_checkout(order), settings) else {
        return true;
    };
    let needs_parts =
        settings.confirm == ConfirmMode::Whole && order.items.len() > MAX_CONFIRMED_ITEMS;
    let hint = match settings.mode {
        Mode::Single if needs_parts => {
            "; mode auto with confirm = \"parts\" assembles such orders from several events"
        }
        Mode::Single => "; mode auto assembles such orders from several events",
        Mode::Multi | Mode::Auto => "",
    };
    let message = format!("ORDER_CHECKOUT with {} items {excess}{hint}", order.items.len());
    record(Code::EventTooLarge, message);
    false
}

/// Checks the events that assemble an order, and IDENTITY; records those that do not fit.
fn check_sequence(
    order: &Order<'_>,
    settings: &StreamSettings,
    record: &mut impl FnMut(Code, String),
) {
    let sequence = multi_event::sequence(order, settings.url_limits());
    // With CONFIRM in parts there may be more requests than the minimum.
    if let Some(message) = exceeds_session(sequence.n_requests(), settings) {
        record(Code::SequenceTooSlow, message);
    }
    for (item, OrderEvent(kind, event)) in (1..).zip(&sequence.events) {
        let Some(excess) = exceeds_url_limit(event, settings) else { continue };
        let name = match kind {
            // ADDs are the first events, one per item.
            RequestKind::Add => format!("ADD of item {item}"),
            RequestKind::Confirm => format!("CONFIRM with {} items", order.items.len()),
            kind => kind.name().to_owned(),
        };
        let may_be_split = *kind == RequestKind::Confirm && settings.confirm == ConfirmMode::Whole;
        let hint = if may_be_split { "; confirm = \"parts\" splits it into several" } else { "" };
        record(Code::EventTooLarge, format!("{name} {excess}{hint}"));
    }
    check_identity(order, settings, record);
}

fn check_identity(
    order: &Order<'_>,
    settings: &StreamSettings,
    record: &mut impl FnMut(Code, String),
) {
    if let Some(excess) =
        exceeds_url_limit(&event_json::identity(&order.guest, &order.common), settings)
    {
        record(Code::EventTooLarge, format!("IDENTITY {excess}"));
    }
}

fn exceeds_url_limit(event: &EventJson, settings: &StreamSettings) -> Option<String> {
    let (length, limit) = (url::event_url_length(&settings.target, event), settings.max_url_bytes);
    (length > limit)
        .then(|| format!("makes a URL of {length} bytes, more than the limit of {limit}"))
}

#[cfg(test)]
mod tests;
