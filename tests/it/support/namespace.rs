//! File systems of a test's own, which nobody else sees: needs to be root, or namespaces for users.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
};

use super::{LEDGER, skip, wait, without_settings};

/// What the shell says behind every command, with its exit code.
const DONE: &str = "<done>";

/// Ways to a shell that may mount, the one without a namespace for users first.
const UNSHARE_OPTIONS: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// A shell in a mount namespace, which ends with it.
pub(crate) struct Namespace {
    shell: Child,
    commands: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Namespace {
    /// Enters one; where the system allows none, says that this test is skipped, and why.
    pub(crate) fn enter_or_skip(test: &str) -> Option<Self> {
        let probes = UNSHARE_OPTIONS.map(probe);
        if let Some((way, _)) = UNSHARE_OPTIONS.iter().zip(&probes).find(|(_, probe)| probe.is_ok()) {
            return Some(Self::enter(way));
        }
        let reasons = probes.map(Result::unwrap_err).join("; ");
        skip(test, &format!("no file system of its own: {reasons}"));
        None
    }

    fn enter(options: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        without_settings(&mut command);
        // A ledger in the folder of the test, and no state in the home of who runs it.
        command.env("ORDERFERRY_LEDGER", LEDGER).env("HOME", "").env("XDG_STATE_HOME", "");
        command.args(options).args(["sh", "-c", "exec 2>&1; exec sh"]);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, output_text) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(output_text).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { shell, commands, lines }
    }

    /// Runs a command; gives its exit code and what it said.
    pub(crate) fn run(&mut self, command: &str) -> (i32, String) {
        writeln!(self.commands, "{command}\necho \"\n{DONE}$?\"").unwrap();
        let mut output_text = String::new();
        loop {
            let line = self.lines.recv_timeout(wait::MAX_WAIT).expect("the shell says when a command is done");
            if let Some(code) = line.strip_prefix(DONE) {
                return (code.parse().unwrap(), output_text);
            }
            output_text = output_text + &line + "\n";
        }
    }

    /// Runs a command that must do what it shall.
    pub(crate) fn run_ok(&mut self, command: &str) {
        let (code, output_text) = self.run(command);
        assert_eq!(code, 0, "{command}: {output_text}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}

/// Whether a way leads to a shell that may mount.
fn probe(options: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(options).args(["mount", "-t", "tmpfs", "none"]).arg(folder.path());
    let output = command.output().map_err(|error| format!("unshare: {error}"))?;
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    output.status.success().then_some(()).ok_or(message)
}
