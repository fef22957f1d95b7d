//! Journal of a run: the trait through which dispatch records attempts and carts before it sends.
//!
//! It stores nothing itself: `pipeline` implements it over the ledger. `worker` calls it around a
//! checkout, `carts` before a cart is filled and after it is cleared.

use std::future::Future;

use crate::model::planned::PlannedOrder;

/// The result of one submission of an order's last event, as it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The service accepted it.
    Accepted,
    /// The service definitely did not process it.
    NotAccepted,
    /// It may or may not have been processed.
    Unknown,
}

// The methods return `impl Future + Send` in place of being `async fn`: `run` spawns its workers,
// and a spawned future must be `Send`, which `async fn` in a trait does not promise.

/// Records attempts and carts. An `Err` means that the record was not written: nothing more is
/// sent then.
pub trait Journal: Send + Sync + 'static {
    /// Identifies one attempt.
    type Attempt: Send;

    /// Identifies one cart.
    type Cart: Copy + Send + Sync + 'static;

    /// Records durably that an order's last event is about to be sent.
    fn record_intent(
        &self,
        order: &PlannedOrder,
    ) -> impl Future<Output = Result<Self::Attempt, String>> + Send;

    /// Records durably the outcome of that attempt.
    fn record_outcome(
        &self,
        attempt: Self::Attempt,
        outcome: AttemptOutcome,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Records durably that the attempt was never sent: there is none.
    fn withdraw_intent(
        &self,
        attempt: Self::Attempt,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Records durably that items of an order are about to be put in the cart of a session, and
    /// what a later run needs to clear it.
    fn open_cart(
        &self,
        reference: &str,
        session: &str,
        clear_cart: &str,
    ) -> impl Future<Output = Result<Self::Cart, String>> + Send;

    /// Records durably that the cart is empty.
    fn close_cart(&self, cart: Self::Cart) -> impl Future<Output = Result<(), String>> + Send;
}

/// A cart that may still hold items of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftoverCart<C> {
    /// Its id in the journal.
    pub cart: C,
    /// The target's id of the session that holds it.
    pub session: String,
    /// What the target needs to clear it: the `clear_cart` of [`Journal::open_cart`].
    pub clear_cart: String,
}
