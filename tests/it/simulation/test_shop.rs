//! Simulated shop of one seed: guests, orders, and consecutive runs of the program until every
//! order is settled.
//!
//! The first runs have random faults; then follow one run without faults and one with nothing to
//! send.

// The disposition of an order by its state in the ledger is repeated here: that of `pipeline` is
// private.

use std::{path::Path, sync::Arc, thread, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use orderferry::{
    dispatch::{self, DispatchEvent, DispatchSettings, LeftoverCart, Work},
    ledger::{self, CartId, Consent, Ledger, LedgerError, OpenCart, PriorState},
    model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        outcome::{OrderResult, Outcome},
        planned::{
            ContentHash, DedupHash, EncodedOrder, GuestParts, Payload, PlannedGuest, PlannedOrder,
        },
        request::RequestKind,
        route::{ConfirmMode, Mode, Route},
        target::Target,
    },
    plan,
    stream::{StreamPayload, StreamService, StreamSettings, payload::OrderEvent},
};
use tempfile::TempDir;
use tokio::{sync::watch, time::sleep};

use super::{
    adapters::{ModelJournal, ModelTransport},
    fault_model::FaultModel,
    history::{History, ItemNo, Occurrence, OrderNo, OrderStep, Run, RunSettings},
    rng::SimulationRng,
    world::{Disturbance, Simulation},
};

/// A run that lasts longer hangs.
const FOREVER: Duration = Duration::from_secs(400 * 24 * 3600);

/// The reason of an accepted order with another attempt whose outcome is unknown.
pub(super) const MAYBE_SENT_TWICE: &str = "it may be there twice";

/// The settings and faults of a run.
struct RunStart {
    settings: RunSettings,
    resends: bool,
    limit: Option<usize>,
    shutdown_after: Option<Duration>,
    disturbance: Disturbance,
    /// Time until the next run starts.
    pause: Duration,
}

struct TestShop {
    rng: SimulationRng,
    simulation: Arc<Simulation>,
    /// The orders of each guest.
    guests: Vec<Vec<OrderNo>>,
    /// The events of each order that is assembled from several.
    steps_of: Vec<Option<Vec<OrderStep>>>,
    n_orders: usize,
    n_runs: u32,
    folder: TempDir,
    target: Target,
}

/// The complete history of a seed.
pub(super) fn history(seed: u64) -> History {
    let mut shop = TestShop::new(seed);
    let mut runs: Vec<_> = (0..shop.rng.between(0, 5)).map(|_| shop.disturbed_run()).collect();
    let resends = shop.rng.one_in(2);
    runs.push(shop.undisturbed_run(resends));
    runs.push(shop.undisturbed_run(resends));
    let guest_of = shop
        .guests
        .iter()
        .enumerate()
        .flat_map(|(guest, orders)| orders.iter().map(move |_| guest))
        .collect();
    let ledger = shop.open_ledger();
    let prior_states = (0..shop.n_orders).map(|order| prior_state_of(order, &*ledger)).collect();
    let leftover_carts =
        ledger.open_carts().unwrap().into_iter().map(|cart| cart.session).collect();
    History {
        guest_of,
        steps_of: shop.steps_of,
        runs,
        filled: shop.simulation.filled(),
        leftover_carts,
        prior_states,
    }
}

/// The events of an order; one order in `one_in` is assembled from several, none if it is 0.
fn random_steps(rng: &mut SimulationRng, one_in: u64) -> Option<Vec<OrderStep>> {
    if one_in == 0 || !rng.one_in(one_in) {
        return None;
    }
    let items: Vec<ItemNo> = (0..rng.count(1, 6)).collect();
    let n_confirmed_together = rng.count(1, 6);
    let adds = items.iter().copied().map(OrderStep::Add);
    let consumers = rng.one_in(3).then_some(OrderStep::Consumers);
    let confirms =
        items.chunks(n_confirmed_together).map(|items| OrderStep::Confirm(items.to_vec()));
    Some(
        adds.chain([OrderStep::Contacts])
            .chain(consumers)
            .chain(confirms)
            .chain([OrderStep::Checkout])
            .collect(),
    )
}

impl TestShop {
    fn new(seed: u64) -> Self {
        let mut rng = SimulationRng::stream(seed, &[0]);
        let mut n_orders = 0;
        let mut guests = Vec::new();
        for _ in 0..rng.between(1, 12) {
            let n_orders_of_guest = rng.count(1, 4);
            guests.push((n_orders..n_orders + n_orders_of_guest).collect());
            n_orders += n_orders_of_guest;
        }
        let one_in = rng.one_of(&[0, 1, 2, 2, 4]);
        let steps_of = (0..n_orders).map(|_| random_steps(&mut rng, one_in)).collect();
        let target = Target { base_url: "http://127.0.0.1".into(), client_key: "k".into() };
        let simulation = Arc::new(Simulation::new(seed));
        Self { rng, simulation, guests, steps_of, n_orders, n_runs: 0, folder: folder(), target }
    }

    fn disturbed_run(&mut self) -> Run {
        let settings = self.random_settings();
        let rng = &mut self.rng;
        // A run has about 10 crash points for each single-event order, and 4 for each event of
        // another.
        let n_events: usize = self.steps_of.iter().flatten().map(Vec::len).sum();
        let n_points = u64::try_from(self.n_orders * 10 + n_events * 4).unwrap();
        let disturbance = Disturbance {
            fault_model: FaultModel::random(rng, self.simulation.epoch()),
            crash_after: rng.one_in(2).then(|| rng.below(n_points)),
            writes_fail_after: rng.one_in(8).then(|| rng.below(n_points / 5)),
            failed_writes_persist: rng.one_in(2),
            reports_fail_after: rng.one_in(12).then(|| rng.below(n_points / 4)),
            max_disk_delay: rng.one_of(&[0, 1, 10, 10, 700]),
        };
        let start = RunStart {
            settings,
            resends: rng.one_in(2),
            limit: rng.one_in(4).then(|| rng.count(1, self.n_orders)),
            shutdown_after: rng.one_in(4).then(|| rng.millis(0, 20_000)),
            disturbance,
            pause: rng.millis(1000, 100_000),
        };
        self.run(start)
    }

    fn undisturbed_run(&mut self, resends: bool) -> Run {
        // Long enough for every order even at one request per second.
        let mut settings = self.random_settings();
        settings.stream.session_timeout = Duration::from_secs(1200);
        let disturbance = Disturbance {
            fault_model: FaultModel::none(),
            crash_after: None,
            writes_fail_after: None,
            failed_writes_persist: false,
            reports_fail_after: None,
            max_disk_delay: 10,
        };
        let pause = Duration::from_secs(1);
        self.run(RunStart {
            settings,
            resends,
            limit: None,
            shutdown_after: None,
            disturbance,
            pause,
        })
    }

    fn random_settings(&mut self) -> RunSettings {
        let target = self.target.clone();
        let rng = &mut self.rng;
        RunSettings {
            timeout: rng.millis(1000, 30_000),
            dispatch: DispatchSettings {
                in_flight: rng.count(1, 8),
                down_after: rng.one_of(&[2, 3, 5, 8, u32::MAX]),
                give_up_after: Duration::from_secs(rng.between(30, 600)),
                gauge: Arc::default(),
            },
            stream: StreamSettings {
                target,
                mode: Mode::Auto,
                max_url_bytes: 8192,
                confirm: ConfirmMode::Whole,
                rate: (!rng.one_in(4))
                    .then(|| rng.small(1, 50))
                    .and_then(std::num::NonZeroU32::new),
                identity_pause: Duration::from_millis(rng.one_of(&[0, 100, 500, 3000])),
                tries: rng.small(1, 5),
                session_timeout: Duration::from_secs(rng.one_of(&[10, 60, 300, 1200])),
                retry_500: rng.one_in(3),
                first_backoff: Duration::from_millis(rng.one_of(&[0, 100, 500, 2000])),
            },
        }
    }

    fn run(&mut self, start: RunStart) -> Run {
        let RunStart { settings, resends, limit, shutdown_after, disturbance, pause } = start;
        self.n_runs += 1;
        let ledger = self.open_ledger();
        let guests = self.planned(&*ledger, resends);
        let to_send = guests.iter().flat_map(|guest| &guest.orders).map(order_no).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let simulation = Arc::clone(&self.simulation);
        let guests = plan::with_limit(guests.into_iter().map(split_guest), limit);
        let open = ledger.open_carts().unwrap().into_iter();
        let leftover = |open: OpenCart| LeftoverCart {
            cart: open.cart,
            session: open.session,
            clear_cart: open.clear_cart,
        };
        let work = Work { leftover_carts: open.map(leftover).collect(), guests };
        let run_future = send(&self.simulation, work, ledger, settings.clone(), shutdown_after);
        runtime.block_on(async {
            simulation.begin(disturbance);
            tokio::select! {
                biased;
                () = simulation.crash.notified() => {}
                () = run_future => {}
                () = sleep(FOREVER) => panic!("the run hangs"),
            }
            simulation.end(pause);
        });
        // Dropping the runtime drops all tasks in flight.
        drop(runtime);
        Run { settings, resends, limit, to_send, lines: self.simulation.settle_underway() }
    }

    fn open_ledger(&self) -> Box<dyn Ledger> {
        let location = ledger::at_path(self.folder.path().join("ledger.db"));
        let run = format!("run-{}", self.n_runs);
        let open = || location.open_to_write(&self.target, &run, Consent::NotNeeded);
        // Processes started by other tests inherit the lock of the previous run until they call
        // exec.
        let retries = (0..5000).map(|_| thread::sleep(Duration::from_millis(1)));
        let is_locked =
            |opened: &Result<_, LedgerError>| matches!(opened, Err(LedgerError::Locked { .. }));
        let first = open();
        let opened = if is_locked(&first) {
            retries.map(|()| open()).find(|opened| !is_locked(opened))
        } else {
            Some(first)
        };
        opened.expect("the previous run has released the lock").unwrap()
    }

    /// The orders to send, and the results of the orders that need no request.
    fn planned(&self, ledger: &dyn Ledger, resends: bool) -> Vec<PlannedGuest> {
        let planned = self.guests.iter().enumerate().map(|(guest, orders)| {
            let identity = Payload::new(&serde_json::json!({ "type": "IDENTITY", "guest": guest }));
            let mut planned = PlannedGuest { identity, orders: Vec::new(), results: Vec::new() };
            for order in orders {
                add(
                    &mut planned,
                    order_of(*order, self.steps_of[*order].as_deref()),
                    prior_state_of(*order, ledger),
                    resends,
                );
            }
            planned
        });
        planned.collect()
    }
}

/// A folder in memory if possible, where a sync is free.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A guest as read from a plan: orders after the second one follow as separate parts.
fn split_guest(mut guest: PlannedGuest) -> GuestParts<String> {
    let (identity, mut orders) = (guest.identity.clone(), std::mem::take(&mut guest.orders));
    let others = orders.split_off(orders.len().min(2));
    guest.orders = orders;
    let part = move |order| {
        Ok(PlannedGuest { identity: identity.clone(), orders: vec![order], results: Vec::new() })
    };
    GuestParts::new(Ok(guest), others.into_iter().map(part))
}

async fn send(
    simulation: &Arc<Simulation>,
    work: Work<CartId, impl Iterator<Item = GuestParts<String>> + Send + 'static>,
    ledger: Box<dyn Ledger>,
    settings: RunSettings,
    shutdown_after: Option<Duration>,
) {
    let journal = ModelJournal { simulation: Arc::clone(simulation), ledger: ledger.into() };
    let transport =
        ModelTransport { simulation: Arc::clone(simulation), timeout: settings.timeout };
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(request_shutdown(Arc::clone(simulation), shutdown_after, sender));
    let service = StreamService::new(settings.stream, transport);
    let ended = dispatch::run(work, service, settings.dispatch, journal, receiver, |event| {
        on_event(simulation, event)
    })
    .await;
    simulation.record(Occurrence::Ended(ended));
}

async fn request_shutdown(
    simulation: Arc<Simulation>,
    after: Option<Duration>,
    sender: watch::Sender<Option<String>>,
) {
    if let Some(after) = after {
        sleep(after).await;
        simulation.record(Occurrence::ShutdownRequested);
        sender.send_replace(Some("interrupted".to_owned()));
    }
    // Keeps `sender` alive without another request.
    std::future::pending::<()>().await;
}

fn on_event(simulation: &Simulation, event: DispatchEvent) -> Result<(), String> {
    if !simulation.can_report() {
        simulation.record(Occurrence::ReportFailed);
        return Err("the results cannot be written".to_owned());
    }
    simulation.record(match event {
        DispatchEvent::RequestStarted { kind, .. } => Occurrence::RequestReported(kind),
        DispatchEvent::Settled(record, result) => {
            Occurrence::OrderReported(usize::try_from(record.id.0).unwrap(), result)
        }
        DispatchEvent::Warning(message) => Occurrence::Warned(message),
        DispatchEvent::Idle => return Ok(()),
    });
    Ok(())
}

/// The disposition of an order by its prior state, as in `pipeline`.
fn add(guest: &mut PlannedGuest, order: PlannedOrder, prior_state: PriorState, resends: bool) {
    let without_request = |outcome| OrderResult::without_request(outcome, None);
    match prior_state {
        PriorState::None => guest.orders.push(order),
        PriorState::Unknown if resends => {
            guest.orders.push(PlannedOrder { is_uncertain: true, ..order });
        }
        PriorState::Unknown => {
            guest.results.push((order.record, without_request(Outcome::Unknown)));
        }
        PriorState::Accepted => {
            guest.results.push((order.record, without_request(Outcome::AlreadySent)));
        }
        PriorState::AcceptedMaybeTwice => {
            let reason = Some(MAYBE_SENT_TWICE.to_owned());
            guest
                .results
                .push((order.record, OrderResult::without_request(Outcome::AlreadySent, reason)));
        }
        other => panic!("unexpected state of an order in the ledger: {other:?}"),
    }
}

fn prior_state_of(order: OrderNo, ledger: &dyn Ledger) -> PriorState {
    let history = ledger.reader().unwrap().history(&[&reference(order)]).unwrap().remove(0);
    history.prior_state(ordered_at(order), content(order))
}

fn reference(order: OrderNo) -> String {
    format!("A-{order}")
}

fn ordered_at(order: OrderNo) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(i64::try_from(order).unwrap())
}

fn content(order: OrderNo) -> ContentHash {
    ContentHash([u8::try_from(order).unwrap(); 16])
}

fn order_no(order: &PlannedOrder) -> OrderNo {
    usize::try_from(order.record.id.0).unwrap()
}

/// The order with this reference.
pub(super) fn order_of_reference(reference: &str) -> OrderNo {
    reference.strip_prefix("A-").unwrap().parse().unwrap()
}

fn payload_of(order: OrderNo, steps: Option<&[OrderStep]>) -> StreamPayload {
    let event = |kind: RequestKind, more: &str| {
        let json = format!("{{\"type\":\"{}\",\"order\":{order}{more}}}", kind.name());
        OrderEvent(kind, serde_json::from_str(&json).unwrap())
    };
    let Some(steps) = steps else {
        return StreamPayload {
            events: vec![event(RequestKind::OrderCheckout, "")],
            clear_cart: None,
        };
    };
    let event_of = |step: &OrderStep| match step {
        OrderStep::Add(item) => Some(event(RequestKind::Add, &format!(",\"item\":{item}"))),
        OrderStep::Contacts => Some(event(RequestKind::AddContacts, "")),
        OrderStep::Consumers => Some(event(RequestKind::AddConsumers, "")),
        OrderStep::Confirm(items) => {
            Some(event(RequestKind::Confirm, &format!(",\"items\":{items:?}")))
        }
        OrderStep::Checkout => Some(event(RequestKind::Checkout, "")),
        OrderStep::ClearCart => None,
    };
    let OrderEvent(_, clear_cart) = event(RequestKind::ClearCart, "");
    StreamPayload {
        events: steps.iter().filter_map(event_of).collect(),
        clear_cart: Some(clear_cart),
    }
}

fn order_of(order: OrderNo, steps: Option<&[OrderStep]>) -> PlannedOrder {
    let record = OrderRecord {
        id: OrderId(u64::try_from(order).unwrap()),
        reference: reference(order),
        ordered_at: Some(ordered_at(order)),
        source: Position { file: FileId(0), line: 1, column: None },
        money: None,
        item_count: 1,
        side_rows: Vec::new(),
        rows: Vec::new(),
        problems: Vec::new().into(),
    };
    let payload = payload_of(order, steps);
    PlannedOrder {
        record,
        encoded: EncodedOrder {
            ordered_at: ordered_at(order),
            content: content(order),
            status: "PURCHASED".to_owned(),
            dedup_hash: DedupHash(content(order).0),
            route: if steps.is_some() { Route::Multi } else { Route::Single },
            n_requests: payload.n_requests(),
            payload: Payload::from(&payload),
        },
        is_uncertain: false,
        held_result: None,
    }
}
