//! Tests of exports that change while they are read: in either pass, nothing of them is sent. A
//! file that is replaced atomically is read in its old version.
//!
//! The change is made in the progress callback, which blocks the run: at a known position of the
//! file, independently of the speed of the machine.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
    thread,
};

use orderferry::{
    model::{outcome::Outcome, progress::Progress},
    pipeline::Finished,
};

use crate::{
    arbitrary,
    support::{
        process,
        service::MockService,
        workspace::{HEADER, Workspace, row},
    },
};

/// Number of words in an ignored column: rows are long, so that few rows fill many blocks.
const N_WORDS: usize = 1000;

/// The name of a compressed export.
const COMPRESSED: &str = "a.csv.gz";

/// More bytes than all cores read ahead.
fn n_orders() -> usize {
    let n_cores = thread::available_parallelism().unwrap().get();
    (16 + 2 * n_cores) * 256 * 1024 / (2 * 11 * N_WORDS)
}

/// Orders of two long, adjacent rows.
fn adjacent_rows() -> Vec<String> {
    let note = "long words ".repeat(N_WORDS);
    (0..2 * n_orders())
        .map(|n| format!("{},{note}\n", row(&format!("A-{}", n / 2)).trim_end()))
        .collect()
}

/// The second row of the first order is at the end, which requires a second pass.
fn scattered_rows() -> Vec<String> {
    let mut rows = adjacent_rows();
    let second = rows.remove(1);
    rows.push(second);
    rows
}

/// Most orders are scattered, which is detected before the end of the file.
fn scattered_everywhere() -> Vec<String> {
    (0..75_000).map(|n| row(&format!("A-{}", n % 25_000)).replace('\n', ",\n")).collect()
}

/// The time of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeTime {
    /// After the first rows were read.
    FirstPass,
    /// Before the second pass.
    Between,
    /// After the first rows were read in the second pass.
    SecondPass,
}

/// The state of a run with a change.
#[derive(Default)]
struct ChangeState {
    is_second_pass: bool,
    is_changed: bool,
}

/// A check of `rows` whose file is changed once.
fn check_with_change(
    name: &str,
    rows: &[String],
    change_time: ChangeTime,
    change: &(dyn Fn(&Path) + Sync),
) -> (Workspace, Finished) {
    let text = export(rows);
    let content = if name == COMPRESSED { gzip(text.as_bytes()) } else { text.into_bytes() };
    let workspace = Workspace::with(name, content);
    let (path, state) = (workspace.path(name), Mutex::new(ChangeState::default()));
    let finished = arbitrary::check_with(
        &workspace.path(""),
        &[&path],
        &arbitrary::profile_text(false),
        &|progress| {
            let mut state = state.lock().unwrap();
            let is_now = match progress {
                Progress::SecondPass { .. } => {
                    state.is_second_pass = true;
                    change_time == ChangeTime::Between
                }
                Progress::Rows { .. } if state.is_second_pass => {
                    change_time == ChangeTime::SecondPass
                }
                Progress::Rows { .. } => change_time == ChangeTime::FirstPass,
                _ => false,
            };
            if is_now && !state.is_changed {
                state.is_changed = true;
                change(&path);
            }
        },
    );
    assert!(state.into_inner().unwrap().is_changed, "{change_time:?} was not reached");
    (workspace, finished)
}

fn export(rows: &[String]) -> String {
    format!("{},note\n{}", HEADER.trim_end(), rows.concat())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Truncates the file after a complete row; the last order has one of its two rows.
fn truncate(path: &Path) {
    let text = fs::read(path).unwrap();
    let half = text.len() / 2;
    let end = half + text[half..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    File::options().write(true).open(path).unwrap().set_len(end as u64).unwrap();
}

fn append(path: &Path) {
    File::options()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(row("A-0").replace('\n', ",\n").as_bytes())
        .unwrap();
}

/// Writes the same bytes again; the file is empty for a moment.
fn rewrite(path: &Path) {
    fs::write(path, fs::read(path).unwrap()).unwrap();
}

fn replace(path: &Path) {
    let next: PathBuf = path.with_extension("next");
    fs::write(&next, format!("{HEADER}{}", row("B-1"))).unwrap();
    fs::rename(next, path).unwrap();
}

/// Asserts that no order was read, and that the report contains the reason.
fn assert_refused((workspace, finished): &(Workspace, Finished), message: &str) {
    let summary = &finished.summary;
    let stopped = summary.stopped.as_deref().unwrap_or_default();
    assert_eq!((summary.exit_code, summary.orders.read), (2, 0), "{stopped}");
    assert!(
        stopped.contains("changed while it was read") && stopped.contains(message),
        "{stopped}"
    );
    assert_eq!(finished.error.as_deref(), Some(stopped));
    assert!(
        fs::read_to_string(workspace.path("run/report.html"))
            .unwrap()
            .contains("changed while it was read")
    );
    assert_eq!(fs::read_to_string(workspace.path("run/results.ndjson")).unwrap(), "");
}

#[test]
fn input_change_in_a_single_pass_is_refused() {
    let rows = adjacent_rows();
    for name in ["a.csv", COMPRESSED] {
        let change = |change| check_with_change(name, &rows, ChangeTime::FirstPass, change);
        assert_refused(&change(&truncate), "bytes at the start and has");
        assert_refused(&change(&append), "bytes at the start and has");
        assert_refused(&change(&rewrite), "");
    }
}

#[test]
fn input_change_in_either_pass_is_refused() {
    let rows = scattered_rows();
    for change_time in [ChangeTime::FirstPass, ChangeTime::Between, ChangeTime::SecondPass] {
        let change = |change| check_with_change("a.csv", &rows, change_time, change);
        assert_refused(&change(&truncate), "bytes at the start and has");
        assert_refused(&change(&append), "bytes at the start and has");
        assert_refused(&change(&rewrite), "");
    }
}

#[test]
fn input_change_while_spilling_is_refused() {
    let rows = scattered_everywhere();
    for change_time in [ChangeTime::FirstPass, ChangeTime::Between, ChangeTime::SecondPass] {
        assert_refused(
            &check_with_change("a.csv", &rows, change_time, &append),
            "bytes at the start and has",
        );
    }
}

#[test]
#[cfg(unix)]
fn atomically_replaced_input_is_read_as_it_was() {
    let rows = adjacent_rows();
    let (_, finished) = check_with_change("a.csv", &rows, ChangeTime::FirstPass, &replace);
    let orders = finished.summary.orders;
    assert_eq!(
        (finished.error, orders.read, orders[Outcome::Valid]),
        (None, n_orders() as u64, n_orders() as u64)
    );
    // A second pass would read the new file.
    let rows = scattered_rows();
    for change_time in [ChangeTime::FirstPass, ChangeTime::Between] {
        assert_refused(
            &check_with_change("a.csv", &rows, change_time, &replace),
            "another file is in its place",
        );
    }
    let (_, finished) = check_with_change("a.csv", &rows, ChangeTime::SecondPass, &replace);
    assert_eq!(
        (finished.error, finished.summary.orders[Outcome::Valid]),
        (None, n_orders() as u64)
    );
}

/// Rejects are not written from the rows of another file.
#[test]
#[cfg(unix)]
fn replaced_input_writes_no_rejects() {
    let mut rows = adjacent_rows();
    for row in &mut rows[..2] {
        *row = row.replace(",EUR,", ",XYZ1,");
    }
    let (workspace, finished) = check_with_change("a.csv", &rows, ChangeTime::FirstPass, &replace);
    assert_eq!(
        (finished.summary.exit_code, finished.summary.orders[Outcome::Invalid]),
        (1, 1),
        "{:?}",
        finished.error
    );
    assert!(!workspace.path("run/rejects/a.csv").exists());
    assert!(
        fs::read_to_string(workspace.path("run/rejects/a.csv.reasons.ndjson"))
            .unwrap()
            .contains("A-0")
    );
}

/// A file is checked for changes until all inputs are read.
#[test]
fn change_of_a_finished_input_is_refused() {
    let workspace = Workspace::with("a.csv", format!("{HEADER}{}", row("Z-1")));
    workspace.file("b.csv", export(&adjacent_rows()));
    let paths = ["a.csv", "b.csv"].map(|name| workspace.path(name));
    let n_rows = Mutex::new(Cell::new(0));
    let finished = arbitrary::check_with(
        &workspace.path(""),
        &[&paths[0], &paths[1]],
        &arbitrary::profile_text(false),
        &|progress| {
            let Progress::Rows { rows: n, .. } = progress else { return };
            let n_rows = n_rows.lock().unwrap();
            // The first file has one row.
            if n_rows.get() <= 1 && n_rows.get() + n > 1 {
                append(&paths[0]);
            }
            n_rows.set(n_rows.get() + n);
        },
    );
    assert_refused(&(workspace, finished), "a.csv: changed while it was read");
}

/// Unread warnings block the program at the end of the first file, before the end of the second
/// one.
#[test]
fn changed_input_sends_nothing() {
    let service = MockService::start(|_| None);
    let unknown = (0..20).map(|n| format!(",{n}{}", "x".repeat(8000))).collect::<Vec<_>>().concat();
    let first =
        format!("{}{unknown}\n{}{}\n", HEADER.trim_end(), row("Z-1").trim_end(), ",".repeat(20));
    for change in [truncate, append] {
        let workspace = Workspace::with("a.csv", &first);
        workspace.file("b.csv", export(&adjacent_rows()));
        workspace.file("adjacent.toml", arbitrary::profile_text(true));
        let mut command = process(&workspace.path(""));
        command.args([
            "send",
            "a.csv",
            "b.csv",
            "--profile",
            "adjacent.toml",
            "--pos",
            "x",
            "--client-key",
            "k",
        ]);
        command.args([
            "--base-url",
            &service.base_url,
            "--backfill",
            "--new-ledger",
            "--out",
            "run",
        ]);
        let mut program = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut output, mut stderr) = (vec![0], program.stderr.take().unwrap());
        stderr.read_exact(&mut output).unwrap();
        change(&workspace.path("b.csv"));
        stderr.read_to_end(&mut output).unwrap();
        let output = String::from_utf8_lossy(&output);
        let error = output.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert_eq!(program.wait().unwrap().code(), Some(2), "{error}");
        assert!(error.starts_with("error: b.csv: changed while it was read: it had"), "{error}");
        assert!(!workspace.path("run/plan.ndjson").exists());
    }
    assert_eq!(service.n_received(), 0);
}

#[test]
fn side_file_change_is_refused() {
    let workspace = Workspace::with("a.csv", export(&adjacent_rows()));
    workspace.file("side.csv", "id,x\nA-0,1\n");
    let (side, is_changed) = (workspace.path("side.csv"), Mutex::new(false));
    let join = "[[join]]\nas = 'side'\nfile = 'side.csv'\n\
                on = [{ column = 'referenceId', to = 'id' }]\n";
    let finished = arbitrary::check_with(
        &workspace.path(""),
        &[&workspace.path("a.csv")],
        &format!("{}\n{join}", arbitrary::profile_text(false)),
        &|progress| {
            let mut is_changed = is_changed.lock().unwrap();
            if matches!(progress, Progress::Rows { .. }) && !*is_changed {
                *is_changed = true;
                fs::write(&side, "id,x\nA-0,2\nA-1,2\n").unwrap();
            }
        },
    );
    let summary = &finished.summary;
    let stopped = summary.stopped.as_deref().unwrap_or_default();
    assert_eq!((summary.exit_code, summary.orders.read), (2, 0), "{stopped}");
    assert!(stopped.contains("side.csv") && stopped.contains("changed"), "{stopped}");
}
