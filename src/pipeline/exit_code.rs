//! Exit code of a run that was not refused.
//!
//! Called by `finish`; `cli` has the codes of the errors.

use crate::{model::outcome::Outcome, report::Recorder};

/// Returns the first of 3, 4, 1 that applies, or 0.
pub(super) fn exit_code(recorder: &Recorder, is_stopped: bool) -> u8 {
    if recorder.n_with_outcome(Outcome::Unknown) > 0 {
        return 3;
    }
    if is_stopped || recorder.n_unreached() > 0 {
        return 4;
    }
    // Only orders that need `--backfill` are not attempted here: the others are excluded above.
    let needs_attention =
        |outcome: &Outcome| outcome.is_rejected() || *outcome == Outcome::NotAttempted;
    let mut outcomes = Outcome::ALL.into_iter().filter(needs_attention);
    u8::from(
        recorder.counters.n_new_changes > 0
            || outcomes.any(|outcome| recorder.n_with_outcome(outcome) > 0),
    )
}
