//! Target of a run: what the pipeline needs of the service that orders are sent to.
//!
//! The only file of the pipeline that names the Stream API, so each function here has an arm for
//! every target. It decides nothing. Used by the other files of the pipeline.

use std::time::Duration;

pub(super) use crate::stream::{
    ClientError, IDENTIFY_REQUESTS, Misfit, RouteChoice, StreamSettings as ServiceSettings,
    content_hash::{content_hash, dedup_hash_in_export},
    encode::identity,
    extension::types_sent,
    misfit, result_if_unsendable, routes, routes_of, single_route,
};
use crate::{
    model::{
        order::Order,
        order_trace::TracedEvents,
        planned::{ContentHash, GuestOrder, PlannedOrder},
        route::Route,
    },
    stream::{
        HttpClient, StreamPayload, StreamService, encode,
        event_json::{self, EventJson},
        url::event_url_length,
    },
};

/// Encodes a valid order of this content.
pub(super) fn encode(
    order: &Order<'_>,
    content: ContentHash,
    settings: &ServiceSettings,
) -> GuestOrder {
    encode::encode(order, content, settings.url_limits())
}

/// The number of requests of a valid order, without those that identify its guest.
pub(super) fn n_requests(order: &Order<'_>, settings: &ServiceSettings) -> u64 {
    match order.route {
        // Without encoding the event, which is not needed to count it.
        Route::Single => 1,
        Route::Multi => encode::payload(order, settings.url_limits()).n_requests(),
    }
}

/// The events of a planned order in the order of sending, as JSON without `browser_id`, which only
/// the service knows. An error is why they cannot be read.
pub(super) fn event_texts(order: &PlannedOrder) -> Result<Vec<String>, String> {
    Ok(StreamPayload::read(order)?.events.iter().map(|event| event.1.as_str().to_owned()).collect())
}

/// The events of a valid order that a person wants to have explained.
pub(super) fn traced_events(order: &Order<'_>, settings: &ServiceSettings) -> TracedEvents {
    let payload = encode::payload(order, settings.url_limits());
    let events: Vec<EventJson> = [event_json::identity(&order.guest, &order.common)]
        .into_iter()
        .chain(payload.events.iter().map(|event| event.1.clone()))
        .collect();
    let url_bytes = |event| event_url_length(&settings.target, event);
    TracedEvents {
        n_requests: IDENTIFY_REQUESTS + payload.n_requests(),
        longest_url: events.iter().map(url_bytes).max().unwrap_or_default(),
        max_url_bytes: settings.max_url_bytes,
        texts: events.iter().map(|event| event.as_str().to_owned()).collect(),
    }
}

/// The service, for `in_flight` concurrent requests that each wait at most `timeout` for their
/// response.
pub(super) fn service(
    settings: &ServiceSettings,
    timeout: Duration,
    in_flight: usize,
) -> Result<StreamService<HttpClient>, ClientError> {
    let client = HttpClient::new(&settings.target, timeout, in_flight)?;
    Ok(StreamService::new(settings.clone(), client))
}
