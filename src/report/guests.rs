//! Guests of a run: their number, and the number of those that sending identifies.
//!
//! Knows guests by a hash only, and counts them in bounded memory. Called by `recorder`.

use std::{io, path::Path};

use crate::{
    model::{forecast::OrdersToNote, route::Route},
    spill::{batch::Batch, duplicate_counter::DuplicateCounter, sorter::Sorter},
};

/// Hashes of the guests of some valid orders.
#[derive(Debug, Default)]
pub(super) struct GuestHashes {
    all: Vec<u64>,
    /// Those with an order to send as a single event.
    to_identify: Vec<u64>,
    /// The guest of each order that a send would send.
    of_orders: Batch<u64>,
}

impl GuestHashes {
    /// No guests yet, with capacity for those of this number of orders.
    pub(super) fn with_capacity(n_orders: usize) -> Self {
        Self {
            all: Vec::with_capacity(n_orders),
            to_identify: Vec::with_capacity(n_orders),
            of_orders: Batch::with_capacity(n_orders, 0),
        }
    }

    /// Adds the guest of a valid order.
    pub(super) fn add(&mut self, guest: u64) {
        self.all.push(guest);
    }

    /// Adds the guest of an order that a send would send.
    pub(super) fn add_to_send(&mut self, guest: u64, route: Route) {
        self.of_orders.push(guest, &[]);
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
    /// For a check: the guest of each order that a send would send.
    of_orders: Option<Sorter<u64>>,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GuestCounts {
    /// Guests of valid orders.
    pub(super) all: u64,
    /// Guests that are identified once for all their orders on [`Route::Single`].
    pub(super) to_identify: u64,
    /// For a check: guests with more orders to send than the tenant keeps.
    pub(super) to_note: OrdersToNote,
}

impl GuestCounter {
    /// No guests yet; `memory` is in bytes. With `identifies_all`, every guest is to be identified;
    /// with `counts_orders`, the orders of each guest are counted.
    pub(super) fn new(
        folder: &Path,
        memory: usize,
        identifies_all: bool,
        counts_orders: bool,
    ) -> Self {
        let memory = memory / if counts_orders { 3 } else { 2 };
        let new = |name| DuplicateCounter::new(folder, name, memory);
        Self {
            all: new(".guests"),
            to_identify: (!identifies_all).then(|| new(".to_identify")),
            of_orders: counts_orders.then(|| Sorter::new(folder, ".guests_of_orders", memory)),
        }
    }

    pub(super) fn push_all(&mut self, mut guests: GuestHashes) -> io::Result<()> {
        if let Some(sorter) = &self.of_orders {
            sorter.push_all(&mut guests.of_orders)?;
        }
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
        let to_note = self.of_orders.map(count_orders).transpose()?.unwrap_or_default();
        Ok(GuestCounts { all, to_identify, to_note })
    }
}

/// Counts the guests with more orders than the tenant keeps.
fn count_orders(guests_of_orders: Sorter<u64>) -> io::Result<OrdersToNote> {
    let (mut sorted, mut to_note) = (guests_of_orders.sorted()?, OrdersToNote::default());
    let (mut last, mut n_orders) = (None, 0);
    while let Some((guest, _)) = sorted.next()? {
        if last != Some(guest) {
            to_note.add_guest(n_orders);
            (last, n_orders) = (Some(guest), 0);
        }
        n_orders += 1;
    }
    to_note.add_guest(n_orders);
    Ok(to_note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::forecast::MAX_KEPT_ORDERS;

    #[test]
    fn orders_of_each_guest_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut counter = GuestCounter::new(folder.path(), 1 << 16, true, true);
        for guest in 0..3 {
            let mut guests = GuestHashes::default();
            // 19, 20 and 21 orders, in several parts.
            for _ in 0..MAX_KEPT_ORDERS - 1 + guest {
                guests.add(guest);
                guests.add_to_send(guest, Route::Single);
            }
            counter.push_all(guests).unwrap();
        }
        let GuestCounts { all, to_note, .. } = counter.finish().unwrap();
        assert_eq!((all, to_note.guests_beyond_limit, to_note.orders_beyond_limit), (3, 1, 1));
    }
}
