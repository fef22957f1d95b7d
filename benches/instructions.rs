//! How many instructions the hot stages take: figures that hardly differ from run to run, so that a regression shows on
//! a noisy machine too. `cargo bench --bench instructions` compares with the run before it.
//!
//! Needs valgrind and `cargo install gungraun-runner --version 0.20.0`; where one of them is missing it says so and
//! measures nothing.

#![expect(clippy::print_stdout, reason = "a bench talks")]

#[path = "generate/form.rs"]
mod form;
#[path = "generate/orders.rs"]
mod orders;
#[expect(dead_code, reason = "the other stages' measures need the rest")]
mod support;

use std::{
    env,
    process::{Command, Stdio},
};

/// What is measured, and gungraun's way into it.
mod hot {
    use std::hint::black_box;

    use gungraun::prelude::*;
    use orderferry::{
        event::{json, url},
        map::date::{DateRule, ISO_8601},
        model::{draft::Draft, money::Amount, order::CheckedOrder},
    };

    use crate::support::{self, StageInputs};

    const AMOUNTS: [&str; 4] = ["1234.50", "5", "0.99", "+17.5"];
    const TIMES: [&str; 3] = ["2025-01-01T16:17:16.000Z", "2016-12-26T09:28:48Z", "2025-07-01T12:00:00+02:00"];

    #[library_benchmark]
    fn amounts() -> usize {
        black_box(AMOUNTS).iter().filter(|text| black_box(text.parse::<Amount>()).is_ok()).count()
    }

    fn iso_8601() -> DateRule {
        DateRule::new(&[ISO_8601.to_owned()], None).expect("it needs no zone")
    }

    #[library_benchmark]
    #[bench::iso_8601(iso_8601())]
    fn dates(rule: DateRule) -> (usize, DateRule) {
        let n_dates = black_box(TIMES).iter().filter(|text| black_box(rule.parse(text)).is_some()).count();
        (n_dates, rule)
    }

    // What is given comes back, so that its end is not counted.
    #[library_benchmark]
    #[bench::csv(StageInputs::prepare())]
    fn rows_of_a_block(stations: StageInputs) -> StageInputs {
        let export = stations.csv();
        support::parse(&export.reader, &export.blocks[0]);
        stations
    }

    #[library_benchmark]
    #[bench::csv(StageInputs::prepare())]
    fn drafts(stations: StageInputs) -> (Vec<Draft<'static>>, StageInputs) {
        (stations.csv().drafts(), stations)
    }

    #[library_benchmark]
    #[bench::drafts(StageInputs::prepare())]
    fn checks(mut stations: StageInputs) -> (Vec<CheckedOrder<'static>>, StageInputs) {
        let drafts = std::mem::take(&mut stations.drafts);
        (support::check(drafts, stations.rules).collect(), stations)
    }

    #[library_benchmark]
    #[bench::order_checkout(StageInputs::prepare())]
    fn events(stations: StageInputs) -> (usize, StageInputs) {
        let length = |order| url::event_url_length(&stations.rules.target, &json::order_checkout(order));
        (stations.orders.iter().map(length).sum(), stations)
    }

    library_benchmark_group!(name = values, benchmarks = [amounts, dates]);
    library_benchmark_group!(name = stages, benchmarks = [rows_of_a_block, drafts, checks, events]);
    main!(library_benchmark_groups = [values, stages]);

    pub(super) fn measured() {
        main();
    }
}

fn main() {
    match reason_to_skip() {
        Some(reason) => println!("instructions: skipped, {reason}"),
        None => hot::measured(),
    }
}

fn reason_to_skip() -> Option<String> {
    let is_given = |wanted| env::args().any(|argument| argument == wanted);
    if is_given("--gungraun-run") {
        // The runner runs this very program below valgrind.
        return None;
    }
    if !is_given("--bench") {
        return Some("only `cargo bench` measures".to_owned());
    }
    if let Some(option) = ["--quick", "--test"].into_iter().find(|option| is_given(option)) {
        return Some(format!("{option} is for criterion"));
    }
    let missing = ["valgrind", "gungraun-runner"].into_iter().find(|program| !is_there(program));
    missing.map(|program| format!("{program} is not installed"))
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
