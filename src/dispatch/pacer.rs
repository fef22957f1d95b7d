//! Rate limiter: grants one permit per request on the wire, in any second at most the rate and a
//! small burst.
//!
//! It also holds requests back when the service asks for it: `Retry-After`, a lowered rate, a
//! closed gate during an outage. It does not decide when that is and sends nothing; `dispatcher`
//! calls it before every request, retries included.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::{Mutex, Notify},
    time::Instant,
};

/// The burst is this part of the rate: one request in twenty may start early.
const BURST_DIVISOR: u32 = 20;

/// governor's cells for one request. With ten of them, half a request can be saved up in addition
/// to the burst: that makes up for timers, which are always a little late, and is still less than
/// one more request in any second.
const CELLS_PER_REQUEST: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// tokio's clock, which tests can pause; governor's own clock cannot be paused.
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

/// Minimum share of the rate that is left, however often the service throttles.
const MIN_RATE_SHARE: f64 = 1.0 / 64.0;

/// Share of the rate that is regained after each [`RECOVERY_INTERVAL`] without throttling: from a
/// half to all of it in ten seconds. A service that answers one request in fifty with 503 still
/// gets about half of a rate of 20/s.
const RECOVERY_STEP: f64 = 0.05;

const RECOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// The gap between two requests at full speed if there is no rate limit: an unlimited rate has no
/// share to lower.
const MIN_GAP: Duration = Duration::from_millis(1);

/// Grants permits in the order in which they are requested.
pub struct Pacer {
    clock: TokioClock,
    limiter: Option<Limiter>,
    /// The gap between two requests at the full rate.
    full_gap: Duration,
    // tokio's mutex is fair (first in, first out), which keeps the order of the requests.
    queue: Mutex<()>,
    throttle: std::sync::Mutex<Throttle>,
    opened: Notify,
}

/// Which requests pass during an outage of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// All requests.
    Open,
    /// Only probes.
    Closed,
    /// One request at a time; the flag is set while that one is in flight.
    Single(bool),
}

/// Permission to start one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// When it was granted.
    pub at: Instant,
    /// No other permit is granted until this one is released.
    is_exclusive: bool,
}

/// What holds requests back in addition to the rate.
#[derive(Debug)]
struct Throttle {
    /// No permit is granted before.
    held_until: Instant,
    gate: Gate,
    /// The share of the rate that was left when the service last throttled.
    rate_share: f64,
    /// When it did.
    halved_at: Instant,
    /// When the last permit was granted.
    last_start: Instant,
}

impl Throttle {
    fn is_open(&self, now: Instant) -> bool {
        matches!(self.gate, Gate::Open | Gate::Single(false)) && self.held_until <= now
    }

    /// The share of the rate that may be used now: it recovers step by step.
    fn rate_share(&self, now: Instant) -> f64 {
        let n_steps = (now - self.halved_at).as_secs() / RECOVERY_INTERVAL.as_secs();
        // 20 steps already restore the full rate, so the saturated count means the same.
        (self.rate_share + RECOVERY_STEP * f64::from(u16::try_from(n_steps).unwrap_or(u16::MAX)))
            .min(1.0)
    }
}

impl Pacer {
    /// A pacer with `rate` requests a second, or without a limit.
    #[must_use]
    pub fn new(rate: Option<NonZeroU32>) -> Self {
        let now = Instant::now();
        let clock = TokioClock { start: now };
        let quota = |rate: NonZeroU32| {
            let burst = NonZeroU32::new(rate.get() / BURST_DIVISOR).unwrap_or(NonZeroU32::MIN);
            let burst_cells =
                burst.saturating_mul(CELLS_PER_REQUEST).saturating_add(CELLS_PER_REQUEST.get() / 2);
            Quota::per_second(rate.saturating_mul(CELLS_PER_REQUEST)).allow_burst(burst_cells)
        };
        let limiter = rate.map(|rate| RateLimiter::direct_with_clock(quota(rate), clock.clone()));
        let full_gap = rate.map_or(MIN_GAP, |rate| Duration::from_secs(1) / rate.get());
        let throttle = Throttle {
            held_until: now,
            gate: Gate::Open,
            rate_share: 1.0,
            halved_at: now,
            last_start: now,
        };
        Self {
            clock,
            limiter,
            full_gap,
            queue: Mutex::new(()),
            throttle: throttle.into(),
            opened: Notify::new(),
        }
    }

    /// Holds all requests back for `time`, because the service asked for it: it means the tenant,
    /// not one guest.
    pub fn hold_for(&self, time: Duration) {
        let mut throttle = self.throttle();
        throttle.held_until = throttle.held_until.max(Instant::now() + time);
    }

    /// Halves the rate, because the service throttled a request that was started at `started`.
    pub fn halve_rate(&self, started: Instant) {
        let mut throttle = self.throttle();
        let now = Instant::now();
        let share = throttle.rate_share(now);
        // Responses to requests that were in flight at the last halving are about the old rate.
        // Counting them would halve the rate once for each.
        if share >= 1.0 || started > throttle.halved_at {
            throttle.rate_share = (share / 2.0).max(MIN_RATE_SHARE);
            throttle.halved_at = now;
        }
    }

    /// Grants no permits, except to probes, until the gate is opened again.
    pub fn close(&self) {
        self.throttle().gate = Gate::Closed;
    }

    /// Grants permits to all requests again.
    pub fn open(&self) {
        self.set_gate(Gate::Open);
    }

    /// Grants permits one at a time.
    pub fn open_single(&self) {
        self.set_gate(Gate::Single(false));
    }

    fn set_gate(&self, gate: Gate) {
        self.throttle().gate = gate;
        self.opened.notify_waiters();
    }

    /// Releases the permit of a request that got its response, or that is not sent after all.
    pub fn release(&self, permit: Permit) {
        // A permit from before the gate was closed is not exclusive: its release must not let a
        // second request through.
        let is_next_free = permit.is_exclusive && self.throttle().gate == Gate::Single(true);
        if is_next_free {
            self.open_single();
        }
    }

    /// Waits until a request may be started at once, and returns its permit.
    pub async fn permit(&self) -> Permit {
        let _queue_guard = self.queue.lock().await;
        loop {
            self.wait_until_open().await;
            self.wait_for_gap().await;
            // The rate limit comes last, so that no burst is saved up while all requests are held
            // back.
            self.wait_for_limiter().await;
            // The gate may have been closed, or a hold begun, during these waits.
            if let Some(permit) = self.permit_if_open() {
                return permit;
            }
        }
    }

    /// Like [`Self::permit`], but ignores the gate: the CLEAR_CART of a run that stops is sent
    /// even while the service counts as down. No other request of that run asks for a permit.
    pub async fn permit_past_gate(&self) -> Permit {
        let _queue_guard = self.queue.lock().await;
        self.wait_for_hold().await;
        self.wait_for_gap().await;
        self.wait_for_limiter().await;
        let at = Instant::now();
        self.throttle().last_start = at;
        Permit { at, is_exclusive: false }
    }

    fn permit_if_open(&self) -> Option<Permit> {
        let at = Instant::now();
        let mut throttle = self.throttle();
        if !throttle.is_open(at) {
            return None;
        }
        let is_exclusive = throttle.gate == Gate::Single(false);
        if is_exclusive {
            throttle.gate = Gate::Single(true);
        }
        throttle.last_start = at;
        Some(Permit { at, is_exclusive })
    }

    /// Waits until a probe may be started while all other requests wait.
    pub async fn probe_permit(&self) {
        // No queue: its first request may be waiting for the gate, which only a probe can open.
        self.wait_for_hold().await;
        self.wait_for_limiter().await;
    }

    /// Waits while no permits are granted at all.
    pub async fn wait_until_open(&self) {
        loop {
            // Created before the check, so that a notification in between is not missed.
            let opened = self.opened.notified();
            let gate = self.throttle().gate;
            if matches!(gate, Gate::Closed | Gate::Single(true)) {
                opened.await;
            }
            self.wait_for_hold().await;
            if self.throttle().is_open(Instant::now()) {
                return;
            }
        }
    }

    async fn wait_for_limiter(&self) {
        let Some(limiter) = &self.limiter else { return };
        while let Err(not_yet) = limiter
            .check_n(CELLS_PER_REQUEST)
            .expect("the burst capacity holds the cells of one request")
        {
            tokio::time::sleep(not_yet.wait_time_from(self.clock.now())).await;
        }
    }

    /// Waits for the gap between two requests at a lowered rate.
    // governor's quota is fixed, so a lowered rate is a longer gap between two starts.
    async fn wait_for_gap(&self) {
        let until = {
            let throttle = self.throttle();
            let share = throttle.rate_share(Instant::now());
            if share >= 1.0 {
                return;
            }
            throttle.last_start + self.full_gap.div_f64(share)
        };
        tokio::time::sleep_until(until).await;
    }

    async fn wait_for_hold(&self) {
        // A loop, since a hold may be extended while a request waits for its end.
        loop {
            let until = self.throttle().held_until;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn throttle(&self) -> std::sync::MutexGuard<'_, Throttle> {
        self.throttle.lock().expect("no thread panics while holding the lock")
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
    async fn rate_limit_includes_burst() {
        for rate in [1, 7, 20, 100, 500] {
            let starts = starts(rate, rate as usize * 5).await;
            let max_starts = (rate + (rate / 20).max(1)) as usize;
            for (index, start) in starts.iter().enumerate() {
                let within = starts[index..]
                    .iter()
                    .take_while(|other| **other < *start + Duration::from_secs(1))
                    .count();
                assert!(within <= max_starts, "{within} starts within a second at {rate}/s");
            }
            let needed = *starts.last().unwrap();
            assert!(
                needed <= Duration::from_millis(5200),
                "{needed:?} for 5 seconds' worth at {rate}/s"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn longest_hold_applies_to_all_requests() {
        for rate in [None, NonZeroU32::new(1000)] {
            let begin = Instant::now();
            let pacer = Pacer::new(rate);
            pacer.permit().await;
            pacer.hold_for(Duration::from_secs(9));
            pacer.hold_for(Duration::from_secs(2));
            pacer.permit().await;
            assert!(
                begin.elapsed() >= Duration::from_secs(9)
                    && begin.elapsed() < Duration::from_secs(10)
            );
        }
    }

    /// Starts requests one after the other for `time` and calls `each` for every start.
    async fn starts_within(pacer: &Pacer, time: Duration, mut each: impl FnMut(Instant)) -> u32 {
        let (end, mut n_starts) = (Instant::now() + time, 0);
        while let Ok(started) = tokio::time::timeout_at(end, pacer.permit()).await {
            n_starts += 1;
            each(started.at);
        }
        n_starts
    }

    #[tokio::test(start_paused = true)]
    async fn halved_rate_recovers_stepwise() {
        let pacer = Pacer::new(NonZeroU32::new(100));
        let begin = pacer.permit().await.at;
        tokio::time::sleep(Duration::from_millis(5)).await;
        pacer.halve_rate(begin);
        // A request that was in flight at the last halving does not halve again.
        pacer.halve_rate(begin);
        let mut starts_per_second = Vec::new();
        for _ in 0..12 {
            starts_per_second
                .push(starts_within(&pacer, RECOVERY_INTERVAL, |_| ()).await.to_string());
        }
        insta::assert_snapshot!(starts_per_second.join(" "), @"50 52 59 63 67 71 77 83 84 91 104 100");
        for _ in 0..20 {
            let started = pacer.permit().await.at;
            tokio::time::sleep(Duration::from_millis(1)).await;
            pacer.halve_rate(started);
        }
        let n_starts = starts_within(&pacer, Duration::from_millis(990), |_| ()).await;
        assert!((1..=2).contains(&n_starts), "{n_starts} in a second at a sixty-fourth of 100/s");
    }

    #[tokio::test(start_paused = true)]
    async fn closed_gate_passes_probes_and_saves_no_burst() {
        let pacer = Arc::new(Pacer::new(NonZeroU32::new(20)));
        pacer.close();
        let waiting = tokio::spawn({
            let pacer = Arc::clone(&pacer);
            async move { starts_within(&pacer, Duration::from_secs(61), |_| ()).await }
        });
        tokio::time::sleep(Duration::from_secs(60)).await;
        pacer.probe_permit().await;
        pacer.open();
        let n_starts = waiting.await.unwrap();
        assert!((19..=20).contains(&n_starts), "{n_starts} in the second after");
    }

    #[tokio::test(start_paused = true)]
    async fn single_gate_waits_for_release() {
        let pacer = Pacer::new(None);
        let before = pacer.permit().await;
        pacer.close();
        pacer.open_single();
        let one = pacer.permit().await;
        let is_next = |time| tokio::time::timeout(Duration::from_secs(time), pacer.permit());
        pacer.release(before);
        assert!(is_next(5).await.is_err());
        pacer.release(one);
        assert!(is_next(5).await.is_ok() && is_next(5).await.is_err());
        pacer.open();
        assert!(is_next(5).await.is_ok() && is_next(5).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn rate_limit_applies_after_hold() {
        let pacer = Pacer::new(NonZeroU32::new(20));
        let mut starts = Vec::new();
        for _ in 0..5 {
            starts_within(&pacer, Duration::from_millis(700), |start| starts.push(start)).await;
            pacer.hold_for(Duration::from_millis(200));
        }
        for (index, start) in starts.iter().enumerate() {
            let within = starts[index..]
                .iter()
                .take_while(|other| **other < *start + Duration::from_secs(1))
                .count();
            assert!(within <= 21, "{within} starts within a second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn unlimited_rate_never_waits() {
        let begin = Instant::now();
        let pacer = Pacer::new(None);
        for _ in 0..1000 {
            pacer.permit().await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
