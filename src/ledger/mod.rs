//! Ledger: a durable record of every attempt to send an order and of its outcome. It keeps an
//! order from being sent twice. It holds references and hashes, no personal data.
//!
//! Write-ahead protocol: the intent is written before a checkout goes on the wire, the outcome
//! after the response. An intent without an outcome is an order whose outcome is unknown; one
//! whose request was never sent is withdrawn, so that its order is not one that failed. A cart
//! is recorded before an assembled order adds anything to it, and marked as closed once nothing
//! can be left in it; the next run clears the carts that stayed open.
//!
//! Three views: a run to one target looks orders up with a [`LedgerReader`] and writes to a
//! [`Ledger`], both used by `pipeline`; [`LedgerAdmin`] serves the operator for all targets and is
//! used by the `ledger` command of `cli`. Each is opened by a [`LedgerLocation`], which names a
//! back end and is chosen in `locate`. Knows only `model`.

mod accepted;
mod adopt;
mod change;
mod consent;
mod entry;
mod error;
mod group_commit;
mod history;
mod known_target;
mod locate;
mod look_up;
mod order;
mod prior_state;
mod query;
mod settle;
mod snapshot;
mod sqlite;
mod store;
mod target_hash;
mod write;

pub use accepted::AcceptedContents;
pub use adopt::AdoptError;
pub use change::{ChangeState, ChangedOrder, unsent_change_hash};
pub use consent::Consent;
pub use entry::{AttemptId, AttemptState, CartId, HistoryEntry, OpenCart, OrderKey};
pub use error::LedgerError;
pub use group_commit::{CloseReport, GroupCommit, WriterThread};
pub use history::ReferenceHistory;
pub use known_target::KnownTarget;
pub use locate::{at_path, in_folder, in_state_folder, locate};
pub use look_up::{ensure_all_answered, look_up};
pub use order::{ContentChange, LedgerOrder, OrderState, Submission};
pub use prior_state::PriorState;
pub use query::{OrderFilter, ReferencePattern, TargetPrefix};
pub use settle::{ManualDecision, SettleError, SettleRefusal, SettleRequest, SettledOrder};
pub use snapshot::OrderSnapshot;
pub use store::{Ledger, LedgerAdmin, LedgerLocation, LedgerReader};
pub use target_hash::{TargetHash, hex};
pub use write::{Intent, LedgerWrite};
