//! Encoding of orders and guests as Stream API events: JSON, URLs and their exact length, content
//! hashes.
//!
//! Pure functions. Follows the manual pages "ORDER_CHECKOUT event", "IDENTITY event" and those of
//! the events that assemble an order to the letter; does not check the values. Called by
//! `validate` (does an event fit its URL?), `plan` and `pipeline` (what to send, what was sent)
//! and `dispatch` (the URL). Depends only on `model`.

pub mod content_hash;
pub mod extension;
pub mod json;
pub mod sequence;
pub mod url;
