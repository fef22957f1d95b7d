//! Money table: orders and sums per outcome and currency, flush right.
//!
//! The currencies with most orders that fit; the report has the others. Called by `screen`.

use super::{
    super::{
        exact_sum::ExactSum,
        numbers::{count, group_digits},
        summary::{MoneySummary, Summary},
    },
    layout::Layout,
    verdict::{ARRIVED, shows_all_money},
};
use crate::model::outcome::Outcome;

/// Where the number of orders ends.
const ORDERS_END: usize = 26;

/// The outcomes of a send whose orders are not in Personalize.
const NOT_IN: [Outcome; 5] =
    [Outcome::Invalid, Outcome::Refused, Outcome::Failed, Outcome::Skipped, Outcome::NotAttempted];

/// Line of the table: orders of some outcomes.
struct TableRow {
    label: String,
    /// The outcomes; none is all orders read.
    outcomes: Vec<Outcome>,
}

/// Currency of the table, with the text of each row.
struct Column<'s> {
    money: &'s MoneySummary,
    cells: Vec<String>,
    width: usize,
}

/// Returns the table with its notes; nothing if the verdict says it all.
pub(super) fn money_table(summary: &Summary, layout: Layout) -> String {
    let n_outcomes = summary.orders.outcomes().filter(|(_, n)| **n > 0).count();
    if n_outcomes == 0 || (n_outcomes == 1 && shows_all_money(summary)) {
        return without_amount(summary, layout);
    }
    let rows = rows(summary);
    let columns = columns(summary, &rows, layout);
    let heads = columns
        .iter()
        .map(|column| format!("  {:>1$}", column.money.currency.as_str(), column.width));
    let mut text = format!("{:>ORDERS_END$}{}\n", "orders", heads.collect::<String>());
    let mut holds = holds(&columns);
    for (index, row) in rows.iter().enumerate() {
        let orders = count(row.n_orders(summary));
        let width = ORDERS_END - 2 - row.label.len();
        let cells =
            columns.iter().map(|column| format!("  {:>1$}", column.cells[index], column.width));
        let mut line = format!("  {}{orders:>width$}{}", row.label, cells.collect::<String>());
        if row.outcomes == [Outcome::Changed]
            && let Some(sums) =
                holds.take_if(|sums| line.len() + "  holds ".len() + sums.len() <= layout.columns)
        {
            line.extend(["  holds ", &sums]);
        }
        text += &line;
        text.push('\n');
    }
    if let Some(sums) = holds {
        let note = format!("of changed orders, Personalize holds {sums} beyond this export");
        text += &layout.wrapped(&note, "  ", "  ");
    }
    if let Some(n @ 1..) = summary.money.len().checked_sub(columns.len()) {
        let currencies = if n == 1 { "currency" } else { "currencies" };
        text += &layout.wrapped(&format!("{n} more {currencies} in the report"), "  ", "  ");
    }
    text + &without_amount(summary, layout)
}

impl TableRow {
    fn of(label: &str, outcomes: &[Outcome]) -> Self {
        Self { label: label.to_owned(), outcomes: outcomes.to_vec() }
    }

    fn n_orders(&self, summary: &Summary) -> u64 {
        if self.outcomes.is_empty() {
            return summary.orders.read;
        }
        self.outcomes.iter().map(|outcome| summary.orders[*outcome]).sum()
    }

    /// The sum in a currency; a dash where there is none.
    fn sum(&self, money: &MoneySummary) -> String {
        let sum = match self.outcomes.as_slice() {
            [] => money.sums.read.clone(),
            [one] => money.sums[*one].clone(),
            several => {
                let sums = several.iter().map(|outcome| money.sums[*outcome].as_str());
                ExactSum::of_texts(sums).to_string()
            }
        };
        if sum == "0" { "-".to_owned() } else { group_digits(&sum) }
    }
}

/// The rows that have orders. After a send, those of orders that are in Personalize, and of those
/// that are not, are groups with their sums.
fn rows(summary: &Summary) -> Vec<TableRow> {
    let mut rows = Vec::new();
    if summary.command == "check" {
        let outcomes = [Outcome::Valid].iter().chain(&ARRIVED).chain(&[Outcome::Unknown]);
        rows.extend(
            outcomes.chain(&NOT_IN).map(|outcome| TableRow::of(label(*outcome), &[*outcome])),
        );
    } else {
        rows.extend(group("in Personalize", &ARRIVED, summary));
        rows.push(TableRow::of(label(Outcome::Unknown), &[Outcome::Unknown]));
        rows.extend(group("not in", &NOT_IN, summary));
        rows.push(TableRow::of(label(Outcome::Valid), &[Outcome::Valid]));
    }
    rows.retain(|row| row.n_orders(summary) > 0);
    // One row is all that was read.
    if rows.len() > 1 {
        rows.push(TableRow::of("read", &[]));
    }
    rows
}

/// The rows of some outcomes, below one of all of them if there are several.
fn group(name: &str, outcomes: &[Outcome], summary: &Summary) -> Vec<TableRow> {
    let filled = outcomes.iter().filter(|outcome| summary.orders[**outcome] > 0);
    let is_group = filled.count() > 1;
    let indent = if is_group { "  " } else { "" };
    let row =
        |outcome: &Outcome| TableRow::of(&format!("{indent}{}", label(*outcome)), &[*outcome]);
    let head = is_group.then(|| TableRow::of(name, outcomes));
    head.into_iter().chain(outcomes.iter().map(row)).collect()
}

/// The name of an outcome on the screen.
pub(super) fn label(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::AlreadySent => "already sent",
        Outcome::Changed => "changed",
        Outcome::Skipped => "left out",
        Outcome::Invalid => "invalid",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
        Outcome::NotAttempted => "not sent",
        Outcome::Valid => "to send",
    }
}

/// The currencies with most orders that fit.
fn columns<'s>(summary: &'s Summary, rows: &[TableRow], layout: Layout) -> Vec<Column<'s>> {
    let mut money: Vec<_> = summary.money.iter().collect();
    // Ties stay in alphabetical order.
    money.sort_by_key(|money| std::cmp::Reverse(money.orders));
    let column = |money: &'s MoneySummary| {
        let cells: Vec<_> = rows.iter().map(|row| row.sum(money)).collect();
        let width = cells.iter().map(String::len).max().unwrap_or_default();
        Column { money, cells, width: width.max(money.currency.as_str().len()) }
    };
    let mut end = ORDERS_END;
    let fits = |column: &Column<'_>| {
        end += 2 + column.width;
        end <= layout.columns
    };
    money.into_iter().map(column).take_while(fits).collect()
}

/// What Personalize holds of changed orders beyond the amounts of the export, in the order of the
/// columns; none if no difference is known.
fn holds(columns: &[Column<'_>]) -> Option<String> {
    let more = |column: &Column<'_>| match column.money.changed_difference.as_deref() {
        None => "-".to_owned(),
        Some(less) => match less.strip_prefix('-') {
            Some(more) => format!("+{}", group_digits(more)),
            None if is_zero(less) => less.to_owned(),
            None => format!("-{}", group_digits(less)),
        },
    };
    let is_known = |column: &Column<'_>| {
        column.money.changed_difference.as_deref().is_some_and(|sum| !is_zero(sum))
    };
    let last = columns.iter().rposition(is_known)?;
    Some(columns[..=last].iter().map(more).collect::<Vec<_>>().join(" "))
}

fn is_zero(sum: &str) -> bool {
    // Sums are text with as many decimals as the export has: `0`, `0.00`.
    !sum.contains(|digit| matches!(digit, '1'..='9'))
}

fn without_amount(summary: &Summary, layout: Layout) -> String {
    let note = match summary.orders_without_amount {
        0 => return String::new(),
        1 => "1 order has no readable amount and is in no sum".to_owned(),
        n => format!("{} orders have no readable amount and are in no sum", count(n)),
    };
    layout.wrapped(&note, "  ", "  ")
}
