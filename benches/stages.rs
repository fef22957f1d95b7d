//! How fast each stage is, alone: one criterion group for each, in the order of the data's way, fed with what the stage
//! before it makes of one invented export.
//!
//! `cargo bench -- --quick` measures all, `cargo bench -- ledger` one of them. The ledger's figures are those of the
//! disk under `target/`.

mod support;

use std::{hint::black_box, io, sync::Arc};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use orderferry::{
    dispatch::{
        Heard, HttpWire, Wire,
        delivery::{Delivery, Move, SINGLE},
        pacer::Pacer,
    },
    event::{json, url},
    ledger::{self, Ledger, OrderKey, SqliteLedger},
    model::{
        order::OrderRecord,
        outcome::{Outcome, Settled},
        planned::PlannedGuest,
    },
    plan::{self, PlannedGuests},
    report::{results::ResultsWriter, tally::Tally},
    sandbox::{self, Sandbox},
    validate,
};
use tokio::{runtime::Runtime, task::JoinSet};

use support::Stations;

/// Writes that share one sync, as many as deliveries happen to wait: none beside it, a usual night, a fast one.
const GROUPS_OF_INTENTS: [usize; 3] = [1, 16, 64];

/// Permits in one round, so that entering the runtime does not count.
const N_PERMITS: u64 = 1000;

/// Requests of one round to the sandbox, and how many of them wait for an answer at once.
const N_REQUESTS: usize = 640;
const N_IN_FLIGHT: usize = 64;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let stations = Stations::reached();
    read(&mut criterion, &stations);
    map(&mut criterion, &stations);
    group(&mut criterion, &stations);
    validate(&mut criterion, &stations);
    event(&mut criterion, &stations);
    plan(&mut criterion, &stations);
    ledger(&mut criterion, &stations);
    dispatch(&mut criterion, &stations);
    report(&mut criterion, &stations);
    sandbox(&mut criterion, &stations);
    criterion.final_summary();
}

fn read(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("read");
    for (name, input) in [("csv", &stations.csv), ("ndjson", &stations.ndjson)] {
        group.throughput(Throughput::Bytes(input.bytes));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for row in support::open(input) {
                    black_box(row.expect("the file lasts as long as its folder"));
                }
            });
        });
    }
    group.finish();
}

fn map(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("map");
    for (name, file) in [("csv", &stations.csv_rows), ("ndjson", &stations.ndjson_rows)] {
        group.throughput(elements(file.rows.len()));
        group.bench_function(name, |bencher| {
            let map = |rows| support::map(&stations.profile, file, rows);
            bencher.iter_batched(|| file.rows.clone(), map, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn group(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("group");
    group.throughput(elements(stations.mapped.len()));
    group.bench_function("rows", |bencher| {
        bencher.iter_batched(|| stations.mapped.clone(), support::group, BatchSize::LargeInput);
    });
    group.finish();
}

fn validate(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("validate");
    group.throughput(elements(stations.drafts.len()));
    group.bench_function("check_all", |bencher| {
        let check = |drafts| validate::check_all(drafts, &stations.rules, || {});
        bencher.iter_batched(|| stations.drafts.clone(), check, BatchSize::LargeInput);
    });
    group.finish();
}

fn event(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("event");
    group.throughput(elements(stations.orders.len()));
    group.bench_function("order_checkout", |bencher| {
        let length = |order| url::event_url_length(&stations.rules.target, &json::order_checkout(order));
        bencher.iter(|| stations.orders.iter().map(|order| length(&order.order)).sum::<usize>());
    });
    group.finish();
}

fn plan(criterion: &mut Criterion, stations: &Stations) {
    let mut group = criterion.benchmark_group("plan");
    group.throughput(elements(stations.orders.len()));
    group.bench_function("planned", |bencher| {
        bencher.iter_batched(|| stations.orders.clone(), support::planned, BatchSize::LargeInput);
    });
    group.bench_function("write", |bencher| bencher.iter(|| written(&stations.guests)));
    let file = written(&stations.guests);
    group.bench_function("read_back", |bencher| {
        bencher.iter(|| {
            let (_, guests) = PlannedGuests::open::<String>(&file[..]).expect("it was just written");
            for guest in guests {
                black_box(guest.expect("it was just written"));
            }
        });
    });
    group.finish();
}

fn written(guests: &[PlannedGuest]) -> Vec<u8> {
    let mut file = Vec::new();
    plan::write(&"bench", guests.iter().cloned(), &mut file).expect("a Vec takes all bytes");
    file
}

fn ledger(criterion: &mut Criterion, stations: &Stations) {
    let intents = intents(&stations.guests);
    let mut group = criterion.benchmark_group("ledger");
    for size in GROUPS_OF_INTENTS {
        let folder = support::folder();
        let mut ledger = SqliteLedger::open(&folder.path().join("ledger.db"), &stations.rules.target, "bench")
            .expect("the folder is new and writable");
        let mut groups = intents.chunks_exact(size).cycle();
        group.throughput(elements(size));
        group.bench_function(BenchmarkId::new("intend", size), |bencher| {
            bencher.iter(|| {
                let intents = groups.next().expect("a cycle has no end");
                ledger.write(intents).expect("the disk has room")
            });
        });
    }
    group.finish();
}

fn intents(guests: &[PlannedGuest]) -> Vec<ledger::Write> {
    let orders = guests.iter().flat_map(|guest| &guest.orders);
    let key = orders.map(|order| OrderKey {
        reference: order.record.reference.clone(),
        ordered_at: order.ordered_at,
        content: order.content,
    });
    key.map(ledger::Write::Intend).collect()
}

fn dispatch(criterion: &mut Criterion, stations: &Stations) {
    let settings = support::dispatch_settings();
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(elements(stations.orders.len()));
    group.bench_function("delivery", |bencher| {
        let deliver = |guest| accepted(Delivery::new(guest, SINGLE, &settings));
        bencher.iter(|| stations.guests.iter().map(deliver).sum::<usize>());
    });
    let runtime = runtime();
    let pacer = Pacer::new(None);
    group.throughput(Throughput::Elements(N_PERMITS));
    group.bench_function("pacer_without_limit", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                for _ in 0..N_PERMITS {
                    black_box(&pacer).permit().await;
                }
            });
        });
    });
    group.finish();
}

/// Answers every step with "created" and counts the accepted orders.
fn accepted(mut delivery: Delivery<'_>) -> usize {
    let mut n_accepted = 0;
    loop {
        match delivery.next_move() {
            Move::Send(_) => drop(delivery.heard(created())),
            Move::Settled(_, settled) => n_accepted += usize::from(settled.outcome == Outcome::Accepted),
            Move::Wait(_) => {}
            Move::StopRun(reason) => panic!("nothing stops a good night: {reason}"),
            Move::Done => return n_accepted,
        }
    }
}

fn created() -> Heard {
    let body = r#"{"ref":"a38b230c-11eb-4cf9-8d5d-274e9f344925","status":"OK","version":"1.2","client_key":"k"}"#;
    Heard::Answer { status: 201, body: Some(body.to_owned()), retry_after: None }
}

fn report(criterion: &mut Criterion, stations: &Stations) {
    let settled = |record: &OrderRecord| {
        if record.problems.is_empty() {
            Settled { attempts: 1, http_status: Some(201), ..Settled::unsent(Outcome::Accepted, None) }
        } else {
            Settled::unsent(Outcome::Invalid, None)
        }
    };
    let orders: Vec<_> = stations.records.iter().map(|record| (record, settled(record))).collect();
    let mut group = criterion.benchmark_group("report");
    group.throughput(elements(orders.len()));
    group.bench_function("results", |bencher| {
        let mut writer = ResultsWriter::new(io::sink(), "results.ndjson".into(), vec!["orders.csv".to_owned()]);
        bencher.iter(|| {
            for (record, settled) in black_box(&orders) {
                writer.write(record, settled).expect("a sink takes all bytes");
            }
        });
    });
    group.bench_function("tally", |bencher| {
        bencher.iter(|| {
            let mut tally = Tally::new();
            for (record, settled) in black_box(&orders) {
                tally.read(record);
                tally.problems(&record.problems);
                tally.settle(record.money.as_ref(), settled.outcome);
            }
            tally
        });
    });
    group.finish();
}

/// IDENTITY again and again, which leaves the tenant as it is. Measures the wire too, which `send --sandbox` needs as
/// well.
fn sandbox(criterion: &mut Criterion, stations: &Stations) {
    let runtime = runtime();
    let sandbox = runtime.block_on(Sandbox::start(sandbox::Settings::default())).expect("a free port on loopback");
    let target = support::target(&sandbox.base_url());
    let wire = Arc::new(HttpWire::new(&target, &support::dispatch_settings()).expect("loopback needs no certificate"));
    let browser = runtime.block_on(new_browser(&wire, url::browser_create(&target)));
    let identity = url::event_create(&target, &stations.guests[0].identity, &browser);
    let mut group = criterion.benchmark_group("sandbox");
    group.throughput(elements(N_REQUESTS));
    group.bench_function("identity", |bencher| {
        bencher.iter(|| runtime.block_on(sent_side_by_side(&wire, &identity)));
    });
    group.finish();
    runtime.block_on(sandbox.stop());
}

async fn new_browser(wire: &HttpWire, url: String) -> String {
    let Heard::Answer { body: Some(body), .. } = wire.send(url).await else { panic!("the sandbox answers") };
    let answer: serde_json::Value = serde_json::from_str(&body).expect("the sandbox answers in JSON");
    answer["ref"].as_str().expect("a new browser has an id").to_owned()
}

async fn sent_side_by_side(wire: &Arc<HttpWire>, url: &str) {
    let mut senders = JoinSet::new();
    for _ in 0..N_IN_FLIGHT {
        let (wire, url) = (Arc::clone(wire), url.to_owned());
        senders.spawn(async move {
            for _ in 0..N_REQUESTS / N_IN_FLIGHT {
                assert_eq!(wire.send(url.clone()).await.status(), Some(201));
            }
        });
    }
    senders.join_all().await;
}

fn runtime() -> Runtime {
    Runtime::new().expect("threads and a timer")
}

fn elements(number: usize) -> Throughput {
    Throughput::Elements(number as u64)
}
