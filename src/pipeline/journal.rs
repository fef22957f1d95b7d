//! Ledger as the journal of dispatch: its attempts and carts become writes of the ledger.
//!
//! It decides nothing and waits until each write is durable. Made by `send`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::target::types_sent;
use crate::{
    dispatch::{AttemptOutcome, Journal, LeftoverCart},
    ledger::{
        AttemptId, AttemptState, CartId, GroupCommit, Intent, Ledger, LedgerError, LedgerWrite,
        OrderKey,
    },
    model::{field::AttributeType, planned::PlannedOrder},
};

/// The ledger as the journal of `dispatch`.
pub(super) struct LedgerJournal {
    pub(super) ledger: GroupCommit,
    /// Number of carts that may not be empty.
    pub(super) n_carts_open: Arc<AtomicU64>,
}

impl Journal for LedgerJournal {
    /// With the types of the extension attributes that the order is sent with.
    type Attempt = (AttemptId, Vec<AttributeType>);
    type Cart = CartId;

    async fn record_intent(&self, order: &PlannedOrder) -> Result<Self::Attempt, String> {
        let attempt = self.write(LedgerWrite::Intent(intent(order))).await.map(AttemptId)?;
        Ok((attempt, types_sent(order)))
    }

    async fn record_outcome(
        &self,
        (attempt, types): Self::Attempt,
        outcome: AttemptOutcome,
    ) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        self.write(LedgerWrite::Outcome { attempt, state, types }).await.map(drop)
    }

    async fn withdraw_intent(&self, (attempt, _): Self::Attempt) -> Result<(), String> {
        self.write(LedgerWrite::Withdraw(attempt)).await.map(drop)
    }

    async fn open_cart(
        &self,
        reference: &str,
        session: &str,
        clear_cart: &str,
    ) -> Result<CartId, String> {
        let (reference, session, clear_cart) =
            (reference.to_owned(), session.to_owned(), clear_cart.to_owned());
        let cart = self
            .write(LedgerWrite::OpenCart { reference, session, clear_cart })
            .await
            .map(CartId)?;
        self.n_carts_open.fetch_add(1, Ordering::SeqCst);
        Ok(cart)
    }

    async fn close_cart(&self, cart: CartId) -> Result<(), String> {
        self.write(LedgerWrite::CloseCart(cart)).await?;
        self.n_carts_open.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

impl LedgerJournal {
    async fn write(&self, write: LedgerWrite) -> Result<i64, String> {
        self.ledger.write(write).await.map_err(|error| error.to_string())
    }
}

/// Returns the intent of a planned order, which the ledger records before the order is sent.
fn intent(order: &PlannedOrder) -> Intent {
    Intent {
        order: OrderKey {
            reference: order.record.reference.clone(),
            ordered_at: order.encoded.ordered_at,
            content: order.encoded.content,
        },
        status: order.encoded.status.clone(),
        money: order.record.money.clone(),
        item_count: order.record.item_count,
        dedup_hash: Some(order.encoded.dedup_hash),
    }
}

/// Returns the carts that earlier runs left open.
pub(super) fn leftover_carts(
    ledger: &dyn Ledger,
) -> Result<Vec<LeftoverCart<CartId>>, LedgerError> {
    let carts = ledger.open_carts()?.into_iter();
    Ok(carts
        .map(|open| LeftoverCart {
            cart: open.cart,
            session: open.session,
            clear_cart: open.clear_cart,
        })
        .collect())
}
