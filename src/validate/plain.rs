//! Fast path: check of an order whose every value is plainly good, in one pass over its values.
//!
//! It says yes or nothing. Whatever might be a problem, a warning included, is left to `check`,
//! which says what it is: an order that passes here is valid there, without a problem and with the
//! same content. No rule is stated here: each arm asks the module of its rule. Called by `pipeline`.

use std::{borrow::Cow, collections::HashSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    attributes, common, extension, identity, iso, items, order, references,
    settings::ValidateSettings, timestamps, values,
};
use crate::model::{
    column_facts::ColumnFacts,
    draft::Notation,
    field::{ExtensionKey, Field, Provider},
    guest::{Guest, Identifier},
    id_text::{composed, find_stray},
    money::{Amount, Currency, Money, minor_units},
    order::{
        CheckedOrder, CommonAttributes, Extension, ExtensionValue, Item, Order, OrderId,
        OrderRecord, Validity,
    },
    plain::{PlainDraft, PlainValue},
    pricing::TotalFrom,
    problem::Problems,
    rules::TargetRules,
};

/// The check of the plain orders of one file.
pub struct PlainCheck<'s> {
    rules: &'s TargetRules,
    settings: &'s ValidateSettings,
    facts: &'s ColumnFacts,
    /// The number of extension attributes that an order and its items may have.
    n_attributes: usize,
}

/// The values of an order that were checked one by one.
#[derive(Default)]
struct OrderParts<'a> {
    reference: Option<Cow<'a, str>>,
    ordered_at: Option<DateTime<Utc>>,
    status: Option<Cow<'a, str>>,
    currency: Option<Currency>,
    price: Option<Amount>,
    payment_type: Option<Cow<'a, str>>,
    card_type: Option<Cow<'a, str>>,
    extension: Attributes<'a>,
    guest: Guest<'a>,
    common: CommonParts<'a>,
}

#[derive(Default)]
struct CommonParts<'a> {
    channel: Option<Cow<'a, str>>,
    language: Option<Cow<'a, str>>,
    currency: Option<Currency>,
    page: Option<Cow<'a, str>>,
    pos: Option<Cow<'a, str>>,
}

type Attributes<'a> = Vec<(Cow<'a, str>, ExtensionValue<'a>)>;

impl<'s> PlainCheck<'s> {
    /// Checks orders with these fields by the rules of one route; none if no such order is plain.
    /// `facts` are those of the whole export.
    pub fn new<'f>(
        fields: impl Iterator<Item = &'f Field>,
        rules: &'s TargetRules,
        settings: &'s ValidateSettings,
        facts: &'s ColumnFacts,
    ) -> Option<Self> {
        let (carries, items) = (&rules.carries, &rules.items);
        let carries_order = carries.payment && carries.total && carries.extensions;
        let needs_items = items.is_required || !items.required_fields.is_empty();
        if !carries_order || needs_items || rules.details.carried().is_some() {
            return None;
        }
        // With it, a price may be read in two ways.
        if facts.totals.ambiguous().is_some() {
            return None;
        }
        let mut attributes = HashSet::new();
        for (scope, key) in fields.filter_map(Field::extension_key) {
            let sent_type = facts
                .types
                .tenant_type(scope, &key.name)
                .unwrap_or_else(|| facts.types.type_in_run(scope, key));
            let is_plain = extension::is_valid_name(&key.name, &rules.extensions)
                && sent_type == key.data_type
                && attributes.insert((scope, &key.name));
            if !is_plain {
                return None;
            }
        }
        let n_attributes = attributes.len();
        let are_few = n_attributes <= rules.extensions.max_attributes;
        are_few.then_some(Self { rules, settings, facts, n_attributes })
    }

    /// Returns the order if it is valid and without any problem.
    #[must_use]
    pub fn check<'a>(&self, draft: &PlainDraft<'a>) -> Option<CheckedOrder<'a>>
    where
        's: 'a,
    {
        let mut parts = OrderParts::default();
        let values = draft.order_values();
        parts.extension.reserve_exact(self.n_attributes.min(values.len()));
        parts.guest.identifiers.reserve_exact(1);
        for value in values {
            self.add_value(value, &mut parts)?;
        }
        let OrderParts { reference, ordered_at, status, currency, price, .. } = parts;
        let (reference, ordered_at, currency) = (reference?, ordered_at?, currency?);
        if reference != draft.key && !references::is_id(draft.key) {
            return None;
        }
        // More decimals than the currency has are a warning about the whole column.
        let max_decimals = minor_units(currency.as_str());
        if price.is_some_and(|price| price.0.scale() > max_decimals) {
            return None;
        }
        let (items, lines_total) = self.items(draft, (currency, max_decimals))?;
        let price = self.total(price, lines_total, &items, draft.may_have_items)?;
        let (payment_type, card_type) = (parts.payment_type?, parts.card_type);
        if card_type.is_none() && order::is_card_payment(&payment_type, self.rules) {
            return None;
        }
        identify(&mut parts.guest)?;
        let record = record(draft, &reference, ordered_at, Money { currency, amount: price });
        let order = Box::new(Order {
            reference,
            ordered_at,
            status: status?,
            currency,
            price,
            payment_type,
            card_type,
            extension: Extension::from_distinct(parts.extension),
            items,
            guest: parts.guest,
            common: self.common(parts.common, currency)?,
            route: self.rules.route,
            contacts: Vec::new(),
            consumers: Vec::new(),
        });
        Some(CheckedOrder { record: record?, status: None, validity: Validity::Valid(order) })
    }

    fn add_value<'a>(&self, value: &PlainValue<'a>, parts: &mut OrderParts<'a>) -> Option<()> {
        let (rules, text) = (self.rules, value.text);
        let guest = &mut parts.guest;
        match value.field {
            Field::ReferenceId => parts.reference = Some(text_if(text, references::is_id)?),
            Field::OrderedAt => parts.ordered_at = Some(self.time(value)?),
            Field::Status => parts.status = Some(text_if(text, |text| self.is_final_status(text))?),
            Field::CurrencyCode => parts.currency = Some(currency(text)?),
            Field::Price => parts.price = Some(amount(value)?),
            Field::PaymentType => {
                let is_known = |text: &str| order::is_payment_type(text, rules);
                parts.payment_type = Some(text_if(text, is_known)?);
            }
            Field::CardType => {
                let is_known = |text: &str| order::is_card_type(text, rules);
                parts.card_type = Some(text_if(text, is_known)?);
            }
            Field::Extension(key) => parts.extension.push(attribute(key, text)?),
            Field::Identifier(provider) => guest.identifiers.push(identifier(provider, text)?),
            Field::GuestEmail => guest.email = Some(text_if(text, is_email)?),
            Field::GuestTitle => {
                guest.title = Some(text_if(text, |text| rules.titles.contains(&text))?);
            }
            Field::GuestGender => {
                guest.gender = Some(text_if(text, |text| rules.genders.contains(&text))?);
            }
            Field::GuestDob => {
                guest.dob = Some(attributes::birth_date(text, self.settings).ok()?.into());
            }
            Field::GuestCountry => guest.country = Some(text_if(text, attributes::is_country)?),
            Field::GuestStreet => guest.street = attributes::street(&text.into()),
            Field::GuestFirstname => guest.firstname = Some(text_if(text, has_no_stray)?),
            Field::GuestLastname => guest.lastname = Some(text_if(text, has_no_stray)?),
            Field::GuestMobile => guest.mobile = Some(text.into()),
            Field::GuestPhone => guest.phone = Some(text.into()),
            Field::GuestCity => guest.city = Some(text.into()),
            Field::GuestState => guest.state = Some(text.into()),
            Field::GuestPostalCode => guest.postal_code = Some(text.into()),
            Field::EventChannel => {
                let is_known = |text: &str| common::is_channel(text, rules);
                parts.common.channel = Some(text_if(text, is_known)?);
            }
            Field::EventLanguage => {
                parts.common.language = Some(text_if(text, common::is_language)?);
            }
            Field::EventCurrency => parts.common.currency = Some(currency(text)?),
            Field::EventPage => parts.common.page = Some(text.into()),
            Field::EventPos => parts.common.pos = Some(text.into()),
            _ => return None,
        }
        Some(())
    }

    /// The items and, if all have a price, the sum of their lines. `currency` is that of the order
    /// and its number of decimals.
    fn items<'a>(
        &self,
        draft: &PlainDraft<'a>,
        currency: (Currency, u32),
    ) -> Option<(Vec<Item<'a>>, Option<Amount>)> {
        if self.rules.items.max_kept.is_some_and(|max_items| draft.n_items() > max_items) {
            return None;
        }
        let mut items = Vec::with_capacity(draft.n_items());
        let mut sum = Some(Amount(Decimal::ZERO));
        for values in draft.items() {
            items.push(Item::default());
            self.fill_item(items.last_mut()?, values, currency, &mut sum)?;
        }
        Some((items, sum))
    }

    /// Fills an item, and adds the total of its line; without a price there is no sum.
    // In its place among the items: it is too large to be moved around.
    fn fill_item<'a>(
        &self,
        item: &mut Item<'a>,
        values: &[PlainValue<'a>],
        (order_currency, max_decimals): (Currency, u32),
        sum: &mut Option<Amount>,
    ) -> Option<()> {
        let (rules, mut price) = (self.rules, None);
        let mut extension = Vec::with_capacity(self.n_attributes.min(values.len()));
        for value in values {
            let text = value.text;
            match value.field {
                Field::ItemType => {
                    let is_taken = |text: &str| {
                        values::is_upper_case(text)
                            && !rules.items.barred_types.contains_ignoring_case(text)
                    };
                    item.item_type = Some(text_if(text, is_taken)?);
                }
                Field::ItemReferenceId => item.reference = Some(text_if(text, has_no_stray)?),
                Field::ItemOrderedAt => item.ordered_at = Some(self.time(value)?),
                Field::ItemStatus => {
                    let is_taken = |text: &str| values::is_status(text, rules);
                    item.status = Some(text_if(text, is_taken)?);
                }
                Field::ItemCurrencyCode => {
                    let currency = currency(text)?;
                    item.currency = (currency == order_currency).then_some(currency);
                    item.currency?;
                }
                Field::ItemPrice => price = Some(amount(value)?),
                Field::ItemName => {
                    let is_taken = |text: &str| {
                        let max_chars = rules.items.max_name_chars;
                        has_no_stray(text) && !items::exceeds_chars(text, max_chars)
                    };
                    item.name = Some(text_if(text, is_taken)?);
                }
                Field::ItemProductId => item.product_id = Some(text_if(text, has_no_stray)?),
                Field::ItemQuantity => {
                    item.quantity = Some(amount(value)?).filter(|n| !items::is_nothing(*n));
                    item.quantity?;
                }
                // Only a route of details sends it.
                Field::ItemLeg => {}
                Field::ItemExtension(key) => extension.push(attribute(key, text)?),
                _ => return None,
            }
        }
        let mut line_total = None;
        if let Some(price) = price {
            if price.0.scale() > max_decimals {
                return None;
            }
            if item.quantity.is_none() && items::expects_quantity(rules, self.settings) {
                return None;
            }
            let quantity = item.quantity.unwrap_or(Amount(Decimal::ONE));
            let prices = items::exact_prices(price, quantity, rules, self.settings)?;
            (item.price, line_total) = (Some(prices.sent), Some(prices.line_total));
        }
        item.extension = Extension::from_distinct(extension);
        *sum = match (*sum, line_total) {
            // A sum that loses a digit is compared with nothing, or is a problem.
            (Some(sum), Some(line_total)) => Some(sum.checked_add(line_total)?),
            _ => None,
        };
        Some(())
    }

    /// The total of the order, which is that of its items as far as they have prices.
    fn total(
        &self,
        price: Option<Amount>,
        lines_total: Option<Amount>,
        items: &[Item<'_>],
        may_have_items: bool,
    ) -> Option<Amount> {
        let total = match (self.settings.total_from, items) {
            (TotalFrom::Given, []) if items::lacks_items(may_have_items, self.facts) => None,
            (TotalFrom::Given, []) => price,
            (TotalFrom::Given, _) => {
                price.filter(|price| lines_total.is_none_or(|sum| sum == *price))
            }
            (TotalFrom::SumOfLines, []) => None,
            (TotalFrom::SumOfLines, _) => lines_total,
        };
        total.filter(|total| order::total_problem(*total).is_none())
    }

    fn time(&self, value: &PlainValue<'_>) -> Option<DateTime<Utc>> {
        let time = timestamps::timestamp(value.time, value.text)?;
        timestamps::is_plausible(time, self.settings).then_some(time)
    }

    fn is_final_status(&self, text: &str) -> bool {
        values::is_status(text, self.rules) && !order::is_unfinished(text, self.rules)
    }

    /// The common attributes: of the export, of the settings, or built in.
    fn common<'a>(
        &self,
        parts: CommonParts<'a>,
        order_currency: Currency,
    ) -> Option<CommonAttributes<'a>>
    where
        's: 'a,
    {
        let defaults = &self.settings.common;
        let text = |value: Option<Cow<'a, str>>, default: &'s Option<String>| {
            value.or_else(|| default.as_deref().map(Cow::Borrowed))
        };
        let channel = text(parts.channel, &defaults.channel).unwrap_or(common::CHANNEL.into());
        let language = text(parts.language, &defaults.language).unwrap_or(common::LANGUAGE.into());
        let default_currency = match defaults.currency.as_deref() {
            Some(text) => currency(text)?,
            None => order_currency,
        };
        let is_good = common::is_channel(&channel, self.rules) && common::is_language(&language);
        is_good.then_some(())?;
        Some(CommonAttributes {
            channel,
            language,
            currency: parts.currency.unwrap_or(default_currency),
            page: text(parts.page, &defaults.page).unwrap_or(common::PAGE.into()),
            pos: text(parts.pos, &defaults.pos)?,
        })
    }
}

/// The facts for the report.
fn record(
    draft: &PlainDraft<'_>,
    reference: &str,
    ordered_at: DateTime<Utc>,
    money: Money,
) -> Option<OrderRecord> {
    let first = &draft.rows.first()?.origin;
    Some(OrderRecord {
        id: OrderId::from_origin(first),
        reference: reference.to_owned(),
        ordered_at: Some(ordered_at),
        source: first.position(),
        money: Some(money),
        item_count: draft.n_items(),
        rows: draft.rows.iter().map(|row| row.origin.clone()).collect(),
        problems: Problems::default(),
    })
}

fn text_if(text: &str, is_good: impl FnOnce(&str) -> bool) -> Option<Cow<'_, str>> {
    is_good(text).then_some(Cow::Borrowed(text))
}

fn has_no_stray(text: &str) -> bool {
    find_stray(text).is_none()
}

fn is_email(text: &str) -> bool {
    identity::is_simple_email(text.as_bytes())
}

fn currency(text: &str) -> Option<Currency> {
    if iso::is_currency(text) { text.parse().ok() } else { None }
}

/// A number, not in minor units.
fn amount(value: &PlainValue<'_>) -> Option<Amount> {
    if value.notation == Notation::MinorUnits { None } else { values::plain_number(value.text) }
}

fn attribute<'a>(
    key: &'a ExtensionKey,
    text: &'a str,
) -> Option<(Cow<'a, str>, ExtensionValue<'a>)> {
    Some((key.name.as_str().into(), extension::parse_value(&text.into(), key.data_type)?))
}

fn identifier<'a>(provider: &'a Provider, text: &'a str) -> Option<Identifier<'a>> {
    let is_plain = identity::is_plain_identifier(text, provider.kind());
    is_plain.then(|| Identifier::new(&**provider, composed(text.into())))
}

/// Identifies a guest without any identifier by the e-mail address; none if there is none.
fn identify(guest: &mut Guest<'_>) -> Option<()> {
    if guest.identifiers.is_empty() {
        let email = guest.email.clone().filter(|email| identity::identifies(email))?;
        guest.identifiers.push(Identifier::new(identity::EMAIL_PROVIDER, email));
    }
    Some(())
}
