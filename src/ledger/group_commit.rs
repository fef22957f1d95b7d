//! Group commit: one sync to disk serves all deliveries that wait for one.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;

use super::{Ledger, LedgerError, LedgerWrite};

/// More writes than deliveries can wait for at once; a bound for one transaction.
const MAX_GROUP: usize = 4096;

/// How long a write waits for others to share its sync with. At 1,000 requests a second the thread used 8.7 % of a core
/// without it (2 cores, a virtual disk).
const GATHER_TIME: Duration = Duration::from_millis(5);

/// So many need not wait for more.
const LARGE_GROUP: usize = 8;

/// The number of what was written.
type Reply = Result<i64, Arc<LedgerError>>;

/// A write, and who waits for it.
type PendingWrite = (LedgerWrite, oneshot::Sender<Reply>);

/// A ledger that many deliveries write to at once. Its thread ends when the last handle is dropped.
#[derive(Clone)]
pub struct GroupCommit {
    queue: mpsc::Sender<PendingWrite>,
}

impl GroupCommit {
    /// Starts the thread that writes. Joined after the last handle is dropped, it gives the ledger, which it has closed.
    #[must_use]
    pub fn start<L: Ledger + 'static>(ledger: L) -> (Self, thread::JoinHandle<(L, CloseReport)>) {
        let (queue, pending) = mpsc::channel();
        let writer = thread::Builder::new().name("ledger".to_owned()).spawn(move || commit_groups(ledger, &pending));
        let writer = writer.expect("the system has room for one more thread");
        (Self { queue }, writer)
    }

    /// Writes durably. An error means that it may or may not be written, and that nothing more may be sent.
    pub async fn write(&self, write: LedgerWrite) -> Reply {
        let (reply, response) = oneshot::channel();
        self.queue.send((write, reply)).map_err(|_| Arc::new(LedgerError::Closed))?;
        response.await.map_err(|_| Arc::new(LedgerError::Closed))?
    }

    /// Writes what no request depends on, and does not wait for it. What cannot be written is tried again at the end.
    pub fn enqueue(&self, write: LedgerWrite) {
        let (reply, _) = oneshot::channel();
        // Without its thread nothing else can be written either, which those say that wait.
        drop(self.queue.send((write, reply)));
    }
}

/// How a ledger was closed.
#[derive(Debug, Default)]
pub struct CloseReport {
    /// How many outcomes could not be written.
    pub unwritten_outcomes: usize,
    /// Why the next run will not find what was written.
    pub error: Option<LedgerError>,
}

fn commit_groups<L: Ledger>(mut ledger: L, pending: &mpsc::Receiver<PendingWrite>) -> (L, CloseReport) {
    let mut unwritten_outcomes = Vec::new();
    while let Ok(first) = pending.recv() {
        let (writes, replies): (Vec<_>, Vec<_>) = collect_group(first, pending).into_iter().unzip();
        match ledger.write(&writes) {
            Ok(numbers) => send_replies(replies, numbers.into_iter().map(Ok)),
            // Nothing of the group is written. What came of requests may be, without the intents.
            Err(LedgerError::OtherRun { .. } | LedgerError::Replaced { .. }) if writes.len() > 1 => {
                let mut write_one = |write: &LedgerWrite| Ok(ledger.write(std::slice::from_ref(write))?[0]);
                send_replies(replies, writes.iter().map(|write| write_one(write).map_err(Arc::new)));
            }
            Err(error) => {
                let error = Arc::new(error);
                unwritten_outcomes.extend(writes.into_iter().filter(|write| !write.is_intent()));
                send_replies(replies, std::iter::repeat_with(|| Err(Arc::clone(&error))));
            }
        }
    }
    // Nothing more is sent, and the disk may have room again: what is known should not be unknown to the next run.
    let all_written = unwritten_outcomes.is_empty() || ledger.write(&unwritten_outcomes).is_ok();
    // A cart that is taken for open is cleared once more, which nobody needs to be told.
    let outcomes = unwritten_outcomes.iter().filter(|write| matches!(write, LedgerWrite::Outcome(..)));
    let closed =
        CloseReport { unwritten_outcomes: if all_written { 0 } else { outcomes.count() }, error: ledger.close().err() };
    (ledger, closed)
}

fn collect_group(first: PendingWrite, pending: &mpsc::Receiver<PendingWrite>) -> Vec<PendingWrite> {
    let mut group = vec![first];
    group.extend(pending.try_iter().take(MAX_GROUP));
    if group.len() < LARGE_GROUP {
        // Asleep rather than waiting for each of them: to be woken costs as much as a write.
        thread::sleep(GATHER_TIME);
        group.extend(pending.try_iter().take(MAX_GROUP));
    }
    group
}

fn send_replies(replies: Vec<oneshot::Sender<Reply>>, answers: impl Iterator<Item = Reply>) {
    for (reply, answer) in replies.into_iter().zip(answers) {
        // Whoever has gone away needs no answer.
        drop(reply.send(answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{AttemptId, AttemptState, CartId, ChangeState, HistoryEntry, Intent, OpenCart, OrderKey},
        model::{
            field::AttributeTypes,
            planned::{DedupHash, EventJson},
        },
    };

    /// Writes as a test says, and knows nothing.
    struct Scripted<W>(W);

    impl<W: FnMut(&[LedgerWrite]) -> Result<Vec<i64>, LedgerError> + Send> Ledger for Scripted<W> {
        fn history(&self, _: &str) -> Result<Vec<HistoryEntry>, LedgerError> {
            Ok(Vec::new())
        }

        fn references_by_dedup_hash(&self, _: DedupHash) -> Result<Vec<String>, LedgerError> {
            Ok(Vec::new())
        }

        fn references_by_time(&self, _: chrono::DateTime<chrono::Utc>) -> Result<Vec<String>, LedgerError> {
            Ok(Vec::new())
        }

        fn change_state(&self, _: &OrderKey) -> Result<ChangeState, LedgerError> {
            Ok(ChangeState::New)
        }

        fn attribute_types(&self) -> Result<AttributeTypes, LedgerError> {
            Ok(AttributeTypes::default())
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

    /// Numbers its writes; fails after so many.
    fn failing_after(max_writes: i64) -> impl FnMut(&[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
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

    /// Refuses intents, as if another run had come.
    fn refuse_intents(writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        if writes.iter().any(LedgerWrite::is_intent) {
            return Err(LedgerError::OtherRun { run: "run-2".into() });
        }
        Ok(vec![1; writes.len()])
    }

    #[tokio::test]
    async fn every_pending_write_gets_a_reply() {
        let (ledger, writer) = GroupCommit::start(Scripted(failing_after(20)));
        let settle = || ledger.write(LedgerWrite::Outcome(AttemptId(0), AttemptState::Accepted));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let ledger = ledger.clone();
            tasks.spawn(async move {
                ledger.write(LedgerWrite::Outcome(AttemptId(0), AttemptState::Accepted)).await.unwrap()
            });
        }
        let mut attempts = tasks.join_all().await;
        attempts.sort_unstable();
        assert_eq!(attempts, (1..=20).collect::<Vec<_>>());
        assert!(settle().await.is_err());
        assert!(ledger.write(LedgerWrite::CloseCart(CartId(1))).await.is_err());
        drop(ledger);
        assert_eq!(writer.join().unwrap().1.unwritten_outcomes, 1, "what nobody could write");
    }

    #[test]
    fn outcomes_are_written_after_intents_are_refused() {
        let order = OrderKey {
            reference: "A".into(),
            ordered_at: chrono::DateTime::UNIX_EPOCH,
            content: crate::model::planned::ContentHash([0; 16]),
        };
        let intent = Intent { order, status: "PURCHASED".into(), money: None, item_count: 1, dedup_hash: None };
        let (queue, pending) = mpsc::channel();
        let submit = |write| {
            let (reply, response) = oneshot::channel();
            queue.send((write, reply)).unwrap();
            response
        };
        let intended = submit(LedgerWrite::Intent(intent));
        let settled = submit(LedgerWrite::Outcome(AttemptId(1), AttemptState::Accepted));
        let (reference, browser, clear_cart) = ("A".into(), "b".into(), EventJson("\"}".into()));
        let opened = submit(LedgerWrite::OpenCart { reference, browser, clear_cart });
        let closed = submit(LedgerWrite::CloseCart(CartId(1)));
        drop(queue);
        assert_eq!(commit_groups(Scripted(refuse_intents), &pending).1.unwritten_outcomes, 0);
        for intent in [intended, opened] {
            assert!(intent.blocking_recv().unwrap().is_err());
        }
        for reply in [settled, closed] {
            assert!(reply.blocking_recv().unwrap().is_ok());
        }
    }
}
