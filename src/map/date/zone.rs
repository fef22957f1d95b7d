//! Time zones by name, and the abbreviations that people write in their place.
//!
//! An abbreviation is no zone: it names one offset of a region that has two, or several regions.
//! Called by `date_rule` for zones and by `strftime` for the texts of formats.

use chrono_tz::Tz;

use crate::model::suggest::{did_you_mean, suggest};

/// Abbreviations, each with the region that is most likely meant. Some are names of the time zone
/// database too, but as offsets without summer time.
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
    ("MESZ", "Europe/Berlin"), ("MEZ", "Europe/Berlin"), ("MSK", "Europe/Moscow"),
    ("MST", "America/Denver"), ("NDT", "America/St_Johns"), ("NST", "America/St_Johns"),
    ("NZDT", "Pacific/Auckland"), ("NZST", "Pacific/Auckland"), ("PDT", "America/Los_Angeles"),
    ("PHT", "Asia/Manila"), ("PKT", "Asia/Karachi"), ("PST", "America/Los_Angeles"),
    ("SAST", "Africa/Johannesburg"), ("SGT", "Asia/Singapore"), ("TRT", "Europe/Istanbul"),
    ("WAT", "Africa/Lagos"), ("WEST", "Europe/Lisbon"), ("WET", "Europe/Lisbon"),
    ("WIB", "Asia/Jakarta"), ("WITA", "Asia/Makassar"),
];

/// Names of the time zone database that have no summer time, although the region meant may have
/// one.
const WITHOUT_SUMMER_TIME: &[&str] = &["EST", "HST", "MST"];

/// The names of UTC in the time zone database.
#[rustfmt::skip]
const UTC: &[&str] = &[
    "UTC", "UCT", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "Universal", "Zulu", "Etc/UTC",
    "Etc/UCT", "Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/Greenwich", "Etc/Universal",
    "Etc/Zulu",
];

/// Returns the zone of a name. An error is a message that names the region to write.
pub(super) fn parse_zone(name: &str) -> Result<Tz, String> {
    if WITHOUT_SUMMER_TIME.contains(&name)
        && let Some(region) = region_of(name)
    {
        return Err(format!(
            "zone {name:?} is an offset without summer time; expected a region{}",
            did_you_mean(Some(region))
        ));
    }
    name.parse().map_err(|_| {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let suggestion = region_of(&name.to_uppercase()).or_else(|| suggest(name, known));
        format!("unknown time zone {name:?}{}", did_you_mean(suggestion))
    })
}

/// Whether a zone is UTC by another name.
pub(super) fn is_utc(zone: Tz) -> bool {
    UTC.contains(&zone.name())
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

    #[test]
    fn abbreviation_as_zone_is_refused_with_its_region() {
        assert!(parse_zone("EST").unwrap_err().contains("did you mean \"America/New_York\"?"));
        assert!(parse_zone("PST").unwrap_err().contains("did you mean \"America/Los_Angeles\"?"));
        assert!(parse_zone("cest").unwrap_err().contains("did you mean \"Europe/Berlin\"?"));
        assert!(parse_zone("Europe/Lodon").unwrap_err().contains("\"Europe/London\""));
        assert_eq!(parse_zone("CET"), Ok(Tz::CET));
        assert!(is_utc(parse_zone("Etc/UTC").unwrap()) && !is_utc(Tz::Europe__London));
    }
}
