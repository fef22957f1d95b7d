//! Parser of messages: text to event, with all checks that do not need the data of the tenant.
//!
//! It does no I/O and acquires no lock, so that messages are parsed outside the tenant's lock.
//! Amounts are parsed from the digits of the text, never through a float. Called by `server`.

mod cart;
mod parse;
mod text;

pub(super) use parse::{EventContent, TenantEvent, TenantOrder};
pub(super) use text::parse_object;
