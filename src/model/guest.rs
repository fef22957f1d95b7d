//! Who ordered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One of IDENTITY's `identifiers`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier<'a> {
    /// As in the tenant's identity rules, letter for letter.
    pub provider: Cow<'a, str>,
    /// The guest's id at that provider.
    pub id: Cow<'a, str>,
}

/// The attributes of IDENTITY beside the common ones, in its own names. Text unless the manual says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Guest<'a> {
    /// The first one tells guests apart. Further contacts and consumers may have none.
    pub identifiers: Vec<Identifier<'a>>,
    /// Lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// One of the titles of the manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Cow<'a, str>>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firstname: Option<Cow<'a, str>>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lastname: Option<Cow<'a, str>>,
    /// `male`, `female` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Cow<'a, str>>,
    /// `YYYY-MM-DDThh:mm`
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
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Cow<'a, str>>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Cow<'a, str>>,
}

/// Someone for whom an item is, such as a passenger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer<'a> {
    /// Who that is.
    pub person: Guest<'a>,
    /// The places (from 0) of the items among those of the order, ascending.
    pub items: Vec<usize>,
}

impl<'a> Guest<'a> {
    /// What tells guests apart: two orders whose first identifiers are equal belong to one guest.
    #[must_use]
    pub fn key(&self) -> &Identifier<'a> {
        self.identifiers.first().expect("validate builds no guest without an identifier")
    }
}
