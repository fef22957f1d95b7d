//! Adapters of a simulated run: a transport to the model tenant, and a journal over the real
//! ledger.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orderferry::{
    dispatch::{AttemptOutcome, Journal},
    ledger::{AttemptId, AttemptState, CartId, Intent, Ledger, LedgerWrite, OrderKey},
    model::planned::{EncodedOrder, PlannedOrder},
    stream::{ServiceResponse, Transport},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{
    fault_model::{FaultKind, Transit},
    history::{Occurrence, OrderNo, Request},
    tenant, test_shop,
    world::{DiskBehaviour, Simulation},
};

/// Timeout of a connection, as in `HttpClient`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A transport with the behaviour of `HttpClient`.
pub(super) struct ModelTransport {
    pub(super) simulation: Arc<Simulation>,
    pub(super) timeout: Duration,
}

impl Transport for ModelTransport {
    async fn send(&self, url: String) -> ServiceResponse {
        self.simulation.crash_point().await;
        let (request, transit) = self.simulation.start(tenant::parse_operation(&url), self.timeout);
        let response = if transit.fault == FaultKind::NotSent {
            sleep(transit.outbound.min(self.timeout).min(CONNECT_TIMEOUT)).await;
            ServiceResponse::NotSent("no connection".to_owned())
        } else {
            self.exchange(&request, transit).await
        };
        self.simulation.crash_point().await;
        self.simulation.record(Occurrence::Responded(request, response.clone()));
        response
    }
}

impl ModelTransport {
    /// Sends a request. It is delivered even if the client no longer waits for the response.
    async fn exchange(&self, request: &Request, transit: Transit) -> ServiceResponse {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(deliver(Arc::clone(&self.simulation), request.clone(), transit, sender));
        let response = async {
            let response = receiver.await.unwrap();
            sleep(transit.inbound).await;
            response
        };
        timeout(self.timeout, response)
            .await
            .unwrap_or_else(|_| ServiceResponse::TimedOut("timed out".to_owned()))
    }
}

async fn deliver(
    simulation: Arc<Simulation>,
    request: Request,
    transit: Transit,
    sender: oneshot::Sender<ServiceResponse>,
) {
    sleep(transit.outbound).await;
    simulation.crash_point().await;
    let response = simulation.arrive(&request, transit);
    simulation.crash_point().await;
    // The client may have timed out.
    drop(sender.send(response));
}

/// The ledger on a simulated disk with delays and failures.
pub(super) struct ModelJournal {
    pub(super) simulation: Arc<Simulation>,
    pub(super) ledger: Mutex<Box<dyn Ledger>>,
}

impl Journal for ModelJournal {
    type Attempt = (AttemptId, OrderNo);
    type Cart = CartId;

    async fn record_intent(&self, order: &PlannedOrder) -> Result<Self::Attempt, String> {
        let no = usize::try_from(order.record.id.0).unwrap();
        let reference = order.record.reference.clone();
        let EncodedOrder { ordered_at, content, ref status, dedup_hash, .. } = order.encoded;
        let key = OrderKey { reference, ordered_at, content };
        let (status, dedup_hash) = (status.clone(), Some(dedup_hash));
        let intent = Intent { order: key, status, money: None, item_count: 1, dedup_hash };
        Ok((
            AttemptId(self.write(LedgerWrite::Intent(intent), Occurrence::Intended(no)).await?),
            no,
        ))
    }

    async fn record_outcome(
        &self,
        (attempt, no): Self::Attempt,
        outcome: AttemptOutcome,
    ) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        let write = LedgerWrite::Outcome { attempt, state, types: Vec::new() };
        self.write(write, Occurrence::Recorded(no, outcome)).await.map(drop)
    }

    async fn withdraw_intent(&self, (attempt, no): Self::Attempt) -> Result<(), String> {
        self.write(LedgerWrite::Withdraw(attempt), Occurrence::Withdrawn(no)).await.map(drop)
    }

    async fn open_cart(
        &self,
        reference: &str,
        session: &str,
        clear_cart: &str,
    ) -> Result<CartId, String> {
        let occurrence =
            Occurrence::CartOpened(test_shop::order_of_reference(reference), session.to_owned());
        let (reference, session, clear_cart) =
            (reference.to_owned(), session.to_owned(), clear_cart.to_owned());
        self.write(LedgerWrite::OpenCart { reference, session, clear_cart }, occurrence)
            .await
            .map(CartId)
    }

    async fn close_cart(&self, cart: CartId) -> Result<(), String> {
        self.write(LedgerWrite::CloseCart(cart), Occurrence::CartClosed(cart.0)).await.map(drop)
    }
}

impl ModelJournal {
    async fn write(&self, write: LedgerWrite, occurrence: Occurrence) -> Result<i64, String> {
        self.wait_for_disk().await;
        let disk = self.simulation.disk();
        let number = (disk != DiskBehaviour::Fails).then(|| self.commit(write, occurrence));
        self.wait_for_disk().await;
        if let (DiskBehaviour::Writes, Some(number)) = (disk, number) {
            return Ok(number);
        }
        self.simulation.record(Occurrence::WriteFailed);
        Err("the disk is full".to_owned())
    }

    fn commit(&self, write: LedgerWrite, occurrence: Occurrence) -> i64 {
        let numbers = self.ledger.lock().unwrap().write(&[write]).unwrap();
        self.simulation.record(occurrence);
        numbers[0]
    }

    /// Waits for half a write; the crash may happen at its end.
    async fn wait_for_disk(&self) {
        let time = self.simulation.disk_delay();
        if !time.is_zero() {
            sleep(time).await;
        }
        self.simulation.crash_point().await;
    }
}
