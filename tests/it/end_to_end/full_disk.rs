//! Tests of a full disk during the shuffle: the run reports it, and nothing is sent.

use std::fs;

use super::generated_export::{Export, ExportQuality, HEADER};
use crate::support::{
    PROGRAM, namespace::Namespace, rng::TestRng, service::MockService, workspace::Workspace,
};

/// Size of the disk in kB. A few hundred orders with long rows fill it.
const DISK: usize = 32 * 1024;

/// Growth of the free space from run to run, in kB.
const STEP: usize = 480;

/// The disk is full, or the run predicts that it will be.
const EXPECTED_ERRORS: [&str; 2] = ["No space left", "the rows of scattered orders need"];

fn shuffled_workspace() -> Workspace {
    let mut rows = Export::new(7, 400, ExportQuality::Good).rows;
    let note = "long words ".repeat(150);
    for row in &mut rows {
        *row = row.replace("a, note", &note);
    }
    TestRng::new(7).shuffle(&mut rows);
    Workspace::with("a.csv", format!("{HEADER}{}", rows.concat()))
}

/// The result of a run with limited free space.
struct DiskRun {
    code: i32,
    output: String,
    summary: Option<serde_json::Value>,
    n_results: usize,
}

/// A run with its run folder on the disk and its ledger elsewhere.
fn run_on_disk(
    inside: &mut Namespace,
    workspace: &Workspace,
    service: &MockService,
    free_kb: usize,
) -> DiskRun {
    let fill = format!("$(( ($(df -kP disk | awk 'NR == 2 {{ print $4 }}') - {free_kb}) * 1024 ))");
    inside.run_ok(&format!("head -c {fill} /dev/zero > disk/filler"));
    let options =
        "--pos x --max-invalid 100% --memory 1MB --backfill --rate unlimited --new-ledger";
    let target = format!("--base-url {} --client-key k --identity-pause 0s", service.base_url);
    let run = format!("'{PROGRAM}' send a.csv {options} {target} --out disk/run < /dev/null");
    let (code, output) = inside.run(&run);
    inside.run_ok("rm -f -r run disk/filler && if test -e disk/run; then mv disk/run .; fi");
    let text = |name: &str| fs::read_to_string(workspace.path("run").join(name)).ok();
    let summary = text("summary.json").and_then(|text| serde_json::from_str(&text).ok());
    DiskRun {
        code,
        output,
        summary,
        n_results: text("results.ndjson").unwrap_or_default().lines().count(),
    }
}

/// Asserts that the run was refused with a message, and that its files are complete.
fn assert_refused(ended: &DiskRun) {
    assert_eq!(ended.code, 2, "{}", ended.output);
    assert!(
        EXPECTED_ERRORS.iter().any(|message| ended.output.contains(message)),
        "{}",
        ended.output
    );
    assert!(!ended.output.contains("panicked"), "{}", ended.output);
    if let Some(summary) = &ended.summary {
        assert_eq!(summary["orders"]["read"], ended.n_results, "{}", ended.output);
    }
}

#[test]
fn full_disk_during_shuffle_sends_nothing() {
    let Some(mut inside) = Namespace::enter_or_skip("full_disk_during_shuffle_sends_nothing")
    else {
        return;
    };
    let (workspace, service) = (shuffled_workspace(), MockService::start(|_| None));
    let folder = workspace.path("");
    inside.run_ok(&format!(
        "cd '{}' && mkdir disk && mount -t tmpfs -o size={DISK}k none disk",
        folder.display()
    ));
    let mut output = String::new();
    for free_kb in (0..DISK).step_by(STEP) {
        let ended = run_on_disk(&mut inside, &workspace, &service, free_kb);
        if ended.code < 2 {
            assert!(ended.summary.is_some_and(|summary| summary["scattered"].as_u64() > Some(100)));
            assert!(
                service.n_received() > 400
                    && EXPECTED_ERRORS.iter().any(|message| output.contains(message)),
                "{output}"
            );
            return;
        }
        assert_refused(&ended);
        assert_eq!(service.n_received(), 0, "{}", ended.output);
        output += &ended.output;
    }
    panic!("a run needs more than {DISK} kB: {output}");
}

/// Few orders are scattered, which is detected early; the disk has space for their rows, not for
/// all rows.
#[test]
fn low_disk_space_spills_scattered_orders_only() {
    let name = "low_disk_space_spills_scattered_orders_only";
    let Some(mut inside) = Namespace::enter_or_skip(name) else { return };
    let head =
        "referenceId,orderedAt,status,currencyCode,price,paymentType,guest.email,item.name,note\n";
    let order = "2025-03-01T10:00:00Z,PURCHASED,EUR,1,other,ann@example.com";
    let note = "long words ".repeat(200);
    let row = |n: u32, item: &str| format!("A-{n},{order},{item},{note}\n");
    // Every tenth order has its second row ten orders later.
    let rows = (0..30_000).flat_map(|n| {
        let again = n >= 10 && n % 10 == 0;
        [Some(row(n, "one")), again.then(|| row(n - 10, "two"))].into_iter().flatten()
    });
    let workspace = Workspace::with("a.csv", format!("{head}{}", rows.collect::<String>()));
    let folder = workspace.path("");
    inside.run_ok(&format!(
        "cd '{}' && mkdir disk && mount -t tmpfs -o size=100M none disk",
        folder.display()
    ));
    let (code, output) = inside
        .run(&format!("'{PROGRAM}' check a.csv --pos x --memory 1MB --out disk/run < /dev/null"));
    inside.run_ok("mv disk/run .");
    assert_eq!(code, 0, "{output}");
    assert!(!output.contains("most orders") && output.contains("the rows of 2"), "{output}");
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(workspace.path("run/summary.json")).unwrap())
            .unwrap();
    assert_eq!(
        (&summary["orders"]["read"], &summary["scattered"]),
        (&30_000.into(), &2_999.into()),
        "{output}"
    );
}
