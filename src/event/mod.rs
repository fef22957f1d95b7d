//! Order and guest → the events' JSON and URLs, with their exact length.
//!
//! Pure. Follows the manual pages "ORDER_CHECKOUT event", "IDENTITY event" and those of the events that assemble an order
//! to the letter. Called by `validate` (does
//! it fit?), `plan` (what is to be sent) and `dispatch` (the URL). Knows only `model`.

pub mod content_hash;
pub mod extension;
pub mod json;
pub mod sequence;
pub mod url;
