//! Ledger: a durable record of every attempt to send an order and of its outcome. It keeps an
//! order from being sent twice. It holds references and hashes, no personal data.
//!
//! Write-ahead protocol: the intent is written before a checkout goes on the wire, the outcome
//! after the response. An intent without an outcome is an order whose outcome is unknown. A cart
//! is recorded before an assembled order adds anything to it, and marked as closed once nothing
//! can be left in it; the next run clears the carts that stayed open.
//!
//! Two views: [`Ledger`] serves one run to one target and is used by `pipeline`; [`LedgerAdmin`]
//! serves the operator for all targets and is used by the `ledger` command of `cli`. Knows only
//! `model`.

mod change;
mod consent;
mod entry;
mod error;
mod group_commit;
mod known_target;
mod order;
mod prior_state;
mod query;
mod settle;
mod snapshot;
mod sqlite;
mod store;
mod target_hash;
mod write;

pub use change::{ChangeState, ChangedOrder, unsent_change_hash};
pub use consent::Consent;
pub use entry::{AttemptId, AttemptState, CartId, HistoryEntry, OpenCart, OrderKey};
pub use error::LedgerError;
pub use group_commit::{CloseReport, GroupCommit};
pub use known_target::KnownTarget;
pub use order::{ContentChange, LedgerOrder, OrderState, Submission};
pub use prior_state::{PriorState, has_order_near, matching_accepted, prior_state, single_order_time};
pub use query::{OrderFilter, ReferencePattern, TargetPrefix};
pub use settle::{ManualDecision, SettleError, SettleRefusal, SettleRequest};
pub use snapshot::OrderSnapshot;
pub use sqlite::{AdoptError, LedgerAdmin, LedgerLocation, RunLock, SqliteLedger, accept_loss, adopt, settle};
pub use store::Ledger;
pub use target_hash::{TargetHash, hex};
pub use write::{Intent, LedgerWrite};
