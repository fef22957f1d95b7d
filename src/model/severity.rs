//! Severities that a profile sets, in place of those that the codes have.
//!
//! Data and its application; which problems exist is decided by the rules.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem, Problems, Severity};

/// How problems of one code are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeverityChoice {
    /// They are not reported.
    Off,
    /// They are reported, and the order is sent.
    Warning,
    /// The order is not sent.
    Error,
}

impl SeverityChoice {
    /// The choices that a profile has for problems of a code; the code's own severity is the first.
    #[must_use]
    pub fn allowed_for(code: Code) -> &'static [Self] {
        match code.severity() {
            Severity::Error if LOWERABLE.contains(&code) => {
                &[Self::Error, Self::Warning, Self::Off]
            }
            Severity::Error => &[Self::Error],
            Severity::Warning if OF_THE_RUN.contains(&code) => &[Self::Warning, Self::Off],
            Severity::Warning => &[Self::Warning, Self::Off, Self::Error],
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The severities that a profile sets, by code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeverityRules(BTreeMap<Code, SeverityChoice>);

impl SeverityRules {
    /// Creates the rules of a profile.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, for each choice with which an order would be sent that
    /// the service refuses, or in part, or twice; or that could not keep an order from being sent.
    pub fn new(choices: BTreeMap<Code, SeverityChoice>) -> Result<Self, Vec<(Code, String)>> {
        let is_refused = |(code, choice): &(&Code, &SeverityChoice)| {
            !SeverityChoice::allowed_for(**code).contains(*choice)
        };
        let refused = choices.iter().filter(is_refused);
        let errors: Vec<_> =
            refused.map(|(code, choice)| (*code, refusal(*code, *choice))).collect();
        if errors.is_empty() { Ok(Self(choices)) } else { Err(errors) }
    }

    /// Whether problems of a code are not reported.
    #[must_use]
    pub fn is_off(&self, code: Code) -> bool {
        self.0.get(&code) == Some(&SeverityChoice::Off)
    }

    /// Whether errors of a code do not prevent an order from being sent.
    #[must_use]
    pub fn is_lowered(&self, code: Code) -> bool {
        code.severity() == Severity::Error
            && self.0.get(&code).is_some_and(|choice| *choice != SeverityChoice::Error)
    }

    /// Gives the problems their severities, and removes those that are off.
    pub fn apply(&self, problems: &mut Problems) {
        if !self.0.is_empty() {
            problems.retain_codes(|code| !self.is_off(code));
            for problem in problems.iter_mut() {
                self.adjust(problem);
            }
        }
    }

    /// Gives problems that belong to no order their severities, and removes those that are off.
    pub fn apply_to_files(&self, problems: &mut Vec<Problem>) {
        problems.retain(|problem| !self.is_off(problem.code));
        for problem in problems {
            self.adjust(problem);
        }
    }

    fn adjust(&self, problem: &mut Problem) {
        match self.0.get(&problem.code) {
            Some(SeverityChoice::Warning) => problem.severity = Severity::Warning,
            Some(SeverityChoice::Error) => problem.severity = Severity::Error,
            Some(SeverityChoice::Off) | None => {}
        }
    }
}

/// What is wrong with a choice that is not allowed, and what was expected.
fn refusal(code: Code, choice: SeverityChoice) -> String {
    let (expected, reason) = match code.severity() {
        Severity::Error => (
            "\"error\"",
            "the service would refuse such an order, or it would be sent in part or twice",
        ),
        Severity::Warning => {
            ("\"warning\" or \"off\"", "it is of the whole export, not of an order")
        }
    };
    format!("{code} = \"{}\", expected {expected}: {reason}", choice.as_str())
}

/// The codes of problems that are found between orders, or in whole columns and files, after the
/// orders have been decided.
const OF_THE_RUN: &[Code] = &[
    Code::ColumnMissing,
    Code::ContentRepeated,
    Code::DayMonthAmbiguous,
    Code::ItemDecimalAmbiguous,
    Code::JoinFileMissing,
    Code::JoinRowUnused,
    Code::MoreDecimalsThanCurrency,
    Code::PathMissing,
    Code::SeveralAddresses,
    Code::UnknownColumn,
];

/// The errors that an order may have and still be sent as a whole: what they find is implausible,
/// and the service takes it.
const LOWERABLE: &[Code] = &[
    Code::EmailImplausible,
    Code::IdentifierShared,
    Code::PlaceholderIdentifier,
    Code::TimestampInFuture,
    Code::TimestampTooEarly,
    Code::DecimalAmbiguous,
    Code::NegativeTotal,
    Code::RowInTwoFiles,
    Code::SpreadsheetText,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::{FileId, Position};

    fn problems() -> Problems {
        let at = Position { file: FileId(0), line: 1, column: None };
        [Code::EmailImplausible, Code::PriceRounded, Code::TooManyItems]
            .map(|code| Problem::for_order(code, at, "found"))
            .to_vec()
            .into()
    }

    #[test]
    fn choices_replace_the_severities_of_the_codes() {
        let choices = [
            (Code::EmailImplausible, SeverityChoice::Warning),
            (Code::PriceRounded, SeverityChoice::Off),
            (Code::TooManyItems, SeverityChoice::Error),
        ];
        let mut found = problems();
        SeverityRules::new(choices.into()).unwrap().apply(&mut found);
        let found: Vec<_> = found.iter().map(|problem| (problem.code, problem.severity)).collect();
        let expected =
            [(Code::EmailImplausible, Severity::Warning), (Code::TooManyItems, Severity::Error)];
        assert_eq!(found, expected);
    }

    #[test]
    fn error_of_the_service_cannot_be_lowered() {
        for choice in [SeverityChoice::Off, SeverityChoice::Warning] {
            let refused = SeverityRules::new([(Code::MissingPos, choice)].into()).unwrap_err();
            assert!(refused[0].1.contains("missing_pos = "), "{refused:?}");
        }
        assert!(SeverityRules::new([(Code::MissingPos, SeverityChoice::Error)].into()).is_ok());
    }

    #[test]
    fn own_severity_is_the_first_choice() {
        for code in Code::ALL {
            let first = SeverityChoice::allowed_for(*code)[0];
            assert_eq!(first.as_str(), code.severity().as_str(), "{code}");
        }
    }
}
