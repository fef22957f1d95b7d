//! Leftover carts: the carts that earlier runs left open, until they are cleared.
//!
//! It hands them out one by one and counts those that are left; it sends nothing. `carts` takes
//! and clears them, `run` reports what is left.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::journal::LeftoverCart;

/// The leftover carts of earlier runs that are not cleared yet.
pub(super) struct LeftoverCarts<C> {
    /// In reverse order.
    carts: Mutex<Vec<LeftoverCart<C>>>,
    /// Carts that are not cleared, including those being cleared now.
    n_open: AtomicUsize,
}

impl<C> LeftoverCarts<C> {
    pub(super) fn new(mut carts: Vec<LeftoverCart<C>>) -> Self {
        // `next` pops from the end.
        carts.reverse();
        Self { n_open: carts.len().into(), carts: carts.into() }
    }

    /// Returns the next cart to clear.
    pub(super) fn next(&self) -> Option<LeftoverCart<C>> {
        self.carts.lock().expect("no thread panics while holding the lock").pop()
    }

    /// Records that one of them is empty now.
    pub(super) fn count_cleared(&self) {
        self.n_open.fetch_sub(1, Ordering::SeqCst);
    }

    /// The warning about the carts that could not be cleared.
    pub(super) fn message(&self) -> Option<String> {
        let carts = match self.n_open.load(Ordering::SeqCst) {
            0 => return None,
            1 => "1 cart that an earlier run left open was not cleared".to_owned(),
            n => format!("{n} carts that earlier runs left open were not cleared"),
        };
        Some(format!("{carts}: the next run tries again"))
    }
}
