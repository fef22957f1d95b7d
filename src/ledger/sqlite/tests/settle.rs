use std::{ops::ControlFlow, path::PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::{history, open, outcome, target};
use crate::{
    ledger::{
        AttemptState, ChangeState, ChangedOrder, Intent, Ledger, LedgerAdmin, LedgerError,
        LedgerWrite, ManualDecision, OrderFilter, OrderKey, OrderSnapshot, PriorState, SettleError,
        SettleRequest, SettledOrder, TargetHash, at_path,
    },
    model::planned::ContentHash,
};

struct TestShop {
    _folder: TempDir,
    path: PathBuf,
}

fn at(days: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + days)
}

fn key(reference: &str, days: i64, content: u8) -> OrderKey {
    OrderKey {
        reference: reference.into(),
        ordered_at: at(days),
        content: ContentHash([content; 16]),
    }
}

impl TestShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("ledger.db"), _folder: folder }
    }

    fn run(&self, target: &str) -> Box<dyn Ledger> {
        open(&self.path, target, "run").unwrap()
    }

    fn admin(&self) -> Box<dyn LedgerAdmin> {
        at_path(self.path.clone()).open_admin()
    }

    fn send(&self, target: &str, order: OrderKey, state: AttemptState) -> &Self {
        self.send_in("run", target, order, state)
    }

    fn send_in(&self, run: &str, target: &str, order: OrderKey, state: AttemptState) -> &Self {
        let mut run = open(&self.path, target, run).unwrap();
        let intent =
            Intent { order, status: String::new(), money: None, item_count: 1, dedup_hash: None };
        let attempt = run.write(&[LedgerWrite::Intent(intent)]).unwrap()[0];
        if state != AttemptState::Intended {
            run.write(&[outcome(attempt, state)]).unwrap();
        }
        self
    }

    /// The prior state of an order in the next run.
    fn prior_state(&self, order: &OrderKey) -> PriorState {
        let history = history(&*self.run("a"), &order.reference);
        history.prior_state(order.ordered_at, order.content)
    }

    fn change_state(&self, order: &OrderKey) -> ChangeState {
        history(&*self.run("a"), &order.reference).change_state(order.content)
    }

    fn record_changed(&self, orders: &[OrderKey]) {
        let record = |order: &OrderKey| {
            let (order, snapshot) = (order.clone(), OrderSnapshot::default());
            LedgerWrite::RecordChange(Box::new(ChangedOrder { order, cause: None, snapshot }))
        };
        self.run("a").write(&orders.iter().map(record).collect::<Vec<_>>()).unwrap();
    }

    fn settle(
        &self,
        references: &[&str],
        decision: ManualDecision,
        filter: OrderFilter,
    ) -> Result<String, String> {
        let request = SettleRequest {
            references: references.iter().map(ToString::to_string).collect(),
            decision,
            target: filter.target,
            run: filter.run,
            ordered_at: filter.ordered_at,
        };
        let settled = self.admin().settle(&request);
        let text = |SettledOrder { before, .. }: &SettledOrder| {
            format!("{} {}", before.reference, before.state().as_str())
        };
        settled
            .map(|orders| orders.iter().map(text).collect::<Vec<_>>().join(", "))
            .map_err(|error| error.to_string())
    }

    fn settle_all(&self, references: &[&str], decision: ManualDecision) -> Result<String, String> {
        self.settle(references, decision, OrderFilter::default())
    }

    fn states(&self) -> String {
        let mut orders = Vec::new();
        let mut visit = |order| {
            orders.push(order);
            ControlFlow::Continue(())
        };
        self.admin().visit(&OrderFilter::default(), &mut visit).unwrap();
        let lines =
            orders.iter().map(|order| format!("{} {}", order.reference, order.state().as_str()));
        lines.collect::<Vec<_>>().join(", ")
    }
}

#[test]
fn manual_settlement_is_reversible() {
    let shop = TestShop::new();
    let order = key("A", 0, 1);
    shop.send("a", order.clone(), AttemptState::Unknown).send(
        "a",
        order.clone(),
        AttemptState::Intended,
    );
    assert_eq!(shop.prior_state(&order), PriorState::Unknown);
    assert_eq!(shop.settle_all(&["A", "A"], ManualDecision::Failed).unwrap(), "A unknown");
    assert_eq!(shop.prior_state(&order), PriorState::None);
    assert_eq!(
        shop.settle_all(&["A"], ManualDecision::Failed).unwrap_err(),
        "nothing was settled\n  A: it is already failed"
    );
    assert_eq!(shop.settle_all(&["A"], ManualDecision::Accepted).unwrap(), "A failed");
    assert_eq!(shop.prior_state(&order), PriorState::AcceptedManually);
    assert_eq!(shop.prior_state(&key("A", 0, 2)), PriorState::Changed);
    assert_eq!(shop.settle_all(&["A"], ManualDecision::Failed).unwrap(), "A accepted");
    assert_eq!(shop.prior_state(&order), PriorState::None);
}

#[test]
fn settlement_of_a_run_leaves_attempts_of_others() {
    let of = |run: &str| OrderFilter { run: Some(run.to_owned()), ..OrderFilter::default() };
    let shop = TestShop::new();
    let order = key("A", 0, 1);
    for run in ["one", "two"] {
        shop.send_in(run, "a", order.clone(), AttemptState::Unknown);
    }
    // What the first run sent may be there whatever became of the second one's.
    let settle = |run, decision| shop.settle(&["A"], decision, of(run));
    assert_eq!(settle("two", ManualDecision::Failed).unwrap(), "A unknown");
    assert_eq!(
        (shop.states().as_str(), shop.prior_state(&order)),
        ("A unknown", PriorState::Unknown)
    );
    assert_eq!(
        settle("two", ManualDecision::Failed).unwrap_err(),
        "nothing was settled\n  A: run two has no attempt to settle; other runs have"
    );
    // A manual outcome can be revised, that of the run only.
    assert_eq!(settle("two", ManualDecision::Accepted).unwrap(), "A unknown");
    assert_eq!(shop.prior_state(&order), PriorState::AcceptedManually);
    assert_eq!(settle("one", ManualDecision::Failed).unwrap(), "A accepted");
    assert_eq!(shop.states(), "A accepted");
    assert_eq!(settle("two", ManualDecision::Failed).unwrap(), "A accepted");
    assert_eq!((shop.states().as_str(), shop.prior_state(&order)), ("A failed", PriorState::None));
}

#[test]
fn settlement_of_a_run_keeps_what_the_service_accepted() {
    let of = |run: &str| OrderFilter { run: Some(run.to_owned()), ..OrderFilter::default() };
    let shop = TestShop::new();
    let order = key("A", 0, 1);
    shop.send_in("one", "a", order.clone(), AttemptState::Unknown);
    shop.send_in("two", "a", order.clone(), AttemptState::Unknown);
    shop.send_in("three", "a", order.clone(), AttemptState::Accepted);
    assert_eq!(shop.prior_state(&order), PriorState::AcceptedMaybeTwice);
    assert_eq!(shop.settle(&["A"], ManualDecision::Failed, of("one")).unwrap(), "A accepted");
    assert_eq!(shop.prior_state(&order), PriorState::AcceptedMaybeTwice);
    assert_eq!(shop.settle(&["A"], ManualDecision::Failed, of("two")).unwrap(), "A accepted");
    assert_eq!(shop.prior_state(&order), PriorState::Accepted);
    assert!(shop.settle(&["A"], ManualDecision::Failed, of("three")).is_err());
}

#[test]
fn service_outcome_is_final_and_settle_is_atomic() {
    let shop = TestShop::new();
    shop.send("a", key("A", 0, 1), AttemptState::Accepted).send(
        "a",
        key("B", 0, 1),
        AttemptState::NotAccepted,
    );
    shop.send("a", key("C", 0, 1), AttemptState::Unknown);
    let refused = shop.settle_all(&["A", "B", "C", "D"], ManualDecision::Failed).unwrap_err();
    insta::assert_snapshot!(refused, @r"
    nothing was settled
      A: it is accepted: the service reported it
      B: it is already failed
      D: the ledger has no such order
    ");
    insta::assert_snapshot!(shop.settle_all(&["A", "B", "C"], ManualDecision::Accepted).unwrap_err(), @r"
    nothing was settled
      A: it is already accepted
      B: it is failed: the service is known not to have accepted it
    ");
    insta::assert_snapshot!(shop.settle_all(&["A", "B", "C"], ManualDecision::Acknowledged).unwrap_err(), @r"
    nothing was settled
      A: it is accepted, and no run has recorded a change of it
      B: it is failed, not accepted with other content
      C: it is unknown, not accepted with other content
    ");
    assert_eq!(shop.states(), "A accepted, B failed, C unknown");
}

#[test]
fn acknowledgement_is_per_content() {
    let shop = TestShop::new();
    shop.send("a", key("A", 0, 1), AttemptState::Accepted);
    shop.record_changed(&[key("A", 1, 2), key("A", 30, 3)]);
    let state = |content| (shop.states(), shop.change_state(&key("A", 1, content)));
    assert_eq!(shop.prior_state(&key("A", 1, 2)), PriorState::Changed);
    assert_eq!(state(2), ("A changed".to_owned(), ChangeState::New));
    assert_eq!(shop.settle_all(&["A"], ManualDecision::Acknowledged).unwrap(), "A changed");
    assert_eq!(state(2), ("A accepted".to_owned(), ChangeState::Acknowledged));
    assert!(
        shop.settle_all(&["A"], ManualDecision::Acknowledged)
            .unwrap_err()
            .contains("already acknowledged")
    );
    // The acknowledgement does not cover another change.
    shop.record_changed(&[key("A", 1, 4)]);
    assert_eq!(state(4), ("A changed".to_owned(), ChangeState::New));
}

#[test]
fn ambiguous_reference_is_refused() {
    let shop = TestShop::new();
    shop.send("a", key("A", 0, 1), AttemptState::Unknown).send(
        "a",
        key("A", 1, 2),
        AttemptState::Unknown,
    );
    shop.send("a", key("A", 5, 3), AttemptState::Unknown).send(
        "b",
        key("B", 0, 1),
        AttemptState::Unknown,
    );
    shop.send("a", key("B", 0, 1), AttemptState::Unknown).send(
        "b",
        key("C", 0, 1),
        AttemptState::Accepted,
    );
    shop.send("a", key("C", 0, 1), AttemptState::Unknown);
    let message = shop.settle_all(&["A", "B", "C"], ManualDecision::Failed).unwrap_err();
    insta::with_settings!({filters => vec![("target [0-9a-f]{8}", "target HASH")]}, {
        insta::assert_snapshot!(message, @r"
        nothing was settled
          A: 2 orders match
            ordered at 2024-10-05T00:00:00Z, sent to target HASH, unknown
            ordered at 2024-10-09T00:00:00Z, sent to target HASH, unknown
          B: 2 orders match
            ordered at 2024-10-04T00:00:00Z, sent to target HASH, unknown
            ordered at 2024-10-04T00:00:00Z, sent to target HASH, unknown
          hint: select the order with --ordered-at and --target
        ");
    });
    let by_time = OrderFilter { ordered_at: Some(at(5)..at(6)), ..OrderFilter::default() };
    assert_eq!(shop.settle(&["A"], ManualDecision::Failed, by_time).unwrap(), "A unknown");
    let target = TargetHash::of(&target("b"));
    let to_b =
        OrderFilter { target: Some(target.to_string().parse().unwrap()), ..OrderFilter::default() };
    assert_eq!(shop.settle(&["B"], ManualDecision::Failed, to_b).unwrap(), "B unknown");
    // Only one of the two is unknown.
    assert_eq!(shop.settle_all(&["C"], ManualDecision::Failed).unwrap(), "C unknown");
}

#[test]
fn settle_is_refused_during_a_run() {
    let shop = TestShop::new();
    shop.send("a", key("A", 0, 1), AttemptState::Unknown).send(
        "b",
        key("B", 0, 1),
        AttemptState::Unknown,
    );
    let run = shop.run("a");
    let request = SettleRequest {
        run: None,
        references: vec!["A".into(), "B".into()],
        decision: ManualDecision::Failed,
        target: None,
        ordered_at: None,
    };
    let held = shop.admin().settle(&request);
    assert!(matches!(held, Err(SettleError::Ledger(LedgerError::Locked { .. }))));
    assert_eq!(shop.states(), "A unknown, B unknown");
    assert_eq!(shop.settle_all(&["B"], ManualDecision::Failed).unwrap(), "B unknown");
    drop(run);
    shop.admin().settle(&SettleRequest { references: vec!["A".into()], ..request }).unwrap();
    assert_eq!(shop.states(), "A failed, B failed");
}
