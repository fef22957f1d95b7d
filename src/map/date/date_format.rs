//! One of the formats of a date: `iso8601`, or one of chrono's `strftime`.
//!
//! Called by `date_rule` and `local_date_rule`.

use super::strftime::Strftime;

/// The name of the format ISO 8601 with an offset or `Z`, which needs no zone.
pub const ISO_8601: &str = "iso8601";

/// A compiled format.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DateFormat {
    Iso,
    Strftime(Strftime),
}

impl DateFormat {
    fn new(format: &str) -> Result<Self, String> {
        match format {
            ISO_8601 => Ok(Self::Iso),
            _ => Strftime::new(format).map(Self::Strftime),
        }
    }

    /// Whether the value needs a time zone to be an instant.
    pub(super) fn needs_zone(&self) -> bool {
        matches!(self, Self::Strftime(format) if format.needs_zone())
    }
}

/// Compiles formats; an error is a message.
pub(super) fn compile_formats(formats: &[String]) -> Result<Vec<DateFormat>, String> {
    formats.iter().map(|format| DateFormat::new(format)).collect()
}

/// The expected formats, for messages.
pub(super) fn expected(formats: &[DateFormat]) -> String {
    let names = formats.iter().map(|format| match format {
        DateFormat::Iso => "ISO 8601 with an offset or Z".to_owned(),
        DateFormat::Strftime(format) => format!("the format {}", format.text),
    });
    names.collect::<Vec<_>>().join(" or ")
}
