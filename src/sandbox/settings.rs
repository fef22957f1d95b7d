//! Settings of the sandbox: port, accepted keys and points of sale, limits, faults.
//!
//! It checks nothing; `handle` does when the sandbox starts. Filled by the command line and by
//! tests.

use std::time::Duration;

use super::faults::Faults;

// The manual does not document the timeout of a session; 30 minutes are common on the web.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Settings of the stand-in tenant.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The port on 127.0.0.1; 0 selects a free one.
    pub port: u16,
    /// The only accepted client key; `None` accepts any that is not empty.
    pub client_key: Option<String>,
    /// The points of sale that the tenant knows; if empty, every one is known.
    pub pos: Vec<String>,
    /// Maximum length of a URL in bytes, from 1 to 65,534: `http://`, the `Host` header, path and
    /// query. A longer one is refused with 414.
    pub max_url_bytes: usize,
    /// Time without an event of a browser after which its next event starts a new session, with an
    /// empty cart.
    pub session_timeout: Duration,
    /// The faults to inject, if any.
    pub faults: Option<Faults>,
}

impl Default for SandboxSettings {
    /// Any port, any key, any point of sale, URLs of at most 8 KiB, sessions of 30 minutes, no
    /// faults.
    fn default() -> Self {
        Self {
            port: 0,
            client_key: None,
            pos: Vec::new(),
            // Common front ends accept a request line of up to 8 KiB.
            max_url_bytes: 8192,
            session_timeout: SESSION_TIMEOUT,
            faults: None,
        }
    }
}
