//! Codes of the ISO standards that the rules name: currencies, languages, countries.
//!
//! Data and membership tests only; the rules that use them are in the other modules, and the lists
//! of the target's manual in its `TargetRules`.

use std::sync::LazyLock;

/// A set of codes of two upper-case letters, as one bit per pair.
// A bit set instead of a hash set: every order looks up several codes.
pub(super) struct CodeSet([u32; 26]);

impl CodeSet {
    const fn of(codes: &[&str]) -> Self {
        let (mut bits, mut index) = ([0; 26], 0);
        while index < codes.len() {
            let code = codes[index].as_bytes();
            bits[(code[0] - b'A') as usize] |= 1 << (code[1] - b'A');
            index += 1;
        }
        Self(bits)
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        match *text.as_bytes() {
            [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
                self.0[usize::from(first - b'A')] & (1 << (second - b'A')) != 0
            }
            _ => false,
        }
    }
}

/// For each code of three upper-case letters, whether ISO 4217 lists it as a currency.
// By the numbers of the currencies: the crate compares a code with all others, which takes
// milliseconds for all codes.
static CURRENCIES: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let mut is_known = vec![false; 26 * 26 * 26];
    let listed = (0..1000).filter_map(iso_currency::Currency::from_numeric);
    for index in listed.filter_map(|currency| currency_index(currency.code())) {
        is_known[index] = true;
    }
    is_known
});

/// Whether ISO 4217 lists a currency code.
pub(super) fn is_currency(text: &str) -> bool {
    currency_index(text).is_some_and(|index| CURRENCIES[index])
}

fn currency_index(code: &str) -> Option<usize> {
    let letter = |byte: u8| byte.is_ascii_uppercase().then(|| usize::from(byte - b'A'));
    match *code.as_bytes() {
        [a, b, c] => Some((letter(a)? * 26 + letter(b)?) * 26 + letter(c)?),
        _ => None,
    }
}

/// ISO 639-1, the two-letter language codes.
#[rustfmt::skip]
pub(super) const LANGUAGES: CodeSet = CodeSet::of(&[
    "AA", "AB", "AE", "AF", "AK", "AM", "AN", "AR", "AS", "AV", "AY", "AZ", "BA", "BE", "BG", "BI", "BM", "BN", "BO",
    "BR", "BS", "CA", "CE", "CH", "CO", "CR", "CS", "CU", "CV", "CY", "DA", "DE", "DV", "DZ", "EE", "EL", "EN", "EO",
    "ES", "ET", "EU", "FA", "FF", "FI", "FJ", "FO", "FR", "FY", "GA", "GD", "GL", "GN", "GU", "GV", "HA", "HE", "HI",
    "HO", "HR", "HT", "HU", "HY", "HZ", "IA", "ID", "IE", "IG", "II", "IK", "IO", "IS", "IT", "IU", "JA", "JV", "KA",
    "KG", "KI", "KJ", "KK", "KL", "KM", "KN", "KO", "KR", "KS", "KU", "KV", "KW", "KY", "LA", "LB", "LG", "LI", "LN",
    "LO", "LT", "LU", "LV", "MG", "MH", "MI", "MK", "ML", "MN", "MR", "MS", "MT", "MY", "NA", "NB", "ND", "NE", "NG",
    "NL", "NN", "NO", "NR", "NV", "NY", "OC", "OJ", "OM", "OR", "OS", "PA", "PI", "PL", "PS", "PT", "QU", "RM", "RN",
    "RO", "RU", "RW", "SA", "SC", "SD", "SE", "SG", "SI", "SK", "SL", "SM", "SN", "SO", "SQ", "SR", "SS", "ST", "SU",
    "SV", "SW", "TA", "TE", "TG", "TH", "TI", "TK", "TL", "TN", "TO", "TR", "TS", "TT", "TW", "TY", "UG", "UK", "UR",
    "UZ", "VE", "VI", "VO", "WA", "WO", "XH", "YI", "YO", "ZA", "ZH", "ZU",
]);

/// ISO 3166-1 alpha-2, the two-letter country codes.
#[rustfmt::skip]
pub(super) const COUNTRIES: CodeSet = CodeSet::of(&[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA", "BB", "BD",
    "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV", "BW", "BY", "BZ", "CA",
    "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE",
    "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA",
    "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK",
    "HM", "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP",
    "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT",
    "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS",
    "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ",
    "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS",
    "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS", "ST",
    "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO", "TR", "TT", "TV", "TW",
    "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA",
    "ZM", "ZW",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_currency_has_a_number() {
        let letters = || 'A'..='Z';
        let codes = letters().flat_map(|a| letters().map(move |b| format!("{a}{b}")));
        for code in codes.flat_map(|code| letters().map(move |c| format!("{code}{c}"))) {
            let is_listed = iso_currency::Currency::from_code(&code).is_some();
            assert_eq!(is_currency(&code), is_listed, "{code}");
        }
    }
}
