//! Delivery of one guest's orders: a state machine without I/O that returns the next action and
//! receives the responses.
//!
//! It alone knows the order of the steps, and that the orders of a guest are sent one after the
//! other. What a response means is in `classify`. Called by the workers of `dispatch`,
//! which do the I/O.

mod cart;
mod machine;
mod progress;
mod steps;
#[cfg(test)]
mod tests;

pub use machine::{CREATE_BROWSER, GuestDelivery, Identified};
pub use steps::{IDENTIFY_REQUESTS, RequestSpec};
