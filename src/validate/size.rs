//! Whether an order's events fit one request each: they travel in the query of a GET.

use super::{Settings, findings::Findings, recipe};
use crate::{
    event::{json, sequence, url},
    model::{
        draft::{Cell, Draft, PersonDraft, Role},
        field::{Field, Part},
        order::Order,
        planned::{EventText, Sequence},
        problem::Code,
        recipe::{Confirm, Mode, Recipe},
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

/// What ADD says of every item beside the item's own cells: its id, and its date, currency and reference where the order
/// stands in for them.
const ADD: usize = 3 * (ATTRIBUTE + NUMBER);

/// The most that the name of an item takes: `,%7B%22item_id%22:%2218446744073709551615%22%7D`
const ITEM_NAME: usize = 48;

/// About so many items does one CONFIRM of 8 KiB name.
const MOST_CONFIRMED: usize = 260;

/// The most bytes that some events of an order take.
#[derive(Default)]
struct Sizes {
    identity: usize,
    /// The longest of those that carry the order.
    longest: usize,
}

/// Whether the events of an order fit one request each; finds those that do not, and a sequence of them that takes too
/// long. Of nearly all orders the size of their cells tells it.
pub(super) fn fits(order: &Order<'_>, draft: &Draft<'_>, settings: &Settings, findings: &mut Findings) -> bool {
    let may_exceed = || may_be_too_large(draft, order.recipe, settings);
    match order.recipe {
        Recipe::Single => !may_exceed() || fits_one_request(order, settings, findings),
        // What cannot be sent in time is not looked at any closer: it may be as long as the export is.
        Recipe::Multi => {
            !recipe::makes_it_in_time(least_requests(order), settings, findings)
                || !may_exceed()
                || sequence_fits(order, settings, findings)
        }
    }
}

/// ADDs, ADD_CONTACTS, CHECKOUT, one CONFIRM, and ADD_CONSUMERS if there are any.
fn least_requests(order: &Order<'_>) -> u64 {
    (order.items.len() + 3 + usize::from(!order.consumers.is_empty())) as u64
}

fn sequence_fits(order: &Order<'_>, settings: &Settings, findings: &mut Findings) -> bool {
    let sequence = sequence::sequence(order, settings.packing());
    // With CONFIRM in parts there may be more requests than were counted.
    recipe::makes_it_in_time(sequence.n_requests(), settings, findings);
    each_fits(order, &sequence, settings, findings)
}

/// Whether it takes a closer look to know that the events fit.
pub(super) fn may_be_too_large(draft: &Draft<'_>, recipe: Recipe, settings: &Settings) -> bool {
    let common = &settings.common;
    let defaults = [&common.channel, &common.language, &common.currency, &common.page, &common.pos];
    let defaults: usize = defaults.into_iter().flatten().map(String::len).sum();
    let target = 3 * (settings.target.base_url.len() + settings.target.client_key.len());
    let most = |Sizes { identity, longest }| identity.max(longest) + EVENT + target + WORST_BYTE * defaults;
    most(sizes(draft, recipe, |text| WORST_BYTE * text.len())) > settings.max_url_bytes
        && most(sizes(draft, recipe, url::text_length)) > settings.max_url_bytes
}

/// If a text takes so many bytes.
fn sizes(draft: &Draft<'_>, recipe: Recipe, of: impl Fn(&str) -> usize) -> Sizes {
    match recipe {
        Recipe::Single => sizes_of_one(draft, of),
        Recipe::Multi => sizes_of_several(draft, of),
    }
}

/// The most that the attributes of IDENTITY and of ORDER_CHECKOUT take.
fn sizes_of_one(draft: &Draft<'_>, of: impl Fn(&str) -> usize) -> Sizes {
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
        checkout += ITEM + item.cells.iter().map(&size).sum::<usize>();
    }
    Sizes { identity, longest: checkout }
}

/// The same of IDENTITY and of the events that assemble an order. CONFIRM names all items, in parts no more than fit.
fn sizes_of_several(draft: &Draft<'_>, of: impl Fn(&str) -> usize) -> Sizes {
    let size = |cells: &[Cell<'_>], is_in: fn(Part) -> bool| -> usize {
        cells.iter().filter(|cell| is_in(cell.field.part())).map(|cell| size(cell, of(&cell.text))).sum()
    };
    let cells = &draft.cells[..];
    let (guest, event) = (size(cells, |group| group == Part::Guest), size(cells, |group| group == Part::Event));
    let order = size(cells, |group| group == Part::Order);
    let adds = draft.items.iter().map(|item| ITEM + ADD + order + size(&item.cells, |_| true));
    let people = |role| draft.people.iter().filter(move |person: &&PersonDraft<'_>| person.role == role);
    let of_people = |role| people(role).map(|person| ITEM + ITEM_NAME + size(&person.cells, |_| true)).sum::<usize>();
    let contacts = ITEM + guest + of_people(Role::Contact);
    let confirm = ITEM_NAME * draft.items.len();
    let longest = [contacts, of_people(Role::Consumer), confirm, order].into_iter().chain(adds).max();
    Sizes { identity: guest + event, longest: longest.unwrap_or(0) + event }
}

/// The most that the attribute of a cell takes whose text takes so many bytes.
fn size(cell: &Cell<'_>, text: usize) -> usize {
    match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
            ATTRIBUTE + NUMBER + WORST_BYTE * key.name.len() + text
        }
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

/// Whether IDENTITY and ORDER_CHECKOUT fit; finds which does not.
fn fits_one_request(order: &Order<'_>, settings: &Settings, findings: &mut Findings) -> bool {
    let checkout = too_long(&json::order_checkout(order), settings);
    if let Some(excess) = &checkout {
        let needs_parts = settings.confirm == Confirm::Whole && order.items.len() > MOST_CONFIRMED;
        let hint = match settings.mode {
            Mode::Single if needs_parts => {
                "; mode auto with confirm = \"parts\" assembles such orders from several events"
            }
            Mode::Single => "; mode auto assembles such orders from several events",
            Mode::Multi | Mode::Auto => "",
        };
        let message = format!("ORDER_CHECKOUT with {} items {excess}{hint}", order.items.len());
        findings.order(Code::EventTooLarge, message);
    }
    identity_fits(order, settings, findings);
    checkout.is_none()
}

/// Whether all events of a sequence, and IDENTITY, fit; finds which do not.
fn each_fits(order: &Order<'_>, sequence: &Sequence, settings: &Settings, findings: &mut Findings) -> bool {
    let of_items = (1..).zip(&sequence.adds).map(|(item, add)| (format!("ADD of item {item}"), add));
    let confirm = format!("CONFIRM with {} items", order.items.len());
    let confirms = sequence.confirms.iter().map(|event| (confirm.clone(), event));
    let contacts = [("ADD_CONTACTS".to_owned(), &sequence.contacts), ("CHECKOUT".to_owned(), &sequence.checkout)];
    let consumers = sequence.consumers.iter().map(|event| ("ADD_CONSUMERS".to_owned(), event));
    let mut fit = true;
    for (name, event) in of_items.chain(contacts).chain(consumers).chain(confirms) {
        let Some(excess) = too_long(event, settings) else { continue };
        let may_be_split = name == confirm && settings.confirm == Confirm::Whole;
        let hint = if may_be_split { "; confirm = \"parts\" would name them in several" } else { "" };
        findings.order(Code::EventTooLarge, format!("{name} {excess}{hint}"));
        fit = false;
    }
    identity_fits(order, settings, findings) && fit
}

fn identity_fits(order: &Order<'_>, settings: &Settings, findings: &mut Findings) -> bool {
    let excess = too_long(&json::identity(&order.guest, &order.common), settings);
    if let Some(excess) = &excess {
        findings.order(Code::EventTooLarge, format!("IDENTITY {excess}"));
    }
    excess.is_none()
}

fn too_long(event: &EventText, settings: &Settings) -> Option<String> {
    let (length, limit) = (url::event_url_length(&settings.target, event), settings.max_url_bytes);
    (length > limit).then(|| format!("makes a URL of {length} bytes, more than the {limit} that are allowed"))
}
