//! Warnings about columns: what the values of a column show that concerns no single order.
//!
//! Unlike `column_facts`, they decide nothing, so they are collected in the pass whose decisions
//! count. Collected by `shuffle` from drafts; each warning is a problem of no order.

use std::collections::BTreeMap;

use super::{
    date_readings::DayMonthOrder,
    decimal_mark::{DecimalMark, split_at_point},
    draft::Cell,
    field::{Field, ITEM_AMOUNTS},
    money::minor_units,
    problem::{Code, Problem},
    quoted_cell::QuotedCell,
};

/// What the values of columns show, over the whole export or over a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnWarnings {
    /// The points of amounts of items, by [`ITEM_AMOUNTS`], whose decimal mark the profile does not
    /// declare.
    pub item_amounts: [DecimalMark; ITEM_AMOUNTS.len()],
    /// The points of such quantities.
    pub quantities: DecimalMark,
    /// The points of such attributes.
    pub attributes: BTreeMap<Field, DecimalMark>,
    /// The order of day and month in order dates.
    pub day_months: DayMonthOrder,
    /// Amounts with more decimals than their currency has.
    pub excess_decimals: ExcessDecimals,
}

impl ColumnWarnings {
    /// Adds what another part of the export shows.
    pub fn append(&mut self, other: Self) {
        let amounts = self.item_amounts.iter_mut().zip(other.item_amounts);
        amounts.for_each(|(mark, other)| mark.append(other));
        self.quantities.append(other.quantities);
        for (field, mark) in other.attributes {
            self.attributes.entry(field).or_default().append(mark);
        }
        self.day_months.append(other.day_months);
        self.excess_decimals.append(other.excess_decimals);
    }

    /// Returns the warnings: at most one for each kind and column.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let amounts = self.item_amounts.iter().zip(&ITEM_AMOUNTS);
        let attributes = self.attributes.iter().map(|(field, mark)| (mark, field));
        let marks = amounts.chain([(&self.quantities, &Field::ItemQuantity)]).chain(attributes);
        let ambiguous =
            marks.filter_map(|(mark, field)| Some(ambiguous_point(mark.ambiguous()?, field)));
        ambiguous.chain(self.excess_decimals.problem()).collect()
    }
}

fn ambiguous_point(number: &QuotedCell, field: &Field) -> Problem {
    let (text, without_point) = (&number.text, number.without_point());
    let message = format!(
        "{text:?} is read as {text}, but could be {without_point}; all values with a point have \
         three digits behind it"
    );
    Problem::for_field(Code::ItemDecimalAmbiguous, field, number.at.clone(), message)
}

/// Amounts with more decimals than their currency has, trailing zeros aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcessDecimals {
    n_amounts: u64,
    first: Option<QuotedCell>,
}

impl ExcessDecimals {
    /// Records an amount if it has more decimals than its currency.
    pub fn observe(&mut self, cell: &Cell<'_>, currency: &str) {
        let Some((whole, fraction)) = split_at_point(&cell.text) else { return };
        let max_decimals = minor_units(currency) as usize;
        if fraction.len() <= max_decimals {
            return;
        }
        let fraction = fraction.trim_end_matches('0');
        // Where it has other characters, the number has an exponent or is reported as unreadable.
        let is_excess = fraction.len() > max_decimals
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
            && whole.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
        if is_excess && !cell.is_unparsable {
            self.n_amounts += 1;
            QuotedCell::of(cell).keep_first(&mut self.first);
        }
    }

    fn append(&mut self, other: Self) {
        self.n_amounts += other.n_amounts;
        other.first.into_iter().for_each(|number| number.keep_first(&mut self.first));
    }

    fn problem(&self) -> Option<Problem> {
        let QuotedCell { at, text } = self.first.as_ref()?;
        let others = match self.n_amounts - 1 {
            0 => String::new(),
            1 => ", and another amount too".to_owned(),
            n_others => format!(", and {n_others} other amounts too"),
        };
        let message = format!("{text:?} has more decimals than its currency{others}");
        Some(Problem::for_order(Code::MoreDecimalsThanCurrency, at.clone(), message))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        decimal_mark::PointReading,
        draft::Notation,
        origin::{FileId, Position},
        over_rows::OverRows,
    };

    fn price(text: &str, line: u64) -> Cell<'static> {
        Cell {
            field: Cow::Owned(Field::ItemPrice),
            text: Cow::Owned(text.to_owned()),
            time: None,
            at: Position { file: FileId(0), line, column: None }.into(),
            is_unparsable: false,
            is_default: false,
            over_rows: OverRows::Equal,
            notation: Notation::Text,
        }
    }

    fn observed(prices: &[(&str, u64)]) -> ColumnWarnings {
        let mut warnings = ColumnWarnings::default();
        for (text, line) in prices {
            let cell = price(text, *line);
            warnings.item_amounts[0].observe(&cell, PointReading::of(&cell, Some("EUR")), || *line);
            warnings.excess_decimals.observe(&cell, "EUR");
        }
        warnings
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            prices in prop::collection::vec((
                prop::sample::select(vec!["1.250", "12.505", "590", "7.123", "12.50"]),
                1_u64..40,
            ), 0..12),
            cut in 0_usize..12,
        ) {
            let (first, second) = prices.split_at(cut.min(prices.len()));
            let mut parts = observed(first);
            parts.append(observed(second));
            prop_assert_eq!(parts, observed(&prices));
        }
    }

    #[test]
    fn decimals_are_compared_with_currency() {
        let excess = |text: &str, currency: &str| {
            let mut excess = ExcessDecimals::default();
            excess.observe(&price(text, 1), currency);
            excess.problem().is_some()
        };
        assert!(excess("19.900000000000002", "EUR"));
        assert!(excess("19.5", "JPY"));
        assert!(!excess("19.50000", "EUR"));
        assert!(!excess("19.0", "JPY"));
        assert!(!excess("19.125", "KWD"));
        assert!(!excess("1.5e3", "JPY"));
        assert!(!excess("1.234.567", "EUR"));
        assert!(!excess("EUR 1.2345", "EUR"));
    }
}
