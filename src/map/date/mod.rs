//! Parsing of dates in exports to instants in UTC, to the millisecond.
//!
//! Formats are chrono's `strftime` formats or `iso8601`; a format without an offset needs a time
//! zone. Guesses no format, and refuses those that lose a part of what they read. Called by
//! `rule`.

mod date_rule;
mod iso;
mod strftime;
mod zone;

pub use date_rule::{DateRule, ISO_8601, ParsedInstant};
