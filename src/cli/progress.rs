//! How far the run is, on standard error: rows read, orders checked, requests sent with their rate and the time left.
//! Silent where standard error is no terminal.

use std::{fmt::Write, sync::Mutex, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::print;
use crate::{pipeline::Progress, report::figures::counted};

/// Shows progress, unless it shall be quiet.
pub(super) struct Watch {
    is_quiet: bool,
    bar: Mutex<ProgressBar>,
}

impl Watch {
    pub(super) fn new(is_quiet: bool) -> Self {
        let watch = Self { is_quiet, bar: Mutex::new(ProgressBar::hidden()) };
        watch.begin(None, "reading   {human_pos} rows  {rate}");
        watch
    }

    /// Shows what happened.
    pub(super) fn tell(&self, progress: Progress<'_>) {
        match progress {
            Progress::Rows(n_rows) => self.bar().inc(n_rows),
            Progress::Again => self.begin(None, "reading   {human_pos} rows  {rate}  once more, with all keys known"),
            Progress::Scattered { n_orders, n_bytes, n_free } => self.scattered(n_orders, n_bytes, n_free),
            Progress::Sent { is_retry: false } => self.bar().inc(1),
            Progress::Sending(n_requests) => self.begin(
                Some(n_requests),
                "sending   {human_pos}/{human_len} requests  {bar:30}  {rate}, {eta} left  {msg}",
            ),
            Progress::Sent { is_retry: true } => self.bar().set_message("retrying"),
            Progress::Warning(words) if !self.is_quiet => {
                self.bar().suspend(|| print::talk(&format!("warning: {words}")));
            }
            Progress::Warning(_) => {}
        }
    }

    fn scattered(&self, n_orders: Option<u64>, n_bytes: u64, n_free: u64) {
        if self.is_quiet {
            return;
        }
        let size = |n_bytes| bytesize::ByteSize(n_bytes).display().si();
        let orders = n_orders.map_or_else(|| "most orders".to_owned(), |n_orders| counted(n_orders, "order"));
        let disk = match n_bytes {
            0 => String::new(),
            _ => format!(", with up to {} of disk in the run folder ({} are free)", size(n_bytes), size(n_free)),
        };
        let words = format!("the rows of {orders} are scattered: the export is read once more{disk}");
        self.bar().suspend(|| print::talk(&words));
    }

    /// Leaves the screen to the summary.
    pub(super) fn finish(&self) {
        self.bar().finish_and_clear();
    }

    fn begin(&self, length: Option<u64>, template: &str) {
        let target = if self.is_quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(length, target);
        let style = ProgressStyle::with_template(template).expect("the templates are ours");
        bar.set_style(style.with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
            // A line that cannot be drawn is no loss.
            let _ = write!(to, "{:.0}/s", state.per_sec());
        }));
        bar.enable_steady_tick(Duration::from_millis(200));
        let mut shown = self.bar();
        shown.finish_and_clear();
        *shown = bar;
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, ProgressBar> {
        self.bar.lock().expect("nobody panics while drawing")
    }
}
