use std::ops::ControlFlow;

use chrono::Utc;

use super::{open, outcome, target};
use crate::{
    ledger::{
        AttemptState, Intent, LedgerAdmin, LedgerError, LedgerWrite, OrderFilter, OrderKey,
        OrderState, ReferencePattern, TargetHash, at_path,
    },
    model::planned::ContentHash,
};

fn try_find_references(
    admin: &dyn LedgerAdmin,
    filter: &OrderFilter,
) -> Result<String, LedgerError> {
    let mut found = Vec::new();
    admin.visit(filter, &mut |order| {
        found.push(order.reference);
        ControlFlow::Continue(())
    })?;
    Ok(found.join(" "))
}

fn found_references(admin: &dyn LedgerAdmin, filter: &OrderFilter) -> String {
    try_find_references(admin, filter).unwrap()
}

#[test]
fn filter_selects_orders() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let admin = at_path(path.clone()).open_admin();
    let admin = &*admin;
    let is_not_found = || {
        let found = try_find_references(admin, &OrderFilter::default());
        matches!(found, Err(LedgerError::NotFound { .. }))
    };
    assert!(is_not_found());
    std::fs::write(&path, "").unwrap();
    assert!(is_not_found());
    let before = Utc::now();
    for (run, reference, state) in [
        ("run-1", "A-10", AttemptState::Accepted),
        ("run-1", "A-2", AttemptState::Unknown),
        ("run-2", "A-2", AttemptState::Accepted),
        ("run-2", "B*", AttemptState::NotAccepted),
    ] {
        let mut ledger = open(&path, "a", run).unwrap();
        let order = OrderKey {
            reference: reference.into(),
            ordered_at: before,
            content: ContentHash([1; 16]),
        };
        let intent =
            Intent { order, status: String::new(), money: None, item_count: 1, dedup_hash: None };
        let attempt = ledger.write(&[LedgerWrite::Intent(intent)]).unwrap()[0];
        ledger.write(&[outcome(attempt, state)]).unwrap();
    }
    let all = OrderFilter::default;
    let glob =
        |pattern: &str| OrderFilter { references: ReferencePattern::Glob(pattern.into()), ..all() };
    assert_eq!(found_references(admin, &all()), "A-10 A-2 B*");
    assert_eq!(found_references(admin, &glob("A-*")), "A-10 A-2");
    assert_eq!(
        found_references(
            admin,
            &OrderFilter { references: ReferencePattern::Exact("B*".into()), ..all() }
        ),
        "B*"
    );
    assert_eq!(
        found_references(admin, &OrderFilter { states: vec![OrderState::Accepted], ..all() }),
        "A-10 A-2"
    );
    assert_eq!(
        found_references(
            admin,
            &OrderFilter { states: vec![OrderState::Failed, OrderState::Unknown], ..all() }
        ),
        "B*"
    );
    assert_eq!(
        found_references(admin, &OrderFilter { run: Some("run-1".into()), ..all() }),
        "A-10 A-2"
    );
    assert_eq!(found_references(admin, &OrderFilter { limit: Some(2), ..all() }), "A-10 A-2");
    assert_eq!(found_references(admin, &OrderFilter { limit: Some(0), ..all() }), "");
    let (earlier, later) =
        (before - chrono::TimeDelta::hours(1), before + chrono::TimeDelta::hours(1));
    assert_eq!(
        found_references(admin, &OrderFilter { since: Some(earlier), until: Some(later), ..all() }),
        "A-10 A-2 B*"
    );
    assert_eq!(found_references(admin, &OrderFilter { since: Some(later), ..all() }), "");
    assert_eq!(found_references(admin, &OrderFilter { until: Some(earlier), ..all() }), "");
    let other = if TargetHash::of(&target("a")).to_string().starts_with('0') { "1" } else { "0" };
    assert_eq!(
        found_references(admin, &OrderFilter { target: Some(other.parse().unwrap()), ..all() }),
        ""
    );
}
