//! Pick: which of several rows of a side file belongs to a row of the export, by the value of one
//! column.
//!
//! Compares numbers, or dates in ISO 8601, and guesses nothing: another text, or rows that differ
//! while they have the same value, leave the choice open. Used by `row_joins`.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;

use super::{
    date::{parse_iso, parse_iso_date},
    join_text::PickText,
    key_errors::KeyError,
    number_marks::NumberMarks,
};
use crate::model::{
    decimal_mark::PointReading,
    money::Amount,
    side_row::{SideKind, SideRow},
};

/// The choice of one of several rows.
#[derive(Debug, Clone)]
pub(super) struct Pick {
    /// The column of the side file whose values decide.
    pub(super) column: String,
    is_largest: bool,
    /// The marks of its numbers, as far as the profile declares them.
    marks: NumberMarks,
}

/// Why no row can be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PickError<'a> {
    /// The value of this row is no number and no date.
    NotComparable(&'a SideRow<'a>),
    /// The values of these two rows are of different kinds, such as a number and a date.
    OtherKind([&'a SideRow<'a>; 2]),
    /// The number of this row has two readings, and the choice depends on it.
    TwoReadings(&'a SideRow<'a>),
    /// These two rows differ and have the same value.
    Tie([&'a SideRow<'a>; 2]),
}

/// A value that is compared with others of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PickValue {
    Number { decimal: Decimal, is_ambiguous: bool },
    Date(NaiveDate),
    LocalTime(NaiveDateTime),
    Time(DateTime<Utc>),
}

impl Pick {
    pub(super) fn new(text: PickText, marks: NumberMarks) -> Result<Self, KeyError> {
        let (column, is_largest) = match (text.largest, text.smallest) {
            (Some(column), None) => (column, true),
            (None, Some(column)) => (column, false),
            _ => {
                let error = "has none or both of largest and smallest; expected one of them";
                return Err(("pick", error.to_owned()));
            }
        };
        Ok(Self { column, is_largest, marks })
    }

    /// The row with the largest or the smallest value in the cell of this index.
    pub(super) fn choose<'a>(
        &self,
        rows: &'a [SideRow<'a>],
        cell: usize,
    ) -> Result<&'a SideRow<'a>, PickError<'a>> {
        let mut compared = Vec::with_capacity(rows.len());
        for row in rows {
            let value = self.value(row, cell).ok_or(PickError::NotComparable(row))?;
            compared.push((value, row));
        }
        let chosen = self.best(&compared, PickValue::order)?;
        let is_ambiguous = |(value, _): &&(PickValue, &SideRow<'_>)| {
            matches!(value, PickValue::Number { is_ambiguous: true, .. })
        };
        if let Some((_, row)) = compared.iter().find(is_ambiguous)
            && self.best(&compared, PickValue::order_with_thousands) != Ok(chosen)
        {
            return Err(PickError::TwoReadings(row));
        }
        Ok(chosen)
    }

    /// The best row; of equal rows the first one.
    fn best<'a>(
        &self,
        compared: &[(PickValue, &'a SideRow<'a>)],
        order: impl Fn(PickValue, PickValue) -> Option<Ordering>,
    ) -> Result<&'a SideRow<'a>, PickError<'a>> {
        let Some((mut best, rest)) = compared.split_first().map(|(first, rest)| (*first, rest))
        else {
            unreachable!("a pick is between several rows")
        };
        let mut tie = None;
        for (value, row) in rest {
            let order = order(*value, best.0).ok_or(PickError::OtherKind([best.1, *row]))?;
            match if self.is_largest { order } else { order.reverse() } {
                Ordering::Greater => (best, tie) = ((*value, *row), None),
                Ordering::Equal if !row.has_cells_of(best.1) => tie = tie.or(Some(*row)),
                Ordering::Equal | Ordering::Less => {}
            }
        }
        tie.map_or(Ok(best.1), |row| Err(PickError::Tie([best.1, row])))
    }

    fn value(&self, row: &SideRow<'_>, cell: usize) -> Option<PickValue> {
        let text = row.cell(cell);
        // The marks are those of texts.
        if row.kind(cell) == SideKind::Number {
            let Amount(decimal) = text.parse().ok()?;
            return Some(PickValue::Number { decimal, is_ambiguous: false });
        }
        let is_ambiguous =
            !self.marks.are_declared() && PointReading::of_text(text) == PointReading::Ambiguous;
        let number = self.marks.parse(text);
        number
            .map(|Amount(decimal)| PickValue::Number { decimal, is_ambiguous })
            .or_else(|| parse_iso_date(text).map(PickValue::Date))
            .or_else(|| parse_iso(text).map(PickValue::Time))
            .or_else(|| local_time(text).map(PickValue::LocalTime))
    }

    /// What it takes, in messages.
    pub(super) fn name(&self) -> &'static str {
        if self.is_largest { "largest" } else { "smallest" }
    }
}

fn local_time(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

impl PickValue {
    /// The order of two values of one kind.
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number { decimal: one, .. }, Self::Number { decimal: other, .. }) => {
                Some(one.cmp(&other))
            }
            (Self::Date(one), Self::Date(other)) => Some(one.cmp(&other)),
            (Self::LocalTime(one), Self::LocalTime(other)) => Some(one.cmp(&other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }

    /// The same, with points that may be thousands marks read as such.
    fn order_with_thousands(self, other: Self) -> Option<Ordering> {
        self.with_thousands().order(other.with_thousands())
    }

    fn with_thousands(self) -> Self {
        match self {
            Self::Number { decimal, is_ambiguous: true } => Self::Number {
                decimal: decimal.saturating_mul(Decimal::ONE_THOUSAND),
                is_ambiguous: true,
            },
            value => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{origin::FileId, side_row::SideCell};

    fn chosen(values: &[String], is_largest: bool) -> Option<String> {
        let text: Vec<_> = values.iter().map(|value| format!("{value}x")).collect();
        let cell = |end: usize| SideCell {
            end: u32::try_from(end).unwrap(),
            line: 0,
            column: 1,
            kind: SideKind::Text,
        };
        let cells: Vec<_> =
            values.iter().map(|value| [cell(value.len()), cell(value.len() + 1)]).collect();
        let rows: Vec<_> = text
            .iter()
            .zip(&cells)
            .map(|(text, cells)| SideRow {
                number: 0,
                file: FileId(0),
                line: 1,
                digest: 0,
                starts_document: true,
                text,
                cells,
                names: &[],
            })
            .collect();
        let pick = Pick { column: "no".to_owned(), is_largest, marks: NumberMarks::default() };
        pick.choose(&rows, 0).ok().map(|row| row.cell(0).to_owned())
    }

    proptest! {
        #[test]
        fn choice_depends_on_no_order(
            mut values in prop::collection::vec("-?[1-9][0-9]{0,3}(\\.[1-9])?|2026-10-[0-2][1-9]", 2..5),
            is_largest: bool,
        ) {
            let first = chosen(&values, is_largest);
            values.reverse();
            prop_assert_eq!(first, chosen(&values, is_largest));
        }
    }

    #[test]
    fn largest_number_is_no_text() {
        let values = ["9", "10", "-11"].map(str::to_owned);
        assert_eq!(chosen(&values, true).as_deref(), Some("10"));
        assert_eq!(chosen(&values, false).as_deref(), Some("-11"));
        assert_eq!(chosen(&["9".to_owned(), "2026-10-01".to_owned()], true), None);
    }
}
