//! Stream API as a target: orders and guests as its events, the delivery of one guest as a state
//! machine, the meaning of the service's responses, and the HTTP client.
//!
//! The encoding follows the manual pages "ORDER_CHECKOUT event", "IDENTITY event" and those of the
//! events that assemble an order to the letter; it does not check the values, but says what they
//! must be (`rules`), and whether the events fit their URLs and their session. Does not pace
//! requests. Called by `pipeline`, which hands its target to `dispatch`.

mod base_url;
pub mod classify;
mod client;
pub mod content_hash;
pub mod delivery;
pub mod encode;
pub mod event_json;
pub mod extension;
pub mod multi_event;
mod page_counter;
pub mod payload;
mod planned;
mod route;
mod rules;
mod service;
mod session;
mod settings;
mod size;
#[cfg(test)]
mod tests;
mod transport;
pub mod url;

pub use base_url::{TargetError, is_loopback, target};
pub use classify::ServiceResponse;
pub use client::{ClientError, HttpClient};
pub use delivery::IDENTIFY_REQUESTS;
pub use payload::StreamPayload;
pub use planned::result_if_unsendable;
pub use route::{RouteChoice, routes, routes_of, single_route};
pub use rules::{MULTI, SINGLE};
pub use service::StreamService;
pub use settings::StreamSettings;
pub use size::{Misfit, misfit};
pub use transport::Transport;
