//! Session check: whether an order is assembled well within the session that its events share.
//!
//! Does not send anything. Called by `size` for each order on the multi route, and by `pipeline`
//! for those of a saved plan, whose rate or pause may have changed.

use std::{num::NonZeroU32, time::Duration};

use super::{delivery::IDENTIFY_REQUESTS, settings::StreamSettings};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Returns why an order assembled from several events does not fit its session, if it does not.
///
/// The pause after IDENTITY and `n_requests` in addition to the guest's own must take at most half
/// of the session. The other half is for responses, retries and other orders.
pub(super) fn exceeds_session(n_requests: u64, settings: &StreamSettings) -> Option<String> {
    let n_requests = IDENTIFY_REQUESTS + n_requests;
    let (pause, timeout) = (settings.identity_pause, settings.session_timeout);
    let at_rate = |rate: NonZeroU32| {
        Duration::from_nanos(NANOS_PER_SECOND.saturating_mul(n_requests) / u64::from(rate.get()))
    };
    let sending = settings.rate.map(at_rate).unwrap_or_default();
    let total = pause.saturating_add(sending);
    if total <= timeout / 2 {
        return None;
    }
    let requests = settings.rate.map(|rate| format!("{n_requests} requests at {rate}/s"));
    // A pause below 1 % of the total explains nothing.
    let pause = (!pause.is_zero() && pause >= total / 100)
        .then(|| format!("the pause of {} s", pause.as_secs_f64()));
    let parts: Vec<_> = requests.into_iter().chain(pause).collect();
    let verb = if settings.rate.is_none() { "takes" } else { "take" };
    // A pause that already takes half of the session is not fixed by a higher rate.
    let hint = if settings.rate.is_some() && settings.identity_pause < timeout / 2 {
        "; a higher rate may help (--rate)"
    } else {
        ""
    };
    Some(format!(
        "{} {verb} at least {} s, more than half of a session, which ends after {} s{hint}",
        parts.join(" and "),
        round_up_tenths(total),
        timeout.as_secs_f64()
    ))
}

/// Formats seconds with at most one decimal, rounded up so that the limit is never understated.
fn round_up_tenths(time: Duration) -> String {
    let tenths = time.as_nanos().div_ceil(100_000_000);
    if tenths.is_multiple_of(10) {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests;
