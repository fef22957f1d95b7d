//! Rule result: what a rule makes of the text of a filled cell.
//!
//! Data only. Made by `rule_application`, turned into cells and problems by `collector`.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};

use crate::model::problem::Code;

/// The result of applying a rule to a filled cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleResult<'a> {
    /// The converted value.
    Value(Cow<'a, str>),
    /// The same, cut to its maximum length, and the message of a warning.
    Shortened(Cow<'a, str>, String),
    /// The parsed instant, and the code and message of a warning if there is one.
    Time(DateTime<Utc>, Option<(Code, String)>),
    /// The profile skips the order, for this reason.
    Skip(Arc<str>),
    /// The text has no value of the field, and no rule behind this one is tried.
    Nothing,
    /// The value cannot be converted; the code and message of the problem.
    Invalid(Code, String),
}

impl RuleResult<'_> {
    /// The result without a borrow of the cell's text.
    pub(super) fn into_owned(self) -> RuleResult<'static> {
        match self {
            Self::Value(text) => RuleResult::Value(Cow::Owned(text.into_owned())),
            Self::Shortened(text, message) => {
                RuleResult::Shortened(Cow::Owned(text.into_owned()), message)
            }
            Self::Time(time, warning) => RuleResult::Time(time, warning),
            Self::Skip(reason) => RuleResult::Skip(reason),
            Self::Nothing => RuleResult::Nothing,
            Self::Invalid(code, message) => RuleResult::Invalid(code, message),
        }
    }
}
