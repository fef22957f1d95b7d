//! Whether the service is up, judged by what is heard: a machine without I/O and clock.
//!
//! It knows how many failures in a row mean "down" and how patiently to probe; `run` holds everyone back and sends the
//! probes.

use std::time::Duration;

use super::backoff;

/// The longest pause before the second probe; it doubles with each up to half a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Counts failures in a row.
#[derive(Debug)]
pub(super) struct Health {
    down_after: u32,
    n_failed: u32,
    is_down: bool,
}

impl Health {
    /// A service that is thought to be up until so many requests in a row fail.
    pub(super) fn new(down_after: u32) -> Self {
        Self { down_after, n_failed: 0, is_down: false }
    }

    /// Hears of a request. True when it is the one that shows the service to be down: whoever sent it shall probe.
    pub(super) fn hear(&mut self, is_sign_of_life: bool) -> bool {
        self.n_failed = if is_sign_of_life { 0 } else { self.n_failed.saturating_add(1) };
        let goes_down = !self.is_down && self.n_failed >= self.down_after;
        self.is_down |= goes_down;
        goes_down
    }

    /// A probe was answered.
    pub(super) fn came_up(&mut self) {
        self.n_failed = 0;
        self.is_down = false;
    }
}

/// How long to wait before a probe, after so many of them.
pub(super) fn pause(n_probes: u32) -> Duration {
    // At least half the ceiling: probes are there to leave the service in peace.
    let ceiling = backoff::ceiling(FIRST_PAUSE, n_probes + 1);
    ceiling / 2 + backoff::backoff(FIRST_PAUSE, n_probes + 1, 0) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_failures_in_a_row_mean_down_and_one_of_them_probes() {
        let mut health = Health::new(3);
        let heard: Vec<_> = "..x..xx...".chars().map(|c| health.hear(c == 'x')).collect();
        let down = [false; 9].into_iter().chain([true]).collect::<Vec<_>>();
        assert_eq!(heard, down);
        // What was in flight neither probes again nor opens the door.
        assert!(!health.hear(false) && !health.hear(true) && !health.hear(false));
        health.came_up();
        assert_eq!([false, false, false].map(|life| health.hear(life)), [false, false, true]);
    }

    #[test]
    fn probes_become_rare() {
        for n_probes in 0..40 {
            let pause = pause(n_probes);
            assert!(pause >= Duration::from_millis(250) && pause <= Duration::from_secs(30), "{pause:?}");
        }
        assert!(pause(10) >= Duration::from_secs(15));
    }
}
