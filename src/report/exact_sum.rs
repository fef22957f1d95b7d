//! Exact sum: adds decimal amounts without rounding and without overflow.
//!
//! `Decimal`'s own addition rounds silently or fails where a sum needs more than its 28 digits; a
//! report that is off by a digit, or a run that fails at its last order, is worse than three
//! integers. Pure. Called by `tally`.

use std::fmt;

use rust_decimal::Decimal;

use crate::model::money::Amount;

/// Maximum number of digits after the point of a `Decimal`.
const SCALE: u32 = Decimal::MAX_SCALE;

/// Carry limit of a limb: one, in units of the smallest fraction.
const BASE: i128 = 10_i128.pow(SCALE);

/// Sum of amounts, with as many digits after the point as the term that has most.
///
/// The value is `limbs[0] / BASE + limbs[1] + limbs[2] * BASE`. Each limb except the last stays
/// below `BASE` in absolute value. An amount is below 2^96 and adds at most 8 to the last limb, so
/// the last limb has room for more terms than any export has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExactSum {
    limbs: [i128; 3],
    scale: u32,
}

/// Powers of ten that fit 64 bits.
const UNITS: [i64; 19] = {
    let (mut units, mut scale) = ([1; 19], 1);
    while scale < units.len() {
        units[scale] = units[scale - 1] * 10;
        scale += 1;
    }
    units
};

/// For each scale, the value of its last digit in units of the smallest fraction.
const FRACTIONS: [i128; SCALE as usize + 1] = {
    let (mut fractions, mut scale) = ([BASE; SCALE as usize + 1], 1);
    while scale < fractions.len() {
        fractions[scale] = fractions[scale - 1] / 10;
        scale += 1;
    }
    fractions
};

impl ExactSum {
    /// Adds an amount.
    pub fn add(&mut self, amount: Amount) {
        let (mantissa, scale) = (amount.0.mantissa(), amount.0.scale());
        self.scale = self.scale.max(scale);
        // Amounts of money fit 64 bits, where a division costs a tenth of one in 128 bits.
        let (whole, rest) = match i64::try_from(mantissa) {
            Ok(mantissa) if scale <= 18 => {
                let unit = UNITS[scale as usize];
                (i128::from(mantissa / unit), i128::from(mantissa % unit))
            }
            _ => (mantissa / 10_i128.pow(scale), mantissa % 10_i128.pow(scale)),
        };
        self.limbs[0] += rest * FRACTIONS[scale as usize];
        self.limbs[1] += whole;
        // By subtraction, since one term carries one at most: a division of 128 bits would cost as
        // much as all of the above.
        if self.limbs[0] >= BASE {
            self.limbs[0] -= BASE;
            self.limbs[1] += 1;
        } else if self.limbs[0] <= -BASE {
            self.limbs[0] += BASE;
            self.limbs[1] -= 1;
        }
        if self.limbs[1].abs() >= BASE {
            self.carry();
        }
    }

    /// Adds up sums that were written as decimal text. Text that is no number counts as zero.
    pub fn of_texts<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        texts.filter_map(Self::parse).fold(Self::default(), |mut total, sum| {
            total.append(&sum);
            total
        })
    }

    /// Reads the text that `Display` writes.
    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let scale = u32::try_from(fraction.len()).ok().filter(|scale| *scale <= SCALE)?;
        let (high, ones) = whole.split_at(whole.len().saturating_sub(SCALE as usize));
        let limb = |digits: &str| {
            if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() }
        };
        let fraction = limb(fraction)? * FRACTIONS[scale as usize];
        Some(Self { limbs: [fraction, limb(ones)?, limb(high)?].map(|limb| sign * limb), scale })
    }

    /// Adds another sum.
    pub fn append(&mut self, other: &Self) {
        *self = self.plus_remainder(other, &[]);
    }

    /// Returns this sum plus the difference between `whole` and all of `others`.
    #[must_use]
    pub fn plus_remainder(self, whole: &Self, others: &[Self]) -> Self {
        let mut sum = self;
        for (limb, whole_limb) in sum.limbs.iter_mut().zip(whole.limbs) {
            *limb += whole_limb;
        }
        for other in others {
            for (limb, other_limb) in sum.limbs.iter_mut().zip(other.limbs) {
                *limb -= other_limb;
            }
        }
        // `others` are parts of `whole`, so none of them has more digits.
        sum.scale = sum.scale.max(whole.scale);
        sum.carry();
        sum
    }

    /// Brings each limb but the last below `BASE`.
    fn carry(&mut self) {
        for low in 0..2 {
            // Most sums of a part of the export have limbs of zero.
            if self.limbs[low].abs() >= BASE {
                self.limbs[low + 1] += self.limbs[low] / BASE;
                self.limbs[low] %= BASE;
            }
        }
    }

    /// Returns the sign, and the limbs of the absolute value: limbs of different signs are brought
    /// to one.
    fn sign_and_limbs(&self) -> (bool, [i128; 3]) {
        let is_negative =
            self.limbs.iter().rev().find(|limb| **limb != 0).is_some_and(|limb| *limb < 0);
        let mut limbs = if is_negative { self.limbs.map(|limb| -limb) } else { self.limbs };
        for low in 0..2 {
            if limbs[low] < 0 {
                limbs[low] += BASE;
                limbs[low + 1] -= 1;
            }
        }
        (is_negative, limbs)
    }
}

impl fmt::Display for ExactSum {
    /// Writes decimal text; `0` for an empty sum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_negative, [fraction, ones, high]) = self.sign_and_limbs();
        let width = SCALE as usize;
        f.write_str(if is_negative { "-" } else { "" })?;
        match high {
            0 => write!(f, "{ones}")?,
            _ => write!(f, "{high}{ones:0width$}")?,
        }
        match &format!("{fraction:0width$}")[..self.scale as usize] {
            "" => Ok(()),
            digits => write!(f, ".{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum_of(terms: &[&str]) -> String {
        let mut sum = ExactSum::default();
        for term in terms {
            sum.add(term.parse().unwrap());
        }
        sum.to_string()
    }

    #[test]
    fn sum_keeps_every_digit() {
        let cases: [(&[&str], &str); 9] = [
            (&[], "0"),
            (&["0.00"], "0.00"),
            (&["1.50", "1.5"], "3.00"),
            (&["10", "-0.25"], "9.75"),
            (&["-10", "0.25"], "-9.75"),
            (&["0.25", "-0.50"], "-0.25"),
            (&["5633.599999999999", "0.000000000001"], "5633.600000000000"),
            (
                &["79228162514264337593543950335", "79228162514264337593543950335", "0.01"],
                "158456325028528675187087900670.01",
            ),
            (
                &["-79228162514264337593543950335", "0.0000000000000000000000000001"],
                "-79228162514264337593543950334.9999999999999999999999999999",
            ),
        ];
        for (terms, expected) in cases {
            assert_eq!(sum_of(terms), expected, "{terms:?}");
        }
    }

    fn added(terms: &[Decimal]) -> ExactSum {
        let mut sum = ExactSum::default();
        for term in terms {
            sum.add(Amount(*term));
        }
        sum
    }

    proptest! {
        #[test]
        fn sum_equals_decimal_within_its_range(
            terms in prop::collection::vec((-1_000_000_000_i64..1_000_000_000, 0_u32..6), 0..50),
        ) {
            let terms: Vec<Decimal> = terms.into_iter().map(|(n, scale)| Decimal::new(n, scale)).collect();
            let expected: Decimal = terms.iter().sum();
            prop_assert_eq!(added(&terms).to_string().parse::<Decimal>().unwrap(), expected);
        }

        #[test]
        fn adding_and_subtracting_restores_the_sum(
            first in (any::<i128>(), 0_u32..29),
            others in prop::collection::vec((any::<i128>(), 0_u32..29), 0..20),
        ) {
            let decimal = |(n, scale): (i128, u32)| Decimal::from_i128_with_scale(n >> 32, scale);
            let others: Vec<Decimal> = others.into_iter().map(decimal).collect();
            let negated = others.iter().rev().map(|term| -*term);
            let terms: Vec<Decimal> = others.iter().copied().chain([decimal(first)]).chain(negated).collect();
            let (left, only) = (added(&terms).to_string(), added(&[decimal(first)]).to_string());
            let without_zeros = |text: &str| if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text.to_owned()
            };
            prop_assert_eq!(without_zeros(&left), without_zeros(&only));
        }
    }

    proptest! {
        #[test]
        fn remainder_equals_sum_of_remaining_terms(terms in prop::collection::vec((any::<i64>(), 0_u32..20), 1..20), cut in 0_usize..20) {
            let amounts: Vec<_> = terms.iter().map(|(n, scale)| Amount(Decimal::new(*n, *scale))).collect();
            let sum = |amounts: &[Amount]| {
                let mut sum = ExactSum::default();
                for amount in amounts {
                    sum.add(*amount);
                }
                sum
            };
            let (first, second) = amounts.split_at(cut.min(amounts.len()));
            let rest = ExactSum::default().plus_remainder(&sum(&amounts), &[sum(first)]);
            let rest: Decimal = rest.to_string().parse().unwrap();
            prop_assert_eq!(rest, sum(second).to_string().parse::<Decimal>().unwrap());
        }
    }
}
