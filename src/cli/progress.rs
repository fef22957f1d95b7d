//! How far the run is, on standard error: rows read, or requests sent, with their rate and the time left.
//!
//! A bar, silent where standard error is no terminal; and one line for each SIGUSR1, on any standard error.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::print;
use crate::{pipeline::Progress, report::numbers::with_unit};

/// Shows progress, unless it shall be quiet.
pub(super) struct ProgressBarView {
    is_quiet: bool,
    active: Mutex<ActiveBar>,
}

/// The bar of a stage. One that is hidden counts all the same.
struct ActiveBar {
    stage: Stage,
    bar: ProgressBar,
}

/// What a run does for long.
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
            Self::SecondPass => "reading   {human_pos} rows  {rate}  once more, with all keys known",
            Self::Sending => "sending   {human_pos}/{human_len} requests  {bar:30}  {rate}, {eta} left  {msg}",
        }
    }
}

impl ActiveBar {
    fn new(stage: Stage, length: Option<u64>, target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(length, target);
        let style = ProgressStyle::with_template(stage.template()).expect("the templates are ours");
        bar.set_style(style.with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
            // A line that cannot be drawn is no loss.
            let _ = write!(to, "{:.0}/s", state.per_sec());
        }));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { stage, bar }
    }

    /// Stage, count, rate and the time left in one line.
    fn line(&self) -> String {
        let (n_done, rate) = (HumanCount(self.bar.position()), self.bar.per_sec());
        match (self.stage, self.bar.length()) {
            (Stage::Reading, _) => format!("reading, {n_done} rows, {rate:.0}/s"),
            (Stage::SecondPass, _) => format!("reading once more, {n_done} rows, {rate:.0}/s"),
            (Stage::Sending, length) => {
                let n_requests = HumanCount(length.unwrap_or_default());
                // It is zero too as long as nothing can be said.
                let left = match self.bar.eta().as_secs() {
                    0 => "time left unknown".to_owned(),
                    seconds => format!("{} left", humantime::format_duration(Duration::from_secs(seconds))),
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

    /// Prints a line for each SIGUSR1 from now on, whose default action ends the process. Where the system does not let us
    /// listen, that stays so.
    #[cfg(unix)]
    pub(super) fn print_on_signal(self: &Arc<Self>) {
        use tokio::signal::unix::{SignalKind, signal};
        let view = Arc::clone(self);
        // A check has no runtime of its own, and that of a send may be busy.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
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

    /// There is no such signal.
    #[cfg(not(unix))]
    pub(super) fn print_on_signal(self: &Arc<Self>) {}

    /// Prints how far the run is, even if it is quiet: the line was asked for.
    #[cfg(unix)]
    fn print(&self) {
        let active = self.lock();
        // The bar can say nothing of itself while it is suspended.
        let line = format!("progress: {}", active.line());
        active.bar.suspend(|| print::status(&line));
    }

    /// Shows what happened.
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
        let orders = n_orders.map_or_else(|| "most orders".to_owned(), |n_orders| with_unit(n_orders, "order"));
        let disk = match n_bytes {
            0 => String::new(),
            _ => format!(", with up to {} of disk in the run folder ({} are free)", size(n_bytes), size(n_free)),
        };
        let message = format!("the rows of {orders} are scattered: the export is read once more{disk}");
        self.lock().bar.suspend(|| print::status(&message));
    }

    /// Leaves the screen to the summary.
    pub(super) fn finish(&self) {
        self.lock().bar.finish_and_clear();
    }

    fn start_stage(&self, stage: Stage, length: Option<u64>) {
        let mut active = self.lock();
        active.bar.finish_and_clear();
        *active = ActiveBar::new(stage, length, draw_target(self.is_quiet));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ActiveBar> {
        self.active.lock().expect("nobody panics while drawing")
    }
}

fn draw_target(is_quiet: bool) -> ProgressDrawTarget {
    if is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}
