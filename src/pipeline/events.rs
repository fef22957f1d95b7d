//! Events of a check: what a send of the same orders would send, as a file for people.
//!
//! It sends nothing and decides nothing. Called by `candidates` once the export has been read.

use std::io::{self, BufWriter, Write};

use super::{error::RunError, target::event_texts};
use crate::{
    model::{planned::Payload, route::Route},
    plan::{PlanError, PlanLine, SortedPlan},
    storage::{RunFile, StorageError},
};

/// Writes the events in the order of sending, one JSON object a line: those of a guest one after
/// the other, its IDENTITY first. An order that is assembled from several events has a browser, and
/// so an IDENTITY, of its own.
pub(super) fn write_events(plan: SortedPlan, file: RunFile) -> Result<(), RunError> {
    let path = file.path().to_owned();
    let unwritable = |error| RunError::from(StorageError::at(&path, "write")(error));
    let mut to = BufWriter::new(file);
    let (mut identity, mut is_identified): (Option<Payload>, _) = (None, false);
    plan.for_each::<RunError>(|line| {
        let order = match line {
            PlanLine::Guest(next) => {
                (identity, is_identified) = (Some(next), false);
                return Ok(());
            }
            PlanLine::Order(order) => order,
        };
        let is_assembled = order.encoded.route == Route::Multi;
        if let Some(identity) = identity.as_ref().filter(|_| is_assembled || !is_identified) {
            writeln!(to, "{}", identity.as_str()).map_err(unwritable)?;
            is_identified |= !is_assembled;
        }
        let events =
            event_texts(&order).map_err(|error| PlanError::from(io::Error::other(error)))?;
        events.iter().try_for_each(|event| writeln!(to, "{event}")).map_err(unwritable)
    })?;
    to.flush().map_err(unwritable)
}
