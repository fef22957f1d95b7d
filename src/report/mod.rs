//! Reports: everything that a run leaves behind for people and for scripts.
//!
//! The run folder holds `summary.json` (`summary`, counted by `tally`), `results.ndjson`
//! (`results`), on request `results.csv` and `problems.csv` (`csv_tables`), `rejects/` (`rejects`)
//! and `report.html` (`page`); `terminal` is a short text of the same. `recorder` fills them.
//!
//! Decides no outcome: the caller passes in that of each order, and the exit code of a run that was
//! refused. Has no clock and prints nothing. Called by `pipeline`.

mod command_line;
mod csv_tables;
mod error;
mod error_line;
pub mod estimate;
pub mod exact_sum;
mod examples;
mod guests;
mod next_steps;
pub mod numbers;
mod order_line;
pub mod page;
mod partial;
pub mod per_outcome;
mod previous;
mod reasons;
mod recorder;
mod reject_sorter;
pub mod rejects;
mod remedy;
pub mod results;
pub mod schemas;
mod setup;
pub mod summary;
pub mod tally;
pub mod terminal;

pub use command_line::{
    CLIENT_KEY, CommandLine, NextStep, TypedOption, WithPlan, is_decided_by_plan,
};
pub use error::ReportError;
pub use error_line::ErrorLine;
pub use examples::OrderExample;
pub use next_steps::AbortedSend;
pub use partial::{CountedOrder, Counters, PartialReport};
pub use recorder::{Recorder, RecorderSettings, ReopenInput};
pub use remedy::Remedy;
pub use setup::{RunSetup, TargetSummary};
