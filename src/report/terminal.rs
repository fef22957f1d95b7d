//! Text summary for the terminal: what the exit code means, the counts, the path of the report.
//!
//! Contains no personal data: no reference and no value, only counts, codes, file names and the
//! profile's reasons. Prints nothing itself. Called by `cli`.

use super::{
    command_line::NextStep,
    numbers::{Align, count, format_duration, group_digits, severity_name, size, table, with_unit},
    page,
    summary::Summary,
};
use crate::model::printable::printable;

/// Name of the difference between the changed orders' money in the export and what was accepted of
/// them.
const CHANGED_BY: &str = "changed by";

/// Maximum number of problem codes, reasons, inputs and currencies; the report has the others. The
/// text should fit a screen.
const MAX_LISTED: usize = 8;

/// Renders the text of a run. `folder` is the run folder as the user would type it. Ends with a
/// line break.
#[must_use]
pub fn render(summary: &Summary, folder: &str) -> String {
    let paragraphs = [
        headline(summary),
        inputs(summary),
        orders(summary),
        money(summary),
        problems(summary),
        skipped(summary),
        forecast(summary),
        requests(summary),
        next(summary),
        format!("report: {folder}/{}\n", page::FILE),
    ];
    paragraphs.into_iter().filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n")
}

fn headline(summary: &Summary) -> String {
    let stopped = summary
        .stopped
        .as_ref()
        .map(|reason| format!("ended early: {reason}\n"))
        .unwrap_or_default();
    format!("{}: {}\n{stopped}", summary.command, summary.exit_message())
}

fn inputs(summary: &Summary) -> String {
    let mut lines: Vec<_> = summary
        .inputs
        .iter()
        .take(MAX_LISTED)
        .map(|input| [input.file.clone(), with_unit(input.rows, "row"), size(input.bytes)])
        .collect();
    let counts = [
        ("unreadable", summary.rows_unreadable, "row"),
        ("ignored", summary.rows_ignored, "row"),
        ("repeated", summary.headers_repeated, "header"),
    ];
    for (name, n, unit) in counts.into_iter().filter(|(_, n, _)| *n > 0) {
        lines.push([name.to_owned(), with_unit(n, unit), String::new()]);
    }
    section("read", &table([Align::Left, Align::Right, Align::Right], &lines), summary.inputs.len())
}

fn orders(summary: &Summary) -> String {
    let outcomes = summary.orders.outcomes().filter(|(_, n)| **n > 0);
    let mut lines: Vec<_> = outcomes.map(|(outcome, n)| [outcome.to_string(), count(*n)]).collect();
    lines.push(["read".to_owned(), count(summary.orders.read)]);
    let scattered = match summary.scattered {
        0 => String::new(),
        n => format!("  {} with scattered rows\n", with_unit(n, "order")),
    };
    let repeated = match summary.repeated_after {
        0 => String::new(),
        n => format!(
            "  {} sent again after an uncertain response: see repeated_after in the results\n",
            with_unit(n, "order")
        ),
    };
    let carts = match summary.carts_open {
        0 => String::new(),
        n => format!(
            "  {} may not be empty: the next run clears what is left\n",
            with_unit(n, "cart")
        ),
    };
    let old = summary.old_orders_hint().map(|hint| format!("  {hint}\n")).unwrap_or_default();
    section(
        "orders",
        &(table([Align::Left, Align::Right], &lines) + &scattered + &repeated + &old + &carts),
        0,
    )
}

fn money(summary: &Summary) -> String {
    let mut lines = Vec::new();
    for money in summary.money.iter().take(MAX_LISTED) {
        // An outcome without orders is left out; one whose orders add up to zero is left out below.
        let nonzero = money.sums.outcomes().filter(|(outcome, _)| summary.orders[*outcome] > 0);
        let sums = nonzero.map(|(outcome, sum)| (outcome.as_str(), sum));
        let difference =
            money.changed_difference.as_ref().map(|difference| (CHANGED_BY, difference));
        let sums = sums.chain(difference).chain([("read", &money.sums.read)]);
        for (index, (name, sum)) in
            sums.filter(|(name, sum)| *name == "read" || !is_zero(sum)).enumerate()
        {
            let currency = if index == 0 { money.currency.to_string() } else { String::new() };
            lines.push([currency, name.to_owned(), group_digits(sum)]);
        }
    }
    let without = match summary.orders_without_amount {
        0 => String::new(),
        n => format!("  {} without a readable amount\n", with_unit(n, "order")),
    };
    let text = table([Align::Left, Align::Left, Align::Right], &lines) + &without;
    section("money", &text, summary.money.len())
}

fn is_zero(sum: &str) -> bool {
    // Sums are text with as many decimals as the export has: `0`, `0.00`.
    !sum.contains(|digit| matches!(digit, '1'..='9'))
}

fn problems(summary: &Summary) -> String {
    let lines: Vec<_> = summary
        .problems
        .iter()
        .take(MAX_LISTED)
        .map(|problem| {
            let severity = severity_name(problem.severity).to_owned();
            // A problem of a file, such as an unknown column, has no orders.
            let orders = if problem.orders == 0 {
                String::new()
            } else {
                with_unit(problem.orders, "order")
            };
            [severity, problem.code.to_string(), orders, with_unit(problem.rows, "row")]
        })
        .collect();
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Right];
    section("problems", &table(aligns, &lines), summary.problems.len())
}

fn skipped(summary: &Summary) -> String {
    let lines: Vec<_> = summary
        .skipped
        .iter()
        .take(MAX_LISTED)
        .map(|line| [printable(&line.reason).into_owned(), count(line.orders)])
        .collect();
    section("skipped", &table([Align::Left, Align::Right], &lines), summary.skipped.len())
}

fn forecast(summary: &Summary) -> String {
    let Some(estimate) = &summary.forecast else { return String::new() };
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right];
    let lines = estimate.lines();
    if lines.is_empty() {
        return String::new();
    }
    let notes: Vec<_> = estimate.notes.lines().iter().map(|note| format!("  {note}\n")).collect();
    section(&estimate.heading(), &(table(aligns, &lines) + &notes.concat()), 0)
}

fn requests(summary: &Summary) -> String {
    let (requests, took) = (&summary.requests, format_duration(summary.duration()));
    if requests.total == 0 {
        return format!("took {took}, no requests\n");
    }
    let sums = [("total", requests.total), ("of these retries", requests.retries)];
    let lines = requests.by_name().chain(sums).map(|(name, n)| [name.to_owned(), count(n)]);
    let lines: Vec<_> = lines.collect();
    format!(
        "{}\ntook {took}\n",
        section("requests", &table([Align::Left, Align::Right], &lines), 0)
    )
}

/// The next steps. A command is never broken, so that it can be copied.
fn next(summary: &Summary) -> String {
    let step =
        |step: &NextStep| format!("  {}\n    {}\n", printable(&step.why), printable(&step.command));
    section("next", &summary.next.iter().map(step).collect::<String>(), 0)
}

/// Returns a heading and its lines, or nothing without lines. Adds how many of `n_all` entries are
/// not listed.
fn section(heading: &str, lines: &str, n_all: usize) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let more = match n_all.saturating_sub(MAX_LISTED) {
        0 => String::new(),
        n => format!("  and {n} more in the report\n"),
    };
    format!("{heading}\n{lines}{more}")
}

#[cfg(test)]
mod tests {
    use super::{
        super::summary::{
            InputSummary,
            tests::{clean_check, run_with_everything},
        },
        *,
    };

    #[test]
    fn text_of_a_clean_check() {
        insta::assert_snapshot!(render(&clean_check(), "orderferry-runs/20261103T081500Z-7f3a"), @"
        check: every order is valid or skipped

        read
          orders.csv  4,321 rows  1.2 MB

        orders
          valid  1,200
          read   1,200

        money
          EUR  valid  12,600.00
               read   12,600.00

        to send at 20/s
          as one event       1,150 orders  2,690 requests  2m 14s
          as several events     50 orders  7,210 requests      6m
          all                1,200 orders  9,900 requests  8m 15s
          the longest order                  547 requests  27.4 s

        took 2.3 s, no requests

        report: orderferry-runs/20261103T081500Z-7f3a/report.html
        ");
    }

    #[test]
    fn text_of_a_run_with_everything() {
        insta::assert_snapshot!(render(&run_with_everything().0, "runs/7f3a"), @r#"
        send: the outcome of some orders is unknown
        ended early: the deadline has passed

        read
          orders.csv                     4,321 rows  1.2 MB
          exports/more-orders.ndjson.gz     12 rows  9.9 kB
          unreadable                         2 rows
          ignored                            3 rows
          repeated                         1 header

        orders
          accepted         930
          already_sent     120
          changed            1
          skipped          250
          invalid           44
          refused            3
          failed             2
          unknown            1
          not_attempted     80
          read           1,431
          5 orders with scattered rows
          2 orders sent again after an uncertain response: see repeated_after in the results
          30 orders too old to send without --backfill (needs_backfill); old_orders = "skip" leaves them out

        money
          BHD  accepted            299.970
               read                299.970
          EUR  accepted       1,111,050.00
               already_sent     148,140.00
               changed            1,234.50
               skipped          308,625.00
               invalid           49,380.00
               refused            3,703.50
               failed             2,469.00
               unknown            1,234.50
               not_attempted     98,760.00
               changed by           -65.50
               read           1,724,596.50
          4 orders without a readable amount

        problems
          error    number_unreadable  40 orders     40 rows
          error    email_implausible    1 order       1 row
          warning  total_differs        1 order       1 row
          warning  unknown_column                4,321 rows

        skipped
          cancellation  240
          test order     10

        requests
          create browser      780
          IDENTITY            785
          ORDER_CHECKOUT      941
          total             2,506
          of these retries     12

        took 3m 12s

        next
          1 unknown: look them up in Personalize
            orderferry ledger list --outcome unknown --run 20261103T081500Z-7f3a

        report: runs/7f3a/report.html
        "#);
    }

    #[test]
    fn long_input_list_is_truncated() {
        let mut summary = clean_check();
        let input =
            |n| InputSummary { file: format!("orders-{n}.csv"), bytes: 10, rows: 1, sha256: None };
        summary.inputs = (0..20).map(input).collect();
        assert!(render(&summary, "runs").contains("  and 12 more in the report\n"));
    }
}
