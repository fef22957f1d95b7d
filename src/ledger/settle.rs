//! What a person says of orders: accepted, failed, or changed and that is known. All that is said at once is written, or
//! nothing. Holds the targets as a run does, so that none sends meanwhile. Called by the command `ledger` of `cli`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
};

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    Attempt, AttemptState, Filter, LedgerError, LedgerOrder, LedgerPlace, OrderState, References, RunLock,
    TargetPrefix, book::orders, evidence::Companions, file, sqlite, targets,
};

/// Who holds the lock meanwhile.
const HOLDER: &str = "orderferry ledger settle";

/// Orders that are shown where several could be meant.
const MOST_SHOWN: usize = 10;

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByHand {
    /// The service has the order.
    Accepted,
    /// The service does not have the order.
    Failed,
    /// That the order has other content now is known.
    Acknowledged,
}

/// Which orders a person speaks of, and what is said.
#[derive(Debug)]
pub struct Settlement {
    /// Their references; one that stands twice counts once.
    pub references: Vec<String>,
    /// What is said.
    pub verdict: ByHand,
    /// Where they were sent, if several targets have them.
    pub target: Option<TargetPrefix>,
    /// When they were made, if references were used again.
    pub ordered_at: Option<Range<DateTime<Utc>>>,
}

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Some references cannot be settled.
    #[error("nothing was settled{}", in_lines(.0))]
    Refused(Vec<Fault>),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<rusqlite::Error> for SettleError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Why a reference cannot be settled.
#[derive(Debug)]
pub enum Fault {
    /// The ledger has no such order.
    NotThere(String),
    /// There is nothing to say of it.
    NothingToSay(Box<LedgerOrder>, ByHand),
    /// Several orders could be meant.
    Ambiguous(String, Vec<LedgerOrder>),
}

fn in_lines(refusals: &[Fault]) -> String {
    let lines: Vec<_> = refusals.iter().map(|refusal| format!("\n  {refusal}")).collect();
    let is_ambiguous = refusals.iter().any(|refusal| matches!(refusal, Fault::Ambiguous(..)));
    let hint = if is_ambiguous { "\n  hint: --ordered-at and --target say which is meant" } else { "" };
    lines.concat() + hint
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotThere(reference) => write!(f, "{reference}: the ledger has no such order"),
            Self::NothingToSay(order, decision) => write!(f, "{}: {}", order.reference, why_not(order, *decision)),
            Self::Ambiguous(reference, candidates) => {
                write!(f, "{reference}: {} orders could be meant", candidates.len())?;
                for order in candidates.iter().take(MOST_SHOWN) {
                    let ordered_at = order.ordered_at().to_rfc3339_opts(SecondsFormat::AutoSi, true);
                    write!(
                        f,
                        "\n    made at {ordered_at}, sent to target {}, {}",
                        order.target,
                        order.state().as_str()
                    )?;
                }
                Ok(())
            }
        }
    }
}

fn why_not(order: &LedgerOrder, decision: ByHand) -> &'static str {
    match (decision, order.state()) {
        (ByHand::Accepted, _) if order.accepted().is_some() => "it is accepted already",
        (ByHand::Accepted, _) => "it is failed: the service surely did not take it",
        (ByHand::Failed, OrderState::Failed) => "it is failed already",
        (ByHand::Failed, _) => "it is accepted: the service said so",
        (ByHand::Acknowledged, OrderState::Accepted) if order.changes.is_empty() => {
            "it is accepted, and no run has seen a change of it"
        }
        (ByHand::Acknowledged, OrderState::Accepted) => "it is accepted, and all its changes are acknowledged already",
        (ByHand::Acknowledged, OrderState::Unknown) => "it is unknown, not accepted with other content",
        (ByHand::Acknowledged, _) => "it is failed, not accepted with other content",
    }
}

/// Writes what a person says of orders. Gives them as they were before.
pub fn settle(location: &LedgerPlace, request: &Settlement) -> Result<Vec<LedgerOrder>, SettleError> {
    let ledger = file::open_to_write(&location.path)?;
    ledger.ensure_whole(location, None)?;
    let connection = &ledger.connection;
    for target in targets::targets(connection)? {
        ledger.ensure_newest(location, target)?;
    }
    let now = file::now();
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut selected = BTreeMap::new();
    let mut refusals = Vec::new();
    for reference in request.references.iter().collect::<BTreeSet<_>>() {
        match choose(&transaction, reference, request)? {
            Ok(order) => drop(selected.insert(reference, order)),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(SettleError::Refused(refusals));
    }
    // Nobody writes while this transaction is open; the locks tell whether a run is between two of its own.
    let selected_targets: BTreeSet<_> = selected.values().map(|order| order.target).collect();
    let acquire = |target| Ok::<_, LedgerError>((target, RunLock::take(&location.path, target, HOLDER)?));
    let locks = selected_targets.into_iter().map(acquire).collect::<Result<Vec<_>, _>>()?;
    for order in selected.values() {
        write(&transaction, order, request.verdict, now)?;
    }
    file::count_commit(&transaction, 0)?;
    transaction.commit()?;
    let state = file::state(connection, &location.path)?;
    for (target, lock) in locks {
        Companions::open(lock, location.state_folder.as_deref(), &state.id, target).0.remember(&state);
    }
    file::keep_log_of_open_runs(connection)?;
    Ok(selected.into_values().collect())
}

/// The one order that can be meant. What nobody has settled yet counts before what a person would settle anew.
fn choose(
    connection: &Connection,
    reference: &str,
    request: &Settlement,
) -> Result<Result<LedgerOrder, Fault>, LedgerError> {
    let filter = Filter {
        references: References::Is(reference.to_owned()),
        target: request.target.clone(),
        ordered_at: request.ordered_at.clone(),
        ..Filter::default()
    };
    let found = orders(connection, &filter)?;
    let mut candidates: Vec<_> = found.iter().filter(|order| has_something_to_say(order, request.verdict)).collect();
    if candidates.iter().any(|order| order.state() == OrderState::Unknown) {
        candidates.retain(|order| order.state() == OrderState::Unknown);
    }
    Ok(match (candidates.as_slice(), found.first()) {
        ([order], _) => Ok((*order).clone()),
        ([], None) => Err(Fault::NotThere(reference.to_owned())),
        ([], Some(order)) => Err(Fault::NothingToSay(Box::new(order.clone()), request.verdict)),
        (several, _) => Err(Fault::Ambiguous(reference.to_owned(), several.iter().copied().cloned().collect())),
    })
}

fn has_something_to_say(order: &LedgerOrder, decision: ByHand) -> bool {
    match decision {
        ByHand::Acknowledged => order.state() == OrderState::Changed,
        ByHand::Accepted | ByHand::Failed => !attempts_to_settle(order, decision).is_empty(),
    }
}

/// The attempts that a person's word settles: those that nobody knows of, be it beside one that the service accepted;
/// where there are none, or where the word is taken back, those that a person settled. What the service said, nobody
/// changes.
fn attempts_to_settle(order: &LedgerOrder, decision: ByHand) -> Vec<Attempt> {
    let manual = |state| move |submission: &super::Sending| submission.is_by_hand && submission.state == state;
    let attempts_of = |is_selected: &dyn Fn(&super::Sending) -> bool| -> Vec<Attempt> {
        order
            .sendings
            .iter()
            .filter(|submission| is_selected(submission))
            .map(|submission| submission.attempt)
            .collect()
    };
    let accepted = || order.sendings.iter().filter(|submission| submission.state == AttemptState::Accepted);
    match decision {
        ByHand::Accepted if accepted().next().is_some() => attempts_of(&super::Sending::is_open),
        ByHand::Failed if accepted().any(|submission| !submission.is_by_hand) => attempts_of(&super::Sending::is_open),
        ByHand::Failed => attempts_of(&|submission| submission.is_open() || manual(AttemptState::Accepted)(submission)),
        _ => match attempts_of(&super::Sending::is_open) {
            open if open.is_empty() => attempts_of(&manual(AttemptState::NotAccepted)),
            open => open,
        },
    }
}

fn write(connection: &Connection, order: &LedgerOrder, decision: ByHand, now: i64) -> Result<(), LedgerError> {
    let state = match decision {
        ByHand::Acknowledged => return acknowledge(connection, order, now),
        ByHand::Accepted => AttemptState::Accepted,
        ByHand::Failed => AttemptState::NotAccepted,
    };
    for attempt in attempts_to_settle(order, decision) {
        sqlite::settle(connection, attempt, state, true, now)?;
    }
    Ok(())
}

fn acknowledge(connection: &Connection, order: &LedgerOrder, now: i64) -> Result<(), LedgerError> {
    for change in order.changes.iter().filter(|change| change.acknowledged_at.is_none()) {
        let mut statement = connection.prepare_cached(
            "UPDATE changes SET acknowledged_at = ?4 WHERE target = ?1 AND reference = ?2 AND content = ?3",
        )?;
        statement.execute(params![order.target.0, order.reference, change.content.0, now])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use chrono::TimeDelta;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        ledger::{
            Book, ChangeState, ChangedOrder, Consent, Intent, Known, Ledger, OrderKey, OrderSnapshot, SqliteLedger,
            Write, known,
        },
        model::{planned::ContentHash, target::Target},
    };

    struct Shop {
        _folder: TempDir,
        path: PathBuf,
    }

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
    }

    fn key(reference: &str, days: i64, content: u8) -> OrderKey {
        OrderKey { reference: reference.into(), ordered_at: at(days), content: ContentHash([content; 16]) }
    }

    impl Shop {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { path: folder.path().join("ledger.db"), _folder: folder }
        }

        fn run(&self, target: &str) -> SqliteLedger {
            let target = Target { base_url: "https://stream.example".into(), client_key: target.into() };
            SqliteLedger::open(&LedgerPlace::at(self.path.clone()), &target, "run", Consent::NotNeeded).unwrap()
        }

        fn send(&self, target: &str, order: OrderKey, state: AttemptState) -> &Self {
            let mut run = self.run(target);
            let intent = Intent { order, status: String::new(), money: None, n_items: 1, likeness: None };
            let attempt = Attempt(run.write(&[Write::Intend(intent)]).unwrap()[0]);
            if state != AttemptState::Intended {
                run.write(&[Write::Settle(attempt, state)]).unwrap();
            }
            self
        }

        /// What a run makes of an order now.
        fn known(&self, order: &OrderKey) -> Known {
            let run = self.run("a");
            known(&run.history(&order.reference).unwrap(), order.ordered_at, order.content)
        }

        fn change_state(&self, order: &OrderKey) -> ChangeState {
            self.run("a").change_state(order).unwrap()
        }

        fn note_changed(&self, orders: &[OrderKey]) {
            let record = |order: &OrderKey| {
                let (order, snapshot) = (order.clone(), OrderSnapshot::default());
                Write::NoteChange(Box::new(ChangedOrder { order, cause: None, snapshot }))
            };
            self.run("a").write(&orders.iter().map(record).collect::<Vec<_>>()).unwrap();
        }

        fn settle(&self, references: &[&str], decision: ByHand, filter: Filter) -> Result<String, String> {
            let request = Settlement {
                references: references.iter().map(ToString::to_string).collect(),
                verdict: decision,
                target: filter.target,
                ordered_at: filter.ordered_at,
            };
            let settled = super::settle(&LedgerPlace::at(self.path.clone()), &request);
            let text = |order: &LedgerOrder| format!("{} {}", order.reference, order.state().as_str());
            settled
                .map(|orders| orders.iter().map(text).collect::<Vec<_>>().join(", "))
                .map_err(|error| error.to_string())
        }

        fn say(&self, references: &[&str], decision: ByHand) -> Result<String, String> {
            self.settle(references, decision, Filter::default())
        }

        fn states(&self) -> String {
            let mut orders = Vec::new();
            let visit = |order| {
                orders.push(order);
                Ok::<_, LedgerError>(())
            };
            Book::open(&self.path).unwrap().visit(&Filter::default(), visit).unwrap();
            let lines = orders.iter().map(|order| format!("{} {}", order.reference, order.state().as_str()));
            lines.collect::<Vec<_>>().join(", ")
        }
    }

    #[test]
    fn a_word_settles_what_nobody_knows_and_can_be_taken_back() {
        let shop = Shop::new();
        let order = key("A", 0, 1);
        shop.send("a", order.clone(), AttemptState::Unknown).send("a", order.clone(), AttemptState::Intended);
        assert_eq!(shop.known(&order), Known::Unknown);
        assert_eq!(shop.say(&["A", "A"], ByHand::Failed).unwrap(), "A unknown");
        assert_eq!(shop.known(&order), Known::Nothing);
        assert_eq!(shop.say(&["A"], ByHand::Failed).unwrap_err(), "nothing was settled\n  A: it is failed already");
        assert_eq!(shop.say(&["A"], ByHand::Accepted).unwrap(), "A failed");
        assert_eq!(shop.known(&order), Known::AcceptedByHand);
        assert_eq!(shop.known(&key("A", 0, 2)), Known::Changed);
        assert_eq!(shop.say(&["A"], ByHand::Failed).unwrap(), "A accepted");
        assert_eq!(shop.known(&order), Known::Nothing);
    }

    #[test]
    fn what_the_service_said_stands_and_one_fault_settles_nothing() {
        let shop = Shop::new();
        shop.send("a", key("A", 0, 1), AttemptState::Accepted).send("a", key("B", 0, 1), AttemptState::NotAccepted);
        shop.send("a", key("C", 0, 1), AttemptState::Unknown);
        let refused = shop.say(&["A", "B", "C", "D"], ByHand::Failed).unwrap_err();
        insta::assert_snapshot!(refused, @r"
        nothing was settled
          A: it is accepted: the service said so
          B: it is failed already
          D: the ledger has no such order
        ");
        insta::assert_snapshot!(shop.say(&["A", "B", "C"], ByHand::Accepted).unwrap_err(), @r"
        nothing was settled
          A: it is accepted already
          B: it is failed: the service surely did not take it
        ");
        insta::assert_snapshot!(shop.say(&["A", "B", "C"], ByHand::Acknowledged).unwrap_err(), @r"
        nothing was settled
          A: it is accepted, and no run has seen a change of it
          B: it is failed, not accepted with other content
          C: it is unknown, not accepted with other content
        ");
        assert_eq!(shop.states(), "A accepted, B failed, C unknown");
    }

    #[test]
    fn a_change_is_acknowledged_for_its_content() {
        let shop = Shop::new();
        shop.send("a", key("A", 0, 1), AttemptState::Accepted);
        shop.note_changed(&[key("A", 1, 2), key("A", 30, 3)]);
        let state = |content| (shop.states(), shop.change_state(&key("A", 1, content)));
        assert_eq!(shop.known(&key("A", 1, 2)), Known::Changed);
        assert_eq!(state(2), ("A changed".to_owned(), ChangeState::New));
        assert_eq!(shop.say(&["A"], ByHand::Acknowledged).unwrap(), "A changed");
        assert_eq!(state(2), ("A accepted".to_owned(), ChangeState::Acknowledged));
        assert!(shop.say(&["A"], ByHand::Acknowledged).unwrap_err().contains("acknowledged already"));
        // Another change is another matter.
        shop.note_changed(&[key("A", 1, 4)]);
        assert_eq!(state(4), ("A changed".to_owned(), ChangeState::New));
    }

    #[test]
    fn which_order_is_meant_is_not_guessed() {
        let shop = Shop::new();
        shop.send("a", key("A", 0, 1), AttemptState::Unknown).send("a", key("A", 1, 2), AttemptState::Unknown);
        shop.send("a", key("A", 5, 3), AttemptState::Unknown).send("b", key("B", 0, 1), AttemptState::Unknown);
        shop.send("a", key("B", 0, 1), AttemptState::Unknown).send("b", key("C", 0, 1), AttemptState::Accepted);
        shop.send("a", key("C", 0, 1), AttemptState::Unknown);
        let message = shop.say(&["A", "B", "C"], ByHand::Failed).unwrap_err();
        insta::with_settings!({filters => vec![("target [0-9a-f]{8}", "target HASH")]}, {
            insta::assert_snapshot!(message, @r"
            nothing was settled
              A: 2 orders could be meant
                made at 2024-10-05T00:00:00Z, sent to target HASH, unknown
                made at 2024-10-09T00:00:00Z, sent to target HASH, unknown
              B: 2 orders could be meant
                made at 2024-10-04T00:00:00Z, sent to target HASH, unknown
                made at 2024-10-04T00:00:00Z, sent to target HASH, unknown
              hint: --ordered-at and --target say which is meant
            ");
        });
        let by_time = Filter { ordered_at: Some(at(5)..at(6)), ..Filter::default() };
        assert_eq!(shop.settle(&["A"], ByHand::Failed, by_time).unwrap(), "A unknown");
        let target = crate::ledger::TargetHash::of(&Target {
            base_url: "https://stream.example".into(),
            client_key: "b".into(),
        });
        let to_b = Filter { target: Some(target.to_string().parse().unwrap()), ..Filter::default() };
        assert_eq!(shop.settle(&["B"], ByHand::Failed, to_b).unwrap(), "B unknown");
        // Only one of the two is in doubt.
        assert_eq!(shop.say(&["C"], ByHand::Failed).unwrap(), "C unknown");
    }

    #[test]
    fn while_a_run_is_on_nothing_is_settled() {
        let shop = Shop::new();
        shop.send("a", key("A", 0, 1), AttemptState::Unknown).send("b", key("B", 0, 1), AttemptState::Unknown);
        let run = shop.run("a");
        let request = Settlement {
            references: vec!["A".into(), "B".into()],
            verdict: ByHand::Failed,
            target: None,
            ordered_at: None,
        };
        let location = LedgerPlace::at(shop.path.clone());
        let held = super::settle(&location, &request);
        assert!(matches!(held, Err(SettleError::Ledger(LedgerError::Held { .. }))));
        assert_eq!(shop.states(), "A unknown, B unknown");
        assert_eq!(shop.say(&["B"], ByHand::Failed).unwrap(), "B unknown");
        drop(run);
        super::settle(&location, &Settlement { references: vec!["A".into()], ..request }).unwrap();
        assert_eq!(shop.states(), "A failed, B failed");
    }
}
