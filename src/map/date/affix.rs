//! Texts that a rule strips from its dates, or drops beside the part of a `split`. One that says
//! which time it is, such as `Z` or ` PM`, must not be lost.
//!
//! Only a word that touches the time says so, or any word in a text of the profile: the first one
//! behind the time or the last one before it, with nothing but blanks, brackets, `Uhr` or a fraction
//! of a second between. Before the time, behind a dash or a bar, or in the next part, it must be one
//! that hardly is anything else. Called by `date_rule`.

use std::iter;

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::{OffsetName, Tz};

use super::zone::{is_utc, region_in_any_case, region_named, region_of};

/// The key of a text that is stripped before a date.
const STRIP_PREFIX: &str = "strip_prefix";

/// The largest offset of a zone.
const MAX_OFFSET_MINUTES: u32 = 14 * 60;

/// Returns an error if a text that is stripped from local times contradicts the zone in which they
/// are read, or is the half of a day. `key` names the text in the message.
pub(super) fn check_affix(key: &str, affix: &str, zone: Tz) -> Result<(), String> {
    let is_before = key == STRIP_PREFIX;
    let beside = if is_before { lost_before(affix, zone) } else { lost_behind(affix, true, zone) };
    // It is a text of the profile, of which each word is meant.
    let of_half =
        |text| half_of_day(first_word(text)).filter(|_| !is_before && !is_german_am(text));
    let of_word =
        |text| of_half(text).or_else(|| lost_word(first_word(text), Beside::Number, zone));
    match beside.or_else(|| from_each_word(affix).find_map(of_word)) {
        Some(Lost { what, fix }) => Err(format!("{key} = {affix:?} strips {what}; {fix}")),
        None => Ok(()),
    }
}

/// Returns an error if a text that `split` drops before a local time or behind it does so.
pub(super) fn check_dropped(
    [before, behind]: [&str; 2],
    separator: &str,
    zone: Tz,
) -> Result<(), String> {
    // What is lost may have the separator, such as the sign of an offset, or be a part behind it.
    let separator = Some(separator).filter(|separator| !separator.trim().is_empty());
    let part_before = separator.and_then(|at| before.strip_suffix(at)?.rsplit(at).next());
    let part_behind = separator.and_then(|at| behind.strip_prefix(at)?.split(at).next());
    let of_before = |text| Some((text, lost_before(text, zone)?));
    let of_behind = |text, touches| Some((text, lost_behind(text, touches, zone)?));
    let lost = of_before(before)
        .or_else(|| of_before(part_before?))
        .or_else(|| of_behind(behind, true))
        .or_else(|| of_behind(part_behind?, false));
    match lost {
        Some((text, Lost { what, fix })) => Err(format!("split drops {text:?}, {what}; {fix}")),
        None => Ok(()),
    }
}

/// What a text says about a local time beside it, and what to write in place of losing it.
struct Lost {
    what: String,
    fix: String,
}

/// What is on the other side of a word. `10:00 est` has a zone, `10:00 est payé` may have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Word,
    /// Or the word may be a number or a code itself.
    Number,
}

impl Beside {
    fn of(text: &str) -> Self {
        match text.chars().next() {
            Some(c) if c.is_ascii_digit() => Self::Number,
            Some(c) if c.is_alphabetic() => Self::Word,
            _ => Self::Nothing,
        }
    }
}

/// What a text before a local time says about it.
fn lost_before(text: &str, zone: Tz) -> Option<Lost> {
    let mut text = text.trim_end_matches(|c: char| is_gap(c) || c == ':');
    // A dash or a bar alone is between them.
    while let Some((rest, mark)) = text.rsplit_once(char::is_whitespace)
        && is_mark(mark)
    {
        text = rest.trim_end_matches(is_gap);
    }
    let text = text.trim_end_matches(',');
    let word = text.rsplit(ends_word).next().unwrap_or(text);
    lost_word(word, Beside::Number, zone)
}

/// What a text behind a local time says about it; `touches` is false if it is the next part.
fn lost_behind(text: &str, touches: bool, zone: Tz) -> Option<Lost> {
    let text = text.trim_start_matches(is_gap);
    let mut text = without_fraction(text).trim_start_matches(is_gap);
    let mut touches = touches;
    while let Some((word, rest)) = text.split_once(char::is_whitespace) {
        let next = rest.trim_start_matches(is_gap);
        if !is_german_am(text) && !is_hour(word) && !is_mark(word) {
            break;
        }
        touches &= !is_mark(word) && !word.ends_with(',');
        text = next;
    }
    if let Some(lost) = half_of_day(text).filter(|_| touches || !begins_name(text, zone)) {
        return Some(lost);
    }
    let word = first_word(text);
    let rest = &text[word.len()..];
    let next = rest.trim_start();
    let is_of_name = ["Time", "Standard", "Daylight"].iter().any(|word| next.starts_with(word));
    let beside = match Beside::of(next) {
        _ if !touches => Beside::Number,
        Beside::Word if is_of_name => Beside::Nothing,
        beside => beside,
    };
    lost_word(word, beside, zone)
}

/// What a text says that begins with the half of a day, such as `PM`, or the `p. m.` of Spanish.
fn half_of_day(text: &str) -> Option<Lost> {
    behind_half_of_day(text)?;
    let fix = "write %I and %p in the format".to_owned();
    Some(Lost { what: "the half of the day".into(), fix })
}

fn behind_half_of_day(text: &str) -> Option<&str> {
    let first = text.strip_prefix(['a', 'A', 'p', 'P'])?;
    let rest = first.strip_prefix('.').map_or(first, str::trim_start).strip_prefix(['m', 'M'])?;
    let rest = rest.trim_start_matches('.');
    (rest.is_empty() || rest.starts_with(ends_word)).then_some(rest)
}

/// Whether the half of a day with which a text begins may begin a name, as that of `PM Ltd` and
/// `am 5. Mai` does: a word is behind it that is no zone.
fn begins_name(text: &str, zone: Tz) -> bool {
    let next = behind_half_of_day(text).unwrap_or_default().trim_start();
    let word = first_word(next);
    Beside::of(next) != Beside::Nothing
        && !is_hour(word)
        && lost_word(word, Beside::Number, zone).is_none()
}

fn is_hour(word: &str) -> bool {
    matches!(word.trim_end_matches([',', '.']), "Uhr" | "uhr" | "h" | "hrs")
}

/// Whether a text begins with the German word, such as `am Schalter`.
fn is_german_am(text: &str) -> bool {
    let rest = text.strip_prefix("am").filter(|rest| rest.starts_with(char::is_whitespace));
    rest.is_some_and(|rest| Beside::of(rest.trim_start_matches(is_gap)) == Beside::Word)
}

fn first_word(text: &str) -> &str {
    &text[..text.find(ends_word).unwrap_or(text.len())]
}

/// The text from each of its words on.
fn from_each_word(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| ends_word(c) || c == '.';
    let mut rest = text;
    iter::from_fn(move || {
        rest = rest.trim_start_matches(ends);
        let from_word = rest;
        rest = &rest[first_word(rest).len()..];
        (!from_word.is_empty()).then_some(from_word)
    })
}

/// Whether a text has neither letters nor digits.
fn is_mark(text: &str) -> bool {
    !text.contains(char::is_alphanumeric)
}

/// What a word that touches a local time says about it.
fn lost_word(word: &str, beside: Beside, zone: Tz) -> Option<Lost> {
    let word = word.trim_end_matches('.');
    if let Some(minutes) = offset_of(word, beside) {
        let is_same = minutes == 0 && is_utc(zone);
        let fix = "write %z in the format".to_owned();
        return Some(Lost { what: "an offset".into(), fix }).filter(|_| !is_same);
    }
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let in_any_case = || region_in_any_case(word).filter(|_| beside == Beside::Nothing);
    let Some(region) = region_named(word).or_else(in_any_case) else {
        let (one, others) = word.split_once('/')?;
        return lost_pair(one, others.split('/').next()?, beside, zone);
    };
    if is_name_of(word, region, zone) {
        return None;
    }
    let is_zone = format!("but zone is {:?}", zone.name());
    Some(if is_utc(region) {
        let fix = "write zone = \"UTC\"".to_owned();
        Lost { what: format!("what says UTC, {is_zone}"), fix }
    } else {
        let fix = format!("did you mean zone = {:?}?", region.name());
        Lost { what: format!("the zone {word}, {is_zone}"), fix }
    })
}

/// What the name of a zone says that has another one behind it, as in `GMT/BST` and `EST/NYC`. The
/// names of its times in winter and in summer are those of a zone.
fn lost_pair(one: &str, other: &str, beside: Beside, zone: Tz) -> Option<Lost> {
    let of_one = region_named(one)?;
    let is_number = other.bytes().all(|byte| byte.is_ascii_digit());
    let is_offset = offset_of(other, Beside::Nothing).is_some();
    let lost = |name: &str| lost_word(name, beside, zone);
    let fits = |name: &str| region_named(name).is_some() && lost(name).is_none();
    let are_of_zone = fits(one) && (is_offset || fits(other) || is_at_utc_as(other, zone))
        || fits(other) && is_at_utc_as(one, zone);
    if is_number || are_of_zone {
        return None;
    }
    // The other one says more than UTC.
    let [first, second] = if is_utc(of_one) { [other, one] } else { [one, other] };
    let of_utc = |lost: Lost| {
        let fix = "write the zone in which the times are".to_owned();
        Lost { fix, ..lost }
    };
    lost(first).or_else(|| lost(second).map(of_utc))
}

/// Blanks and brackets.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']')
}

fn ends_word(c: char) -> bool {
    is_gap(c) || matches!(c, ',' | ';' | '|')
}

/// A text without the fraction of a second at its start, such as `.000`.
fn without_fraction(text: &str) -> &str {
    let is_digit = |c: char| c.is_ascii_digit();
    let digits = text.strip_prefix(['.', ',']).filter(|digits| digits.starts_with(is_digit));
    digits.map_or(text, |digits| digits.trim_start_matches(is_digit))
}

/// The minutes of a word that is an offset, such as `+02:00`, `-0700` or `GMT+1`. With neither a
/// colon nor a name it may be a number, such as `-1`, or of one, such as `+1 555` and `+0800 1111`.
fn offset_of(word: &str, beside: Beside) -> Option<u32> {
    let of_utc = word
        .get(3..)
        .filter(|_| ["utc", "gmt"].iter().any(|name| word[..3].eq_ignore_ascii_case(name)));
    let signed = of_utc.unwrap_or(word).strip_prefix(['+', '-', '\u{2212}'])?;
    let is_of_digits = |c: char| c.is_ascii_digit() || c == ':';
    let (digits, rest) = signed.split_at(signed.find(|c| !is_of_digits(c)).unwrap_or(signed.len()));
    let of_colon = digits.split_once(':');
    let (hours, minutes) = of_colon.or_else(|| digits.split_at_checked(digits.len().min(2)))?;
    let is_no_number = match beside {
        Beside::Nothing => true,
        Beside::Word | Beside::Number if of_colon.is_some() || of_utc.is_some() => true,
        Beside::Word => !minutes.is_empty(),
        Beside::Number => false,
    };
    // `+1-555` is of a phone number.
    let ends = rest.is_empty() || of_colon.is_some() && !rest.starts_with(char::is_alphanumeric);
    // There may be seconds.
    let has_form = matches!((hours.len(), minutes.len()), (1 | 2, 0 | 2 | 4 | 5));
    if !has_form {
        return None;
    }
    let minutes = minutes.get(..2).map_or(Some(0), |minutes| minutes.parse::<u32>().ok())?;
    let all = hours.parse::<u32>().ok()? * 60 + minutes;
    // All zones differ from UTC by quarters of an hour.
    (is_no_number && ends && minutes % 15 == 0 && all <= MAX_OFFSET_MINUTES).then_some(all)
}

/// The times of a zone in winter and in summer.
fn midwinter_and_midsummer(zone: Tz) -> [Option<DateTime<Tz>>; 2] {
    [1, 7].map(|month| zone.with_ymd_and_hms(2025, month, 1, 12, 0, 0).earliest())
}

/// Whether a word says UTC and a zone is there for a part of the year, as London is.
fn is_at_utc_as(word: &str, zone: Tz) -> bool {
    let times = midwinter_and_midsummer(zone);
    let mut offsets = times.iter().flatten().map(|time| time.offset().fix().local_minus_utc());
    region_named(word).is_some_and(is_utc) && offsets.any(|seconds| seconds == 0)
}

/// Whether a word may name the time of a zone: because the `region` that is likely meant has the same
/// offsets, or as an abbreviation by the time zone database, which has none for some zones.
fn is_name_of(word: &str, region: Tz, zone: Tz) -> bool {
    let offsets =
        |zone| midwinter_and_midsummer(zone).map(|time| time.map(|time| time.offset().fix()));
    let is_abbreviation = region_of(&word.to_uppercase()).is_some();
    let times = midwinter_and_midsummer(zone);
    let mut names = times.iter().flatten().map(|time| time.offset().abbreviation());
    offsets(region) == offsets(zone)
        || is_abbreviation
            && names.any(|name| name.is_none_or(|name| name.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripped_texts_do_not_contradict_the_zone() {
        for (affix, zone) in [
            ("Z", Tz::UTC),
            (" UTC", Tz::Etc__UTC),
            ("+00:00", Tz::UTC),
            (" PST", Tz::America__Los_Angeles),
            (" MEZ", Tz::Europe__Vienna),
            (" IST", Tz::Europe__Dublin),
            (" AST", Tz::Asia__Riyadh),
            (" Uhr", Tz::Europe__Berlin),
            ("'", Tz::Europe__Berlin),
            (" (local)", Tz::Europe__Berlin),
            (".000", Tz::Europe__Berlin),
            ("T-", Tz::Europe__Berlin),
            (" Uhr (am Schalter)", Tz::Europe__Berlin),
            (" Uhr Frankfurt a. M.", Tz::Europe__Berlin),
            (" - A. M. Schmidt", Tz::Europe__Berlin),
            (" GMT/BST", Tz::Europe__London),
        ] {
            assert_eq!(check_affix("strip_suffix", affix, zone), Ok(()), "{affix:?}");
        }
        for (affix, part) in [
            ("Z", "says UTC"),
            ("z", "says UTC"),
            (" UTC", "says UTC"),
            (" (GMT)", "says UTC"),
            ("+0200", "an offset"),
            (" -05:00", "an offset"),
            ("+00:00", "an offset"),
            (" PST", "\"America/Los_Angeles\""),
            (" PM", "half of the day"),
            (" p.m.", "half of the day"),
            (" Uhr UTC", "says UTC"),
            (" Uhr PM", "half of the day"),
            (" p. m.", "half of the day"),
            (" - UTC", "says UTC"),
            (" local UTC", "says UTC"),
            (".PM", "half of the day"),
            (" local PM", "half of the day"),
            (" CET/UTC", "the zone in which the times are"),
            (":00 PM", "half of the day"),
            (":00 am", "half of the day"),
            (" GMT/BST", "\"Europe/London\""),
        ] {
            let error = check_affix("strip_suffix", affix, Tz::Europe__Berlin).unwrap_err();
            assert!(error.contains(part), "{affix:?}: {error}");
        }
    }

    /// What is dropped behind a local time in Berlin.
    fn dropped(behind: &str, separator: &str) -> Result<(), String> {
        check_dropped(["", behind], separator, Tz::Europe__Berlin)
    }

    #[test]
    fn offset_or_zone_that_touches_the_time_is_found() {
        for (behind, separator) in [
            ("+05:00", "+"),
            (" +5", " "),
            (" -0500 (local)", " "),
            ("-05:00[America/New_York]", "-"),
            (" GMT+0100 (CET)", " "),
            (" utc+1", " "),
            (" +01:00 2 pieces", " "),
            ("|+01:00", "|"),
            (" | EST", " | "),
            (" GMT+1 paid", " "),
            (";PM", ";"),
            (" America/New_York", " "),
            (" est", " "),
            (" Eastern", " "),
            (" (Pacific Time)", " ("),
            (" Eastern Standard Time", " "),
            (" EST paid", " "),
            (" am EST", " "),
            ("Z;paid", ";"),
            (".000 Z", "."),
            (" PM EST", " "),
            (" p.\u{a0}m.", "\u{a0}"),
            (" A. M. paid", " "),
            (" Uhr, UTC", " "),
            (" Uhr UTC", " "),
            (" Uhr PM", " "),
            (" - UTC", " "),
            (" -UTC", " "),
            (" | +05:00", " "),
            (" 'UTC'", " "),
            (" UTC/GMT", " "),
            (" GMT/BST", " "),
            (" EST/NYC", " "),
            (" EST/New York", " "),
            (" UTC/GMT+1", " "),
            (" EST/UTC-5", " "),
            (" UTC/local", " "),
            (" GMT/BST/IST", " "),
            ("; PM EST", ";"),
            (";PM, EST", ";"),
            (";PM Uhr", ";"),
            (";PM (local)", ";"),
            (";PM -0500", ";"),
        ] {
            assert!(dropped(behind, separator).is_err(), "{behind:?}");
        }
        for before in ["EST ", "(UTC) ", "+02:00 | ", "GMT-3: ", "UTC - ", "UTC, ", "'UTC' "] {
            let checked = check_dropped([before, ""], " | ", Tz::Europe__Berlin);
            assert!(checked.is_err(), "{before:?}");
        }
    }

    /// Orders with such a cell were invalid.
    #[test]
    fn other_texts_beside_a_time_are_no_zone() {
        for (behind, separator) in [
            (" | SO-1234", " | "),
            (" | SO-12", " | "),
            (" | Shop-7", " | "),
            (" | 0151-123456", " | "),
            (" | +49 151 123456", " | "),
            (" | +1 555 0100", " | "),
            (" | +0800 1111", " | "),
            ("|DE-10115", "|"),
            (";paid;Z", ";"),
            (";-1", ";"),
            (";-1200", ";"),
            (" | Central", " | "),
            (" UTC-17-4", " "),
            ("-22:00", "-"),
            ("-10:20", "-"),
            (" - 12:00", " - "),
            (" est pay\u{e9}", " "),
            (" (Cat food)", " ("),
            (" am Schalter", " "),
            (" | am Markt", " | "),
            (" +491511234:00", " "),
            (" Uhr, Central Station", " "),
            (" Central Station", " "),
            (" CEST", " "),
            (" Europe/Paris", " "),
            (" CET/CEST", " "),
            (" IST/12", " "),
            (" Uhr, Hawaii", " "),
            (", am 5. Mai", ","),
            (" | PM Handel", " "),
            (" AM-4711", " "),
            (" PM's Shop", " "),
            (";;AM;Mug", ";"),
            ("||CAT|x", "|"),
            (" CEST/UTC+2", " "),
            (" p. Markt", " "),
        ] {
            assert_eq!(dropped(behind, separator), Ok(()), "{behind:?}");
        }
        for before in ["SO-1234: ", "A|", "am ", "Z-12 ", "-1|", "ist "] {
            let checked = check_dropped([before, ""], "|", Tz::Europe__Berlin);
            assert_eq!(checked, Ok(()), "{before:?}");
        }
    }

    /// The times of summer are those of London.
    #[test]
    fn both_names_of_a_time_are_of_the_zone() {
        for (zone, is_lost) in [(Tz::UTC, true), (Tz::Europe__London, false)] {
            for behind in [" GMT/BST", " BST/GMT"] {
                let checked = check_dropped(["", behind], " ", zone);
                assert_eq!(checked.is_err(), is_lost, "{behind:?} {zone}");
            }
        }
    }

    #[test]
    fn many_words_are_no_limit() {
        assert_eq!(dropped(&[&" am".repeat(100_000), " x"].concat(), " "), Ok(()));
        assert!(dropped(&[" UTC", &"/UTC".repeat(100_000)].concat(), " ").is_err());
    }

    /// The time zone database has no abbreviation for some zones.
    #[test]
    fn zone_without_an_abbreviation_has_no_name_of_another_region() {
        for (behind, is_lost) in [(" Eastern", true), (" America/New_York", true), (" BRT", false)]
        {
            let checked = check_dropped(["", behind], " ", Tz::America__Sao_Paulo);
            assert_eq!(checked.is_err(), is_lost, "{behind:?}");
        }
    }
}
