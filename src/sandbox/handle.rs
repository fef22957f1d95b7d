//! Handle of a running sandbox: starts it on a port of this machine, returns its state, stops it.
//!
//! It serves no request itself (`listener` and `server` do). Called by the pipeline and the command
//! line.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::listener;
use super::server::Service;
use super::settings::SandboxSettings;
use super::state::SandboxState;

// The longest path and query that hyper and `http::Uri` read; a longer one never reaches this
// module.
const MAX_READABLE_URL_BYTES: usize = 65_534;

// A response takes well under a millisecond unless a fault delays it.
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

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
