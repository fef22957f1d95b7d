//! Guests of a run: their number, and the number of those that sending identifies.
//!
//! Knows guests by a hash only, and counts them in bounded memory. Called by `recorder`.

use std::{io, path::Path};

use crate::{model::route::Route, spill::duplicate_counter::DuplicateCounter};

/// Hashes of the guests of some valid orders.
#[derive(Debug, Default)]
pub(super) struct GuestHashes {
    all: Vec<u64>,
    /// Those with an order to send as a single event.
    to_identify: Vec<u64>,
}

impl GuestHashes {
    /// Adds the guest of a valid order.
    pub(super) fn add(&mut self, guest: u64) {
        self.all.push(guest);
    }

    /// Adds the guest of an order that a send would send.
    pub(super) fn add_to_identify(&mut self, guest: u64, route: Route) {
        if route == Route::Single {
            self.to_identify.push(guest);
        }
    }
}

/// Counts guests. What exceeds its memory spills to the run folder.
pub(super) struct GuestCounter {
    all: DuplicateCounter,
    /// None if every guest is to be identified.
    to_identify: Option<DuplicateCounter>,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GuestCounts {
    /// Guests of valid orders.
    pub(super) all: u64,
    /// Guests that are identified once for all their orders on [`Route::Single`].
    pub(super) to_identify: u64,
}

impl GuestCounter {
    /// No guests yet; `memory` is in bytes. With `identifies_all`, every guest is to be identified.
    pub(super) fn new(folder: &Path, memory: usize, identifies_all: bool) -> Self {
        let new = |name| DuplicateCounter::new(folder, name, memory / 2);
        Self { all: new(".guests"), to_identify: (!identifies_all).then(|| new(".to_identify")) }
    }

    pub(super) fn push_all(&mut self, guests: GuestHashes) -> io::Result<()> {
        for guest in guests.all {
            self.all.insert(guest)?;
        }
        if let Some(counter) = &mut self.to_identify {
            for guest in guests.to_identify {
                counter.insert(guest)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<GuestCounts> {
        let all = self.all.for_each_duplicate(|_| ())?;
        let to_identify = match self.to_identify {
            Some(counter) => counter.for_each_duplicate(|_| ())?,
            None => all,
        };
        Ok(GuestCounts { all, to_identify })
    }
}
