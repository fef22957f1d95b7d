//! Kinds of values (`kind` and `split_name` of a rule): e-mail address, phone number, currency, name.
//!
//! A kind gives texts of several spellings one form. Which fields may have which kind is checked
//! when the profile is compiled. Used by `rule` and `profile`.

use std::borrow::Cow;

use super::{
    currency_symbols::CurrencySymbols,
    key_errors::{KeyError, WHOLE_RULE},
    name_part::NamePart,
    phone::NumberingPlan,
    rule_text::{KindText, RuleText},
};
use crate::model::{
    field::{Field, IdentifierKind},
    problem::Code,
};

/// What the values of a rule are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ValueKind {
    /// E-mail addresses; `validate` checks them.
    Email,
    /// Phone numbers of a country, or international ones; the code of the problem of another.
    Phone(NumberingPlan, Code),
    /// Amounts with the code of their currency, which is the value.
    Currency,
    /// Whole names, of which a part is the value.
    Name(NamePart),
}

impl ValueKind {
    /// Compiles `kind` and `country` of a rule, or `split_name`.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyError> {
        if let Some(split) = text.split_name {
            return match (text.kind, &text.default) {
                (Some(_), _) => Err(("kind", "is beside split_name; expected one of them".into())),
                (None, Some(_)) => Err((
                    "default",
                    "is beside split_name, which splits names of \
                                                    the export only; expected none"
                        .into(),
                )),
                (None, None) => Ok(Some(Self::Name(NamePart::new(split)))),
            };
        }
        match (text.kind, text.country.as_deref()) {
            (Some(KindText::Phone), Some(country)) => {
                let plan =
                    NumberingPlan::of_country(country).map_err(|error| ("country", error))?;
                Ok(Some(Self::Phone(plan, Code::PhoneImplausible)))
            }
            (Some(KindText::Phone), None) => {
                let error = "has kind = \"phone\", but no country; expected the one of numbers \
                             without a +, for example country = \"GB\"";
                Err((WHOLE_RULE, error.to_owned()))
            }
            (_, Some(_)) => Err((WHOLE_RULE, "has a country, but no kind = \"phone\"".to_owned())),
            (Some(KindText::Email), None) => Ok(Some(Self::Email)),
            (Some(KindText::Currency), None) => Ok(Some(Self::Currency)),
            (None, None) => Ok(None),
        }
    }

    /// The kind of identifiers with such values.
    pub(super) fn of_identifiers(self) -> IdentifierKind {
        if self == Self::Email { IdentifierKind::Email } else { IdentifierKind::Text }
    }

    /// The kind of an optional attribute, whose implausible phone numbers have this code.
    pub(super) fn of_attribute(self, implausible: Code) -> Self {
        match self {
            Self::Phone(plan, _) => Self::Phone(plan, implausible),
            kind => kind,
        }
    }

    /// The kind of the values of a field.
    pub(super) fn of_field(self, field: &Field) -> Self {
        match self {
            Self::Name(part) => Self::Name(part.of_field(field)),
            kind => kind,
        }
    }

    /// Returns an error, a message, unless the values of a field may be of this kind.
    pub(super) fn ensure_fits(self, field: &Field) -> Result<(), String> {
        let (name, fits) = match self {
            Self::Name(_) => {
                let is_name = matches!(field, Field::GuestFirstname | Field::GuestLastname);
                let error = "has split_name, which is for the name of a person: \
                             name = { column = \"Name\", split_name = \"last_word\" } in [guest]";
                return if is_name { Ok(()) } else { Err(error.to_owned()) };
            }
            Self::Email => ("email", matches!(field, Field::Identifier(_) | Field::GuestEmail)),
            Self::Phone(..) => {
                let is_phone = matches!(field, Field::GuestPhone | Field::GuestMobile);
                ("phone", is_phone || matches!(field, Field::Identifier(_)))
            }
            Self::Currency => {
                let is_item = *field == Field::ItemCurrencyCode;
                ("currency", is_item || matches!(field, Field::CurrencyCode | Field::EventCurrency))
            }
        };
        if fits { Ok(()) } else { Err(format!("has kind = {name:?}, which its values cannot be")) }
    }

    /// What [`convert`](Self::convert) does, in words; empty if nothing.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Email => "",
            Self::Phone(..) => "as an international number",
            Self::Currency => "the code in it",
            Self::Name(part) => part.step(),
        }
    }

    /// The form of a text of this kind; an error is the code and message of a problem, without the
    /// text.
    /// `symbols` are those of currencies.
    pub(super) fn convert<'t>(
        self,
        text: Cow<'t, str>,
        symbols: &CurrencySymbols,
    ) -> Result<Cow<'t, str>, (Code, String)> {
        match self {
            Self::Email => Ok(text),
            Self::Name(part) => Ok(part.of(text)),
            Self::Phone(plan, code) => {
                plan.e164(&text).map(Cow::Owned).map_err(|error| (code, error))
            }
            Self::Currency => {
                let currency = symbols.currency_of(&text);
                currency
                    .map(|currency| Cow::Owned(currency.as_str().to_owned()))
                    .map_err(|message| (Code::UnknownCurrency, message))
            }
        }
    }
}
