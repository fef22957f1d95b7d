//! Locales: the names of months in the languages of shops (`locale` of a rule).
//!
//! Names that programs write for one month: full, inflected, abbreviated, with and without accents.
//! chrono reads English names only, and writes one name per month in other languages, so it knows
//! too few of them. Used by `strftime`.

use crate::model::suggest::{did_you_mean, suggest};

/// A language and the names of its months.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::map) struct Locale {
    language: &'static str,
    /// The names of each month in lower case, separated by blanks; the full one first.
    months: [&'static str; 12],
}

#[rustfmt::skip]
static LOCALES: [Locale; 11] = [
    Locale { language: "da", months: [
        "januar jan", "februar feb febr", "marts mar", "april apr", "maj", "juni jun", "juli jul",
        "august aug", "september sep sept", "oktober okt", "november nov", "december dec",
    ] },
    Locale { language: "de", months: [
        "januar jan jänner jän", "februar feb febr feber", "märz mär mrz maerz", "april apr", "mai",
        "juni jun", "juli jul", "august aug", "september sep sept", "oktober okt", "november nov",
        "dezember dez",
    ] },
    Locale { language: "en", months: [
        "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
        "august aug", "september sep sept", "october oct", "november nov", "december dec",
    ] },
    Locale { language: "es", months: [
        "enero ene", "febrero feb", "marzo mar", "abril abr", "mayo may", "junio jun", "julio jul",
        "agosto ago", "septiembre setiembre sep sept set", "octubre oct", "noviembre nov",
        "diciembre dic",
    ] },
    Locale { language: "fr", months: [
        "janvier janv jan", "février févr fév fevrier fevr fev", "mars", "avril avr", "mai", "juin",
        "juillet juil", "août aout", "septembre sept sep", "octobre oct", "novembre nov",
        "décembre déc decembre dec",
    ] },
    Locale { language: "it", months: [
        "gennaio gen genn", "febbraio feb febbr", "marzo mar", "aprile apr", "maggio mag magg",
        "giugno giu", "luglio lug", "agosto ago", "settembre set sett", "ottobre ott",
        "novembre nov", "dicembre dic",
    ] },
    Locale { language: "nb", months: [
        "januar jan", "februar feb febr", "mars mar", "april apr", "mai", "juni jun", "juli jul",
        "august aug", "september sep sept", "oktober okt", "november nov", "desember des",
    ] },
    Locale { language: "nl", months: [
        "januari jan", "februari feb febr", "maart mrt", "april apr", "mei", "juni jun", "juli jul",
        "augustus aug", "september sep sept", "oktober okt", "november nov", "december dec",
    ] },
    Locale { language: "pl", months: [
        "styczeń stycznia sty", "luty lutego lut", "marzec marca mar", "kwiecień kwietnia kwi",
        "maj maja", "czerwiec czerwca cze", "lipiec lipca lip", "sierpień sierpnia sie",
        "wrzesień września wrz", "październik października paź", "listopad listopada lis",
        "grudzień grudnia gru",
    ] },
    Locale { language: "pt", months: [
        "janeiro jan", "fevereiro fev", "março mar marco", "abril abr", "maio mai", "junho jun",
        "julho jul", "agosto ago", "setembro set", "outubro out", "novembro nov", "dezembro dez",
    ] },
    Locale { language: "sv", months: [
        "januari jan", "februari feb febr", "mars mar", "april apr", "maj", "juni jun", "juli jul",
        "augusti aug", "september sep sept", "oktober okt", "november nov", "december dec",
    ] },
];

/// The codes of all languages.
pub(in crate::map) fn languages() -> impl Iterator<Item = &'static str> {
    LOCALES.iter().map(|locale| locale.language)
}

impl Locale {
    /// The locale of a language's code; an error is a message.
    pub(in crate::map) fn new(language: &str) -> Result<&'static Self, String> {
        let mut locales = LOCALES.iter();
        locales.find(|locale| locale.language == language).ok_or_else(|| {
            let known: Vec<_> = languages().collect();
            // `de_DE` and `de-DE`.
            let main = language.split(['-', '_']).next().unwrap_or_default().to_lowercase();
            let suggestion = known.iter().copied().find(|known| *known == main);
            let suggestion = suggestion.or_else(|| suggest(language, known.iter().copied()));
            format!(
                "unknown locale {language:?}; expected one of {}{}",
                known.join(", "),
                did_you_mean(suggestion)
            )
        })
    }

    /// The code of its language.
    pub(super) fn language(&self) -> &'static str {
        self.language
    }

    /// The month whose name a text begins with, from 1, and the text behind the name.
    pub(super) fn month_at<'t>(&self, text: &'t str) -> Option<(u32, &'t str)> {
        let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.to_lowercase();
        let is_named = |names: &&str| names.split(' ').any(|known| known == name);
        let month = (1..).zip(&self.months).find(|(_, names)| is_named(names));
        month.map(|(month, _)| (month, rest))
    }

    /// The full name of a month, from 1.
    pub(super) fn name_of(&self, month: u32) -> Option<&'static str> {
        let index = usize::try_from(month).ok()?.checked_sub(1)?;
        self.months.get(index)?.split(' ').next()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_of_one_month() {
        for locale in &LOCALES {
            let names = locale.months.iter().flat_map(|names| names.split(' '));
            let all: Vec<_> = names.collect();
            assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{locale:?}");
            for (month, names) in (1..).zip(locale.months) {
                for name in names.split(' ') {
                    let text = format!("{}-26", name.to_uppercase());
                    assert_eq!(locale.month_at(&text), Some((month, "-26")), "{text}");
                }
                assert_eq!(locale.name_of(month), names.split(' ').next());
            }
            assert_eq!(locale.month_at("brumaire-26"), None);
        }
    }

    #[test]
    fn unknown_locale_is_refused() {
        insta::assert_snapshot!(Locale::new("de_DE").unwrap_err(), @r#"
        unknown locale "de_DE"; expected one of da, de, en, es, fr, it, nb, nl, pl, pt, sv
          hint: did you mean "de"?
        "#);
    }
}
