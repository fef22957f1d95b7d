//! How fast each stage is, alone: one criterion group for each, in the order of the data's way, fed with what the stage
//! before it makes of one invented export.
//!
//! `cargo bench -- --quick` measures all, `cargo bench -- ledger` one of them. The ledger's figures are those of the
//! disk under `target/`.

#[path = "generate/form.rs"]
mod form;
#[path = "generate/orders.rs"]
mod orders;
mod support;

use std::{hint::black_box, io, sync::Arc};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use orderferry::{
    dispatch::{
        HttpClient, ServiceResponse, Transport,
        delivery::{Action, GuestDelivery},
        pacer::Pacer,
    },
    event::{json, url},
    group::{self, BlockRuns},
    ledger::{self, Consent, Intent, Ledger, LedgerLocation, OrderKey, SqliteLedger},
    model::{
        draft::MappedRow,
        order::OrderRecord,
        outcome::{OrderResult, Outcome},
        planned::PlannedGuest,
    },
    read::{Block, inputs::InputFile},
    report::{
        results::{self, ResultsWriter},
        tally::Tally,
    },
    sandbox::{self, Sandbox},
};
use tokio::{runtime::Runtime, task::JoinSet};

use support::StageInputs;

/// Writes that share one sync, as many as deliveries happen to wait: none beside it, a usual night, a fast one.
const INTENT_BATCH_SIZES: [usize; 3] = [1, 16, 64];

/// Memory that holds a part of the plan only, in bytes.
const PLANNER_ON_DISK: usize = 256 * 1024;

/// Permits in one round, so that entering the runtime does not count.
const N_PERMITS: u64 = 1000;

/// Requests of one round to the sandbox, and how many of them wait for an answer at once.
const N_REQUESTS: usize = 640;
const N_IN_FLIGHT: usize = 64;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let stations = StageInputs::prepare();
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

fn read(criterion: &mut Criterion, stations: &StageInputs) {
    let mut group = criterion.benchmark_group("read");
    for (name, export) in &stations.exports {
        group.throughput(Throughput::Bytes(export.input.fingerprint.bytes));
        group.bench_function(*name, |bencher| bencher.iter(|| read_through(&export.input)));
        group.throughput(Throughput::Bytes(export.blocks[0].bytes.len() as u64));
        group.bench_function(format!("{name}_block"), |bencher| {
            bencher.iter(|| support::parse(&export.reader, &export.blocks[0]));
        });
    }
    group.finish();
}

/// Reads a file block by block, as one core alone would.
fn read_through(input: &InputFile) {
    let (mut source, mut block) = (support::open(input), Block::default());
    while source.next_block(&mut block).expect("the file lasts as long as its folder") {
        support::parse(source.parser(), &block);
    }
}

fn map(criterion: &mut Criterion, stations: &StageInputs) {
    let mut group = criterion.benchmark_group("map");
    for (name, export) in stations.exports.iter().filter(|(name, _)| ["csv", "ndjson"].contains(name)) {
        group.throughput(elements(export.rows.len()));
        group.bench_function(format!("{name}_kind"), |bencher| {
            bencher.iter(|| export.rows.iter().for_each(|row| drop(black_box(export.mapper.kind(row)))));
        });
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                for row in export.rows {
                    let mut mapped = MappedRow::default();
                    export.mapper.map(row, None, &mut mapped);
                    drop(black_box(mapped));
                }
            });
        });
    }
    group.finish();
}

/// `runs` alone; drafts are made of the rows that stand in them or were gathered, which maps them too.
fn group(criterion: &mut Criterion, stations: &StageInputs) {
    let export = stations.csv();
    let mut group = criterion.benchmark_group("group");
    group.throughput(elements(export.rows.len()));
    group.bench_function("runs", |bencher| {
        bencher.iter(|| BlockRuns::of(export.keyed, group::GroupSettings::default()).runs.len());
    });
    group.bench_function("adjacent", |bencher| bencher.iter(|| export.drafts()));
    group.bench_function("gathered", |bencher| bencher.iter(|| export.scattered_drafts()));
    group.finish();
}

fn validate(criterion: &mut Criterion, stations: &StageInputs) {
    let mut group = criterion.benchmark_group("validate");
    group.throughput(elements(stations.drafts.len()));
    group.bench_function("check", |bencher| {
        let check = |drafts| support::check(drafts, stations.rules).for_each(|checked| drop(black_box(checked)));
        bencher.iter_batched(|| stations.drafts.clone(), check, BatchSize::LargeInput);
    });
    group.finish();
}

fn event(criterion: &mut Criterion, stations: &StageInputs) {
    let mut group = criterion.benchmark_group("event");
    group.throughput(elements(stations.orders.len()));
    group.bench_function("order_checkout", |bencher| {
        let length = |order| url::event_url_length(&stations.rules.target, &json::order_checkout(order));
        bencher.iter(|| stations.orders.iter().map(length).sum::<usize>());
    });
    group.finish();
}

fn plan(criterion: &mut Criterion, stations: &StageInputs) {
    let mut group = criterion.benchmark_group("plan");
    group.throughput(elements(stations.orders.len()));
    for (name, memory) in [("planner", usize::MAX), ("planner_on_disk", PLANNER_ON_DISK)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| support::written_plan(&stations.orders, &stations.planned, &stations.folder, memory));
        });
    }
    let file = support::written_plan(&stations.orders, &stations.planned, &stations.folder, usize::MAX);
    group.bench_function("read_back", |bencher| bencher.iter(|| support::read_back(&file)));
    group.finish();
}

fn ledger(criterion: &mut Criterion, stations: &StageInputs) {
    let intents = intents(&stations.guests);
    let mut group = criterion.benchmark_group("ledger");
    for size in INTENT_BATCH_SIZES {
        let folder = support::folder();
        let mut ledger = SqliteLedger::open(
            &LedgerLocation::at(folder.path().join("ledger.db")),
            &stations.rules.target,
            "bench",
            Consent::NotNeeded,
        )
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
    let (folder, n_attempts) = (support::folder(), n_attempts());
    let ledger_place = LedgerLocation::at(folder.path().join("ledger.db"));
    let open = || SqliteLedger::open(&ledger_place, &stations.rules.target, "bench", Consent::NotNeeded);
    let mut ledger = open().expect("the folder is new and writable");
    for start in (0..n_attempts).step_by(intents.len()) {
        let named = |(number, intent): (usize, &ledger::LedgerWrite)| match intent {
            ledger::LedgerWrite::Intent(intent) => {
                let reference = format!("A-{:09}", start + number);
                ledger::LedgerWrite::Intent(Intent {
                    order: OrderKey { reference, ..intent.order.clone() },
                    ..intent.clone()
                })
            }
            other => other.clone(),
        };
        let writes: Vec<_> = intents.iter().enumerate().map(named).collect();
        ledger.write(&writes).expect("the disk has room");
    }
    drop(ledger);
    group.sample_size(10).throughput(elements(n_attempts));
    group.bench_function("start", |bencher| {
        bencher.iter(|| open().expect("it is sound").history("A-000000042").expect("it can be read").len());
    });
    group.finish();
}

/// How many attempts the ledger holds that a run starts from; a million with `ORDERFERRY_ATTEMPTS=1000000`.
fn n_attempts() -> usize {
    std::env::var("ORDERFERRY_ATTEMPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn intents(guests: &[PlannedGuest]) -> Vec<ledger::LedgerWrite> {
    let orders = guests.iter().flat_map(|guest| &guest.orders);
    let intent = orders.map(|order| Intent {
        order: OrderKey {
            reference: order.record.reference.clone(),
            ordered_at: order.ordered_at,
            content: order.content,
        },
        status: order.status.clone(),
        money: order.record.money.clone(),
        item_count: order.record.item_count,
        dedup_hash: Some(order.dedup_hash),
    });
    intent.map(ledger::LedgerWrite::Intent).collect()
}

fn dispatch(criterion: &mut Criterion, stations: &StageInputs) {
    let settings = support::dispatch_settings();
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(elements(stations.orders.len()));
    group.bench_function("delivery", |bencher| {
        let deliver = |guest| accepted(GuestDelivery::new(guest, &settings));
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
fn accepted(mut delivery: GuestDelivery<'_>) -> usize {
    let (mut n_accepted, now) = (0, tokio::time::Instant::now());
    loop {
        match delivery.next_action(now) {
            Action::Send(_) => drop(delivery.on_response(created(), now)),
            Action::Settled(_, settled) => n_accepted += usize::from(settled.outcome == Outcome::Accepted),
            Action::Wait(_) | Action::OpenCart { .. } | Action::CloseCart => {}
            Action::StopRun(reason) => panic!("nothing stops a good night: {reason}"),
            Action::Done => return n_accepted,
        }
    }
}

fn created() -> ServiceResponse {
    let body = r#"{"ref":"a38b230c-11eb-4cf9-8d5d-274e9f344925","status":"OK","version":"1.2","client_key":"k"}"#;
    ServiceResponse::Http { status: 201, body: Some(body.to_owned()), retry_after: None }
}

fn report(criterion: &mut Criterion, stations: &StageInputs) {
    let settled = |record: &OrderRecord| {
        if record.problems.is_empty() {
            OrderResult { attempts: 1, http_status: Some(201), ..OrderResult::without_request(Outcome::Accepted, None) }
        } else {
            OrderResult::without_request(Outcome::Invalid, None)
        }
    };
    let orders: Vec<_> = stations.records.iter().map(|record| (record, settled(record))).collect();
    let mut group = criterion.benchmark_group("report");
    group.throughput(elements(orders.len()));
    group.bench_function("results", |bencher| {
        let mut writer = ResultsWriter::new(io::sink(), "results.ndjson".into());
        let (mut lines, names) = (Vec::new(), ["orders.csv".to_owned()]);
        bencher.iter(|| {
            lines.clear();
            for (record, settled) in black_box(&orders) {
                results::add_line(&mut lines, record, settled, &names);
            }
            writer.write(&lines).expect("a sink takes all bytes");
        });
    });
    group.bench_function("tally", |bencher| {
        bencher.iter(|| {
            let mut tally = Tally::default();
            for (record, settled) in black_box(&orders) {
                tally.read(record);
                tally.count_problems(&record.problems);
                tally.record_outcome(record.money.as_ref(), settled.outcome);
            }
            tally
        });
    });
    group.finish();
}

/// IDENTITY again and again, which leaves the tenant as it is. Measures the wire too, which `send --sandbox` needs as
/// well.
fn sandbox(criterion: &mut Criterion, stations: &StageInputs) {
    let runtime = runtime();
    let sandbox =
        runtime.block_on(Sandbox::start(sandbox::SandboxSettings::default())).expect("a free port on loopback");
    let target = support::target(&sandbox.base_url());
    let wire =
        Arc::new(HttpClient::new(&target, &support::dispatch_settings()).expect("loopback needs no certificate"));
    let browser = runtime.block_on(new_browser(&wire, url::browser_create(&target)));
    let identity = url::event_create(&target, &stations.guests[0].identity, &browser);
    let mut group = criterion.benchmark_group("sandbox");
    group.throughput(elements(N_REQUESTS));
    group.bench_function("identity", |bencher| {
        bencher.iter(|| runtime.block_on(send_concurrently(&wire, &identity)));
    });
    group.finish();
    runtime.block_on(sandbox.stop());
}

async fn new_browser(wire: &HttpClient, url: String) -> String {
    let ServiceResponse::Http { body: Some(body), .. } = wire.send(url).await else { panic!("the sandbox answers") };
    let answer: serde_json::Value = serde_json::from_str(&body).expect("the sandbox answers in JSON");
    answer["ref"].as_str().expect("a new browser has an id").to_owned()
}

async fn send_concurrently(wire: &Arc<HttpClient>, url: &str) {
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
