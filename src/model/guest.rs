//! Who ordered.

use serde::{Deserialize, Serialize};

/// One of IDENTITY's `identifiers`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identifier {
    /// As in the tenant's identity rules, letter for letter.
    pub provider: String,
    /// The guest's id at that provider.
    pub id: String,
}

/// The attributes of IDENTITY beside the common ones, in its own names. Text unless the manual says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Guest {
    /// The first one tells guests apart.
    pub identifiers: Vec<Identifier>,
    /// Lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// One of the titles of the manual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firstname: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lastname: Option<String>,
    /// `male`, `female` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// `YYYY-MM-DDThh:mm`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dob: Option<String>,
    /// Mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Lines of the street address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub street: Vec<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

impl Guest {
    /// What tells guests apart: two orders whose first identifiers are equal belong to one guest.
    #[must_use]
    pub fn key(&self) -> &Identifier {
        self.identifiers.first().expect("validate builds no guest without an identifier")
    }
}
