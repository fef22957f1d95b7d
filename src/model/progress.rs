//! Progress of a run, as events for its caller: rows read, passes over the export, requests sent, and
//! warnings.
//!
//! Data only. Emitted by `shuffle` and `pipeline`, shown by `cli`.

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

/// Receives progress events, from any thread.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress<'_>) + Sync);
