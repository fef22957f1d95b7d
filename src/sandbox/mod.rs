//! Mock server of the Stream API: a stand-in tenant of Sitecore Personalize on this machine. It
//! responds as the manual documents, and lists what it stores and which accepted events a real
//! tenant would have dropped silently, with the reasons.
//!
//! It shares no code with the modules that write or check events, keeps nothing on disk, and never
//! listens beyond loopback. Callers of [`Sandbox`]: the pipeline (`send --sandbox`) and the command
//! line (`orderferry sandbox`).
//!
//! `listener` accepts connections, `server` handles HTTP requests, `response` and `body` build the
//! responses, `query` reads URLs, `message` parses events, `schema` and `format_rules` hold the
//! manual's rules, `faults` selects the requests that fail and `fault_injector` makes them fail,
//! `tenant`, `guests`, `carts` and `cart` store the data, `exact_decimal` adds and multiplies it,
//! `state` and `page` show it.

// The manual's rules are written down twice in this crate, here and in the sender. With shared
// code, a rule that was read wrongly would be wrong on both sides, and no test would fail.

mod body;
mod cart;
mod carts;
mod exact_decimal;
mod fault_injector;
mod faults;
mod format_rules;
mod guests;
mod host;
mod listener;
mod message;
mod page;
mod query;
mod response;
mod schema;
mod server;
mod state;
mod tenant;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use faults::{
    ErrorStatus, FaultDuration, FaultError, FaultSettings, Faults, Latency, OutageFault, Probability, RetryAfterForm,
};
use server::Service;
pub use state::{
    CartEntry, CartSummary, GuestEntry, MoneyTotal, NotProcessed, OrderCounts, OrderEntry, Requests, SandboxState,
    TenantIdentifier, TenantMode,
};

// The longest path and query that hyper and `http::Uri` read; a longer one never reaches this
// module.
const MAX_READABLE_URL_BYTES: usize = 65_534;

// A response takes well under a millisecond unless a fault delays it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

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

/// A running stand-in tenant. Dropping it stops it without waiting for responses in flight.
#[derive(Debug)]
pub struct Sandbox {
    service: Arc<Service>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Binds to 127.0.0.1 and serves on a task of the current tokio runtime.
    ///
    /// Fails if the port is in use, or with `InvalidInput` if `max_url_bytes` is out of range.
    pub async fn start(settings: SandboxSettings) -> io::Result<Self> {
        check_max_url_bytes(settings.max_url_bytes)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(Service::new(address, settings));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listener::serve(listener, address, Arc::clone(&service), stopped));
        Ok(Self { service, stop, task })
    }

    /// `http://127.0.0.1:PORT`, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.service.base_url().to_owned()
    }

    /// The current data of the tenant, equal to `GET /sandbox/state`.
    #[must_use]
    pub fn state(&self) -> SandboxState {
        self.service.state()
    }

    /// Stops listening and waits at most two seconds for responses in flight.
    pub async fn stop(self) {
        let mut task = self.task;
        let _ = self.stop.send(());
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut task).await.is_err() {
            task.abort();
            // The listener is closed only when the aborted task has ended.
            let _ = task.await;
        }
    }

    /// Serves until the process ends: the server's task does not end by itself.
    pub async fn wait(self) {
        // `self.stop` is dropped at the end of this function, and the server runs until then.
        let _ = self.task.await;
    }
}

fn check_max_url_bytes(bytes: usize) -> io::Result<()> {
    if (1..=MAX_READABLE_URL_BYTES).contains(&bytes) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("invalid max_url_bytes {bytes}; expected 1 to {MAX_READABLE_URL_BYTES}"),
    ))
}

#[cfg(test)]
mod tests;
