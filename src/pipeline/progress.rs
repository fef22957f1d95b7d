//! Progress of a run, as events for the caller. It prints nothing; `cli` does.

use crate::shuffle::ShuffleProgress;

/// A progress event of a run.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// More rows were read; their number.
    Rows(u64),
    /// The export is read a second time, with what the first pass found out.
    SecondPass,
    /// The rows of some orders are scattered; they are grouped by an external sort in the run
    /// folder.
    Scattered {
        /// Approximate number of scattered orders; none if all rows are spilled without counting
        /// them.
        orders: Option<u64>,
        /// Maximum bytes of disk that the sort needs.
        disk_needed: u64,
        /// Free bytes on that disk.
        disk_free: u64,
    },
    /// Sending begins; the expected number of requests, without retries.
    Sending(u64),
    /// A request is sent. A retry is not one of the expected requests.
    Sent {
        /// The same step was sent before.
        is_retry: bool,
    },
    /// A warning for the user.
    Warning(&'a str),
}

impl<'a> From<ShuffleProgress<'a>> for Progress<'a> {
    fn from(progress: ShuffleProgress<'a>) -> Self {
        match progress {
            ShuffleProgress::Rows(n_rows) => Self::Rows(n_rows),
            ShuffleProgress::SecondPass => Self::SecondPass,
            ShuffleProgress::Scattered { orders, disk_needed, disk_free } => {
                Self::Scattered { orders, disk_needed, disk_free }
            }
            ShuffleProgress::Warning(message) => Self::Warning(message),
        }
    }
}

/// Receives progress events, from any thread.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress<'_>) + Sync);
