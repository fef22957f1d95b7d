//! What is done while the service is not well: single requests probe it, nothing else is started.

use tokio::time::{Instant, sleep};

use super::{Dispatch, Event, Journal, Kind, Turn, Verdict, Wire};
use crate::{dispatch::answer, event::url};

impl<J: Journal, T: Wire> Dispatch<J, T> {
    /// Tells of a turn. Whoever hears the failure that shows the service to be down stays and probes it.
    pub(super) async fn follow(&self, health_change: Option<Turn>, classification: &Verdict) {
        match health_change {
            Some(Turn::GoesDown) => {
                let (reason, give_up_after) = (classification.reason().unwrap_or_default(), self.patience());
                self.warn(format!(
                    "the service takes nothing ({reason}): it is probed for {give_up_after}, and nothing else is started"
                ))
                .await;
                self.stop.or(self.probe_until_answered()).await;
            }
            Some(Turn::ComesUp) => self.warn("the service answers again".to_owned()).await,
            Some(Turn::TriesOne) | None => {}
        }
    }

    /// Creates browsers, which does no harm, until one comes or it takes too long.
    async fn probe_until_answered(&self) {
        loop {
            let pause = self.health().next_pause();
            sleep(pause).await;
            self.pacer.permit_of_probe().await;
            if self.health().trouble_lasts() >= self.settings.gives_up_after {
                return self.stop.say(format!("the service is down: no proper answer for {}", self.patience()));
            }
            self.tell(Event::Sending { kind: Kind::BrowserCreate, is_retry: true }).await;
            let response = self.wire.send(url::browser_create(&self.target)).await;
            self.obey(Kind::BrowserCreate, &response, Instant::now());
            match answer::verdict(Kind::BrowserCreate, response, false) {
                Verdict::Stop { reason, hint } => return self.stop_for(Kind::BrowserCreate, &reason, hint),
                classification if classification.is_sign_of_life() => return self.probe_answered().await,
                _ => {}
            }
        }
    }

    async fn probe_answered(&self) {
        let health_change = self.health().probe_answered();
        if health_change == Turn::TriesOne {
            self.warn("the service answers again: one request at a time is tried".to_owned()).await;
            self.pacer.open_for_one();
        } else {
            self.warn("the service answers again".to_owned()).await;
            self.pacer.open();
        }
    }

    async fn warn(&self, message: String) {
        self.tell(Event::Warning(message)).await;
    }

    fn patience(&self) -> humantime::FormattedDuration {
        humantime::format_duration(self.settings.gives_up_after)
    }
}
