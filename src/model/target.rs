//! Targets: the base URL and client key of a tenant.
//!
//! Values only: what a base URL must be is known to the target's own module (`stream`), which
//! builds them. Used by `ledger` to recognise a tenant.

use std::fmt;

/// A tenant: its base URL in one spelling and its client key.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// The base URL, for example `https://api-engage-eu.sitecorecloud.io`.
    pub base_url: String,
    /// The client key. It is public, but identifies a production tenant: never shown.
    pub client_key: String,
}

// Not derived: the output must not contain the client key.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
