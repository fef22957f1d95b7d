//! Progress display on standard error: rows read or requests sent, their rate and the time left.
//!
//! A progress bar, hidden where standard error is not a terminal, and one line for each SIGUSR1,
//! which is printed in any case. Counts only what `pipeline` reports. Called by `run`.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::print;
use crate::{model::progress::Progress, report::numbers::with_unit};

/// Shows the progress of a run; with `--quiet` only on SIGUSR1.
pub(super) struct ProgressBarView {
    is_quiet: bool,
    active: Mutex<ActiveBar>,
}

/// Progress bar of the current stage. A hidden bar counts too: SIGUSR1 prints its count.
struct ActiveBar {
    stage: Stage,
    bar: ProgressBar,
}

/// Stage of a run that takes long enough for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    SecondPass,
    Sending,
}

impl Stage {
    fn template(self) -> &'static str {
        match self {
            Self::Reading => "reading   {human_pos} rows  {rate}",
            Self::SecondPass => {
                "reading   {human_pos} rows  {rate}  second pass, with all keys known"
            }
            Self::Sending => {
                "sending   {human_pos}/{human_len} requests  {bar:30}  {rate}, {eta} left  {msg}"
            }
        }
    }
}

impl ActiveBar {
    fn new(stage: Stage, length: Option<u64>, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(length, target);
        let style = ProgressStyle::with_template(stage.template())
            .expect("the templates are constants and valid");
        bar.set_style(style.with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
            // The bar is drawn again 200 ms later, so an error here loses nothing.
            let _ = write!(to, "{:.0}/s", state.per_sec());
        }));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { stage, bar }
    }

    /// Returns stage, count, rate and time left in one line.
    fn line(&self) -> String {
        let (n_done, rate) = (HumanCount(self.bar.position()), self.bar.per_sec());
        match (self.stage, self.bar.length()) {
            (Stage::Reading, _) => format!("reading, {n_done} rows, {rate:.0}/s"),
            (Stage::SecondPass, _) => format!("reading, second pass, {n_done} rows, {rate:.0}/s"),
            (Stage::Sending, length) => {
                let n_requests = HumanCount(length.unwrap_or_default());
                // indicatif returns zero also while it cannot estimate yet.
                let left = match self.bar.eta().as_secs() {
                    0 => "time left unknown".to_owned(),
                    seconds => {
                        format!("{} left", humantime::format_duration(Duration::from_secs(seconds)))
                    }
                };
                format!("sending, {n_done} of {n_requests} requests, {rate:.0}/s, {left}")
            }
        }
    }
}

impl ProgressBarView {
    pub(super) fn new(is_quiet: bool) -> Self {
        let active = ActiveBar::new(Stage::Reading, None, draw_target(is_quiet));
        Self { is_quiet, active: Mutex::new(active) }
    }

    /// Prints a progress line for each SIGUSR1 from now on. The default action of the signal ends
    /// the process; if no handler can be installed, that stays so.
    #[cfg(unix)]
    pub(super) fn print_on_signal(self: &Arc<Self>) {
        use tokio::signal::unix::{SignalKind, signal};
        let view = Arc::clone(self);
        // A runtime of its own: `check` has none, and the one of `send` may be busy.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else {
            return;
        };
        let listening = runtime.block_on(async { signal(SignalKind::user_defined1()) });
        let Ok(mut signals) = listening else { return };
        std::thread::spawn(move || {
            runtime.block_on(async {
                while signals.recv().await.is_some() {
                    view.print();
                }
            });
        });
    }

    /// Does nothing: SIGUSR1 exists on Unix only.
    #[cfg(not(unix))]
    pub(super) fn print_on_signal(self: &Arc<Self>) {}

    /// Prints the progress line, with `--quiet` too: the signal requests it.
    #[cfg(unix)]
    fn print(&self) {
        let active = self.lock();
        // Formatted first: `suspend` locks the bar's state, which `line` reads.
        let line = format!("progress: {}", active.line());
        active.bar.suspend(|| print::status(&line));
    }

    /// Counts and shows what the pipeline reports.
    pub(super) fn update(&self, progress: Progress<'_>) {
        match progress {
            Progress::Rows(n_rows) => self.lock().bar.inc(n_rows),
            Progress::SecondPass => self.start_stage(Stage::SecondPass, None),
            Progress::Scattered { orders: n_orders, disk_needed: n_bytes, disk_free: n_free } => {
                self.report_scattered(n_orders, n_bytes, n_free);
            }
            Progress::Sent { is_retry: false } => self.lock().bar.inc(1),
            Progress::Sending(n_requests) => self.start_stage(Stage::Sending, Some(n_requests)),
            Progress::Sent { is_retry: true } => self.lock().bar.set_message("retrying"),
            Progress::Warning(message) if !self.is_quiet => {
                self.lock().bar.suspend(|| print::status(&format!("warning: {message}")));
            }
            Progress::Warning(_) => {}
        }
    }

    fn report_scattered(&self, n_orders: Option<u64>, n_bytes: u64, n_free: u64) {
        if self.is_quiet {
            return;
        }
        let size = |n_bytes| bytesize::ByteSize(n_bytes).display().si();
        let orders = n_orders
            .map_or_else(|| "most orders".to_owned(), |n_orders| with_unit(n_orders, "order"));
        let disk = match n_bytes {
            0 => String::new(),
            _ => format!(
                ", with up to {} of disk in the run folder ({} are free)",
                size(n_bytes),
                size(n_free)
            ),
        };
        let message =
            format!("the rows of {orders} are scattered: the export is read a second time{disk}");
        self.lock().bar.suspend(|| print::status(&message));
    }

    /// Removes the bar, so that the summary starts on an empty line.
    pub(super) fn finish(&self) {
        self.lock().bar.finish_and_clear();
    }

    fn start_stage(&self, stage: Stage, length: Option<u64>) {
        let mut active = self.lock();
        active.bar.finish_and_clear();
        *active = ActiveBar::new(stage, length, draw_target(self.is_quiet));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ActiveBar> {
        self.active.lock().expect("drawing a bar does not panic")
    }
}

fn draw_target(is_quiet: bool) -> ProgressDrawTarget {
    if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}
