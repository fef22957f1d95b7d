//! Parsing of dates in exports to instants in UTC, to the millisecond.
//!
//! Formats are chrono's `strftime` formats or names such as `iso8601` and `excel`; a format without
//! an offset needs a time zone. Guesses no format, and refuses those that lose a part of what they
//! read. Called by `rule`.

mod affix;
mod date_format;
mod date_rule;
mod epoch;
mod excel;
mod iso;
mod local_date_rule;
mod locale;
mod range;
mod strftime;
mod zone;

pub use date_format::ISO_8601;
pub(super) use date_format::number_format_of;
pub(super) use date_rule::{DateOptions, DateZone};
pub use date_rule::{DateRule, ParsedInstant};
pub(super) use iso::{parse_iso, parse_iso_date};
pub(super) use local_date_rule::LocalDateRule;
pub(super) use locale::{Locale, languages};
pub(super) use zone::{ZoneError, parse_zone};
