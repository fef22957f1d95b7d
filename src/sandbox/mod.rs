//! A stand-in tenant of Sitecore Personalize on this machine: it answers the Stream API as the manual documents it, and
//! shows what it holds, and what a real tenant would silently have dropped, with the reason.
//!
//! It does not share code with the modules that write or check events (or both would be wrong together), does not keep
//! anything on disk, and never listens beyond loopback. The caller of [`Sandbox`] is the pipeline (`send --sandbox`)
//! and the command line (`orderferry sandbox`).
//!
//! `listen` takes connections, `server` speaks HTTP, `answer` and `body` are what it says, `query` reads URLs,
//! `message` turns a message into an event, `schema` and `form` hold the manual's rules, `faults` decides who is
//! answered badly and `night` does it, `tenant`, `guests`, `carts` and `cart` are what a tenant knows, `exact` is how
//! it counts, `state` and `page` show it.

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

/// The longest path and query that hyper and `http::Uri` read; a longer one never reaches this module.
const MAX_READABLE_URL_BYTES: usize = 65_534;

/// How long [`Sandbox::stop`] waits for answers under way. One takes well under a millisecond, if no fault keeps it.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Usual on the web; the manual does not say how long a session may be silent.
const SESSION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// What the tenant is like.
#[derive(Debug, Clone)]
pub struct SandboxSettings {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The only client key that is let in; `None` lets in any that is not empty.
    pub client_key: Option<String>,
    /// The points of sale that the tenant knows; empty knows any.
    pub pos: Vec<String>,
    /// The longest URL, in bytes, of which nothing is refused with 414: `http://`, the `Host` header, path and query.
    /// From 1 to 65,534.
    pub max_url_bytes: usize,
    /// How long a browser may be silent before its next event begins a new session, with an empty cart.
    pub session_timeout: Duration,
    /// How it misbehaves; `None`: not at all.
    pub faults: Option<Faults>,
}

impl Default for SandboxSettings {
    /// Any port, any key, any point of sale, 8 KiB of URL, where common front ends stop, sessions of 30 minutes, and no
    /// faults.
    fn default() -> Self {
        Self {
            port: 0,
            client_key: None,
            pos: Vec::new(),
            max_url_bytes: 8192,
            session_timeout: SESSION_TIMEOUT,
            faults: None,
        }
    }
}

/// A running stand-in tenant. Dropping it stops it too, without waiting for answers under way.
#[derive(Debug)]
pub struct Sandbox {
    service: Arc<Service>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Starts to listen on 127.0.0.1 and serves on a task of the current tokio runtime.
    ///
    /// Fails when the port is taken, or (as `InvalidInput`) when `max_url_bytes` is out of its range.
    pub async fn start(settings: SandboxSettings) -> io::Result<Self> {
        check_max_url_bytes(settings.max_url_bytes)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(Service::new(address, settings));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listener::serve(listener, address, Arc::clone(&service), stopped));
        Ok(Self { service, stop, task })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.service.base_url().to_owned()
    }

    /// What the tenant holds now, the same as `GET /sandbox/state`.
    #[must_use]
    pub fn state(&self) -> SandboxState {
        self.service.state()
    }

    /// Stops listening, and lets answers under way end for at most two seconds.
    pub async fn stop(self) {
        let mut task = self.task;
        let _ = self.stop.send(());
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut task).await.is_err() {
            task.abort();
            // The listener is closed when the aborted task is gone, not before.
            let _ = task.await;
        }
    }

    /// Serves until the server's task ends, which it does not by itself: the caller ends the process.
    pub async fn wait(self) {
        // `self.stop` lives until the end of this function, and the server as long as it.
        let _ = self.task.await;
    }
}

fn check_max_url_bytes(bytes: usize) -> io::Result<()> {
    if (1..=MAX_READABLE_URL_BYTES).contains(&bytes) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("max_url_bytes is {bytes}, expected 1 to {MAX_READABLE_URL_BYTES}"),
    ))
}

#[cfg(test)]
mod tests;
