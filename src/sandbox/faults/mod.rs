//! Fault selection: which requests fail, how, and with which delay, reproducibly from a seed.
//!
//! It does no I/O and injects nothing. Called by `fault_injector`, which applies the decisions.
//!
//! `values` and `settings` parse the settings, `latency` draws delays, `request_key` recognizes
//! requests, `decide` selects a fault, `scheduler` counts requests and faults.

mod decide;
mod latency;
mod request_key;
mod scheduler;
mod settings;
mod values;

pub(super) use decide::{Fault, FaultDecision};
pub use decide::{FaultError, Faults};
pub use latency::Latency;
pub(super) use request_key::RequestContent;
pub(super) use scheduler::FaultScheduler;
pub use settings::{FaultSettings, OutageFault, RetryAfterForm};
pub use values::{ErrorStatus, FaultDuration, Probability};

#[cfg(test)]
mod tests;
