//! Progress display on standard error: one line that is rewritten in place four times a second.
//!
//! Where standard error is not a terminal it is printed once a minute instead, and for each SIGUSR1
//! in any case.
//! Counts what `pipeline` reports; `progress_line` renders it. Called by `run`.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
#[cfg(unix)]
use tokio::signal::unix::SignalKind;
use tokio::sync::watch;

#[cfg(unix)]
use super::signals;
use super::{
    print,
    progress_line::{Hold, ReadNumbers, SendNumbers, StageNumbers, line, words},
    progress_terminal::ProgressTerminal,
};
use crate::{
    model::{
        outcome::Outcome,
        progress::{Pauses, Progress, ScatteredRows, SendGauge, ServiceHold},
    },
    pipeline::SendSpec,
    report::numbers::with_unit,
};

/// How often the line is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(250);

/// How often the line is printed where it cannot be drawn.
const PRINT_INTERVAL: Duration = Duration::from_secs(60);

/// The rate is that of this time.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// Where and how often the line is shown.
pub(super) struct ProgressSettings {
    /// Whether it is shown on SIGUSR1 only.
    is_quiet: bool,
    /// Whether it is drawn on the terminal.
    is_drawn: bool,
    /// How often it is printed where it is not drawn.
    print_interval: Duration,
    /// Prints a message on standard error.
    print: Box<dyn Fn(&str) + Send + Sync>,
}

/// Shows the progress of a run.
pub(super) struct ProgressBarView {
    settings: ProgressSettings,
    bar: ProgressBar,
    counts: Arc<Mutex<ProgressCounts>>,
    /// Dropped to end the thread that prints the line where it is not drawn.
    is_printing: Mutex<Option<Sender<()>>>,
}

/// What was reported, of the current stage.
struct ProgressCounts {
    stage: Stage,
    since: Instant,
    read: ReadNumbers,
    /// Scattered orders whose rows are gathered, and all of them.
    n_gathered: u64,
    n_scattered: Option<u64>,
    sent: SendNumbers,
    /// Requests sent, with retries, and how many are expected without them, once they are counted.
    n_sent: u64,
    n_expected: Option<u64>,
    /// Requests sent at some times before.
    samples: VecDeque<(Instant, u64)>,
    send: Option<SendWatch>,
}

/// Stage of a run that takes long enough for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reading,
    Gathering,
    Sending,
}

/// What a send says of itself when it is asked.
struct SendWatch {
    gauge: Arc<SendGauge>,
    shutdown: watch::Receiver<Option<String>>,
}

/// Whether the line is shown on the terminal.
pub(super) fn is_shown(is_quiet: bool) -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !is_quiet && !is_dumb && Term::stderr().is_term()
}

impl ProgressSettings {
    /// Those of a command, with `--quiet` or without it.
    pub(super) fn new(is_quiet: bool) -> Self {
        Self {
            is_quiet,
            is_drawn: is_shown(is_quiet),
            print_interval: PRINT_INTERVAL,
            print: Box::new(print::status),
        }
    }
}

impl ProgressBarView {
    pub(super) fn new(settings: ProgressSettings, send: Option<&SendSpec<'_>>) -> Self {
        let send = send.map(|send| SendWatch {
            gauge: Arc::clone(&send.dispatch.gauge),
            shutdown: send.shutdown_signal.clone(),
        });
        let counts = Arc::new(Mutex::new(ProgressCounts::new(Instant::now(), send)));
        let target = if settings.is_drawn {
            ProgressDrawTarget::term_like(Box::new(ProgressTerminal::new()))
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(line_style(&counts));
        bar.enable_steady_tick(DRAW_INTERVAL);
        Self { settings, bar, counts, is_printing: Mutex::default() }
    }

    /// Prints the line again and again from now on where it is not drawn, until the run has ended.
    pub(super) fn print_where_not_drawn(self: &Arc<Self>) {
        let ProgressSettings { is_quiet, is_drawn, print_interval, .. } = self.settings;
        if is_quiet || is_drawn {
            return;
        }
        let (sender, ended) = mpsc::channel();
        *self.is_printing.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        let view = Arc::clone(self);
        thread::spawn(move || {
            while ended.recv_timeout(print_interval) == Err(RecvTimeoutError::Timeout) {
                view.print();
            }
        });
    }

    /// Prints a progress line for each SIGUSR1 from now on. The default action of the signal ends
    /// the process; if no handler can be installed, that stays so.
    #[cfg(unix)]
    pub(super) fn print_on_signal(self: &Arc<Self>) {
        let view = Arc::clone(self);
        signals::on_each(SignalKind::user_defined1(), move || view.print());
    }

    /// Removes the line before SIGINT ends the process; without a line, the signal keeps its
    /// action. Only for a run that sends nothing: a send goes on until its requests are answered.
    #[cfg(unix)]
    pub(super) fn clear_on_interrupt(self: &Arc<Self>) {
        if !self.settings.is_drawn || signals::is_ignored(SignalKind::interrupt()) {
            return;
        }
        let view = Arc::clone(self);
        signals::on_each(SignalKind::interrupt(), move || {
            view.finish();
            // Also the `^C` that the terminal shows.
            print::erase_line();
            signals::end_by_interrupt();
        });
    }

    /// Does nothing: the line stays.
    #[cfg(not(unix))]
    pub(super) fn clear_on_interrupt(self: &Arc<Self>) {}

    /// Does nothing: SIGUSR1 exists on Unix only.
    #[cfg(not(unix))]
    pub(super) fn print_on_signal(self: &Arc<Self>) {}

    /// Prints the progress line, with `--quiet` too where the signal requests it.
    fn print(&self) {
        let numbers = lock(&self.counts).numbers(Instant::now());
        self.message(&format!("progress: {}", words(&numbers)));
    }

    /// Counts and shows what the pipeline reports.
    pub(super) fn update(&self, progress: Progress<'_>) {
        match progress {
            Progress::Warning(message) if !self.settings.is_quiet => {
                self.message(&format!("warning: {message}"));
            }
            Progress::Warning(_) => {}
            Progress::Scattered { rows, disk_needed, disk_free } => {
                if let ScatteredRows::OfOrders(n_orders) = rows {
                    lock(&self.counts).n_scattered = Some(n_orders);
                }
                self.report_scattered(rows, disk_needed, disk_free);
            }
            counted => lock(&self.counts).count(&counted, Instant::now()),
        }
    }

    fn report_scattered(&self, rows: ScatteredRows, n_bytes: u64, n_free: u64) {
        if self.settings.is_quiet {
            return;
        }
        let size = |n_bytes| bytesize::ByteSize(n_bytes).display().si();
        let what = match rows {
            ScatteredRows::OfOrders(n_orders) => {
                format!("the rows of {} are scattered", with_unit(n_orders, "order"))
            }
            ScatteredRows::OfMostOrders => "the rows of most orders are scattered".to_owned(),
            ScatteredRows::Documents => "documents may be apart from their parent".to_owned(),
        };
        let disk = match n_bytes {
            0 => String::new(),
            _ => format!(
                ", with up to {} of disk in the run folder ({} are free)",
                size(n_bytes),
                size(n_free)
            ),
        };
        self.message(&format!("{what}: the export is read a second time{disk}"));
    }

    /// Prints a message in place of the line, which is drawn again below it.
    // Never with the counts locked: the bar locks itself first and then the counts.
    fn message(&self, message: &str) {
        self.bar.suspend(|| (self.settings.print)(message));
    }

    /// Prints no more, and removes the line, so that nothing of it stays on the screen.
    pub(super) fn finish(&self) {
        self.is_printing.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.bar.finish_and_clear();
    }
}

/// The style of a bar that shows nothing but the line.
fn line_style(counts: &Arc<Mutex<ProgressCounts>>) -> ProgressStyle {
    let counts = Arc::clone(counts);
    let terminal = Term::stderr();
    let is_styled = terminal.features().colors_supported();
    let style = ProgressStyle::with_template("{line}").expect("the template is a constant");
    style.with_key("line", move |_: &ProgressState, to: &mut dyn Write| {
        let columns = usize::from(terminal.size().1);
        let numbers = lock(&counts).numbers(Instant::now());
        // The line is drawn again soon, so an error here loses nothing.
        let _ = write!(to, "{}", line(&numbers, columns, is_styled));
    })
}

impl ProgressCounts {
    fn new(now: Instant, send: Option<SendWatch>) -> Self {
        Self {
            stage: Stage::Reading,
            since: now,
            read: ReadNumbers::default(),
            n_gathered: 0,
            n_scattered: None,
            sent: SendNumbers::default(),
            n_sent: 0,
            n_expected: None,
            samples: VecDeque::new(),
            send,
        }
    }

    fn count(&mut self, progress: &Progress<'_>, now: Instant) {
        match *progress {
            Progress::Reading { bytes } => self.start_pass(bytes, false, now),
            Progress::SecondPass { bytes } => self.start_pass(bytes, true, now),
            Progress::Rows { rows, bytes } => {
                self.read.n_rows += rows;
                self.read.n_bytes += bytes;
            }
            Progress::Orders { read, invalid } => {
                (self.read.n_orders, self.read.n_invalid) = (read, invalid);
            }
            Progress::Gathering => (self.stage, self.since) = (Stage::Gathering, now),
            Progress::Gathered(n) => self.n_gathered += n,
            Progress::Sending { rate } => {
                (self.stage, self.since, self.sent.limit) = (Stage::Sending, now, rate);
            }
            Progress::ToSend { orders, requests } => {
                (self.sent.n_orders, self.n_expected) = (Some(orders), Some(requests));
            }
            Progress::Sent { is_retry } => {
                self.n_sent += 1;
                self.sent.n_retries += u64::from(is_retry);
            }
            Progress::Settled(outcome) => self.settle(outcome),
            Progress::Scattered { .. } | Progress::Warning(_) => {}
        }
    }

    fn start_pass(&mut self, all_bytes: Option<u64>, is_second_pass: bool, now: Instant) {
        (self.stage, self.since) = (Stage::Reading, now);
        self.read = ReadNumbers { is_second_pass, all_bytes, ..ReadNumbers::default() };
    }

    fn settle(&mut self, outcome: Outcome) {
        let sent = &mut self.sent;
        match outcome {
            Outcome::Accepted => sent.n_accepted += 1,
            Outcome::Unknown => sent.n_unknown += 1,
            Outcome::Refused | Outcome::Failed => sent.n_failed += 1,
            // An order that the run does not come to, as after Ctrl-C, is no progress, and neither
            // is one of the plan that an earlier run has sent.
            _ => return,
        }
        sent.n_settled += 1;
    }

    /// The numbers to show now.
    fn numbers(&mut self, now: Instant) -> StageNumbers {
        let elapsed = now - self.since;
        let is_ending = self.send.as_ref().is_some_and(|send| send.shutdown.borrow().is_some());
        match self.stage {
            Stage::Reading => {
                let read = &self.read;
                let left = read.all_bytes.and_then(|all| time_left(read.n_bytes, all, elapsed));
                StageNumbers::Reading(ReadNumbers { left, is_ending, ..read.clone() })
            }
            Stage::Gathering => {
                let (n_done, n_all) = (self.n_gathered, self.n_scattered);
                let left = n_all.and_then(|all| time_left(n_done, all, elapsed));
                StageNumbers::Gathering { n_done, n_all, left, is_ending }
            }
            Stage::Sending => self.sending(now, is_ending),
        }
    }

    fn sending(&mut self, now: Instant, is_ending: bool) -> StageNumbers {
        let (gauge, mut hold) = (self.send.as_ref().map(|send| &send.gauge), Hold::None);
        let Pauses { hold: asked, down_since, .. } =
            gauge.map(|gauge| gauge.pauses()).unwrap_or_default();
        let n_in_flight = gauge.map_or(0, |gauge| gauge.n_in_flight());
        if let Some(ServiceHold { until, status }) = asked.filter(|asked| asked.until > now) {
            // Rounded up: a request is held until the end.
            let n_seconds = (until - now).as_millis().div_ceil(1_000);
            let left = Duration::from_secs(u64::try_from(n_seconds).unwrap_or(u64::MAX));
            hold = Hold::Asked(left, status);
        }
        if let Some(since) = down_since {
            hold = Hold::Down(now.saturating_duration_since(since));
        }
        if is_ending {
            hold = Hold::Ending;
        }
        let rate = self.rate(now);
        StageNumbers::Sending(SendNumbers {
            // The burst of a shorter time would be above the limit.
            rate: (now - self.since >= Duration::from_secs(1)).then_some(rate),
            n_in_flight,
            left: self.sending_left(now, rate),
            hold,
            ..self.sent.clone()
        })
    }

    /// Requests a second in the last [`RATE_WINDOW`].
    fn rate(&mut self, now: Instant) -> u64 {
        // Asked by the display and by SIGUSR1, so samples may be close.
        if self.samples.back().is_none_or(|(at, _)| now - *at >= DRAW_INTERVAL / 2) {
            self.samples.push_back((now, self.n_sent));
        }
        // The newest sample that is old enough stays.
        while self.samples.get(1).is_some_and(|(at, _)| now - *at >= RATE_WINDOW) {
            self.samples.pop_front();
        }
        let (from, n_before) = match self.samples.front() {
            // Nothing was asked before: the rate is that of all the time.
            Some((at, n_before)) if *at < now => (*at, *n_before),
            _ => (self.since, 0),
        };
        let millis = u64::try_from((now - from).as_millis()).unwrap_or(u64::MAX);
        // To the nearest, for 19.96 is the limit of 20.
        ((self.n_sent - n_before) * 1_000 + millis / 2).checked_div(millis).unwrap_or_default()
    }

    /// The time that the expected requests take at the average rate; none before the first second.
    fn sending_left(&self, now: Instant, rate: u64) -> Option<Duration> {
        let n_first = self.n_sent.saturating_sub(self.sent.n_retries);
        let n_expected = self.n_expected?;
        let n_left = n_expected.saturating_sub(n_first);
        let elapsed = now - self.since;
        if elapsed < Duration::from_secs(1) || (n_first == 0 && rate == 0) {
            return None;
        }
        time_left(n_first, n_expected, elapsed).or((n_left == 0).then_some(Duration::ZERO))
    }
}

/// The time that is left if the rest takes as long as what is done; none before something is.
fn time_left(n_done: u64, n_all: u64, elapsed: Duration) -> Option<Duration> {
    let n_left = n_all.checked_sub(n_done)?;
    let millis = elapsed.as_millis() * u128::from(n_left);
    let left = millis.checked_div(u128::from(n_done))?;
    // Rounded up: a run that is not done takes at least a second.
    Some(Duration::from_secs(u64::try_from(left.div_ceil(1_000)).unwrap_or(u64::MAX)))
}

fn lock(counts: &Mutex<ProgressCounts>) -> MutexGuard<'_, ProgressCounts> {
    counts.lock().expect("counting does not panic")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn numbers(counts: &mut ProgressCounts, now: Instant) -> String {
        words(&counts.numbers(now))
    }

    #[test]
    fn rate_and_time_left_follow_the_requests() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let (_stop, shutdown) = watch::channel(None);
        let gauge = Arc::new(SendGauge::default());
        let send = SendWatch { gauge: Arc::clone(&gauge), shutdown };
        let mut counts = ProgressCounts::new(start, Some(send));
        counts.count(&Progress::Sending { rate: NonZeroU32::new(20) }, start);
        counts.count(&Progress::ToSend { orders: 100, requests: 200 }, start);
        let mut shown = vec![numbers(&mut counts, start)];
        for n in 1..=100_u64 {
            gauge.request_sent();
            counts.count(&Progress::Sent { is_retry: false }, at(n * 50));
            if n % 2 == 0 {
                gauge.request_answered();
                gauge.request_answered();
                counts.count(&Progress::Settled(Outcome::Accepted), at(n * 50));
            }
            if n % 5 == 0 {
                numbers(&mut counts, at(n * 50));
            }
        }
        shown.push(numbers(&mut counts, at(5_000)));
        gauge.hold(ServiceHold { until: at(29_000), status: 503 });
        gauge.hold(ServiceHold { until: at(9_000), status: 429 });
        shown.push(numbers(&mut counts, at(5_250)));
        gauge.service_down(at(20_000));
        counts.count(&Progress::Settled(Outcome::Unknown), at(20_000));
        shown.push(numbers(&mut counts, at(40_000)));
        counts.count(&Progress::Settled(Outcome::NotAttempted), at(40_000));
        shown.push(numbers(&mut counts, at(40_000)));
        insta::assert_snapshot!(shown.join("\n"), @"
        sending, 0 %, 0 in, 0 unknown, 0 failed, 0 open, 0 again
        sending, 50 %, 50 in, 0 unknown, 0 failed, 20/20 /s, 0 open, 0 again, 5 s left
        sending, 50 %, 50 in, 0 unknown, 0 failed, 19/20 /s, 503: held 24 s, 6 s left
        sending, 51 %, 50 in, 1 unknown, 0 failed, 0/20 /s, service down for 20 s
        sending, 51 %, 50 in, 1 unknown, 0 failed, 0/20 /s, service down for 20 s
        ");
    }

    /// A view without a terminal, and what it prints.
    fn printing_view(is_quiet: bool) -> (Arc<ProgressBarView>, mpsc::Receiver<String>) {
        let (sender, printed) = mpsc::channel();
        let settings = ProgressSettings {
            is_drawn: false,
            print_interval: Duration::from_millis(1),
            print: Box::new(move |line| drop(sender.send(line.to_owned()))),
            ..ProgressSettings::new(is_quiet)
        };
        let view = Arc::new(ProgressBarView::new(settings, None));
        view.print_where_not_drawn();
        (view, printed)
    }

    #[test]
    fn line_is_printed_until_the_run_has_ended() {
        let (view, printed) = printing_view(false);
        let next = || printed.recv_timeout(Duration::from_mins(1)).unwrap();
        assert_eq!([next(), next()], ["progress: reading, 0 rows"; 2]);
        view.update(Progress::Rows { rows: 7, bytes: 70 });
        assert!((0..10_000).any(|_| next().ends_with(", 7 rows")));
        view.finish();
        drop(view);
        // The thread has ended once nothing can print any more.
        while printed.recv_timeout(Duration::from_mins(1)).is_ok() {}
        assert_eq!(printed.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn quiet_run_prints_no_line() {
        let (view, printed) = printing_view(true);
        drop(view);
        assert_eq!(printed.recv(), Err(mpsc::RecvError));
    }

    #[test]
    fn second_pass_counts_anew() {
        let start = Instant::now();
        let mut counts = ProgressCounts::new(start, None);
        counts.count(&Progress::Reading { bytes: Some(2_000_000) }, start);
        counts.count(&Progress::Rows { rows: 1_500, bytes: 500_000 }, start);
        let first = numbers(&mut counts, start + Duration::from_secs(1));
        counts.count(&Progress::SecondPass { bytes: Some(2_000_000) }, start);
        counts.count(&Progress::Rows { rows: 1_500, bytes: 1_000_000 }, start);
        counts.count(&Progress::Orders { read: 300, invalid: 2 }, start);
        let second = numbers(&mut counts, start + Duration::from_secs(1));
        insta::assert_snapshot!([first, second].join("\n"), @"
        reading, 25 %, 0.5 of 2.0 MB, 1,500 rows, 3 s left
        checking, 50 %, 300 orders, 2 invalid, 1 s left
        ");
    }
}
