//! Store of the carts of all browsers: their sessions, session timeouts, and counts of the carts
//! that were not purchased.
//!
//! It has no clock: a time is the duration since the start of the tenant. It does not look into a
//! cart (`cart` does). Called by `tenant`.

use std::collections::HashMap;
use std::time::Duration;

use super::cart::{CartChange, Purchase, TenantCart};
use super::order_log::MessageId;
use super::state;

#[derive(Debug)]
pub(super) struct CartStore {
    timeout: Duration,
    /// By browser id; no entry if nothing was added since the session began.
    sessions: HashMap<String, CartSession>,
    n_started: u64,
    /// Carts whose browser started another session. [`CartStore::state`] adds the carts whose
    /// browser did not.
    n_abandoned: usize,
    n_cleared: usize,
}

#[derive(Debug)]
struct CartSession {
    /// Its index in the order in which all sessions were started.
    sequence: u64,
    last_event: Duration,
    cart: TenantCart,
    /// The messages that changed the cart, in the order of arrival.
    messages: Vec<MessageId>,
}

impl CartStore {
    /// A session ends after `timeout` without an event of its browser.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout, sessions: HashMap::new(), n_started: 0, n_abandoned: 0, n_cleared: 0 }
    }

    /// Records an event of a browser: extends its session, or starts a new, empty one after a
    /// timeout.
    pub(super) fn touch_session(&mut self, browser_id: &str, now: Duration) {
        let Some(session) = self.sessions.get_mut(browser_id) else { return };
        if session.is_expired(now, self.timeout) {
            self.n_abandoned += usize::from(session.cart.n_items() > 0);
            self.sessions.remove(browser_id);
        } else {
            session.last_event = now;
        }
    }

    /// Changes the browser's cart as a message asks. Call [`CartStore::touch_session`] before.
    pub(super) fn change(
        &mut self,
        browser_id: &str,
        change: CartChange,
        message: MessageId,
        now: Duration,
    ) {
        let session = self.sessions.entry(browser_id.to_owned()).or_insert_with(|| {
            self.n_started += 1;
            CartSession {
                sequence: self.n_started,
                last_event: now,
                cart: TenantCart::default(),
                messages: Vec::new(),
            }
        });
        session.cart.change(change);
        session.messages.push(message);
    }

    /// The messages that filled the browser's cart; none if its session has timed out.
    pub(super) fn messages(&self, browser_id: &str, now: Duration) -> &[MessageId] {
        match self.sessions.get(browser_id) {
            Some(session) if !session.is_expired(now, self.timeout) => &session.messages,
            _ => &[],
        }
    }

    /// The result of a CHECKOUT of the browser's cart, which is not changed.
    pub(super) fn checkout(&self, browser_id: &str) -> Result<Purchase, Vec<String>> {
        match self.sessions.get(browser_id) {
            Some(session) => session.cart.checkout(),
            None => TenantCart::default().checkout(),
        }
    }

    /// Removes a cart that became an order.
    pub(super) fn remove_purchased(&mut self, browser_id: &str) {
        self.sessions.remove(browser_id);
    }

    pub(super) fn clear(&mut self, browser_id: &str) {
        let session = self.sessions.remove(browser_id);
        self.n_cleared += usize::from(session.is_some_and(|session| session.cart.n_items() > 0));
    }

    /// Lists and counts the carts with items.
    pub(super) fn state(
        &self,
        now: Duration,
        guest: impl Fn(&str) -> Option<String>,
    ) -> state::CartSummary {
        // A session also ends by time alone: its browser may never send another event.
        let with_items = self.sessions.iter().filter(|(_, session)| session.cart.n_items() > 0);
        let (expired, mut open): (Vec<_>, Vec<_>) =
            with_items.partition(|(_, session)| session.is_expired(now, self.timeout));
        open.sort_unstable_by_key(|(_, session)| session.sequence);
        state::CartSummary {
            open: open.len(),
            abandoned: self.n_abandoned + expired.len(),
            cleared: self.n_cleared,
            list: open
                .into_iter()
                .map(|(browser_id, session)| cart_entry(browser_id, &session.cart, &guest))
                .collect(),
        }
    }
}

impl CartSession {
    fn is_expired(&self, now: Duration, timeout: Duration) -> bool {
        now.saturating_sub(self.last_event) >= timeout
    }
}

fn cart_entry(
    browser_id: &str,
    cart: &TenantCart,
    guest: impl Fn(&str) -> Option<String>,
) -> state::CartEntry {
    state::CartEntry {
        browser_id: browser_id.to_owned(),
        guest: guest(browser_id),
        items: cart.n_items(),
        contacts: cart.n_contacts(),
        consumers: cart.n_consumers(),
        reference: cart.reference_id().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cart::CartLine;
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    /// Adds an item to a browser's cart.
    fn add(carts: &mut CartStore, browser: &str, seconds: u64) {
        let now = Duration::from_secs(seconds);
        carts.touch_session(browser, now);
        let line = CartLine {
            item_id: Some("A".to_owned()),
            reference_id: None,
            product: Err(Vec::new()),
        };
        carts.change(browser, CartChange::Add(line), seconds, now);
    }

    /// The browsers of the open carts, and the numbers of abandoned and cleared carts.
    fn describe(carts: &CartStore, seconds: u64) -> String {
        let state = carts.state(Duration::from_secs(seconds), |_| None);
        assert_eq!(state.open, state.list.len());
        let open: Vec<_> = state.list.into_iter().map(|cart| cart.browser_id).collect();
        format!("{}, abandoned {}, cleared {}", open.join(" "), state.abandoned, state.cleared)
    }

    #[test]
    fn session_lasts_while_events_arrive() {
        let mut carts = CartStore::new(TIMEOUT);
        add(&mut carts, "z", 0);
        add(&mut carts, "a", 1);
        carts.touch_session("z", Duration::from_secs(29));
        let messages = |seconds| carts.messages("a", Duration::from_secs(seconds));
        assert_eq!((messages(30), messages(31)), (&[1][..], &[][..]));
        assert_eq!(describe(&carts, 30), "z a, abandoned 0, cleared 0");
        assert_eq!(describe(&carts, 31), "z, abandoned 1, cleared 0");
        assert_eq!(describe(&carts, 59), ", abandoned 2, cleared 0");
    }

    #[test]
    fn event_after_timeout_starts_new_session() {
        let mut carts = CartStore::new(TIMEOUT);
        add(&mut carts, "a", 0);
        add(&mut carts, "a", 40);
        assert_eq!(describe(&carts, 41), "a, abandoned 1, cleared 0");
        carts.clear("a");
        carts.clear("a");
        assert_eq!(describe(&carts, 42), ", abandoned 1, cleared 1");
    }

    #[test]
    fn cart_without_items_is_not_counted() {
        let mut carts = CartStore::new(TIMEOUT);
        carts.change("a", CartChange::AddContacts(1), 0, Duration::ZERO);
        assert_eq!(describe(&carts, 99), ", abandoned 0, cleared 0");
        carts.clear("a");
        assert_eq!(describe(&carts, 99), ", abandoned 0, cleared 0");
    }
}
