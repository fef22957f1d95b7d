//! Where the orders go.

use std::fmt;

/// A tenant: the base URL in normal form (lower-case scheme and host, no slash at the end) and its client key.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Scheme and host, such as `https://api-engage-eu.sitecorecloud.io`.
    pub base_url: String,
    /// Public, but it names a production tenant: never shown whole.
    pub client_key: String,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
