//! Time zones by name, and the abbreviations that people write in their place.
//!
//! An abbreviation is no zone: it names one offset of a region that has two, or several regions. A
//! zone that never changes its clocks is written as an offset. Called by `date_rule` for zones and
//! by `strftime` for the texts of formats.

use std::fmt;

use chrono_tz::Tz;

use crate::model::suggest::{did_you_mean, suggest};

/// Abbreviations, each with the region that is most likely meant.
#[rustfmt::skip]
const ABBREVIATIONS: &[(&str, &str)] = &[
    ("ACDT", "Australia/Adelaide"), ("ACST", "Australia/Adelaide"), ("ADT", "America/Halifax"),
    ("AEDT", "Australia/Sydney"), ("AEST", "Australia/Sydney"), ("AKDT", "America/Anchorage"),
    ("AKST", "America/Anchorage"), ("AST", "America/Halifax"), ("AWST", "Australia/Perth"),
    ("BRT", "America/Sao_Paulo"), ("BST", "Europe/London"), ("CAT", "Africa/Maputo"),
    ("CDT", "America/Chicago"), ("CEST", "Europe/Berlin"), ("CET", "Europe/Berlin"),
    ("CST", "America/Chicago"), ("EAT", "Africa/Nairobi"), ("EDT", "America/New_York"),
    ("EEST", "Europe/Helsinki"), ("EET", "Europe/Helsinki"), ("EST", "America/New_York"),
    ("GST", "Asia/Dubai"), ("HKT", "Asia/Hong_Kong"), ("HST", "Pacific/Honolulu"),
    ("ICT", "Asia/Bangkok"), ("IDT", "Asia/Jerusalem"), ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"), ("KST", "Asia/Seoul"), ("MDT", "America/Denver"),
    ("MEST", "Europe/Berlin"), ("MESZ", "Europe/Berlin"), ("MET", "Europe/Berlin"),
    ("MEZ", "Europe/Berlin"), ("MSK", "Europe/Moscow"), ("MST", "America/Denver"), ("NDT", "America/St_Johns"), ("NST", "America/St_Johns"),
    ("NZDT", "Pacific/Auckland"), ("NZST", "Pacific/Auckland"), ("PDT", "America/Los_Angeles"),
    ("PHT", "Asia/Manila"), ("PKT", "Asia/Karachi"), ("PST", "America/Los_Angeles"),
    ("SAST", "Africa/Johannesburg"), ("SGT", "Asia/Singapore"), ("TRT", "Europe/Istanbul"),
    ("WAT", "Africa/Lagos"), ("WEST", "Europe/Lisbon"), ("WET", "Europe/Lisbon"),
    ("WIB", "Asia/Jakarta"), ("WITA", "Asia/Makassar"),
];

/// Abbreviations that are names of the time zone database too, each with its offset. Versions of
/// the database differ in whether the zone has summer time.
const OFFSETS: &[(&str, &str)] = &[
    ("CET", "+01:00"),
    ("EET", "+02:00"),
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("MET", "+01:00"),
    ("MST", "-07:00"),
    ("WET", "+00:00"),
];

/// The names of UTC in the time zone database.
#[rustfmt::skip]
const UTC: &[&str] = &[
    "UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "Universal", "Zulu", "Etc/UTC",
    "Etc/UCT", "Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/Greenwich", "Etc/Universal",
    "Etc/Zulu",
];

/// Why a text is no zone.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::map) struct ZoneError {
    /// What was found.
    pub(in crate::map) found: String,
    /// What a profile may have in its place.
    expected: Option<String>,
    /// The region or offset that is probably meant.
    pub(in crate::map) suggestion: Option<String>,
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found)?;
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        f.write_str(&did_you_mean(self.suggestion.as_deref()))
    }
}

/// Returns the zone of a region's name, or of an offset such as `-05:00`.
pub(in crate::map) fn parse_zone(text: &str) -> Result<Tz, ZoneError> {
    if let Some((_, offset)) = OFFSETS.iter().find(|(name, _)| *name == text) {
        let region = region_of(text).unwrap_or_default();
        return Err(ZoneError {
            found: format!("zone {text:?} may be an offset or a region with summer time"),
            expected: Some(format!(
                "one of them\n  hint: zone = {region:?}, or {offset:?} all year"
            )),
            suggestion: None,
        });
    }
    if let Some(offset) = text.strip_prefix("Etc/GMT").and_then(reversed_offset) {
        return Err(ZoneError {
            found: format!("zone {text:?} is {offset}, although its sign says otherwise"),
            expected: Some("a region or an offset".to_owned()),
            suggestion: Some(offset),
        });
    }
    zone_of_offset(text).or_else(|| text.parse().ok()).ok_or_else(|| {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let suggestion = region_of(&text.to_uppercase())
            .or_else(|| known.clone().find(|name| is_city_of(name, text)))
            .or_else(|| suggest(text, known));
        let is_offset = text.starts_with(['+', '-']) && text.contains(':');
        let example = || {
            let hours =
                if is_offset { "an offset in whole hours such as \"-05:00\", or " } else { "" };
            format!("{hours}a region such as \"Europe/London\"")
        };
        ZoneError {
            found: format!("unknown time zone {text:?}"),
            expected: suggestion.is_none().then(example),
            suggestion: suggestion.map(str::to_owned),
        }
    })
}

/// Whether a text is the last part of a region's name: `Berlin`, `new york`.
fn is_city_of(region: &str, text: &str) -> bool {
    let city = region.rsplit('/').next().unwrap_or(region);
    city.eq_ignore_ascii_case(&text.replace(' ', "_"))
}

/// The zone of an offset in whole hours, which never changes its clocks. The time zone database
/// names it by the reversed sign.
fn zone_of_offset(offset: &str) -> Option<Tz> {
    let signed_hours = offset.strip_suffix(":00").filter(|hours| hours.len() == 3)?;
    let (sign, hours) = reversed(signed_hours)?;
    format!("Etc/GMT{sign}{hours}").parse().ok()
}

/// The offset that a name such as `Etc/GMT+5` stands for, of what is behind its `GMT`; none for
/// UTC.
fn reversed_offset(signed_hours: &str) -> Option<String> {
    let (sign, hours) = reversed(signed_hours).filter(|(_, hours)| *hours > 0)?;
    Some(format!("{sign}{hours:02}:00"))
}

/// The sign, reversed, and the hours.
fn reversed(signed_hours: &str) -> Option<(char, u8)> {
    let (sign, hours) = signed_hours.split_at_checked(1)?;
    let reversed = match sign {
        "-" => '+',
        "+" => '-',
        _ => return None,
    };
    let is_number = hours.bytes().all(|byte| byte.is_ascii_digit());
    Some((reversed, hours.parse().ok().filter(|_| is_number)?))
}

/// Whether a zone is UTC by another name.
pub(super) fn is_utc(zone: Tz) -> bool {
    UTC.contains(&zone.name())
}

/// The zone that a word of an export names: UTC, a region, or an abbreviation in upper case.
pub(super) fn region_named(word: &str) -> Option<Tz> {
    match word {
        "Z" | "UTC" | "GMT" => Some(Tz::UTC),
        _ if word.contains('/') => word.parse().ok(),
        _ => region_of(word)?.parse().ok(),
    }
}

/// The zone that a word names in any case, or as the zones of the United States do, such as
/// `Eastern`.
pub(super) fn region_in_any_case(word: &str) -> Option<Tz> {
    region_named(&word.to_uppercase()).or_else(|| format!("US/{word}").parse().ok())
}

/// The region that is most likely meant by an abbreviation in upper case, such as `PST`.
pub(super) fn region_of(abbreviation: &str) -> Option<&'static str> {
    ABBREVIATIONS.iter().find_map(|(known, region)| (*known == abbreviation).then_some(*region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_name_known_regions() {
        for (abbreviation, region) in ABBREVIATIONS {
            assert!(region.parse::<Tz>().is_ok(), "{abbreviation} {region}");
        }
        assert!(UTC.iter().all(|name| name.parse::<Tz>().is_ok()));
    }

    fn error(zone: &str) -> String {
        parse_zone(zone).unwrap_err().to_string()
    }

    #[test]
    fn abbreviation_as_zone_is_refused_with_its_region() {
        insta::assert_snapshot!(error("EST"), @r#"
        zone "EST" may be an offset or a region with summer time; expected one of them
          hint: zone = "America/New_York", or "-05:00" all year
        "#);
        for (name, offset) in OFFSETS {
            assert!(region_of(name).is_some() && zone_of_offset(offset).is_some(), "{name}");
            assert!(parse_zone(name).is_err() && name.parse::<Tz>().is_ok(), "{name}");
        }
        assert!(error("PST").contains("did you mean \"America/Los_Angeles\"?"));
        assert!(error("cest").contains("did you mean \"Europe/Berlin\"?"));
        assert!(error("Berlin").contains("did you mean \"Europe/Berlin\"?"));
        assert!(error("new york").contains("\"America/New_York\""));
        assert!(error("?!").contains("; expected a region such as"));
        assert!(error("Europe/Lodon").contains("\"Europe/London\""));
        assert!(is_utc(parse_zone("Etc/UTC").unwrap()) && !is_utc(Tz::Europe__London));
    }

    #[test]
    fn name_with_a_reversed_sign_is_refused_with_its_offset() {
        insta::assert_snapshot!(error("Etc/GMT+5"), @r#"
        zone "Etc/GMT+5" is -05:00, although its sign says otherwise; expected a region or an offset
          hint: did you mean "-05:00"?
        "#);
        assert!(error("Etc/GMT-14").contains("is +14:00"));
        for utc in ["Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "GMT", "+00:00", "-00:00"] {
            assert!(is_utc(parse_zone(utc).unwrap()), "{utc}");
        }
    }

    #[test]
    fn offset_is_a_zone_without_summer_time() {
        assert_eq!(parse_zone("-05:00"), Ok(Tz::Etc__GMTPlus5));
        assert_eq!(parse_zone("+14:00"), Ok(Tz::Etc__GMTMinus14));
        for text in ["+05:30", "+15:00", "05:00", "+5:00", "+-5:00", "++5:00", "+05", "-:00"] {
            assert!(error(text).contains("unknown time zone"), "{text}");
        }
        let half = error("+05:30");
        assert!(
            half.ends_with(
                "an offset in whole hours such as \"-05:00\", or a region such as \"Europe/London\""
            ),
            "{half}"
        );
    }
}
