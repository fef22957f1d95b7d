//! Test that memory use does not grow with the size of the export.

use std::fmt::Write;

use super::{
    generated_export::{HEADER, own_key_profile},
    peak_memory::{can_measure_or_skip, measure},
};
use crate::support::{process, rng::TestRng, workspace::Workspace};

/// A shuffled export with two rows per order.
fn shuffled(n_orders: usize) -> String {
    let note = "long words ".repeat(50);
    let row = |number: usize| {
        let (minute, second) = (number / 60 % 60, number % 60);
        format!(
            "K-{number},A-{number},2025-03-01T10:{minute:02}:{second:02}Z,PURCHASED,EUR,5.00,other,GEAR,Rope,2.50,1,g{number}@example.com,Smith,{note}\n"
        )
    };
    let mut rows: Vec<usize> = (0..2 * n_orders).map(|row| row / 2).collect();
    TestRng::new(8).shuffle(&mut rows);
    rows.into_iter().fold(HEADER.to_owned(), |mut text, number| {
        text.write_str(&row(number)).unwrap();
        text
    })
}

fn peak(n_orders: usize) -> u64 {
    let workspace = Workspace::with("a.csv", shuffled(n_orders));
    workspace.file("own-key.toml", own_key_profile(""));
    let mut command = process(&workspace.path(""));
    // Freed memory is returned to the system at once, however busy the machine is.
    command.env("RAYON_NUM_THREADS", "2").env("MIMALLOC_PURGE_DELAY", "0");
    let command_line = "check a.csv --profile own-key.toml --pos x --memory 8MB --out run";
    let ran = measure(command.args(command_line.split(' ')));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let summary = std::fs::read_to_string(workspace.path("run/summary.json")).unwrap();
    assert!(summary.contains(&format!("\"read\": {n_orders},")), "{summary}");
    ran.peak
}

#[test]
fn memory_is_independent_of_export_size() {
    if !can_measure_or_skip("memory_is_independent_of_export_size") {
        return;
    }
    // 2 MB and 20 MB. On a busy machine more blocks wait for each other, in both runs alike.
    let (small, large) = (peak(1500), peak(15_000));
    assert!(large < small + 16 * 1024, "{small} kB, {large} kB");
}
