//! Health of the service: a circuit breaker as a state machine without I/O.
//!
//! It decides from responses how many consecutive failures mean "down", how long to wait between
//! probes, and when the service counts as up again. It holds no request back and sends no probe:
//! `dispatcher` and `probe` do.

use tokio::time::{Duration, Instant};

use super::backoff;
use crate::model::request::{PerKind, RequestKind, RequestRole};

/// Maximum pause before the second probe; it doubles with each probe up to half a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A change of the service's health, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HealthChange {
    /// The service seems to be down: the task that sent the request probes it, and no other
    /// request is started.
    Down,
    /// A probe succeeded, but another kind of request failed: requests may be tried, one at a time.
    TryOne,
    /// The kind of request that failed succeeds again.
    Up,
}

/// Counts consecutive failures per kind of request: one kind that succeeds proves nothing about
/// another.
#[derive(Debug)]
pub(super) struct Health {
    down_after: u32,
    n_failed: PerKind<u32>,
    outage: Option<ServiceOutage>,
}

/// An outage: from the failure that reached the limit until a request of that kind succeeds.
#[derive(Debug, Clone, Copy)]
struct ServiceOutage {
    /// The kind of request that reached the limit.
    kind: RequestKind,
    since: Instant,
    n_probes: u32,
    /// When requests began to be tried, one at a time.
    trial_since: Option<Instant>,
}

impl Health {
    /// A service that counts as up until `down_after` requests of one kind fail in a row.
    pub(super) fn new(down_after: u32) -> Self {
        Self { down_after, n_failed: PerKind::default(), outage: None }
    }

    /// Records the response to a request that was started at `started`.
    pub(super) fn on_response(
        &mut self,
        kind: RequestKind,
        shows_service_up: bool,
        started: Instant,
    ) -> Option<HealthChange> {
        let Some(outage) = &mut self.outage else { return self.count(kind, shows_service_up) };
        // A request that was started before the trial proves nothing about the service's state
        // now.
        let is_trial = outage.trial_since.is_some_and(|since| started >= since);
        if is_trial && !shows_service_up {
            outage.trial_since = None;
            return Some(HealthChange::Down);
        }
        (is_trial && ends_outage_of(outage.kind, kind)).then(|| self.recover())
    }

    fn count(&mut self, kind: RequestKind, shows_service_up: bool) -> Option<HealthChange> {
        let n_failed = &mut self.n_failed[kind];
        *n_failed = if shows_service_up { 0 } else { n_failed.saturating_add(1) };
        (*n_failed >= self.down_after).then(|| {
            self.outage =
                Some(ServiceOutage { kind, since: Instant::now(), n_probes: 0, trial_since: None });
            HealthChange::Down
        })
    }

    /// Returns the pause before the next probe, and counts that probe.
    pub(super) fn next_pause(&mut self) -> Duration {
        let n_probes = self.outage.as_mut().map_or(0, |outage| {
            outage.n_probes += 1;
            outage.n_probes - 1
        });
        pause(n_probes)
    }

    /// How long the outage lasts; zero without one.
    pub(super) fn outage_duration(&self) -> Duration {
        self.outage.map_or(Duration::ZERO, |outage| outage.since.elapsed())
    }

    /// Records that a probe succeeded, a request of kind `probe`.
    pub(super) fn probe_answered(&mut self, probe: RequestKind) -> HealthChange {
        match &mut self.outage {
            // A probe proves nothing about an outage of another kind.
            Some(outage) if outage.kind != probe => {
                outage.trial_since = Some(Instant::now());
                HealthChange::TryOne
            }
            _ => self.recover(),
        }
    }

    fn recover(&mut self) -> HealthChange {
        self.n_failed = PerKind::default();
        self.outage = None;
        HealthChange::Up
    }
}

/// Whether an outage of `failed` ends when a request of kind `kind` succeeds.
fn ends_outage_of(failed: RequestKind, kind: RequestKind) -> bool {
    match failed.role() {
        RequestRole::Identify => kind == failed,
        // Both checkouts create orders, so each ends an outage of the other.
        RequestRole::SendOrder | RequestRole::CheckOutCart => kind.is_checkout(),
        // Some events of a cart are rare. A run whose last one failed must not try one request at
        // a time for ever: an event that only comes after it, or one without a cart, is proof
        // enough.
        RequestRole::FillCart => {
            kind.is_checkout() || (kind.role() == RequestRole::FillCart && kind >= failed)
        }
        RequestRole::ClearCart => kind.role() != RequestRole::Identify,
    }
}

/// Returns the pause before a probe, after `n_probes` probes.
fn pause(n_probes: u32) -> Duration {
    // At least half the ceiling, unlike full jitter: probing exists to spare the service.
    let ceiling = backoff::ceiling(FIRST_PAUSE, n_probes + 1);
    ceiling / 2 + backoff::backoff(FIRST_PAUSE, n_probes + 1, 0) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a millisecond pass, and records the response to a request that was started at its end.
    async fn respond(
        health: &mut Health,
        kind: RequestKind,
        shows_service_up: bool,
    ) -> Option<HealthChange> {
        tokio::time::advance(Duration::from_millis(1)).await;
        health.on_response(kind, shows_service_up, Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn consecutive_failures_of_one_kind_mean_down() {
        use RequestKind::{BrowserCreate, OrderCheckout};
        let mut health = Health::new(3);
        for (kind, is_up) in [
            (OrderCheckout, false),
            (BrowserCreate, true),
            (OrderCheckout, false),
            (OrderCheckout, true),
        ] {
            assert_eq!(respond(&mut health, kind, is_up).await, None);
        }
        for change in [None, None, Some(HealthChange::Down), None, None] {
            assert_eq!(respond(&mut health, BrowserCreate, true).await, None);
            assert_eq!(respond(&mut health, OrderCheckout, false).await, change);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn probe_ends_browser_outage_others_need_a_trial() {
        let mut health = Health::new(1);
        assert_eq!(
            respond(&mut health, RequestKind::BrowserCreate, false).await,
            Some(HealthChange::Down)
        );
        assert_eq!(health.probe_answered(RequestKind::BrowserCreate), HealthChange::Up);
        let before = Instant::now();
        assert_eq!(
            respond(&mut health, RequestKind::Identity, false).await,
            Some(HealthChange::Down)
        );
        assert_eq!(health.probe_answered(RequestKind::BrowserCreate), HealthChange::TryOne);
        // A request that was in flight all the time decides nothing.
        assert_eq!(health.on_response(RequestKind::Identity, true, before), None);
        assert_eq!(respond(&mut health, RequestKind::BrowserCreate, true).await, None);
        assert_eq!(
            respond(&mut health, RequestKind::Identity, false).await,
            Some(HealthChange::Down)
        );
        assert_eq!(health.outage_duration(), Duration::from_millis(2));
        assert_eq!(health.probe_answered(RequestKind::BrowserCreate), HealthChange::TryOne);
        assert_eq!(respond(&mut health, RequestKind::Identity, true).await, Some(HealthChange::Up));
        assert_eq!(health.outage_duration(), Duration::ZERO);
    }

    #[test]
    fn later_request_kind_ends_outage() {
        use RequestKind::{AddConsumers, Checkout, Confirm, OrderCheckout};
        let ends = |failed: RequestKind| {
            RequestKind::ALL.into_iter().filter(move |kind| ends_outage_of(failed, *kind))
        };
        for failed in RequestKind::ALL {
            assert!(ends(failed).any(|kind| kind == failed), "{failed:?}");
        }
        assert_eq!(
            ends(AddConsumers).collect::<Vec<_>>(),
            [OrderCheckout, AddConsumers, Confirm, Checkout]
        );
        assert_eq!(ends(Checkout).collect::<Vec<_>>(), [OrderCheckout, Checkout]);
    }

    #[test]
    fn probe_interval_grows_to_a_limit() {
        for n_probes in 0..40 {
            let pause = pause(n_probes);
            assert!(
                pause >= Duration::from_millis(250) && pause <= Duration::from_secs(30),
                "{pause:?}"
            );
        }
        assert!(pause(10) >= Duration::from_secs(15));
    }
}
