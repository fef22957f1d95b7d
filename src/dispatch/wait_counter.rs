//! How many requests wait until they may be sent: as long as some do, no further guest is begun.
//!
//! Counts only; `run` knows who waits for what.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the requests of guests under way that wait until they may be sent.
#[derive(Default)]
pub(super) struct WaitCounter {
    n_waiting: AtomicUsize,
    idle: Notify,
}

impl WaitCounter {
    /// Counts one more for as long as what is given back lives.
    pub(super) fn enter(&self) -> WaitGuard<'_> {
        self.n_waiting.fetch_add(1, Ordering::SeqCst);
        WaitGuard(self)
    }

    /// Waits for a moment in which nobody waits.
    pub(super) async fn wait_until_idle(&self) {
        loop {
            // Made before the look, so that a word in between is not missed.
            let notified = self.idle.notified();
            if self.n_waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// One request that waits.
pub(super) struct WaitGuard<'a>(&'a WaitCounter);

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        if self.0.n_waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
