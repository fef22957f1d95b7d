//! The choice of a profile about optional attributes of people that the target would not take.
//!
//! Data only; the rules of `validate` find such attributes, and those of `map` unreadable dates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Code;

/// What becomes of a title, gender, country or date of birth that the target would not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GuestAttributes {
    /// It is left out, with a warning.
    #[default]
    Lenient,
    /// The order is invalid.
    Strict,
}

impl GuestAttributes {
    /// The code of the problem of such an attribute; `strict` is the one of an error.
    #[must_use]
    pub fn code(self, strict: Code) -> Code {
        match self {
            Self::Lenient => Code::GuestAttributeLeftOut,
            Self::Strict => strict,
        }
    }
}
