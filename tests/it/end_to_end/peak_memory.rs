//! How much memory a run took at its most, as Linux counts it.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::support::{skip, wait};

/// A run that has ended.
pub(super) struct MeasuredRun {
    pub(super) code: i32,
    pub(super) err: String,
    /// `VmHWM`, in kB, when it was last looked at. It does not shrink, and little happens between a look and the end.
    pub(super) peak: u64,
}

/// Whether the system tells; where it does not, says that this test is skipped.
pub(super) fn can_measure_or_skip(test: &str) -> bool {
    let is_supported = cfg!(target_os = "linux");
    if !is_supported {
        skip(test, "only Linux tells how much memory a process took");
    }
    is_supported
}

/// Runs to the end. What is said may not be more than a pipe holds.
pub(super) fn measure(command: &mut Command) -> MeasuredRun {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = wait::until_some("the end of a run", || {
        peak = peak_now(&status).unwrap_or(peak);
        child.try_wait().unwrap()
    });
    let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(peak > 0, "{status} tells no peak");
    MeasuredRun { code: ended.code().unwrap(), err, peak }
}

/// Nothing of a process that has ended.
fn peak_now(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
