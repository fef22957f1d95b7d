//! Progress of a run, as events for its caller: passes over the export, rows read, orders decided,
//! requests sent, orders settled, and warnings.
//!
//! Data only. Emitted by `shuffle` and `pipeline`, shown by `cli`. What changes with every request
//! is in a [`SendGauge`], which the display reads when it draws.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::outcome::Outcome;

/// A progress event of a run.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The export is read from its begin.
    Reading {
        /// Bytes of all files, decompressed; none if not known.
        bytes: Option<u64>,
    },
    /// The export is read a second time, with what the first pass found out.
    SecondPass {
        /// Bytes of all files, decompressed; none if not known.
        bytes: Option<u64>,
    },
    /// More rows were read.
    Rows {
        /// Their number.
        rows: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// Orders read and decided in this pass so far.
    Orders {
        /// Their number.
        read: u64,
        /// The invalid ones among them.
        invalid: u64,
    },
    /// Rows are not next to those that they belong to; they are grouped by an external sort in the
    /// run folder.
    Scattered {
        /// Which ones.
        rows: ScatteredRows,
        /// Maximum bytes of disk that the sort needs.
        disk_needed: u64,
        /// Free bytes on that disk.
        disk_free: u64,
    },
    /// The rows of scattered orders are gathered from disk.
    Gathering,
    /// The rows of more scattered orders were gathered; their number.
    Gathered(u64),
    /// Sending begins.
    Sending {
        /// Maximum number of requests a second; none is unlimited.
        rate: Option<NonZeroU32>,
    },
    /// What there is to send was counted; a run that continues a plan counts while it sends.
    ToSend {
        /// The orders that get their outcome from now on, held unknown ones included.
        orders: u64,
        /// The expected number of requests, without retries.
        requests: u64,
    },
    /// A request is sent. A retry is not one of the expected requests.
    Sent {
        /// The same step was sent before.
        is_retry: bool,
    },
    /// An order of the plan has its outcome, sent or not.
    Settled(Outcome),
    /// A warning for the user.
    Warning(&'a str),
}

/// The rows that are not next to those that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScatteredRows {
    /// Those of about this number of orders.
    OfOrders(u64),
    /// Those of most orders, which were not counted.
    OfMostOrders,
    /// Documents that belong to others, which may have some of their own.
    Documents,
}

/// Receives progress events, from any thread.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// The requests that wait for a response, the orders that may be in, and what holds requests back.
/// Written by `dispatch` with one atomic addition for each request, and read a few times a second.
// Not events: these would double the traffic of the channel for numbers that are rarely shown.
#[derive(Default)]
pub struct SendGauge {
    n_in_flight: AtomicUsize,
    n_in_doubt: AtomicUsize,
    n_attempts: AtomicUsize,
    pauses: Mutex<Pauses>,
}

/// What holds requests back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pauses {
    /// The service asked to send nothing before a time.
    pub hold: Option<ServiceHold>,
    /// The service counts as down since.
    pub down_since: Option<Instant>,
    /// How long it counted as down before that.
    pub down_before: Duration,
}

/// A hold that the service asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceHold {
    /// Until when.
    pub until: Instant,
    /// The HTTP status of the response that asked for it.
    pub status: u16,
}

impl fmt::Debug for SendGauge {
    /// Without the numbers, which differ from run to run: settings are compared by this text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendGauge").finish_non_exhaustive()
    }
}

impl SendGauge {
    /// Counts a request that is sent.
    pub fn request_sent(&self) {
        self.n_in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a response, or a request that gets none.
    pub fn request_answered(&self) {
        self.n_in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of requests that wait for a response.
    #[must_use]
    pub fn n_in_flight(&self) -> usize {
        self.n_in_flight.load(Ordering::Relaxed)
    }

    /// Counts an attempt. Before its intent is in the ledger, so that none is there that is not
    /// counted.
    pub fn attempt_intended(&self) {
        self.n_attempts.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an attempt that was not sent and is no longer in the ledger.
    pub fn attempt_withdrawn(&self) {
        self.n_attempts.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts an order whose last event is sent next.
    pub fn order_in_doubt(&self) {
        self.n_in_doubt.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an order of which it is known whether it is in.
    pub fn order_decided(&self) {
        self.n_in_doubt.fetch_sub(1, Ordering::Relaxed);
    }

    /// The number of orders that may or may not be in.
    #[must_use]
    pub fn n_in_doubt(&self) -> usize {
        self.n_in_doubt.load(Ordering::Relaxed)
    }

    /// Whether the ledger may hold an attempt of this run.
    #[must_use]
    pub fn has_attempt(&self) -> bool {
        self.n_attempts.load(Ordering::Relaxed) > 0
    }

    /// Records a hold that the service asked for; the longest one counts.
    pub fn hold(&self, hold: ServiceHold) {
        let mut pauses = self.lock();
        if pauses.hold.is_none_or(|before| before.until < hold.until) {
            pauses.hold = Some(hold);
        }
    }

    /// Records that the service counts as down from now on.
    pub fn service_down(&self, now: Instant) {
        self.lock().down_since.get_or_insert(now);
    }

    /// Records that the service no longer counts as down, if it did.
    pub fn service_up(&self, now: Instant) {
        let mut pauses = self.lock();
        if let Some(since) = pauses.down_since.take() {
            pauses.down_before += now.saturating_duration_since(since);
        }
    }

    /// What holds requests back.
    #[must_use]
    pub fn pauses(&self) -> Pauses {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Pauses> {
        self.pauses.lock().expect("no thread panics while holding the lock")
    }
}
