//! Tests that input text cannot control the terminal or imitate a message: escape sequences, line
//! breaks and bidirectional controls.

use std::{fs, path::Path};

use chrono::DateTime;
use orderferry::{
    ledger::{self, Consent, Intent, LedgerWrite, OrderKey},
    model::planned::ContentHash,
    stream,
};

use crate::support::{
    program,
    workspace::{ExportRow, HEADER, Workspace, export, row},
};

/// Red text, a cleared line, a changed text direction, and a fake message.
const HOSTILE: &str = "a\u{1b}[31m\u{9b}2K\u{7f}\u{202e}b\u{2066}c\nerror: d";

/// The text as it is printed.
const SHOWN: &str = r"a\u{1b}[31m\u{9b}2K\u{7f}\u{202e}b\u{2066}c\nerror: d";

fn is_terminal_control(c: char) -> bool {
    c != '\n' && c.is_control()
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Runs a command; returns its output, which must not contain terminal controls.
fn printed(workspace: &Workspace, arguments: &[&str]) -> String {
    let output = program(&workspace.path("")).args(arguments).write_stdin("").output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!text.contains(is_terminal_control), "{arguments:?}: {text:?}");
    assert!(
        !text.lines().any(|line| line == "error: d" || line.starts_with("error: d:")),
        "{arguments:?}: {text}"
    );
    text
}

#[test]
fn arguments_are_printed_escaped() {
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let check = ["check", "orders.csv", "--pos", "x"];
    let with = |more: &[&str]| printed(&workspace, &[&check[..], more].concat());
    let pair = format!("{HOSTILE}=1");
    let cases: [&[&str]; 8] = [
        &["--profile", HOSTILE],
        &["--config", HOSTILE],
        &["--set", &pair],
        &["--rate", HOSTILE],
        &["--memory", HOSTILE],
        &["--mode", HOSTILE],
        &[&format!("--{HOSTILE}")],
        &["--out", HOSTILE],
    ];
    for case in cases {
        assert!(with(case).contains(r"\u{202e}"), "{case:?}");
    }
    for case in [
        &[HOSTILE][..],
        &["check", HOSTILE],
        &["profiles", "show", HOSTILE],
        &["send", "--sandbox", "--resume", HOSTILE],
        &["send", "orders.csv", "--to", HOSTILE],
        &["send", "orders.csv", "--sandbox", "--fault", &pair],
        &["ledger", "list", "--ledger", HOSTILE],
        &["ledger", "list", "--since", HOSTILE],
    ] {
        assert!(printed(&workspace, case).contains(r"\u{202e}"), "{case:?}");
    }
}

#[test]
fn file_names_are_printed_escaped() {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("in")).unwrap();
    let file = Path::new("in").join(format!("{HOSTILE}.csv"));
    let bad = ExportRow { reference: "A-2", price: "x", ..ExportRow::default() }.csv();
    let header = HEADER.replace("status", &format!("\"{HOSTILE}\",status"));
    let rows = format!("{}{bad}", row("A-1")).replace("PURCHASED", ",PURCHASED");
    workspace.file(&file.to_string_lossy(), format!("{header}{rows}"));
    let text = printed(
        &workspace,
        &["check", "in", "--pos", "x", "--max-invalid", "100%", "--out", "run"],
    );
    assert!(text.contains(&format!("warning: in/{SHOWN}.csv:")), "{text}");
    assert!(text.contains(&format!("  read      in/{SHOWN}.csv,")), "{text}");
    let page = fs::read_to_string(workspace.path("run/report.html")).unwrap();
    assert!(
        page.contains(&format!("in/{SHOWN}.csv")) && !page.contains(is_terminal_control),
        "{page}"
    );
    let json = [
        "check",
        "in",
        "--pos",
        "x",
        "--max-invalid",
        "100%",
        "--out",
        "json",
        "--format",
        "json",
        "--quiet",
    ];
    let summary: serde_json::Value = serde_json::from_str(&printed(&workspace, &json)).unwrap();
    assert_eq!(summary["inputs"][0]["file"], format!("in/{SHOWN}.csv"));
    workspace.file(&file.to_string_lossy(), "");
    assert!(
        printed(&workspace, &["check", "in", "--pos", "x"])
            .contains(&format!("error: in/{SHOWN}.csv:1: the file is empty"))
    );
}

#[test]
fn references_and_reasons_are_escaped() {
    let workspace = Workspace::new();
    let quoted = format!("\"{HOSTILE}\"");
    let rows = [
        ExportRow { reference: &quoted, ..ExportRow::default() }.csv(),
        row("A-2").replace("PURCHASED", "SKIP"),
    ];
    workspace.file("orders.csv", format!("{HEADER}{}", rows.concat()));
    let profile = "name = 'p'\n[[skip]]\nreason = \"\"\"HOSTILE\"\"\"\nwhen = { column = 'status', is = 'SKIP' }\n[order]\n\
        referenceId = { column = 'referenceId' }\norderedAt = { column = 'orderedAt', date = 'iso8601' }\n\
        status = { column = 'status' }\ncurrencyCode = { column = 'currencyCode' }\nprice = { column = 'price' }\n\
        paymentType = { column = 'paymentType' }\n[guest]\nemail = { column = 'guest.email' }\n";
    workspace.file(
        "p.toml",
        profile.replace("HOSTILE", &HOSTILE.chars().map(escaped).collect::<String>()),
    );
    let send = [
        "send",
        "orders.csv",
        "--profile",
        "p.toml",
        "--sandbox",
        "--ledger",
        "l.db",
        "--out",
        "run",
    ];
    let text = printed(
        &workspace,
        &[&send[..], &["--fault", "closed_taken=100%", "--set", "tries=1"]].concat(),
    );
    assert!(text.contains(&format!("    left out      1  {SHOWN}\n")), "{text}");
    let page = fs::read_to_string(workspace.path("run/report.html")).unwrap();
    assert!(page.contains(r"\u{202e}b") && !page.contains(is_terminal_control), "{page}");
    let _ = printed(&workspace, &["ledger", "list", "--ledger", "l.db"]);
}

/// The character as written in TOML.
fn escaped(c: char) -> String {
    if c.is_control() || is_terminal_control(c) {
        format!("\\u{:04x}", u32::from(c))
    } else {
        c.to_string()
    }
}

#[test]
fn ledger_output_is_escaped() {
    let workspace = Workspace::new();
    // Not sent by a run, which refuses such a reference today.
    let target = stream::target("http://127.0.0.1:1", "a-key").unwrap();
    let location = ledger::at_path(workspace.path("l.db"));
    let mut ledger = location.open_to_write(&target, "run", Consent::NotNeeded).unwrap();
    let order = OrderKey {
        reference: HOSTILE.to_owned(),
        ordered_at: DateTime::UNIX_EPOCH,
        content: ContentHash([0; 16]),
    };
    let status = "PURCHASED".to_owned();
    let intent = Intent { order, status, money: None, item_count: 1, dedup_hash: None };
    ledger.write(&[LedgerWrite::Intent(intent)]).unwrap();
    drop(ledger);
    let list = ["ledger", "list", "--ledger", "l.db"];
    assert!(printed(&workspace, &list).contains(SHOWN));
    let line = printed(&workspace, &[&list[..], &["--format", "json"]].concat());
    let order: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(order["reference"], HOSTILE);
    assert!(printed(&workspace, &["ledger", "show", HOSTILE, "--ledger", "l.db"]).contains(SHOWN));
    let export: serde_json::Value =
        serde_json::from_str(&printed(&workspace, &["ledger", "export", "--ledger", "l.db"]))
            .unwrap();
    assert_eq!(export["reference"], HOSTILE);
    let settled =
        printed(&workspace, &["ledger", "settle", HOSTILE, "--as", "failed", "--ledger", "l.db"]);
    assert!(settled.contains(r"\u{202e}"), "{settled}");
}
