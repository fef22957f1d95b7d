//! Group commit: one sync to disk serves all deliveries that wait for one.
//!
//! A thread owns the ledger and commits queued writes in groups; callers wait for the reply. Works
//! with any [`Ledger`] and does not decide what is written. Called by `pipeline`.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{error::LedgerError, store::Ledger, write::LedgerWrite};

/// The maximum number of writes in one transaction; more than deliveries can wait for at once.
const MAX_GROUP: usize = 4096;

/// How long a write waits for others that share its sync. Without this delay the thread used 8.7 %
/// of a core at 1,000 requests a second (2 cores, a virtual disk).
const GATHER_TIME: Duration = Duration::from_millis(5);

/// A group of at least this size is committed without waiting for more.
const LARGE_GROUP: usize = 8;

/// The number of the attempt or cart that was written.
type Reply = Result<i64, Arc<LedgerError>>;

/// A write and the channel for its reply.
type PendingWrite = (LedgerWrite, oneshot::Sender<Reply>);

/// The thread that owns the ledger. Joining it returns the ledger, and how it was closed.
pub type WriterThread = thread::JoinHandle<(Box<dyn Ledger>, CloseReport)>;

/// A handle to a ledger that many deliveries write to concurrently. Its thread ends when the last
/// handle is dropped.
#[derive(Clone)]
pub struct GroupCommit {
    queue: mpsc::Sender<PendingWrite>,
}

impl GroupCommit {
    /// Starts the writer thread. When the last handle is dropped, the thread closes the ledger.
    #[must_use]
    pub fn start(ledger: Box<dyn Ledger>) -> (Self, WriterThread) {
        let (queue, pending) = mpsc::channel();
        let writer = thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || commit_groups(ledger, &pending));
        let writer = writer.expect("the operating system can start one more thread");
        (Self { queue }, writer)
    }

    /// Writes durably. An error means that it may or may not be written, and that nothing more may
    /// be sent.
    pub async fn write(&self, write: LedgerWrite) -> Reply {
        let (reply, response) = oneshot::channel();
        self.queue.send((write, reply)).map_err(|_| Arc::new(LedgerError::Closed))?;
        response.await.map_err(|_| Arc::new(LedgerError::Closed))?
    }

    /// Queues a write that no request depends on, and returns at once. A write that fails is
    /// retried when the ledger is closed.
    pub fn enqueue(&self, write: LedgerWrite) {
        let (reply, _) = oneshot::channel();
        // If the thread has ended, every `write` fails too and reports it.
        drop(self.queue.send((write, reply)));
    }
}

/// How a ledger was closed.
#[derive(Debug, Default)]
pub struct CloseReport {
    /// The number of outcomes that could not be written.
    pub unwritten_outcomes: usize,
    /// Why the next run will not find what was written.
    pub error: Option<LedgerError>,
}

fn commit_groups(
    mut ledger: Box<dyn Ledger>,
    pending: &mpsc::Receiver<PendingWrite>,
) -> (Box<dyn Ledger>, CloseReport) {
    let mut unwritten = Vec::new();
    while let Ok(first) = pending.recv() {
        let (writes, replies): (Vec<_>, Vec<_>) = collect_group(first, pending).into_iter().unzip();
        match ledger.write(&writes) {
            Ok(numbers) => send_replies(replies, numbers.into_iter().map(Ok)),
            // The group was rolled back because of its intents. Outcomes may be written all the
            // same, so each write is retried on its own.
            Err(LedgerError::OtherRun { .. } | LedgerError::Replaced { .. })
                if writes.len() > 1 =>
            {
                for (write, reply) in writes.into_iter().zip(replies) {
                    let written = ledger.write(std::slice::from_ref(&write));
                    if written.is_err() {
                        unwritten.extend(may_be_retried(write));
                    }
                    send_replies([reply], [written.map(|numbers| numbers[0]).map_err(Arc::new)]);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                unwritten.extend(writes.into_iter().filter_map(may_be_retried));
                send_replies(replies, std::iter::repeat_with(|| Err(Arc::clone(&error))));
            }
        }
    }
    // Not withdrawals: if the first try was durable after all, the number may by now be that of
    // another attempt, which was sent. What remains is at worst in doubt.
    let (withdrawals, unwritten): (Vec<_>, Vec<_>) =
        unwritten.into_iter().partition(|write| matches!(write, LedgerWrite::Withdraw(_)));
    // Last retry: nothing more is sent, and the disk may have space again. An outcome that is lost
    // here would be unknown to the next run.
    let all_written = unwritten.is_empty() || ledger.write(&unwritten).is_ok();
    // Only outcomes are counted: a cart that stays marked as open is merely cleared once more.
    let outcomes = unwritten.iter().filter(|write| write.ends_attempt());
    let n_outcomes = if all_written { 0 } else { outcomes.count() };
    let closed = CloseReport {
        unwritten_outcomes: withdrawals.len() + n_outcomes,
        error: ledger.close().err(),
    };
    (ledger, closed)
}

fn collect_group(first: PendingWrite, pending: &mpsc::Receiver<PendingWrite>) -> Vec<PendingWrite> {
    let mut group = vec![first];
    group.extend(pending.try_iter().take(MAX_GROUP));
    if group.len() < LARGE_GROUP {
        // A sleep, not a `recv_timeout` for each write: a wake-up costs as much as a write.
        thread::sleep(GATHER_TIME);
        group.extend(pending.try_iter().take(MAX_GROUP));
    }
    group
}

/// Returns a write that is tried again when the ledger is closed. An intent is not: its request
/// was not sent.
fn may_be_retried(write: LedgerWrite) -> Option<LedgerWrite> {
    (!write.is_intent()).then_some(write)
}

fn send_replies(
    replies: impl IntoIterator<Item = oneshot::Sender<Reply>>,
    answers: impl IntoIterator<Item = Reply>,
) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // A receiver that was dropped needs no reply.
        drop(reply.send(answer));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ledger::{
        AttemptId, AttemptState, CartId, Intent, LedgerReader, OpenCart, OrderKey,
    };

    /// A ledger whose writes are scripted by a test and which holds nothing.
    struct Scripted<W>(W);

    impl<W: FnMut(&[LedgerWrite]) -> Result<Vec<i64>, LedgerError> + Send> Ledger for Scripted<W> {
        fn id(&self) -> &'static str {
            ""
        }

        fn warnings(&self) -> &[String] {
            &[]
        }

        fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
            Err(LedgerError::Closed)
        }

        fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError> {
            Ok(Vec::new())
        }

        fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
            (self.0)(writes)
        }

        fn close(&mut self) -> Result<(), LedgerError> {
            Ok(())
        }
    }

    /// Numbers its writes, and fails after `max_writes`.
    fn failing_after(
        max_writes: i64,
    ) -> impl FnMut(&[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        let mut n_written = 0;
        move |writes| {
            if n_written >= max_writes {
                return Err(LedgerError::Closed);
            }
            let numbers = writes.iter().map(|_| {
                n_written += 1;
                n_written
            });
            Ok(numbers.collect())
        }
    }

    /// Refuses intents as if another run had written to the ledger.
    fn refuse_intents(writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        if writes.iter().any(LedgerWrite::is_intent) {
            return Err(LedgerError::OtherRun { run: "run-2".into() });
        }
        Ok(vec![1; writes.len()])
    }

    fn accepted(attempt: i64) -> LedgerWrite {
        let (attempt, state) = (AttemptId(attempt), AttemptState::Accepted);
        LedgerWrite::Outcome { attempt, state, types: Vec::new() }
    }

    #[tokio::test]
    async fn every_pending_write_gets_a_reply() {
        let (ledger, writer) = GroupCommit::start(Box::new(Scripted(failing_after(20))));
        let settle = || ledger.write(accepted(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let ledger = ledger.clone();
            tasks.spawn(async move { ledger.write(accepted(0)).await.unwrap() });
        }
        let mut attempts = tasks.join_all().await;
        attempts.sort_unstable();
        assert_eq!(attempts, (1..=20).collect::<Vec<_>>());
        assert!(settle().await.is_err());
        assert!(ledger.write(LedgerWrite::CloseCart(CartId(1))).await.is_err());
        drop(ledger);
        assert_eq!(
            writer.join().unwrap().1.unwritten_outcomes,
            1,
            "the outcome that could not be written"
        );
    }

    fn intent() -> LedgerWrite {
        let order = OrderKey {
            reference: "A".into(),
            ordered_at: chrono::DateTime::UNIX_EPOCH,
            content: crate::model::planned::ContentHash([0; 16]),
        };
        LedgerWrite::Intent(Intent {
            order,
            status: "PURCHASED".into(),
            money: None,
            item_count: 1,
            dedup_hash: None,
        })
    }

    /// Queues a write; the receiver gets its reply.
    fn submit(queue: &mpsc::Sender<PendingWrite>, write: LedgerWrite) -> oneshot::Receiver<Reply> {
        let (reply, response) = oneshot::channel();
        queue.send((write, reply)).unwrap();
        response
    }

    #[test]
    fn failed_outcome_of_a_refused_group_is_counted() {
        let (queue, pending) = mpsc::channel();
        let replies = [intent(), accepted(1)].map(|write| submit(&queue, write));
        drop(queue);
        let refuse_and_fail =
            |writes: &[LedgerWrite]| refuse_intents(writes).and(Err(LedgerError::Closed));
        let closed = commit_groups(Box::new(Scripted(refuse_and_fail)), &pending).1;
        assert_eq!(closed.unwritten_outcomes, 1);
        assert!(replies.into_iter().all(|reply| reply.blocking_recv().unwrap().is_err()));
    }

    #[test]
    fn failed_withdrawal_loses_no_outcome() {
        let (queue, pending) = mpsc::channel();
        let withdrawal = LedgerWrite::Withdraw(AttemptId(2));
        let replies = [accepted(1), withdrawal].map(|write| submit(&queue, write));
        drop(queue);
        let written = Arc::new(Mutex::new(Vec::new()));
        let of_ledger = Arc::clone(&written);
        let refuse_withdrawals = move |writes: &[LedgerWrite]| {
            if writes.iter().any(|write| matches!(write, LedgerWrite::Withdraw(_))) {
                return Err(LedgerError::Closed);
            }
            of_ledger.lock().unwrap().extend(writes.iter().map(LedgerWrite::ends_attempt));
            Ok(vec![1; writes.len()])
        };
        let closed = commit_groups(Box::new(Scripted(refuse_withdrawals)), &pending).1;
        assert_eq!(closed.unwritten_outcomes, 1, "the withdrawal");
        assert_eq!(*written.lock().unwrap(), [true], "the outcome");
        assert!(replies.into_iter().all(|reply| reply.blocking_recv().unwrap().is_err()));
    }

    #[test]
    fn outcomes_are_written_after_intents_are_refused() {
        let (queue, pending) = mpsc::channel();
        let submit = |write| submit(&queue, write);
        let intended = submit(intent());
        let settled = submit(accepted(1));
        let (reference, session, clear_cart) = ("A".into(), "b".into(), "\"}".into());
        let opened = submit(LedgerWrite::OpenCart { reference, session, clear_cart });
        let closed = submit(LedgerWrite::CloseCart(CartId(1)));
        drop(queue);
        assert_eq!(
            commit_groups(Box::new(Scripted(refuse_intents)), &pending).1.unwritten_outcomes,
            0
        );
        for intent in [intended, opened] {
            assert!(intent.blocking_recv().unwrap().is_err());
        }
        for reply in [settled, closed] {
            assert!(reply.blocking_recv().unwrap().is_ok());
        }
    }
}
