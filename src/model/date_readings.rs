//! Dates that can be read in two ways: what the dates of a column show about the two readings.
//!
//! Reads no dates; `shuffle` collects the readings that the profile's formats give. Neither the
//! boundaries of blocks nor the number of cores changes a result.

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

use super::{
    draft::Cell,
    field::Field,
    problem::{Code, Problem},
    quoted_cell::QuotedCell,
};

/// The dates of a column as two formats of one list read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormatOverlap {
    /// Whether a date has only the format that is tried first, or only the other one.
    has_only_first: bool,
    has_only_other: bool,
    /// The first date that both formats read, as different instants.
    differing: Option<QuotedCell>,
}

impl FormatOverlap {
    /// Records a date, with the instants that the two formats read.
    pub fn observe(
        &mut self,
        cell: &Cell<'_>,
        first: Option<DateTime<Utc>>,
        other: Option<DateTime<Utc>>,
    ) {
        match (first, other) {
            (Some(first), Some(other)) if first != other => {
                QuotedCell::of(cell).keep_first(&mut self.differing);
            }
            (Some(_), None) => self.has_only_first = true,
            (None, Some(_)) => self.has_only_other = true,
            _ => {}
        }
    }

    /// Adds what another part of the export shows.
    pub fn append(&mut self, part: Self) {
        self.has_only_first |= part.has_only_first;
        self.has_only_other |= part.has_only_other;
        part.differing.into_iter().for_each(|date| date.keep_first(&mut self.differing));
    }

    /// Returns a date that can be read in two ways, unless the whole column has only the format
    /// that is tried first.
    #[must_use]
    pub fn ambiguous(&self) -> Option<&QuotedCell> {
        let is_settled = self.has_only_first && !self.has_only_other;
        self.differing.as_ref().filter(|_| !is_settled)
    }
}

/// The dates of a column as the profile reads them, and with day and month exchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayMonthOrder {
    /// Whether a date cannot be read with day and month exchanged.
    is_proved: bool,
    newest: Option<NaiveDateTime>,
    newest_exchanged: Option<NaiveDateTime>,
    /// The days and months of the dates as sets of bits.
    days: u32,
    months: u16,
    first: Option<QuotedCell>,
}

/// Dates in this many months that are all on one day of the month are more likely the days of one
/// month.
const MIN_MONTHS_OF_ONE_DAY: u32 = 3;

/// The first day of the month, on which subscriptions are renewed.
const RENEWAL_DAYS: u32 = 1 << 1;

impl DayMonthOrder {
    /// Records a date with its two readings, in local time. Returns whether it proves the order of
    /// day and month.
    pub fn observe(
        &mut self,
        cell: &Cell<'_>,
        time: NaiveDateTime,
        exchanged: Option<NaiveDateTime>,
    ) -> bool {
        let Some(exchanged) = exchanged else {
            self.is_proved = true;
            return true;
        };
        self.newest = self.newest.max(Some(time));
        self.newest_exchanged = self.newest_exchanged.max(Some(exchanged));
        self.days |= 1 << time.day();
        self.months |= 1 << time.month();
        QuotedCell::of(cell).keep_first(&mut self.first);
        false
    }

    /// Adds what another part of the export shows.
    pub fn append(&mut self, part: Self) {
        self.is_proved |= part.is_proved;
        self.newest = self.newest.max(part.newest);
        self.newest_exchanged = self.newest_exchanged.max(part.newest_exchanged);
        self.days |= part.days;
        self.months |= part.months;
        part.first.into_iter().for_each(|date| date.keep_first(&mut self.first));
    }

    /// Returns a warning if the other reading is the more likely one. `exported` is when the newest
    /// file was written.
    #[must_use]
    pub fn problem(&self, exported: Option<DateTime<Utc>>) -> Option<Problem> {
        let (newest, other) = (self.newest?, self.newest_exchanged?);
        let exported = exported?.naive_utc();
        let distance = |time: NaiveDateTime| (time - exported).abs();
        // One day of tolerance, because clocks and time zones differ.
        let is_possible = other <= exported + chrono::Duration::days(1);
        let is_one_day = self.days.is_power_of_two()
            && self.days != RENEWAL_DAYS
            && self.months.count_ones() >= MIN_MONTHS_OF_ONE_DAY;
        let is_likelier = distance(other) < distance(newest) || is_one_day;
        let first =
            self.first.as_ref().filter(|_| !self.is_proved && is_possible && is_likelier)?;
        let day = |time: NaiveDateTime| time.format("%Y-%m-%d");
        let message = format!(
            "every date that the profile reads can be read day first and month first, such as \
             {:?}; the newest is {} as the profile reads it, {} with day and month exchanged, and \
             the file is of {}",
            first.text,
            day(newest),
            day(other),
            day(exported)
        );
        Some(Problem::for_field(
            Code::DayMonthAmbiguous,
            Field::OrderedAt,
            first.at.clone(),
            message,
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        draft::Notation,
        origin::{FileId, Position},
        over_rows::OverRows,
    };

    fn cell(text: &str, line: u64) -> Cell<'static> {
        Cell {
            field: Cow::Owned(Field::OrderedAt),
            text: Cow::Owned(text.to_owned()),
            time: None,
            at: Position { file: FileId(0), line, column: None }.into(),
            is_unparsable: false,
            is_default: false,
            over_rows: OverRows::Equal,
            notation: Notation::Text,
        }
    }

    fn time(month: u32, day: u32) -> Option<DateTime<Utc>> {
        Some(NaiveDate::from_ymd_opt(2026, month, day)?.and_hms_opt(9, 0, 0)?.and_utc())
    }

    /// Dates as first and second number, read day first.
    fn observed(dates: &[(u32, u32)]) -> (DayMonthOrder, FormatOverlap) {
        let (mut order, mut overlap) = (DayMonthOrder::default(), FormatOverlap::default());
        for (line, (first, second)) in (1..).zip(dates) {
            let cell = cell(&format!("{first}/{second}"), line);
            let (day_first, month_first) = (time(*second, *first), time(*first, *second));
            overlap.observe(&cell, day_first, month_first);
            if let Some(day_first) = day_first {
                let local = |time: DateTime<Utc>| time.naive_utc();
                order.observe(&cell, local(day_first), month_first.map(local));
            }
        }
        (order, overlap)
    }

    fn is_doubted(dates: &[(u32, u32)], exported: (u32, u32)) -> bool {
        observed(dates).0.problem(time(exported.0, exported.1)).is_some()
    }

    #[test]
    fn likelier_order_of_day_and_month_is_a_warning() {
        // The first days of March, exported then.
        assert!(is_doubted(&[(3, 1), (3, 5), (3, 11)], (3, 12)));
        // The same, but the file was copied in November.
        assert!(is_doubted(&[(3, 1), (3, 5), (3, 11)], (11, 26)));
        // Renewals on the first of each month.
        assert!(!is_doubted(&[(1, 1), (1, 2), (1, 3), (1, 4)], (4, 2)));
        // Read as the profile says, they are of the last days.
        assert!(!is_doubted(&[(1, 3), (5, 3), (11, 3)], (3, 12)));
        // A day above 12, a date that would be in the future, and the same reading twice.
        assert!(!is_doubted(&[(3, 1), (3, 5), (13, 3)], (3, 12)));
        assert!(!is_doubted(&[(4, 1), (4, 5)], (3, 12)));
        assert!(!is_doubted(&[(3, 3)], (3, 12)));
        assert!(!is_doubted(&[], (3, 12)));
    }

    #[test]
    fn overlap_is_ambiguous_unless_only_the_first_format_fits() {
        let ambiguous =
            |dates: &[(u32, u32)]| observed(dates).1.ambiguous().map(|date| date.text.clone());
        assert_eq!(ambiguous(&[(3, 3), (1, 2), (4, 5)]).as_deref(), Some("1/2"));
        assert_eq!(ambiguous(&[(1, 2), (13, 5)]), None);
        assert_eq!(ambiguous(&[(1, 2), (5, 13)]).as_deref(), Some("1/2"));
        assert_eq!(ambiguous(&[(1, 2), (5, 13), (13, 5)]).as_deref(), Some("1/2"));
        assert_eq!(ambiguous(&[(5, 13), (13, 5), (3, 3)]), None);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            dates in prop::collection::vec((1_u32..15, 1_u32..15), 0..12),
            cut in 0_usize..12,
        ) {
            let cut = cut.min(dates.len());
            let (mut order, mut overlap) = observed(&dates[..cut]);
            // Lines count on in the second part.
            let later = observed(&[vec![(0, 0); cut], dates[cut..].to_vec()].concat());
            order.append(later.0);
            overlap.append(later.1);
            prop_assert_eq!((order, overlap), observed(&dates));
        }
    }
}
