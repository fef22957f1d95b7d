//! Copies: what says how new each of several copies of an order is (`duplicates` of a profile).
//!
//! Data only. Compiled by `copies_compiler`, read by `copy_version`.

use super::{number_marks::NumberMarks, rule::Rule};
use crate::model::field::Field;

/// The name of the rule in messages.
pub(super) const VERSION: &str = "duplicates.by";

/// How the copies of an order are distinguished: the newest one counts.
#[derive(Debug, Clone)]
pub struct Duplicates {
    /// The rule of what says how new a copy is.
    pub(super) by: Rule,
    /// The field whose rules the values follow: a date or a text.
    pub(super) field: Field,
    /// The marks of its numbers.
    pub(super) marks: NumberMarks,
}
