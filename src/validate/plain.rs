//! Fast path: check of an order whose every value is plainly good, in one pass over its values.
//!
//! It says yes or nothing. Whatever might be a problem, a warning included, is left to `check`,
//! which says what it is: an order that passes here is valid there, without a problem and with the
//! same content. No rule is stated here: each arm asks the module of its rule. Called by
//! `pipeline`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    attributes, common, identity, iso, item_prices, items, order,
    plain_attributes::PlainAttributes,
    references,
    settings::ValidateSettings,
    timestamps::{self, PlainTimes},
    values,
};
use crate::model::{
    column_facts::ColumnFacts,
    draft::Notation,
    field::{ExtensionScope, Field, Provider},
    guest::{Guest, Identifier},
    id_text::{composed, find_stray},
    money::{Amount, Currency, Money, minor_units},
    order::{CommonAttributes, Extension, Item, Order, OrderId, OrderRecord},
    origin::{FileId, Position},
    plain::{PlainDraft, PlainOrder, PlainValue},
    pricing::TotalFrom,
    problem::Problems,
    rules::{CommonDefaults, TargetRules},
    side_row::JoinedRows,
};

/// The check of the plain orders of one file.
///
/// It keeps the order that it has checked last, whose memory serves the next one.
pub struct PlainCheck<'a> {
    rules: &'a TargetRules,
    settings: &'a ValidateSettings,
    facts: &'a ColumnFacts,
    attributes: PlainAttributes<'a>,
    times: PlainTimes,
    /// The common attributes of orders whose export has none.
    defaults: CommonParts<'a>,
    statuses: GoodTexts<'a>,
    payment_types: GoodTexts<'a>,
    item_types: GoodTexts<'a>,
    record: OrderRecord,
    order: Box<Order<'a>>,
    /// The memory of items that the order has no use for.
    spare_items: Vec<Item<'a>>,
}

/// The values of an order that are more than an attribute of it.
struct OrderParts<'a> {
    reference: Option<&'a str>,
    ordered_at: Option<DateTime<Utc>>,
    status: Option<&'a str>,
    currency: Option<Currency>,
    price: Option<Amount>,
    /// The sum of the lines; none if an item has no price.
    lines_total: Option<Amount>,
    payment_type: Option<&'a str>,
    common: CommonParts<'a>,
}

/// The common attributes, as far as they have a value.
#[derive(Clone, Copy)]
struct CommonParts<'a> {
    channel: Option<&'a str>,
    language: Option<&'a str>,
    /// That of the order, if there is none.
    currency: Option<Currency>,
    page: Option<&'a str>,
    pos: Option<&'a str>,
}

impl<'a> CommonParts<'a> {
    /// Those of the settings, or built in. None if there is no currency of this code.
    fn defaults(rules: &TargetRules, settings: &'a ValidateSettings) -> Option<Self> {
        let CommonDefaults { channel, language, currency: code, page, pos } = &settings.common;
        let channel = channel.as_deref().unwrap_or(common::CHANNEL);
        let language = language.as_deref().unwrap_or(common::LANGUAGE);
        let currency = match code {
            Some(code) => Some(currency(code)?),
            None => None,
        };
        Some(Self {
            channel: Some(channel).filter(|text| common::is_channel(text, rules)),
            language: Some(language).filter(|text| common::is_language(text)),
            currency,
            page: Some(page.as_deref().unwrap_or(common::PAGE)),
            pos: pos.as_deref(),
        })
    }

    fn complete(self, order_currency: Currency) -> Option<CommonAttributes<'a>> {
        Some(CommonAttributes {
            channel: self.channel?.into(),
            language: self.language?.into(),
            currency: self.currency.unwrap_or(order_currency),
            page: self.page?.into(),
            pos: self.pos?.into(),
        })
    }
}

impl<'a> PlainCheck<'a> {
    /// Checks the orders of a file by the rules of one route; none if no order of it is plain.
    /// `fields` are those of its columns, if it has any; `facts` are those of the whole export.
    #[must_use]
    pub fn new(
        fields: Option<Vec<&Field>>,
        rules: &'a TargetRules,
        settings: &'a ValidateSettings,
        facts: &'a ColumnFacts,
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
        Some(Self {
            rules,
            settings,
            facts,
            attributes: PlainAttributes::new(fields, &rules.extensions, &facts.types)?,
            times: PlainTimes::new(settings),
            defaults: CommonParts::defaults(rules, settings)?,
            statuses: GoodTexts::default(),
            payment_types: GoodTexts::default(),
            item_types: GoodTexts::default(),
            record: no_record(),
            order: Box::new(no_order(rules)?),
            spare_items: Vec::new(),
        })
    }

    /// Returns the order if it is valid and without any problem.
    #[must_use]
    pub fn check(&mut self, draft: &PlainDraft<'a>) -> Option<PlainOrder<'_, 'a>> {
        self.clear_order();
        let mut parts = OrderParts {
            reference: None,
            ordered_at: None,
            status: None,
            currency: None,
            price: None,
            lines_total: Some(Amount(Decimal::ZERO)),
            payment_type: None,
            common: self.defaults,
        };
        for value in draft.order_values() {
            self.add_value(value, &mut parts)?;
        }
        let (reference, currency) = (parts.reference?, parts.currency?);
        if reference != draft.key && !references::is_id(draft.key) {
            return None;
        }
        // More decimals than the currency has are a warning about the whole column.
        let max_decimals = minor_units(currency.as_str());
        if parts.price.is_some_and(|price| price.0.scale() > max_decimals) {
            return None;
        }
        self.add_items(draft, (currency, max_decimals), &mut parts.lines_total)?;
        let price = self.total(&parts, draft)?;
        let payment_type = parts.payment_type?;
        if self.order.card_type.is_none() && order::is_card_payment(payment_type, self.rules) {
            return None;
        }
        identify(&mut self.order.guest)?;
        let (order, ordered_at) = (&mut *self.order, parts.ordered_at?);
        (order.reference, order.status) = (reference.into(), parts.status?.into());
        (order.currency, order.price, order.ordered_at) = (currency, price, ordered_at);
        order.payment_type = payment_type.into();
        order.common = parts.common.complete(currency)?;
        fill_record(&mut self.record, draft, order)?;
        Some(PlainOrder { record: &self.record, order: &self.order })
    }

    /// Removes what the last order has and the next one may not have, but keeps the memory.
    fn clear_order(&mut self) {
        let Order { card_type, extension, guest, .. } = &mut *self.order;
        *card_type = None;
        extension.clear();
        guest.clear();
    }

    fn add_value(&mut self, value: &PlainValue<'a>, parts: &mut OrderParts<'a>) -> Option<()> {
        let (rules, text) = (self.rules, value.text);
        let Order { card_type, extension, guest, .. } = &mut *self.order;
        match value.field {
            Field::ReferenceId => parts.reference = Some(text_if(text, references::is_id)?),
            Field::OrderedAt => parts.ordered_at = Some(time(value, &self.times)?),
            Field::Status => {
                parts.status = Some(self.statuses.text_if(text, |text| is_final(text, rules))?);
            }
            Field::CurrencyCode => parts.currency = Some(currency(text)?),
            Field::Price => parts.price = Some(amount(value)?),
            Field::PaymentType => {
                let is_known = |text: &str| order::is_payment_type(text, rules);
                parts.payment_type = Some(self.payment_types.text_if(text, is_known)?);
            }
            Field::CardType => {
                let is_known = |text: &str| order::is_card_type(text, rules);
                *card_type = Some(text_if(text, is_known)?.into());
            }
            Field::Extension(key) => {
                self.attributes.add(extension, (ExtensionScope::Order, key), text)?;
            }
            Field::Identifier(provider) => guest.identifiers.push(identifier(provider, text)?),
            Field::GuestEmail => guest.email = Some(text_if(text, is_email)?.into()),
            Field::GuestTitle => {
                let is_known = |text: &str| rules.titles.contains(&text);
                guest.title = Some(text_if(text, is_known)?.into());
            }
            Field::GuestGender => {
                let is_known = |text: &str| rules.genders.contains(&text);
                guest.gender = Some(text_if(text, is_known)?.into());
            }
            Field::GuestDob => {
                guest.dob = Some(attributes::birth_date(text, self.settings).ok()?.into());
            }
            Field::GuestCountry => {
                guest.country = Some(text_if(text, attributes::is_country)?.into());
            }
            Field::GuestStreet => guest.street.extend(attributes::street_lines(text)),
            Field::GuestFirstname => guest.firstname = Some(text_if(text, has_no_stray)?.into()),
            Field::GuestLastname => guest.lastname = Some(text_if(text, has_no_stray)?.into()),
            Field::GuestMobile => guest.mobile = Some(text_if(text, attributes::is_phone)?.into()),
            Field::GuestPhone => guest.phone = Some(text_if(text, attributes::is_phone)?.into()),
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
            Field::EventPage => parts.common.page = Some(text),
            Field::EventPos => parts.common.pos = Some(text),
            _ => return None,
        }
        Some(())
    }

    /// Adds the items, and the totals of their lines to `lines_total`. `currency` is that of the
    /// order and its number of decimals.
    fn add_items(
        &mut self,
        draft: &PlainDraft<'a>,
        currency: (Currency, u32),
        lines_total: &mut Option<Amount>,
    ) -> Option<()> {
        if self.rules.items.max_kept.is_some_and(|max_items| draft.n_items() > max_items) {
            return None;
        }
        if self.settings.total_from == TotalFrom::SumOfLines && repeats_first_item(draft) {
            return None;
        }
        self.resize_items(draft.n_items());
        let mut items = draft.items().enumerate();
        items.try_for_each(|(index, values)| self.add_item(index, values, currency, lines_total))
    }

    /// Gives the order this number of items, of which each is cleared when it is filled.
    // Items are too large to be made for each order anew.
    fn resize_items(&mut self, n_items: usize) {
        let items = &mut self.order.items;
        while items.len() > n_items {
            self.spare_items.extend(items.pop());
        }
        items.resize_with(n_items, || self.spare_items.pop().unwrap_or_default());
    }

    fn add_item(
        &mut self,
        index: usize,
        values: &[PlainValue<'a>],
        (order_currency, max_decimals): (Currency, u32),
        lines_total: &mut Option<Amount>,
    ) -> Option<()> {
        let price = self.add_item_values(index, values, order_currency)?;
        let Some(price) = price else {
            *lines_total = None;
            return Some(());
        };
        let of_line = self.price_item(index, price, max_decimals)?;
        if let Some(sum) = lines_total {
            // A sum that loses a digit is compared with nothing, or is a problem.
            *sum = if index == 0 { of_line } else { sum.checked_add(of_line)? };
        }
        Some(())
    }

    /// Fills an item with these values, and returns its price as the export has it.
    #[expect(clippy::option_option, reason = "the outer one is for `?`")]
    fn add_item_values(
        &mut self,
        index: usize,
        values: &[PlainValue<'a>],
        order_currency: Currency,
    ) -> Option<Option<Amount>> {
        let (rules, mut price) = (self.rules, None);
        let item = self.order.items.get_mut(index)?;
        item.clear();
        for value in values {
            let text = value.text;
            match value.field {
                Field::ItemType => {
                    let is_taken = |text: &str| {
                        values::is_upper_case(text)
                            && !rules.items.barred_types.contains_ignoring_case(text)
                    };
                    item.item_type = Some(self.item_types.text_if(text, is_taken)?.into());
                }
                Field::ItemReferenceId => {
                    item.reference = Some(text_if(text, has_no_stray)?.into());
                }
                Field::ItemOrderedAt => item.ordered_at = Some(time(value, &self.times)?),
                Field::ItemStatus => {
                    let is_taken = |text: &str| values::is_status(text, rules);
                    item.status = Some(text_if(text, is_taken)?.into());
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
                    item.name = Some(text_if(text, is_taken)?.into());
                }
                Field::ItemProductId => {
                    item.product_id = Some(text_if(text, has_no_stray)?.into());
                }
                Field::ItemQuantity => {
                    item.quantity = Some(amount(value)?).filter(|n| !items::is_nothing(*n));
                    item.quantity?;
                }
                // Only a route of details sends it.
                Field::ItemLeg => {}
                Field::ItemExtension(key) => {
                    let key = (ExtensionScope::Item, &**key);
                    self.attributes.add(&mut item.extension, key, text)?;
                }
                _ => return None,
            }
        }
        Some(price)
    }

    /// Sets the price of an item that is sent, and returns the total of its line.
    fn price_item(&mut self, index: usize, price: Amount, max_decimals: u32) -> Option<Amount> {
        let item = self.order.items.get_mut(index)?;
        if price.0.scale() > max_decimals {
            return None;
        }
        let basis = self.settings.price_basis;
        if item.quantity.is_none() && items::expects_quantity(basis, self.rules, self.settings) {
            return None;
        }
        let quantity = item.quantity.unwrap_or(Amount(Decimal::ONE));
        let prices =
            item_prices::exact_prices((price, basis), quantity, self.rules, self.settings)?;
        item.price = Some(prices.sent);
        Some(prices.line_total)
    }

    /// The total of the order, which is that of its items as far as they have prices.
    fn total(&self, parts: &OrderParts<'_>, draft: &PlainDraft<'_>) -> Option<Amount> {
        let OrderParts { price, lines_total, .. } = *parts;
        let has_items = draft.n_items() > 0;
        let total = match self.settings.total_from {
            TotalFrom::Given if has_items => match lines_total {
                Some(sum) => price.filter(|price| sum == *price),
                // An item has no price; none of the others has one either.
                None => price.filter(|_| self.order.items.iter().all(|item| item.price.is_none())),
            },
            TotalFrom::Given if items::lacks_items(draft.may_have_items, self.facts) => None,
            TotalFrom::Given => price,
            TotalFrom::SumOfLines => lines_total.filter(|_| has_items),
        };
        total.filter(|total| order::total_problem(*total).is_none())
    }
}

/// The texts of a column with few different ones that were found good, so that they are looked at
/// once.
#[derive(Default)]
struct GoodTexts<'a>([&'a str; 8]);

impl<'a> GoodTexts<'a> {
    fn text_if(&mut self, text: &'a str, is_good: impl FnOnce(&str) -> bool) -> Option<&'a str> {
        let first = usize::from(*text.as_bytes().first()?);
        let known = &mut self.0[(first + text.len()) % self.0.len()];
        if *known != text {
            *known = text_if(text, is_good)?;
        }
        Some(text)
    }
}

/// An order before the first one is checked.
fn no_order<'a>(rules: &TargetRules) -> Option<Order<'a>> {
    let currency: Currency = "XXX".parse().ok()?;
    Some(Order {
        reference: "".into(),
        ordered_at: DateTime::UNIX_EPOCH,
        status: "".into(),
        currency,
        price: Amount(Decimal::ZERO),
        payment_type: "".into(),
        card_type: None,
        extension: Extension::default(),
        items: Vec::new(),
        guest: Guest::default(),
        common: CommonAttributes {
            channel: "".into(),
            language: "".into(),
            currency,
            page: "".into(),
            pos: "".into(),
        },
        route: rules.route,
        contacts: Vec::new(),
        consumers: Vec::new(),
    })
}

/// The facts of no order.
fn no_record() -> OrderRecord {
    OrderRecord {
        id: OrderId(0),
        reference: String::new(),
        ordered_at: None,
        source: Position { file: FileId(0), line: 0, column: None },
        money: None,
        item_count: 0,
        side_rows: Vec::new(),
        rows: Vec::new(),
        problems: Problems::default(),
    }
}

/// Fills the facts for the report.
fn fill_record(record: &mut OrderRecord, draft: &PlainDraft<'_>, order: &Order<'_>) -> Option<()> {
    let first = &draft.rows.first()?.origin;
    (record.id, record.source) = (OrderId::from_origin(first), first.position());
    record.reference.clear();
    record.reference.push_str(&order.reference);
    record.ordered_at = Some(order.ordered_at);
    record.money = Some(Money { currency: order.currency, amount: order.price });
    record.item_count = draft.n_items();
    record.rows.clear();
    record.rows.extend(draft.rows.iter().map(|row| row.origin.clone()));
    record.side_rows.clear();
    let joined = draft.rows.iter().filter_map(|row| row.joined());
    record.side_rows.extend(joined.flat_map(JoinedRows::starts));
    record.side_rows.sort_unstable();
    record.side_rows.dedup();
    Some(())
}

/// Whether another item has the values of the first one, so that each may be there several times.
fn repeats_first_item(draft: &PlainDraft<'_>) -> bool {
    let mut items = draft.items();
    let Some(first) = items.next() else { return false };
    items.any(|item| content(item).eq(content(first)))
}

/// The values of an item, but not its own reference.
fn content<'v>(item: &'v [PlainValue<'_>]) -> impl Iterator<Item = (&'v Field, &'v str)> + use<'v> {
    let values = item.iter().map(|value| (value.field, value.text));
    values.filter(|(field, _)| **field != Field::ItemReferenceId)
}

fn text_if(text: &str, is_good: impl FnOnce(&str) -> bool) -> Option<&str> {
    is_good(text).then_some(text)
}

fn is_final(status: &str, rules: &TargetRules) -> bool {
    values::is_status(status, rules) && !order::is_unfinished(status, rules)
}

fn time(value: &PlainValue<'_>, plain: &PlainTimes) -> Option<DateTime<Utc>> {
    timestamps::timestamp(value.time, value.text).filter(|time| plain.contains(*time))
}

#[inline]
fn has_no_stray(text: &str) -> bool {
    find_stray(text).is_none()
}

fn is_email(text: &str) -> bool {
    identity::is_simple_email(text.as_bytes())
}

fn currency(text: &str) -> Option<Currency> {
    if iso::is_currency(text) { text.parse().ok() } else { None }
}

/// A number, not in minor units nor with a currency of its own.
fn amount(value: &PlainValue<'_>) -> Option<Amount> {
    match value.notation {
        Notation::MinorUnits | Notation::WithCurrency { .. } => None,
        _ => values::plain_number(value.text),
    }
}

fn identifier<'a>(provider: &'a Provider, text: &'a str) -> Option<Identifier<'a>> {
    let is_plain = identity::is_plain_identifier(text, provider.kind());
    is_plain.then(|| Identifier::new(&**provider, composed(text.into())))
}

/// Identifies a guest without any identifier by the e-mail address; `None` without
/// one.
fn identify(guest: &mut Guest<'_>) -> Option<()> {
    if guest.identifiers.is_empty() {
        let email = guest.email.clone().filter(|email| identity::identifies(email))?;
        guest.identifiers.push(Identifier::new(identity::EMAIL_PROVIDER, email));
    }
    Some(())
}
