//! Whether the service is up, judged by what is heard: a machine without I/O.
//!
//! It knows how many failures in a row mean "down", how patiently to probe, and when to believe that it is up again;
//! `run` holds everyone back and sends the probes.

use tokio::time::{Duration, Instant};

use super::{answer::Kind, backoff};

/// The longest pause before the second probe; it doubles with each up to half a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What follows from what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It seems to be down: whoever sent the request stays and probes it, and nobody else starts anything.
    GoesDown,
    /// A browser could be created, but that is not what failed: requests may be tried, one at a time.
    TriesOne,
    /// What failed goes through again.
    ComesUp,
}

/// Counts failures in a row, for each kind of request: that browsers can be created says nothing of events.
#[derive(Debug)]
pub(super) struct Health {
    down_after: u32,
    n_failed: [u32; Kind::ALL.len()],
    trouble: Option<Trouble>,
}

/// A service that is not well.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    /// What failed so often.
    kind: Kind,
    since: Instant,
    n_probes: u32,
    /// Since when requests are tried, one at a time.
    trying_since: Option<Instant>,
}

impl Health {
    /// A service that is thought to be up until so many requests of a kind fail in a row.
    pub(super) fn new(down_after: u32) -> Self {
        Self { down_after, n_failed: [0; Kind::ALL.len()], trouble: None }
    }

    /// Hears of a request that was started then.
    pub(super) fn hear(&mut self, kind: Kind, shows_service_up: bool, started: Instant) -> Option<Turn> {
        let Some(outage) = &mut self.trouble else { return self.count(kind, shows_service_up) };
        // What was started before says nothing of now.
        let is_trial = outage.trying_since.is_some_and(|since| started >= since);
        if is_trial && !shows_service_up {
            outage.trying_since = None;
            return Some(Turn::GoesDown);
        }
        (is_trial && ends_trouble_of(outage.kind, kind)).then(|| self.come_up())
    }

    fn count(&mut self, kind: Kind, shows_service_up: bool) -> Option<Turn> {
        let n_failed = &mut self.n_failed[kind as usize];
        *n_failed = if shows_service_up { 0 } else { n_failed.saturating_add(1) };
        (*n_failed >= self.down_after).then(|| {
            self.trouble = Some(Trouble { kind, since: Instant::now(), n_probes: 0, trying_since: None });
            Turn::GoesDown
        })
    }

    /// How long to wait before the next probe.
    pub(super) fn next_pause(&mut self) -> Duration {
        let n_probes = self.trouble.as_mut().map_or(0, |outage| {
            outage.n_probes += 1;
            outage.n_probes - 1
        });
        pause(n_probes)
    }

    /// How long it has not been well.
    pub(super) fn trouble_lasts(&self) -> Duration {
        self.trouble.map_or(Duration::ZERO, |outage| outage.since.elapsed())
    }

    /// A probe was answered: a browser was created.
    pub(super) fn probe_answered(&mut self) -> Turn {
        match &mut self.trouble {
            Some(outage) if outage.kind != Kind::BrowserCreate => {
                outage.trying_since = Some(Instant::now());
                Turn::TriesOne
            }
            _ => self.come_up(),
        }
    }

    fn come_up(&mut self) -> Turn {
        (self.n_failed, self.trouble) = ([0; Kind::ALL.len()], None);
        Turn::ComesUp
    }
}

/// Whether a trouble of `failed` is over when `kind` goes through. Both checkouts make orders. Of a cart's events some are
/// rare, and a run whose last one failed must not try one request at a time for ever: what only comes after it, or no
/// cart at all, shows enough.
fn ends_trouble_of(failed: Kind, kind: Kind) -> bool {
    match failed {
        Kind::BrowserCreate | Kind::Identity => kind == failed,
        Kind::OrderCheckout | Kind::Checkout => kind.is_checkout(),
        Kind::Add | Kind::AddContacts | Kind::AddConsumers | Kind::Confirm => {
            kind.is_checkout() || (failed..Kind::Checkout).contains(&kind)
        }
        Kind::ClearCart => !matches!(kind, Kind::BrowserCreate | Kind::Identity),
    }
}

/// How long to wait before a probe, after so many of them.
fn pause(n_probes: u32) -> Duration {
    // At least half the ceiling: probes are there to leave the service in peace.
    let ceiling = backoff::ceiling(FIRST_PAUSE, n_probes + 1);
    ceiling / 2 + backoff::backoff(FIRST_PAUSE, n_probes + 1, 0) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets so much time pass, and hears of a request that was started at its end.
    async fn heard(health: &mut Health, kind: Kind, shows_service_up: bool) -> Option<Turn> {
        tokio::time::advance(Duration::from_millis(1)).await;
        health.hear(kind, shows_service_up, Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_failures_of_a_kind_in_a_row_mean_down_and_one_of_them_probes() {
        use Kind::{BrowserCreate, OrderCheckout};
        let mut health = Health::new(3);
        for (kind, is_up) in
            [(OrderCheckout, false), (BrowserCreate, true), (OrderCheckout, false), (OrderCheckout, true)]
        {
            assert_eq!(heard(&mut health, kind, is_up).await, None);
        }
        for change in [None, None, Some(Turn::GoesDown), None, None] {
            assert_eq!(heard(&mut health, BrowserCreate, true).await, None);
            assert_eq!(heard(&mut health, OrderCheckout, false).await, change);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_browser_ends_the_trouble_of_browsers_and_other_troubles_are_tried_one_at_a_time() {
        let mut health = Health::new(1);
        assert_eq!(heard(&mut health, Kind::BrowserCreate, false).await, Some(Turn::GoesDown));
        assert_eq!(health.probe_answered(), Turn::ComesUp);
        let before = Instant::now();
        assert_eq!(heard(&mut health, Kind::Identity, false).await, Some(Turn::GoesDown));
        assert_eq!(health.probe_answered(), Turn::TriesOne);
        // What was in flight all the time decides nothing.
        assert_eq!(health.hear(Kind::Identity, true, before), None);
        assert_eq!(heard(&mut health, Kind::BrowserCreate, true).await, None);
        assert_eq!(heard(&mut health, Kind::Identity, false).await, Some(Turn::GoesDown));
        assert_eq!(health.trouble_lasts(), Duration::from_millis(2));
        assert_eq!(health.probe_answered(), Turn::TriesOne);
        assert_eq!(heard(&mut health, Kind::Identity, true).await, Some(Turn::ComesUp));
        assert_eq!(health.trouble_lasts(), Duration::ZERO);
    }

    #[test]
    fn a_trouble_of_what_may_never_come_again_ends_with_what_comes_after_it() {
        use Kind::{AddConsumers, Checkout, Confirm, OrderCheckout};
        let ends = |failed: Kind| Kind::ALL.into_iter().filter(move |kind| ends_trouble_of(failed, *kind));
        for failed in Kind::ALL {
            assert!(ends(failed).any(|kind| kind == failed), "{failed:?}");
        }
        assert_eq!(ends(AddConsumers).collect::<Vec<_>>(), [OrderCheckout, AddConsumers, Confirm, Checkout]);
        assert_eq!(ends(Checkout).collect::<Vec<_>>(), [OrderCheckout, Checkout]);
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
