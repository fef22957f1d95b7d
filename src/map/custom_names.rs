//! Custom names: the names that a profile gives to extension attributes and to further attributes
//! of products, each with its place.
//!
//! Data only, without a rule of a target: `pipeline` asks `validate` about each of them before
//! anything is read. Found by `profile_compiler`. Names that a wildcard takes are those of the
//! export.

use std::ops::Range;

use crate::model::field::Field;

/// A name in `[order.ext]`, `[item.ext]` or `[item.product]`.
#[derive(Debug, Clone)]
pub struct CustomName {
    /// The field of this name.
    pub field: Field,
    /// The rule, as messages show it.
    pub(super) subject: String,
    /// The bytes in the text of the profile.
    pub(super) span: Option<Range<usize>>,
}
