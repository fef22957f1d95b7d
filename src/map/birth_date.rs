//! Dates of birth (`date` of the rule of `dob`): local dates, which no time zone moves.
//!
//! Compiled by `date_keys`, used by `rule`.

use std::borrow::Cow;

use super::date::{LocalDateRule, Locale};
use crate::model::problem::Code;

/// The conversion of dates of birth in the export's formats to that of the target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BirthDateRule {
    date: LocalDateRule,
    /// The code of the problem of a text that has none of the formats.
    unreadable: Code,
}

impl BirthDateRule {
    /// Compiles the formats; an error is a message.
    pub(super) fn new(
        formats: &[String],
        locale: Option<&'static Locale>,
        unreadable: Code,
    ) -> Result<Self, String> {
        Ok(Self { date: LocalDateRule::new(formats, locale)?, unreadable })
    }

    /// Whether one of the formats reads the name of a month.
    pub(super) fn has_month_name(&self) -> bool {
        self.date.has_month_name()
    }

    /// Converts a date of birth to `YYYY-MM-DDThh:mm`; an error is the code and message of a
    /// problem.
    pub(super) fn convert(&self, text: &str) -> Result<Cow<'static, str>, (Code, String)> {
        match self.date.parse(text) {
            Some(time) => Ok(Cow::Owned(time.format("%Y-%m-%dT%H:%M").to_string())),
            None => Err((
                self.unreadable,
                format!("invalid date of birth; expected {}", self.date.expected()),
            )),
        }
    }
}
