//! Guests: the people of an order, with the attribute names of IDENTITY.
//!
//! Valid values only, built by `validate`; `stream` serialises them. The guest's key groups orders
//! in the plan.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An element of IDENTITY's `identifiers`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier<'a> {
    /// The provider, exactly as in the tenant's identity rules.
    pub provider: Cow<'a, str>,
    /// The guest's id at that provider.
    pub id: Cow<'a, str>,
    /// When the identifier expires; not a part of the guest's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Cow<'a, str>>,
}

impl<'a> Identifier<'a> {
    /// An identifier that does not expire.
    pub fn new(provider: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Self { provider: provider.into(), id: id.into(), expiry_date: None }
    }
}

/// The attributes of IDENTITY without the common ones, under IDENTITY's names.
///
/// All are text unless the manual specifies another type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Guest<'a> {
    /// The identifiers; the first one is the guest's key. Contacts and consumers may have none.
    pub identifiers: Vec<Identifier<'a>>,
    /// E-mail address, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// Form of address, one of the titles of the manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'a, str>>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firstname: Option<Cow<'a, str>>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lastname: Option<Cow<'a, str>>,
    /// Gender: `male`, `female` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Cow<'a, str>>,
    /// Date of birth, `YYYY-MM-DDThh:mm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dob: Option<Cow<'a, str>>,
    /// Mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<Cow<'a, str>>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Cow<'a, str>>,
    /// Lines of the street address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub street: Vec<Cow<'a, str>>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Cow<'a, str>>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Cow<'a, str>>,
    /// Country, a code of ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Cow<'a, str>>,
}

/// A person whom an item is for, such as a passenger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer<'a> {
    /// The person's attributes.
    pub person: Guest<'a>,
    /// The indexes (from 0) of the order's items that are for this person, ascending.
    pub items: Vec<usize>,
}

impl<'a> Guest<'a> {
    /// Removes all attributes, but keeps the memory.
    pub fn clear(&mut self) {
        let Self { email, title, firstname, lastname, gender, dob, mobile, phone, .. } = self;
        let Self { city, state, country, postal_code, .. } = self;
        self.identifiers.clear();
        self.street.clear();
        for text in [email, title, firstname, lastname, gender, dob, mobile, phone] {
            *text = None;
        }
        for text in [city, state, country, postal_code] {
            *text = None;
        }
    }

    /// The guest's key: two orders whose first identifiers are equal belong to one guest.
    #[must_use]
    pub fn key(&self) -> &Identifier<'a> {
        self.identifiers.first().expect("validate builds guests with at least one identifier")
    }
}
