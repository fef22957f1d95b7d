//! Schema of the events by the manual. Each check returns all violations, in the form
//! `attribute: found, expected`.
//!
//! It does not know the tenant (points of sale, guests) or other events. Called by `message`.
//!
//! `single` has IDENTITY and `ORDER_CHECKOUT`, `cart` the events that assemble an order, `check`
//! the tables of attributes and how they are applied.

pub(super) mod cart;
mod check;
mod single;

pub(super) use single::{identity, order_checkout};
