//! Reference history: everything that the ledger holds for one reference. Does no I/O and derives
//! nothing (see `prior_state`). Read by `sqlite`, compared with today's orders by
//! `disposition`.

use super::{change::ChangeState, entry::HistoryEntry};
use crate::model::planned::ContentHash;

/// The attempts and changes of the orders of one reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceHistory {
    /// The attempts of all runs, the oldest first.
    pub attempts: Vec<HistoryEntry>,
    /// The changes that runs recorded after an acceptance, each with its content.
    pub changes: Vec<(ContentHash, ChangeState)>,
}

impl ReferenceHistory {
    /// Returns the state of the change from the accepted order to one with this content.
    // The time of an order is part of its content hash, so it is not compared.
    #[must_use]
    pub fn change_state(&self, content: ContentHash) -> ChangeState {
        let recorded = self.changes.iter().find(|(changed, _)| *changed == content);
        recorded.map_or(ChangeState::New, |(_, state)| *state)
    }
}
