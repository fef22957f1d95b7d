//! Events of a run, as data: requests that are sent, results of orders, and warnings.
//!
//! It decides nothing and formats nothing. The workers emit them; `run` hands them to the caller,
//! which reports them.

use crate::model::{order::OrderRecord, outcome::OrderResult, request::RequestKind};

/// An event of a run, for its report and for the user.
#[derive(Debug)]
pub enum DispatchEvent {
    /// A request is sent.
    RequestStarted {
        /// The kind of the request.
        kind: RequestKind,
        /// The same step was sent before.
        is_retry: bool,
    },
    /// An order got its result.
    Settled(Box<OrderRecord>, OrderResult),
    /// A message for the user.
    Warning(String),
    /// No more events for the moment: a good time to flush what was written.
    Idle,
}
