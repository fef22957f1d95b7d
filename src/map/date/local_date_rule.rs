//! Rule of a local date, such as a date of birth: the time that the text shows, in no time zone.
//!
//! Called by `birth_date`.

use chrono::NaiveDateTime;

use super::{
    date_format::{DateFormat, compile_formats, expected},
    date_rule::{DateOptions, DateRule, DateZone},
    excel::{EXCEL_YEARS, parse_excel},
    iso::parse_iso_with_offset,
    locale::Locale,
};

/// The formats of local dates.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::map) struct LocalDateRule {
    formats: Vec<DateFormat>,
}

impl LocalDateRule {
    /// Creates a rule of formats, tried in order, with the names of months in a locale; an error is
    /// a message.
    pub(in crate::map) fn new(
        formats: &[String],
        locale: Option<&'static Locale>,
    ) -> Result<Self, String> {
        // Any zone shows whether formats overlap.
        let options = DateOptions { zone: Some(DateZone::Named("UTC")), locale, time: None };
        DateRule::with_options(formats, &options)?.ensure_no_overlap()?;
        let formats = compile_formats(formats, locale)?;
        let is_timestamp = |format: &DateFormat| match format {
            DateFormat::Epoch(_) => true,
            DateFormat::Strftime(format) => format.is_timestamp(),
            DateFormat::Iso | DateFormat::Excel => false,
        };
        if formats.iter().any(is_timestamp) {
            return Err("has a date of seconds since 1970, which is another day in another time \
                        zone; expected a format with a year, a month and a day"
                .to_owned());
        }
        let lacks_century = |format: &DateFormat| matches!(format, DateFormat::Strftime(format) if format.lacks_century());
        if formats.iter().any(lacks_century) {
            return Err("has a date with a year of two digits, whose century is not known; \
                        expected %Y"
                .to_owned());
        }
        Ok(Self { formats })
    }

    /// The expected formats, for messages.
    pub(in crate::map) fn expected(&self) -> String {
        expected(&self.formats, EXCEL_YEARS)
    }

    /// Whether one of the formats reads the name of a month.
    pub(in crate::map) fn has_month_name(&self) -> bool {
        self.formats.iter().any(DateFormat::has_month_name)
    }

    /// Parses a date; `None` if it has none of the formats. An offset is read and moves nothing.
    pub(in crate::map) fn parse(&self, text: &str) -> Option<NaiveDateTime> {
        self.formats.iter().find_map(|format| match format {
            DateFormat::Iso => Some(parse_iso_with_offset(text)?.naive_local()),
            // A number of a spreadsheet may be any day: people are born before 1980.
            DateFormat::Excel => {
                let (day, time) = parse_excel(text)?;
                Some(day.and_time(time.unwrap_or_default()))
            }
            DateFormat::Epoch(_) => None,
            DateFormat::Strftime(format) => Some(format.parse(text)?.local()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_that_of_the_text() {
        let parse = |format: &str, text| {
            let rule = LocalDateRule::new(&[format.to_owned()], None).unwrap();
            rule.parse(text).map(|time| time.to_string())
        };
        assert_eq!(parse("%d/%m/%Y", "24/12/1985").as_deref(), Some("1985-12-24 00:00:00"));
        let shown = "1985-12-24T00:00:00+09:00";
        assert_eq!(parse("iso8601", shown).as_deref(), Some("1985-12-24 00:00:00"));
        assert_eq!(parse("%d/%m/%Y", "12/24/1985"), None);
        assert_eq!(parse("excel", "18264").as_deref(), Some("1950-01-01 00:00:00"));
        let error = |format: &str| LocalDateRule::new(&[format.to_owned()], None).unwrap_err();
        assert!(error("%s").contains("1970") && error("epoch_ms").contains("1970"));
        let both = ["%d/%m/%Y", "%m/%d/%Y"].map(str::to_owned);
        assert!(LocalDateRule::new(&both, None).unwrap_err().contains("read differently"));
        // Born in 1920 or in 2020.
        assert!(error("%d/%m/%y").contains("century"));
        assert!(error("%D").contains("century"));
    }
}
