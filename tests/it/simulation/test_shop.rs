//! One seed: a shop's guests and orders, and runs of the program one after the other until everything is settled.
//!
//! The first runs may be disturbed in any way; then comes one in fine weather, and one more that has nothing to do.
//! What is done with an order by what the ledger says of it is said again here, since `pipeline::known` is private.

use std::{path::Path, sync::Arc, thread, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use orderferry::{
    dispatch::{self, DispatchEvent, DispatchSettings, LeftoverCart, Work},
    ledger::{CartId, Consent, Ledger, LedgerError, LedgerLocation, OpenCart, PriorState, SqliteLedger, prior_state},
    model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        outcome::{OrderResult, Outcome},
        planned::{
            ContentHash, DedupHash, EventJson, EventSequence, GuestParts, PlannedGuest, PlannedOrder, StreamPayload,
        },
        target::Target,
    },
    plan,
};
use tempfile::TempDir;
use tokio::{sync::watch, time::sleep};

use super::{
    adapters::{ModelJournal, ModelTransport},
    fault_model::FaultModel,
    history::{History, ItemNo, Occurrence, OrderNo, OrderStep, Run},
    rng::SimulationRng,
    world::{Disturbance, Simulation},
};

/// No run lasts longer unless it hangs.
const FOREVER: Duration = Duration::from_secs(400 * 24 * 3600);

/// What is told of an accepted order of which another sending is unknown.
pub(super) const MAYBE_SENT_TWICE: &str = "it may be there twice";

/// How a run is started.
struct RunStart {
    settings: DispatchSettings,
    resends: bool,
    limit: Option<usize>,
    shutdown_after: Option<Duration>,
    disturbance: Disturbance,
    /// Until the next one begins.
    pause: Duration,
}

struct TestShop {
    chance: SimulationRng,
    simulation: Arc<Simulation>,
    /// The orders of each guest.
    guests: Vec<Vec<OrderNo>>,
    /// Those of each order that is assembled from several events.
    steps_of: Vec<Option<Vec<OrderStep>>>,
    n_orders: usize,
    n_runs: u32,
    folder: TempDir,
    target: Target,
}

/// Everything that happens with a seed.
pub(super) fn history(seed: u64) -> History {
    let mut shop = TestShop::new(seed);
    let mut runs: Vec<_> = (0..shop.chance.between(0, 5)).map(|_| shop.disturbed_run()).collect();
    let resends = shop.chance.one_in(2);
    runs.push(shop.undisturbed_run(resends));
    runs.push(shop.undisturbed_run(resends));
    let guest_of =
        shop.guests.iter().enumerate().flat_map(|(guest, orders)| orders.iter().map(move |_| guest)).collect();
    let ledger = shop.open_ledger();
    let prior_states = (0..shop.n_orders).map(|order| prior_state_of(order, &ledger)).collect();
    let left_open = ledger.open_carts().unwrap().into_iter().map(|cart| cart.browser).collect();
    History {
        guest_of,
        steps_of: shop.steps_of,
        runs,
        filled: shop.simulation.filled(),
        leftover_carts: left_open,
        prior_states,
    }
}

/// How an order is sent. `one_in` says how many are assembled from several events.
fn random_steps(chance: &mut SimulationRng, one_in: u64) -> Option<Vec<OrderStep>> {
    if one_in == 0 || !chance.one_in(one_in) {
        return None;
    }
    let items: Vec<ItemNo> = (0..chance.count(1, 6)).collect();
    let n_confirmed_together = chance.count(1, 6);
    let adds = items.iter().copied().map(OrderStep::Add);
    let consumers = chance.one_in(3).then_some(OrderStep::Consumers);
    let confirms = items.chunks(n_confirmed_together).map(|items| OrderStep::Confirm(items.to_vec()));
    Some(adds.chain([OrderStep::Contacts]).chain(consumers).chain(confirms).chain([OrderStep::Checkout]).collect())
}

impl TestShop {
    fn new(seed: u64) -> Self {
        let mut chance = SimulationRng::stream(seed, &[0]);
        let mut n_orders = 0;
        let mut guests = Vec::new();
        for _ in 0..chance.between(1, 12) {
            let n_orders_of_guest = chance.count(1, 4);
            guests.push((n_orders..n_orders + n_orders_of_guest).collect());
            n_orders += n_orders_of_guest;
        }
        let one_in = chance.one_of(&[0, 1, 2, 2, 4]);
        let parts_of = (0..n_orders).map(|_| random_steps(&mut chance, one_in)).collect();
        let target = Target { base_url: "http://127.0.0.1".into(), client_key: "k".into() };
        let world = Arc::new(Simulation::new(seed));
        Self { chance, simulation: world, guests, steps_of: parts_of, n_orders, n_runs: 0, folder: folder(), target }
    }

    fn disturbed_run(&mut self) -> Run {
        let settings = self.random_settings();
        let chance = &mut self.chance;
        // A run has some 10 points for each order of a single event, and 4 for each part of another.
        let n_parts: usize = self.steps_of.iter().flatten().map(Vec::len).sum();
        let n_points = u64::try_from(self.n_orders * 10 + n_parts * 4).unwrap();
        let trouble = Disturbance {
            fault_model: FaultModel::random(chance, self.simulation.epoch()),
            crash_after: chance.one_in(2).then(|| chance.below(n_points)),
            writes_fail_after: chance.one_in(8).then(|| chance.below(n_points / 5)),
            failed_writes_persist: chance.one_in(2),
            reports_fail_after: chance.one_in(12).then(|| chance.below(n_points / 4)),
            max_disk_delay: chance.one_of(&[0, 1, 10, 10, 700]),
        };
        let start = RunStart {
            settings,
            resends: chance.one_in(2),
            limit: chance.one_in(4).then(|| chance.count(1, self.n_orders)),
            shutdown_after: chance.one_in(4).then(|| chance.millis(0, 20_000)),
            disturbance: trouble,
            pause: chance.millis(1000, 100_000),
        };
        self.run(start)
    }

    fn undisturbed_run(&mut self, resends: bool) -> Run {
        // Even at one request a second there is time for every order.
        let settings = DispatchSettings { session_timeout: Duration::from_secs(1200), ..self.random_settings() };
        let trouble = Disturbance {
            fault_model: FaultModel::none(),
            crash_after: None,
            writes_fail_after: None,
            failed_writes_persist: false,
            reports_fail_after: None,
            max_disk_delay: 10,
        };
        let pause = Duration::from_secs(1);
        self.run(RunStart { settings, resends, limit: None, shutdown_after: None, disturbance: trouble, pause })
    }

    fn random_settings(&mut self) -> DispatchSettings {
        let chance = &mut self.chance;
        DispatchSettings {
            rate: (!chance.one_in(4)).then(|| chance.small(1, 50)).and_then(std::num::NonZeroU32::new),
            in_flight: chance.count(1, 8),
            timeout: chance.millis(1000, 30_000),
            identity_pause: Duration::from_millis(chance.one_of(&[0, 100, 500, 3000])),
            tries: chance.small(1, 5),
            session_timeout: Duration::from_secs(chance.one_of(&[10, 60, 300, 1200])),
            retry_500: chance.one_in(3),
            down_after: chance.one_of(&[2, 3, 5, 8, u32::MAX]),
            give_up_after: Duration::from_secs(chance.between(30, 600)),
            first_backoff: Duration::from_millis(chance.one_of(&[0, 100, 500, 2000])),
        }
    }

    fn run(&mut self, start: RunStart) -> Run {
        let RunStart { settings, resends, limit, shutdown_after: asked_to_stop_after, disturbance: trouble, pause } =
            start;
        self.n_runs += 1;
        let ledger = self.open_ledger();
        let guests = self.planned(&ledger, resends);
        let to_send = guests.iter().flat_map(|guest| &guest.orders).map(order_no).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let world = Arc::clone(&self.simulation);
        let guests = plan::with_limit(guests.into_iter().map(split_guest), limit);
        let open = ledger.open_carts().unwrap().into_iter();
        let left =
            |open: OpenCart| LeftoverCart { cart: open.cart, browser: open.browser, clear_cart: open.clear_cart };
        let agenda = Work { leftover_carts: open.map(left).collect(), guests };
        let sending =
            send(&self.simulation, agenda, self.target.clone(), ledger, settings.clone(), asked_to_stop_after);
        runtime.block_on(async {
            world.begin(trouble);
            tokio::select! {
                biased;
                () = world.crash.notified() => {}
                () = sending => {}
                () = sleep(FOREVER) => panic!("the run hangs"),
            }
            world.end(pause);
        });
        // With it goes everything that was under way.
        drop(runtime);
        Run { settings, resends, limit, to_send, lines: self.simulation.settle_underway() }
    }

    fn open_ledger(&self) -> SqliteLedger {
        let ledger_place = LedgerLocation::at(self.folder.path().join("ledger.db"));
        let run = format!("run-{}", self.n_runs);
        let open = || SqliteLedger::open(&ledger_place, &self.target, &run, Consent::NotNeeded);
        // Programs that other tests start hold the lock of the run before for the moment until they have begun.
        let moments = (0..5000).map(|_| thread::sleep(Duration::from_millis(1)));
        let is_held = |opened: &Result<_, LedgerError>| matches!(opened, Err(LedgerError::Locked { .. }));
        let first = open();
        let opened =
            if is_held(&first) { moments.map(|()| open()).find(|opened| !is_held(opened)) } else { Some(first) };
        opened.expect("the run before is over").unwrap()
    }

    /// What is to be sent, and what is settled without.
    fn planned(&self, ledger: &SqliteLedger, resends: bool) -> Vec<PlannedGuest> {
        let planned = self.guests.iter().enumerate().map(|(guest, orders)| {
            let identity = EventJson(format!("\",\"type\":\"IDENTITY\",\"guest\":{guest}}}"));
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

/// In memory where that is possible, so that a sync costs nothing.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// A guest as a plan of many orders gives it.
fn split_guest(mut guest: PlannedGuest) -> GuestParts<String> {
    let (identity, mut orders) = (guest.identity.clone(), std::mem::take(&mut guest.orders));
    let others = orders.split_off(orders.len().min(2));
    guest.orders = orders;
    let part = move |order| Ok(PlannedGuest { identity: identity.clone(), orders: vec![order], results: Vec::new() });
    GuestParts::new(Ok(guest), others.into_iter().map(part))
}

async fn send(
    world: &Arc<Simulation>,
    agenda: Work<CartId, impl Iterator<Item = GuestParts<String>> + Send + 'static>,
    target: Target,
    ledger: SqliteLedger,
    settings: DispatchSettings,
    asked_to_stop_after: Option<Duration>,
) {
    let journal = ModelJournal { simulation: Arc::clone(world), ledger: ledger.into() };
    let wire = ModelTransport { simulation: Arc::clone(world), timeout: settings.timeout };
    let (ask, asked) = watch::channel(None);
    tokio::spawn(request_shutdown(Arc::clone(world), asked_to_stop_after, ask));
    let ended = dispatch::run(agenda, target, settings, journal, wire, asked, |event| on_event(world, event)).await;
    world.record(Occurrence::Ended(ended));
}

async fn request_shutdown(world: Arc<Simulation>, after: Option<Duration>, ask: watch::Sender<Option<String>>) {
    if let Some(after) = after {
        sleep(after).await;
        world.record(Occurrence::ShutdownRequested);
        ask.send_replace(Some("interrupted".to_owned()));
    }
    // Nobody else asks.
    std::future::pending::<()>().await;
}

fn on_event(world: &Simulation, event: DispatchEvent) -> Result<(), String> {
    if !world.can_report() {
        world.record(Occurrence::ReportFailed);
        return Err("the results cannot be written".to_owned());
    }
    world.record(match event {
        DispatchEvent::RequestStarted { kind, .. } => Occurrence::RequestReported(kind),
        DispatchEvent::Settled(record, settled) => {
            Occurrence::OrderReported(usize::try_from(record.id.0).unwrap(), settled)
        }
        DispatchEvent::Warning(words) => Occurrence::Warned(words),
        DispatchEvent::Idle => return Ok(()),
    });
    Ok(())
}

/// Does with an order what `pipeline` does by what is known of it.
fn add(guest: &mut PlannedGuest, order: PlannedOrder, prior_state: PriorState, resends: bool) {
    let unsent = |outcome| OrderResult::without_request(outcome, None);
    match prior_state {
        PriorState::None => guest.orders.push(order),
        PriorState::Unknown if resends => guest.orders.push(PlannedOrder { is_uncertain: true, ..order }),
        PriorState::Unknown => guest.results.push((order.record, unsent(Outcome::Unknown))),
        PriorState::Accepted => guest.results.push((order.record, unsent(Outcome::AlreadySent))),
        PriorState::AcceptedMaybeTwice => {
            let reason = Some(MAYBE_SENT_TWICE.to_owned());
            guest.results.push((order.record, OrderResult::without_request(Outcome::AlreadySent, reason)));
        }
        other => panic!("nobody touches the orders of this shop or its ledger: {other:?}"),
    }
}

fn prior_state_of(order: OrderNo, ledger: &SqliteLedger) -> PriorState {
    prior_state(&ledger.history(&reference(order)).unwrap(), ordered_at(order), content(order))
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

/// The order that a reference names.
pub(super) fn order_of_reference(reference: &str) -> OrderNo {
    reference.strip_prefix("A-").unwrap().parse().unwrap()
}

fn events_of(order: OrderNo, parts: Option<&[OrderStep]>) -> StreamPayload {
    let event = |kind: &str, more: &str| EventJson(format!("\",\"type\":\"{kind}\",\"order\":{order}{more}}}"));
    let Some(parts) = parts else { return StreamPayload::Single(event("ORDER_CHECKOUT", "")) };
    let of_adds = |part: &OrderStep| match part {
        OrderStep::Add(item) => Some(event("ADD", &format!(",\"item\":{item}"))),
        _ => None,
    };
    let of_confirms = |part: &OrderStep| match part {
        OrderStep::Confirm(items) => Some(event("CONFIRM", &format!(",\"items\":{items:?}"))),
        _ => None,
    };
    StreamPayload::Multi(Box::new(EventSequence {
        adds: parts.iter().filter_map(of_adds).collect(),
        contacts: event("ADD_CONTACTS", ""),
        consumers: parts.contains(&OrderStep::Consumers).then(|| event("ADD_CONSUMERS", "")),
        confirms: parts.iter().filter_map(of_confirms).collect(),
        checkout: event("CHECKOUT", ""),
        clear_cart: event("CLEAR_CART", ""),
    }))
}

fn order_of(order: OrderNo, parts: Option<&[OrderStep]>) -> PlannedOrder {
    let record = OrderRecord {
        id: OrderId(u64::try_from(order).unwrap()),
        reference: reference(order),
        ordered_at: Some(ordered_at(order)),
        source: Position { file: FileId(0), line: 1, column: None },
        money: None,
        item_count: 1,
        rows: Vec::new(),
        problems: Vec::new().into(),
    };
    PlannedOrder {
        record,
        ordered_at: ordered_at(order),
        content: content(order),
        status: "PURCHASED".to_owned(),
        dedup_hash: DedupHash(content(order).0),
        events: events_of(order, parts),
        is_uncertain: false,
        held_result: None,
    }
}
