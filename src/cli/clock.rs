//! Plausibility check of the machine's clock.
//!
//! Does not compare it with any other clock. Called by `entry` before any command; `values`
//! uses [`MAX_DURATION`] for the durations that are typed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use chrono::DateTime;

/// 2020-01-01, before the first orderferry. With an earlier clock every order is in the future, so
/// none would need `--backfill`; times before 1970 cannot even be represented.
const EARLIEST: Duration = Duration::from_secs(1_577_836_800);

/// 3000-01-01: even with [`MAX_DURATION`] added, a year has four digits, as HTTP dates require.
const LATEST: Duration = Duration::from_secs(32_503_680_000);

/// 1000 years. A longer duration is a typing error, and a time plus it might not be representable.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(1000 * 31_557_600);

/// Returns an error unless `now` is from 2020 to 2999.
pub(super) fn ensure_plausible(now: SystemTime) -> anyhow::Result<()> {
    let since_epoch = now.duration_since(UNIX_EPOCH);
    if since_epoch.as_ref().is_ok_and(|time| (EARLIEST..LATEST).contains(time)) {
        return Ok(());
    }
    let shown = match since_epoch {
        Err(_) => "a time before 1970".to_owned(),
        Ok(time) => {
            // chrono has no date for the largest times; they are past its last year.
            let day = i64::try_from(time.as_secs())
                .ok()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            day.map_or_else(
                || "a time after 9999".to_owned(),
                |day| day.format("%Y-%m-%d").to_string(),
            )
        }
    };
    bail!(
        "the clock of this machine shows {shown}, expected a day from 2020 to 2999\n  hint: set \
         the clock with date or timedatectl"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implausible_clock_is_rejected() {
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let check = |now: Option<SystemTime>| {
            ensure_plausible(now.unwrap()).map_err(|error| error.to_string())
        };
        let cases = [
            (UNIX_EPOCH.checked_sub(10 * year), "a time before 1970"),
            (UNIX_EPOCH.checked_sub(Duration::from_nanos(1)), "a time before 1970"),
            (Some(UNIX_EPOCH), "1970-01-01"),
            ((UNIX_EPOCH + EARLIEST).checked_sub(Duration::from_nanos(1)), "2019-12-31"),
            (UNIX_EPOCH.checked_add(LATEST), "3000-01-01"),
            (UNIX_EPOCH.checked_add(10_000 * year), "+11963-05-13"),
            (UNIX_EPOCH.checked_add(Duration::from_secs(i64::MAX as u64)), "a time after 9999"),
        ];
        for (now, shown) in cases {
            let message = check(now).unwrap_err();
            assert!(
                message.starts_with(&format!("the clock of this machine shows {shown}, expected")),
                "{message}"
            );
        }
        for now in [
            Some(UNIX_EPOCH + EARLIEST),
            (UNIX_EPOCH + LATEST).checked_sub(Duration::from_nanos(1)),
        ] {
            assert_eq!(check(now), Ok(()));
        }
        let latest = UNIX_EPOCH + LATEST + MAX_DURATION;
        assert!(
            httpdate::fmt_http_date(latest).contains(" 4000 "),
            "{}",
            httpdate::fmt_http_date(latest)
        );
    }
}
