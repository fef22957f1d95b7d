//! Validation of drafts: each becomes an order, or all of its problems are reported.
//!
//! The only stage that builds an `Order`: if one exists, it follows the rules of its route, which
//! are data: `check` applies the `TargetRules` that it is given, and knows no target. Whether the
//! encoded order fits the target's requests is for the target to say. One small function per rule;
//! all problems are collected, none ends the run. No I/O, no clock: the time is passed in. Called
//! by `pipeline`; depends only on `model`.

mod attributes;
mod carried;
mod check;
mod common;
mod constant;
mod custom_name;
mod extension;
mod findings;
mod guest;
mod identity;
mod iso;
mod item_prices;
mod items;
mod legs;
mod order;
mod people;
mod plain;
mod plain_attributes;
mod product;
mod references;
mod refunds;
mod sent;
mod settings;
mod timestamps;
mod values;

#[cfg(test)]
pub(crate) mod tests;

pub use check::{RouteCheck, check};
pub use common::{built_in_default, default_errors, origin_of_default};
pub use constant::{ConstantError, TakenValues, constant_error, replacement_error};
pub use custom_name::custom_name_error;
pub use plain::PlainCheck;
pub use sent::{
    TIMES_QUANTITY, lines_total, sending_step, sent_items, sent_of_guest, sent_of_item,
    sent_of_order,
};
pub use settings::ValidateSettings;
pub use values::alternatives;
