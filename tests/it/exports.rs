//! Golden tests of exports: every folder of `tests/it/exports` has an export, profiles that read
//! it, and what becomes of it. A new case needs no code.
//!
//! Each profile (`profile.toml` and others; none is the canonical one) reads each export (a file,
//! or a folder of files). `expected.txt` lists the orders that a send would send, with their items
//! and guests, the other orders with their outcomes, all problems, and the message of a run that is
//! refused. `UPDATE_SAMPLES=1 cargo test` writes it again. Rejects have the same errors as in the
//! export.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rayon::prelude::*;
use serde_json::Value;

use crate::support::{
    self, difference_from,
    order_text::{orders_by_key, plain, write_counts, write_message, write_result},
    workspace::{RunResult, Workspace},
};

const EXPECTED: &str = "expected.txt";

/// When the exports were written, in seconds: 26 November 2026. Some warnings depend on their age.
const EXPORTED_AT: Duration = Duration::from_secs(1_795_651_200);

#[test]
fn exports_match_expected_results() {
    let cases = entries(&support::root().join("tests/it/exports"));
    assert!(cases.len() >= 100, "expected at least 100 cases, found {}", cases.len());
    let difference = |case: &PathBuf| difference_from(&case.join(EXPECTED), &results_of_case(case));
    let differences: Vec<_> = cases.par_iter().filter_map(difference).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn results_of_case(case: &Path) -> String {
    let workspace = Workspace::new();
    let (paths, mut profiles, mut exports) = (entries(case), Vec::new(), Vec::new());
    for path in &paths {
        let name = name_of(path);
        copy(path, &workspace.path(name));
        if path.extension().is_some_and(|extension| extension == "toml") {
            profiles.push(name);
        } else if name != EXPECTED {
            exports.push(name);
        }
    }
    if profiles.is_empty() {
        profiles.push("canonical");
    }
    profiles.sort_by_key(|name| *name != "profile.toml");
    let pairs =
        profiles.iter().flat_map(|profile| exports.iter().map(move |export| (profile, export)));
    let results: Vec<_> =
        pairs.map(|(profile, export)| results_of_run(&workspace, profile, export)).collect();
    results.join("\n")
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir(to).unwrap();
        for file in entries(from) {
            copy(&file, &to.join(name_of(&file)));
        }
    } else {
        // Not `fs::copy`, which makes the copy as read-only as the original.
        fs::write(to, fs::read(from).unwrap()).unwrap();
        let modified = SystemTime::UNIX_EPOCH + EXPORTED_AT;
        File::options().append(true).open(to).unwrap().set_modified(modified).unwrap();
    }
}

fn results_of_run(workspace: &Workspace, profile: &str, export: &str) -> String {
    let events = format!("events-of-{export}-by-{profile}");
    let options = format!("--profile {profile} --pos shop --max-invalid 100%");
    let run = workspace.run(&format!("check {export} {options} --events {events}"));
    if run.code == 1 {
        let rejects = run.path("rejects");
        let is_folder = workspace.path(export).is_dir();
        let rejects = if is_folder { rejects } else { rejects.join(export) };
        copy_side_files(workspace, &run, &rejects);
        let read_again = workspace.run(&format!("check {} {options}", rejects.display()));
        // Documents that lack what every order needs are refused if no other one has it.
        if !read_again.err.contains("no document has") {
            assert_eq!(errors(&read_again), errors(&run), "rejects of {export} by {profile}");
        }
    }
    let events = fs::read_to_string(workspace.path(&events)).unwrap_or_default();
    let orders = orders_by_key(&events);
    let mut text = format!("{export} by {profile}: exit {}\n", run.code);
    for result in run.results() {
        write_result(&mut text, &result, &orders);
    }
    if run.code == 2 {
        write_message(&mut text, &run.err);
    } else {
        write_counts(&mut text, &run.summary());
    }
    text
}

/// Copies the joined files beside the rejects, of which they are none.
fn copy_side_files(workspace: &Workspace, run: &RunResult, rejects: &Path) {
    for side in run.summary()["side_files"].as_array().into_iter().flatten() {
        let from = workspace.path(side["file"].as_str().unwrap());
        copy(&from, &rejects.join(name_of(&from)));
    }
}

/// The references of invalid orders, with the codes of their errors.
fn errors(run: &RunResult) -> Vec<(String, Vec<String>)> {
    let results = run.results().into_iter().filter(|result| result["outcome"] == "invalid");
    let of_result = |result: Value| {
        let problems = result["problems"].as_array().unwrap().iter();
        let errors = problems.filter(|problem| problem["severity"] == "error");
        (plain(&result["referenceId"]), errors.map(|error| plain(&error["code"])).collect())
    };
    results.map(of_result).collect()
}
