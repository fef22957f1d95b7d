//! Waiting for what must come: never for long, and whoever waits in vain says for what.

use std::{
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Nothing that a test waits for takes longer, on the slowest machine.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// Between two looks at what tells nobody of its changes: a file, a process.
const POLL_INTERVAL: Duration = Duration::from_micros(500);

/// Looks until there is something.
pub(crate) fn until_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < MAX_WAIT, "waited in vain for {what}");
        thread::sleep(POLL_INTERVAL);
    }
}

/// Looks until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    until_some(what, || is_so().then_some(()));
}

/// Holds back whoever comes until it is opened, for good.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// One that holds nobody back.
    pub(crate) fn opened() -> Self {
        let gate = Self::default();
        gate.open();
        gate
    }

    /// Lets everyone pass.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn wait_until_open(&self) {
        let is_open = self.0.0.lock().unwrap();
        // A test that fails opens no gate; its threads end all the same.
        drop(self.0.1.wait_timeout_while(is_open, MAX_WAIT, |is_open| !*is_open).unwrap());
    }
}
