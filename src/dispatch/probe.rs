//! Probing during an outage: single requests check whether the service is up again, and no other
//! request is started.
//!
//! It does not decide whether the service is down; `health` does. Called by `worker` and `carts`
//! after each request.

use tokio::time::{Instant, sleep};

use super::{
    dispatcher::Dispatcher,
    event::DispatchEvent,
    health::HealthChange,
    journal::Journal,
    target::{Assessment, DispatchTarget},
};
use crate::model::request::RequestKind;

impl<J: Journal, T: DispatchTarget> Dispatcher<J, T> {
    /// Reports a change of health. The worker whose request showed the service to be down stays
    /// here and probes it.
    pub(super) async fn on_health_change(
        &self,
        health_change: Option<HealthChange>,
        assessment: &Assessment,
    ) {
        match health_change {
            Some(HealthChange::Down) => {
                let (reason, give_up_after) =
                    (assessment.reason.as_deref().unwrap_or_default(), self.give_up_after());
                self.warn(format!(
                    "the service is down ({reason}): probing it for up to {give_up_after}, no \
                     other request is started"
                ))
                .await;
                self.shutdown.unless_stopped(self.probe_until_answered()).await;
            }
            Some(HealthChange::Up) => self.warn("the service responds again".to_owned()).await,
            // Only a probe leads to a trial, and `probe_answered` reports it.
            Some(HealthChange::TryOne) | None => {}
        }
    }

    /// Sends the target's probe until it succeeds or the outage lasts too long.
    async fn probe_until_answered(&self) {
        loop {
            let pause = self.health().next_pause();
            sleep(pause).await;
            self.pacer.probe_permit().await;
            if self.health().outage_duration() >= self.settings.give_up_after {
                return self.shutdown.abort(format!(
                    "the service is down: no valid response for {}",
                    self.give_up_after()
                ));
            }
            let request = self.target.probe();
            let kind = request.kind;
            self.emit(DispatchEvent::RequestStarted { kind, is_retry: true }).await;
            self.settings.gauge.request_sent();
            let response = self.target.send(&request).await;
            self.settings.gauge.request_answered();
            self.apply_notice(kind, &response, Instant::now());
            let assessment = self.target.assess(kind, response);
            if let Some(stop) = &assessment.stop {
                return self.stop_for(kind, stop);
            }
            if assessment.shows_service_up {
                return self.probe_answered(kind).await;
            }
        }
    }

    async fn probe_answered(&self, kind: RequestKind) {
        let health_change = self.health().probe_answered(kind);
        self.settings.gauge.service_up(Instant::now().into_std());
        if health_change == HealthChange::TryOne {
            self.warn("the service responds again: trying one request at a time".to_owned()).await;
            self.pacer.open_single();
        } else {
            self.warn("the service responds again".to_owned()).await;
            self.pacer.open();
        }
    }

    async fn warn(&self, message: String) {
        self.emit(DispatchEvent::Warning(message)).await;
    }

    fn give_up_after(&self) -> humantime::FormattedDuration {
        humantime::format_duration(self.settings.give_up_after)
    }
}
