//! Pipeline: one run from the inputs to the report, and the only module that connects the stages.
//!
//! Everything is checked before anything is sent. It parses, checks and encodes nothing itself;
//! that is the work of the stages, none of which knows it. Called by `cli` through [`run`].

mod candidates;
pub(crate) mod check;
mod dispose;
mod error;
mod events;
mod excerpts;
mod finish;
mod guards;
mod journal;
mod memory;
mod part;
mod profile_guard;
mod resume;
mod run;
mod send;
mod side_files;
mod sink;
mod spec;
mod target;
mod to_send;
mod trace;
mod tracer;
mod triage;

pub use error::RunError;
pub use guards::MaxInvalid;
pub use profile_guard::{expected_values, profile_errors};
pub use resume::settings_of_plan;
pub use run::run;
pub use spec::{ExplainSpec, Finished, RunSpec, SendSpec, ShowRows};
