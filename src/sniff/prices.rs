//! Prices: whether an item's price is for one piece or for the line, and which total the items add
//! up to, by the orders of a sample.
//!
//! Exact decimals; amounts that cannot be read without doubt count for nothing. Called by `survey`.

use rust_decimal::Decimal;

use super::number_forms::NumberForms;

/// An item's amounts, as texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct ItemAmounts<'t> {
    pub(super) quantity: &'t str,
    pub(super) price: &'t str,
}

/// What an item's price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Unit,
    Line,
}

/// How often each reading of the prices adds up to a total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Orders that `quantity × price` adds up to, and those that the prices alone do.
    pub(super) right_by_unit: usize,
    pub(super) right_by_line: usize,
    /// Orders with a quantity other than 1, in which the readings differ.
    pub(super) telling: usize,
}

impl Sums {
    /// Adds an order.
    pub(super) fn add(&mut self, total: &str, items: &[ItemAmounts<'_>], marks: AmountMarks) {
        let Some(total) = marks.amount(total) else { return };
        let (mut unit, mut line, mut is_telling) = (Decimal::ZERO, Decimal::ZERO, false);
        for item in items {
            let amounts = (marks.amount(item.quantity), marks.amount(item.price));
            let (Some(quantity), Some(price)) = amounts else { return };
            let Some(of_line) = quantity.checked_mul(price) else { return };
            let sums = (unit.checked_add(of_line), line.checked_add(price));
            let (Some(with_unit), Some(with_line)) = sums else { return };
            (unit, line) = (with_unit, with_line);
            is_telling |= quantity != Decimal::ONE && !price.is_zero();
        }
        self.telling += usize::from(is_telling);
        self.right_by_unit += usize::from(unit == total && is_telling);
        self.right_by_line += usize::from(line == total && is_telling);
    }

    /// Whether enough orders say so to be sure.
    pub(super) fn are_sure(&self) -> bool {
        let n_right = self.right_by_unit.max(self.right_by_line);
        n_right >= 3 && n_right * 10 >= self.telling * 9
    }

    /// What the prices are for, if most telling orders say so.
    pub(super) fn basis(&self) -> Option<Basis> {
        let are_most = |n_orders: usize| n_orders > 0 && n_orders * 2 >= self.telling;
        match (are_most(self.right_by_unit), are_most(self.right_by_line)) {
            (true, false) => Some(Basis::Unit),
            (false, true) => Some(Basis::Line),
            (true, true) if self.right_by_unit > self.right_by_line => Some(Basis::Unit),
            (true, true) if self.right_by_line > self.right_by_unit => Some(Basis::Line),
            _ => None,
        }
    }
}

/// The marks with which amounts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AmountMarks {
    pub(super) decimal: char,
    pub(super) thousands: Option<char>,
}

impl AmountMarks {
    /// The marks that columns of amounts show; none if they show nothing, or contradict each other.
    pub(super) fn of<'f>(forms: impl Iterator<Item = &'f NumberForms> + Clone) -> Option<Self> {
        let n_points: usize = forms.clone().map(|forms| forms.n_decimal_point).sum();
        let n_commas: usize = forms.clone().map(|forms| forms.n_decimal_comma).sum();
        let decimal = match (n_points, n_commas) {
            (0, 0) => return None,
            (_, 0) => '.',
            (0, _) => ',',
            _ => return None,
        };
        let thousands = forms.flat_map(|forms| forms.thousands.iter().copied());
        let thousands = thousands.filter(|mark| *mark != decimal).min();
        Some(Self { decimal, thousands })
    }

    fn amount(self, text: &str) -> Option<Decimal> {
        let mut digits = String::new();
        for character in text.chars() {
            match character {
                '0'..='9' => digits.push(character),
                mark if mark == self.decimal => digits.push('.'),
                _ => {}
            }
        }
        let amount: Decimal = digits.parse().ok()?;
        let is_negative = text.contains('-') || text.starts_with('(');
        Some(if is_negative { -amount } else { amount })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: AmountMarks = AmountMarks { decimal: '.', thousands: Some(',') };

    fn sums(orders: &[(&str, &[(&str, &str)])]) -> Sums {
        let mut sums = Sums::default();
        for (total, items) in orders {
            let items: Vec<_> =
                items.iter().map(|(quantity, price)| ItemAmounts { quantity, price }).collect();
            sums.add(total, &items, POINT);
        }
        sums
    }

    #[test]
    fn basis_is_the_one_that_adds_up() {
        let unit = sums(&[("25.00", &[("2", "10.00"), ("1", "5.00")]), ("5", &[("1", "5")])]);
        assert_eq!((unit.basis(), unit.telling), (Some(Basis::Unit), 1));
        let line = sums(&[("15.00", &[("2", "10.00"), ("1", "5.00")])]);
        assert_eq!(line.basis(), Some(Basis::Line));
        assert_eq!(sums(&[("5", &[("1", "5")])]).basis(), None);
        assert_eq!(sums(&[("99", &[("2", "5")])]).basis(), None);
    }

    #[test]
    fn amounts_have_the_marks_of_their_file() {
        let german = AmountMarks { decimal: ',', thousands: Some('.') };
        assert_eq!(german.amount("1.234,50 €"), Some(Decimal::new(123_450, 2)));
        assert_eq!(POINT.amount("-$1,234.50"), Some(Decimal::new(-123_450, 2)));
        assert_eq!(POINT.amount("n/a"), None);
    }
}
