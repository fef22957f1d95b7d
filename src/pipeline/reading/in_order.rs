//! Work on all cores whose results are taken in the order of the work.

use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use rayon::iter::{ParallelBridge, ParallelIterator};

/// Results that wait for an earlier one. More would only be held in memory: the earlier one is being worked on.
const MOST_WAITING: usize = 8;

/// Does `work` on each task, on all cores, and hands the results to `take`, one at a time and in the order of the tasks.
/// Ends at the first error, which is that of the first task that has one.
pub(super) fn in_order<T: Send, R: Send, E: Send>(
    tasks: impl Iterator<Item = Result<T, E>> + Send,
    work: impl Fn(T) -> Result<R, E> + Sync,
    take: impl FnMut(R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let has_failed = AtomicBool::new(false);
    let line = Line {
        desk: Mutex::new(Desk { take, next: 0, waiting: BTreeMap::new(), failed: None }),
        moved: Condvar::new(),
        has_panicked: AtomicBool::new(false),
    };
    let numbered = (0_u64..).zip(tasks);
    // Nothing is begun behind an error: what is read then is for nobody.
    let until_failed = numbered.map_while(|task| (!has_failed.load(Ordering::Relaxed)).then_some(task));
    until_failed.par_bridge().for_each(|(number, task)| {
        let _wakes = WakesOthers(&line);
        let has_now_failed = line.hand_in(number, task.and_then(&work));
        has_failed.fetch_or(has_now_failed, Ordering::Relaxed);
    });
    line.desk.into_inner().expect("nobody panics at the desk").failed.map_or(Ok(()), |(_, error)| Err(error))
}

struct Line<F, R, E> {
    desk: Mutex<Desk<F, R, E>>,
    moved: Condvar,
    has_panicked: AtomicBool,
}

/// Who waits for a result that a panic has swallowed would wait for ever.
struct WakesOthers<'l, F, R, E>(&'l Line<F, R, E>);

impl<F, R, E> Drop for WakesOthers<'_, F, R, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.has_panicked.store(true, Ordering::Relaxed);
            drop(self.0.desk.lock());
            self.0.moved.notify_all();
        }
    }
}

struct Desk<F, R, E> {
    take: F,
    next: u64,
    waiting: BTreeMap<u64, Result<R, E>>,
    failed: Option<(u64, E)>,
}

impl<F, R, E> Desk<F, R, E> {
    fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

impl<F: FnMut(R) -> Result<(), E>, R, E> Line<F, R, E> {
    fn desk(&self) -> MutexGuard<'_, Desk<F, R, E>> {
        self.desk.lock().expect("nobody panics at the desk")
    }

    /// Gives whether anything has failed so far.
    fn hand_in(&self, number: u64, result: Result<R, E>) -> bool {
        let mut desk = self.desk();
        while desk.waiting.len() >= MOST_WAITING
            && number != desk.next
            && !desk.has_failed()
            && !self.has_panicked.load(Ordering::Relaxed)
        {
            desk = self.moved.wait(desk).expect("nobody panics at the desk");
        }
        desk.waiting.insert(number, result);
        desk.take_waiting();
        self.moved.notify_all();
        desk.has_failed()
    }
}

impl<F: FnMut(R) -> Result<(), E>, R, E> Desk<F, R, E> {
    fn take_waiting(&mut self) {
        while !self.has_failed() {
            let Some(result) = self.waiting.remove(&self.next) else { return };
            if let Err(error) = result.and_then(&mut self.take) {
                self.failed = Some((self.next, error));
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(n: u64, fails_at: Option<u64>) -> (Vec<u64>, Result<(), u64>) {
        let mut taken = Vec::new();
        let work = |task: u64| {
            // The later ones of a few are done first.
            std::thread::sleep(std::time::Duration::from_micros(5 - task % 5));
            if fails_at.is_some_and(|at| task >= at) { Err(task) } else { Ok(task) }
        };
        let done = in_order((0..n).map(Ok), work, |task| {
            taken.push(task);
            Ok(())
        });
        (taken, done)
    }

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        assert_eq!(taken(1000, None), ((0..1000).collect(), Ok(())));
        assert_eq!(taken(0, None), (Vec::new(), Ok(())));
    }

    #[test]
    fn the_first_error_ends_it() {
        assert_eq!(taken(1000, Some(100)), ((0..100).collect(), Err(100)));
    }
}
