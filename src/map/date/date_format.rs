//! One of the formats of a date: a name such as `iso8601`, or one of chrono's `strftime`.
//!
//! Called by `date_rule` and `local_date_rule`.

use chrono::NaiveTime;

use super::{
    epoch::EpochUnit,
    excel::{EXCEL, ExcelDate, parse_excel},
    locale::Locale,
    range::is_plausible,
    strftime::Strftime,
};

/// The name of the format ISO 8601 with an offset or `Z`, which needs no zone.
pub const ISO_8601: &str = "iso8601";

/// A compiled format.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DateFormat {
    Iso,
    Epoch(EpochUnit),
    Excel,
    Strftime(Strftime),
}

impl DateFormat {
    fn new(format: &str, locale: Option<&'static Locale>) -> Result<Self, String> {
        if let Some(unit) = EpochUnit::ALL.into_iter().find(|unit| unit.name() == format) {
            return Ok(Self::Epoch(unit));
        }
        match format {
            ISO_8601 => Ok(Self::Iso),
            EXCEL => Ok(Self::Excel),
            _ => Strftime::new(format, locale).map(Self::Strftime),
        }
    }

    /// Whether the value needs a time zone to be an instant.
    pub(super) fn needs_zone(&self) -> bool {
        match self {
            Self::Iso | Self::Epoch(_) => false,
            Self::Excel => true,
            Self::Strftime(format) => format.needs_zone(),
        }
    }

    /// Whether a zone beside it contradicts it: the values are in another one, or in none where
    /// they say no offset. One beside the offset in each value says nothing else.
    pub(super) fn contradicts_zone(&self) -> bool {
        match self {
            Self::Iso | Self::Epoch(_) => true,
            Self::Excel => false,
            Self::Strftime(format) => !format.needs_zone() && !format.is_instant(),
        }
    }

    /// Whether a value may be a date without a time of day.
    pub(super) fn may_lack_time(&self) -> bool {
        match self {
            Self::Iso | Self::Epoch(_) => false,
            Self::Excel => true,
            Self::Strftime(format) => format.is_date_only(),
        }
    }

    /// Whether it reads the name of a month.
    pub(super) fn has_month_name(&self) -> bool {
        matches!(self, Self::Strftime(format) if format.has_month_name())
    }

    /// Its name or its text.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Iso => ISO_8601,
            Self::Epoch(unit) => unit.name(),
            Self::Excel => EXCEL,
            Self::Strftime(format) => &format.text,
        }
    }
}

/// Compiles formats; an error is a message.
pub(super) fn compile_formats(
    formats: &[String],
    locale: Option<&'static Locale>,
) -> Result<Vec<DateFormat>, String> {
    formats.iter().map(|format| DateFormat::new(format, locale)).collect()
}

/// The name of the format that reads a number as a plausible date, if there is one.
pub(in crate::map) fn number_format_of(text: &str) -> Option<&'static str> {
    let is_serial = |(day, _): ExcelDate| is_plausible(day.and_time(NaiveTime::MIN));
    let unit = EpochUnit::ALL.into_iter().find(|unit| unit.parse(text).is_some());
    unit.map(EpochUnit::name)
        .or_else(|| parse_excel(text).filter(|date| is_serial(*date)).map(|_| EXCEL))
}

/// The expected formats, for messages; `years` is the range of those that are numbers.
pub(super) fn expected(formats: &[DateFormat], years: &str) -> String {
    let names = formats.iter().map(|format| match format {
        DateFormat::Iso => "ISO 8601 with an offset or Z".to_owned(),
        DateFormat::Epoch(unit) => format!("{}, {years}", unit.description()),
        DateFormat::Excel => format!("a serial number of a spreadsheet, {years}"),
        DateFormat::Strftime(format) => match format.locale() {
            Some(locale) => format!("the format {} in {}", format.text, locale.language()),
            None => format!("the format {}", format.text),
        },
    });
    names.collect::<Vec<_>>().join(" or ")
}
