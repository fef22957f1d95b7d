//! Waiting with a timeout: a wait that times out panics with a description of the condition.

use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Timeout of every wait, sufficient on the slowest machine.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// Interval between two checks of a condition without notification, such as a file or a process.
const POLL_INTERVAL: Duration = Duration::from_micros(500);

/// Polls until there is a value.
pub(crate) fn until_some<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(start.elapsed() < MAX_WAIT, "timed out waiting for {what}");
        thread::sleep(POLL_INTERVAL);
    }
}

/// Polls until a condition holds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    until_some(what, || condition().then_some(()));
}

/// Blocks threads until it is opened; it is never closed again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A gate that is already open.
    pub(crate) fn opened() -> Self {
        let gate = Self::default();
        gate.open();
        gate
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn wait_until_open(&self) {
        let is_open = self.0.0.lock().unwrap();
        // A failing test never opens its gate; the timeout ends its threads.
        drop(self.0.1.wait_timeout_while(is_open, MAX_WAIT, |is_open| !*is_open).unwrap());
    }
}
