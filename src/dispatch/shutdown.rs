//! Shutdown signal: set once, and every waiting task wakes up.
//!
//! It does not decide when a run stops and cancels no request in flight. Used by `run` and the
//! workers.
//!
//! tokio's `watch` would do, but it wakes the waiting tasks in random order, and a simulation must
//! replay exactly.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{Notify, watch};

/// The caller's side: holds the reason once a stop is requested.
pub type ShutdownSignal = watch::Receiver<Option<String>>;

/// Whether the run must stop, and why.
#[derive(Debug, Default)]
pub(super) struct Shutdown {
    reason: OnceLock<String>,
    /// Nothing may be sent any more, not even what clears a cart.
    is_aborted: AtomicBool,
    /// The target is wrong, or takes no request with this key.
    is_refused: AtomicBool,
    notify: Notify,
}

impl Shutdown {
    /// Stops the run because nothing can be sent any more. The first reason counts.
    pub(super) fn abort(&self, reason: String) {
        // Before the reason is set: otherwise `is_graceful` could see the reason without the flag.
        self.is_aborted.store(true, Ordering::SeqCst);
        self.request(reason);
    }

    /// Stops the run because the target refuses every request.
    pub(super) fn refuse(&self, reason: String) {
        self.is_refused.store(true, Ordering::SeqCst);
        self.abort(reason);
    }

    /// Whether the target refuses every request.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused.load(Ordering::SeqCst)
    }

    /// Requests a graceful stop: no order is started any more, but carts of started orders may be
    /// cleared.
    pub(super) fn request(&self, reason: String) {
        // A later reason is dropped.
        drop(self.reason.set(reason));
        self.notify.notify_waiters();
    }

    /// Why the run must stop, if it must.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Whether the run stops only because a stop was requested.
    pub(super) fn is_graceful(&self) -> bool {
        self.reason().is_some() && !self.is_aborted.load(Ordering::SeqCst)
    }

    /// Returns the output of `future`, or `None` if the run stops first.
    pub(super) async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        if self.reason().is_some() {
            return None;
        }
        // `biased` polls `future` first: one that is ready at once does not register for the
        // signal.
        tokio::select! {
            biased;
            done = future => Some(done),
            () = self.wait() => None,
        }
    }

    async fn wait(&self) {
        // Created before the check, so that a signal in between is not missed.
        let notified = self.notify.notified();
        if self.reason().is_none() {
            notified.await;
        }
    }
}
