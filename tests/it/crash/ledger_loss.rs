//! Tests of ledger loss: after a run was killed, its ledger is deleted, emptied, truncated,
//! restored, moved, or loses its write-ahead log. The next run sends nothing, so no order is sent
//! twice.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    kill_time::{KillTime, kill_at},
    ledger,
    tenant::Tenant,
    test_shop::{LEDGER, Run, TestShop},
};
use crate::support::{program, rng::TestRng};

const OPTIONS: &str = "--rate unlimited --identity-pause 0s --in-flight 1";

/// The damage to the ledger between two runs.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Deleted,
    Emptied,
    CutOff,
    WithoutLog,
    EmptyLog,
    CutLog,
    DamagedLog,
    CopiedAlone,
    Restored,
}

const LOSSES: [Loss; 9] = [
    Loss::Deleted,
    Loss::Emptied,
    Loss::CutOff,
    Loss::WithoutLog,
    Loss::EmptyLog,
    Loss::CutLog,
    Loss::DamagedLog,
    Loss::CopiedAlone,
    Loss::Restored,
];

fn with_suffix(ledger: &Path, end: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// The files of the ledger before the killed run.
type Backup = Vec<(PathBuf, Vec<u8>)>;

fn backup(ledger: &Path) -> Backup {
    let files = ["", "-wal"].map(|end| with_suffix(ledger, end));
    files.into_iter().filter_map(|file| Some((file.clone(), fs::read(&file).ok()?))).collect()
}

/// Removes a ledger and its SQLite companion files.
fn remove(ledger: &Path) {
    for file in ["", "-wal", "-shm"].map(|end| with_suffix(ledger, end)) {
        drop(fs::remove_file(file));
    }
}

fn damage(loss: Loss, ledger: &Path, backup: &Backup) {
    let log = with_suffix(ledger, "-wal");
    match loss {
        Loss::Deleted => fs::remove_file(ledger).unwrap(),
        Loss::Emptied => fs::write(ledger, "").unwrap(),
        Loss::CutOff => {
            let bytes = fs::read(ledger).unwrap();
            fs::write(ledger, &bytes[..bytes.len() / 2]).unwrap();
        }
        Loss::WithoutLog => fs::remove_file(log).unwrap(),
        Loss::EmptyLog => fs::write(log, "").unwrap(),
        Loss::CutLog => {
            let bytes = fs::read(&log).unwrap();
            // Within the first frame: behind the last one the log may have frames of earlier runs,
            // so that half of it may be whole.
            fs::write(log, &bytes[..32 + 24 + 100]).unwrap();
        }
        Loss::DamagedLog => {
            let mut bytes = fs::read(&log).unwrap();
            // The salt in the header of the first frame.
            bytes[32 + 8] ^= 1;
            fs::write(log, bytes).unwrap();
        }
        Loss::CopiedAlone => {
            let bytes = fs::read(ledger).unwrap();
            remove(ledger);
            fs::write(ledger, bytes).unwrap();
        }
        Loss::Restored => {
            remove(ledger);
            for (file, bytes) in backup {
                fs::write(file, bytes).unwrap();
            }
        }
    }
}

/// A shop with one complete run and one killed run, and a backup of the ledger after the first one.
fn shop(folder: &Path) -> (TestShop, Backup) {
    let shop = TestShop::small(folder, Tenant::healthy());
    let first = shop.run(&format!("{OPTIONS} --limit 2"));
    assert_eq!(first.code, Some(4), "{}", first.errors);
    let before = backup(&folder.join(LEDGER));
    // Slow enough that the run does not end first; the first checkout is recorded when the next one
    // is received.
    let slow = OPTIONS.replace("unlimited", "20/s");
    let (run, was_reached) = kill_at(&shop, &slow, KillTime::Requests(4), &mut TestRng::new(3));
    assert!(was_reached && run.code.is_none(), "{}", run.errors);
    (shop, before)
}

/// A run that is not audited, since its ledger was damaged.
fn run(shop: &TestShop) -> Run {
    shop.run_by(OPTIONS, |args, name| {
        let args = args.iter().filter(|arg| *arg != "--new-ledger");
        let output = program(&shop.folder).args(args).output().unwrap();
        fs::write(shop.folder.join(format!("{name}.err")), output.stderr).unwrap();
        output.status.code()
    })
}

impl Loss {
    /// The message of the run, and whether it is printed without companion files too.
    fn expected_message(self) -> (&'static str, bool) {
        match self {
            Self::Deleted | Self::Emptied => ("there is no ledger", true),
            Self::CutOff => ("is damaged", true),
            Self::WithoutLog | Self::EmptyLog | Self::CopiedAlone => {
                ("lacks its write-ahead log", true)
            }
            // SQLite reads the log up to the damage and reports no error.
            Self::CutLog | Self::DamagedLog | Self::Restored => ("as in an older backup", false),
        }
    }
}

#[test]
fn damaged_ledger_sends_nothing() {
    for (loss, has_companions) in LOSSES.into_iter().flat_map(|loss| [(loss, true), (loss, false)])
    {
        let (message, is_detected_without) = loss.expected_message();
        if !has_companions && !is_detected_without {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let (shop, before) = shop(folder.path());
        damage(loss, &folder.path().join(LEDGER), &before);
        if !has_companions {
            fs::remove_dir_all(folder.path().join("state-home")).unwrap();
            let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
            files
                .filter(|file| file.extension() == Some("lock".as_ref()))
                .for_each(|file| fs::remove_file(file).unwrap());
        }
        let (code, errors, n_requests) = refused_run(&shop);
        assert_eq!((code, n_requests), (Some(2), 0), "{loss:?}: {errors}");
        assert!(errors.contains(message), "{loss:?}: {errors}");
    }
}

/// The exit code of a run, its standard error, and the number of received requests.
fn refused_run(shop: &TestShop) -> (Option<i32>, String, usize) {
    let n_before = shop.tenant.service.n_received();
    let (args, _) = shop.command(OPTIONS);
    let args = args.iter().filter(|arg| *arg != "--new-ledger");
    let output = program(&shop.folder).args(args).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), errors, shop.tenant.service.n_received() - n_before)
}

/// Reading a ledger between two runs must not remove its write-ahead log.
#[test]
fn reading_the_ledger_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, _) = shop(folder.path());
    let held = ledger::read_ledger(&folder.path().join(LEDGER)).attempts;
    let check = "check orders.csv --client-key k --pos p --out checked --base-url";
    let commands =
        ["ledger list", "ledger export", &format!("{check} {}", shop.tenant.service.base_url)];
    for command in commands {
        let output = program(folder.path()).args(command.split(' ')).output().unwrap();
        // A check exits with 3, since it reports an unknown order.
        assert!(
            matches!(output.status.code(), Some(0 | 3)),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(ledger::read_ledger(&folder.path().join(LEDGER)).attempts, held);
    let next = run(&shop);
    assert!(next.code == Some(0) || next.code == Some(3), "{:?}: {}", next.code, next.errors);
    for attempt in held.iter().filter(|attempt| attempt.is_accepted()) {
        assert_eq!(next.checkout_count(&attempt.reference), 0, "{}", attempt.reference);
    }
}
