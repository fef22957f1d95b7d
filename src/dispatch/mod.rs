//! Dispatch: sends planned guests and returns one outcome for each order.
//!
//! The orders of one guest are sent oldest first and one at a time; different guests are sent
//! concurrently. Which requests an order takes is known to the target alone, which implements the
//! traits of this module. No checkout is sent before its intent is recorded, and no cart is filled
//! before it is recorded. Called by `pipeline`.

mod admission;
pub mod backoff;
mod carts;
mod dispatcher;
mod event;
mod health;
mod journal;
mod leftover_carts;
pub mod pacer;
mod probe;
mod run;
mod settings;
mod shutdown;
mod target;
mod wait_counter;
mod worker;

pub use event::DispatchEvent;
pub use journal::{AttemptOutcome, Journal, LeftoverCart};
pub use run::{DispatchOutcome, Work, run};
pub use settings::DispatchSettings;
pub use shutdown::ShutdownSignal;
pub use target::{
    Action, Assessment, Delivery, DispatchTarget, Request, ServiceNotice, StopReason, Throttling,
};
