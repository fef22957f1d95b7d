//! Severities that a profile sets, in place of those that the codes have.
//!
//! Data and its application; which problems exist is decided by the rules.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::problem::{Code, Problem, Problems, Severity};

/// How problems of one code are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeverityChoice {
    /// They are not reported.
    Off,
    /// They are reported, and the order is sent.
    Warning,
    /// The order is not sent.
    Error,
}

/// The severities that a profile sets, by code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeverityRules(BTreeMap<Code, SeverityChoice>);

impl SeverityRules {
    /// Creates the rules of a profile.
    ///
    /// # Errors
    ///
    /// What was found and what was expected, for a choice with which an order would be sent that
    /// the service refuses, or in part, or twice.
    pub fn new(choices: BTreeMap<Code, SeverityChoice>) -> Result<Self, String> {
        let is_refused = |(code, choice): &(&Code, &SeverityChoice)| {
            let is_lowered = **choice != SeverityChoice::Error;
            code.severity() == Severity::Error && is_lowered && !LOWERABLE.contains(code)
        };
        if let Some((code, choice)) = choices.iter().find(is_refused) {
            let (code, choice) = (code.as_str(), format!("{choice:?}").to_lowercase());
            return Err(format!(
                "{code} = \"{choice}\", expected \"error\": the service would refuse such an \
                 order, or it would be sent in part or twice"
            ));
        }
        let is_error = |code: &&Code| choices.get(code) == Some(&SeverityChoice::Error);
        if let Some(code) = OF_THE_RUN.iter().find(is_error) {
            let code = code.as_str();
            return Err(format!("{code} = \"error\", expected \"warning\" or \"off\""));
        }
        Ok(Self(choices))
    }

    /// Whether problems of a code are not reported.
    #[must_use]
    pub fn is_off(&self, code: Code) -> bool {
        self.0.get(&code) == Some(&SeverityChoice::Off)
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

/// The codes of problems that are found between orders, or in whole columns, after the orders have
/// been decided.
const OF_THE_RUN: &[Code] = &[
    Code::ContentRepeated,
    Code::ItemDecimalAmbiguous,
    Code::MoreDecimalsThanCurrency,
    Code::SeveralAddresses,
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
            assert!(refused.contains("missing_pos = "), "{refused}");
        }
        assert!(SeverityRules::new([(Code::MissingPos, SeverityChoice::Error)].into()).is_ok());
    }
}
