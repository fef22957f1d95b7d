//! Throughput of each stage on its own: one criterion group per stage, in the order of the data
//! flow. Each stage reads what the previous one made of a synthetic export.
//!
//! `cargo bench -- --quick` measures all stages, `cargo bench -- ledger` one of them. The ledger's
//! figures depend on the disk under `target/`.

#[path = "export/form.rs"]
mod form;
#[path = "export/orders.rs"]
mod orders;
mod support;

use std::{hint::black_box, io, sync::Arc, time::Duration};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use orderferry::{
    dispatch::{Action, Delivery, pacer::Pacer},
    group::{self, BlockRuns},
    ledger::{self, Consent, Intent, OrderKey},
    model::{
        draft::MappedRow,
        input::Input,
        order::OrderRecord,
        outcome::{OrderResult, Outcome},
        planned::PlannedGuest,
        request::RequestKind,
    },
    read::Block,
    report::{
        results::{self, ResultsWriter},
        tally::Tally,
    },
    sandbox::{self, Sandbox},
    stream::{HttpClient, ServiceResponse, Transport, delivery::GuestDelivery, event_json, url},
};
use tokio::{runtime::Runtime, task::JoinSet};

use support::StageInputs;

/// The number of writes that share one sync: a single one, a usual run, a fast run.
const INTENT_BATCH_SIZES: [usize; 3] = [1, 16, 64];

/// A memory budget in bytes that is too small for the plan, so that the planner spills.
const PLANNER_ON_DISK: usize = 256 * 1024;

/// Permits in one iteration: enough that entering the runtime does not count.
const N_PERMITS: u64 = 1000;

/// Requests to the sandbox in one iteration, and how many of them are in flight.
const N_REQUESTS: usize = 640;
const N_IN_FLIGHT: usize = 64;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let inputs = StageInputs::prepare();
    read(&mut criterion, &inputs);
    map(&mut criterion, &inputs);
    group(&mut criterion, &inputs);
    validate(&mut criterion, &inputs);
    event(&mut criterion, &inputs);
    plan(&mut criterion, &inputs);
    ledger(&mut criterion, &inputs);
    dispatch(&mut criterion, &inputs);
    report(&mut criterion, &inputs);
    sandbox(&mut criterion, &inputs);
    criterion.final_summary();
}

fn read(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("read");
    for (name, export) in &inputs.exports {
        group.throughput(Throughput::Bytes(export.input.version.size));
        group.bench_function(*name, |bencher| bencher.iter(|| read_through(&export.input)));
        group.throughput(Throughput::Bytes(export.blocks[0].bytes.len() as u64));
        group.bench_function(format!("{name}_block"), |bencher| {
            bencher.iter(|| support::parse(&export.reader, &export.blocks[0]));
        });
    }
    group.finish();
}

/// Reads a file block by block, as one core does on its own.
fn read_through(input: &Input) {
    let (mut source, mut block) = (support::open(input), Block::default());
    while source.next_block(&mut block).expect("the file exists as long as its folder") {
        support::parse(source.parser(), &block);
    }
}

fn map(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("map");
    for (name, export) in inputs.exports.iter().filter(|(name, _)| ["csv", "ndjson"].contains(name))
    {
        group.throughput(elements(export.rows.len()));
        group.bench_function(format!("{name}_kind"), |bencher| {
            bencher.iter(|| {
                export.rows.iter().for_each(|row| drop(black_box(export.mapper.kind(row))));
            });
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

/// `runs` only finds the runs of adjacent rows; `adjacent` and `gathered` also map the rows and
/// build the drafts.
fn group(criterion: &mut Criterion, inputs: &StageInputs) {
    let export = inputs.csv();
    let mut group = criterion.benchmark_group("group");
    group.throughput(elements(export.rows.len()));
    group.bench_function("runs", |bencher| {
        bencher.iter(|| BlockRuns::of(export.keyed, group::GroupSettings::default()).runs.len());
    });
    group.bench_function("adjacent", |bencher| bencher.iter(|| export.drafts()));
    group.bench_function("gathered", |bencher| bencher.iter(|| export.scattered_drafts()));
    group.finish();
}

fn validate(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("validate");
    group.throughput(elements(inputs.drafts.len()));
    group.bench_function("check", |bencher| {
        let check = |drafts| {
            support::check(drafts, inputs.settings).for_each(|checked| drop(black_box(checked)));
        };
        // `check` consumes its drafts, so each iteration gets a copy that is not measured.
        bencher.iter_batched(|| inputs.drafts.clone(), check, BatchSize::LargeInput);
    });
    group.finish();
}

fn event(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("event");
    group.throughput(elements(inputs.orders.len()));
    group.bench_function("order_checkout", |bencher| {
        let length = |order| {
            url::event_url_length(
                &inputs.settings.stream.target,
                &event_json::order_checkout(order),
            )
        };
        bencher.iter(|| inputs.orders.iter().map(length).sum::<usize>());
    });
    group.finish();
}

fn plan(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("plan");
    group.throughput(elements(inputs.orders.len()));
    for (name, memory) in [("planner", usize::MAX), ("planner_on_disk", PLANNER_ON_DISK)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                support::written_plan(&inputs.orders, &inputs.planned, &inputs.folder, memory)
            });
        });
    }
    let file = support::written_plan(&inputs.orders, &inputs.planned, &inputs.folder, usize::MAX);
    group.bench_function("read_back", |bencher| bencher.iter(|| support::read_back(&file)));
    group.finish();
}

fn ledger(criterion: &mut Criterion, inputs: &StageInputs) {
    let intents = intents(&inputs.guests);
    let mut group = criterion.benchmark_group("ledger");
    for size in INTENT_BATCH_SIZES {
        let folder = support::folder();
        let mut ledger = ledger::at_path(folder.path().join("ledger.db"))
            .open_to_write(&inputs.settings.stream.target, "bench", Consent::NotNeeded)
            .expect("the folder is new and writable");
        // The ledger grows while it is measured, as in a run.
        let mut groups = intents.chunks_exact(size).cycle();
        group.throughput(elements(size));
        group.bench_function(BenchmarkId::new("intend", size), |bencher| {
            bencher.iter(|| {
                let intents = groups.next().expect("a cycle never ends");
                ledger.write(intents).expect("the disk has free space")
            });
        });
    }
    let (folder, n_attempts) = (support::folder(), n_attempts());
    let location = ledger::at_path(folder.path().join("ledger.db"));
    let open =
        || location.open_to_write(&inputs.settings.stream.target, "bench", Consent::NotNeeded);
    let mut ledger = open().expect("the folder is new and writable");
    for start in (0..n_attempts).step_by(intents.len()) {
        let renumbered = |(number, intent): (usize, &ledger::LedgerWrite)| match intent {
            ledger::LedgerWrite::Intent(intent) => {
                let reference = format!("A-{:09}", start + number);
                ledger::LedgerWrite::Intent(Intent {
                    order: OrderKey { reference, ..intent.order.clone() },
                    ..intent.clone()
                })
            }
            other => other.clone(),
        };
        let writes: Vec<_> = intents.iter().enumerate().map(renumbered).collect();
        ledger.write(&writes).expect("the disk has free space");
    }
    drop(ledger);
    group.sample_size(10).throughput(elements(n_attempts));
    group.bench_function("start", |bencher| {
        bencher.iter(|| {
            let reader = open().expect("the ledger is valid").reader().expect("it is there");
            reader.history(&["A-000000042"]).expect("it is readable").len()
        });
    });
    group.finish();
}

/// The number of attempts in the ledger that a run starts from: 20,000, or the value of
/// `ORDERFERRY_ATTEMPTS`.
fn n_attempts() -> usize {
    std::env::var("ORDERFERRY_ATTEMPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000)
}

fn intents(guests: &[PlannedGuest]) -> Vec<ledger::LedgerWrite> {
    let orders = guests.iter().flat_map(|guest| &guest.orders);
    let intent = orders.map(|order| Intent {
        order: OrderKey {
            reference: order.record.reference.clone(),
            ordered_at: order.encoded.ordered_at,
            content: order.encoded.content,
        },
        status: order.encoded.status.clone(),
        money: order.record.money.clone(),
        item_count: order.record.item_count,
        dedup_hash: Some(order.encoded.dedup_hash),
    });
    intent.map(ledger::LedgerWrite::Intent).collect()
}

fn dispatch(criterion: &mut Criterion, inputs: &StageInputs) {
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(elements(inputs.orders.len()));
    group.bench_function("delivery", |bencher| {
        let deliver = |guest| accepted(GuestDelivery::new(guest, &inputs.settings.stream));
        bencher.iter(|| inputs.guests.iter().map(deliver).sum::<usize>());
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

/// Responds to every step with "created" and counts the accepted orders.
fn accepted(mut delivery: GuestDelivery<'_>) -> usize {
    let (mut n_accepted, now) = (0, tokio::time::Instant::now());
    loop {
        match delivery.next_action(now) {
            Action::Send(_) => drop(delivery.on_response(created(), now)),
            Action::Settled(_, settled) => {
                n_accepted += usize::from(settled.outcome == Outcome::Accepted);
            }
            Action::Wait(_) | Action::OpenCart { .. } | Action::CloseCart => {}
            Action::StopRun(reason) => panic!("a run without faults does not stop: {reason}"),
            Action::Done => return n_accepted,
        }
    }
}

fn created() -> ServiceResponse {
    let body = r#"{"ref":"a38b230c-11eb-4cf9-8d5d-274e9f344925","status":"OK","version":"1.2","client_key":"k"}"#;
    ServiceResponse::Http { status: 201, body: Some(body.to_owned()), retry_after: None }
}

fn report(criterion: &mut Criterion, inputs: &StageInputs) {
    let settled = |record: &OrderRecord| {
        if record.problems.is_empty() {
            OrderResult {
                attempts: 1,
                http_status: Some(201),
                ..OrderResult::without_request(Outcome::Accepted, None)
            }
        } else {
            OrderResult::without_request(Outcome::Invalid, None)
        }
    };
    let orders: Vec<_> = inputs.records.iter().map(|record| (record, settled(record))).collect();
    let mut group = criterion.benchmark_group("report");
    group.throughput(elements(orders.len()));
    group.bench_function("results", |bencher| {
        let mut writer = ResultsWriter::new(io::sink(), "results.ndjson".into());
        let (mut lines, names) = (Vec::new(), ["orders.csv"].into_iter().collect());
        bencher.iter(|| {
            lines.clear();
            for (record, settled) in black_box(&orders) {
                results::add_line(&mut lines, record, settled, &names);
            }
            writer.write(&lines).expect("a sink accepts all bytes");
        });
    });
    group.bench_function("tally", |bencher| {
        bencher.iter(|| {
            let mut tally = Tally::default();
            for (record, settled) in black_box(&orders) {
                tally.read(record);
                tally.count_problems(record);
                tally.record_outcome(record.money.as_ref(), settled.outcome);
            }
            tally
        });
    });
    group.finish();
}

/// Repeated IDENTITY events. The HTTP connection is measured too, since `send --sandbox` uses one
/// as well.
// IDENTITY, because repeating it does not change the tenant: every iteration does the same work.
fn sandbox(criterion: &mut Criterion, inputs: &StageInputs) {
    let runtime = runtime();
    let sandbox = runtime
        .block_on(Sandbox::start(sandbox::SandboxSettings::default()))
        .expect("a free port on loopback");
    let target = support::target(&sandbox.base_url());
    let client = HttpClient::new(&target, Duration::from_secs(30), 64)
        .expect("loopback needs no certificate");
    let client = Arc::new(client);
    let browser = runtime.block_on(new_browser(
        &client,
        url::request_url(&target, RequestKind::BrowserCreate, "{}"),
    ));
    let message = event_json::with_browser_id(inputs.guests[0].identity.as_str(), &browser);
    let identity = url::request_url(&target, RequestKind::Identity, &message);
    let mut group = criterion.benchmark_group("sandbox");
    group.throughput(elements(N_REQUESTS));
    group.bench_function("identity", |bencher| {
        bencher.iter(|| runtime.block_on(send_concurrently(&client, &identity)));
    });
    group.finish();
    runtime.block_on(sandbox.stop());
}

async fn new_browser(client: &HttpClient, url: String) -> String {
    let ServiceResponse::Http { body: Some(body), .. } = client.send(url).await else {
        panic!("expected a response of the sandbox")
    };
    let response: serde_json::Value =
        serde_json::from_str(&body).expect("the sandbox responds in JSON");
    response["ref"].as_str().expect("a new browser has an id").to_owned()
}

async fn send_concurrently(client: &Arc<HttpClient>, url: &str) {
    let mut senders = JoinSet::new();
    for _ in 0..N_IN_FLIGHT {
        let (client, url) = (Arc::clone(client), url.to_owned());
        senders.spawn(async move {
            for _ in 0..N_REQUESTS / N_IN_FLIGHT {
                assert_eq!(client.send(url.clone()).await.status(), Some(201));
            }
        });
    }
    senders.join_all().await;
}

fn runtime() -> Runtime {
    Runtime::new().expect("the operating system offers threads and a timer")
}

fn elements(number: usize) -> Throughput {
    Throughput::Elements(number as u64)
}
