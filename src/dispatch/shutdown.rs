//! The word that ends a run: said once, heard by everyone who waits.
//!
//! tokio's `watch` would do, but wakes those who wait in an order drawn by lot, and a simulation must replay exactly.

use std::{
    future::Future,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Notify;

/// Whether the run must stop, and why.
#[derive(Debug, Default)]
pub(super) struct Shutdown {
    reason: OnceLock<String>,
    /// Nothing at all may be sent any more.
    is_aborted: AtomicBool,
    notify: Notify,
}

impl Shutdown {
    /// Says that the run must stop, since nothing can be sent any more. The first reason is the one that counts.
    pub(super) fn abort(&self, reason: String) {
        self.is_aborted.store(true, Ordering::SeqCst);
        self.request(reason);
    }

    /// Asks for an end: nothing is begun any more, but what was begun may be cleared away.
    pub(super) fn request(&self, reason: String) {
        // A later reason is dropped.
        drop(self.reason.set(reason));
        self.notify.notify_waiters();
    }

    /// Why the run must stop, if it must.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Whether the run stops only because someone asked for it.
    pub(super) fn is_graceful(&self) -> bool {
        self.reason().is_some() && !self.is_aborted.load(Ordering::SeqCst)
    }

    /// What comes of `future`, or nothing if the run stops first.
    pub(super) async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        if self.reason().is_some() {
            return None;
        }
        // What is ready at once need not listen.
        tokio::select! {
            biased;
            done = future => Some(done),
            () = self.wait() => None,
        }
    }

    async fn wait(&self) {
        // Made before the look, so that a word in between is not missed.
        let notified = self.notify.notified();
        if self.reason().is_none() {
            notified.await;
        }
    }
}
