//! Formats of chrono's `strftime`: what a format contains, and parsing with it.
//!
//! A format is compiled once. One that loses a part of what it reads is refused: a time of day
//! without its half of the day, a time zone by name, numbers that run into each other. Called by
//! `date_rule`.

use std::fmt::Write;

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
    format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse_and_remainder},
};

use super::{locale::Locale, zone};
use crate::model::suggest::did_you_mean;

/// A compiled format.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strftime {
    /// The format as the profile has it.
    pub(super) text: String,
    items: Vec<Item<'static>>,
    content: Content,
    /// The language of the names of months; English if there is none.
    locale: Option<&'static Locale>,
    /// The time of day of a date alone.
    time: NaiveTime,
}

/// How a format's value becomes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// An offset, or seconds since 1970: an instant.
    Instant,
    /// A date with a time of day.
    DateTime { is_utc: bool },
    /// A date alone.
    Date { is_utc: bool },
}

/// What was read from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateValue {
    /// An instant, with the offset of the text.
    Instant(DateTime<FixedOffset>),
    /// A local time, which needs a zone; of a date alone its midnight, or the time that is set.
    Local(NaiveDateTime),
}

impl DateValue {
    /// The time that the text shows.
    pub(super) fn local(self) -> NaiveDateTime {
        match self {
            Self::Instant(time) => time.naive_local(),
            Self::Local(time) => time,
        }
    }
}

/// The parts of a format that decide what becomes of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FormatPart {
    Hour,
    Hour12,
    HalfDay,
    Minute,
    Second,
    Fraction,
    /// `%f`: a number of nanoseconds without a point.
    Nanoseconds,
    Timestamp,
    /// `%+`: a whole timestamp of RFC 3339.
    Rfc3339,
    Offset,
    ZoneName,
    /// Parts of the date.
    Date,
}

/// The format that spreadsheets and others write as `dd.mm.yyyy hh:mm`, in which `mm` behind the
/// hour is the minute.
fn of_spreadsheet(text: &str) -> Option<String> {
    let (mut format, mut has_hour) = (String::new(), false);
    let characters: Vec<_> = text.to_lowercase().chars().collect();
    for same in characters.chunk_by(PartialEq::eq) {
        let same: String = same.iter().collect();
        format += match &*same {
            "yyyy" => "%Y",
            "yy" => "%y",
            "mm" if has_hour => "%M",
            "mm" => "%m",
            "dd" => "%d",
            "hh" => "%H",
            "ss" => "%S",
            other if other.contains(char::is_alphanumeric) => return None,
            other => other,
        };
        has_hour |= same == "hh";
    }
    Some(format)
}

impl Strftime {
    /// Compiles a format; an error is a message.
    pub(super) fn new(text: &str, locale: Option<&'static Locale>) -> Result<Self, String> {
        let items = StrftimeItems::new(text).parse_to_owned().unwrap_or_default();
        // A text without a specifier, such as yyyy-MM-dd, is a valid format that matches only
        // itself.
        if !items.iter().any(|item| part_of(item).is_some()) {
            let meant = of_spreadsheet(text).filter(|meant| Self::new(meant, locale).is_ok());
            return Err(format!(
                "invalid date format {text:?}; expected iso8601 or a format such as %Y-%m-%d \
                 %H:%M:%S{}",
                did_you_mean(meant.as_deref())
            ));
        }
        let in_format = |error| format!("date format {text:?} {error}");
        let content = content(&items).map_err(in_format)?;
        if locale.is_some() && items.iter().any(is_weekday_name) {
            return Err(in_format(
                "has the name of a weekday, which is read in English only; expected no locale, or \
                 no %a and %A"
                    .into(),
            ));
        }
        let (text, time) = (text.to_owned(), NaiveTime::MIN);
        let format = Self { text, items, content, locale, time };
        match format.misread_sample() {
            None => Ok(format),
            Some(sample) if format.has_date(&sample) => Err(in_format(format!(
                "does not read back what it writes, for example {sample:?}; expected a mark \
                 between two numbers, or all their digits"
            ))),
            Some(_) => {
                Err(in_format("has no whole date; expected a year, a month and a day".into()))
            }
        }
    }

    /// Whether the value needs a time zone to be an instant.
    pub(super) fn needs_zone(&self) -> bool {
        matches!(
            self.content,
            Content::DateTime { is_utc: false } | Content::Date { is_utc: false }
        )
    }

    /// Whether each value says its offset, or is seconds since 1970.
    pub(super) fn is_instant(&self) -> bool {
        matches!(self.content, Content::Instant)
    }

    /// Whether the value is a date without a time of day.
    pub(super) fn is_date_only(&self) -> bool {
        matches!(self.content, Content::Date { .. })
    }

    /// Sets the time of day of dates alone.
    pub(super) fn set_time(&mut self, time: NaiveTime) {
        self.time = time;
    }

    /// Whether it reads the name of a month.
    pub(super) fn has_month_name(&self) -> bool {
        self.items.iter().any(is_month_name)
    }

    /// The language of the names of months, if it reads some in one other than English.
    pub(super) fn locale(&self) -> Option<&'static Locale> {
        self.locale.filter(|_| self.has_month_name())
    }

    /// Whether a year has only its last two digits.
    pub(super) fn lacks_century(&self) -> bool {
        let has = |numbers: [Numeric; 2]| {
            self.items
                .iter()
                .any(|item| matches!(item, Item::Numeric(number, _) if numbers.contains(number)))
        };
        has([Numeric::YearMod100, Numeric::IsoYearMod100])
            && !has([Numeric::YearDiv100, Numeric::Year])
    }

    /// The format with day and month exchanged, if both are numbers before the year.
    pub(super) fn exchanged(&self) -> Option<Self> {
        let index = |number: Numeric| {
            self.items.iter().position(|item| matches!(item, Item::Numeric(n, _) if *n == number))
        };
        let (day, month) = (index(Numeric::Day)?, index(Numeric::Month)?);
        let year = index(Numeric::Year).or_else(|| index(Numeric::YearMod100))?;
        if year < day.max(month) {
            return None;
        }
        let mut exchanged = self.clone();
        exchanged.items.swap(day, month);
        Some(exchanged)
    }

    /// Whether the value is a number of seconds since 1970.
    pub(super) fn is_timestamp(&self) -> bool {
        has_part(&self.items, FormatPart::Timestamp)
    }

    /// Whether a text of the format, such as `Z`, says that its time is UTC.
    pub(super) fn is_literally_utc(&self) -> bool {
        matches!(self.content, Content::DateTime { is_utc: true } | Content::Date { is_utc: true })
    }

    /// Parses a text; `None` if it does not have the format.
    pub(super) fn parse(&self, text: &str) -> Option<DateValue> {
        let parsed = self.parse_items(text)?;
        let (local, is_utc) = match self.content {
            Content::Instant => return Some(DateValue::Instant(parsed.to_datetime().ok()?)),
            Content::DateTime { is_utc } => (parsed.to_naive_datetime_with_offset(0).ok()?, is_utc),
            Content::Date { is_utc } => (parsed.to_naive_date().ok()?.and_time(self.time), is_utc),
        };
        Some(if is_utc {
            DateValue::Instant(local.and_utc().fixed_offset())
        } else {
            DateValue::Local(local)
        })
    }

    // chrono accepts fewer digits than a number has, and ignores a missing blank: `2025111` is
    // 11 January or 1 November. So a number that directly follows a digit must have all its digits.
    fn parse_items(&self, text: &str) -> Option<Parsed> {
        let mut parsed = Parsed::new();
        let mut rest = text;
        for (index, item) in self.items.iter().enumerate() {
            let after = match self.locale.filter(|_| is_month_name(item)) {
                Some(locale) => {
                    let (month, after) = locale.month_at(rest)?;
                    parsed.set_month(month.into()).ok()?;
                    // The point of an abbreviation, unless it is in the format.
                    let has_point = self.items.get(index + 1).is_some_and(starts_with_point);
                    after.strip_prefix('.').filter(|_| !has_point).unwrap_or(after)
                }
                None => parse_and_remainder(&mut parsed, rest, std::iter::once(item)).ok()?,
            };
            if let Item::Numeric(number, _) = item
                && is_between_digits(text, rest)
                && rest.len() - after.len() != width(number)
            {
                return None;
            }
            rest = after;
        }
        rest.is_empty().then_some(parsed)
    }

    /// Returns a sample as the format writes it, if it reads something else from that.
    fn misread_sample(&self) -> Option<String> {
        samples().into_iter().find_map(|sample| {
            let written = self.write(sample)?;
            let is_read = self.parse(&written).is_some_and(|read| self.keeps(sample, read));
            (!is_read).then_some(written)
        })
    }

    /// Writes a time; `None` if the format cannot.
    pub(super) fn write(&self, time: DateTime<FixedOffset>) -> Option<String> {
        // chrono cannot write `%#z`, but `%z` is one of its forms.
        let offset = Item::Fixed(Fixed::TimezoneOffset);
        let mut written = String::new();
        for item in &self.items {
            if let Some(locale) = self.locale.filter(|_| is_month_name(item)) {
                written.push_str(locale.name_of(time.month())?);
                continue;
            }
            let item = if *item == permissive_offset() { &offset } else { item };
            write!(written, "{}", time.format_with_items(std::iter::once(item))).ok()?;
        }
        Some(written)
    }

    fn has_date(&self, sample: &str) -> bool {
        self.parse_items(sample).is_none_or(|parsed| parsed.to_naive_date().is_ok())
    }

    /// Whether a value is a time, to the precision of the format.
    fn keeps(&self, time: DateTime<FixedOffset>, value: DateValue) -> bool {
        let kept = match value {
            DateValue::Instant(read) if self.content == Content::Instant => read - time,
            DateValue::Instant(read) => read.naive_utc() - time.naive_local(),
            DateValue::Local(read) => read - time.naive_local(),
        };
        let has = |part| has_part(&self.items, part);
        // A format without a fraction or seconds cuts them off.
        let lost = match self.content {
            Content::Date { .. } => TimeDelta::days(1),
            _ if has(FormatPart::Fraction) || has(FormatPart::Rfc3339) => {
                TimeDelta::milliseconds(1)
            }
            _ if has(FormatPart::Second) || has(FormatPart::Timestamp) => TimeDelta::seconds(1),
            _ => TimeDelta::minutes(1),
        };
        kept <= TimeDelta::zero() && kept > -lost
    }
}

/// Decides how a format's value becomes an instant, and refuses a time of day that would be lost.
fn content(items: &[Item<'_>]) -> Result<Content, String> {
    use FormatPart as Part;
    let has = |part| has_part(items, part);
    if has(Part::Nanoseconds) {
        return Err(
            "reads %f as nanoseconds, so .5 would be 5 ns; write %.f in place of .%f".into()
        );
    }
    let is_whole = has(Part::Timestamp) || has(Part::Rfc3339);
    let has_offset = is_whole || has(Part::Offset);
    if has(Part::ZoneName) && !has_offset {
        return Err(
            "reads the zone of %Z and ignores it; expected an offset (%z), or no zone and a \
                    zone of the rule: strip_suffix = \" PST\", zone = \"America/Los_Angeles\""
                .into(),
        );
    }
    let is_utc = !has_offset && literal_zone(items)?;
    let has_time =
        [Part::Hour, Part::Hour12, Part::HalfDay, Part::Minute, Part::Second, Part::Fraction]
            .into_iter()
            .any(has);
    if !has_time && !has_offset {
        return Ok(Content::Date { is_utc });
    }
    if has(Part::Hour12) && !has(Part::HalfDay) && !has(Part::Hour) {
        return Err("has an hour of twelve (%I, %l) without AM or PM (%p)".into());
    }
    if !is_whole && !has(Part::Hour) && !has(Part::Hour12) {
        return Err("has a part of a time of day, but no hour (%H)".into());
    }
    if !is_whole && !has(Part::Minute) {
        return Err("has an hour, but no minute (%M)".into());
    }
    Ok(if has_offset { Content::Instant } else { Content::DateTime { is_utc } })
}

/// Whether the texts of a format that has no offset say UTC. One that names another zone would be
/// read and ignored, so it is refused.
fn literal_zone(items: &[Item<'_>]) -> Result<bool, String> {
    let mut is_utc = false;
    for (index, item) in items.iter().enumerate() {
        let text = match item {
            Item::Literal(text) => text,
            Item::OwnedLiteral(text) => &**text,
            _ => continue,
        };
        let before = index.checked_sub(1).and_then(|before| part_of(&items[before]));
        let follows_value = before.is_some();
        let follows_time = matches!(
            before,
            Some(
                FormatPart::Minute
                    | FormatPart::Second
                    | FormatPart::Fraction
                    | FormatPart::HalfDay
            )
        );
        for word in text.split(|c: char| !c.is_alphabetic()) {
            if let Some(region) = zone::region_of(word) {
                return Err(format!(
                    "reads the zone {word} and ignores it; expected an offset (%z), or no zone and \
                     a zone of the rule: strip_suffix = \" {word}\", zone = {region:?}"
                ));
            }
            is_utc |= word == "Z"
                || word == "z" && follows_value
                || ["UTC", "GMT"].iter().any(|name| word.eq_ignore_ascii_case(name));
        }
        let is_offset = text.split_once('+').is_some_and(|(_, after)| starts_with_digit(after))
            || text.split_once('-').is_some_and(|(before, after)| {
                // -05:00 behind a time, or behind a fraction that is always .000.
                let is_behind_time =
                    follows_time && before.chars().all(|c| c == '.' || c.is_ascii_digit());
                let is_behind_name = before.ends_with(|c: char| c.is_ascii_alphabetic());
                starts_with_digit(after) && (is_behind_time || is_behind_name)
            });
        if is_offset {
            return Err(format!("reads the offset {text:?} and ignores it; expected %z or %:z"));
        }
    }
    Ok(is_utc)
}

fn is_month_name(item: &Item<'_>) -> bool {
    matches!(item, Item::Fixed(Fixed::ShortMonthName | Fixed::LongMonthName))
}

fn is_weekday_name(item: &Item<'_>) -> bool {
    matches!(item, Item::Fixed(Fixed::ShortWeekdayName | Fixed::LongWeekdayName))
}

fn starts_with_point(item: &Item<'_>) -> bool {
    match item {
        Item::Literal(text) => text.starts_with('.'),
        Item::OwnedLiteral(text) => text.starts_with('.'),
        _ => false,
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn has_part(items: &[Item<'_>], part: FormatPart) -> bool {
    items.iter().any(|item| part_of(item) == Some(part))
}

/// The part that an item reads; none for a text or a blank.
fn part_of(item: &Item<'_>) -> Option<FormatPart> {
    use FormatPart as Part;
    Some(match item {
        Item::Numeric(number, _) => match number {
            Numeric::Hour => Part::Hour,
            Numeric::Hour12 => Part::Hour12,
            Numeric::Minute => Part::Minute,
            Numeric::Second => Part::Second,
            Numeric::Nanosecond => Part::Nanoseconds,
            Numeric::Timestamp => Part::Timestamp,
            _ => Part::Date,
        },
        Item::Fixed(kind) => match kind {
            Fixed::ShortMonthName
            | Fixed::LongMonthName
            | Fixed::ShortWeekdayName
            | Fixed::LongWeekdayName => Part::Date,
            Fixed::LowerAmPm | Fixed::UpperAmPm => Part::HalfDay,
            Fixed::TimezoneName => Part::ZoneName,
            Fixed::RFC2822 | Fixed::RFC3339 => Part::Rfc3339,
            Fixed::TimezoneOffsetColon
            | Fixed::TimezoneOffsetDoubleColon
            | Fixed::TimezoneOffsetTripleColon
            | Fixed::TimezoneOffsetColonZ
            | Fixed::TimezoneOffset
            | Fixed::TimezoneOffsetZ => Part::Offset,
            // chrono's own forms: `%#z`, and fractions without a point (`%3f`).
            _ if *item == permissive_offset() => Part::Offset,
            _ => Part::Fraction,
        },
        _ => return None,
    })
}

fn permissive_offset() -> Item<'static> {
    StrftimeItems::new("%#z").next().unwrap_or(Item::Error)
}

/// The digits that a number has if all are written.
fn width(number: &Numeric) -> usize {
    match number {
        Numeric::Year | Numeric::IsoYear => 4,
        Numeric::Ordinal => 3,
        Numeric::Quarter | Numeric::NumDaysFromSun | Numeric::WeekdayFromMon => 1,
        Numeric::Nanosecond => 9,
        Numeric::Timestamp => usize::MAX,
        _ => 2,
    }
}

/// Whether `rest`, the end of `text`, begins with a digit behind another one.
fn is_between_digits(text: &str, rest: &str) -> bool {
    let before = &text.as_bytes()[..text.len() - rest.len()];
    starts_with_digit(rest) && before.last().is_some_and(u8::is_ascii_digit)
}

/// Times that differ in all that a format can lose: one and two digits, both halves of the day,
/// noon, a leap day, days beyond 12, a fraction, two offsets.
fn samples() -> impl IntoIterator<Item = DateTime<FixedOffset>> {
    let times = [
        ((2024, 2, 29), (23, 59, 58, 987), 2),
        ((2025, 1, 1), (12, 5, 6, 120), 2),
        ((2025, 12, 31), (0, 30, 9, 5), 2),
        ((2026, 3, 4), (13, 1, 0, 0), -3),
        ((2025, 11, 12), (1, 10, 45, 500), 2),
        ((2025, 9, 28), (6, 7, 8, 900), -3),
    ];
    times.into_iter().filter_map(|((year, month, day), (hour, minute, second, millis), offset)| {
        NaiveDate::from_ymd_opt(year, month, day)?
            .and_hms_milli_opt(hour, minute, second, millis)?
            .and_local_timezone(FixedOffset::east_opt(offset * 3600)?)
            .single()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Formats of all kinds.
    #[rustfmt::skip]
    const FORMATS: [&str; 48] = [
        "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.3f", "%Y-%m-%d %H:%M:%S,%3f", "%d/%m/%Y", "%m/%d/%Y %H:%M",
        "%-m/%-d/%Y %-H:%M", "%-m/%-d/%y %-I:%M %p", "%d.%m.%y %k:%M", "%e %b %Y %l:%M:%S %P",
        "%d-%b-%Y", "%B %d, %Y at %I:%M %p", "%A, %d %B %Y %T", "%a %b %e %T %Y", "%c", "%x %X",
        "%D %r", "%F %T", "%F %R", "%v %R", "%+", "%s", "%s%.f", "%s.%f", "%Y%m%d", "%Y%m%d%H%M%S",
        "%Y%m%dT%H%M%SZ", "%y%m%d %H%M", "%-d%-m%Y", "%Y%j", "%Y-%j", "%G-W%V-%u", "%Y-%U-%w",
        "%Y-%W-%a", "%C%y-%m-%d", "%d.%m.%Y %H:%M Uhr", "%Y-%m-%d %H:%M:%S UTC",
        "%Y-%m-%d %H:%M:%S.000Z", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S%:z",
        "%Y-%m-%d %H:%M:%S %#z", "%a %b %d %Y %H:%M:%S GMT%z", "%Y-%m-%d %H:%M %I %p",
        "%_d.%_m.%Y %_H:%M", "%d%%%m%%%Y", "%Y-%m-%d %H:%M:%S%.9f",
    ];

    proptest! {
        #[test]
        fn format_reads_back_what_it_writes(
            format in prop::sample::select(&FORMATS[..]),
            // 2000 to 2067, so that two digits of a year mean the same century.
            millis in 946_684_800_000_i64..3_092_601_600_000,
            offset in -12_i32..=14,
        ) {
            let Ok(compiled) = Strftime::new(format, None) else { return Ok(()) };
            let offset = FixedOffset::east_opt(offset * 3600).unwrap();
            let time = DateTime::from_timestamp_millis(millis).unwrap().with_timezone(&offset);
            let written = compiled.write(time).unwrap();
            let read = compiled.parse(&written);
            prop_assert!(
                read.is_some_and(|read| compiled.keeps(time, read)),
                "{} {} {:?}", format, written, read
            );
        }
    }

    #[test]
    fn few_of_the_formats_are_refused() {
        let refused: Vec<_> =
            FORMATS.into_iter().filter(|format| Strftime::new(format, None).is_err()).collect();
        assert_eq!(refused, ["%s.%f", "%-d%-m%Y"]);
    }

    #[test]
    fn lossy_format_is_refused() {
        let of = |format: &str| Strftime::new(format, None).unwrap_err();
        for (format, message) in [
            ("yyyy-MM-dd", "invalid"),
            ("%Y %Q", "invalid"),
            ("%Y", "no whole date"),
            ("%m/%Y %H:%M", "no whole date"),
            ("%d %H:%M", "no whole date"),
            ("%H:%M", "no whole date"),
            ("%Y-W%V-%u", "no whole date"),
            ("%Y-%m-%d %I:%M", "AM or PM"),
            ("%Y-%m-%d %-I:%M", "AM or PM"),
            ("%Y-%m-%d %l:%M", "AM or PM"),
            ("%Y-%m-%d %H", "no minute"),
            ("%Y-%m-%d %k Uhr", "no minute"),
            ("%Y-%m-%d %M:%S", "no hour"),
            ("%Y-%m-%d %p", "no hour"),
            ("%Y-%m-%d %z", "no hour"),
            ("%Y-%m-%d %H:%M%.f", "does not read back"),
            ("%s.%f", "nanoseconds"),
            ("%Y-%m-%d %H:%M:%S.%f", "write %.f"),
            ("%-d%-m%Y", "does not read back"),
            ("%Y%-m%-d", "does not read back"),
            ("%Y-%m-%d %H:%M:%S %Z", "the zone of %Z"),
            ("%Y-%m-%d %H:%M:%S PST", "zone = \"America/Los_Angeles\""),
            ("%Y-%m-%d %H:%M (CEST)", "the zone CEST"),
            ("%Y-%m-%d %H:%M GMT+2", "the offset \"GMT+2\""),
            ("%Y-%m-%d %H:%M UTC-05:00", "expected %z"),
            ("%Y-%m-%dT%H:%M:%S-05:00", "the offset \"-05:00\""),
            ("%Y-%m-%dT%H:%M:%S.000-0500", "the offset \".000-0500\""),
        ] {
            assert!(of(format).contains(message), "{format}: {}", of(format));
        }
    }

    #[test]
    fn literal_utc_needs_no_zone() {
        for format in ["%Y-%m-%dT%H:%M:%SZ", "%FT%T.000Z", "%F %Tz", "%F %T (UTC)", "%F GMT"] {
            let format = Strftime::new(format, None).unwrap();
            assert!(format.is_literally_utc() && !format.needs_zone(), "{format:?}");
        }
        for format in ["%F at %R", "%d.%m.%Y %H:%M Uhr", "%FT%T", "%Hh%M Zeit %F"] {
            let format = Strftime::new(format, None).unwrap();
            assert!(!format.is_literally_utc() && format.needs_zone(), "{format:?}");
        }
        // The offset counts, and a name beside it is only a name.
        for format in ["%F %T GMT%z", "%F %T %z UTC", "%F %T %z %Z", "%F %T UTC%:z", "%s UTC"] {
            let format = Strftime::new(format, None).unwrap();
            assert_eq!(format.content, Content::Instant, "{format:?}");
        }
    }

    #[test]
    fn number_behind_a_digit_has_all_digits() {
        let reads =
            |format: &str, text: &str| Strftime::new(format, None).unwrap().parse(text).is_some();
        assert!(reads("%Y%m%d", "20250906"));
        assert!(!reads("%Y%m%d", "2025096"));
        assert!(!reads("%d %m %y", "11125"));
        assert!(!reads("%Y-%m-%d %H:%M", "2025-09-101:00"));
        assert!(reads("%Y-%m-%d %H:%M", "2025-9-1 1:00"));
    }

    #[test]
    fn names_of_months_are_read_in_a_locale() {
        let read = |format: &str, language: &str, text: &str| {
            let locale = Some(Locale::new(language).unwrap());
            let read = Strftime::new(format, locale).unwrap().parse(text)?;
            Some(read.local().date().to_string())
        };
        for (format, language, text, expected) in [
            ("%d-%b-%y", "de", "10-Dez-25", "2025-12-10"),
            ("%d-%b-%y", "fr", "05-oct.-26", "2026-10-05"),
            ("%d. %b. %Y", "de", "5. Okt. 2026", "2026-10-05"),
            ("%d. %b %Y", "de", "5. M\u{c4}RZ 2026", "2026-03-05"),
            ("%d de %B de %Y", "es", "5 de octubre de 2026", "2026-10-05"),
            ("%d %B %Y", "pl", "5 pa\u{17a}dziernika 2026", "2026-10-05"),
        ] {
            assert_eq!(read(format, language, text).as_deref(), Some(expected), "{text}");
        }
        for text in ["10-Dec-25", "10-Dezem-25", "10--25", "10-12-25"] {
            assert_eq!(read("%d-%b-%y", "de", text), None, "{text}");
        }
        let weekday = Strftime::new("%A, %d %B %Y", Locale::new("de").ok()).unwrap_err();
        assert!(weekday.contains("weekday"), "{weekday}");
    }
}
