//! Golden tests of exports: every folder of `tests/it/exports` has an export, profiles that read
//! it, and what becomes of it. A new case needs no code.
//!
//! Each profile (`profile.toml` and others; none is the canonical one) reads each export (a file,
//! or a folder of files). `expected.txt` lists the orders that a send would send, with their items
//! and guests, the other orders with their outcomes, all problems, and the message of a run that is
//! refused. `UPDATE_SAMPLES=1 cargo test` writes it again. Rejects have the same errors as in the
//! export.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rayon::prelude::*;
use serde_json::{Value, value::RawValue};

use crate::support::{
    self, difference_from,
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

fn write_result(text: &mut String, result: &Value, orders: &BTreeMap<Key, String>) {
    let key = (shown(&plain(&result["referenceId"])), plain(&result["orderedAt"]));
    if let Some(order) = orders.get(&key) {
        text.push_str(order);
    } else {
        write!(text, "{} | {}", key.0, plain(&result["outcome"])).unwrap();
        if let Some(reason) = result["reason"].as_str() {
            write!(text, ": {}", printable(reason)).unwrap();
        }
        text.push('\n');
    }
    for problem in result["problems"].as_array().unwrap() {
        let [severity, code, file, message] = ["severity", "code", "file", "message"]
            .map(|member| printable(&plain(&problem[member])));
        write!(text, "  ! {severity} {code} {file}").unwrap();
        for member in ["line", "column"] {
            if let Some(number) = problem[member].as_u64() {
                write!(text, ":{number}").unwrap();
            }
        }
        writeln!(text, ": {message}").unwrap();
    }
}

/// The message of a refused run, without its last paragraph, which counts the errors.
fn write_message(text: &mut String, message: &str) {
    let message = message.rsplit_once("\n\n").map_or(message, |(errors, _)| errors);
    for line in message.lines() {
        writeln!(text, "{}", format!("    {line}").trim_end()).unwrap();
    }
}

/// What belongs to no order.
fn write_counts(text: &mut String, summary: &Value) {
    for count in ["rows_ignored", "rows_skipped", "rows_unreadable", "headers_repeated"] {
        if let Some(rows) = summary[count].as_u64().filter(|rows| *rows > 0) {
            writeln!(text, "{count}: {rows}").unwrap();
        }
    }
    for problem in summary["problems"].as_array().unwrap() {
        if problem["orders"] == 0 {
            let [severity, code, rows] =
                ["severity", "code", "rows"].map(|member| plain(&problem[member]));
            writeln!(text, "{severity} {code}: {rows}").unwrap();
        }
    }
}

/// The reference and the time of an order.
type Key = (String, String);

/// Each order of a file of events, with its guest and its items.
fn orders_by_key(events: &str) -> BTreeMap<Key, String> {
    let mut guest = String::new();
    let mut orders = BTreeMap::new();
    for event in events.lines() {
        let mut event = Members::of(event);
        if event.take("type") == "IDENTITY" {
            guest = guest_of(event);
        } else {
            let mut order = Members::of(&event.take("order"));
            let key = (order.take("referenceId"), order.take("orderedAt"));
            let lines = lines_of_order(&key, order, &guest);
            assert!(orders.insert(key, lines).is_none(), "two orders with one key");
        }
    }
    orders
}

/// The identifiers and the attributes of a guest.
fn guest_of(mut identity: Members) -> String {
    for member in ["channel", "language", "currency", "page", "pos"] {
        identity.take(member);
    }
    let mut guest = String::new();
    for mut identifier in Members::list(&identity.take("identifiers")) {
        let text = format!("{}:{}", identifier.take("provider"), identifier.take("id"));
        if identity.0.get("email").is_some_and(|email| text == format!("email:{email}")) {
            identity.take("email");
        }
        write!(guest, " | {text}").unwrap();
        identifier.write_rest(&mut guest);
    }
    identity.write_rest(&mut guest);
    guest
}

fn lines_of_order((reference, ordered_at): &Key, mut order: Members, guest: &str) -> String {
    let time = ordered_at.replace(".000Z", "Z");
    let [status, price, currency] =
        ["status", "price", "currencyCode"].map(|member| order.take(member));
    let mut lines = format!("{reference} | {time} | {status} | {price} {currency}{guest}");
    let items = order.take("orderItems");
    if order.0.get("paymentType").is_some_and(|payment| payment == "other") {
        order.take("paymentType");
    }
    order.write_rest(&mut lines);
    lines.push('\n');
    for mut item in Members::list(if items.is_empty() { "[]" } else { &items }) {
        let [name, product, quantity, price, currency] =
            ["name", "productId", "quantity", "price", "currencyCode"]
                .map(|member| item.take_or_dash(member));
        write!(lines, "    {name} | {product} | {quantity} x {price}").unwrap();
        if currency != "-" {
            write!(lines, " {currency}").unwrap();
        }
        item.write_rest(&mut lines);
        lines.push('\n');
    }
    lines
}

/// The members of a JSON object. Numbers keep their digits, arrays and objects are JSON.
struct Members(BTreeMap<String, String>);

impl Members {
    fn of(json: &str) -> Self {
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).unwrap();
        let text = |value: &RawValue| {
            serde_json::from_str(value.get())
                .map_or_else(|_| value.get().to_owned(), |text: String| shown(&text))
        };
        Self(members.iter().map(|(name, value)| (name.clone(), text(value))).collect())
    }

    fn list(json: &str) -> Vec<Self> {
        let elements: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap();
        elements.iter().map(|element| Self::of(element.get())).collect()
    }

    /// Removes a member; a missing one is empty.
    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    fn take_or_dash(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_else(|| "-".to_owned())
    }

    /// Writes what was not taken, and the extensions.
    fn write_rest(mut self, line: &mut String) {
        let extensions = self.0.remove("extensions");
        for mut extension in extensions.iter().flat_map(|json| Self::list(json)) {
            for name in ["name", "key"] {
                extension.take(name);
            }
            extension.write_rest(line);
        }
        for (name, value) in &self.0 {
            write!(line, " | {name}={value}").unwrap();
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of an order: one that is longer than most shows its start and its length.
fn shown(value: &str) -> String {
    let length = value.chars().count();
    if length <= 200 {
        return printable(value);
    }
    let start: String = value.chars().take(8).collect();
    format!("{}… ({length} characters)", printable(&start))
}

/// A text with escapes in place of what cannot be seen, such as a zero-width character.
fn printable(text: &str) -> String {
    let escape = |character: char| {
        if matches!(character, '"' | '\'' | '\\') {
            character.to_string()
        } else {
            character.escape_debug().to_string()
        }
    };
    text.chars().map(escape).collect()
}
