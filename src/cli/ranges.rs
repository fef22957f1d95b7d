//! Ranges of settings: what a number, a duration or a URL must be, wherever it comes from.
//!
//! A setting is checked while it is deserialized, so that its error is shown at its place beside
//! all others; `spec` checks with the same functions what an option sets.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Deserializer, de::Error};

use super::values::{ByteSize, DurationSetting, Rate};
use crate::stream::{self, url::MAX_URL_BYTES};

/// A longer pause is a typing error.
const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);

/// With less, spilled files would be read in chunks too small to be efficient.
const MIN_MEMORY: ByteSize = ByteSize(1_000_000);

/// Returns the requests a second; `None` is unlimited.
pub(super) fn check_rate(Rate(rate): Rate) -> Result<Option<NonZeroU32>, String> {
    let in_range = |rate| NonZeroU32::new(rate).ok_or("rate is 0, expected 1/s or more");
    Ok(rate.map(in_range).transpose()?)
}

pub(super) fn check_in_flight(n: usize) -> Result<(), String> {
    ensure((1..=10_000).contains(&n), || format!("in_flight is {n}, expected 1 to 10000"))
}

pub(super) fn check_max_url_bytes(n: usize) -> Result<(), String> {
    let is_allowed = (1..=MAX_URL_BYTES).contains(&n);
    ensure(is_allowed, || format!("max_url_bytes is {n}, expected 1 to {MAX_URL_BYTES}"))
}

pub(super) fn check_memory(ByteSize(n): ByteSize) -> Result<(), String> {
    let unit = if n == 1 { "byte" } else { "bytes" };
    ensure(n >= MIN_MEMORY.0, || format!("memory is {n} {unit}, expected 1MB or more"))
}

pub(super) fn check_identity_pause(pause: Duration) -> Result<(), String> {
    ensure(pause <= MAX_PAUSE, || {
        let pause = humantime::format_duration(pause);
        format!("identity_pause is {pause}, expected at most 1h")
    })
}

pub(super) fn check_timeout(timeout: Duration) -> Result<(), String> {
    let message = "timeout is 0, expected more: no response could arrive in time";
    ensure(!timeout.is_zero(), || message.to_owned())
}

fn ensure(is_allowed: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if is_allowed { Ok(()) } else { Err(message()) }
}

/// Deserializes a setting that is set, and checks it.
fn checked<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    check: impl FnOnce(&T) -> Result<(), String>,
) -> Result<Option<T>, D::Error> {
    let value = T::deserialize(deserializer)?;
    check(&value).map_err(D::Error::custom)?;
    Ok(Some(value))
}

/// The functions that deserialize the settings of [`ConfigFile`](super::config::ConfigFile).
macro_rules! settings {
    ($($name:ident: $type:ty, $check:expr;)*) => {
        $(
            pub(super) fn $name<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<$type>, D::Error> {
                checked::<$type, D>(deserializer, $check)
            }
        )*
    };
}

settings! {
    rate: Rate, |rate| check_rate(*rate).map(drop);
    in_flight: usize, |n| check_in_flight(*n);
    max_url_bytes: usize, |n| check_max_url_bytes(*n);
    memory: ByteSize, |size| check_memory(*size);
    timeout: DurationSetting, |time| check_timeout(time.0);
    identity_pause: DurationSetting, |time| check_identity_pause(time.0);
    session_timeout: DurationSetting, |time| ensure(!time.0.is_zero(), || {
        "session_timeout is 0, expected more: no order could be assembled in time".to_owned()
    });
    tries: u32, |n| ensure(*n > 0, || "tries is 0, expected 1 or more".to_owned());
    down_after: u32, |n| ensure(*n > 0, || "down_after is 0, expected 1 or more".to_owned());
    base_url: String, |url| check_base_url(url);
}

pub(super) fn check_base_url(base_url: &str) -> Result<(), String> {
    // Of any key: the URL is to be checked.
    let target = stream::target(base_url, "key");
    target.map(drop).map_err(|error| error.to_string())
}
