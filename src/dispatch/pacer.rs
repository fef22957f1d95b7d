//! Hands out permits, one for each request on the wire, never more in a second than the rate and a small burst.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{sync::Mutex, time::Instant};

/// The burst as a part of the rate, so that one in twenty requests may come early.
const BURST: u32 = 20;

/// governor's cells for one request. Half a request more than the burst may be saved up: that makes up for timers, which
/// are always a little late, and is still no whole request more in any second.
const CELLS: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// tokio's clock, which tests can stop; governor's own cannot be.
#[derive(Debug, Clone)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

/// Hands out permits in the order in which they are asked for.
pub struct Pacer {
    clock: TokioClock,
    limiter: Option<Limiter>,
    queue: Mutex<()>,
    /// Until then nobody gets a permit.
    held_until: std::sync::Mutex<Instant>,
}

impl Pacer {
    /// A pacer of so many requests a second, or without a limit.
    #[must_use]
    pub fn new(rate: Option<NonZeroU32>) -> Self {
        let clock = TokioClock { start: Instant::now() };
        let quota = |rate: NonZeroU32| {
            let burst = NonZeroU32::new(rate.get() / BURST).unwrap_or(NonZeroU32::MIN);
            let saved_up = burst.saturating_mul(CELLS).saturating_add(CELLS.get() / 2);
            Quota::per_second(rate.saturating_mul(CELLS)).allow_burst(saved_up)
        };
        let limiter = rate.map(|rate| RateLimiter::direct_with_clock(quota(rate), clock.clone()));
        Self { clock, limiter, queue: Mutex::new(()), held_until: std::sync::Mutex::new(Instant::now()) }
    }

    /// Holds everyone back for a while, because the service asked for it: it means the tenant, not one guest.
    pub fn hold(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut held_until = self.held_until.lock().expect("nobody panics while holding it");
        *held_until = until.max(*held_until);
    }

    /// Waits until another request may be started.
    pub async fn permit(&self) {
        let _turn = self.queue.lock().await;
        if let Some(limiter) = &self.limiter {
            self.turn_of(limiter).await;
        }
        self.end_of_hold().await;
    }

    async fn turn_of(&self, limiter: &Limiter) {
        while let Err(not_yet) = limiter.check_n(CELLS).expect("a request has no more cells than can be saved up") {
            tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
        }
    }

    /// A hold may be made longer while one waits for its end.
    async fn end_of_hold(&self) {
        loop {
            let until = *self.held_until.lock().expect("nobody panics while holding it");
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn starts(rate: u32, n_requests: usize) -> Vec<Duration> {
        let pacer = Arc::new(Pacer::new(NonZeroU32::new(rate)));
        let begin = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..n_requests {
            let pacer = Arc::clone(&pacer);
            tasks.spawn(async move {
                pacer.permit().await;
                begin.elapsed()
            });
        }
        let mut starts = tasks.join_all().await;
        starts.sort_unstable();
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_in_a_second_than_the_rate_and_its_burst() {
        for rate in [1, 7, 20, 100, 500] {
            let starts = starts(rate, rate as usize * 5).await;
            let most = (rate + (rate / 20).max(1)) as usize;
            for (index, start) in starts.iter().enumerate() {
                let within =
                    starts[index..].iter().take_while(|other| **other < *start + Duration::from_secs(1)).count();
                assert!(within <= most, "{within} starts within a second at {rate}/s");
            }
            let needed = *starts.last().unwrap();
            assert!(needed <= Duration::from_millis(5200), "{needed:?} for 5 seconds' worth at {rate}/s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_is_for_everyone_and_the_longest_one_counts() {
        for rate in [None, NonZeroU32::new(1000)] {
            let begin = Instant::now();
            let pacer = Pacer::new(rate);
            pacer.permit().await;
            pacer.hold(Duration::from_secs(9));
            pacer.hold(Duration::from_secs(2));
            pacer.permit().await;
            assert!(begin.elapsed() >= Duration::from_secs(9) && begin.elapsed() < Duration::from_secs(10));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        let begin = Instant::now();
        let pacer = Pacer::new(None);
        for _ in 0..1000 {
            pacer.permit().await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
