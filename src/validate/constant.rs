//! Constants: values that a profile gives to a field whatever the export has, or in place of a text
//! of the export, checked before any order is.
//!
//! Applies the same rules as the checks of orders. Called by `pipeline`.

use std::borrow::Cow;

use super::{
    attributes, common, findings::Findings, identity, items, order, settings::ValidateSettings,
    timestamps, values,
};
use crate::model::{
    draft::{Cell, Notation},
    field::Field,
    guest_attributes::GuestAttributes,
    origin::{FileId, Position},
    over_rows::OverRows,
    pricing::TotalFrom,
    problem::Code,
    rules::TargetRules,
};

/// Why each order with a constant is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstantError {
    /// The route takes only the values of a list.
    Unlisted {
        /// The values of the list.
        listed: &'static [&'static str],
        /// Which other route takes it, if one does.
        hint: Option<&'static str>,
    },
    /// Anything else, as a message.
    Other(String),
}

/// Why a value that every order has is wrong on a route: it makes them invalid, or is left out of
/// all of them. None if it is valid, or if other values decide.
#[must_use]
pub fn constant_error(
    field: &Field,
    text: &str,
    rules: &'static TargetRules,
    settings: &ValidateSettings,
) -> Option<ConstantError> {
    let strict = ValidateSettings { guest_attributes: GuestAttributes::Strict, ..settings.clone() };
    replacement_error(field, text, rules, &strict)
}

/// Why an order with this value in place of a text of the export is invalid on a route. None if it
/// is valid, or an attribute that is left out as that of a cell is, or if other values decide.
#[must_use]
pub fn replacement_error(
    field: &Field,
    text: &str,
    rules: &'static TargetRules,
    settings: &ValidateSettings,
) -> Option<ConstantError> {
    let at = Position { file: FileId(0), line: 0, column: None };
    let cell = Cell {
        field: Cow::Borrowed(field),
        text: Cow::Borrowed(text),
        time: None,
        at: at.into(),
        is_unparsable: false,
        is_default: true,
        over_rows: OverRows::Equal,
        notation: Notation::Declared,
    };
    let mut findings = Findings::at(at);
    check(&cell, rules, settings, &mut findings);
    settings.severities.apply(&mut findings.problems);
    let error = findings.problems.iter().find(|problem| problem.is_error())?;
    Some(match error.code {
        Code::UnknownStatus => {
            let other = &rules.other_statuses;
            let hint = other.values.contains(&text).then_some(other.reason);
            ConstantError::Unlisted { listed: rules.statuses, hint }
        }
        Code::UnknownTitle => ConstantError::Unlisted { listed: rules.titles, hint: None },
        Code::UnknownGender => ConstantError::Unlisted { listed: rules.genders, hint: None },
        _ => ConstantError::Other(error.message.clone()),
    })
}

/// The values that a route takes for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenValues {
    /// All of them, or some.
    pub values: &'static [&'static str],
    /// Whether it takes others too.
    pub takes_others: bool,
}

impl TakenValues {
    /// Those of a field that has a list of values, or of whose values some are usual.
    #[must_use]
    pub fn of(field: &Field, rules: &TargetRules) -> Option<Self> {
        let (values, takes_others): (&[_], _) = match field {
            Field::Status | Field::ItemStatus => (rules.statuses, false),
            Field::PaymentType => (rules.payment_types, true),
            Field::CardType => (rules.card_types, true),
            Field::EventChannel => (rules.channels, true),
            Field::GuestTitle => (rules.titles, false),
            Field::GuestGender => (rules.genders, false),
            Field::ItemType => (&["PRODUCT"], true),
            Field::CurrencyCode | Field::ItemCurrencyCode | Field::EventCurrency => {
                (&["EUR", "USD"], true)
            }
            Field::GuestCountry => (&["IE", "US"], true),
            Field::EventLanguage => (&["EN", "DE"], true),
            _ => return None,
        };
        Some(Self { values, takes_others })
    }
}

fn check(
    cell: &Cell<'_>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    findings: &mut Findings,
) {
    match &*cell.field {
        Field::Status | Field::ItemStatus => drop(values::status(cell, rules, findings)),
        Field::CurrencyCode | Field::ItemCurrencyCode | Field::EventCurrency => {
            values::currency(cell, findings);
        }
        Field::PaymentType => order::check_payment_type(Some(cell), rules, findings),
        Field::CardType => order::check_card_type(cell, rules, findings),
        // A total that is the sum of the lines is not read.
        Field::Price if settings.total_from == TotalFrom::SumOfLines => {}
        field if field.is_amount() || *field == Field::ItemQuantity => {
            values::number(cell, findings);
        }
        Field::ItemType => drop(items::item_type(cell, rules, findings)),
        Field::EventChannel => drop(values::upper_case(cell, findings)),
        Field::EventLanguage => drop(common::check_language(cell, findings)),
        Field::GuestTitle => drop(attributes::title(cell, rules.titles, settings, findings)),
        Field::GuestGender => drop(attributes::gender(cell, rules.genders, settings, findings)),
        Field::GuestCountry => drop(attributes::country(cell, settings, findings)),
        Field::OrderedAt => drop(timestamps::check_order_time(cell, settings, findings)),
        Field::ItemOrderedAt => drop(timestamps::check_item_time(cell, settings, findings)),
        Field::GuestDob => drop(attributes::dob(cell, settings, findings)),
        Field::GuestEmail => drop(identity::email(cell, findings)),
        _ => {}
    }
}
