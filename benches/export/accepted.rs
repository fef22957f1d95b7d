//! Ledger that holds all orders of a plan as accepted, for runs that find nothing to send. Sends
//! nothing. Called by `main`.

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use orderferry::{
    ledger::{self, AttemptId, AttemptState, Consent, Intent, Ledger, LedgerWrite, OrderKey},
    model::planned::PlannedOrder,
    plan::SavedPlan,
    storage::open_storage,
    stream,
};

/// Orders of a transaction.
const BATCH: usize = 10_000;

/// Records all orders of the plan in a run folder as accepted, and prints their number.
pub(crate) fn accept(
    plan: &Path,
    ledger: PathBuf,
    base_url: &str,
    client_key: &str,
) -> Result<(), Box<dyn Error>> {
    let target = stream::target(base_url, client_key)?;
    let mut ledger =
        ledger::at_path(ledger).open_to_write(&target, "accepted", Consent::NotNeeded)?;
    let (mut intents, mut n_orders) = (Vec::with_capacity(BATCH), 0);
    for part in SavedPlan::open(plan, &open_storage())?.guests()?.flatten() {
        for order in part?.orders {
            intents.push(LedgerWrite::Intent(intent(order)));
            n_orders += 1;
        }
        if intents.len() >= BATCH {
            write_accepted(&mut *ledger, &mut intents)?;
        }
    }
    write_accepted(&mut *ledger, &mut intents)?;
    ledger.close()?;
    println!("{}: {n_orders} orders accepted", plan.display());
    Ok(())
}

fn write_accepted(
    ledger: &mut dyn Ledger,
    intents: &mut Vec<LedgerWrite>,
) -> Result<(), Box<dyn Error>> {
    let attempts = ledger.write(intents)?;
    let accepted = |attempt| LedgerWrite::Outcome {
        attempt: AttemptId(attempt),
        state: AttemptState::Accepted,
        types: Vec::new(),
    };
    let outcomes: Vec<_> = attempts.into_iter().map(accepted).collect();
    ledger.write(&outcomes)?;
    intents.clear();
    Ok(())
}

fn intent(PlannedOrder { record, encoded, .. }: PlannedOrder) -> Intent {
    Intent {
        order: OrderKey {
            reference: record.reference,
            ordered_at: encoded.ordered_at,
            content: encoded.content,
        },
        status: encoded.status,
        money: record.money,
        item_count: record.item_count,
        dedup_hash: Some(encoded.dedup_hash),
    }
}
