//! Exponential backoff with full jitter: the ceiling doubles with each try, and the wait is random
//! below it, so that deliveries that failed together do not retry together.
//!
//! It only computes durations and does not sleep. Used by `delivery`, `health` and `carts`.

use std::time::Duration;

/// Maximum wait, whatever the number of tries.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Returns the wait before the next try, after `tries` tries. `jitter_seed` distinguishes
/// deliveries.
#[must_use]
pub fn backoff(first: Duration, tries: u32, jitter_seed: u64) -> Duration {
    // A seed in place of a random source: the same tries wait equally long, so a simulation
    // replays exactly.
    ceiling(first, tries).mul_f64(fraction(jitter_seed ^ (u64::from(tries) << 32)))
}

/// Returns the upper bound of the wait after `tries` tries.
#[must_use]
pub fn ceiling(first: Duration, tries: u32) -> Duration {
    // The exponent is capped, since a shift by 32 or more overflows; `MAX_BACKOFF` is reached long
    // before.
    first.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(MAX_BACKOFF)
}

/// Returns a number in [0, 1) from a seed: the upper 53 bits of `SplitMix64`'s output function as
/// a float.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit a float")]
fn fraction(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_with_full_jitter_up_to_limit() {
        let first = Duration::from_millis(500);
        for tries in 1..40 {
            let ceiling = ceiling(first, tries);
            let waits: Vec<_> =
                (0..1000).map(|jitter_seed| backoff(first, tries, jitter_seed)).collect();
            assert!(waits.iter().all(|wait| *wait < ceiling));
            assert!(
                waits.iter().any(|wait| *wait < ceiling / 10)
                    && waits.iter().any(|wait| *wait > ceiling * 9 / 10)
            );
        }
    }
}
