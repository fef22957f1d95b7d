//! What makes a run stop early: a signal, or a deadline.

#[cfg(unix)]
use std::fs;
use std::{
    process,
    time::{Duration, Instant},
};

use chrono::{DateTime, Local, NaiveTime, TimeDelta, TimeZone};
#[cfg(unix)]
use tokio::signal::unix;
use tokio::sync::watch;

use super::{EXIT_STOPPED, config, print};

/// When to stop starting requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    /// So long after the start.
    After(Duration),
    /// At this time of day, local, its next occurrence.
    At(NaiveTime),
}

/// A deadline as it is typed: `90min` or `06:30`.
pub(super) fn deadline(text: &str) -> Result<Deadline, String> {
    match NaiveTime::parse_from_str(text, "%H:%M") {
        Ok(time) => Ok(Deadline::At(time)),
        Err(_) => config::duration(text).map(Deadline::After).map_err(|_| {
            format!("{text:?} is no deadline, expected a duration such as 2h or a time of day such as 06:30")
        }),
    }
}

impl Deadline {
    /// How long it is until then.
    pub(super) fn time_left(self, now: DateTime<Local>) -> Duration {
        let time = match self {
            Self::After(time) => return time,
            Self::At(time) => time,
        };
        let on = |date| Local.from_local_datetime(&(date + (time - NaiveTime::MIN))).earliest();
        let midnight = |days| (now.date_naive() + TimeDelta::days(days)).and_time(NaiveTime::MIN);
        let next = [0, 1, 2].into_iter().filter_map(|days| on(midnight(days))).find(|then| *then > now);
        next.and_then(|then| (then - now).to_std().ok()).unwrap_or_default()
    }
}

/// A second signal that comes so soon is the first one again: `timeout` sends one to the process and one to its group.
const DUPLICATE_SIGNAL_WINDOW: Duration = Duration::from_secs(1);

/// Asks the run to stop when the deadline comes or the first signal does. A second signal ends the process at once: what
/// is in flight then is unknown to the next run.
pub(super) async fn request_shutdown(shutdown: watch::Sender<Option<String>>, deadline: Option<Duration>) {
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
    let reason = if has_expired { "the deadline has come" } else { "interrupted" };
    drop(shutdown.send_replace(Some(reason.to_owned())));
    if has_expired {
        // Whoever grows impatient then is told first, as without a deadline.
        signals.next().await;
    }
    print::status("stopping: what is in flight is waited for; once more to leave at once");
    let first = Instant::now();
    while first.elapsed() < DUPLICATE_SIGNAL_WINDOW {
        signals.next().await;
    }
    process::exit(EXIT_STOPPED.into());
}

/// Ctrl-C, SIGTERM and SIGHUP, listened to all the time: one that comes while another is followed is not lost.
#[cfg(unix)]
struct Signals {
    interrupt: Option<unix::Signal>,
    terminate: Option<unix::Signal>,
    /// Comes when the terminal or the ssh session goes away.
    hangup: Option<unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        let of = |kind| unix::signal(kind).ok();
        Self {
            interrupt: of(unix::SignalKind::interrupt()),
            terminate: of(unix::SignalKind::terminate()),
            hangup: if is_hangup_ignored() { None } else { of(unix::SignalKind::hangup()) },
        }
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            () = next(self.interrupt.as_mut()) => {}
            () = next(self.terminate.as_mut()) => {}
            () = next(self.hangup.as_mut()) => {}
        }
    }
}

/// Whether SIGHUP was ignored when the program started, as under `nohup`: to listen would undo that. Linux shows it
/// as the lowest bit of `SigIgn`, see `proc_pid_status(5)`; where there is no such file SIGHUP is listened to.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Where the system gives no such signals, none comes.
#[cfg(unix)]
async fn next(signals: Option<&mut unix::Signal>) {
    match signals {
        Some(signals) => drop(signals.recv().await),
        None => std::future::pending().await,
    }
}

/// Ctrl-C.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_is_duration_or_next_time_of_day() {
        assert_eq!(deadline("90min"), Ok(Deadline::After(Duration::from_secs(5400))));
        assert!(deadline("25:00").unwrap_err().contains("06:30"));
        let noon = Local.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        let hours = |text: &str| deadline(text).unwrap().time_left(noon).as_secs() / 3600;
        assert_eq!((hours("13:00"), hours("11:00"), hours("12:00")), (1, 23, 24));
    }
}
