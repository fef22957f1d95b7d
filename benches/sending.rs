//! Throughput and cost of sending: the real program against a service on this machine. Each figure
//! is printed with the one that it is compared with, from the same run.
//!
//! `cargo bench --bench sending` takes some minutes; `-- --test` runs everything with tiny sizes
//! and shows only that it works; `-- bare` measures only what has that name. Needs Linux for the
//! figures from `/proc`; elsewhere those are omitted.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its results and panics on errors"
)]

#[path = "sending/program.rs"]
mod program;
#[path = "sending/service.rs"]
mod service;

use std::{
    env,
    time::{Duration, Instant},
};

use program::{Workspace, bare_loop};
use service::{ResponseBehaviour, Service};

/// The sizes of the measurements.
struct BenchSize {
    n_orders: usize,
    seconds: usize,
    n_planned: usize,
}

const FULL: BenchSize = BenchSize { n_orders: 40_000, seconds: 20, n_planned: 2_000_000 };
const TINY: BenchSize = BenchSize { n_orders: 200, seconds: 1, n_planned: 1_000 };

/// The first argument of the child process that runs the bare loop.
const BARE_LOOP: &str = "bare-loop";

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if let [_, mode, url, n_requests, in_flight] = &arguments[..]
        && mode == BARE_LOOP
    {
        return bare_loop(url, n_requests.parse().unwrap(), in_flight.parse().unwrap());
    }
    let size = if arguments.iter().any(|argument| argument == "--test") { TINY } else { FULL };
    let filter = arguments.iter().skip(1).find(|argument| !argument.starts_with("--"));
    for (name, measure) in MEASURES {
        if filter.is_none_or(|wanted| name.contains(wanted)) {
            measure(&size);
        }
    }
}

type Measure = fn(&BenchSize);

/// The measurements by the names that can be typed after `--`.
const MEASURES: [(&str, Measure); 5] = [
    ("bare", compare_with_bare_loop),
    ("ledger", rate_and_ledger),
    ("latency", rate_with_latency),
    ("limit", rate_limit_under_faults),
    ("plan", large_plan),
];

/// Maximum throughput of the program and of bare reqwest, one after the other, three times.
// A ratio within one run instead of requests per second: it is comparable between machines.
fn compare_with_bare_loop(size: &BenchSize) {
    let n_requests = size.n_orders * 3;
    let mut ratios: Vec<f64> = (0..3)
        .map(|_| {
            let bare = Service::start(ResponseBehaviour::Prompt);
            program::run_bare_loop(&bare.base_url, n_requests);
            let workspace = Workspace::with_orders(size.n_orders);
            let service = Service::start(ResponseBehaviour::Prompt);
            workspace.send(&service, "--rate unlimited --in-flight 64 --identity-pause 0s");
            assert_eq!(service.n_received(), n_requests);
            let (bare, ours) = (bare.per_second(), service.per_second());
            println!(
                "64 in flight: bare reqwest {bare:.0}/s, orderferry {ours:.0}/s, ratio {:.2}",
                ours / bare
            );
            ours / bare
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("64 in flight: ratio {:.2} (median of three)", ratios[1]);
}

/// CPU time of the ledger's thread at 1,000 requests per second, as a share of one core.
fn rate_and_ledger(size: &BenchSize) {
    const RATE: usize = 1_000;
    let workspace = Workspace::with_orders(RATE * size.seconds / 3);
    let service = Service::start(ResponseBehaviour::Prompt);
    let mut running = workspace.start(&service, "--rate 1000/s --in-flight 64 --identity-pause 0s");
    let (mut used, mut begin) = (None, None);
    while !running.has_ended() {
        if service.n_received() > 0 {
            begin.get_or_insert_with(Instant::now);
        }
        used = running.cpu_of("ledger").or(used);
        std::thread::sleep(Duration::from_millis(20));
    }
    let (rate, sent) =
        (service.per_second(), begin.map_or(Duration::ZERO, |begin| begin.elapsed()));
    println!("--rate 1000/s: {rate:.0} requests per second, {:.1} % of the rate", rate / 10.0);
    if let Some(used) = used {
        let share = used.as_secs_f64() / sent.as_secs_f64();
        println!("--rate 1000/s: the ledger uses {:.1} % of a core", share * 100.0);
    }
}

fn rate_with_latency(size: &BenchSize) {
    const RATE: usize = 500;
    let workspace = Workspace::with_orders(RATE * size.seconds / 3);
    let service = Service::start(ResponseBehaviour::Slow(Duration::from_millis(50)));
    workspace.send(&service, "--rate 500/s --in-flight 64 --identity-pause 0s");
    let rate = service.per_second();
    println!(
        "--rate 500/s, responses after 50 ms: {rate:.1} requests per second, {:.1} % of the rate",
        rate / 5.0
    );
}

/// The rate limit as the service observes it, with faults and the retries that they cause.
fn rate_limit_under_faults(size: &BenchSize) {
    const RATE: usize = 200;
    let workspace = Workspace::with_orders(RATE * size.seconds / 3);
    let service = Service::start(ResponseBehaviour::Faulty);
    workspace.send(
        &service,
        "--rate 200/s --in-flight 64 --identity-pause 100ms --timeout 2s --set tries=20",
    );
    // 200 and the burst of 5 %.
    println!(
        "--rate 200/s with faults: {} requests, at most {} in any second; 210 are allowed",
        service.n_received(),
        service.max_in_any_second()
    );
}

/// Time to the first request of a large plan, and peak memory.
fn large_plan(size: &BenchSize) {
    let workspace = Workspace::with_orders(size.n_planned);
    let service = Service::start(ResponseBehaviour::Prompt);
    workspace.plan(&service);
    let begin = Instant::now();
    let mut running = workspace
        .resume(&service, "--rate unlimited --in-flight 64 --identity-pause 0s --deadline 20s");
    let mut peak = None;
    while !running.has_ended() {
        peak = running.peak_memory().or(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
    let first = service.first().unwrap() - begin;
    println!("plan of {} orders: first request after {:.2} s", size.n_planned, first.as_secs_f64());
    println!(
        "plan of {} orders: {} requests sent, {:.1} s in total",
        size.n_planned,
        service.n_received(),
        begin.elapsed().as_secs_f64()
    );
    if let Some(peak) = peak {
        println!("plan of {} orders: peak memory {peak} MB", size.n_planned);
    }
}
