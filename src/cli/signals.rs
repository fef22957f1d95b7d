//! Early stop of a run: SIGINT, SIGTERM and SIGHUP, and the deadline.
//!
//! Requests a graceful shutdown through a channel; what that means for requests in flight is
//! decided by `dispatch`. Called by `spec` for `send`, and by `progress` for a line that is to be
//! erased first.

#[cfg(unix)]
use std::path::Path;
use std::{
    process,
    sync::Arc,
    time::{Duration, Instant},
};

#[cfg(unix)]
use tokio::signal::unix;
use tokio::sync::watch;

#[cfg(unix)]
use super::small_file::read_small_file;
use super::{exit::EXIT_STOPPED, print};
use crate::{
    model::progress::SendGauge,
    report::{AbortedSend, CommandLine, numbers::with_unit, terminal, terminal::Layout},
};

/// The exit code that a shell shows for a process that SIGINT ended.
#[cfg(unix)]
const EXIT_INTERRUPTED: i32 = 130;

/// A second signal within this time is a duplicate: `timeout` signals the process and then its
/// group.
const DUPLICATE_SIGNAL_WINDOW: Duration = Duration::from_secs(1);

/// What there is to say if a second signal ends a send at once.
pub(super) struct Abort {
    /// The orders that may be in.
    pub(super) gauge: Arc<SendGauge>,
    /// How the run was called.
    pub(super) line: CommandLine,
    pub(super) run_id: String,
    /// The run folder.
    pub(super) folder: String,
    /// Whether the line of progress is shown.
    pub(super) is_progress_shown: bool,
}

/// Requests a shutdown at the deadline or at the first signal. A second signal ends the process at
/// once; the next run finds what was in flight unknown. The line of progress says so where it is
/// shown.
pub(super) async fn request_shutdown(
    shutdown: watch::Sender<Option<String>>,
    deadline: Option<Duration>,
    abort: Abort,
) {
    let mut signals = Signals::listen();
    let expired = async {
        match deadline {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let has_expired = tokio::select! {
        () = expired => true,
        () = signals.next() => false,
    };
    let reason = if has_expired { "the deadline has passed" } else { "interrupted" };
    drop(shutdown.send_replace(Some(reason.to_owned())));
    if has_expired {
        // After a deadline too, the first signal only explains; the second one ends the process.
        signals.next().await;
    }
    if !abort.is_progress_shown {
        let waiting = match abort.gauge.n_in_flight() as u64 {
            // Nothing was sent yet, or all requests are answered.
            0 => String::new(),
            n => format!(": waiting for {} in flight", with_unit(n, "request")),
        };
        print::status(&format!("stopping{waiting}; signal again to exit at once"));
    }
    let first = Instant::now();
    while first.elapsed() < DUPLICATE_SIGNAL_WINDOW {
        signals.next().await;
    }
    if abort.is_progress_shown {
        print::erase_line();
    }
    print::status(&abort.message());
    process::exit(EXIT_STOPPED.into());
}

impl Abort {
    /// What is unknown now, and what to type.
    fn message(&self) -> String {
        let n_in_doubt = self.gauge.n_in_doubt() as u64;
        let doubt = match n_in_doubt {
            0 => "no order is in doubt".to_owned(),
            n => format!("{} may or may not be in", with_unit(n, "order")),
        };
        let Self { line, run_id, folder, .. } = self;
        let has_attempt = self.gauge.has_attempt();
        let aborted = AbortedSend { line, run_id, folder, n_in_doubt, has_attempt };
        let next = terminal::next_steps(&aborted.steps(), Layout::default());
        format!("ended at once: {doubt}\n{}", next.trim_end())
    }
}

/// Calls a function for each signal of a kind, on a thread of its own. If no handler can be
/// installed, the signal keeps its default action.
#[cfg(unix)]
pub(super) fn on_each(kind: unix::SignalKind, mut act: impl FnMut() + Send + 'static) {
    // A runtime of its own: `check` has none, and the one of `send` may be busy.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
        return;
    };
    let listening = runtime.block_on(async { unix::signal(kind) });
    let Ok(mut signals) = listening else { return };
    std::thread::spawn(move || {
        runtime.block_on(async {
            while signals.recv().await.is_some() {
                act();
            }
        });
    });
}

/// Ends the process by SIGINT, as if it were not handled, so that a loop in a shell ends too.
#[cfg(unix)]
pub(super) fn end_by_interrupt() -> ! {
    // Does not return, unless the system refuses to end the process.
    drop(signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT));
    process::exit(EXIT_INTERRUPTED)
}

/// Streams of SIGINT (Ctrl-C), SIGTERM and SIGHUP. They stay open, so that no signal is lost
/// between two waits.
#[cfg(unix)]
struct Signals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
    /// Sent when the terminal or the ssh session closes.
    hangup: Option<unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        // A signal that cannot be handled keeps its default action.
        let stream = |kind| unix::signal(kind).ok();
        Self {
            interrupt: stream(unix::SignalKind::interrupt()),
            terminate: stream(unix::SignalKind::terminate()),
            hangup: if is_ignored(unix::SignalKind::hangup()) {
                None
            } else {
                stream(unix::SignalKind::hangup())
            },
        }
    }

    /// Waits for the next signal.
    async fn next(&mut self) {
        tokio::select! {
            () = next(self.interrupt.as_mut()) => {}
            () = next(self.terminate.as_mut()) => {}
            () = next(self.hangup.as_mut()) => {}
        }
    }
}

/// Whether a signal was ignored when the program started, as SIGHUP is under `nohup`: a handler
/// would undo that. Linux shows it as a bit of `SigIgn`, that of SIGHUP is the lowest, see
/// `proc_pid_status(5)`; where there is no such file, the signal is handled.
#[cfg(unix)]
pub(super) fn is_ignored(kind: unix::SignalKind) -> bool {
    let status = read_small_file(Path::new("/proc/self/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}

/// Waits for the next signal of a stream; forever if there is no stream.
#[cfg(unix)]
async fn next(signals: Option<&mut unix::Signal>) {
    match signals {
        Some(signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}

/// Ctrl-C, the only signal that tokio offers on every system.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
