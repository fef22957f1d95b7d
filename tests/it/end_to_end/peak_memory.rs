//! Peak memory of a run, as measured by Linux.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::support::{skip, wait};

/// A run that has ended.
pub(super) struct MeasuredRun {
    pub(super) code: i32,
    pub(super) err: String,
    /// The last polled value of `VmHWM` in kB. It never decreases, and little happens after the
    /// last poll.
    pub(super) peak: u64,
}

/// Whether the system measures it; otherwise reports that the test is skipped.
pub(super) fn can_measure_or_skip(test: &str) -> bool {
    let is_supported = cfg!(target_os = "linux");
    if !is_supported {
        skip(test, "peak memory is measured on Linux only");
    }
    is_supported
}

/// A complete run. Its standard error must fit the buffer of a pipe.
pub(super) fn measure(command: &mut Command) -> MeasuredRun {
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let ended = wait::until_some("the end of a run", || {
        peak = peak_now(&status).unwrap_or(peak);
        child.try_wait().unwrap()
    });
    let err = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(peak > 0, "{status} contains no VmHWM");
    MeasuredRun { code: ended.code().unwrap(), err, peak }
}

/// The current peak; `None` if the process has ended.
fn peak_now(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
