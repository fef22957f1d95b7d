//! Wait counter: how many requests of started guests wait for their permit. While there are any,
//! no further guest is started.
//!
//! It only counts; `dispatcher` and `worker` know which request waits for what.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the requests of guests in progress that wait until they may be sent.
#[derive(Default)]
pub(super) struct WaitCounter {
    n_waiting: AtomicUsize,
    idle: Notify,
}

impl WaitCounter {
    /// Counts one more request until the returned guard is dropped.
    pub(super) fn enter(&self) -> WaitGuard<'_> {
        self.n_waiting.fetch_add(1, Ordering::SeqCst);
        WaitGuard(self)
    }

    /// Waits until no request waits.
    pub(super) async fn wait_until_idle(&self) {
        loop {
            // Created before the check, so that a notification in between is not missed.
            let notified = self.idle.notified();
            if self.n_waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// One waiting request.
pub(super) struct WaitGuard<'a>(&'a WaitCounter);

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        // Only the last one wakes the others: with more than zero left they would just wait again.
        if self.0.n_waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
