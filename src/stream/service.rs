//! Stream API of a tenant as a target of `dispatch`, over any transport.
//!
//! It connects the parts: the delivery machine, the classification of responses, the URLs and the
//! transport. Created by `pipeline`.

use std::{num::NonZeroU32, sync::Mutex, time::Duration};

use super::{
    classify::{CHECK_TARGET, ServiceResponse, WRONG_TARGET, classify},
    delivery::{CREATE_BROWSER, GuestDelivery, Identified},
    event_json::complete,
    page_counter::{MAX_SAME_PAGES, PageCounter},
    settings::StreamSettings,
    transport::Transport,
    url,
};
use crate::{
    dispatch::{Assessment, DispatchTarget, Request, ServiceNotice, StopReason, backoff::backoff},
    model::{planned::PlannedGuest, request::RequestKind},
};

/// The Stream API of a tenant.
pub struct StreamService<T> {
    settings: StreamSettings,
    transport: T,
    pages: Mutex<PageCounter>,
}

impl<T: Transport> StreamService<T> {
    /// The service of a tenant, reached over `transport`.
    pub fn new(settings: StreamSettings, transport: T) -> Self {
        Self { settings, transport, pages: Mutex::default() }
    }
}

impl<T: Transport> DispatchTarget for StreamService<T> {
    type Response = ServiceResponse;
    type Identified = Identified;
    type Delivery<'a> = GuestDelivery<'a>;

    fn deliver<'a>(&'a self, part: &'a PlannedGuest, identified: Identified) -> GuestDelivery<'a> {
        GuestDelivery::for_part(part, &self.settings, identified)
    }

    fn rate(&self) -> Option<NonZeroU32> {
        self.settings.rate
    }

    fn session_timeout(&self) -> Duration {
        self.settings.session_timeout
    }

    fn retry_pause(&self, tries: u32) -> Option<Duration> {
        (tries < self.settings.tries).then(|| backoff(self.settings.first_backoff, tries, 0))
    }

    async fn send(&self, request: &Request) -> ServiceResponse {
        self.transport
            .send(url::request_url(&self.settings.target, request.kind, &request.message))
            .await
    }

    fn inspect(&self, response: &ServiceResponse) -> ServiceNotice {
        let page =
            self.pages.lock().expect("no thread panics while holding the lock").count(response);
        let stop = page.map(|status| StopReason {
            reason: format!(
                "HTTP {status} with the same web page {MAX_SAME_PAGES} times in a \
                row: {WRONG_TARGET}"
            ),
            hint: CHECK_TARGET,
        });
        ServiceNotice { throttle: response.throttling(), stop }
    }

    fn assess(&self, kind: RequestKind, response: ServiceResponse) -> Assessment {
        classify(kind, response, false).into()
    }

    fn probe(&self) -> Request {
        // The one request that carries nothing of a guest: a second browser is only another
        // anonymous guest.
        let (kind, message) = (RequestKind::BrowserCreate, CREATE_BROWSER.to_owned());
        Request { kind, message, order: 0, is_retry: true }
    }

    fn clear_cart(&self, session: &str, clear_cart: &str, is_retry: bool) -> Request {
        Request {
            kind: RequestKind::ClearCart,
            // A cart belongs to the session of its browser.
            message: complete(clear_cart, session),
            order: 0,
            is_retry,
        }
    }

    fn endpoint(&self, kind: RequestKind) -> String {
        url::endpoint(&self.settings.target, kind)
    }
}

#[cfg(test)]
mod tests;
