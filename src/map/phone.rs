//! Phone numbers in the form of E.164, such as `+491701234567`, by the numbering plan of one
//! country.
//!
//! Knows where the national number begins and how long it may be, not whether anyone has it. Used
//! by `rule`.

/// A national numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NumberingPlan {
    /// The country, a code of ISO 3166-1.
    country: &'static str,
    /// The calling code, which follows the `+`.
    calling_code: &'static str,
    /// What precedes a national number within the country.
    trunk: Trunk,
    /// The fewest and the most digits of a national number.
    digits: (usize, usize),
}

/// The trunk prefix of a numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trunk {
    /// There is none; a leading 0 is part of the number.
    None,
    /// It is always written; without it, the number may be one with a calling code.
    Always(&'static str),
    /// It may be left out, since the length tells.
    Optional(&'static str),
}

const fn plan(
    country: &'static str,
    calling_code: &'static str,
    trunk: Trunk,
    digits: (usize, usize),
) -> NumberingPlan {
    NumberingPlan { country, calling_code, trunk, digits }
}

use Trunk::{Always, None as NoTrunk, Optional};

// Plans of ITU-T E.129 (national numbering plans).
const PLANS: [NumberingPlan; 54] = [
    plan("AE", "971", Always("0"), (8, 9)),
    plan("AT", "43", Always("0"), (4, 13)),
    plan("AU", "61", Optional("0"), (9, 9)),
    plan("BE", "32", Always("0"), (8, 9)),
    plan("BG", "359", Always("0"), (7, 9)),
    plan("BR", "55", Optional("0"), (10, 11)),
    plan("CA", "1", Optional("1"), (10, 10)),
    plan("CH", "41", Optional("0"), (9, 9)),
    plan("CY", "357", NoTrunk, (8, 8)),
    plan("CZ", "420", NoTrunk, (9, 9)),
    plan("DE", "49", Always("0"), (5, 13)),
    plan("DK", "45", NoTrunk, (8, 8)),
    plan("EE", "372", NoTrunk, (7, 8)),
    plan("ES", "34", NoTrunk, (9, 9)),
    plan("FI", "358", Always("0"), (5, 12)),
    plan("FR", "33", Optional("0"), (9, 9)),
    plan("GB", "44", Always("0"), (9, 10)),
    plan("GR", "30", NoTrunk, (10, 10)),
    plan("HK", "852", NoTrunk, (8, 8)),
    plan("HR", "385", Always("0"), (8, 9)),
    plan("HU", "36", Always("06"), (8, 9)),
    plan("IE", "353", Always("0"), (7, 9)),
    plan("IL", "972", Always("0"), (8, 9)),
    plan("IN", "91", Optional("0"), (10, 10)),
    plan("IS", "354", NoTrunk, (7, 9)),
    plan("IT", "39", NoTrunk, (6, 11)),
    plan("JP", "81", Always("0"), (9, 10)),
    plan("LI", "423", NoTrunk, (7, 9)),
    plan("LT", "370", Always("0"), (8, 8)),
    plan("LU", "352", NoTrunk, (4, 11)),
    plan("LV", "371", NoTrunk, (8, 8)),
    plan("MC", "377", NoTrunk, (8, 9)),
    plan("MT", "356", NoTrunk, (8, 8)),
    // The 1 of mobile numbers that is not dialled any more.
    plan("MX", "52", Optional("1"), (10, 10)),
    plan("MY", "60", Always("0"), (8, 10)),
    plan("NL", "31", Optional("0"), (9, 9)),
    plan("NO", "47", NoTrunk, (8, 8)),
    plan("NZ", "64", Always("0"), (8, 10)),
    plan("PL", "48", NoTrunk, (9, 9)),
    plan("PT", "351", NoTrunk, (9, 9)),
    plan("RO", "40", Optional("0"), (9, 9)),
    plan("RS", "381", Always("0"), (8, 9)),
    plan("SA", "966", Always("0"), (8, 9)),
    plan("SE", "46", Always("0"), (7, 10)),
    plan("SG", "65", NoTrunk, (8, 8)),
    plan("SI", "386", Optional("0"), (8, 8)),
    plan("SK", "421", Optional("0"), (9, 9)),
    plan("TH", "66", Always("0"), (8, 9)),
    plan("TR", "90", Optional("0"), (10, 10)),
    plan("UA", "380", Optional("0"), (9, 9)),
    plan("US", "1", Optional("1"), (10, 10)),
    plan("ZA", "27", Optional("0"), (9, 9)),
    plan("KR", "82", Always("0"), (8, 11)),
    plan("TW", "886", Always("0"), (8, 9)),
];

/// Fewest and most digits of an international number, with its calling code (E.164 §6.2.1).
const INTERNATIONAL_DIGITS: (usize, usize) = (7, 15);

impl NumberingPlan {
    /// The countries whose plans are known.
    pub(super) fn countries() -> impl Iterator<Item = &'static str> {
        PLANS.iter().map(|plan| plan.country)
    }

    /// The plan of a country; an error is a message.
    pub(super) fn of_country(country: &str) -> Result<Self, String> {
        PLANS.into_iter().find(|plan| plan.country == country).ok_or_else(|| {
            let known: Vec<_> = Self::countries().collect();
            format!(
                "has country {country:?}, whose phone numbers are not known; expected one of {}",
                known.join(", ")
            )
        })
    }

    fn is_national(&self, number: &str) -> bool {
        let (fewest, most) = self.digits;
        (fewest..=most).contains(&number.len())
    }

    fn without_trunk<'n>(&self, number: &'n str) -> &'n str {
        match self.trunk {
            NoTrunk => number,
            Always(trunk) | Optional(trunk) => number.strip_prefix(trunk).unwrap_or(number),
        }
    }

    fn wrong_length(&self, number: &str) -> String {
        let expected = match self.digits {
            (fewest, most) if fewest == most => fewest.to_string(),
            (fewest, most) => format!("{fewest} to {most}"),
        };
        format!(
            "a phone number of {} digits, expected {expected} in {}",
            number.len(),
            self.country
        )
    }

    fn national_number(&self, digits: &str) -> Result<String, String> {
        let is_national = |number: &str| self.is_national(number);
        // In North America the calling code is the trunk prefix: both readings are one number.
        let has_own_trunk = self.trunk == Optional(self.calling_code);
        if !has_own_trunk && digits.strip_prefix(self.calling_code).is_some_and(is_national) {
            return Err(format!(
                "a phone number that may begin with the calling code {}; expected a + before it",
                self.calling_code
            ));
        }
        if let Always(trunk) = self.trunk
            && !digits.starts_with(trunk)
        {
            return Err(format!("a phone number that begins neither with + nor with {trunk}"));
        }
        let number = self.without_trunk(digits);
        if is_national(number) {
            return Ok(format!("+{}{number}", self.calling_code));
        }
        Err(format!("{}, or + and the calling code", self.wrong_length(number)))
    }
}

/// A number in the form of E.164; an error says what is wrong, without the number. `own` is the plan
/// of its country, if that is known.
pub(super) fn e164(own: Option<&NumberingPlan>, text: &str) -> Result<String, String> {
    let text = without_optional_trunk(text.trim())?;
    let (has_plus, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text.as_str()),
    };
    if let Some(other) = rest.chars().find(|c| !c.is_ascii_digit() && !is_separator(*c)) {
        return Err(format!("a phone number with {other:?}"));
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let dialled = || digits.strip_prefix(exit_code(own?.country)?);
    let international = if has_plus { Some(digits.as_str()) } else { dialled() };
    match (international, own) {
        (Some(number), _) => international_number(own, number),
        (None, Some(own)) => own.national_number(&digits),
        (None, None) => Err("a phone number without + and a calling code, of a country whose \
                             numbers are not known"
            .into()),
    }
}

/// The number behind a `+`: without the trunk prefix, which people write behind the calling code
/// too, and of the length of the plan's numbers. Of other countries any length is taken.
fn international_number(own: Option<&NumberingPlan>, number: &str) -> Result<String, String> {
    ensure_international(number)?;
    let is_of_plan = |plan: &&NumberingPlan| number.starts_with(plan.calling_code);
    let Some(plan) = own.into_iter().chain(&PLANS).find(is_of_plan) else {
        return Ok(format!("+{number}"));
    };
    let national = &number[plan.calling_code.len()..];
    let significant = plan.without_trunk(national);
    if !plan.is_national(significant) && (Some(plan) == own || significant != national) {
        return Err(plan.wrong_length(significant));
    }
    Ok(format!("+{}{significant}", plan.calling_code))
}

/// What is dialled before a calling code; none where a carrier's code belongs to it.
fn exit_code(country: &str) -> Option<&'static str> {
    match country {
        "US" | "CA" => Some("011"),
        "AU" => Some("0011"),
        "JP" => Some("010"),
        "HK" | "SG" | "TH" => Some("001"),
        "TW" => Some("002"),
        "BR" | "KR" => None,
        _ => Some("00"),
    }
}

/// The text without the `(0)` of `+44 (0)20 …`, which is the trunk prefix for readers within the
/// country. In Italy, for example, it is a part of the number.
fn without_optional_trunk(text: &str) -> Result<String, String> {
    let Some((code, number)) = text.split_once("(0)") else { return Ok(text.to_owned()) };
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Ok(text.to_owned());
    }
    let is_of_code = |plan: &&NumberingPlan| plan.calling_code == digits.trim_start_matches('0');
    match PLANS.iter().find(is_of_code).map(|plan| plan.trunk) {
        Some(Always("0") | Optional("0")) => Ok(format!("{code}{number}")),
        _ => Err("a phone number with (0), which may be a part of it".to_owned()),
    }
}

fn ensure_international(number: &str) -> Result<(), String> {
    let (fewest, most) = INTERNATIONAL_DIGITS;
    if number.starts_with('0') || !(fewest..=most).contains(&number.len()) {
        return Err(format!(
            "an international phone number of {} digits, expected {fewest} to {most}, the first \
             of them not 0",
            number.len()
        ));
    }
    Ok(())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2013}' | '.' | '/' | '(' | ')')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(country: &str, text: &str) -> Result<String, String> {
        super::e164(Some(&NumberingPlan::of_country(country).unwrap()), text)
    }

    #[test]
    fn spellings_of_one_number_are_equal() {
        let spellings = [
            "+49 170 1234567",
            "+491701234567",
            "+49-170-1234567",
            "0049 170 1234567",
            "0170/1234567",
            "(0170) 12 34 567",
            "+49 (0)170 1234567",
            " 0170\u{a0}1234567 ",
        ];
        for text in spellings {
            assert_eq!(e164("DE", text).as_deref(), Ok("+491701234567"), "{text}");
        }
        for (country, text, expected) in [
            ("GB", "020 7946 0958", "+442079460958"),
            ("US", "(212) 555-0123", "+12125550123"),
            ("US", "1-212-555-0123", "+12125550123"),
            ("IT", "06 698 12345", "+390669812345"),
            ("ES", "612 345 678", "+34612345678"),
            ("HU", "06 30 123 4567", "+36301234567"),
            ("DE", "+353 87 123 4567", "+353871234567"),
            ("IT", "+44 (0)20 7946 0958", "+442079460958"),
            ("US", "011 44 20 7946 0958", "+442079460958"),
            ("AU", "0011 44 20 7946 0958", "+442079460958"),
            ("AU", "0412 345 678", "+61412345678"),
            ("JP", "090-1234-5678", "+819012345678"),
            ("HK", "001 44 20 7946 0958", "+442079460958"),
            ("GB", "+44 020 7946 0958", "+442079460958"),
            ("GB", "0044 (020) 7946 0958", "+442079460958"),
            ("US", "+49 0170 1234567", "+491701234567"),
            ("HU", "+36 06 30 123 4567", "+36301234567"),
            ("IT", "+39 06 698 12345", "+390669812345"),
            ("MX", "+52 1 55 1234 5678", "+525512345678"),
            ("DE", "+52 1 55 1234 5678", "+525512345678"),
            ("MX", "55 1234 5678", "+525512345678"),
            ("KR", "0507-1234-5678", "+8250712345678"),
            // The plan of another country says nothing about the length.
            ("DE", "+52 55 1234", "+52551234"),
        ] {
            assert_eq!(e164(country, text).as_deref(), Ok(expected), "{country} {text}");
        }
    }

    #[test]
    fn numbers_that_can_be_read_in_two_ways_are_refused() {
        for (country, text) in [
            // Without the 0 that a spreadsheet has removed, or with a calling code without its +.
            ("DE", "1701234567"),
            ("DE", "491701234567"),
            ("ES", "34612345678"),
            // A mobile number that begins with 390, or the calling code 39 before 0123456.
            ("IT", "3901234567"),
            ("IT", "39 02 1234567"),
            ("LU", "352 26 123 456"),
            ("HK", "0044 20 7946 0958"),
            ("KR", "001 44 20 7946 0958"),
            ("IT", "+39 (0)6 698 12345"),
            ("ES", "+34 (0)612 345 678"),
            ("US", "0044 20 7946 0958"),
            ("BR", "00 44 20 7946 0958"),
            ("US", "5550123"),
            ("GB", "0"),
            ("GB", ""),
            ("DE", "n/a"),
            ("DE", "3.53871E+11"),
            ("DE", "0170 1234567 ext. 5"),
            ("DE", "+0170 1234567"),
            ("DE", "+491"),
            ("GB", "+44 20 7946 0958 123"),
            ("DE", "+44 020 7946 0958 123"),
            ("DE", "+49+1701234567"),
        ] {
            assert!(e164(country, text).is_err(), "{country} {text}");
        }
        assert!(NumberingPlan::of_country("XX").unwrap_err().contains("AE, AT"));
    }
}
