//! Combination: which of its sources the value of a rule is made of, and how.
//!
//! Compiled by `rule`; `combined_value` applies it to the values of a row.

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    profile_text::{OneOrMany, RuleText},
};

/// How the values of several sources become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Combination {
    /// The first filled one is the value.
    First,
    /// Numbers are added up.
    Sum(Sum),
}

/// The sum of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    /// The number of sources that are added; those behind them are subtracted.
    n_added: usize,
    is_negated: bool,
}

impl Sum {
    /// Whether the number of a source, by its index, is subtracted.
    pub(super) fn subtracts(&self, index: usize) -> bool {
        (index >= self.n_added) != self.is_negated
    }
}

/// The columns and paths that a rule reads, and how.
pub(super) struct Sources {
    pub(super) columns: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) combination: Combination,
}

impl Sources {
    /// Compiles the keys of a rule that name its sources.
    pub(super) fn new(text: &RuleText) -> Result<Self, KeyError> {
        match &text.sum {
            Some(added) => Self::sum(text, added),
            None if !text.minus.is_empty() => {
                Err((WHOLE_RULE, "has minus, but no sum to subtract it from".into()))
            }
            None if text.negate => {
                Err((WHOLE_RULE, "has negate, but no sum; sum may have one name".into()))
            }
            None => {
                let names = |names: &Option<OneOrMany>| {
                    names.clone().map(OneOrMany::into_vec).unwrap_or_default()
                };
                let (columns, paths) = (names(&text.column), names(&text.path));
                Ok(Self { columns, paths, combination: Combination::First })
            }
        }
    }

    fn sum(text: &RuleText, added: &[String]) -> Result<Self, KeyError> {
        if text.column.is_some() || text.path.is_some() {
            return Err((
                WHOLE_RULE,
                "has a sum and a column or path; expected one of them".into(),
            ));
        }
        if added.is_empty() {
            return Err(("sum", "is empty, expected columns or paths".into()));
        }
        if text.values.is_some() {
            return Err((WHOLE_RULE, "has a sum and values, which are no numbers".into()));
        }
        let names: Vec<_> = added.iter().chain(&text.minus).cloned().collect();
        if let Some(name) = repeated(&names) {
            return Err((WHOLE_RULE, format!("has {name:?} twice in its sum")));
        }
        let combination = Combination::Sum(Sum { n_added: added.len(), is_negated: text.negate });
        Ok(Self { columns: names.clone(), paths: names, combination })
    }
}

fn repeated(names: &[String]) -> Option<&String> {
    names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name))
        .map(|(_, name)| name)
}
