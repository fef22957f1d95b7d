//! Kinds of values (`kind` and `split_name` of a rule): e-mail address, phone number, currency,
//! country, name.
//!
//! A kind gives texts of several spellings one form. Which fields may have which kind is checked
//! when the profile is compiled. Used by `rule` and `profile`.

use std::borrow::Cow;

use super::{
    countries::code_of,
    currency_symbols::CurrencySymbols,
    key_errors::{KeyError, WHOLE_RULE},
    name_part::NamePart,
    phone::{NumberingPlan, e164},
    rule_text::{CountryText, KindText, RuleText},
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
    /// Phone numbers of a country, which each row has if it is none, or international ones; the code
    /// of the problem of another.
    Phone(Option<NumberingPlan>, Code),
    /// Amounts with the code of their currency, which is the value.
    Currency,
    /// Countries by a code or an English name; the code with two letters is the value.
    Country,
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
        match (text.kind, &text.country) {
            (Some(KindText::Phone), Some(CountryText::Code(country))) => {
                let plan =
                    NumberingPlan::of_country(country).map_err(|error| ("country", error))?;
                Ok(Some(Self::Phone(Some(plan), Code::PhoneImplausible)))
            }
            (Some(KindText::Phone), Some(CountryText::Rule(_))) => {
                Ok(Some(Self::Phone(None, Code::PhoneImplausible)))
            }
            (Some(KindText::Phone), None) => {
                let error = "has kind = \"phone\", but no country; expected the one of numbers \
                             without a +, for example country = \"GB\"";
                Err((WHOLE_RULE, error.to_owned()))
            }
            (_, Some(_)) => Err((WHOLE_RULE, "has a country, but no kind = \"phone\"".to_owned())),
            (Some(KindText::Email), None) => Ok(Some(Self::Email)),
            (Some(KindText::Currency), None) => Ok(Some(Self::Currency)),
            (Some(KindText::Country), None) => Ok(Some(Self::Country)),
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
            Self::Country => ("country", *field == Field::GuestCountry),
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
            Self::Country => "the code of the country",
            Self::Name(part) => part.step(),
        }
    }

    /// The code of the problem of a phone number.
    pub(super) fn phone_code(self) -> Option<Code> {
        match self {
            Self::Phone(_, code) => Some(code),
            _ => None,
        }
    }

    /// The form of a text of this kind; an error is the code and message of a problem, without the
    /// text. `symbols` are those of currencies, `country` is that of phone numbers that the row has.
    pub(super) fn convert<'t>(
        self,
        text: Cow<'t, str>,
        symbols: &CurrencySymbols,
        country: Option<&str>,
    ) -> Result<Cow<'t, str>, (Code, String)> {
        match self {
            Self::Email => Ok(text),
            Self::Name(part) => Ok(part.of(text)),
            Self::Phone(plan, code) => {
                let of_row = || NumberingPlan::of_country(country?).ok();
                let number = e164(plan.or_else(of_row).as_ref(), &text);
                number.map(Cow::Owned).map_err(|error| (code, error))
            }
            Self::Country => code_of(&text).map(Cow::Borrowed).ok_or_else(|| {
                let expected = "a code of ISO 3166-1 such as IE or IRL, or an English name";
                (Code::UnknownCountry, format!("unknown country; expected {expected}"))
            }),
            Self::Currency => {
                let currency = symbols.currency_of(&text);
                currency
                    .map(|currency| Cow::Owned(currency.as_str().to_owned()))
                    .map_err(|message| (Code::UnknownCurrency, message))
            }
        }
    }
}
