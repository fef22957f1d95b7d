//! Tests of the README: its commands run, and its map names every module.

use std::fs;

use crate::support::{FinishedRun, root};

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The orderferry commands in the README's `sh` blocks, without the program name and comments.
fn commands() -> Vec<String> {
    let readme = readme();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter_map(|line| {
        let command = line.split(" #").next().unwrap().trim();
        let arguments =
            command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("orderferry "))?;
        Some(arguments.to_owned())
    });
    lines.collect()
}

#[test]
fn readme_commands_work() {
    let commands = commands();
    assert!(commands.iter().any(|command| command == "send samples/orders.csv --sandbox"), "{commands:?}");
    for command in commands {
        let is_run = command.starts_with("check ") || command.starts_with("send ");
        // Commands that need a tenant, a file of the user or a second terminal are not run.
        let is_runnable = is_run && command.contains("samples/") && !command.contains("--to ");
        if !is_runnable {
            continue;
        }
        // The README's commands run at the default rate; the test uses none.
        let mut accelerated = command.clone();
        if command.contains("--sandbox") {
            let rate = if command.contains("--rate") { "" } else { " --rate unlimited" };
            accelerated = format!("{command}{rate} --identity-pause 0s");
        }
        if command.contains("--fault ") {
            accelerated += " --set down_after=1000";
        }
        if command.contains("--faults") {
            accelerated +=
                " --timeout 1s --fault latency=0s --fault retry_after=0s --fault outage.lasts=0s --set down_after=1000";
        }
        let run = FinishedRun::in_root(&accelerated);
        // With faults the outcome of some orders is unknown.
        let expected = if command.contains("--fault") { 3 } else { i32::from(command.contains("mistakes")) };
        assert_eq!(run.code(), expected, "{command}: {}", String::from_utf8_lossy(&run.output.stderr));
    }
}

#[test]
fn readme_map_names_every_module() {
    let readme = readme();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let entry = name.strip_suffix(".rs").map_or_else(|| format!("`{name}/`"), |_| format!("`{name}`"));
        let is_pipeline_folder = name == "pipeline";
        assert!(is_pipeline_folder || readme.contains(&entry), "the README's map does not name {entry}");
    }
}

#[test]
fn readme_lists_outcomes_and_exit_codes() {
    let readme = readme();
    for outcome in orderferry::model::outcome::Outcome::ALL {
        assert!(readme.contains(&format!("| `{outcome}` |")), "{outcome}");
    }
    for code in 0..=5 {
        assert!(readme.contains(&format!("| {code} |")), "exit code {code}");
    }
}
