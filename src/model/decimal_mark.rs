//! Decimal marks: whether the point of a number may be a thousands mark, and what the numbers of a
//! column show about it.
//!
//! `1.250` is one and a quarter or one thousand two hundred and fifty. A single number does not
//! tell, but another one of its column may: `12.50` does. Does not read numbers; `shuffle` collects
//! what a column shows, and `validate` asks for it.

use std::collections::BTreeSet;

use super::{draft::Cell, money::minor_units, quoted_cell::QuotedCell};

/// With this many ambiguous orders, the column is misread and not its orders: the run ends.
pub const MAX_AMBIGUOUS_ORDERS: usize = 5;

/// How the point of a number can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointReading {
    /// It has no point, or its decimal mark is known, or it is no plain number.
    NoEvidence,
    /// Only as a decimal mark.
    Decimal,
    /// As a decimal mark or as a thousands mark.
    Ambiguous,
}

impl PointReading {
    /// Returns the reading of the amount in a cell. `currency` is the code of its currency: where
    /// it has three decimals, or is not known, three digits behind the point show nothing.
    #[must_use]
    pub fn of(cell: &Cell<'_>, currency: Option<&str>) -> Self {
        match Self::of_cell(cell) {
            Self::Ambiguous if currency.is_none_or(|currency| minor_units(currency) == 3) => {
                Self::NoEvidence
            }
            reading => reading,
        }
    }

    /// Returns the reading of the quantity or attribute in a cell. Three decimals are usual there:
    /// `1.000` is how many systems write one piece, or a weight.
    #[must_use]
    pub fn of_measure(cell: &Cell<'_>) -> Self {
        match Self::of_cell(cell) {
            Self::Ambiguous if cell.text.ends_with(".000") => Self::Decimal,
            reading => reading,
        }
    }

    fn of_cell(cell: &Cell<'_>) -> Self {
        let is_known = cell.is_default || cell.is_unparsable || !cell.notation.is_undeclared();
        if is_known { Self::NoEvidence } else { Self::of_text(&cell.text) }
    }

    /// Returns the reading of a number in a text, without a symbol.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let Some((whole, fraction)) = split_at_point(digits) else { return Self::NoEvidence };
        let are_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        // `1.250.000` shows the opposite, and is reported as no number.
        if !are_digits || whole.len() + fraction.len() == 0 {
            Self::NoEvidence
        } else if fraction.len() == 3 && matches!(whole.len(), 1..=3) && !whole.starts_with('0') {
            Self::Ambiguous
        } else {
            Self::Decimal
        }
    }
}

/// The parts of a number before and behind its first point; `None` if it has none.
// Numbers are short: a plain loop takes less time than the search of `str::split_once`.
pub(super) fn split_at_point(number: &str) -> Option<(&str, &str)> {
    let point = number.bytes().position(|byte| byte == b'.')?;
    Some((&number[..point], &number[point + 1..]))
}

/// What the numbers of one column show about their points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecimalMark {
    /// Whether a number shows that the point is a decimal mark.
    is_proved: bool,
    /// Orders with an ambiguous number, by a hash: the smallest ones, so that the choice does not
    /// depend on the order in which they come.
    orders: BTreeSet<u64>,
    first: Option<QuotedCell>,
}

impl DecimalMark {
    /// Records the number of an order, which is given by a hash of its key. Returns whether the
    /// number shows that the point is a decimal mark.
    pub fn observe(
        &mut self,
        cell: &Cell<'_>,
        reading: PointReading,
        order: impl FnOnce() -> u64,
    ) -> bool {
        match reading {
            PointReading::NoEvidence => {}
            PointReading::Decimal => self.prove(),
            PointReading::Ambiguous => self.add_ambiguous(order(), QuotedCell::of(cell)),
        }
        self.is_proved
    }

    /// Records a number that shows that the point is a decimal mark.
    fn prove(&mut self) {
        *self = Self { is_proved: true, ..Self::default() };
    }

    fn add_ambiguous(&mut self, order: u64, number: QuotedCell) {
        if self.is_proved {
            return;
        }
        self.orders.insert(order);
        if self.orders.len() > MAX_AMBIGUOUS_ORDERS {
            self.orders.pop_last();
        }
        number.keep_first(&mut self.first);
    }

    /// Adds what another part of the export shows.
    pub fn append(&mut self, other: Self) {
        if other.is_proved {
            self.prove();
        } else if !self.is_proved {
            self.orders.extend(other.orders);
            while self.orders.len() > MAX_AMBIGUOUS_ORDERS {
                self.orders.pop_last();
            }
            other.first.into_iter().for_each(|number| number.keep_first(&mut self.first));
        }
    }

    /// The first ambiguous number, if there is one and no number shows how to read it.
    #[must_use]
    pub fn ambiguous(&self) -> Option<&QuotedCell> {
        self.first.as_ref()
    }

    /// Whether [`MAX_AMBIGUOUS_ORDERS`] orders or more have an ambiguous number.
    #[must_use]
    pub fn is_ambiguous_throughout(&self) -> bool {
        self.orders.len() >= MAX_AMBIGUOUS_ORDERS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::origin::{FileId, Position};

    #[test]
    fn point_reading_depends_on_digits_around_it() {
        use PointReading::{Ambiguous, Decimal, NoEvidence};
        for (text, expected) in [
            ("250.000", Ambiguous),
            ("2.199", Ambiguous),
            ("-75.000", Ambiguous),
            ("+1.250", Ambiguous),
            ("12.50", Decimal),
            ("0.125", Decimal),
            (".125", Decimal),
            ("012.125", Decimal),
            ("1234.567", Decimal),
            ("2.5000", Decimal),
            ("5.", Decimal),
            ("590", NoEvidence),
            ("", NoEvidence),
            (".", NoEvidence),
            ("1.250.000", NoEvidence),
            ("1.25e3", NoEvidence),
            ("1,234.50", NoEvidence),
            ("1.234 kr", NoEvidence),
        ] {
            assert_eq!(PointReading::of_text(text), expected, "{text}");
        }
    }

    /// One observation: the number of an order, or a proof.
    type Seen = Option<(u64, u64)>;

    fn observed(all: &[Seen]) -> DecimalMark {
        let mut mark = DecimalMark::default();
        for seen in all {
            match seen {
                None => mark.prove(),
                Some((order, line)) => {
                    let at = Position { file: FileId(0), line: *line, column: None };
                    let text = format!("{line}.000");
                    mark.add_ambiguous(*order, QuotedCell { at: at.into(), text });
                }
            }
        }
        mark
    }

    proptest! {
        /// Blocks end anywhere and come in any order.
        #[test]
        fn any_split_and_order_gives_the_same(
            all in prop::collection::vec(prop::option::weighted(0.95, (0_u64..12, 1_u64..40)), 0..20),
            cut in 0_usize..20,
        ) {
            let whole = observed(&all);
            let (first, second) = all.split_at(cut.min(all.len()));
            for (one, other) in [(first, second), (second, first)] {
                let mut parts = observed(one);
                parts.append(observed(other));
                prop_assert_eq!(&parts, &whole);
            }
        }
    }

    #[test]
    fn proof_ends_ambiguity() {
        let five: Vec<Seen> = (0..5).map(|order| Some((order, order + 1))).collect();
        let one_order: Vec<Seen> = (0..5).map(|line| Some((7, line + 1))).collect();
        assert!(observed(&five).is_ambiguous_throughout());
        assert!(!observed(&one_order).is_ambiguous_throughout());
        assert_eq!(observed(&five).ambiguous().map(|first| &*first.text), Some("1.000"));
        let proved = observed(&[five, vec![None]].concat());
        assert_eq!((proved.ambiguous(), proved.is_proved), (None, true));
    }
}
