//! `orderferry ledger`: lists, shows, exports and settles the orders of a ledger, and adopts
//! targets.
//!
//! Sends nothing. Called by `entry`; `commands` runs the subcommands, `text` has their texts.

mod commands;
mod text;

pub(super) use commands::{is_locked, prints_json, run};
