//! `report.html`: the report for people, one file that needs no network and runs no script.
//!
//! Prepares the summary's numbers for the template `page.html`, which escapes every value; control
//! characters and changes of text direction are shown escaped. The page has references and messages
//! of customers' orders, so it belongs in the run folder. Decides nothing. Called by `recorder`.

use askama::Template;

use super::{
    error::ReportError,
    numbers::{self, count, format_duration, group_digits, severity_name, share},
    per_outcome::PerOutcome,
    reasons::shown_reason,
    summary::Summary,
    tally::Tally,
};
use crate::model::{
    order::OrderRecord,
    origin::InputNames,
    outcome::{OrderResult, Outcome},
    printable::printable_lines,
    problem::{Code, Problem},
    redact::without_address,
};

/// The file's name in the run folder.
pub const FILE: &str = "report.html";

/// Order that an operator should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNeedingAttention {
    /// Reference of the order.
    pub reference: String,
    /// Outcome of the order.
    pub outcome: Outcome,
    /// Position and column, such as `orders.csv:17:5 price`.
    pub position: String,
    /// Reason or problem, with personal data redacted.
    pub message: String,
}

impl OrderNeedingAttention {
    /// The outcomes of the orders that are listed, the worst first: those that the next run alone
    /// does not resolve.
    const OUTCOMES: [Outcome; 5] =
        [Outcome::Unknown, Outcome::Refused, Outcome::Failed, Outcome::Changed, Outcome::Invalid];

    /// Whether orders of this outcome are listed.
    #[must_use]
    pub fn needs_attention(outcome: Outcome) -> bool {
        Self::OUTCOMES.contains(&outcome)
    }

    /// How many outcomes are worse than that of the order.
    #[must_use]
    pub fn rank(&self) -> Option<usize> {
        Self::OUTCOMES.iter().position(|outcome| *outcome == self.outcome)
    }

    /// Creates the entry of an order: its reason, or its first error with that error's position.
    /// `names` are the inputs' names by `FileId`.
    #[must_use]
    pub fn of(record: &OrderRecord, result: &OrderResult, names: &InputNames) -> Self {
        // A warning does not explain the outcome, so the first error counts.
        let first = record.problems.iter().find(|problem| problem.is_error());
        let position = match first.filter(|_| result.outcome == Outcome::Invalid) {
            Some(problem) => place(problem, names),
            None => names.locate(record.source),
        };
        // As on the terminal: a page is handed on, and a service may repeat values of the order.
        let message = shown_reason(result).or_else(|| first.map(|problem| problem.message.clone()));
        Self {
            reference: record.reference.clone(),
            outcome: result.outcome,
            position,
            message: message.unwrap_or_default(),
        }
    }
}

/// The position of a problem, and the name of the column or the path there.
fn place(problem: &Problem, names: &InputNames) -> String {
    let at = names.locate(problem.at);
    match &problem.column_name {
        Some(name) => format!("{at} {}", without_address(name)),
        None => at,
    }
}

/// Example of a problem code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Code of the problem.
    pub code: Code,
    /// Position and column, such as `orders.csv:17:5 price`.
    pub position: String,
    /// Message, with personal data redacted.
    pub message: String,
}

impl Example {
    /// Returns the first problem of each code in the tally. `names` are the inputs' names by
    /// `FileId`.
    #[must_use]
    pub fn of_tally(tally: &Tally, names: &InputNames) -> Vec<Self> {
        let examples = tally.problem_counts().filter_map(|(_, count)| count.examples.first());
        let example = |problem: &Problem| Self {
            code: problem.code,
            position: place(problem, names),
            message: problem.message.clone(),
        };
        examples.map(example).collect()
    }
}

/// Renders the page as HTML. `attention` are the first orders that need attention; the number of
/// the others is computed from the summary.
///
/// # Errors
///
/// [`ReportError::Page`]
pub fn page(
    summary: &Summary,
    examples: &[Example],
    attention: &[OrderNeedingAttention],
) -> Result<String, ReportError> {
    let n_needing_attention: u64 = nonzero_outcomes(&summary.orders)
        .filter(|(outcome, _)| OrderNeedingAttention::needs_attention(*outcome))
        .map(|(_, n)| n)
        .sum();
    let page = ReportPage {
        summary,
        severity_class: severity_class(summary.exit_code),
        headline_numbers: headline_numbers(summary),
        bar_segments: bar_segments(&summary.orders),
        money: money_rows(summary),
        changed_by: changed_by(summary),
        problems: problem_rows(summary, examples),
        attention,
        // The caller limits the list; the counts of the summary are complete.
        n_omitted: n_needing_attention.saturating_sub(attention.len() as u64),
    };
    // The template itself has no character that is escaped here, so only values change.
    page.render().map(|html| printable_lines(&html).into_owned()).map_err(ReportError::Page)
}

// The extension `.html` selects askama's HTML escaper for every value.
#[derive(Template)]
#[template(path = "page.html", config = "src/report/askama.toml")]
struct ReportPage<'a> {
    summary: &'a Summary,
    severity_class: &'static str,
    headline_numbers: Vec<(String, &'static str)>,
    bar_segments: Vec<BarSegment>,
    /// For each outcome that has orders, the sums in the order of the summary's currencies.
    money: Vec<(Outcome, Vec<String>)>,
    /// For each currency, by how much changed orders differ from what was accepted; empty if no
    /// order changed.
    changed_by: Vec<String>,
    problems: Vec<ProblemRow<'a>>,
    attention: &'a [OrderNeedingAttention],
    n_omitted: u64,
}

/// Segment of the bar, and its row in the table below.
struct BarSegment {
    outcome: Outcome,
    n: u64,
    share: String,
    meaning: &'static str,
}

/// Table row of a problem code.
struct ProblemRow<'a> {
    code: Code,
    severity: &'static str,
    orders: u64,
    rows: u64,
    example: Option<&'a Example>,
}

/// CSS class of the heading's colour: complete, needs attention, or incomplete.
fn severity_class(exit_code: u8) -> &'static str {
    match exit_code {
        0 => "good",
        1 => "fair",
        _ => "poor",
    }
}

/// Returns the numbers at the top, each with its noun.
fn headline_numbers(summary: &Summary) -> Vec<(String, &'static str)> {
    let counts = [
        (summary.orders.read, "orders"),
        (summary.items, "items"),
        (summary.guests, "guests"),
        (summary.rows, "rows read"),
    ];
    let mut headline: Vec<_> = counts.map(|(n, noun)| (count(n), noun)).into();
    headline.push((format_duration(summary.duration()), "from start to end"));
    headline
}

fn nonzero_outcomes(orders: &PerOutcome<u64>) -> impl Iterator<Item = (Outcome, u64)> {
    orders.outcomes().map(|(outcome, n)| (outcome, *n)).filter(|(_, n)| *n > 0)
}

fn bar_segments(orders: &PerOutcome<u64>) -> Vec<BarSegment> {
    let to_segment = |(outcome, n)| BarSegment {
        outcome,
        n,
        share: share(n, orders.read),
        meaning: outcome_meaning(outcome),
    };
    nonzero_outcomes(orders).map(to_segment).collect()
}

/// Returns what an outcome means and what happens next (see the help topic `outcomes`).
fn outcome_meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "the service accepted it",
        Outcome::AlreadySent => "an earlier run sent it, with the same content",
        Outcome::Changed => {
            "an earlier run sent it; the export differs now, and the service cannot update it"
        }
        Outcome::Skipped => "left out by a rule of the profile",
        Outcome::Invalid => "has errors; correct its rows in rejects/ and run them again",
        Outcome::Refused => "the service rejected it; the next run tries again",
        Outcome::Failed => "definitely not accepted, after all tries; the next run tries again",
        Outcome::Unknown => "sent, but no response arrived: the service may or may not have it",
        Outcome::NotAttempted => {
            "the run ended first, and the next run sends it; or it is too old to send without \
             --backfill"
        }
        Outcome::Valid => "would be sent",
    }
}

fn money_rows(summary: &Summary) -> Vec<(Outcome, Vec<String>)> {
    let sums =
        |outcome| summary.money.iter().map(|line| group_digits(&line.sums[outcome])).collect();
    nonzero_outcomes(&summary.orders).map(|(outcome, _)| (outcome, sums(outcome))).collect()
}

fn changed_by(summary: &Summary) -> Vec<String> {
    if summary.money.iter().all(|line| line.changed_difference.is_none()) {
        return Vec::new();
    }
    summary
        .money
        .iter()
        .map(|line| line.changed_difference.as_deref().map_or_else(|| "0".into(), group_digits))
        .collect()
}

fn problem_rows<'a>(summary: &Summary, examples: &'a [Example]) -> Vec<ProblemRow<'a>> {
    let rows = summary.problems.iter().map(|line| ProblemRow {
        code: line.code,
        severity: severity_name(line.severity),
        orders: line.orders,
        rows: line.rows,
        example: examples.iter().find(|example| example.code == line.code),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            command_line::NextStep,
            summary::tests::{clean_check, run_with_everything},
        },
        *,
    };
    use crate::model::{
        failure::{Failure, FailureCause, ServiceAnswer},
        order::OrderId,
        origin::{FileId, Position},
        request::RequestKind,
    };

    fn full_page() -> String {
        let (mut summary, tally) = run_with_everything();
        summary.next.push(NextStep {
            why: "3 refused: fix their rows <em>and send them</em>".to_owned(),
            command: "orderferry send 'runs/<em>1</em>/rejects/a & b.csv'".to_owned(),
        });
        let examples = Example::of_tally(&tally, &["orders.csv"].into_iter().collect());
        let attention: Vec<_> = [
            Outcome::Invalid,
            Outcome::Refused,
            Outcome::Failed,
            Outcome::Unknown,
            Outcome::Changed,
        ]
        .into_iter()
        .zip(17_u32..)
        .map(|(outcome, line)| OrderNeedingAttention {
            reference: format!("SO-2026-{line:06}"),
            outcome,
            position: format!("orders.csv:{line}:5"),
            message: "found `<script>alert(1)</script>`, expected a number such as 1234.50"
                .to_owned(),
        })
        .collect();
        page(&summary, &examples, &attention).unwrap()
    }

    /// Returns the text of the page without tags, one line per line.
    fn text_of(html: &str) -> String {
        let body = html.split_once("<body>").unwrap().1;
        let (mut text, mut is_tag) = (String::new(), false);
        for character in body.chars() {
            match character {
                '<' => is_tag = true,
                '>' => is_tag = false,
                _ if !is_tag => text.push(character),
                _ => {}
            }
        }
        let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn page_text_of_a_clean_check() {
        insta::assert_snapshot!(text_of(&page(&clean_check(), &[], &[]).unwrap()), @"
        orderferry check, run 20261103T081500Z-7f3a
        every order is valid or skipped
        1,200 orders
        4,300 items
        780 guests
        4,321 rows read
        2.3 s from start to end
        Outcomes
        outcome orders share meaning
        valid 1,200 100 % would be sent
        read 1,200
        Money
        outcome EUR
        valid 12,600.00
        read 12,600.00
        To send at 20/s
        as one event 1,150 orders 2,690 requests 2m 14s
        as several events 50 orders 7,210 requests 6m
        all 1,200 orders 9,900 requests 8m 15s
        the longest order 547 requests 27.4 s
        Inputs
        file rows size
        orders.csv 4,321 1.2 MB
        2026-11-03 08:15:00 to 2026-11-03 08:15:02 UTC, exit code 0.
        Summary for scripts: summary.json. Every order: results.ndjson. Rows to correct: rejects/.
        ");
    }

    #[test]
    fn page_text_of_a_run_with_everything() {
        insta::assert_snapshot!(text_of(&full_page()), @"
        orderferry send, run 20261103T081500Z-7f3a
        the outcome of some orders is unknown
        Ended early: the deadline has passed
        1,431 orders
        4,300 items
        780 guests
        4,321 rows read
        3m 12s from start to end
        Next commands for the folder in which the run was started
        1 unknown: look them up in Personalize orderferry ledger list --outcome unknown --run 20261103T081500Z-7f3a
        3 refused: fix their rows &#60;em&#62;and send them&#60;/em&#62; orderferry send &#39;runs/&#60;em&#62;1&#60;/em&#62;/rejects/a &#38; b.csv&#39;
        Outcomes
        outcome orders share meaning
        accepted 930 65.0 % the service accepted it
        already_sent 120 8.4 % an earlier run sent it, with the same content
        changed 1 0.1 % an earlier run sent it; the export differs now, and the service cannot update it
        skipped 250 17.5 % left out by a rule of the profile
        invalid 44 3.1 % has errors; correct its rows in rejects/ and run them again
        refused 3 0.2 % the service rejected it; the next run tries again
        failed 2 0.1 % definitely not accepted, after all tries; the next run tries again
        unknown 1 0.1 % sent, but no response arrived: the service may or may not have it
        not_attempted 80 5.6 % the run ended first, and the next run sends it; or it is too old to send without --backfill
        read 1,431
        Money
        outcome BHD EUR
        accepted 299.970 1,111,050.00
        already_sent 0 148,140.00
        changed 0 1,234.50
        skipped 0 308,625.00
        invalid 0 49,380.00
        refused 0 3,703.50
        failed 0 2,469.00
        unknown 0 1,234.50
        not_attempted 0 98,760.00
        changed by 0 -65.50
        read 299.970 1,724,596.50
        4 orders without a readable amount are in no sum.
        Why orders are unknown, refused, failed, not tried again or changed
        outcome orders reason
        unknown 1 no answer in time
        refused 3 HTTP 400: no such type
        failed 2 the guest could not be identified
        changed 1 the amount is another now
        Problems errors prevent an order from being sent, warnings do not
        code severity orders rows for example
        number_unreadable A number cannot be read. error 40 40 orders.csv:17:5 found `12,50 &#60;em&#62;`, expected a number such as 1234.50
        email_implausible A text cannot be an e-mail address. error 1 1 orders.csv:17:5 found `ann***`, expected an address such as a***@e***.com
        total_differs The items do not add up to the total. warning 1 1 orders.csv:17:5 the items add up to 100.00, the order&#39;s price is 99.00
        unknown_column The profile does not use a column. warning 4,321
        orderferry explain CODE says what a code means and how to fix it.
        Orders that need attention
        order outcome where what
        SO-2026-000017 invalid orders.csv:17:5 found `&#60;script&#62;alert(1)&#60;/script&#62;`, expected a number such as 1234.50
        SO-2026-000018 refused orders.csv:18:5 found `&#60;script&#62;alert(1)&#60;/script&#62;`, expected a number such as 1234.50
        SO-2026-000019 failed orders.csv:19:5 found `&#60;script&#62;alert(1)&#60;/script&#62;`, expected a number such as 1234.50
        SO-2026-000020 unknown orders.csv:20:5 found `&#60;script&#62;alert(1)&#60;/script&#62;`, expected a number such as 1234.50
        SO-2026-000021 changed orders.csv:21:5 found `&#60;script&#62;alert(1)&#60;/script&#62;`, expected a number such as 1234.50
        and 46 more in results.ndjson
        Left out by the profile
        reason orders
        cancellation 240
        test order 10
        Requests
        create browser 780
        IDENTITY 785
        ORDER_CHECKOUT 941
        total, 12 of them retries 2,506
        The service was down for 1m 50s.
        30 orders too old to send without --backfill (needs_backfill); old_orders = &#34;skip&#34; leaves them out.
        2 orders sent again after an uncertain response, which may exist twice: see repeated_after in results.ndjson.
        Inputs
        file rows size
        orders.csv 4,321 1.2 MB
        exports/more-orders.ndjson.gz 12 9.9 kB
        5 orders with scattered rows.
        2 rows unreadable.
        3 rows ignored by the profile.
        1 header repeated within a file.
        2026-11-03 08:15:00 to 2026-11-03 08:18:12 UTC, exit code 3.
        Summary for scripts: summary.json. Every order: results.ndjson. Rows to correct: rejects/.
        ");
    }

    #[test]
    fn page_is_self_contained_and_escapes_values() {
        let html = full_page();
        for forbidden in
            ["<script", "http://", "https://", "src=", "href=", "url(", "@import", "<em>"]
        {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn attention_shows_reason_or_first_error() {
        let source = Position { file: FileId(0), line: 2, column: None };
        let cell = Position { column: Some(7), ..source };
        let problems = vec![
            Problem::for_order(Code::TotalDiffers, source, "a warning"),
            Problem::for_field(Code::UnknownCurrency, "currencyCode", cell, "an error"),
        ]
        .into();
        let (id, reference, rows) = (OrderId(0), "A-1".to_owned(), Vec::new());
        let record = OrderRecord {
            id,
            reference,
            ordered_at: None,
            source,
            money: None,
            item_count: 0,
            side_rows: Vec::new(),
            rows,
            problems,
        };
        let names = ["a.csv"].into_iter().collect();
        let shown = |result: &OrderResult| {
            let attention = OrderNeedingAttention::of(&record, result, &names);
            format!("{} {}", attention.position, attention.message)
        };
        let of = |outcome, reason: Option<&str>| {
            OrderResult::without_request(outcome, reason.map(str::to_owned))
        };
        assert_eq!(shown(&of(Outcome::Invalid, None)), "a.csv:2:7 an error");
        let refused = of(Outcome::Refused, Some("pos is not known"));
        assert_eq!(shown(&refused), "a.csv:2 pos is not known");
        // The service repeats values of the order, which a page that is handed on must not show.
        let message = "email 4930 of Ann Leewood is invalid".to_owned();
        let cause = FailureCause::Error(ServiceAnswer { status: 400, message });
        let result = OrderResult {
            reason: Some(cause.to_string()),
            failure: Some(Failure { request: RequestKind::OrderCheckout, cause }),
            ..refused
        };
        assert_eq!(shown(&result), "a.csv:2 HTTP 400: email … of … is invalid");
    }
}
