//! Ordered parallel map: processes tasks on all cores and consumes the results in the order of the
//! tasks.
//!
//! It knows nothing of orders or files. It ends at the first error. Called by `pass`, `scattered`
//! and the engine.

use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use rayon::iter::{ParallelBridge, ParallelIterator};

/// Maximum results that wait for an earlier one.
// More would only be held in memory, since a core is already processing the earlier one.
const MAX_PENDING: usize = 8;

/// Applies `work` to each task on all cores, and `consume` to the results, one at a time and in the
/// order of the tasks. Returns the error of the first task that has one.
pub fn for_each_ordered<T: Send, R: Send, E: Send>(
    tasks: impl Iterator<Item = Result<T, E>> + Send,
    work: impl Fn(T) -> Result<R, E> + Sync,
    consume: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let has_failed = AtomicBool::new(false);
    let queue = OrderedQueue {
        results: Mutex::new(OrderedResults {
            consume,
            next: 0,
            pending: BTreeMap::new(),
            failed: None,
        }),
        changed: Condvar::new(),
        has_panicked: AtomicBool::new(false),
    };
    let numbered = (0_u64..).zip(tasks);
    // No task is started after an error: its result would not be consumed.
    let until_failed =
        numbered.map_while(|task| (!has_failed.load(Ordering::Relaxed)).then_some(task));
    until_failed.par_bridge().for_each(|(number, task)| {
        let _wakes = PanicNotifier(&queue);
        let has_now_failed = queue.submit(number, task.and_then(&work));
        has_failed.fetch_or(has_now_failed, Ordering::Relaxed);
    });
    let results = queue.results.into_inner().expect("no thread panics while holding the lock");
    match results.failed {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

struct OrderedQueue<F, R, E> {
    results: Mutex<OrderedResults<F, R, E>>,
    changed: Condvar,
    has_panicked: AtomicBool,
}

/// Wakes all waiting threads when the current one panics.
// They would wait forever for the result that the panic lost.
struct PanicNotifier<'l, F, R, E>(&'l OrderedQueue<F, R, E>);

impl<F, R, E> Drop for PanicNotifier<'_, F, R, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_panicked.store(true, Ordering::Relaxed);
            // Locked once, so that no thread is between its check of the flag and its wait.
            drop(self.0.results.lock());
            self.0.changed.notify_all();
        }
    }
}

struct OrderedResults<F, R, E> {
    consume: F,
    next: u64,
    pending: BTreeMap<u64, Result<R, E>>,
    failed: Option<(u64, E)>,
}

impl<F, R, E> OrderedResults<F, R, E> {
    fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

impl<F: FnMut(R) -> Result<(), E>, R, E> OrderedQueue<F, R, E> {
    fn lock(&self) -> MutexGuard<'_, OrderedResults<F, R, E>> {
        self.results.lock().expect("no thread panics while holding the lock")
    }

    /// Submits the result of a task, and consumes all results that are next in order. Returns
    /// whether a task has failed so far.
    fn submit(&self, number: u64, result: Result<R, E>) -> bool {
        let mut results = self.lock();
        // The next result in order never waits, so the queue always drains.
        while results.pending.len() >= MAX_PENDING
            && number != results.next
            && !results.has_failed()
            && !self.has_panicked.load(Ordering::Relaxed)
        {
            results = self.changed.wait(results).expect("no thread panics while holding the lock");
        }
        results.pending.insert(number, result);
        results.consume_pending();
        self.changed.notify_all();
        results.has_failed()
    }
}

impl<F: FnMut(R) -> Result<(), E>, R, E> OrderedResults<F, R, E> {
    fn consume_pending(&mut self) {
        while !self.has_failed() {
            let Some(result) = self.pending.remove(&self.next) else { return };
            if let Err(error) = result.and_then(&mut self.consume) {
                self.failed = Some((self.next, error));
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_ordered(n: u64, fails_at: Option<u64>) -> (Vec<u64>, Result<(), u64>) {
        let mut consumed = Vec::new();
        let work = |task: u64| {
            // Of five tasks, the last one is finished first.
            std::thread::sleep(std::time::Duration::from_micros(5 - task % 5));
            if fails_at.is_some_and(|at| task >= at) { Err(task) } else { Ok(task) }
        };
        let done = for_each_ordered((0..n).map(Ok), work, |task| {
            consumed.push(task);
            Ok(())
        });
        (consumed, done)
    }

    #[test]
    fn results_keep_task_order() {
        assert_eq!(run_ordered(1000, None), ((0..1000).collect(), Ok(())));
        assert_eq!(run_ordered(0, None), (Vec::new(), Ok(())));
    }

    #[test]
    fn first_error_stops_processing() {
        assert_eq!(run_ordered(1000, Some(100)), ((0..100).collect(), Err(100)));
    }
}
