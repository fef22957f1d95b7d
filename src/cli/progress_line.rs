//! Progress line: the numbers of a run in one line of fixed widths.
//!
//! Pure: no clock, no terminal. What does not fit is left out from the right, except the time left.
//! Called by `progress`.

use std::{num::NonZeroU32, time::Duration};

use clap::builder::styling::{AnsiColor, Style};

use crate::report::numbers::{count, with_unit};

/// Maximum columns of the line: a terminal of 80 columns would scroll if its last one were filled.
const MAX_LINE_COLUMNS: usize = 79;

/// Cells of the bar.
const BAR_CELLS: u64 = 16;

/// What is asked of a user who wants the run to end.
const AGAIN: &str = "Ctrl-C again leaves at once";

/// The numbers of a stage, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StageNumbers {
    /// The export is read.
    Reading(ReadNumbers),
    /// The rows of scattered orders are gathered.
    Gathering { n_done: u64, n_all: Option<u64>, left: Option<Duration>, is_ending: bool },
    /// Orders are sent.
    Sending(SendNumbers),
}

/// The numbers of a pass over the export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ReadNumbers {
    /// Whether the facts of the whole export are known, so that orders are decided.
    pub(super) is_second_pass: bool,
    pub(super) n_bytes: u64,
    /// Bytes of all files; none if not known.
    pub(super) all_bytes: Option<u64>,
    pub(super) n_rows: u64,
    pub(super) n_orders: u64,
    pub(super) n_invalid: u64,
    pub(super) left: Option<Duration>,
    pub(super) is_ending: bool,
}

/// The numbers of a send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SendNumbers {
    pub(super) n_settled: u64,
    /// Orders that get their outcome; none if not counted yet.
    pub(super) n_orders: Option<u64>,
    pub(super) n_accepted: u64,
    pub(super) n_unknown: u64,
    /// Failed and refused orders.
    pub(super) n_failed: u64,
    /// Requests a second; none before the first second.
    pub(super) rate: Option<u64>,
    pub(super) limit: Option<NonZeroU32>,
    pub(super) n_in_flight: usize,
    pub(super) n_retries: u64,
    pub(super) left: Option<Duration>,
    pub(super) hold: Hold,
}

/// What holds requests back, if anything does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Hold {
    /// Nothing.
    #[default]
    None,
    /// The service asked to wait for this time, by a response with this HTTP status.
    Asked(Duration, u16),
    /// The service counts as down for this time.
    Down(Duration),
    /// The user or the deadline asked to end.
    Ending,
}

/// Text of the line, with the blanks before it.
struct LineField {
    text: String,
    style: Style,
    /// Whether it is shown at any width.
    is_kept: bool,
}

/// The fields of a line, and what is shown at its end in any case.
struct ProgressLine {
    fields: Vec<LineField>,
    /// The end, and a shorter one for a narrow terminal.
    ends: [String; 2],
}

/// Renders the line for a terminal of this width, with styles if `is_styled`.
pub(super) fn line(numbers: &StageNumbers, columns: usize, is_styled: bool) -> String {
    let ProgressLine { mut fields, ends: [long, short] } = fields(numbers);
    let columns = columns.saturating_sub(1).min(MAX_LINE_COLUMNS);
    let kept: usize = fields.iter().filter(|field| field.is_kept).map(LineField::width).sum();
    let end = if kept + end_width(&long) <= columns { long } else { short };
    while width(&fields) + end_width(&end) > columns {
        let Some(last) = fields.iter().rposition(|field| !field.is_kept) else { break };
        fields.remove(last);
    }
    let n_free = columns.saturating_sub(width(&fields));
    let shown =
        fields.iter().map(
            |LineField { text, style, .. }| {
                if is_styled { format!("{style}{text}{style:#}") } else { text.clone() }
            },
        );
    let shown: String = shown.collect();
    if end.is_empty() { shown } else { format!("{shown}{end:>n_free$}") }
}

fn width(fields: &[LineField]) -> usize {
    fields.iter().map(LineField::width).sum()
}

/// The columns of an end, with the blank before it.
fn end_width(end: &str) -> usize {
    if end.is_empty() { 0 } else { 1 + end.chars().count() }
}

impl LineField {
    fn width(&self) -> usize {
        self.text.chars().count()
    }

    fn kept(self) -> Self {
        Self { is_kept: true, ..self }
    }
}

/// The same numbers as words, for a line that is not rewritten.
pub(super) fn words(numbers: &StageNumbers) -> String {
    let ProgressLine { fields, ends: [end, _] } = fields(numbers);
    let texts = fields.iter().map(|field| field.text.trim()).chain([end.trim()]);
    let texts: Vec<_> = texts.filter(|text| !text.is_empty() && !text.starts_with('[')).collect();
    texts.join(", ")
}

fn fields(numbers: &StageNumbers) -> ProgressLine {
    match numbers {
        StageNumbers::Reading(numbers) => reading(numbers),
        StageNumbers::Gathering { n_done, n_all, left, is_ending } => {
            gathering(*n_done, *n_all, ends(*left, *is_ending))
        }
        StageNumbers::Sending(numbers) => sending(numbers),
    }
}

fn reading(numbers: &ReadNumbers) -> ProgressLine {
    let ReadNumbers { is_second_pass, n_bytes, all_bytes, n_rows, .. } = *numbers;
    let mut fields = vec![stage(if is_second_pass { "checking " } else { "reading  " })];
    // A file that is unpacked or decoded has more bytes than on disk.
    let all_bytes = all_bytes.filter(|all| (1..).contains(all) && n_bytes <= *all);
    match all_bytes {
        Some(all) => fields.extend(bar(n_bytes, all)),
        None => fields.push(plain(String::new())),
    }
    if is_second_pass && numbers.n_orders > 0 {
        let orders = with_unit(numbers.n_orders, "order");
        fields.push(plain(format!("  {orders:>14}")));
        fields.push(plain(format!("  {:>5} invalid", count(numbers.n_invalid))));
    } else {
        match all_bytes {
            Some(all) => fields.push(plain(format!("   {}", part_of(n_bytes, all)))),
            None if n_bytes > 0 => {
                fields.push(plain(format!("  {:>9}", part_of(n_bytes, n_bytes))));
            }
            None => {}
        }
        fields.push(plain(format!("  {:>13}", with_unit(n_rows, "row"))));
    }
    ProgressLine { fields, ends: ends(numbers.left, numbers.is_ending) }
}

fn gathering(n_done: u64, n_all: Option<u64>, ends: [String; 2]) -> ProgressLine {
    let mut fields = vec![stage("gathering")];
    match n_all.filter(|all| (1..).contains(all) && n_done <= *all) {
        Some(all) => {
            fields.extend(bar(n_done, all));
            fields.push(plain(format!("  rows of {}", scattered(all))));
        }
        None => fields.push(plain(format!("  rows of {}", scattered(n_done)))),
    }
    ProgressLine { fields, ends }
}

fn scattered(n_orders: u64) -> String {
    with_unit(n_orders, "scattered order")
}

fn sending(numbers: &SendNumbers) -> ProgressLine {
    let SendNumbers { n_settled, n_orders, n_accepted, n_unknown, n_failed, rate, .. } = *numbers;
    let percent = match n_orders {
        Some(all) => {
            let percent = n_settled.saturating_mul(100).checked_div(all).unwrap_or(100).min(100);
            format!(" {percent:>2} %")
        }
        None => " ".repeat(" 99 %".len()),
    };
    let width = count(n_orders.unwrap_or_default()).len().max(5);
    let name = if numbers.hold == Hold::Ending { "ending " } else { "sending" };
    let mut fields = vec![
        stage(name),
        plain(percent).kept(),
        plain(format!(" {:>width$} in", count(n_accepted))),
        // From the first one on, in the colour of the report.
        counted(format!(" {:>2} unknown", count(n_unknown)), n_unknown, AnsiColor::Magenta),
        counted(format!(" {:>2} failed", count(n_failed)), n_failed, AnsiColor::Red),
    ];
    let rate = match (rate, numbers.limit) {
        (None, _) => String::new(),
        (Some(rate), Some(limit)) => {
            let limit = limit.to_string();
            format!("  {rate:>0$}/{limit} /s", limit.len())
        }
        (Some(rate), None) => format!("  {rate:>4} /s"),
    };
    let n_in_flight = numbers.n_in_flight;
    let left = left_text(numbers.left);
    let ends = match numbers.hold {
        Hold::Ending => {
            let open = format!("{n_in_flight} open");
            [format!("{open}, {AGAIN}"), open]
        }
        Hold::Down(time) => {
            fields.push(plain(rate));
            [format!("service down for {}", span(time)), format!("down {}", span(time))]
        }
        Hold::Asked(time, status) => {
            fields.push(plain(rate));
            let held = format!("{status}: held {}", span(time));
            let comma = if left.is_empty() { "" } else { ", " };
            [format!("{held}{comma}{left}"), held]
        }
        Hold::None => {
            fields.push(plain(rate));
            fields.push(plain(format!(" {n_in_flight:>2} open")));
            fields.push(plain(format!(" {:>2} again", count(numbers.n_retries))));
            [left.clone(), left]
        }
    };
    ProgressLine { fields, ends }
}

fn stage(name: &str) -> LineField {
    LineField { text: name.to_owned(), style: Style::new().bold(), is_kept: true }
}

fn plain(text: String) -> LineField {
    LineField { text, style: Style::new(), is_kept: false }
}

fn counted(text: String, n: u64, color: AnsiColor) -> LineField {
    let style = if n > 0 { Style::new().fg_color(Some(color.into())) } else { Style::new() };
    LineField { text, style, is_kept: false }
}

/// The bar and the percentage of a part.
fn bar(part: u64, all: u64) -> [LineField; 2] {
    let share = |of: u64| {
        let share = u128::from(part) * u128::from(of) / u128::from(all.max(1));
        u64::try_from(share).unwrap_or(of)
    };
    let full = "#".repeat(usize::try_from(share(BAR_CELLS)).unwrap_or_default());
    let style = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    let cells = usize::try_from(BAR_CELLS).unwrap_or_default();
    let bar = LineField { text: format!(" [{full:cells$}]"), style, is_kept: false };
    [bar, plain(format!(" {:>3} %", share(100))).kept()]
}

/// `4.0 of 7.6 MB`; `7.6 MB` for all.
#[allow(clippy::cast_precision_loss)] // one decimal is shown
fn part_of(bytes: u64, all: u64) -> String {
    let (unit, name) = match all {
        0..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    // As many digits as a person reads, so that the rows fit beside it.
    let decimals = usize::from((all as f64 / unit) < 100.0);
    let number = |n: u64| format!("{:.decimals$}", n as f64 / unit);
    if bytes == all {
        return format!("{} {name}", number(all));
    }
    let width = number(all).len();
    format!("{:>width$} of {} {name}", number(bytes), number(all))
}

fn ends(left: Option<Duration>, is_ending: bool) -> [String; 2] {
    if is_ending {
        return [format!("ending, {AGAIN}"), "ending".to_owned()];
    }
    let left = left_text(left);
    [left.clone(), left]
}

fn left_text(left: Option<Duration>) -> String {
    match left.map(|left| left.as_secs()) {
        None => String::new(),
        Some(seconds @ 0..60) => format!("{seconds} s left"),
        Some(seconds @ 60..3_600) => format!("{}m left", seconds / 60),
        Some(seconds) => format!("{}h {:02}m left", seconds / 3_600, seconds / 60 % 60),
    }
}

/// `24 s`, `1m 12s`.
fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{}m {}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: [usize; 3] = [80, 60, 40];

    /// The line at each width, and its words. A bar marks the end of the terminal.
    fn lines(numbers: &StageNumbers) -> String {
        let of_width = |columns| {
            let line = line(numbers, columns, false);
            assert!(line.chars().count() < columns, "{line}");
            let styled = super::line(numbers, columns, true);
            assert_eq!(anstream::adapter::strip_str(&styled).to_string(), line);
            format!("{line:columns$}|")
        };
        let mut lines: Vec<_> = WIDTHS.into_iter().map(of_width).collect();
        lines.push(words(numbers));
        lines.join("\n")
    }

    #[test]
    fn reading() {
        let numbers = ReadNumbers {
            n_bytes: 3_980_000,
            all_bytes: Some(7_600_000),
            n_rows: 283_114,
            left: Some(Duration::from_secs(2)),
            ..ReadNumbers::default()
        };
        insta::assert_snapshot!(lines(&StageNumbers::Reading(numbers.clone())), @"
        reading   [########        ]  52 %   4.0 of 7.6 MB   283,114 rows      2 s left |
        reading   [########        ]  52 %   4.0 of 7.6 MB 2 s left |
        reading    52 %                2 s left |
        reading, 52 %, 4.0 of 7.6 MB, 283,114 rows, 2 s left
        ");
        let large = ReadNumbers {
            n_bytes: 14_000_000,
            all_bytes: Some(23_400_000),
            n_rows: 1_283_114,
            left: Some(Duration::from_secs(59)),
            ..numbers.clone()
        };
        insta::assert_snapshot!(line(&StageNumbers::Reading(large), 80, false), @"reading   [#########       ]  59 %   14.0 of 23.4 MB  1,283,114 rows  59 s left");
        let unpacked = ReadNumbers { all_bytes: None, left: None, ..numbers.clone() };
        insta::assert_snapshot!(lines(&StageNumbers::Reading(unpacked)), @"
        reading       4.0 MB   283,114 rows                                             |
        reading       4.0 MB   283,114 rows                         |
        reading       4.0 MB   283,114 rows     |
        reading, 4.0 MB, 283,114 rows
        ");
        let ending = ReadNumbers { is_ending: true, ..numbers };
        insta::assert_snapshot!(lines(&StageNumbers::Reading(ending)), @"
        reading   [########        ]  52 %          ending, Ctrl-C again leaves at once |
        reading    52 %         ending, Ctrl-C again leaves at once |
        reading    52 %                  ending |
        reading, 52 %, 4.0 of 7.6 MB, 283,114 rows, ending, Ctrl-C again leaves at once
        ");
        insta::assert_snapshot!(lines(&StageNumbers::Reading(ReadNumbers::default())), @"
        reading           0 rows                                                        |
        reading           0 rows                                    |
        reading           0 rows                |
        reading, 0 rows
        ");
    }

    #[test]
    fn checking_and_gathering() {
        let numbers = ReadNumbers {
            is_second_pass: true,
            n_bytes: 7_599_000,
            all_bytes: Some(7_600_000),
            n_rows: 500_000,
            n_orders: 25_644,
            n_invalid: 4_942,
            left: Some(Duration::from_secs(1)),
            is_ending: false,
        };
        insta::assert_snapshot!(lines(&StageNumbers::Reading(numbers)), @"
        checking  [############### ]  99 %   25,644 orders  4,942 invalid      1 s left |
        checking  [############### ]  99 %   25,644 orders 1 s left |
        checking   99 %                1 s left |
        checking, 99 %, 25,644 orders, 4,942 invalid, 1 s left
        ");
        let gathering = |n_all| StageNumbers::Gathering {
            n_done: 2_521,
            n_all,
            left: Some(Duration::from_secs(1)),
            is_ending: false,
        };
        insta::assert_snapshot!(lines(&gathering(Some(3_112))), @"
        gathering [############    ]  81 %  rows of 3,112 scattered orders     1 s left |
        gathering [############    ]  81 %                 1 s left |
        gathering  81 %                1 s left |
        gathering, 81 %, rows of 3,112 scattered orders, 1 s left
        ");
        insta::assert_snapshot!(lines(&gathering(None)), @"
        gathering  rows of 2,521 scattered orders                              1 s left |
        gathering  rows of 2,521 scattered orders          1 s left |
        gathering                      1 s left |
        gathering, rows of 2,521 scattered orders, 1 s left
        ");
    }

    #[test]
    fn sending() {
        let numbers = SendNumbers {
            n_settled: 4_423,
            n_orders: Some(10_854),
            n_accepted: 4_418,
            n_unknown: 3,
            n_failed: 2,
            rate: Some(20),
            limit: NonZeroU32::new(20),
            n_in_flight: 38,
            n_retries: 9,
            left: Some(Duration::from_secs(499)),
            hold: Hold::None,
        };
        let with = |hold, rate| {
            StageNumbers::Sending(SendNumbers { rate: Some(rate), hold, ..numbers.clone() })
        };
        let seconds = Duration::from_secs;
        insta::assert_snapshot!(lines(&with(Hold::None, 20)), @"
        sending 40 %  4,418 in  3 unknown  2 failed  20/20 /s 38 open  9 again  8m left |
        sending 40 %  4,418 in  3 unknown  2 failed         8m left |
        sending 40 %  4,418 in          8m left |
        sending, 40 %, 4,418 in, 3 unknown, 2 failed, 20/20 /s, 38 open, 9 again, 8m left
        ");
        insta::assert_snapshot!(lines(&with(Hold::Asked(seconds(24), 429), 0)), @"
        sending 40 %  4,418 in  3 unknown  2 failed   0/20 /s   429: held 24 s, 8m left |
        sending 40 %  4,418 in  3 unknown   429: held 24 s, 8m left |
        sending 40 %    429: held 24 s, 8m left |
        sending, 40 %, 4,418 in, 3 unknown, 2 failed, 0/20 /s, 429: held 24 s, 8m left
        ");
        insta::assert_snapshot!(lines(&with(Hold::Down(seconds(72)), 0)), @"
        sending 40 %  4,418 in  3 unknown  2 failed   0/20 /s   service down for 1m 12s |
        sending 40 %  4,418 in  3 unknown   service down for 1m 12s |
        sending 40 %    service down for 1m 12s |
        sending, 40 %, 4,418 in, 3 unknown, 2 failed, 0/20 /s, service down for 1m 12s
        ");
        insta::assert_snapshot!(lines(&with(Hold::Ending, 0)), @"
        ending  40 %  4,418 in  3 unknown          38 open, Ctrl-C again leaves at once |
        ending  40 %  4,418 in 38 open, Ctrl-C again leaves at once |
        ending  40 %  4,418 in          38 open |
        ending, 40 %, 4,418 in, 3 unknown, 2 failed, 38 open, Ctrl-C again leaves at once
        ");
        let uncounted = SendNumbers { n_orders: None, left: None, ..numbers.clone() };
        insta::assert_snapshot!(lines(&StageNumbers::Sending(uncounted)), @"
        sending      4,418 in  3 unknown  2 failed  20/20 /s 38 open  9 again           |
        sending      4,418 in  3 unknown  2 failed  20/20 /s        |
        sending      4,418 in  3 unknown        |
        sending, 4,418 in, 3 unknown, 2 failed, 20/20 /s, 38 open, 9 again
        ");
        let large = SendNumbers {
            n_settled: 1_500_000,
            n_orders: Some(1_500_000),
            n_accepted: 1_499_000,
            n_unknown: 600,
            n_failed: 400,
            limit: None,
            rate: Some(1_250),
            left: Some(Duration::from_secs(3_700)),
            ..numbers
        };
        insta::assert_snapshot!(lines(&StageNumbers::Sending(large)), @"
        sending 100 % 1,499,000 in 600 unknown 400 failed  1250 /s 38 open  1h 01m left |
        sending 100 % 1,499,000 in 600 unknown          1h 01m left |
        sending 100 % 1,499,000 in  1h 01m left |
        sending, 100 %, 1,499,000 in, 600 unknown, 400 failed, 1250 /s, 38 open, 9 again, 1h 01m left
        ");
    }

    #[test]
    fn colour_begins_with_the_first_order() {
        let numbers = SendNumbers { n_orders: Some(3), ..SendNumbers::default() };
        let styled = |numbers| line(&StageNumbers::Sending(numbers), 80, true);
        assert!(!styled(numbers.clone()).contains("\u{1b}[35m"));
        assert!(styled(SendNumbers { n_unknown: 1, ..numbers }).contains("\u{1b}[35m  1 unknown"));
    }
}
