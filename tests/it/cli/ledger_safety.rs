//! Tests that nothing is sent with a doubtful ledger: missing, new, emptied, truncated, restored
//! from a backup, damaged, replaced during a run, of another target, or mounted as a single file.

use std::{fs, path::Path};

use crate::support::{
    LEDGER, PROGRAM,
    namespace::Namespace,
    program,
    service::{MockService, Reply},
    workspace::{RunResult, Workspace, export},
};

const OPTIONS: &str = "--client-key k --pos x --backfill --rate unlimited --identity-pause 0s";

/// A shop whose orders are sent.
struct TestShop {
    workspace: Workspace,
    service: MockService,
}

impl TestShop {
    fn new() -> Self {
        let shop = Self { workspace: Workspace::new(), service: MockService::start(|_| None) };
        shop.workspace.file("orders.csv", export(&["A-1", "A-2"]));
        let first = shop.send("");
        assert_eq!(
            (first.code, first.outcomes().as_str()),
            (0, "A-1 accepted, A-2 accepted"),
            "{}",
            first.err
        );
        shop
    }

    fn send(&self, options: &str) -> RunResult {
        let base_url = &self.service.base_url;
        self.workspace.run(&format!("send orders.csv --base-url {base_url} {OPTIONS}{options}"))
    }

    /// A repeated run, as by a cron job, without the options of a first run.
    fn send_again(&self) -> RunResult {
        self.send(&format!(" --ledger={LEDGER}"))
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.workspace.path(LEDGER)
    }

    /// Asserts that nothing was sent, and that standard error contains these texts.
    fn assert_refused(&self, ran: &RunResult, messages: &[&str]) {
        assert_eq!(ran.code, 2, "{}", ran.err);
        for message in messages {
            assert!(ran.err.contains(message), "{message}: {}", ran.err);
        }
        assert_eq!(self.service.count("ORDER_CHECKOUT"), 2, "{}", ran.err);
    }
}

/// The files of SQLite next to a ledger, and lock files.
fn companion_files(ledger: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(ledger.parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.to_string_lossy().contains(LEDGER) && file != ledger).collect()
}

#[test]
fn missing_ledger_sends_nothing() {
    let shop = TestShop::new();
    let hint = "hint: the first run creates it with --new-ledger; if there was one, restore it or name it with --ledger";
    for empty in [false, true] {
        fs::remove_file(shop.ledger()).unwrap();
        if empty {
            shop.workspace.file(LEDGER, "");
        }
        shop.assert_refused(&shop.send_again(), &["there is no ledger", "nothing was sent", hint]);
        shop.workspace.file(LEDGER, "");
    }
    // A truncated ledger is refused too.
    let shop = TestShop::new();
    let bytes = fs::read(shop.ledger()).unwrap();
    shop.workspace.file(LEDGER, &bytes[..bytes.len() / 8192 * 4096]);
    shop.assert_refused(&shop.send_again(), &["is damaged"]);
}

#[test]
fn new_ledger_is_refused_for_a_used_ledger() {
    let shop = TestShop::new();
    shop.assert_refused(
        &shop.send(" --new-ledger"),
        &["holds 2 attempts", "hint: leave out --new-ledger"],
    );
    assert_eq!(shop.send_again().outcomes(), "A-1 already_sent, A-2 already_sent");
}

#[test]
fn ledger_without_attempts_counts_as_new() {
    let service = MockService::start(|_| Some(Reply::status(401)));
    let workspace = Workspace::with("orders.csv", export(&["A-1"]));
    let send = |options: &str| {
        workspace
            .run(&format!("send orders.csv --base-url {} {OPTIONS}{options}", service.base_url))
    };
    for options in [" --new-ledger", "", " --new-ledger", &format!(" --ledger={LEDGER}")] {
        assert_eq!(send(options).code, 4, "{options}");
    }
}

/// The ledger does not depend on the working folder, which may change.
#[test]
fn default_ledger_is_in_the_state_folder() {
    let shop = TestShop::new();
    fs::create_dir(shop.workspace.path("elsewhere")).unwrap();
    let send = |folder: &str, options: &[&str]| {
        let mut program = program(&shop.workspace.path(folder));
        program.env_remove("ORDERFERRY_LEDGER").env("XDG_STATE_HOME", shop.workspace.path("state"));
        program
            .arg("send")
            .arg(shop.workspace.path("orders.csv"))
            .args(["--base-url", &shop.service.base_url]);
        let output = program.args(OPTIONS.split(' ')).args(options).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // The message names the ledger of an earlier version.
    let (code, errors) = send("", &[]);
    assert!(
        code == 2 && errors.contains("an earlier version kept its ledger at orderferry-ledger.db"),
        "{errors}"
    );
    let new = MockService::start(|_| None);
    assert_eq!(
        send("", &["--new-ledger", "--base-url", &new.base_url]).0,
        2,
        "--base-url is given twice"
    );
    assert_eq!(send("", &["--new-ledger"]).0, 0);
    assert!(shop.workspace.path("state/orderferry/orderferry-ledger.db").exists());
    let n_sent = shop.service.count("ORDER_CHECKOUT");
    assert_eq!(send("elsewhere", &[]).0, 0);
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), n_sent);
    // Without a home there is no state folder.
    let mut program = program(&shop.workspace.path(""));
    program
        .env_remove("ORDERFERRY_LEDGER")
        .env_remove("XDG_STATE_HOME")
        .env_remove("HOME")
        .arg("send");
    program.arg("orders.csv").args(["--base-url", &shop.service.base_url]).args(OPTIONS.split(' '));
    let output = program.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && errors.contains("hint: name a file with --ledger"),
        "{errors}"
    );
}

#[test]
fn rotated_key_is_a_new_target_until_adopted() {
    let shop = TestShop::new();

    let send = |key: &str, options: &str| {
        let (base_url, options) = (
            &shop.service.base_url,
            format!("{}{options}", OPTIONS.replace("-key k", &format!("-key {key}"))),
        );
        shop.workspace.run(&format!("send orders.csv --base-url {base_url} {options}"))
    };
    let refused = send("rotated", "");
    shop.assert_refused(
        &refused,
        &["2 orders accepted", &shop.service.base_url, "--new-target", "ledger adopt --from"],
    );
    let from = refused.err.split("target ").nth(1).unwrap()[..8].to_owned();
    shop.assert_refused(&send("k", " --new-target"), &["leave out --new-target"]);
    let check = format!(
        "check orders.csv --base-url {} --client-key rotated --pos x",
        shop.service.base_url
    );
    let checked = shop.workspace.run(&check);
    assert!(
        checked.err.contains("warning: the ledger orderferry-ledger.db holds other targets"),
        "{}",
        checked.err
    );
    assert_eq!(checked.summary()["forecast"]["needs_new_target"], true);
    assert!(checked.out_unwrapped().contains("tenant needs --new-target"), "{}", checked.out);
    let adopt = |from: &str| {
        let key = "--client-key rotated --base-url";
        shop.workspace.run(&format!("ledger adopt --from {from} {key} {}", shop.service.base_url))
    };
    assert!(adopt("00000000000").err.contains("0 of the ledger's targets"));
    let adopted = adopt(&from);
    assert!(
        adopted.code == 0 && adopted.out.contains("2 orders accepted"),
        "{}{}",
        adopted.out,
        adopted.err
    );
    assert_eq!(
        shop.workspace.run(&check).summary()["forecast"]["needs_new_target"],
        serde_json::Value::Null
    );
    assert_eq!(send("rotated", "").outcomes(), "A-1 already_sent, A-2 already_sent");
    // The old key is now a new target, which --new-target allows.
    shop.assert_refused(&send("k", ""), &["--new-target"]);
    assert_eq!(send("k", " --new-target").code, 0);
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 4);
}

/// A ledger from before the newest run, with or without its companion files.
#[test]
fn restored_backup_is_detected() {
    let shop = TestShop::new();
    let backup: Vec<_> = [vec![shop.ledger()], companion_files(&shop.ledger())].concat();
    let backup: Vec<_> = backup.into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    shop.workspace.file("orders.csv", export(&["A-1", "A-2", "A-3"]));
    assert_eq!(shop.send_again().code, 0);
    let restore = |is_selected: fn(&Path) -> bool| {
        for (bytes, file) in backup.iter().filter(|(_, file)| is_selected(file)) {
            fs::write(file, bytes).unwrap();
        }
    };
    let refused = |ran: &RunResult| {
        assert_eq!((ran.code, shop.service.count("ORDER_CHECKOUT")), (2, 3), "{}", ran.err);
        assert!(
            ran.err.contains("its newest attempts are lost, as in an older backup"),
            "{}",
            ran.err
        );
    };
    // The database alone is detected by its lock file, the whole folder by the state folder.
    for is_selected in [|file: &Path| file.extension() == Some("db".as_ref()), |_: &Path| true] {
        restore(is_selected);
        refused(&shop.send_again());
        refused(&shop.send_again());
        assert!(
            shop.workspace
                .run("ledger settle A-1 --as failed")
                .err
                .contains("as in an older backup")
        );
    }
    // The loss is accepted explicitly; the next runs continue.
    let accepted = shop.workspace.run("ledger accept-loss");
    assert_eq!((accepted.code, accepted.err.as_str()), (0, ""));
    assert_eq!(shop.send_again().outcomes(), "A-1 already_sent, A-2 already_sent, A-3 accepted");
    assert_eq!(
        shop.send_again().outcomes(),
        "A-1 already_sent, A-2 already_sent, A-3 already_sent"
    );
}

/// Without companion files, as in a fresh container, or with unreadable ones, a loss is not
/// detected.
#[test]
fn companion_files_are_optional_evidence() {
    let shop = TestShop::new();
    for file in companion_files(&shop.ledger()) {
        fs::write(file, "nonsense \u{0}").unwrap();
    }
    fs::remove_dir_all(shop.workspace.path("state-home")).unwrap();
    // A file in place of the state folder.
    shop.workspace.file("state-home", "");
    let ran = shop.send_again();
    assert_eq!((ran.code, ran.outcomes().as_str()), (0, "A-1 already_sent, A-2 already_sent"));
    assert!(ran.err.contains("state-home"), "{}", ran.err);
    // A ledger that was closed properly can be copied without its companion files.
    fs::create_dir(shop.workspace.path("copy")).unwrap();
    fs::copy(shop.ledger(), shop.workspace.path("copy/l.db")).unwrap();
    assert_eq!(shop.send(" --ledger copy/l.db").outcomes(), "A-1 already_sent, A-2 already_sent");
}

#[test]
fn replaced_ledger_stops_the_run() {
    for how in ["deleted", "replaced", "cut"] {
        let workspace = Workspace::with("orders.csv", export(&["A-1", "A-2", "A-3"]));
        let ledger = workspace.path(LEDGER);
        let service = MockService::start(move |request| {
            if request.reference() == "A-1" {
                match how {
                    "deleted" => fs::remove_file(&ledger).unwrap(),
                    "replaced" => {
                        fs::copy(&ledger, ledger.with_extension("copy")).unwrap();
                        fs::rename(ledger.with_extension("copy"), &ledger).unwrap();
                    }
                    _ => fs::write(&ledger, "").unwrap(),
                }
            }
            None
        });
        let ran =
            workspace.run(&format!("send orders.csv --base-url {} {OPTIONS}", service.base_url));
        assert_eq!(ran.code, 4, "{how}: {}", ran.err);
        assert!(
            ran.err.contains("was deleted, replaced or truncated while it was open"),
            "{how}: {}",
            ran.err
        );
        assert_eq!(ran.outcomes(), "A-1 accepted, A-2 not_attempted, A-3 not_attempted", "{how}");
        // The same after the last order.
        let ledger = workspace.path("last.db");
        let service = MockService::start(move |request| {
            if request.reference() == "A-3" {
                fs::remove_file(&ledger).unwrap();
            }
            None
        });
        let ran = workspace.run(&format!(
            "send orders.csv --base-url {} {OPTIONS} --ledger last.db",
            service.base_url
        ));
        assert_eq!((ran.code, service.count("ORDER_CHECKOUT")), (4, 3), "{}", ran.err);
    }
}

/// As for another user, or on a read-only disk.
#[cfg(unix)]
#[test]
fn check_reads_a_read_only_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let name = "check_reads_a_read_only_ledger";
    let Some(mut inside) = Namespace::enter_or_skip(name) else { return };
    let shop = TestShop::new();
    for (file, mode) in [(shop.ledger(), 0o444), (shop.workspace.path(""), 0o755)] {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }
    for file in companion_files(&shop.ledger()) {
        fs::remove_file(file).unwrap();
    }
    let (folder, out) = (shop.workspace.path(""), tempfile::tempdir().unwrap());
    inside.run_ok(&format!(
        "cd '{}' && mount --bind . . && mount -o remount,bind,ro .",
        folder.display()
    ));
    let command = format!(
        "cd '{0}' && '{PROGRAM}' check orders.csv --base-url {1} --client-key k --pos x --ledger {LEDGER} --out '{2}/run'",
        folder.display(),
        shop.service.base_url,
        out.path().display()
    );
    let (code, output_text) = inside.run(&command);
    let results = fs::read_to_string(out.path().join("run/results.ndjson")).unwrap_or_default();
    assert_eq!((code, results.matches("already_sent").count()), (0, 2), "{output_text}{results}");
}

/// As with `docker -v $PWD/l.db:/data/l.db`.
#[cfg(unix)]
#[test]
fn ledger_mounted_as_single_file_is_refused() {
    let Some(mut inside) = Namespace::enter_or_skip("ledger_mounted_as_single_file_is_refused")
    else {
        return;
    };
    let shop = TestShop::new();
    let folder = shop.workspace.path("");
    inside.run_ok(&format!("cd '{}' && mkdir data && touch data/l.db", folder.display()));
    inside.run_ok(&format!("mount --bind {LEDGER} data/l.db"));
    let target = format!("--base-url {} {OPTIONS} --ledger data/l.db", shop.service.base_url);
    for command in ["send orders.csv", "check orders.csv"] {
        let target = if command.starts_with("check") {
            target.replace(" --backfill", "")
        } else {
            target.clone()
        };
        let (code, output_text) =
            inside.run(&format!("'{PROGRAM}' {command} {target} < /dev/null"));
        assert!(code == 2 && output_text.contains("is a mount point"), "{command}: {output_text}");
        assert!(output_text.contains("hint: mount the folder"), "{output_text}");
    }
    assert_eq!(shop.service.count("ORDER_CHECKOUT"), 2);
}
