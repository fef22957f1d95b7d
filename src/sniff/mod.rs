//! Look at an export that no profile describes yet: samples of its bytes → a draft of a profile.
//!
//! Decides nothing for good: what the bytes prove is certain, what names and likelihood say is a
//! guess, and what only a person can know is an open question. Sends and groups nothing. Called by
//! `cli`; knows `model`, `storage`, `read` and `map`.

mod built_in;
mod csv_layout;
mod date_forms;
mod draft;
mod draft_file;
mod draft_guest;
mod draft_items;
mod draft_joins;
mod draft_order;
mod draft_values;
mod drafting;
mod encoding;
mod file_names;
mod item_groups;
mod joins;
mod json_layout;
mod number_forms;
mod order_key;
mod packed_cells;
mod prices;
mod roles;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod values;
mod vocabulary;

pub use built_in::CommandQuestion;
pub use draft::{Certainties, Choice, ProfileDraft, Question};
pub use drafting::{DraftedProfile, draft_profile};
pub use encoding::{EncodingCandidate, EncodingFinding};
pub use file_names::profile_name;
pub use survey::Survey;
