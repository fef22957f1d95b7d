//! Texts that a rule strips from its dates, or drops beside the part of a `split`. One that says
//! which time it is, such as `Z` or ` PM`, must not be lost.
//!
//! Called by `date_rule`.

use chrono::{Offset, TimeZone};
use chrono_tz::{OffsetName, Tz};

use super::zone::{is_utc, region_of};

/// The key of a text that is stripped before a date.
const STRIP_PREFIX: &str = "strip_prefix";

/// Returns an error if a text that is stripped from local times contradicts the zone in which they
/// are read, or is the half of a day. `key` names the text in the message.
pub(super) fn check_affix(key: &str, affix: &str, zone: Tz) -> Result<(), String> {
    match lost_time(affix, key == STRIP_PREFIX, zone) {
        Some((what, fix)) => Err(format!("{key} = {affix:?} strips {what}; {fix}")),
        None => Ok(()),
    }
}

/// Returns an error if a text that `split` drops before a local time or behind it does so.
pub(super) fn check_dropped([before, behind]: [&str; 2], zone: Tz) -> Result<(), String> {
    for (text, is_before) in [(before, true), (behind, false)] {
        if let Some((what, fix)) = lost_time(text, is_before, zone) {
            return Err(format!("split drops {text:?}, {what}; {fix}"));
        }
    }
    Ok(())
}

/// What a text beside a local time says about it, and what to write in place of losing it.
fn lost_time(affix: &str, is_before: bool, zone: Tz) -> Option<(String, String)> {
    let letters: String = affix.chars().filter(|c| c.is_alphabetic()).collect();
    let has_pm =
        || affix.split(|c: char| !c.is_alphabetic()).any(|word| word.eq_ignore_ascii_case("pm"));
    // Before a date, `am` is a German word.
    let is_half = ["am", "pm"].iter().any(|half| letters.eq_ignore_ascii_case(half)) || has_pm();
    if !is_before && is_half {
        return Some(("the half of the day".into(), "write %I and %p in the format".into()));
    }
    if offset(affix).is_some_and(|is_zero| !(is_zero && is_utc(zone))) {
        return Some(("an offset".into(), "write %z in the format".into()));
    }
    for word in affix.split(|c: char| !c.is_alphabetic()) {
        let is_utc_word =
            ["z", "utc", "gmt"].iter().any(|utc| word.eq_ignore_ascii_case(utc)) && !is_utc(zone);
        if is_utc_word {
            let says = format!("what says UTC, but zone is {:?}", zone.name());
            return Some((says, "write zone = \"UTC\"".into()));
        }
        if let Some(region) = region_of(word)
            && !is_name_of(word, region, zone)
        {
            let says = format!("the zone {word}, but zone is {:?}", zone.name());
            return Some((says, format!("did you mean zone = {region:?}?")));
        }
    }
    None
}

/// Whether a text has an offset such as `+02:00`, and whether that is zero.
fn offset(affix: &str) -> Option<bool> {
    let (_, text) = affix.split_once(['+', '-', '\u{2212}'])?;
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let (offset, rest) = text.split_at(end);
    let n_digits = offset.bytes().filter(u8::is_ascii_digit).count();
    // `-02 10:00` may be the end of a date.
    let ends_there = matches!(n_digits, 4 | 6) || n_digits > 0 && is_end(rest);
    let is_offset = offset.starts_with(|c: char| c.is_ascii_digit())
        && ends_there
        && !rest.starts_with(is_of_word);
    is_offset.then(|| !offset.contains(|c: char| matches!(c, '1'..='9')))
}

/// Whether nothing but parentheses follows.
fn is_end(rest: &str) -> bool {
    matches!(rest.trim(), "" | ")") || rest.trim_start().starts_with('(')
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '-'
}

/// Whether an abbreviation may name the time of a zone: by the time zone database, or because the
/// `region` that is likely meant has the same offsets. Some zones have no abbreviation there.
fn is_name_of(word: &str, region: &str, zone: Tz) -> bool {
    let midwinter_and_midsummer =
        |zone: Tz| [1, 7].map(|month| zone.with_ymd_and_hms(2025, month, 1, 12, 0, 0).earliest());
    let times = midwinter_and_midsummer(zone);
    let mut names = times.iter().flatten().map(|time| time.offset().abbreviation());
    let offsets =
        |zone| midwinter_and_midsummer(zone).map(|time| time.map(|time| time.offset().fix()));
    names.any(|name| name.is_none_or(|name| name == word))
        || region.parse().is_ok_and(|region: Tz| offsets(region) == offsets(zone))
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
        ] {
            let error = check_affix("strip_suffix", affix, Tz::Europe__Berlin).unwrap_err();
            assert!(error.contains(part), "{affix:?}: {error}");
        }
    }
}
