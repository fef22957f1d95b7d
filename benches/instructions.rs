//! Instruction counts of the hot stages: figures that hardly vary between runs, so that a
//! regression shows on a noisy machine too. `cargo bench --bench instructions` compares with the
//! previous run.
//!
//! Needs valgrind and `cargo install gungraun-runner --version 0.20.0`; if one of them is missing,
//! it prints which and measures nothing.

#![expect(clippy::print_stdout, reason = "a bench prints its results")]

#[path = "export/form.rs"]
mod form;
#[path = "export/orders.rs"]
mod orders;
#[expect(dead_code, reason = "the benches of the other stages need the rest")]
mod support;

use std::{
    env,
    process::{Command, Stdio},
};

/// The measured functions and gungraun's entry point.
mod hot {
    use std::hint::black_box;

    use gungraun::prelude::*;
    use orderferry::{
        map::date::{DateRule, ISO_8601},
        model::{draft::Draft, money::Amount, order::CheckedOrder},
        stream::{event_json, url},
    };

    use crate::support::{self, StageInputs};

    const AMOUNTS: [&str; 4] = ["1234.50", "5", "0.99", "+17.5"];
    const TIMES: [&str; 3] =
        ["2025-01-01T16:17:16.000Z", "2016-12-26T09:28:48Z", "2025-07-01T12:00:00+02:00"];

    #[library_benchmark]
    fn amounts() -> usize {
        black_box(AMOUNTS).iter().filter(|text| black_box(text.parse::<Amount>()).is_ok()).count()
    }

    fn iso_8601() -> DateRule {
        DateRule::new(&[ISO_8601.to_owned()], None).expect("ISO 8601 needs no time zone")
    }

    #[library_benchmark]
    #[bench::iso_8601(iso_8601())]
    fn dates(rule: DateRule) -> (usize, DateRule) {
        let n_dates =
            black_box(TIMES).iter().filter(|text| black_box(rule.parse(text)).is_some()).count();
        (n_dates, rule)
    }

    // The inputs are returned, so that dropping them is not counted.
    #[library_benchmark]
    #[bench::csv(StageInputs::prepare())]
    fn rows_of_a_block(inputs: StageInputs) -> StageInputs {
        let export = inputs.csv();
        support::parse(&export.reader, &export.blocks[0]);
        inputs
    }

    #[library_benchmark]
    #[bench::csv(StageInputs::prepare())]
    fn drafts(inputs: StageInputs) -> (Vec<Draft<'static>>, StageInputs) {
        (inputs.csv().drafts(), inputs)
    }

    #[library_benchmark]
    #[bench::drafts(StageInputs::prepare())]
    fn checks(mut inputs: StageInputs) -> (Vec<CheckedOrder<'static>>, StageInputs) {
        let drafts = std::mem::take(&mut inputs.drafts);
        (support::check(drafts, inputs.settings).collect(), inputs)
    }

    #[library_benchmark]
    #[bench::order_checkout(StageInputs::prepare())]
    fn events(inputs: StageInputs) -> (usize, StageInputs) {
        let length = |order| {
            url::event_url_length(
                &inputs.settings.stream.target,
                &event_json::order_checkout(order),
            )
        };
        (inputs.orders.iter().map(length).sum(), inputs)
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
    let has_argument = |wanted| env::args().any(|argument| argument == wanted);
    if has_argument("--gungraun-run") {
        // The runner starts this program again under valgrind.
        return None;
    }
    if !has_argument("--bench") {
        return Some("only `cargo bench` measures".to_owned());
    }
    if let Some(option) = ["--quick", "--test"].into_iter().find(|option| has_argument(option)) {
        return Some(format!("{option} is for criterion"));
    }
    let missing =
        ["valgrind", "gungraun-runner"].into_iter().find(|program| !is_installed(program));
    missing.map(|program| format!("{program} is not installed"))
}

fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
