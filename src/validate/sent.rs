//! What a valid order sends of a field, and what the rules did with the value of the export, in
//! words for a person.
//!
//! It checks nothing: the order is valid. Called by `pipeline` for the few orders that a person
//! wants to have explained.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{extension, findings::Findings, legs, settings::ValidateSettings};
use crate::model::{
    document::JsonValue,
    draft::{Cell, CellOrigin, Draft, Notation},
    field::Field,
    guest::{Guest, Identifier},
    money::Amount,
    order::{Extension, ExtensionValue, Item, Order},
    pricing::PriceBasis,
    route::Route,
};

/// The most decimals of an amount of any currency.
const CURRENCY_DECIMALS: u32 = 4;

/// The step from the price of one piece to that of a line.
pub const TIMES_QUANTITY: &str = "times the quantity";

/// Returns what an order sends of a field of its own or of its events; none if nothing.
#[must_use]
pub fn sent_of_order(order: &Order<'_>, field: &Field) -> Option<String> {
    let (common, text) = (&order.common, |text: &Cow<'_, str>| Some(text.to_string()));
    match field {
        Field::ReferenceId => text(&order.reference),
        Field::OrderedAt => Some(time(order.ordered_at)),
        Field::Status => text(&order.status),
        Field::CurrencyCode => Some(order.currency.to_string()),
        Field::Price => Some(order.price.to_string()),
        Field::PaymentType | Field::CardType if order.route == Route::Multi => None,
        Field::PaymentType => text(&order.payment_type),
        Field::CardType => order.card_type.as_ref().and_then(text),
        Field::Extension(_) => attribute(&order.extension, field),
        Field::EventChannel => text(&common.channel),
        Field::EventLanguage => text(&common.language),
        Field::EventCurrency => Some(common.currency.to_string()),
        Field::EventPage => text(&common.page),
        Field::EventPos => text(&common.pos),
        _ => None,
    }
}

/// Returns what an item sends of a field; none if nothing.
#[must_use]
pub fn sent_of_item(item: &Item<'_>, field: &Field) -> Option<String> {
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    match field {
        Field::ItemType => text(&item.item_type),
        Field::ItemReferenceId => text(&item.reference),
        Field::ItemOrderedAt => item.ordered_at.map(time),
        Field::ItemStatus => text(&item.status),
        Field::ItemCurrencyCode => item.currency.map(|currency| currency.to_string()),
        Field::ItemPrice => sent_price(item).map(|price| price.to_string()),
        Field::ItemName => text(&item.name),
        Field::ItemProductId => text(&item.product_id),
        Field::ItemQuantity => item.quantity.map(|quantity| quantity.to_string()),
        Field::ItemExtension(_) => attribute(&item.extension, field),
        Field::ItemProduct(_) => {
            item.product.as_ref().and_then(|product| attribute(&product.attributes, field))
        }
        _ => None,
    }
}

/// Returns what a guest sends of a field; none if nothing.
#[must_use]
pub fn sent_of_guest(guest: &Guest<'_>, field: &Field) -> Option<String> {
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    match field {
        Field::GuestEmail => text(&guest.email),
        Field::GuestTitle => text(&guest.title),
        Field::GuestFirstname => text(&guest.firstname),
        Field::GuestLastname => text(&guest.lastname),
        Field::GuestGender => text(&guest.gender),
        Field::GuestDob => text(&guest.dob),
        Field::GuestMobile => text(&guest.mobile),
        Field::GuestPhone => text(&guest.phone),
        Field::GuestStreet => Some(guest.street.join(", ")).filter(|street| !street.is_empty()),
        Field::GuestCity => text(&guest.city),
        Field::GuestState => text(&guest.state),
        Field::GuestCountry => text(&guest.country),
        Field::GuestPostalCode => text(&guest.postal_code),
        Field::Identifier(provider) => {
            identifier(guest, provider).map(|identifier| identifier.id.to_string())
        }
        Field::IdentifierExpiry(provider) => text(&identifier(guest, provider)?.expiry_date),
        _ => None,
    }
}

/// What the rules did with the value of a cell to make it the value that is sent, in words; none
/// if they sent it as it is.
#[must_use]
pub fn sending_step(
    cell: &Cell<'_>,
    sent: Option<&str>,
    settings: &ValidateSettings,
) -> Option<String> {
    let Some(sent) = sent else {
        let step = match *cell.field {
            Field::ItemLeg => "sorts the items",
            Field::ItemDiscount => "off the line",
            Field::ItemLinePrice => "not used, there is a price",
            _ => "not sent",
        };
        return Some(step.to_owned());
    };
    match &*cell.field {
        field if field.is_email() && sent != cell.text && sent == cell.text.to_lowercase() => {
            Some("lower case".to_owned())
        }
        Field::Identifier(_) | Field::GuestEmail if sent != cell.text => {
            Some("composed letters".to_owned())
        }
        Field::Extension(_) | Field::ItemExtension(_) | Field::ItemProduct(_) => {
            Some(cell).filter(|cell| !is_typed(cell)).and_then(type_step)
        }
        Field::Price if cell.notation == Notation::MinorUnits => None,
        Field::ItemPrice if cell.notation != Notation::MinorUnits => {
            price_step(cell, sent, settings.price_basis)
        }
        Field::ItemLinePrice if cell.notation != Notation::MinorUnits => {
            price_step(cell, sent, PriceBasis::Line)
        }
        // A date without a time.
        Field::GuestDob if sent != cell.text && sent.starts_with(&*cell.text) => {
            Some("at midnight".to_owned())
        }
        _ => None,
    }
}

/// The items as they are sent, in the order of the draft: an order that is assembled sends them by
/// their legs.
#[must_use]
pub fn sent_items<'o, 'a>(order: &'o Order<'a>, draft: &Draft<'a>) -> Vec<Option<&'o Item<'a>>> {
    if order.route == Route::Single {
        return order.items.iter().map(Some).collect();
    }
    let mut items = vec![None; draft.items.len()];
    let by_leg = legs::order_by_leg(draft, &mut Findings::new(draft));
    by_leg.into_iter().zip(&order.items).for_each(|(index, item)| items[index] = Some(item));
    items
}

/// What the lines of the items add up to; none without items, or if one has no price.
#[must_use]
pub fn lines_total(order: &Order<'_>, settings: &ValidateSettings) -> Option<Amount> {
    let basis = settings.target_price_basis;
    let line = |item: &Item<'_>| {
        let quantity = item.quantity.unwrap_or(Amount(Decimal::ONE));
        match item.product.as_ref().and_then(|product| product.unit_price) {
            Some(unit) => unit.checked_mul(quantity),
            None if basis == PriceBasis::Line => item.price,
            None => item.price?.checked_mul(quantity),
        }
    };
    let mut lines = order.items.iter().map(line);
    let first = lines.next()??;
    let Amount(total) = lines.try_fold(first, |sum, line| sum.checked_add(line?))?;
    // The price of one piece may be rounded, more exactly than this.
    let is_divided = settings.price_basis == PriceBasis::Line
        || order
            .items
            .iter()
            .any(|item| item.price.is_some_and(|price| price.0.scale() > CURRENCY_DECIMALS));
    Some(Amount(if is_divided { total.round_dp(CURRENCY_DECIMALS) } else { total }))
}

fn identifier<'g, 'a>(guest: &'g Guest<'a>, provider: &str) -> Option<&'g Identifier<'a>> {
    guest.identifiers.iter().find(|identifier| identifier.provider == provider)
}

fn time(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The price that the item's event carries: where the tenant adds up the total, that of one piece.
fn sent_price(item: &Item<'_>) -> Option<Amount> {
    item.product.as_ref().and_then(|product| product.unit_price).or(item.price)
}

fn attribute(attributes: &Extension<'_>, field: &Field) -> Option<String> {
    let name = match field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => &key.name,
        _ => return None,
    };
    let (_, value) = attributes.iter().find(|(one, _)| one == name)?;
    Some(match value {
        ExtensionValue::Text(text) => text.to_string(),
        ExtensionValue::Boolean(value) => value.to_string(),
        ExtensionValue::Number(amount) | ExtensionValue::Float(amount) => amount.to_string(),
    })
}

/// Whether a value of JSON has a type of its own.
fn is_typed(cell: &Cell<'_>) -> bool {
    let CellOrigin::Node(_, node) = cell.at else { return false };
    !matches!(node.value(), JsonValue::Text(_))
}

/// That the text of an attribute is sent as a value of another type.
fn type_step(cell: &Cell<'_>) -> Option<String> {
    let data_type = match &*cell.field {
        Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
            key.data_type
        }
        _ => return None,
    };
    match extension::parse_value(&cell.text, data_type) {
        None | Some(ExtensionValue::Text(_)) => None,
        Some(_) => Some(format!("as {}", data_type.name())),
    }
}

/// That the price of a line is sent as that of one piece, or the other way round.
/// `exported` is what the export has.
fn price_step(cell: &Cell<'_>, sent: &str, exported: PriceBasis) -> Option<String> {
    let (price, sent) = (cell.text.parse::<Amount>().ok()?, sent.parse::<Amount>().ok()?);
    let step = match exported {
        PriceBasis::Line => "divided by the quantity",
        PriceBasis::Unit => TIMES_QUANTITY,
    };
    (price != sent).then(|| step.to_owned())
}
