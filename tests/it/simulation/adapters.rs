//! The two hands of a run: its wire, which leads to the model tenant, and its journal, which is the real ledger.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use orderferry::{
    dispatch::{AttemptOutcome, Heard, Journal, Wire},
    ledger::{Attempt, AttemptState, Cart, Intent, Ledger, OrderKey, SqliteLedger, Write},
    model::planned::{EventText, PlannedOrder},
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

/// A connection that takes longer does not come, as in `HttpWire`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Says what `HttpWire` would say.
pub(super) struct ModelTransport {
    pub(super) simulation: Arc<Simulation>,
    pub(super) timeout: Duration,
}

impl Wire for ModelTransport {
    async fn send(&self, url: String) -> Heard {
        self.simulation.crash_point().await;
        let (request, fate) = self.simulation.start(tenant::parse_operation(&url), self.timeout);
        let response = if fate.fault == FaultKind::NotSent {
            sleep(fate.outbound.min(self.timeout).min(CONNECT_TIMEOUT)).await;
            Heard::NotSent("no connection".to_owned())
        } else {
            self.exchange(&request, fate).await
        };
        self.simulation.crash_point().await;
        self.simulation.record(Occurrence::Responded(request, response.clone()));
        response
    }
}

impl ModelTransport {
    /// The request goes its way even where nobody waits for the answer any more.
    async fn exchange(&self, request: &Request, fate: Transit) -> Heard {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(deliver(Arc::clone(&self.simulation), request.clone(), fate, answer));
        let response = async {
            let response = answered.await.unwrap();
            sleep(fate.inbound).await;
            response
        };
        timeout(self.timeout, response).await.unwrap_or_else(|_| Heard::NoAnswer("timed out".to_owned()))
    }
}

async fn deliver(world: Arc<Simulation>, request: Request, fate: Transit, answer: oneshot::Sender<Heard>) {
    sleep(fate.outbound).await;
    world.crash_point().await;
    let response = world.arrive(&request, fate);
    world.crash_point().await;
    // Whoever asked may have given up.
    drop(answer.send(response));
}

/// The ledger on a disk that takes its time and may fail.
pub(super) struct ModelJournal {
    pub(super) simulation: Arc<Simulation>,
    pub(super) ledger: Mutex<SqliteLedger>,
}

impl Journal for ModelJournal {
    type Attempt = (Attempt, OrderNo);
    type Cart = Cart;

    async fn intend(&self, order: &PlannedOrder) -> Result<Self::Attempt, String> {
        let no = usize::try_from(order.record.id.0).unwrap();
        let reference = order.record.reference.clone();
        let key = OrderKey { reference, ordered_at: order.ordered_at, content: order.content };
        let (status, likeness) = (order.status.clone(), Some(order.likeness));
        let intent = Intent { order: key, status, money: None, n_items: 1, likeness };
        Ok((Attempt(self.write(Write::Intend(intent), Occurrence::Intended(no)).await?), no))
    }

    async fn settle(&self, (attempt, no): Self::Attempt, outcome: AttemptOutcome) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        self.write(Write::Settle(attempt, state), Occurrence::Recorded(no, outcome)).await.map(drop)
    }

    async fn open_cart(&self, reference: &str, browser: &str, clear_cart: &EventText) -> Result<Cart, String> {
        let what = Occurrence::CartOpened(test_shop::order_of_reference(reference), browser.to_owned());
        let (reference, browser, clear_cart) = (reference.to_owned(), browser.to_owned(), clear_cart.clone());
        self.write(Write::OpenCart { reference, browser, clear_cart }, what).await.map(Cart)
    }

    async fn close_cart(&self, cart: Cart) -> Result<(), String> {
        self.write(Write::CloseCart(cart), Occurrence::CartClosed(cart.0)).await.map(drop)
    }
}

impl ModelJournal {
    async fn write(&self, write: Write, what: Occurrence) -> Result<i64, String> {
        self.wait_for_disk().await;
        let disk = self.simulation.disk();
        let number = (disk != DiskBehaviour::Fails).then(|| self.commit(write, what));
        self.wait_for_disk().await;
        if let (DiskBehaviour::Writes, Some(number)) = (disk, number) {
            return Ok(number);
        }
        self.simulation.record(Occurrence::WriteFailed);
        Err("the disk is full".to_owned())
    }

    fn commit(&self, write: Write, what: Occurrence) -> i64 {
        let numbers = self.ledger.lock().unwrap().write(&[write]).unwrap();
        self.simulation.record(what);
        numbers[0]
    }

    /// Half a write; a crash may come at its end.
    async fn wait_for_disk(&self) {
        let time = self.simulation.disk_delay();
        if !time.is_zero() {
            sleep(time).await;
        }
        self.simulation.crash_point().await;
    }
}
