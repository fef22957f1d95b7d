//! Previous run: the last run of the same profile and target, found in the run folders beside this
//! run's, to compare the counts with.
//!
//! The ledger knows neither checks nor counts of orders. A run folder that was moved or removed is
//! not found, and then an older one is. Called by `recorder`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{order_line::utc_millis, per_outcome::PerOutcome, setup::TargetSummary};
use crate::storage::RunFolder;

/// What is compared with the last run of the same profile and target that read orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousRun {
    /// Its name.
    pub run_id: String,
    /// `check` or `send`.
    pub command: String,
    /// When it began.
    #[serde(serialize_with = "utc_millis")]
    #[schemars(with = "DateTime<Utc>")]
    pub started_at: DateTime<Utc>,
    /// Its exit code.
    pub exit_code: u8,
    /// Orders it read, and orders per outcome.
    pub orders: PerOutcome<u64>,
}

/// The parts of an earlier `summary.json` that are read.
#[derive(Deserialize)]
struct EarlierSummary {
    #[serde(flatten)]
    run: PreviousRun,
    target: Option<TargetSummary>,
    profile: Option<String>,
}

/// Finds the last run that began before `started_at`; `file` is the name of its summary. None for a
/// resumed plan, which knows no profile.
pub(super) fn find(
    folder: &RunFolder,
    file: &str,
    started_at: DateTime<Utc>,
    profile: Option<&str>,
    target: Option<&TargetSummary>,
) -> Option<PreviousRun> {
    let profile = profile?;
    let earlier = folder.texts_beside(file).filter_map(|text| {
        let earlier: EarlierSummary = serde_json::from_str(&text).ok()?;
        let is_comparable = earlier.profile.as_deref() == Some(profile)
            && is_same_target(earlier.target.as_ref(), target)
            && earlier.run.started_at < started_at
            && earlier.run.orders.read > 0;
        is_comparable.then_some(earlier.run)
    });
    earlier.max_by_key(|run| run.started_at)
}

fn is_same_target(one: Option<&TargetSummary>, other: Option<&TargetSummary>) -> bool {
    match (one, other) {
        (None, None) => true,
        // A sandbox inside the run has another port each time.
        (Some(one), Some(other)) => {
            (one.sandbox && other.sandbox)
                || (one.hash == other.hash && one.sandbox == other.sandbox)
        }
        _ => false,
    }
}
