//! Mock server of the Stream API: a stand-in tenant of Sitecore Personalize on this machine. It
//! responds as the manual documents, and lists what it stores and which accepted events a real
//! tenant would have dropped silently, with the reasons.
//!
//! It shares no code with the modules that write or check events, keeps nothing on disk, and never
//! listens beyond loopback. Callers of [`Sandbox`]: the pipeline (`send --sandbox`) and the command
//! line (`orderferry sandbox`).
//!
//! `handle` starts and stops it, `listener` accepts connections, `server` handles HTTP requests,
//! `response` and `body` build the responses, `query` reads URLs, `message` parses events, `schema`
//! and `format_rules` hold the manual's rules, `faults` selects the requests that fail and
//! `fault_injector` makes them fail, `tenant`, `guests`, `cart_store` and `cart` store the data,
//! `order_log` the newest orders with their messages, `exact_decimal` adds and multiplies it,
//! `request_kind` has the table of the requests, `state` and `page` show everything, `order_page`
//! shows an order.

// The manual's rules are written down twice in this crate, here and in the sender. With shared
// code, a rule that was read wrongly would be wrong on both sides, and no test would fail.

mod body;
mod cart;
mod cart_store;
mod exact_decimal;
mod fault_injector;
mod faults;
mod format_rules;
mod guests;
mod handle;
mod host;
mod html;
mod json_text;
mod listener;
mod message;
mod order_log;
mod order_page;
mod order_url;
mod order_view;
mod page;
mod query;
mod request_kind;
mod response;
mod schema;
mod server;
mod settings;
mod state;
mod tenant;

pub use faults::{
    ErrorStatus, FaultDuration, FaultError, FaultSettings, Faults, Latency, OutageFault,
    Probability, RetryAfterForm,
};
pub use handle::Sandbox;
pub use request_kind::{TenantRequestCounts, TenantRequestKind};
pub use settings::SandboxSettings;
pub use state::{
    CartEntry, CartSummary, GuestEntry, MoneyTotal, NotProcessed, OrderCounts, OrderEntry,
    Requests, SandboxState, TenantIdentifier, TenantMode,
};

#[cfg(test)]
mod tests;
