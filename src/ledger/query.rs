//! Ledger query: which orders the operator selects, by reference, state, target, run and time.
//! Reads no ledger: the admin view turns target and reference into SQL and asks the rest here.
//! Made by the `ledger` command of `cli`.

use std::ops::Range;

use chrono::{DateTime, Utc};

use super::{
    order::{LedgerOrder, OrderState, Submission},
    target_hash::TargetHash,
};

/// The orders to visit. The default selects all; each field that is set narrows the selection.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Their references.
    pub references: ReferencePattern,
    /// Their states; any state if empty.
    pub states: Vec<OrderState>,
    /// The target that they were sent to.
    pub target: Option<TargetPrefix>,
    /// A run that sent them.
    pub run: Option<String>,
    /// Sent at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Sent before this time.
    pub until: Option<DateTime<Utc>>,
    /// The range of their order times.
    pub ordered_at: Option<Range<DateTime<Utc>>>,
    /// The maximum number of orders.
    pub limit: Option<usize>,
}

/// The references to select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReferencePattern {
    /// All references.
    #[default]
    Any,
    /// This reference.
    Exact(String),
    /// References that match a pattern as a whole, case-sensitive: `*` matches any text, also
    /// none, `?` any one character, `[abc]` or `[a-z]` one of these characters, and `[^a-z]`
    /// one other than these. Every other character matches itself.
    Glob(String),
}

impl OrderFilter {
    /// Whether it selects this order, except for target and reference, which SQL has selected
    /// already.
    pub(super) fn matches(&self, order: &LedgerOrder) -> bool {
        // One submission must satisfy run, since and until together.
        let is_sent = |submission: &Submission| {
            self.run.as_ref().is_none_or(|run| *run == submission.run)
                && self.since.is_none_or(|since| since <= submission.intended_at)
                && self.until.is_none_or(|until| submission.intended_at < until)
        };
        let is_in_range = |range: &Range<DateTime<Utc>>| {
            order.submissions.iter().any(|submission| range.contains(&submission.ordered_at))
        };
        (self.states.is_empty() || self.states.contains(&order.state()))
            && order.submissions.iter().any(is_sent)
            && self.ordered_at.as_ref().is_none_or(is_in_range)
    }
}

/// The first hex digits of a target's hash, as the user types them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPrefix(String);

impl TargetPrefix {
    /// Whether this hash begins with the digits.
    #[must_use]
    pub fn matches(&self, target: TargetHash) -> bool {
        target.to_hex().starts_with(&self.0)
    }
}

impl std::str::FromStr for TargetPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit())
        {
            return Err(format!(
                "invalid target {text:?}; expected the first hex digits of its hash, as ledger \
                 list shows them"
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_prefix_matches_hash() {
        let target = TargetHash([0x1a; 32]);
        assert_eq!((target.to_string().as_str(), target.to_hex().len()), ("1a1a1a1a", 64));
        for (typed, expected) in [("1", true), ("1A1a", true), ("1a1a1a1a", true), ("1b", false)] {
            assert_eq!(typed.parse::<TargetPrefix>().unwrap().matches(target), expected, "{typed}");
        }
        for typed in ["", "xyz", "staging"] {
            assert!(typed.parse::<TargetPrefix>().is_err(), "{typed}");
        }
    }
}
