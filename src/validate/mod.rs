//! Validation of drafts: each becomes an order, or all of its problems are reported.
//!
//! The only stage that builds an `Order`: if one exists, it follows the manual pages of the events
//! that it is sent as, and each event fits one request. One small function per rule; all problems
//! are collected, none ends the run. No I/O, no clock: the time is passed in. Called by
//! `pipeline`; depends only on `model` and `stream`.

mod assembled;
mod check;
mod common;
mod extension;
mod findings;
mod guest;
mod items;
mod legs;
mod lists;
mod order;
mod people;
mod product;
mod references;
mod settings;
mod size;
mod values;

#[cfg(test)]
mod tests;

pub use assembled::exceeds_session;
pub use check::check;
pub use references::{SharedReference, find_conflicts, find_duplicates};
pub use settings::{CommonDefaults, ValidateSettings};
