//! Trace of an order: how each of its values came to be, for a person to read.
//!
//! Data only. `map` tells the steps from the cell to the value, `validate` what is sent of it;
//! `pipeline` brings them together and `cli` shows them. No value about a person is in clear.

use super::{
    diagnostic::Diagnostic,
    origin::{InputNames, Place, RowOrigin},
    outcome::OrderResult,
};

/// How an order came to be.
#[derive(Debug, Clone)]
pub struct OrderTrace {
    /// The reference, or the order key where the reference is missing.
    pub reference: String,
    /// The origins of its rows.
    pub rows: Vec<RowOrigin>,
    /// The values of the order, and those that all its events share.
    pub values: Vec<TracedValue>,
    /// The items, in input order.
    pub items: Vec<TracedItem>,
    /// What the lines of the items add up to, if all of them have a price.
    pub lines_total: Option<String>,
    /// The values of the guest.
    pub guest: Vec<TracedValue>,
    /// The providers of the identifiers that are sent, in their order.
    pub identifiers: Vec<String>,
    /// The people besides the guest, each with the name of its role.
    pub people: Vec<(&'static str, Vec<TracedValue>)>,
    /// The events that a valid order is sent as.
    pub events: Option<TracedEvents>,
    /// What the ledger says of the order.
    pub ledger: String,
    /// What became of the order; none if the run ended before that was decided.
    pub result: Option<OrderResult>,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// A value of an order and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedValue {
    /// The name of its field within its group.
    pub field: String,
    /// The value as it is sent; that of the export if the order is not valid.
    pub value: String,
    /// Where it came from.
    pub from: ValueOrigin,
    /// The text that the steps began with; empty if it is the value itself or about a person.
    pub text: String,
    /// What was done with the text, in this order; empty if it is used as it is.
    pub steps: Vec<String>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueOrigin {
    /// A cell, or a value of a document.
    Cell(Place),
    /// A constant of the profile.
    Constant,
    /// The default of a rule of the profile, because its cell is empty.
    RuleDefault,
    /// The settings of the target.
    Target,
    /// What applies where neither the export nor the settings say anything.
    BuiltIn,
    /// The other values of the order.
    Order,
}

/// An item of an order and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedItem {
    /// Its place.
    pub at: Place,
    /// Its kind in words, if the profile has several or it was refunded; else empty.
    pub kind: String,
    /// Its values.
    pub values: Vec<TracedValue>,
}

/// The events that a valid order is sent as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedEvents {
    /// The number of requests, with those that identify the guest.
    pub n_requests: u64,
    /// The bytes of the longest URL.
    pub longest_url: usize,
    /// The bytes of the longest URL that the service takes.
    pub max_url_bytes: usize,
    /// The events in the order of sending, as JSON; the first one identifies the guest.
    pub texts: Vec<String>,
}

/// What the orders that a person wants to have explained came to.
#[derive(Debug, Clone, Default)]
pub struct ExplainedOrders {
    /// The names of the files.
    pub names: InputNames,
    /// How they came to be, in the order of the input.
    pub orders: Vec<OrderTrace>,
    /// The references that no order has, each with a near one that some order has.
    pub unknown: Vec<(String, Vec<String>)>,
}
