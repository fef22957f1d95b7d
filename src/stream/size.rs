//! Size check: whether each event of an order fits one request, since events are sent in the query
//! of a GET.
//!
//! Fast path: an upper bound from the lengths of the order's values, which is enough for nearly all
//! orders. Slow path: the events are encoded and measured. Does not send anything. Called by
//! `pipeline` for each order that `validate` builds.

use std::borrow::Cow;

use super::{
    event_json::{self, EventJson},
    multi_event,
    payload::OrderEvent,
    session::exceeds_session,
    settings::StreamSettings,
    url,
};
use crate::model::{
    guest::{Guest, Identifier},
    money::Amount,
    order::{Extension, ExtensionValue, Item, Order},
    origin::Position,
    problem::{Code, Problem},
    request::RequestKind,
    route::{ConfirmMode, Mode, Route},
};

/// Maximum URL bytes of one byte of a text: a control character is `\u0001`, and its backslash is
/// `%5C`.
const MAX_BYTES_PER_BYTE: usize = 8;

/// Maximum URL bytes of an attribute in addition to its text: name, quotes and punctuation. The
/// longest is `%22currencyCode%22:%22EUR%22,`, with its text.
const ATTRIBUTE_OVERHEAD: usize = 32;

/// Maximum URL bytes of an attribute that is a number, a boolean or a time.
const NUMBER_BYTES: usize = 2 * ATTRIBUTE_OVERHEAD;

/// URL bytes of an identifier without its values:
/// `%22identifiers%22:%5B%7B%22provider%22:%22email%22,%22id%22:%22%22%7D%5D,`
const IDENTIFIER_OVERHEAD: usize = 80;

/// Maximum URL bytes of an item in addition to its attributes: braces, and the frame of its
/// extensions.
const ITEM_OVERHEAD: usize = 120;

/// The same for an item without extensions: `%7B%7D,`
const PLAIN_ITEM_OVERHEAD: usize = 7;

/// Maximum URL bytes of an item's attribute that is a text, in addition to it:
/// `%22referenceId%22:%22%22,`
const ITEM_TEXT_OVERHEAD: usize = 25;

/// Maximum URL bytes of an item's price or quantity, if [`is_short`]:
/// `%22quantity%22:-0.123456789,`
const SHORT_NUMBER_BYTES: usize = 28;

/// The same for the whole event: browser ID, type, the frames of the common attributes, of order
/// and guest.
const EVENT_OVERHEAD: usize = 600;

/// URL bytes that ADD has in addition to the item's own attributes: its ID, its date and currency
/// if they are the order's, its unit price, and the names of attributes without a value.
const ADD_OVERHEAD: usize = 8 * NUMBER_BYTES;

/// Maximum URL bytes of an item's name in CONFIRM:
/// `,%7B%22item_id%22:%2218446744073709551615%22%7D`
const ITEM_NAME_BYTES: usize = 48;

/// The number of items, rounded down, that one CONFIRM of 8 KiB can name.
const MAX_CONFIRMED_ITEMS: usize = 260;

/// Why the events of an order cannot be sent; none if they can.
#[derive(Debug, Default)]
pub struct Misfit {
    /// What was found, of the order as a whole.
    pub problems: Vec<Problem>,
    /// Whether the order is too large for one ORDER_CHECKOUT, so that the next route may carry it.
    pub is_too_large: bool,
}

impl Misfit {
    /// Whether the events can be sent.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.problems.is_empty() && !self.is_too_large
    }
}

/// Checks whether each event of an order fits one request, and whether the order is assembled
/// within its session. `at` is the position of its problems.
#[must_use]
pub fn misfit(order: &Order<'_>, at: Position, settings: &StreamSettings) -> Misfit {
    let mut misfit = Misfit::default();
    let mut record = |code, message| misfit.problems.push(Problem::for_order(code, at, message));
    let may_exceed = || may_exceed_limit(order, settings);
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
fn may_exceed_limit(order: &Order<'_>, settings: &StreamSettings) -> bool {
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    let exceeds = |max_event_bytes: usize| max_event_bytes + target > settings.max_url_bytes;
    // The coarse bound needs only the lengths of the texts; the finer one reads every byte.
    exceeds(SizeBound(|text: &str| MAX_BYTES_PER_BYTE * text.len()).event(order))
        && exceeds(SizeBound(url::encoded_json_length).event(order))
}

/// Upper bounds in URL bytes, by the bound of a text.
struct SizeBound<F>(F);

impl<F: Fn(&str) -> usize> SizeBound<F> {
    /// The largest event of an order.
    fn event(&self, order: &Order<'_>) -> usize {
        let largest = match order.route {
            Route::Single => {
                self.order(order) + order.items.iter().map(|item| self.item(item)).sum::<usize>()
            }
            Route::Multi => self.sequence(order),
        };
        let common = &order.common;
        let common = [&common.channel, &common.language, &common.page, &common.pos];
        let common: usize = common.into_iter().map(|text| (self.0)(text)).sum();
        self.person(&order.guest).max(largest) + common + EVENT_OVERHEAD
    }

    /// The events that assemble an order. CONFIRM counts with all items; in parts it is never
    /// larger than the limit.
    fn sequence(&self, order: &Order<'_>) -> usize {
        let person = |person| ITEM_OVERHEAD + self.person(person);
        let contacts = [&order.guest].into_iter().chain(&order.contacts).map(person).sum();
        let consumers = order.consumers.iter().map(|consumer| {
            ITEM_NAME_BYTES * (1 + consumer.items.len()) + person(&consumer.person)
        });
        let confirm = ITEM_NAME_BYTES * order.items.len();
        let checkout = self.order(order);
        let add = |item: &Item<'_>| {
            let product = item.product.as_deref();
            let attributes = product.map_or(0, |product| self.extension(&product.attributes));
            // An item without a reference has that of its order.
            ADD_OVERHEAD + self.text(&order.reference) + self.item(item) + attributes
        };
        let adds = order.items.iter().map(add).max().unwrap_or(0);
        adds.max(contacts).max(consumers.sum()).max(confirm).max(checkout)
    }

    /// The attributes of an order, without its items.
    fn order(&self, order: &Order<'_>) -> usize {
        let Order { reference, status, payment_type, card_type, .. } = order;
        // The time, the currency and the price.
        3 * NUMBER_BYTES
            + self.text(reference)
            + self.text(status)
            + self.text(payment_type)
            + self.optional(card_type.as_deref())
            + self.extension(&order.extension)
    }

    fn item(&self, item: &Item<'_>) -> usize {
        let Item { item_type, reference, status, name, product_id, .. } = item;
        let Item { ordered_at, currency, price, quantity, .. } = item;
        // An order may have dozens of items, so their bound is closer than that of the order.
        let overhead = if item.extension.is_empty() { PLAIN_ITEM_OVERHEAD } else { ITEM_OVERHEAD };
        let text = |text: &Option<Cow<'_, str>>| {
            text.as_deref().map_or(0, |text| ITEM_TEXT_OVERHEAD + (self.0)(text))
        };
        let number = |number: &Option<Amount>| {
            let bytes = |number| if is_short(number) { SHORT_NUMBER_BYTES } else { NUMBER_BYTES };
            number.map_or(0, bytes)
        };
        overhead
            + NUMBER_BYTES * (usize::from(ordered_at.is_some()) + usize::from(currency.is_some()))
            + number(price)
            + number(quantity)
            + text(item_type)
            + text(reference)
            + text(status)
            + text(name)
            + text(product_id)
            + self.extension(&item.extension)
    }

    fn extension(&self, extension: &Extension<'_>) -> usize {
        let attribute = |(name, value): (&str, &ExtensionValue<'_>)| {
            let value = match value {
                ExtensionValue::Text(text) => (self.0)(text),
                _ => NUMBER_BYTES,
            };
            self.text(name) + value
        };
        extension.iter().map(attribute).sum()
    }

    fn person(&self, person: &Guest<'_>) -> usize {
        let identifier = |Identifier { provider, id, expiry_date }: &Identifier<'_>| {
            let expiry_date = expiry_date.as_ref().map_or(0, |date| self.text(date));
            IDENTIFIER_OVERHEAD + (self.0)(provider) + (self.0)(id) + expiry_date
        };
        let Guest { email, title, firstname, lastname, gender, dob, .. } = person;
        let Guest { mobile, phone, city, state, country, postal_code, .. } = person;
        // Each line of the street is a string of its own, with its quotes and comma.
        let street = person.street.iter().map(|line| self.text(line)).sum::<usize>();
        let identifiers = person.identifiers.iter().map(identifier).sum::<usize>();
        identifiers
            + street
            + self.optional(email.as_deref())
            + self.optional(title.as_deref())
            + self.optional(firstname.as_deref())
            + self.optional(lastname.as_deref())
            + self.optional(gender.as_deref())
            + self.optional(dob.as_deref())
            + self.optional(mobile.as_deref())
            + self.optional(phone.as_deref())
            + self.optional(city.as_deref())
            + self.optional(state.as_deref())
            + self.optional(country.as_deref())
            + self.optional(postal_code.as_deref())
    }

    /// An attribute that is a text, if it has a value.
    #[inline]
    fn optional(&self, text: Option<&str>) -> usize {
        text.map_or(0, |text| self.text(text))
    }

    /// An attribute that is a text.
    fn text(&self, text: &str) -> usize {
        ATTRIBUTE_OVERHEAD + (self.0)(text)
    }
}

/// Whether a number has at most twelve characters.
fn is_short(Amount(number): Amount) -> bool {
    number.scale() <= 9 && number.mantissa().unsigned_abs() < 1_000_000_000
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
