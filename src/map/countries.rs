//! Countries of ISO 3166-1 by their codes and English names (`kind = "country"`, and the country of
//! phone numbers).
//!
//! The names are those of CLDR and of ISO 3166-1, and some that shops write. No crate fits: those
//! that know such names guess, such as one of the two Congos from `Congo`. A name of two countries
//! is in no line. Used by `value_kind` and `phone`.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A line for each country: both codes, and its names as [`folded`] makes them.
const COUNTRIES: &str = include_str!("countries.txt");

/// The codes with two letters, by those with three and by names.
static CODES: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for line in COUNTRIES.lines() {
        let mut words = line.splitn(3, ' ');
        let (alpha_2, alpha_3) = (words.next().unwrap_or_default(), words.next());
        let names = words.next().unwrap_or_default().split('|').map(str::to_owned);
        codes.extend(names.map(|name| (name, alpha_2)));
        let of_codes = [Some(alpha_2), alpha_3].into_iter().flatten();
        codes.extend(of_codes.map(|code| (code.to_lowercase(), alpha_2)));
    }
    codes
});

/// The two-letter code of a country that a text names.
pub(super) fn code_of(text: &str) -> Option<&'static str> {
    // `ST` is no saint.
    CODES.get(&text.to_lowercase()).or_else(|| CODES.get(&folded(text))).copied()
}

/// A name without differences of spelling: case, accents, punctuation, `The` and `St.`.
fn folded(name: &str) -> String {
    let letters = name.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let letters: String = letters.collect::<String>().replace('&', " and ");
    let is_between = |c: char| c.is_whitespace() || "-,()/".contains(c);
    let words = letters.split(is_between);
    let words = words.map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
    let words = words.filter(|word| !word.is_empty());
    let words = words.map(|word| if word == "st" { "saint".to_owned() } else { word });
    let words: Vec<String> = words.collect();
    match words.split_first() {
        Some((first, rest)) if first == "the" => rest.join(" "),
        _ => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_one_code() {
        for (text, expected) in [
            ("GB", "GB"),
            ("gbr", "GB"),
            ("ST", "ST"),
            ("UK", "GB"),
            ("U.K.", "GB"),
            ("United Kingdom (UK)", "GB"),
            ("United States (US)", "US"),
            ("U.S.A.", "US"),
            ("The Netherlands", "NL"),
            ("T\u{fc}rkiye", "TR"),
            ("C\u{f4}te d\u{2019}Ivoire", "CI"),
            ("Cote D'Ivoire", "CI"),
            ("Trinidad & Tobago", "TT"),
            ("Saint Lucia", "LC"),
            ("St. Lucia", "LC"),
            ("\u{c5}land Islands", "AX"),
            ("Korea, Republic of", "KR"),
            ("Bolivia, Plurinational State of", "BO"),
            ("Czech Republic", "CZ"),
            ("Viet Nam", "VN"),
            ("IN", "IN"),
            ("Georgia", "GE"),
        ] {
            assert_eq!(code_of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn doubtful_names_are_none() {
        for text in ["", "-", "Congo", "Korea", "Deutschland", "XX", "the", "Virgin Islands"] {
            assert_eq!(code_of(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_is_folded_and_of_one_country() {
        let mut n_names = 0;
        for line in COUNTRIES.lines() {
            let (codes, names) = line.split_at(7);
            for name in names.split('|').chain([&codes[..2], &codes[3..6]]) {
                assert_eq!(code_of(name), Some(&codes[..2]), "{name}");
                n_names += 1;
            }
        }
        assert_eq!((COUNTRIES.lines().count(), CODES.len()), (249, n_names));
    }
}
